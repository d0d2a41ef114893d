/* test_guard: delays for guessers, tables of logins.
 * SPDX-License-Identifier: MIT */
#include "http/guard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "http/logins.h"

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

static struct user *new_user(const char *name)
{
    static const struct user_values none;

    return user_new(name, "$y$", &none);
}

static void set_key(uint8_t key[LOGIN_KEY_SIZE], unsigned number)
{
    memset(key, 0, LOGIN_KEY_SIZE);
    memcpy(key, &number, sizeof(number));
}

static void logins_end(void **state)
{
    struct logins *logins = logins_new();
    struct user *user = new_user("ann");
    uint8_t key[LOGIN_KEY_SIZE];

    (void)state;
    logins_let_idle(logins, 10 * SECOND);
    set_key(key, 1);
    assert_null(logins_find(logins, key, 0));
    logins_add(logins, key, "id", user, 0, 25 * SECOND);
    assert_non_null(logins_find(logins, key, 9 * SECOND));
    assert_non_null(logins_find(logins, key, 18 * SECOND));
    assert_null(logins_find(logins, key, 25 * SECOND)); /* absolute */
    logins_add(logins, key, "id", user, 0, 25 * SECOND);
    assert_null(logins_find(logins, key, 10 * SECOND)); /* idle */
    assert_int_equal(logins_count(logins), 0);
    user_release(user);
    logins_free(logins);
}

static void logins_are_bounded(void **state)
{
    struct logins *logins = logins_new();
    struct user *ann = new_user("ann");
    struct user *bob = new_user("bob");
    uint8_t key[LOGIN_KEY_SIZE];

    (void)state;
    for (unsigned i = 0; i < LOGINS_MAX; i++) {
        set_key(key, i);
        logins_add(logins, key, "", i % 2 == 0 ? ann : bob, i, INT64_MAX);
    }
    set_key(key, 0);
    assert_non_null(logins_find(logins, key, 5000)); /* used: not the oldest */
    set_key(key, LOGINS_MAX);
    logins_add(logins, key, "", ann, 5001, INT64_MAX);
    assert_int_equal(logins_count(logins), LOGINS_MAX);
    set_key(key, 0);
    assert_non_null(logins_find(logins, key, 5002));
    set_key(key, 1);
    assert_null(logins_find(logins, key, 5002));
    logins_drop_user(logins, "bob", NULL, NULL);
    assert_int_equal(logins_count(logins), LOGINS_MAX / 2 + 1);
    user_release(ann);
    user_release(bob);
    logins_free(logins);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(delays_grow),
        cmocka_unit_test(right_ones_do_not_count),
        cmocka_unit_test(owner_is_not_locked_out),
        cmocka_unit_test(addresses_are_limited),
        cmocka_unit_test(tables_of_guard_are_bounded),
        cmocka_unit_test(logins_end),
        cmocka_unit_test(logins_are_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
