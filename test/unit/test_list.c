/* test_list: order among objects of a pool. SPDX-License-Identifier: MIT */
#include "core/util/list.h"
#include "model.h"

struct object {
    uint32_t value;
    struct list_link by_age;
    struct list_link by_name;
};

static struct pool pool;

static int make_pool(void **state)
{
    (void)state;
    pool_init(&pool, 16, sizeof(struct object));
    for (int i = 0; i < 16; i++)
        (void)pool_take(&pool);
    return 0;
}

static int clear_pool(void **state)
{
    (void)state;
    pool_clear(&pool);
    return 0;
}

/* The list holds exactly these, both ways; 0 ends them. */
static void assert_order(const struct list *list, const uint32_t *expected)
{
    uint32_t before = POOL_NONE;
    uint32_t index = list->head;

    for (; *expected != 0; expected++) {
        assert_int_equal(index, *expected);
        assert_int_equal(list_link(list, index)->prev, before);
        before = index;
        index = list_link(list, index)->next;
    }
    assert_int_equal(index, POOL_NONE);
    assert_int_equal(list->tail, before);
}

#define ORDER(list, ...) assert_order(list, (const uint32_t[]){__VA_ARGS__, 0})

static void keeps_the_order_of_arrival(void **state)
{
    struct list list;

    (void)state;
    list_init(&list, &pool, offsetof(struct object, by_age));
    ORDER(&list, 0);
    for (uint32_t i = 1; i <= 4; i++)
        list_append(&list, i);
    ORDER(&list, 1, 2, 3, 4);
}

static void gives_up_any_of_them(void **state)
{
    struct list list;

    (void)state;
    list_init(&list, &pool, offsetof(struct object, by_age));
    for (uint32_t i = 1; i <= 5; i++)
        list_append(&list, i);
    list_remove(&list, 3);
    ORDER(&list, 1, 2, 4, 5);
    list_remove(&list, 1);
    ORDER(&list, 2, 4, 5);
    list_remove(&list, 5);
    ORDER(&list, 2, 4);
    list_append(&list, 1);
    ORDER(&list, 2, 4, 1);
    list_remove(&list, 2);
    list_remove(&list, 4);
    list_remove(&list, 1);
    ORDER(&list, 0);
    assert_int_equal(list_link(&list, 1)->prev, POOL_NONE);
    assert_int_equal(list_link(&list, 1)->next, POOL_NONE);
}

static void two_links_are_two_lists(void **state)
{
    struct list ages;
    struct list names;

    (void)state;
    list_init(&ages, &pool, offsetof(struct object, by_age));
    list_init(&names, &pool, offsetof(struct object, by_name));
    for (uint32_t i = 1; i <= 3; i++) {
        list_append(&ages, i);
        list_append(&names, 4 - i);
    }
    list_remove(&ages, 2);
    ORDER(&ages, 1, 3);
    ORDER(&names, 3, 2, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_the_order_of_arrival),
        cmocka_unit_test(gives_up_any_of_them),
        cmocka_unit_test(two_links_are_two_lists),
    };

    return cmocka_run_group_tests(tests, make_pool, clear_pool);
}
