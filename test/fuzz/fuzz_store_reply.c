/* fuzz_store_reply: what a Redis may send. SPDX-License-Identifier: MIT */
#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/run/store_reply.h"

#define LIMIT 2048

/* Touch all that a caller may. @return bytes and items. */
static size_t visit(const struct store_reply *reply, unsigned depth)
{
    size_t total;
    const char *text = store_reply_text(reply, &total);

    assert(depth < 16);
    assert(text[total] == '\0');
    for (size_t i = 0; i < store_reply_count(reply); i++)
        total += 1 + visit(store_reply_at(reply, i), depth + 1);
    return total;
}

static bool take(void *arg, const struct store_reply *reply)
{
    (void)arg;
    (void)store_reply_number(reply);
    assert(visit(reply, 0) <= LIMIT);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The first byte says how the network cuts the others. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct store_reader *reader;
    size_t piece;

    if (size < 1)
        return 0;
    reader = store_reader_new(LIMIT);
    piece = (size_t)data[0] + 1;
    for (size_t at = 1; at < size; at += piece)
        if (!store_reader_feed(reader, (const char *)data + at,
                               at + piece < size ? piece : size - at, take,
                               NULL))
            break;
    store_reader_free(reader);
    return 0;
}
