/* test_hosts: hosts come, stay, go. SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "core/model/hosts.h"
#include "model.h"

#define NOW_S 1700000000u
#define CAP 8

/* 198.51.100.0/24 is in a country, a city and an AS. */
static bool locate(void *arg, const struct addr *addr, struct geo_info *out)
{
    const struct addr known = addr_of("198.51.100.0");

    (void)arg;
    *out = (struct geo_info){
        .country = "IT",
        .has_location = true,
        .asn = 64500,
        .latitude = 43.7,
        .longitude = 10.4,
        .city = "Pisa",
        .as_name = "Example AS",
    };
    return memcmp(addr->bytes, known.bytes, 15) == 0;
}

static const struct locator locator = {.locate = locate};

static struct hosts hosts;
static struct groups groups;
static struct devices devices;
static struct networks *networks;

static int make_hosts(void **state)
{
    struct hosts_config config = {
        .cap = CAP,
        .local_idle_s = 300,
        .remote_idle_s = 60,
        .locator = &locator,
    };
    struct addr own = addr_of("10.0.0.1");
    char error[128];

    (void)state;
    networks = network_new();
    assert_true(network_parse(networks, "10.0.0.0/8,2001:db8::/32", error,
                              sizeof(error)));
    network_add_own(networks, &own);
    config.networks = networks;
    groups_init(&groups, 16, &test_key);
    devices_init(&devices, 4, &test_key, NULL);
    hosts_init(&hosts, &config, &test_key, &groups, &devices);
    return 0;
}

static int clear_hosts(void **state)
{
    (void)state;
    hosts_clear(&hosts);
    devices_clear(&devices);
    groups_clear(&groups);
    network_free(networks);
    return 0;
}

static uint32_t get(const char *text, uint32_t now_s)
{
    struct addr addr = addr_of(text);

    return hosts_get(&hosts, &addr, 0, now_s);
}

static uint32_t find(const char *text)
{
    struct addr addr = addr_of(text);

    return hosts_find(&hosts, &addr, 0);
}

/* A remote host by number. */
static uint32_t get_remote(unsigned number, uint32_t now_s)
{
    char text[ADDR_TEXT_SIZE];

    snprintf(text, sizeof(text), "192.0.2.%u", number);
    return get(text, now_s);
}

static void address_and_vlan_make_a_host(void **state)
{
    struct addr addr = addr_of("10.0.0.9");
    uint32_t plain = hosts_get(&hosts, &addr, 0, NOW_S);
    uint32_t tagged = hosts_get(&hosts, &addr, 7, NOW_S);

    (void)state;
    assert_int_not_equal(plain, tagged);
    assert_int_equal(hosts_get(&hosts, &addr, 0, NOW_S + 1), plain);
    assert_int_equal(hosts_find(&hosts, &addr, 7), tagged);
    assert_int_equal(hosts_find(&hosts, &addr, 8), POOL_NONE);
    assert_int_equal(find("10.0.0.8"), POOL_NONE);
    assert_int_equal(hosts_at(&hosts, plain)->first_s, NOW_S);
}

static void vlans_do_not_cancel_addresses(void **state)
{
    struct addr addr = addr_of("2001:db8::1");
    uint32_t hash = hosts_hash(&hosts, &addr, 0);

    (void)state;
    for (unsigned at = 0; at < 15; at++) {
        struct addr aimed = addr;

        aimed.bytes[at] ^= 0x02;
        assert_int_not_equal(hosts_hash(&hosts, &aimed, 0x0002), hash);
        assert_int_not_equal(hosts_hash(&hosts, &aimed, 0x0200), hash);
    }
}

