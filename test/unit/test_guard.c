/* test_guard: delays for guessers. SPDX-License-Identifier: MIT */
#include "http/guard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define SECOND INT64_C(1000000)

static struct addr addr_of(const char *text)
{
    struct addr addr;

    assert_true(addr_parse(text, &addr));
    return addr;
}

static void delays_grow(void **state)
{
    static const int waits[] = {0,  0,  0,  0,   0,   1,   2,   4,  8,
                                16, 32, 64, 128, 256, 512, 900, 900};
    struct guard *guard = guard_new();
    struct addr addr = addr_of("192.0.2.1");
    int64_t now = 1000 * SECOND;

    (void)state;
    for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
        assert_int_equal(guard_try(guard, &addr, "ann", now), waits[i]);
        now += waits[i] * SECOND;
        if (waits[i] > 0) {
            assert_int_equal(guard_try(guard, &addr, "ann", now - 1), 1);
            assert_int_equal(guard_try(guard, &addr, "ann", now), 0);
        }
    }
    now += GUARD_FORGET_S * SECOND;
    assert_int_equal(guard_try(guard, &addr, "ann", now), 0);
    assert_int_equal(guard_try(guard, &addr, "ann", now), 0);
    guard_free(guard);
}

static void right_ones_do_not_count(void **state)
{
    struct guard *guard = guard_new();
    struct addr addr = addr_of("2001:db8::1");

    (void)state;
    for (unsigned i = 0; i < 100; i++) {
        assert_int_equal(guard_try(guard, &addr, "ann", SECOND), 0);
        guard_pass(guard, &addr, "ann", i % 2 == 0);
    }
    guard_free(guard);
}

static void owner_is_not_locked_out(void **state)
{
    struct guard *guard = guard_new();
    struct addr owner = addr_of("192.0.2.200");
    char text[ADDR_TEXT_SIZE];
    struct addr addr;

    (void)state;
    for (unsigned i = 0; i < 100; i++) {
        snprintf(text, sizeof(text), "198.51.100.%u", i);
        addr = addr_of(text);
        assert_int_equal(guard_try(guard, &addr, "ann", SECOND), 0);
    }
    /* The user is being guessed: one attempt each. */
    assert_int_equal(guard_try(guard, &addr, "ann", SECOND), 1);
    assert_int_equal(guard_try(guard, &owner, "ann", SECOND), 0);
    guard_free(guard);
}

static void addresses_are_limited(void **state)
{
    struct guard *guard = guard_new();
    struct addr addr = addr_of("2001:db8::1");
    struct addr same = addr_of("2001:db8::ffff");
    struct addr other = addr_of("2001:db8:0:1::1");
    char user[16];
    int wait = 0;

    (void)state;
    for (unsigned i = 0; i <= 4 * GUARD_FREE; i++) {
        snprintf(user, sizeof(user), "user%u", i);
        wait = guard_try(guard, &addr, user, SECOND);
        assert_int_equal(wait > 0, i == 4 * GUARD_FREE);
    }
    assert_true(guard_try(guard, &same, "ann", SECOND) > 0);
    assert_int_equal(guard_try(guard, &other, "ann", SECOND), 0);
    guard_free(guard);
}

static void tables_of_guard_are_bounded(void **state)
{
    struct guard *guard = guard_new();
    char user[16];

    (void)state;
    for (unsigned i = 0; i < 100000; i++) {
        uint32_t number = i;
        struct addr addr = addr_from_v4(&number);

        snprintf(user, sizeof(user), "user%u", i);
        assert_int_equal(guard_try(guard, &addr, user, i), 0);
    }
    guard_free(guard);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(delays_grow),
        cmocka_unit_test(right_ones_do_not_count),
        cmocka_unit_test(owner_is_not_locked_out),
        cmocka_unit_test(addresses_are_limited),
        cmocka_unit_test(tables_of_guard_are_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
