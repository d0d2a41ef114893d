/* hash: keyed hashing of small fixed keys. SPDX-License-Identifier: MIT */
#ifndef KELVIN_UTIL_HASH_H
#define KELVIN_UTIL_HASH_H

#include <stdint.h>

/*
 * NH, the universal hash of UMAC (RFC 4418, 5.2.2) with 64-bit words: over a
 * secret key two different inputs collide with probability 2^-64 before the
 * fold, so whoever sends packets cannot choose colliding ones.
 */
#define HASH_WORDS 6

struct hash_key {
    uint64_t word[HASH_WORDS + 1];
};

__extension__ typedef unsigned __int128 hash_wide;

/* One step: two words of input with two words of key. */
static inline hash_wide hash_pair(uint64_t a, uint64_t b, uint64_t key_a,
                                  uint64_t key_b)
{
    return (hash_wide)(a + key_a) * (b + key_b);
}

/* The sum of the steps, spread over 32 bits. */
static inline uint32_t hash_fold(hash_wide sum, uint64_t key)
{
    uint64_t mixed = ((uint64_t)sum ^ (uint64_t)(sum >> 64)) | 1;

    return (uint32_t)((hash_wide)mixed * (key | 1) >> 32);
}

#endif
