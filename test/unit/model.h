/* model: what tests of the model begin with. SPDX-License-Identifier: MIT */
#ifndef KELVIN_TEST_MODEL_H
#define KELVIN_TEST_MODEL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/packet/addr.h"
#include "core/util/hash.h"

/* A secret as the kernel might give it. */
static const struct hash_key test_key = {
    .word = {UINT64_C(0x6a09e667f3bcc908), UINT64_C(0xbb67ae8584caa73b),
             UINT64_C(0x3c6ef372fe94f82b), UINT64_C(0xa54ff53a5f1d36f1),
             UINT64_C(0x510e527fade682d1), UINT64_C(0x9b05688c2b3e6c1f),
             UINT64_C(0x1f83d9abfb41bd6b)},
};

static inline struct addr addr_of(const char *text)
{
    struct addr addr;

    assert_true(addr_parse(text, &addr));
    return addr;
}

/* 10.0.0.0 and the addresses after it. */
static inline struct addr addr_numbered(uint32_t number)
{
    uint8_t bytes[4] = {10, (uint8_t)(number >> 16), (uint8_t)(number >> 8),
                        (uint8_t)number};

    return addr_from_v4(bytes);
}

/* The same numbers in every run (xorshift, Marsaglia 2003). */
static inline uint32_t next_random(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

#endif
