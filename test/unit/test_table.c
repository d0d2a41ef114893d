/* test_table: hash to index. SPDX-License-Identifier: MIT */
#include <stdbool.h>

#include "core/util/table.h"
#include "model.h"

static bool has(const struct table *table, uint32_t hash, uint32_t index)
{
    struct table_cursor at = table_find(table, hash);
    uint32_t found;

    while ((found = table_next(table, &at)) != 0)
        if (found == index)
            return true;
    return false;
}

static void finds_what_was_entered(void **state)
{
    struct table table;

    (void)state;
    table_init(&table, 10);
    assert_false(has(&table, 5, 1));
    table_insert(&table, 5, 1);
    table_insert(&table, 0, 2);
    table_insert(&table, UINT32_MAX, 3);
    assert_true(has(&table, 5, 1));
    assert_true(has(&table, 0, 2));
    assert_true(has(&table, UINT32_MAX, 3));
    assert_false(has(&table, 5, 2));
    assert_false(has(&table, 6, 1));
    table_clear(&table);
    table_clear(&table);
}

static void equal_hashes_come_one_by_one(void **state)
{
    struct table table;
    struct table_cursor at;
    uint32_t seen = 0;
    uint32_t index;

    (void)state;
    table_init(&table, 8);
    for (index = 1; index <= 4; index++) {
        table_insert(&table, 77, index);
        /* The same slot, another hash. */
        table_insert(&table, 77 + table.mask + 1, index + 4);
    }
    at = table_find(&table, 77);
    while ((index = table_next(&table, &at)) != 0)
        seen |= 1u << index;
    assert_int_equal(seen, 0x1e);
    table_clear(&table);
}

static void a_gap_at_the_end_is_closed_around_it(void **state)
{
    struct table table;
    uint32_t last;

    (void)state;
    table_init(&table, 8);
    last = table.mask;
    table_insert(&table, last, 1);
    table_insert(&table, last, 2);     /* goes to slot 0 */
    table_insert(&table, 0, 3);        /* displaced to slot 1 */
    table_insert(&table, last - 1, 4); /* at home */
    table_remove(&table, last, 1);
    assert_true(has(&table, last, 2));
    assert_true(has(&table, 0, 3));
    assert_true(has(&table, last - 1, 4));
    assert_int_equal(table.slots[last].index, 2);
    assert_int_equal(table.slots[0].index, 3);
    table_remove(&table, last, 2);
    assert_int_equal(table.slots[last].index, 0);
    assert_true(has(&table, 0, 3));
    table_clear(&table);
}

#define CAP 500

/* Few distinct hashes, so that runs are long, merge and wrap around. */
static void agrees_with_a_plain_array(void **state)
{
    uint32_t hashes[CAP + 1] = {0};
    bool is_in[CAP + 1] = {false};
    struct table table;
    uint32_t seed = 42;

    (void)state;
    table_init(&table, CAP);
    for (int step = 0; step < 200000; step++) {
        uint32_t index = next_random(&seed) % CAP + 1;

        if (is_in[index]) {
            assert_true(has(&table, hashes[index], index));
            table_remove(&table, hashes[index], index);
        } else {
            hashes[index] = next_random(&seed) % 97 * 0x01010101u - 40;
            table_insert(&table, hashes[index], index);
        }
        is_in[index] = !is_in[index];
        index = next_random(&seed) % CAP + 1;
        assert_int_equal(has(&table, hashes[index], index), is_in[index]);
    }
    for (uint32_t index = 1; index <= CAP; index++)
        assert_int_equal(has(&table, hashes[index], index), is_in[index]);
    table_clear(&table);
}

static void grows_with_its_entries(void **state)
{
    struct table table;
    uint32_t first;

    (void)state;
    table_init(&table, 100000);
    first = table.mask;
    for (uint32_t index = 1; index <= 100000; index++) {
        table_insert(&table, index * 2654435761u, index);
        assert_true(table.count * 2 <= table.mask + 1);
        assert_true(table.mask == first || table.mask < table.count * 4);
    }
    for (uint32_t index = 1; index <= 100000; index++)
        assert_true(has(&table, index * 2654435761u, index));
    for (uint32_t index = 1; index <= 100000; index++)
        table_remove(&table, index * 2654435761u, index);
    assert_int_equal(table.count, 0);
    table_clear(&table);
}

static void visits_each_once(void **state)
{
    uint32_t seen[CAP + 1] = {0};
    struct table table;
    uint32_t cursor = 0;
    uint32_t index;

    (void)state;
    table_init(&table, CAP);
    assert_int_equal(table_each(&table, &cursor), 0);
    for (index = 1; index <= CAP; index++)
        table_insert(&table, index * 7919u, index);
    cursor = 0;
    while ((index = table_each(&table, &cursor)) != 0)
        seen[index]++;
    for (index = 1; index <= CAP; index++)
        assert_int_equal(seen[index], 1);
    assert_int_equal(table_each(&table, &cursor), 0);
    table_clear(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_what_was_entered),
        cmocka_unit_test(equal_hashes_come_one_by_one),
        cmocka_unit_test(a_gap_at_the_end_is_closed_around_it),
        cmocka_unit_test(agrees_with_a_plain_array),
        cmocka_unit_test(grows_with_its_entries),
        cmocka_unit_test(visits_each_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
