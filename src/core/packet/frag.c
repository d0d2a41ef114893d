/* frag: what the first fragment told. SPDX-License-Identifier: MIT */
#include "core/packet/frag.h"

#include <stdlib.h>

#include "core/util/hash.h"
#include "core/util/mem.h"
#include "core/util/pool.h"
#include "core/util/table.h"

#define FRAGS_MAX 1024
#define FRAG_LIFE_US (30 * INT64_C(1000000))

/* A slot's index in the table is its place in `slots` plus one. */
struct frag_slot {
    struct frag_key key;
    struct frag_owner owner;
    int64_t when_us;
    uint32_t hash;
    bool used;
};

struct frags {
    struct table table;
    struct hash_key hash_key;
    uint32_t next; /* the oldest slot, or the first never used */
    struct frag_slot slots[FRAGS_MAX];
};

/* splitmix64: one secret number makes a key of many. */
static uint64_t next_word(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

struct frags *frags_new(uint64_t seed)
{
    struct frags *frags = mem_calloc(1, sizeof(*frags));

    table_init(&frags->table, FRAGS_MAX);
    for (size_t i = 0; i <= HASH_WORDS; i++)
        frags->hash_key.word[i] = next_word(&seed);
    return frags;
}

void frags_free(struct frags *frags)
{
    if (!frags)
        return;
    table_clear(&frags->table);
    free(frags);
}

static uint32_t key_hash(const struct frags *frags, const struct frag_key *key)
{
    const uint64_t *k = frags->hash_key.word;
    hash_wide sum;

    sum = hash_pair(key->src.words[0], key->src.words[1], k[0], k[1]);
    sum += hash_pair(key->dst.words[0], key->dst.words[1], k[2], k[3]);
    sum += hash_pair(key->id, key->proto, k[4], k[5]);
    return hash_fold(sum, k[HASH_WORDS]);
}

static bool key_equal(const struct frag_key *a, const struct frag_key *b)
{
    return a->id == b->id && a->proto == b->proto &&
           addr_equal(&a->src, &b->src) && addr_equal(&a->dst, &b->dst);
}

static uint32_t slot_index(const struct frags *frags,
                           const struct frag_key *key, uint32_t hash)
{
    struct table_cursor at = table_find(&frags->table, hash);
    uint32_t index;

    while ((index = table_next(&frags->table, &at)) != POOL_NONE) {
        if (key_equal(&frags->slots[index - 1].key, key))
            break;
    }
    return index;
}

static void slot_drop(struct frags *frags, uint32_t index)
{
    struct frag_slot *slot = &frags->slots[index - 1];

    table_remove(&frags->table, slot->hash, index);
    slot->used = false;
}

void frags_remember(struct frags *frags, const struct frag_key *key,
                    int64_t when_us, const struct frag_owner *owner)
{
    uint32_t hash = key_hash(frags, key);
    uint32_t index = slot_index(frags, key, hash);
    struct frag_slot *slot = &frags->slots[frags->next];

    if (index != POOL_NONE)
        slot_drop(frags, index);
    index = frags->next + 1;
    frags->next = index % FRAGS_MAX;
    if (slot->used)
        slot_drop(frags, index);
    *slot = (struct frag_slot){*key, *owner, when_us, hash, true};
    table_insert(&frags->table, hash, index);
}

const struct frag_owner *frags_find(const struct frags *frags,
                                    const struct frag_key *key, int64_t when_us)
{
    uint32_t index = slot_index(frags, key, key_hash(frags, key));
    const struct frag_slot *slot;

    if (index == POOL_NONE)
        return NULL;
    slot = &frags->slots[index - 1];
    /* The clock of a capture may also jump backwards, by any amount. */
    if (when_us > slot->when_us
            ? (uint64_t)when_us - (uint64_t)slot->when_us > FRAG_LIFE_US
            : (uint64_t)slot->when_us - (uint64_t)when_us > FRAG_LIFE_US)
        return NULL;
    return &slot->owner;
}
