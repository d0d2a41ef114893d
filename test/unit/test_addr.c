/* test_addr: addresses and their text. SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "core/packet/addr.h"

static struct addr addr_of(const char *text)
{
    struct addr addr;

    assert_true(addr_parse(text, &addr));
    return addr;
}

static void addresses_are_written_as_rfc_5952_says(void **state)
{
    static const char *const rows[][2] = {
        {"0.0.0.0", "0.0.0.0"},
        {"1.22.133.255", "1.22.133.255"},
        {"255.255.255.255", "255.255.255.255"},
        {"::ffff:10.1.2.3", "10.1.2.3"},
        {"::", "::"},
        {"::1", "::1"},
        {"2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
        {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
        {"fe80:0000::00ab", "fe80::ab"},
        {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
         "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
    };
    (void)state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct addr addr = addr_of(rows[i][0]);
        char text[ADDR_TEXT_SIZE];

        assert_string_equal(addr_format(&addr, text), rows[i][1]);
    }
}

static void bad_addresses_are_refused(void **state)
{
    static const char *const rows[] = {
        "",          "1",         "1.2.3",     "1.2.3.4.5",
        "1.2.3.256", "01.2.3.4x", "1.2.3.4/8", ":",
        ":::",       "1::2::3",   "12345::",   "fe80::1%lo",
        "::g",       "1.2.3.4 ",  " 1.2.3.4",  "host",
    };
    (void)state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct addr addr;

        assert_false(addr_parse(rows[i], &addr));
    }
}

struct kinds {
    const char *text;
    bool v4, zero, multicast, broadcast, loopback, is_private;
};

static void addresses_are_told_apart(void **state)
{
    static const struct kinds rows[] = {
        {"0.0.0.0", .v4 = true, .zero = true},
        {"::", .zero = true},
        {"8.8.8.8", .v4 = true},
        {.text = "2001:db8::1"},
        {"223.255.255.255", .v4 = true},
        {"224.0.0.0", .v4 = true, .multicast = true},
        {"239.255.255.255", .v4 = true, .multicast = true},
        {"240.0.0.0", .v4 = true},
        {"255.255.255.255", .v4 = true, .broadcast = true},
        {"ff02::1", .multicast = true},
        {.text = "fe00::1"},
        {"127.0.0.1", .v4 = true, .loopback = true, .is_private = true},
        {"127.255.255.255", .v4 = true, .loopback = true, .is_private = true},
        {"128.0.0.1", .v4 = true},
        {"::1", .loopback = true, .is_private = true},
        {.text = "::2"},
        {"10.0.0.0", .v4 = true, .is_private = true},
        {"11.0.0.0", .v4 = true},
        {"172.15.255.255", .v4 = true},
        {"172.16.0.0", .v4 = true, .is_private = true},
        {"172.31.255.255", .v4 = true, .is_private = true},
        {"172.32.0.0", .v4 = true},
        {"192.168.0.0", .v4 = true, .is_private = true},
        {"192.169.0.0", .v4 = true},
        {"169.254.1.1", .v4 = true, .is_private = true},
        {"169.255.0.0", .v4 = true},
        {"100.63.255.255", .v4 = true},
        {"100.64.0.0", .v4 = true, .is_private = true},
        {"100.127.255.255", .v4 = true, .is_private = true},
        {"100.128.0.0", .v4 = true},
        {"fc00::", .is_private = true},
        {"fdff::1", .is_private = true},
        {"fe80::1", .is_private = true},
        {"febf::1", .is_private = true},
        {.text = "fec0::1"},
    };
    (void)state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct kinds *row = &rows[i];
        struct addr addr = addr_of(row->text);

        assert_int_equal(addr_is_v4(&addr), row->v4);
        assert_int_equal(addr_is_zero(&addr), row->zero);
        assert_int_equal(addr_is_multicast(&addr), row->multicast);
        assert_int_equal(addr_is_broadcast(&addr), row->broadcast);
        assert_int_equal(addr_is_loopback(&addr), row->loopback);
        assert_int_equal(addr_is_private(&addr), row->is_private);
    }
}

static void addresses_have_the_order_of_their_bytes(void **state)
{
    static const char *const ordered[] = {
        "::", "::1", "0.0.0.0", "10.0.0.1", "10.0.0.2", "10.0.1.0", "2001::",
    };
    const size_t count = sizeof(ordered) / sizeof(ordered[0]);
    (void)state;

    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < count; j++) {
            struct addr a = addr_of(ordered[i]);
            struct addr b = addr_of(ordered[j]);
            int order = addr_compare(&a, &b);

            assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
            assert_int_equal(addr_equal(&a, &b), i == j);
        }
    }
}

static void macs_are_read_and_written(void **state)
{
    static const char *const bad[] = {
        "",
        "00",
        "00:11:22:33:44",
        "00:11:22:33:44:5",
        "00:11:22:33:44:55:",
        "00:11:22:33:44:55:66",
        "0:11:22:33:44:55",
        "00.11.22.33.44.55",
        "00:11:22:33:44:5g",
        "001122334455",
    };
    uint8_t mac[MAC_SIZE] = {0};
    char text[MAC_TEXT_SIZE];
    (void)state;

    assert_true(mac_is_zero(mac));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(mac_parse(bad[i], mac));
    assert_true(mac_is_zero(mac));
    assert_true(mac_parse("0a:1B-2c:3d:4e:fF", mac));
    assert_string_equal(mac_format(mac, text), "0A:1B:2C:3D:4E:FF");
    assert_false(mac_is_group(mac));
    assert_true(mac_parse("ff:ff:ff:ff:ff:ff", mac));
    assert_true(mac_is_group(mac));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_written_as_rfc_5952_says),
        cmocka_unit_test(bad_addresses_are_refused),
        cmocka_unit_test(addresses_are_told_apart),
        cmocka_unit_test(addresses_have_the_order_of_their_bytes),
        cmocka_unit_test(macs_are_read_and_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
