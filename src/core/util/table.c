/* table: hash to pool index. SPDX-License-Identifier: MIT */
#include "core/util/table.h"

#include <assert.h>

#include "core/util/mem.h"

/* A page. */
#define SLOTS_AT_FIRST 512

static void make_slots(struct table *table, uint32_t size)
{
    table->slots = mem_map(size * sizeof(*table->slots));
    table->mask = size - 1;
}

static void free_slots(const struct table *table)
{
    mem_unmap(table->slots, ((size_t)table->mask + 1) * sizeof(*table->slots));
}

void table_init(struct table *table, uint32_t cap)
{
    assert(cap <= UINT32_MAX / 4);
    *table = (struct table){.cap = cap};
    make_slots(table, SLOTS_AT_FIRST);
}

void table_clear(struct table *table)
{
    if (table->slots != NULL)
        free_slots(table);
    *table = (struct table){0};
}

static void put(struct table *table, struct table_slot slot)
{
    uint32_t at = slot.hash & table->mask;

    while (table->slots[at].index != 0)
        at = (at + 1) & table->mask;
    table->slots[at] = slot;
}

static void grow(struct table *table)
{
    const struct table before = *table;

    make_slots(table, (before.mask + 1) * 2);
    for (uint32_t at = 0; at <= before.mask; at++)
        if (before.slots[at].index != 0)
            put(table, before.slots[at]);
    free_slots(&before);
}

void table_insert(struct table *table, uint32_t hash, uint32_t index)
{
    assert(index != 0 && table->count < table->cap);
    if (++table->count > (table->mask + 1) / 2)
        grow(table);
    put(table, (struct table_slot){hash, index});
}

/*
 * Deletion without tombstones (Knuth, TAOCP vol. 3, 6.4 algorithm R): close
 * the gap with the next entry that may live there, until a probe sequence
 * ends.
 */
void table_remove(struct table *table, uint32_t hash, uint32_t index)
{
    uint32_t gap = hash & table->mask;
    uint32_t at;

    while (table->slots[gap].index != index) {
        assert(table->slots[gap].index != 0);
        gap = (gap + 1) & table->mask;
    }
    for (at = (gap + 1) & table->mask; table->slots[at].index != 0;
         at = (at + 1) & table->mask) {
        uint32_t home = table->slots[at].hash & table->mask;

        if (((at - home) & table->mask) < ((at - gap) & table->mask))
            continue;
        table->slots[gap] = table->slots[at];
        gap = at;
    }
    table->slots[gap] = (struct table_slot){0, 0};
    table->count--;
}
