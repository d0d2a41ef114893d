/* test_fmt: numbers as people read them. SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/util/fmt.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct scaled {
    uint64_t number;
    const char *expected;
};

static void bytes_have_three_digits(void **state)
{
    static const struct scaled rows[] = {
        {0, "0 B"},
        {1, "1 B"},
        {999, "999 B"},
        {1000, "1.00 kB"},
        {1204, "1.20 kB"},
        {1205, "1.21 kB"},
        {9994, "9.99 kB"},
        {9995, "10.0 kB"},
        {99949, "99.9 kB"},
        {99950, "100 kB"},
        {999499, "999 kB"},
        {999500, "1.00 MB"},
        {1000000, "1.00 MB"},
        {1200000000, "1.20 GB"},
        {999999999999, "1.00 TB"},
        {UINT64_MAX, "18.4 EB"},
    };
    char text[FMT_SIZE];

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_string_equal(fmt_bytes(rows[i].number, text), rows[i].expected);
}

static void counts_have_groups_of_three(void **state)
{
    static const struct scaled rows[] = {
        {0, "0"},
        {7, "7"},
        {999, "999"},
        {1000, "1,000"},
        {12345, "12,345"},
        {123456, "123,456"},
        {UINT64_MAX, "18,446,744,073,709,551,615"},
    };
    char text[FMT_SIZE];

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_string_equal(fmt_count(rows[i].number, text), rows[i].expected);
}

static void rates_may_be_anything(void **state)
{
    static const struct {
        double number;
        const char *expected;
    } rows[] = {
        {0, "0 bit/s"},           {-5, "0 bit/s"},
        {0.4, "0 bit/s"},         {0.6, "1 bit/s"},
        {1234, "1.23 kbit/s"},    {9.87e9, "9.87 Gbit/s"},
        {1e30, "1000000 Tbit/s"}, {__builtin_nan(""), "0 bit/s"},
    };
    char text[FMT_SIZE];

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_string_equal(fmt_bits_per_s(rows[i].number, text),
                            rows[i].expected);
}

static void shares_have_one_decimal(void **state)
{
    static const struct {
        uint64_t part;
        uint64_t whole;
        const char *expected;
    } rows[] = {
        {0, 0, "0 %"},
        {5, 0, "0 %"},
        {0, 8, "0 %"},
        {1, 8, "12.5 %"},
        {1, 3, "33.3 %"},
        {8, 8, "100 %"},
        {1, 100000, "0 %"},
        {9, 1000, "0.9 %"},
        {UINT64_MAX, UINT64_MAX, "100 %"},
    };
    char text[FMT_SIZE];

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_string_equal(fmt_share(rows[i].part, rows[i].whole, text),
                            rows[i].expected);
}

static void durations_change_units(void **state)
{
    static const struct {
        int64_t us;
        const char *expected;
    } rows[] = {
        {INT64_MIN, "0 us"},
        {-1, "0 us"},
        {0, "0 us"},
        {250, "250 us"},
        {1200, "1.20 ms"},
        {999999, "1.00 s"},
        {3100000, "3.10 s"},
        {59949999, "59.9 s"},
        {59950000, "1 min 0 s"},
        {192000000, "3 min 12 s"},
        {7500000000, "2 h 5 min"},
        {3599600000, "1 h 0 min"},
        {356400000000, "4 d 3 h"},
        {INT64_MAX, "106751991 d 4 h"},
    };
    char text[FMT_SIZE];

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_string_equal(fmt_duration(rows[i].us, text), rows[i].expected);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_have_three_digits),
        cmocka_unit_test(counts_have_groups_of_three),
        cmocka_unit_test(rates_may_be_anything),
        cmocka_unit_test(shares_have_one_decimal),
        cmocka_unit_test(durations_change_units),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
