/* test_devices: MACs, bounded. SPDX-License-Identifier: MIT */
#include <string.h>

#include "core/model/devices.h"
#include "model.h"

#define NOW_S 1700000000u

/* The makers of 02:..., with a text that needs cleaning and cutting. */
static const char *vendor(void *arg, const uint8_t mac[MAC_SIZE])
{
    (void)arg;
    return mac[0] == 2 ? "Example\nWorks of a Very Long Name, Limited" : NULL;
}

static const struct locator locator = {.vendor = vendor};
static struct devices devices;

static int make_devices(void **state)
{
    (void)state;
    devices_init(&devices, 4, &test_key, &locator);
    return 0;
}

static int clear_devices(void **state)
{
    (void)state;
    devices_clear(&devices);
    return 0;
}

static uint32_t get(uint8_t number, uint32_t now_s)
{
    const uint8_t mac[MAC_SIZE] = {0, 0, 0x5e, 0, 0x53, number};

    return devices_get(&devices, mac, 0, now_s);
}

static uint32_t find(uint8_t number)
{
    const uint8_t mac[MAC_SIZE] = {0, 0, 0x5e, 0, 0x53, number};

    return devices_find(&devices, mac, 0);
}

static void mac_and_vlan_make_a_device(void **state)
{
    const uint8_t mac[MAC_SIZE] = {0, 0, 0x5e, 0, 0x53, 1};
    uint32_t plain = devices_get(&devices, mac, 0, NOW_S);
    uint32_t tagged = devices_get(&devices, mac, 5, NOW_S);

    (void)state;
    assert_int_not_equal(plain, tagged);
    assert_int_equal(devices_find(&devices, mac, 0), plain);
    assert_int_equal(devices_find(&devices, mac, 5), tagged);
    assert_int_equal(devices_find(&devices, mac, 6), POOL_NONE);
    assert_int_equal(find(2), POOL_NONE);
    assert_memory_equal(devices_at(&devices, plain)->mac, mac, MAC_SIZE);
    assert_int_equal(devices_at(&devices, tagged)->vlan, 5);
}

static void makers_are_clean_and_cut(void **state)
{
    const uint8_t mac[MAC_SIZE] = {2, 0, 0, 0, 0, 1};
    uint32_t index = devices_get(&devices, mac, 0, NOW_S);

    (void)state;
    assert_string_equal(devices_at(&devices, index)->vendor,
                        "Example?Works of a Very Long Na");
    assert_string_equal(devices_at(&devices, get(1, NOW_S))->vendor, "");
}

static void works_without_a_locator(void **state)
{
    static const struct locator empty;
    const uint8_t mac[MAC_SIZE] = {2, 0, 0, 0, 0, 1};
    struct devices bare;
    uint32_t index;

    (void)state;
    devices_init(&bare, 1, &test_key, NULL);
    index = devices_get(&bare, mac, 0, NOW_S);
    assert_string_equal(devices_at(&bare, index)->vendor, "");
    devices_clear(&bare);
    devices_init(&bare, 1, &test_key, &empty);
    index = devices_get(&bare, mac, 0, NOW_S);
    assert_string_equal(devices_at(&bare, index)->vendor, "");
    devices_clear(&bare);
}

static void the_idlest_makes_room(void **state)
{
    (void)state;
    for (uint8_t i = 1; i <= 4; i++)
        get(i, NOW_S + i);
    get(1, NOW_S + 5); /* seen again */
    get(5, NOW_S + 6);
    assert_int_equal(find(2), POOL_NONE);
    assert_int_not_equal(find(1), POOL_NONE);
    assert_int_equal(devices.evicted, 1);
    assert_int_equal(devices.pool.count, 4);
}

static void held_ones_stay(void **state)
{
    uint32_t held[4];

    (void)state;
    for (uint8_t i = 0; i < 4; i++) {
        held[i] = get(i, NOW_S);
        devices_hold(&devices, held[i]);
    }
    devices_hold(&devices, held[2]);
    assert_int_equal(get(9, NOW_S), POOL_NONE);
    assert_int_equal(devices.refused, 1);
    devices_release(&devices, held[2]);
    assert_int_equal(get(9, NOW_S), POOL_NONE);
    assert_int_equal(devices_expire(&devices, NOW_S + 9999, 60, 99), 0);
    devices_release(&devices, held[2]);
    assert_int_equal(get(9, NOW_S), held[2]);
    assert_int_equal(find(2), POOL_NONE);
}

