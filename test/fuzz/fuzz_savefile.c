/* fuzz_savefile: any bytes as a capture file. SPDX-License-Identifier: MIT */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/run/capture_savefile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The first byte says how many bytes more are seen after each SAVEFILE_MORE,
 * so that every record is also met cut at any place. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t step = size > 0 ? data[0] + 1u : 1;
    size_t len = size > 0 ? size - 1 : 0;
    uint8_t *bytes = malloc(len + 1);
    struct savefile *file = savefile_new();
    size_t start = 0, end = 0;
    volatile uint8_t sum = 0;

    if (len > 0)
        memcpy(bytes, data + 1, len);
    for (;;) {
        struct frame frame = {0};
        size_t used;
        /* An own copy of what may be seen lets ASan find every byte more. */
        uint8_t *seen = malloc(end - start + 1);
        uint8_t *window = seen + 1;
        enum savefile_result result;

        memcpy(window, bytes + start, end - start);
        result = savefile_next(file, window, end - start, &used, &frame);
        assert(used <= end - start);
        if (result == SAVEFILE_FRAME) {
            assert(frame.bytes >= window);
            assert(frame.bytes + frame.captured_len <= window + used);
            assert(frame.wire_len >= frame.captured_len);
            assert(frame.when_us >= 0);
            for (uint32_t i = 0; i < frame.captured_len; i++)
                sum ^= frame.bytes[i];
        }
        free(seen);
        start += used;
        if (result == SAVEFILE_CORRUPT) {
            assert(savefile_error(file) != NULL);
            break;
        }
        if (result == SAVEFILE_MORE) {
            if (end == len)
                break;
            end = len - end < step ? len : end + step;
        } else {
            assert(used > 0);
        }
    }
    (void)sum;
    (void)savefile_may_end(file);
    savefile_free(file);
    free(bytes);
    return 0;
}