static void addresses_tell_what_a_host_is(void **state)
{
    static const struct {
        const char *text;
        unsigned flags;
        int network;
    } cases[] = {
        {"10.0.0.1", HOST_LOCAL | HOST_SYSTEM | HOST_PRIVATE, 0},
        {"10.255.255.255", HOST_LOCAL | HOST_BROADCAST | HOST_PRIVATE, 0},
        {"2001:db8::5", HOST_LOCAL | HOST_V6, 1},
        {"192.168.1.1", HOST_PRIVATE, -1},
        {"192.0.2.1", 0, -1},
        {"224.0.0.251", HOST_MULTICAST, -1},
        {"255.255.255.255", HOST_BROADCAST, -1},
        {"ff02::fb", HOST_MULTICAST | HOST_V6, -1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        const struct host *host = hosts_at(&hosts, get(cases[i].text, NOW_S));

        assert_int_equal(host->flags, cases[i].flags);
        assert_int_equal(host->network, cases[i].network);
        assert_int_equal(host->local != NULL,
                         (cases[i].flags & HOST_LOCAL) != 0);
    }
    assert_int_equal(hosts.local, 3);
}

static void places_come_from_the_locator(void **state)
{
    const struct host *host = hosts_at(&hosts, get("198.51.100.1", NOW_S));
    const struct host *nowhere = hosts_at(&hosts, get("192.0.2.1", NOW_S));

    (void)state;
    assert_true(host->has_location);
    assert_float_equal(host->latitude, 43.7, 0.001);
    assert_float_equal(host->longitude, 10.4, 0.001);
    assert_string_equal(host->city, "Pisa");
    assert_string_equal(groups_at(&groups, host->as_group)->name, "Example AS");
    assert_int_equal(groups_at(&groups, host->as_group)->id, 64500);
    assert_string_equal(groups_at(&groups, host->country_group)->name, "IT");
    assert_int_equal(groups_at(&groups, host->country_group)->id,
                     'I' << 8 | 'T');
    assert_false(nowhere->has_location);
    assert_null(nowhere->city);
    assert_int_equal(nowhere->as_group, POOL_NONE);
    assert_int_equal(nowhere->country_group, POOL_NONE);
}

static void vlans_are_groups(void **state)
{
    struct addr addr = addr_of("10.0.0.9");
    const struct host *plain =
        hosts_at(&hosts, hosts_get(&hosts, &addr, 0, NOW_S));
    const struct host *tagged =
        hosts_at(&hosts, hosts_get(&hosts, &addr, 4094, NOW_S));

    (void)state;
    assert_int_equal(plain->vlan_group, POOL_NONE);
    assert_string_equal(groups_at(&groups, tagged->vlan_group)->name, "4094");
    assert_int_equal(groups_at(&groups, tagged->vlan_group)->hosts, 1);
}

static void the_idlest_makes_room(void **state)
{
    (void)state;
    for (unsigned i = 0; i < CAP; i++)
        get_remote(i, NOW_S + i);
    get_remote(100, NOW_S + 100);
    assert_int_equal(find("192.0.2.0"), POOL_NONE);
    assert_int_not_equal(find("192.0.2.1"), POOL_NONE);
    assert_int_equal(hosts.evicted, 1);
    assert_int_equal(hosts.pool.count, CAP);
}

static void the_idlest_may_be_local(void **state)
{
    (void)state;
    get("10.0.0.9", NOW_S);
    for (unsigned i = 1; i < CAP; i++)
        get_remote(i, NOW_S + i);
    get_remote(100, NOW_S + 100);
    assert_int_equal(find("10.0.0.9"), POOL_NONE);
    assert_int_equal(hosts.local, 0);
    get("10.0.0.9", NOW_S + 101);
    assert_int_equal(find("192.0.2.1"), POOL_NONE);
}

static void hosts_with_flows_stay(void **state)
{
    uint32_t busy[CAP];
    struct addr addr = addr_of("203.0.113.1");

    (void)state;
    for (unsigned i = 0; i < CAP; i++) {
        busy[i] = get_remote(i, NOW_S);
        hosts_flow_begins(&hosts, busy[i], i % 2 == 0 ? WAY_SENT : WAY_RCVD);
    }
    assert_int_equal(hosts_get(&hosts, &addr, 0, NOW_S), POOL_NONE);
    assert_int_equal(hosts.refused, 1);
    assert_int_equal(hosts_expire(&hosts, NOW_S + 9999, 99), 0);
    hosts_flow_begins(&hosts, busy[2], WAY_RCVD);
    hosts_flow_ends(&hosts, busy[2], WAY_SENT);
    assert_int_equal(hosts_get(&hosts, &addr, 0, NOW_S), POOL_NONE);
    hosts_flow_ends(&hosts, busy[2], WAY_RCVD);
    assert_int_equal(hosts_get(&hosts, &addr, 0, NOW_S), busy[2]);
}

static void flows_are_counted_by_role(void **state)
{
    uint32_t index = get_remote(1, NOW_S);
    const struct host *host = hosts_at(&hosts, index);

    (void)state;
    hosts_flow_begins(&hosts, index, WAY_SENT);
    hosts_flow_begins(&hosts, index, WAY_SENT);
    hosts_flow_begins(&hosts, index, WAY_RCVD);
    hosts_flow_ends(&hosts, index, WAY_SENT);
    assert_int_equal(host->active_flows[WAY_SENT], 1);
    assert_int_equal(host->active_flows[WAY_RCVD], 1);
    assert_int_equal(host->total_flows[WAY_SENT], 2);
    assert_int_equal(host->total_flows[WAY_RCVD], 1);
    assert_int_equal(host->last_s, NOW_S);
}

static void waking_saves_from_eviction(void **state)
{
    uint32_t first = get_remote(0, NOW_S);

    (void)state;
    for (unsigned i = 1; i < CAP; i++)
        get_remote(i, NOW_S);
    hosts_flow_begins(&hosts, first, WAY_SENT);
    hosts_flow_ends(&hosts, first, WAY_SENT);
    get_remote(100, NOW_S + 2);
    assert_int_equal(find("192.0.2.0"), first);
    assert_int_equal(find("192.0.2.1"), POOL_NONE);
}

static void remote_hosts_are_forgotten_sooner(void **state)
{
    (void)state;
    get("10.0.0.9", NOW_S);
    get_remote(1, NOW_S);
    assert_int_equal(hosts_expire(&hosts, NOW_S + 59, 99), 0);
    assert_int_equal(hosts_expire(&hosts, NOW_S + 60, 99), 1);
    assert_int_equal(find("192.0.2.1"), POOL_NONE);
    assert_int_equal(hosts_expire(&hosts, NOW_S + 299, 99), 0);
    assert_int_equal(hosts_expire(&hosts, NOW_S + 300, 99), 1);
    assert_int_equal(hosts.pool.count, 0);
    assert_int_equal(hosts.expired, 2);
}

static void expiry_keeps_to_its_budget(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 3; i++)
        get_remote(i, NOW_S);
    get("10.0.0.9", NOW_S);
    get("10.0.0.8", NOW_S);
    assert_int_equal(hosts_expire(&hosts, NOW_S + 999, 2), 2);
    assert_int_equal(hosts_expire(&hosts, NOW_S + 999, 2), 2);
    assert_int_equal(hosts_expire(&hosts, NOW_S + 999, 2), 1);
    assert_int_equal(hosts_expire(&hosts, NOW_S + 999, 2), 0);
}

