/* test_groups: groups of hosts, bounded. SPDX-License-Identifier: MIT */
#include <string.h>

#include "core/model/groups.h"
#include "model.h"

#define NOW_S 1700000000u

static struct groups groups;

static int make_groups(void **state)
{
    (void)state;
    groups_init(&groups, 4, &test_key);
    return 0;
}

static int clear_groups(void **state)
{
    (void)state;
    groups_clear(&groups);
    return 0;
}

static uint32_t get(enum group_kind kind, uint32_t id)
{
    return groups_get(&groups, kind, id, "name", NOW_S);
}

static void kind_and_id_make_a_group(void **state)
{
    uint32_t as = get(GROUP_AS, 7);
    uint32_t vlan = get(GROUP_VLAN, 7);

    (void)state;
    assert_int_not_equal(as, vlan);
    assert_int_equal(get(GROUP_AS, 7), as);
    assert_int_equal(groups_find(&groups, GROUP_VLAN, 7), vlan);
    assert_int_equal(groups_find(&groups, GROUP_VLAN, 8), POOL_NONE);
    assert_int_equal(groups_find(&groups, GROUP_OS, 7), POOL_NONE);
    assert_int_equal(groups_at(&groups, as)->first_s, NOW_S);
    assert_string_equal(groups_at(&groups, as)->name, "name");
}

static void long_names_are_cut_between_characters(void **state)
{
    char name[100];
    uint32_t index;

    (void)state;
    memset(name, 'x', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    memcpy(name + 62, "\xc3\xa9", 2);
    index = groups_get(&groups, GROUP_AS, 1, name, NOW_S);
    assert_int_equal(strlen(groups_at(&groups, index)->name), 62);
}

static void empty_groups_make_room(void **state)
{
    uint32_t used = get(GROUP_AS, 1);
    uint32_t idle = get(GROUP_AS, 2);

    (void)state;
    groups_host_joins(&groups, used);
    groups_host_joins(&groups, get(GROUP_AS, 3));
    groups_host_joins(&groups, get(GROUP_AS, 4));
    assert_int_equal(get(GROUP_AS, 5), idle);
    assert_int_equal(groups_find(&groups, GROUP_AS, 2), POOL_NONE);
    assert_int_equal(groups_find(&groups, GROUP_AS, 1), used);
    assert_int_equal(groups.evicted, 1);
    groups_host_joins(&groups, idle);
    assert_int_equal(get(GROUP_AS, 6), POOL_NONE);
    assert_int_equal(groups.refused, 1);
    groups_host_leaves(&groups, used);
    assert_int_equal(get(GROUP_AS, 6), used);
}

static void a_group_is_idle_without_its_last_host(void **state)
{
    uint32_t index = get(GROUP_OS, 1);

    (void)state;
    groups_host_joins(&groups, index);
    groups_host_joins(&groups, index);
    groups_host_leaves(&groups, index);
    assert_int_equal(groups_at(&groups, index)->hosts, 1);
    assert_int_equal(groups.idle.head, POOL_NONE);
    groups_host_leaves(&groups, index);
    assert_int_equal(groups.idle.head, index);
}

static void nobody_is_a_group(void **state)
{
    struct delta delta = {.now_s = NOW_S};

    (void)state;
    groups_host_joins(&groups, POOL_NONE);
    groups_host_leaves(&groups, POOL_NONE);
    groups_add(&groups, POOL_NONE, &delta, WAY_SENT);
    assert_int_equal(groups.pool.count, 0);
}

static void deltas_are_seen_from_the_group(void **state)
{
    struct delta delta = {.traffic = {{1, 100}, {2, 900}}, .now_s = NOW_S + 9};
    uint32_t index = get(GROUP_COUNTRY, 1);
    const struct group *group = groups_at(&groups, index);

    (void)state;
    groups_add(&groups, index, &delta, WAY_SENT);
    assert_int_equal(group->traffic[WAY_SENT].bytes, 100);
    groups_add(&groups, index, &delta, WAY_RCVD);
    assert_int_equal(group->traffic[WAY_SENT].packets, 3);
    assert_int_equal(group->traffic[WAY_SENT].bytes, 1000);
    assert_int_equal(group->traffic[WAY_RCVD].bytes, 1000);
    assert_int_equal(group->last_s, NOW_S + 9);
    assert_int_equal(rate_bytes_per_s(&group->rate, NOW_S + 10), 2000);
}

static void visits_each_group(void **state)
{
    uint32_t cursor = 0;
    uint32_t ids = 0;
    uint32_t index;

    (void)state;
    for (uint32_t id = 1; id <= 3; id++)
        get(GROUP_AS, id);
    while ((index = groups_next(&groups, &cursor)) != POOL_NONE)
        ids += groups_at(&groups, index)->id;
    assert_int_equal(ids, 6);
}

#define GROUPS_TEST(name) \
    cmocka_unit_test_setup_teardown(name, make_groups, clear_groups)

int main(void)
{
    const struct CMUnitTest tests[] = {
        GROUPS_TEST(kind_and_id_make_a_group),
        GROUPS_TEST(long_names_are_cut_between_characters),
        GROUPS_TEST(empty_groups_make_room),
        GROUPS_TEST(a_group_is_idle_without_its_last_host),
        GROUPS_TEST(nobody_is_a_group),
        GROUPS_TEST(deltas_are_seen_from_the_group),
        GROUPS_TEST(visits_each_group),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
