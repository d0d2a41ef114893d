/* test_l4: names of IP protocols. SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/packet/l4.h"

/* All numbers have a name or themselves, and are found by it. */
static void names_lead_back(void **state)
{
    char text[L4_NAME_SIZE];

    (void)state;
    for (unsigned number = 0; number <= UINT8_MAX; number++)
        assert_int_equal(l4_number(l4_name((uint8_t)number, text)), number);
    assert_string_equal(l4_name(6, text), "TCP");
    assert_string_equal(l4_name(58, text), "ICMPv6");
    assert_string_equal(l4_name(250, text), "250");
}

static void reads_names_and_numbers(void **state)
{
    static const struct {
        const char *text;
        int number;
    } rows[] = {
        {"tcp", 6}, {"UDP", 17},  {"icmp", 1},
        {"0", 0},   {"255", 255}, {"256", -1},
        {"-1", -1}, {"", -1},     {"tcpx", -1},
        {"6 ", -1}, {" 6", -1},   {"6x", -1},
        {"+6", -1}, {"0x6", -1},  {"99999999999999999999", -1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(l4_number(rows[i].text), rows[i].number);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_lead_back),
        cmocka_unit_test(reads_names_and_numbers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