static void a_clock_set_back_is_lived_through(void **state)
{
    (void)state;
    get_remote(1, 2000000000);
    get_remote(2, NOW_S);
    assert_int_equal(hosts_expire(&hosts, NOW_S + 60, 99), 0);
    assert_int_equal(hosts_expire(&hosts, NOW_S + 120, 99), 2);
}

static void a_clock_set_back_delays_all_hosts_at_once(void **state)
{
    (void)state;
    for (unsigned i = 1; i <= 4; i++)
        get_remote(i, 2000000000 + i);
    assert_int_equal(hosts_expire(&hosts, NOW_S, 99), 0);
    assert_int_equal(hosts_expire(&hosts, NOW_S + 59, 99), 0);
    assert_int_equal(hosts_expire(&hosts, NOW_S + 60, 99), 4);
}

static void the_operating_system_is_a_group(void **state)
{
    uint32_t index = get("10.0.0.9", NOW_S);
    const struct host *host = hosts_at(&hosts, index);
    uint32_t linux_group;

    (void)state;
    hosts_learn_os(&hosts, index, "Linux");
    linux_group = host->os_group;
    assert_string_equal(groups_at(&groups, linux_group)->name, "Linux");
    hosts_learn_os(&hosts, index, "Linux");
    assert_int_equal(groups_at(&groups, linux_group)->hosts, 1);
    hosts_learn_os(&hosts, index, "Android");
    assert_string_equal(groups_at(&groups, host->os_group)->name, "Android");
    assert_int_equal(groups_at(&groups, linux_group)->hosts, 0);
}

static void a_host_holds_its_device(void **state)
{
    const uint8_t mac[2][MAC_SIZE] = {{2, 0, 0, 0, 0, 1}, {2, 0, 0, 0, 0, 2}};
    uint32_t index = get("10.0.0.9", NOW_S);
    uint32_t first = devices_get(&devices, mac[0], 0, NOW_S);
    uint32_t second = devices_get(&devices, mac[1], 0, NOW_S);

    (void)state;
    hosts_set_device(&hosts, index, first);
    hosts_set_device(&hosts, index, first);
    assert_int_equal(devices_at(&devices, first)->holds, 1);
    assert_int_equal(devices_at(&devices, first)->hosts, 1);
    assert_true(addr_equal(&devices_at(&devices, first)->ip,
                           &hosts_at(&hosts, index)->addr));
    hosts_set_device(&hosts, index, second);
    assert_int_equal(devices_at(&devices, first)->holds, 0);
    assert_int_equal(devices_at(&devices, first)->hosts, 0);
    assert_int_equal(devices_at(&devices, second)->hosts, 1);
    hosts_set_device(&hosts, index, POOL_NONE);
    assert_int_equal(devices_at(&devices, second)->holds, 0);
}

