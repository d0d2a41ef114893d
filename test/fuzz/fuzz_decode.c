/* fuzz_decode: frames of any link type. SPDX-License-Identifier: MIT */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../packet_check.h"
#include "core/packet/bytes.h"
#include "core/util/mem.h"

/*
 * The input: which of the known link types, options (1: outer only), then
 * frames, so that fragments meet: captured length (2 bytes), how much longer
 * the frame was (2), milliseconds since the last (2), the captured bytes. A
 * frame that the input has fewer bytes for takes what there is.
 */
#define LINK_NUMBERS 512
#define FRAMES_MAX 16

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The link type with this rank among those that are known, which wraps. */
static int link_choose(unsigned rank)
{
    int known[LINK_NUMBERS];
    unsigned count = 0;

    for (int type = 0; type < LINK_NUMBERS; type++) {
        if (decode_knows_link(type))
            known[count++] = type;
    }
    return known[rank % count];
}

/* In memory of exactly its size: a byte too far is seen. */
static void frame_decode(struct decoder *decoder, struct frame frame,
                         const uint8_t *bytes)
{
    uint8_t *copy = mem_alloc(frame.captured_len ? frame.captured_len : 1);
    struct packet packet;

    if (frame.captured_len > 0)
        memcpy(copy, bytes, frame.captured_len);
    frame.bytes = copy;
    memset(&packet, 0xa5, sizeof(packet));
    decode(decoder, &frame, &packet);
    packet_check(&frame, &packet);
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes in = bytes_of(data, size);
    struct frame frame = {.link_type = link_choose(bytes_u8(&in))};
    struct decoder *decoder = decoder_new(bytes_u8(&in) & 1, size);

    for (int i = 0; i < FRAMES_MAX && bytes_left(&in) > 0; i++) {
        size_t len = bytes_u16(&in);
        uint32_t more = bytes_u16(&in);

        frame.when_us += bytes_u16(&in) * 1000;
        if (len > bytes_left(&in))
            len = bytes_left(&in);
        frame.captured_len = (uint32_t)len;
        frame.wire_len = frame.captured_len + more;
        frame_decode(decoder, frame, bytes_take(&in, len));
    }
    decoder_free(decoder);
    return 0;
}
