/* bytes: a bounds-checked cursor. SPDX-License-Identifier: MIT */
#ifndef KELVIN_PACKET_BYTES_H
#define KELVIN_PACKET_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/*
 * Reads network-order fields. A read past the end gives zero and poisons the
 * cursor: read a whole header, then ask bytes_ok() once.
 */
struct bytes {
    const uint8_t *at;
    const uint8_t *end;
    bool poisoned;
};

static inline struct bytes bytes_of(const void *data, size_t len)
{
    return (struct bytes){data, (const uint8_t *)data + len, false};
}

static inline bool bytes_ok(const struct bytes *in)
{
    return !in->poisoned;
}

static inline size_t bytes_left(const struct bytes *in)
{
    return (size_t)(in->end - in->at);
}

/* Step over `len` bytes; @return their start, or NULL when there are fewer,
 * which poisons the cursor and leaves it at its end. */
static inline const uint8_t *bytes_take(struct bytes *in, size_t len)
{
    const uint8_t *start = in->at;

    if (bytes_left(in) < len) {
        in->poisoned = true;
        in->at = in->end;
        return NULL;
    }
    in->at += len;
    return start;
}

static inline uint8_t bytes_u8(struct bytes *in)
{
    const uint8_t *p = bytes_take(in, 1);

    return p ? p[0] : 0;
}

static inline uint16_t bytes_u16(struct bytes *in)
{
    const uint8_t *p = bytes_take(in, 2);

    return p ? (uint16_t)(p[0] << 8 | p[1]) : 0;
}

static inline uint32_t bytes_u32(struct bytes *in)
{
    const uint8_t *p = bytes_take(in, 4);

    return p ? (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
                   (uint32_t)p[2] << 8 | p[3]
             : 0;
}

static inline void bytes_skip(struct bytes *in, size_t len)
{
    (void)bytes_take(in, len);
}

#endif
