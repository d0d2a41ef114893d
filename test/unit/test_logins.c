/* test_logins: who is known, and until when. SPDX-License-Identifier: MIT */
#include "http/logins.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define HOUR_US ((int64_t)3600 * 1000000)
#define ID "0123456789abcdef0123456789abcdef"

static struct user *alice;
static struct user *bob;

static const uint8_t *key_of(unsigned number)
{
    static uint8_t key[LOGIN_KEY_SIZE];

    memset(key, 0, sizeof(key));
    memcpy(key, &number, sizeof(number));
    return key;
}

static int begin(void **state)
{
    const struct user_values values = {.group = "unprivileged"};

    *state = logins_new();
    alice = user_new("alice", "x", &values);
    bob = user_new("bob", "x", &values);
    return 0;
}

static int end(void **state)
{
    logins_free(*state);
    user_release(alice);
    user_release(bob);
    return 0;
}

static void add(struct logins *logins, unsigned key, const struct user *user,
                int64_t now_us, int64_t deadline_us)
{
    logins_add(logins, key_of(key), ID, user, now_us, deadline_us);
}

static void who_is_idle_is_forgotten(void **state)
{
    struct logins *logins = *state;

    logins_let_idle(logins, 12 * HOUR_US);
    add(logins, 1, alice, 0, 1000 * HOUR_US);
    add(logins, 2, bob, 0, 1000 * HOUR_US);
    /* Use keeps one alive. */
    for (int i = 1; i <= 11; i++)
        assert_non_null(logins_find(logins, key_of(1), i * HOUR_US));
    assert_null(logins_find(logins, key_of(2), 13 * HOUR_US));
    assert_non_null(logins_find(logins, key_of(1), 22 * HOUR_US));
    assert_int_equal(logins_count(logins), 1);
}

static void an_end_comes_however_busy_one_is(void **state)
{
    struct logins *logins = *state;

    logins_let_idle(logins, 12 * HOUR_US);
    add(logins, 1, alice, 0, 168 * HOUR_US);
    for (int i = 1; i < 168; i++)
        assert_non_null(logins_find(logins, key_of(1), i * HOUR_US));
    assert_null(logins_find(logins, key_of(1), 168 * HOUR_US));
}

static void idling_may_be_allowed(void **state)
{
    struct logins *logins = *state;

    add(logins, 1, alice, 0, 168 * HOUR_US);
    assert_non_null(logins_find(logins, key_of(1), 167 * HOUR_US));
    assert_null(logins_find(logins, key_of(1), 169 * HOUR_US));
}

static void the_least_used_make_room(void **state)
{
    struct logins *logins = *state;

    for (unsigned i = 0; i < LOGINS_MAX; i++)
        add(logins, i, alice, 0, HOUR_US);
    assert_non_null(logins_find(logins, key_of(0), 1));
    for (unsigned i = 0; i < 10; i++)
        add(logins, LOGINS_MAX + i, bob, 1, HOUR_US);
    assert_int_equal(logins_count(logins), LOGINS_MAX);
    assert_non_null(logins_find(logins, key_of(0), 2));
    assert_null(logins_find(logins, key_of(1), 2));
    assert_null(logins_find(logins, key_of(10), 2));
    assert_non_null(logins_find(logins, key_of(11), 2));
}

static void count_drop(void *arg, const struct login *login)
{
    assert_string_equal(login->user->name, "alice");
    ++*(unsigned *)arg;
}

static void a_user_is_dropped_everywhere(void **state)
{
    struct logins *logins = *state;
    unsigned dropped = 0;

    for (unsigned i = 0; i < 10; i++)
        add(logins, i, i % 2 == 0 ? alice : bob, 0, HOUR_US);
    logins_drop_user(logins, "alice", count_drop, &dropped);
    assert_int_equal(dropped, 5);
    assert_int_equal(logins_count(logins), 5);
    for (unsigned i = 0; i < 10; i++)
        assert_int_equal(logins_find(logins, key_of(i), 1) != NULL, i % 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(who_is_idle_is_forgotten),
        TEST(an_end_comes_however_busy_one_is),
        TEST(idling_may_be_allowed),
        TEST(the_least_used_make_room),
        TEST(a_user_is_dropped_everywhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