static void forgetting_gives_back_all_parts(void **state)
{
    const uint8_t mac[MAC_SIZE] = {2, 0, 0, 0, 0, 1};
    struct addr addr = addr_of("198.51.100.1");
    uint32_t device = devices_get(&devices, mac, 0, NOW_S);
    uint32_t index = hosts_get(&hosts, &addr, 5, NOW_S);
    struct delta delta = {.has_app = true, .app = 7, .now_s = NOW_S};
    uint32_t cursor = 0;
    uint32_t group;

    (void)state;
    hosts_set_device(&hosts, index, device);
    hosts_learn_os(&hosts, index, "Linux");
    host_add(hosts_at(&hosts, index), &delta, WAY_SENT);
    host_learn_name(hosts_at(&hosts, index), NAME_DNS, "example.org");
    assert_int_equal(hosts_expire(&hosts, NOW_S + 60, 99), 1);
    assert_int_equal(hosts_find(&hosts, &addr, 5), POOL_NONE);
    assert_int_equal(devices_at(&devices, device)->holds, 0);
    assert_int_equal(devices_at(&devices, device)->hosts, 0);
    assert_int_equal(groups.pool.count, 4);
    while ((group = groups_next(&groups, &cursor)) != POOL_NONE)
        assert_int_equal(groups_at(&groups, group)->hosts, 0);
}

static void full_groups_leave_hosts_without(void **state)
{
    struct groups none;
    struct hosts crowded;
    struct addr addr = addr_of("198.51.100.1");
    uint32_t index;

    (void)state;
    groups_init(&none, 1, &test_key);
    hosts_init(&crowded, &hosts.config, &test_key, &none, NULL);
    index = hosts_get(&crowded, &addr, 9, NOW_S);
    assert_int_not_equal(hosts_at(&crowded, index)->vlan_group, POOL_NONE);
    assert_int_equal(hosts_at(&crowded, index)->as_group, POOL_NONE);
    assert_int_equal(hosts_at(&crowded, index)->country_group, POOL_NONE);
    hosts_learn_os(&crowded, index, "Linux");
    assert_int_equal(hosts_at(&crowded, index)->os_group, POOL_NONE);
    hosts_set_device(&crowded, index, 3); /* nobody keeps devices: no effect */
    assert_int_equal(hosts_at(&crowded, index)->device, POOL_NONE);
    assert_int_equal(hosts_expire(&crowded, NOW_S + 60, 99), 1);
    hosts_clear(&crowded);
    groups_clear(&none);
}

/* A flood of random sources: bounded, the busy host survives. */
static void a_flood_spares_the_busy(void **state)
{
    uint32_t busy = get("10.0.0.9", NOW_S);

    (void)state;
    hosts_flow_begins(&hosts, busy, WAY_SENT);
    for (uint32_t i = 0; i < 10000; i++) {
        struct addr addr = addr_numbered(i + 1000);

        hosts_get(&hosts, &addr, 0, NOW_S);
        assert_true(hosts.pool.count <= CAP);
    }
    assert_int_equal(find("10.0.0.9"), busy);
    assert_int_equal(hosts.evicted, 10000 - (CAP - 1));
    assert_int_equal(hosts.local, CAP);
}

static void visits_each_host(void **state)
{
    uint32_t cursor = 0;
    unsigned sum = 0;
    uint32_t index;

    (void)state;
    for (unsigned i = 1; i <= 5; i++)
        get_remote(i, NOW_S);
    while ((index = hosts_next(&hosts, &cursor)) != POOL_NONE)
        sum += hosts_at(&hosts, index)->addr.bytes[15];
    assert_int_equal(sum, 15);
}

#define HOSTS_TEST(name) \
    cmocka_unit_test_setup_teardown(name, make_hosts, clear_hosts)

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOSTS_TEST(address_and_vlan_make_a_host),
        HOSTS_TEST(vlans_do_not_cancel_addresses),
        HOSTS_TEST(addresses_tell_what_a_host_is),
        HOSTS_TEST(places_come_from_the_locator),
        HOSTS_TEST(vlans_are_groups),
        HOSTS_TEST(the_idlest_makes_room),
        HOSTS_TEST(the_idlest_may_be_local),
        HOSTS_TEST(hosts_with_flows_stay),
        HOSTS_TEST(flows_are_counted_by_role),
        HOSTS_TEST(waking_saves_from_eviction),
        HOSTS_TEST(remote_hosts_are_forgotten_sooner),
        HOSTS_TEST(expiry_keeps_to_its_budget),
        HOSTS_TEST(a_clock_set_back_is_lived_through),
        HOSTS_TEST(a_clock_set_back_delays_all_hosts_at_once),
        HOSTS_TEST(the_operating_system_is_a_group),
        HOSTS_TEST(a_host_holds_its_device),
        HOSTS_TEST(forgetting_gives_back_all_parts),
        HOSTS_TEST(full_groups_leave_hosts_without),
        HOSTS_TEST(a_flood_spares_the_busy),
        HOSTS_TEST(visits_each_host),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
