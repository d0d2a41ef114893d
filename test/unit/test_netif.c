/* test_netif: routes as text, and this machine. SPDX-License-Identifier: MIT */
#include "core/run/netif.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HEADER                                                                \
    "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\t" \
    "Window\tIRTT                                                       \n"

/* A table, and the interface and metric of its default route. */
struct route_case {
    const char *text;
    const char *name;
    int64_t metric;
};

static void the_default_route_of_ipv4(void **state)
{
    static const struct route_case cases[] = {
        {HEADER
         "eth0\t00000000\t0100A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n"
         "eth0\t0000A8C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0\n",
         "eth0", 100},
        /* Two: the lower metric wins, wherever it stands. */
        {HEADER
         "wlan0\t00000000\t0100A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0\n"
         "eth0\t00000000\t0100A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n",
         "eth0", 100},
        /* Equal: the first, as the kernel does. */
        {HEADER "a\t00000000\t0100A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
                "b\t00000000\t0100A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n",
         "a", 0},
        /* 0.0.0.0/1 of a VPN is not the default route. */
        {HEADER "tun0\t00000000\t0100A8C0\t0003\t0\t0\t0\t00000080\t0\t0\t0\n",
         "", -1},
        /* Down, and a reject route. */
        {HEADER "eth0\t00000000\t0100A8C0\t0002\t0\t0\t0\t00000000\t0\t0\t0\n"
                "*\t00000000\t00000000\t0201\t0\t0\t0\t00000000\t0\t0\t0\n",
         "", -1},
        {HEADER, "", -1},
        {"", "", -1},
        {"\n\n\n", "", -1},
        {"eth0", "", -1},
        {"eth0\tzz\tzz\tzz", "", -1},
        /* Without the newline at the end; a name of the full length. */
        {HEADER "abcdefghijklmno\t00000000\t0\t0003\t0\t0\t5\t00000000",
         "abcdefghijklmno", 5},
        {HEADER "abcdefghijklmnopqr\t00000000\t0\t0003\t0\t0\t5\t00000000", "",
         -1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        char name[NETIF_NAME_SIZE] = "unset";

        assert_int_equal(netif_default_v4(cases[i].text, name),
                         cases[i].metric);
        assert_string_equal(name, cases[i].name);
    }
}

#define ZEROS "00000000000000000000000000000000"
#define ROUTER "fe800000000000000000000000000001"

static void the_default_route_of_ipv6(void **state)
{
    static const struct route_case cases[] = {
        {ZEROS " 00 " ZEROS " 00 " ROUTER
               " 00000400 00000001 00000000 00450003     eth0\n"
               "20010db8000000000000000000000000 40 " ZEROS " 00 " ZEROS
               " 00000100 00000001 00000000 00000001     eth1\n",
         "eth0", 1024},
        /* What the kernel shows on lo without any route: a reject route. */
        {ZEROS " 00 " ZEROS " 00 " ZEROS
               " ffffffff 00000001 00000000 00200200       lo\n",
         "", -1},
        /* ::/1 */
        {ZEROS " 01 " ZEROS " 00 " ROUTER
               " 00000400 00000001 00000000 00000003     tun0\n",
         "", -1},
        {ZEROS " 00 " ZEROS, "", -1},
        {"", "", -1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        char name[NETIF_NAME_SIZE] = "unset";

        assert_int_equal(netif_default_v6(cases[i].text, name),
                         cases[i].metric);
        assert_string_equal(name, cases[i].name);
    }
}

static void loopback_is_known(void **state)
{
    struct netif_info info;
    char names[1024];

    (void)state;
    assert_true(netif_query("lo", &info));
    assert_true(info.loopback);
    assert_true(info.index > 0);
    assert_true(info.mtu >= 1280);
    assert_true(mac_is_zero(info.mac));
    assert_non_null(strstr(netif_names(names, sizeof(names)), "lo"));
}

static void what_is_no_interface_is_refused(void **state)
{
    static const char *const names[] = {
        "", "no-such-if0", "../lo", "lo/", "a-name-longer-than-they-may-be",
    };
    struct netif_info info;

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        assert_false(netif_query(names[i], &info));
}

static void names_are_cut_whole(void **state)
{
    char all[1024], some[8];

    (void)state;
    netif_names(all, sizeof(all));
    netif_names(some, sizeof(some));
    assert_true(strlen(some) < sizeof(some));
    assert_memory_equal(all, some, strlen(some));
    assert_true(all[strlen(some)] == ',' || all[strlen(some)] == '\0');
}

static void addresses_of_loopback(void **state)
{
    struct netif_addr *list;
    struct netif_info info;
    bool found = false;
    int count;

    (void)state;
    assert_true(netif_query("lo", &info));
    if (!info.up)
        skip(); /* a bare network namespace */
    count = netif_addrs("lo", &list);
    for (int i = 0; i < count; i++) {
        static const uint8_t localhost[] = {127, 0, 0, 1};
        struct addr want = addr_from_v4(localhost);

        assert_string_equal(list[i].name, "lo");
        if (addr_equal(&list[i].addr, &want)) {
            assert_int_equal(list[i].prefix, 8);
            found = true;
        }
    }
    free(list);
    assert_true(found);
}

static void addresses_of_all_contain_those_of_one(void **state)
{
    struct netif_addr *all, *one;
    int all_count = netif_addrs(NULL, &all);
    int one_count = netif_addrs("lo", &one);

    (void)state;
    assert_true(all_count >= one_count);
    assert_true(one_count >= 0);
    for (int i = 0; i < all_count; i++)
        assert_true(all[i].prefix <= 128);
    free(all);
    free(one);
    assert_int_equal(netif_addrs("no-such-if0", &one), 0);
    free(one);
}

static void the_default_interface_exists(void **state)
{
    char name[NETIF_NAME_SIZE];
    struct netif_info info;

    (void)state;
    if (!netif_default(name)) {
        assert_string_equal(name, "");
        skip(); /* no network here */
    }
    assert_true(netif_query(name, &info));
    assert_true(info.up);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_default_route_of_ipv4),
        cmocka_unit_test(the_default_route_of_ipv6),
        cmocka_unit_test(loopback_is_known),
        cmocka_unit_test(what_is_no_interface_is_refused),
        cmocka_unit_test(names_are_cut_whole),
        cmocka_unit_test(addresses_of_loopback),
        cmocka_unit_test(addresses_of_all_contain_those_of_one),
        cmocka_unit_test(the_default_interface_exists),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
