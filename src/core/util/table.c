/* table: hash to pool index. SPDX-License-Identifier: MIT */
#include "core/util/table.h"

#include <assert.h>

#include "core/util/mem.h"

void table_init(struct table *table, uint32_t cap)
{
    uint32_t size = 16;

    assert(cap <= UINT32_MAX / 4);
    while (size < cap * 2)
        size *= 2;
    table->slots = mem_map(size * sizeof(*table->slots));
    table->mask = size - 1;
}

void table_clear(struct table *table)
{
    if (table->slots != NULL)
        mem_unmap(table->slots,
                  ((size_t)table->mask + 1) * sizeof(*table->slots));
    *table = (struct table){0};
}

void table_insert(struct table *table, uint32_t hash, uint32_t index)
{
    uint32_t at = hash & table->mask;

    assert(index != 0);
    while (table->slots[at].index != 0)
        at = (at + 1) & table->mask;
    table->slots[at] = (struct table_slot){hash, index};
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
}