static void nobody_can_be_held(void **state)
{
    struct delta delta = {.now_s = NOW_S};

    (void)state;
    devices_hold(&devices, POOL_NONE);
    devices_release(&devices, POOL_NONE);
    devices_add(&devices, POOL_NONE, &delta, WAY_SENT);
    assert_int_equal(devices.pool.count, 0);
}

static void idle_ones_expire_within_the_budget(void **state)
{
    uint32_t held = get(1, NOW_S);

    (void)state;
    devices_hold(&devices, held);
    get(2, NOW_S);
    get(3, NOW_S);
    get(4, NOW_S + 30);
    assert_int_equal(devices_expire(&devices, NOW_S + 59, 60, 99), 0);
    assert_int_equal(devices_expire(&devices, NOW_S + 60, 60, 1), 1);
    assert_int_equal(devices_expire(&devices, NOW_S + 60, 60, 99), 1);
    assert_int_equal(find(2), POOL_NONE);
    assert_int_equal(find(3), POOL_NONE);
    assert_int_not_equal(find(4), POOL_NONE);
    assert_int_equal(find(1), held); /* and does not stand in the way */
    assert_int_equal(devices.expired, 2);
}

static void a_clock_set_back_is_lived_through(void **state)
{
    (void)state;
    get(1, 2000000000);
    get(2, NOW_S);
    assert_int_equal(devices_expire(&devices, NOW_S + 60, 60, 99), 0);
    assert_int_equal(devices_expire(&devices, NOW_S + 120, 60, 99), 2);
}

static void a_clock_set_back_delays_all_devices_at_once(void **state)
{
    (void)state;
    for (unsigned i = 1; i <= 3; i++)
        get(i, 2000000000 + i);
    assert_int_equal(devices_expire(&devices, NOW_S, 60, 99), 0);
    assert_int_equal(devices_expire(&devices, NOW_S + 60, 60, 99), 3);
}

static void deltas_are_seen_from_the_device(void **state)
{
    struct delta delta = {.traffic = {{0, 0}, {2, 900}}, .now_s = NOW_S + 3};
    uint32_t client = get(1, NOW_S);
    uint32_t server = get(2, NOW_S);

    (void)state;
    devices_add(&devices, client, &delta, WAY_SENT);
    devices_add(&devices, server, &delta, WAY_RCVD);
    assert_int_equal(devices_at(&devices, client)->traffic[WAY_RCVD].bytes,
                     900);
    assert_false(devices_at(&devices, client)->is_source);
    assert_int_equal(devices_at(&devices, server)->traffic[WAY_SENT].packets,
                     2);
    assert_true(devices_at(&devices, server)->is_source);
    assert_int_equal(devices_at(&devices, server)->last_s, NOW_S + 3);
    assert_int_equal(
        rate_bytes_per_s(&devices_at(&devices, server)->rate, NOW_S + 4), 900);
}

static void visits_each_device(void **state)
{
    uint32_t cursor = 0;
    unsigned sum = 0;
    uint32_t index;

    (void)state;
    for (uint8_t i = 1; i <= 3; i++)
        get(i, NOW_S);
    while ((index = devices_next(&devices, &cursor)) != POOL_NONE)
        sum += devices_at(&devices, index)->mac[5];
    assert_int_equal(sum, 6);
}

#define DEVICES_TEST(name) \
    cmocka_unit_test_setup_teardown(name, make_devices, clear_devices)

int main(void)
{
    const struct CMUnitTest tests[] = {
        DEVICES_TEST(mac_and_vlan_make_a_device),
        DEVICES_TEST(makers_are_clean_and_cut),
        cmocka_unit_test(works_without_a_locator),
        DEVICES_TEST(the_idlest_makes_room),
        DEVICES_TEST(held_ones_stay),
        DEVICES_TEST(nobody_can_be_held),
        DEVICES_TEST(idle_ones_expire_within_the_budget),
        DEVICES_TEST(a_clock_set_back_is_lived_through),
        DEVICES_TEST(a_clock_set_back_delays_all_devices_at_once),
        DEVICES_TEST(deltas_are_seen_from_the_device),
        DEVICES_TEST(visits_each_device),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
