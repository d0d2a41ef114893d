/* test_network: networks and who is in them. SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/model/network.h"

static struct addr addr_of(const char *text)
{
    struct addr addr;

    assert_true(addr_parse(text, &addr));
    return addr;
}

static struct networks *networks_of(const char *list)
{
    struct networks *networks = network_new();
    char error[128] = "";

    assert_true(network_parse(networks, list, error, sizeof(error)));
    return networks;
}

static int find(const struct networks *networks, const char *text)
{
    struct addr addr = addr_of(text);

    return network_find(networks, &addr);
}

static void longest_prefix_wins(void **state)
{
    struct networks *networks =
        networks_of("10.0.0.0/8,10.1.0.0/16,10.1.2.0/24,10.1.2.3/32,"
                    "2001:db8::/32,2001:db8:0:1::/64,10.255.255.0/24");

    (void)state;
    assert_int_equal(find(networks, "10.0.0.0"), 0);
    assert_int_equal(find(networks, "10.0.255.255"), 0);
    assert_int_equal(find(networks, "10.1.0.0"), 1);
    assert_int_equal(find(networks, "10.1.2.2"), 2);
    assert_int_equal(find(networks, "10.1.2.3"), 3);
    assert_int_equal(find(networks, "10.1.2.4"), 2);
    assert_int_equal(find(networks, "10.1.3.0"), 1);
    assert_int_equal(find(networks, "10.2.0.0"), 0);
    assert_int_equal(find(networks, "10.255.255.255"), 6);
    assert_int_equal(find(networks, "11.0.0.0"), -1);
    assert_int_equal(find(networks, "9.255.255.255"), -1);
    assert_int_equal(find(networks, "2001:db8:0:1::9"), 5);
    assert_int_equal(find(networks, "2001:db8:0:2::"), 4);
    assert_int_equal(find(networks, "2001:db9::"), -1);
    assert_int_equal(find(networks, "::"), -1);
    network_free(networks);
}

static void whole_families(void **state)
{
    struct networks *networks = networks_of("0.0.0.0/0");

    (void)state;
    assert_int_equal(find(networks, "255.255.255.255"), 0);
    assert_int_equal(find(networks, "2001:db8::"), -1);
    network_free(networks);
    networks = networks_of("::/0,ff00::/8");
    assert_int_equal(find(networks, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
                     1);
    assert_int_equal(find(networks, "10.1.1.1"), 0);
    network_free(networks);
}

static void texts_are_masked(void **state)
{
    struct networks *networks =
        networks_of("\" 192.168.1.77/24,10.1.2.3 ,, 172.16.9.9/255.240.0.0,"
                    "2001:DB8::1/32,192.168.1.0/24,fe80::1,\"");
    static const char *const want[] = {"192.168.1.0/24", "10.1.2.3/32",
                                       "172.16.0.0/12", "2001:db8::/32",
                                       "fe80::1/128"};

    (void)state;
    assert_int_equal(network_count(networks), 5);
    for (int i = 0; i < 5; i++)
        assert_string_equal(network_text(networks, i), want[i]);
    network_free(networks);
}

static void bad_items_are_named(void **state)
{
    static const char *const rows[][2] = {
        {"10.0.0.0/8,10.0.0/8", "\"10.0.0/8\" is not an IP address"},
        {"10.0.0.0/33", "\"10.0.0.0/33\" has no such prefix length"},
        {"10.0.0.0/", "\"10.0.0.0/\" has no such prefix length"},
        {"10.0.0.0/-1", "\"10.0.0.0/-1\" has no such prefix length"},
        {"10.0.0.0/8x", "\"10.0.0.0/8x\" has no such prefix length"},
        {"10.0.0.0/255.0.255.0",
         "\"10.0.0.0/255.0.255.0\" has no such prefix length"},
        {"10.0.0.0/4294967304",
         "\"10.0.0.0/4294967304\" has no such prefix length"},
        {"2001:db8::/129", "\"2001:db8::/129\" has no such prefix length"},
        {"2001:db8::/255.0.0.0",
         "\"2001:db8::/255.0.0.0\" has no such prefix length"},
        {"local", "\"local\" is not an IP address"},
        {"/8", "\"/8\" is not an IP address"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct networks *networks = networks_of("192.0.2.0/24");
        char error[128], want[128];

        assert_false(network_parse(networks, rows[i][0], error, sizeof(error)));
        snprintf(want, sizeof(want), "network %s", rows[i][1]);
        assert_string_equal(error, want);
        assert_int_equal(network_count(networks), 1);
        assert_int_equal(find(networks, "10.0.0.1"), -1);
        assert_int_equal(find(networks, "192.0.2.1"), 0);
        network_free(networks);
    }
}

static void long_items_are_cut_in_the_error(void **state)
{
    struct networks *networks = network_new();
    char list[1000], error[128];

    (void)state;
    memset(list, '1', sizeof(list) - 1);
    list[sizeof(list) - 1] = '\0';
    assert_false(network_parse(networks, list, error, sizeof(error)));
    assert_true(strlen(error) < 100);
    network_free(networks);
}

static void no_more_than_255(void **state)
{
    struct networks *networks = network_new();
    struct addr addr;
    char error[128];

    (void)state;
    for (unsigned i = 0; i < NETWORKS_MAX; i++) {
        addr = addr_from_v4((uint8_t[]){10, (uint8_t)i, 0, 0});
        assert_int_equal(network_add(networks, &addr, 16), i);
    }
    assert_int_equal(find(networks, "10.254.1.1"), 254);
    assert_int_equal(find(networks, "10.255.0.0"), -1);
    addr = addr_of("192.168.0.0");
    assert_int_equal(network_add(networks, &addr, 16), -1);
    addr = addr_of("10.7.0.0");
    assert_int_equal(network_add(networks, &addr, 16), 7);
    assert_false(
        network_parse(networks, "192.168.0.0/16", error, sizeof(error)));
    assert_non_null(strstr(error, "too many"));
    network_free(networks);
}

static void own_and_broadcast_addresses(void **state)
{
    struct networks *networks = networks_of(
        "192.168.0.0/16,192.168.255.0/24,10.0.0.0/31,2001:db8::/32");
    static const struct {
        const char *addr;
        bool is;
    } rows[] = {
        {"192.168.255.255", true},
        {"255.255.255.255", true},
        {"192.168.1.255", true},
        {"192.168.2.255", false},
        {"10.0.0.1", false},
        {"8.8.8.255", false},
        {"2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", false},
    };
    struct addr addr = addr_of("192.168.1.255");

    (void)state;
    network_add_broadcast(networks, &addr);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        addr = addr_of(rows[i].addr);
        assert_int_equal(network_is_broadcast(networks, &addr), rows[i].is);
    }
    for (unsigned i = 0; i < 100; i++) {
        addr = addr_from_v4((uint8_t[]){10, 0, 0, (uint8_t)(i * 37)});
        network_add_own(networks, &addr);
        network_add_own(networks, &addr);
    }
    for (unsigned i = 0; i < 100; i++) {
        addr = addr_from_v4((uint8_t[]){10, 0, 0, (uint8_t)(i * 37)});
        assert_true(network_is_own(networks, &addr));
    }
    addr = addr_of("10.0.1.0");
    assert_false(network_is_own(networks, &addr));
    network_free(networks);
}

static void private_ranges(void **state)
{
    struct networks *networks = network_new();

    (void)state;
    assert_int_equal(find(networks, "10.1.1.1"), -1);
    network_add_private(networks);
    assert_string_equal(network_text(networks, find(networks, "172.31.0.1")),
                        "172.16.0.0/12");
    assert_true(find(networks, "fe80::1") >= 0);
    assert_int_equal(find(networks, "8.8.8.8"), -1);
    network_free(networks);
}

#define RANDOM_NETS 60

struct net {
    uint32_t addr;
    unsigned bits;
};

static struct addr addr_of_number(uint32_t number)
{
    return addr_from_v4((uint8_t[]){(uint8_t)(number >> 24),
                                    (uint8_t)(number >> 16),
                                    (uint8_t)(number >> 8), (uint8_t)number});
}

static void nets_add(struct networks *networks, struct net *nets)
{
    for (int i = 0; i < RANDOM_NETS; i++) {
        uint32_t number = 0x0a000000 | ((uint32_t)rand() & 0x303ff);
        struct addr addr = addr_of_number(number);

        nets[i].bits = 8 + (unsigned)rand() % 25;
        nets[i].addr = number & ~0u << (32 - nets[i].bits);
        network_add(networks, &addr, nets[i].bits);
    }
}

/* The text of the longest network by trying all, "" if there is none. */
static void text_expect(const struct net *nets, uint32_t number,
                        char text[NETWORK_TEXT_SIZE])
{
    const struct net *best = NULL;
    char best_text[ADDR_TEXT_SIZE];
    struct addr addr;

    for (const struct net *net = nets; net < nets + RANDOM_NETS; net++)
        if ((number & ~0u << (32 - net->bits)) == net->addr &&
            (!best || net->bits > best->bits))
            best = net;
    text[0] = '\0';
    if (!best)
        return;
    addr = addr_of_number(best->addr);
    snprintf(text, NETWORK_TEXT_SIZE, "%s/%u", addr_format(&addr, best_text),
             best->bits);
}

static void bisection_agrees_with_trying_all(void **state)
{
    (void)state;
    srand(1);
    for (int round = 0; round < 20; round++) {
        struct networks *networks = network_new();
        struct net nets[RANDOM_NETS];

        nets_add(networks, nets);
        for (uint32_t number = 0x0a000000; number < 0x0a040400; number += 3) {
            struct addr addr = addr_of_number(number);
            int index = network_find(networks, &addr);
            char want[NETWORK_TEXT_SIZE];

            text_expect(nets, number, want);
            assert_string_equal(index < 0 ? "" : network_text(networks, index),
                                want);
        }
        network_free(networks);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(longest_prefix_wins),
        cmocka_unit_test(whole_families),
        cmocka_unit_test(texts_are_masked),
        cmocka_unit_test(bad_items_are_named),
        cmocka_unit_test(long_items_are_cut_in_the_error),
        cmocka_unit_test(no_more_than_255),
        cmocka_unit_test(own_and_broadcast_addresses),
        cmocka_unit_test(private_ranges),
        cmocka_unit_test(bisection_agrees_with_trying_all),
    };

    return cmocka_run_group_tests_name("network", tests, NULL, NULL);
}
