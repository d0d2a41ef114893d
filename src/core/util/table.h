/* table: hash to pool index. SPDX-License-Identifier: MIT */
#ifndef KELVIN_UTIL_TABLE_H
#define KELVIN_UTIL_TABLE_H

#include <stddef.h>
#include <stdint.h>

/*
 * Open addressing with linear probing over (hash, index) pairs: a look-up
 * reads an object only when all 32 bits of its hash agree. The caller
 * compares keys and owns the objects:
 *
 *   struct table_cursor at = table_find(&table, hash);
 *   uint32_t index;
 *   while ((index = table_next(&table, &at)) != POOL_NONE)
 *       if (same_key(pool_at(&pool, index), key))
 *           return index;
 *
 * The load factor is 1/2 at most. It grows with its entries, as each lies on
 * a page of its own while there are few, and never shrinks; to move 131072
 * entries takes a millisecond.
 */
struct table_slot {
    uint32_t hash;
    uint32_t index; /* POOL_NONE: empty */
};

struct table {
    struct table_slot *slots;
    uint32_t mask;
    uint32_t count;
    uint32_t cap;
};

struct table_cursor {
    uint32_t hash;
    uint32_t slot;
};

/* An empty table for at most `cap` entries. */
void table_init(struct table *table, uint32_t cap);
void table_clear(struct table *table);

/* Enter an index under its hash. There must be fewer than cap entries.
 * Cursors become invalid. */
void table_insert(struct table *table, uint32_t hash, uint32_t index);

/* Remove the entry (hash, index), which must exist. Cursors become invalid. */
void table_remove(struct table *table, uint32_t hash, uint32_t index);

/* Ask the processor for the slot of this hash before it is needed. */
static inline void table_prefetch(const struct table *table, uint32_t hash)
{
    __builtin_prefetch(&table->slots[hash & table->mask]);
}

/* Start a look-up of all entries with this hash. */
static inline struct table_cursor table_find(const struct table *table,
                                             uint32_t hash)
{
    return (struct table_cursor){hash, hash & table->mask};
}

/* The next entry with the cursor's hash, or POOL_NONE after the last. */
static inline uint32_t table_next(const struct table *table,
                                  struct table_cursor *at)
{
    for (;;) {
        const struct table_slot *slot = &table->slots[at->slot];

        if (slot->index == 0)
            return 0;
        at->slot = (at->slot + 1) & table->mask;
        if (slot->hash == at->hash)
            return slot->index;
    }
}

/* Visit all entries, in no order: the next index, or 0 after the last.
 * `*cursor` starts at 0; while the table grows some may come twice. */
static inline uint32_t table_each(const struct table *table, uint32_t *cursor)
{
    while (*cursor <= table->mask) {
        uint32_t index = table->slots[(*cursor)++].index;

        if (index != 0)
            return index;
    }
    return 0;
}

#endif
