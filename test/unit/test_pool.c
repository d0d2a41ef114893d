/* test_pool: objects by index. SPDX-License-Identifier: MIT */
#include <string.h>

#include "core/util/pool.h"
#include "model.h"

struct object {
    uint32_t words[5];
};

static struct pool pool_of(uint32_t cap)
{
    struct pool pool;

    pool_init(&pool, cap, sizeof(struct object));
    return pool;
}

static void is_zeroed_at_first_and_again(void **state)
{
    static const struct object zero;
    struct pool pool = pool_of(4);

    (void)state;
    for (int round = 0; round < 3; round++) {
        uint32_t index = pool_take(&pool);

        assert_int_not_equal(index, POOL_NONE);
        assert_memory_equal(pool_at(&pool, index), &zero, sizeof(zero));
        memset(pool_at(&pool, index), 0xff, sizeof(zero));
        pool_give(&pool, index);
    }
    pool_clear(&pool);
}

static void holds_its_cap_and_no_more(void **state)
{
    struct pool pool = pool_of(1000);

    (void)state;
    for (uint32_t i = 1; i <= 1000; i++) {
        uint32_t index = pool_take(&pool);
        struct object *object = pool_at(&pool, index);

        assert_in_range(index, 1, 1000);
        assert_int_equal(object->words[0], 0); /* nobody else's */
        for (int w = 0; w < 5; w++)
            object->words[w] = index;
    }
    assert_int_equal(pool_take(&pool), POOL_NONE);
    assert_int_equal(pool.count, 1000);
    for (uint32_t i = 1; i <= 1000; i++)
        for (int w = 0; w < 5; w++)
            assert_int_equal(((struct object *)pool_at(&pool, i))->words[w], i);
    pool_clear(&pool);
}

static void room_comes_back(void **state)
{
    struct pool pool = pool_of(3);
    uint32_t taken[3];

    (void)state;
    for (int i = 0; i < 3; i++)
        taken[i] = pool_take(&pool);
    pool_give(&pool, taken[1]);
    pool_give(&pool, taken[0]);
    assert_int_equal(pool.count, 1);
    assert_int_equal(pool_take(&pool), taken[0]); /* the latest, still warm */
    assert_int_equal(pool_take(&pool), taken[1]);
    assert_int_equal(pool_take(&pool), POOL_NONE);
    pool_clear(&pool);
}

static void large_caps_cost_nothing_yet(void **state)
{
    struct pool pool;

    (void)state;
    pool_init(&pool, 100 * 1000 * 1000, 512);
    assert_int_equal(pool_take(&pool), 1);
    pool_clear(&pool);
}

static void lives_are_told_apart(void **state)
{
    struct pool pool = pool_of(3);
    uint32_t first;
    uint32_t life;

    (void)state;
    pool_track(&pool);
    assert_int_equal(pool_life(&pool, POOL_NONE), 0);
    assert_int_equal(pool_life(&pool, 1), 0);
    assert_int_equal(pool_life(&pool, UINT32_MAX), 0);
    first = pool_take(&pool);
    life = pool_life(&pool, first);
    assert_int_not_equal(life, 0);
    pool_give(&pool, first);
    assert_int_equal(pool_life(&pool, first), 0);
    assert_int_equal(pool_take(&pool), first);
    assert_int_not_equal(pool_life(&pool, first), 0);
    assert_int_not_equal(pool_life(&pool, first), life);
    pool_clear(&pool);
}

static void clears_twice(void **state)
{
    struct pool pool = pool_of(3);

    (void)state;
    pool_give(&pool, pool_take(&pool));
    pool_clear(&pool);
    pool_clear(&pool);
    assert_int_equal(pool.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_zeroed_at_first_and_again),
        cmocka_unit_test(holds_its_cap_and_no_more),
        cmocka_unit_test(room_comes_back),
        cmocka_unit_test(large_caps_cost_nothing_yet),
        cmocka_unit_test(lives_are_told_apart),
        cmocka_unit_test(clears_twice),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
