/* test_signals: when they may come. SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/run/signals.h"

static volatile sig_atomic_t seen;

static void see(int number)
{
    seen = number;
}

static int listen_to_all(void **state)
{
    static const int numbers[] = {SIGHUP, SIGUSR1, SIGINT, SIGTERM};

    (void)state;
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        signal(numbers[i], see);
    signals_release();
    seen = 0;
    return 0;
}

static void what_is_held_comes_later(void **state)
{
    (void)state;
    signals_hold(SIGNALS_ASK);
    raise(SIGHUP);
    raise(SIGHUP);
    assert_int_equal(seen, 0);
    raise(SIGTERM);
    assert_int_equal(seen, SIGTERM);
    signals_release();
    assert_int_equal(seen, SIGHUP);
}

static void ends_are_asked_for(void **state)
{
    (void)state;
    signals_hold(SIGNALS_ALL);
    assert_false(signals_ask_end());
    raise(SIGTERM);
    raise(SIGINT);
    assert_true(signals_ask_end());
    assert_false(signals_ask_end());
    raise(SIGUSR1);
    assert_false(signals_ask_end());
    assert_int_equal(seen, 0);
    signals_release();
    assert_int_equal(seen, SIGUSR1);
}

static void what_a_parent_blocked_is_released(void **state)
{
    sigset_t blocked;

    (void)state;
    sigfillset(&blocked);
    sigprocmask(SIG_BLOCK, &blocked, NULL);
    raise(SIGTERM);
    assert_int_equal(seen, 0);
    signals_release();
    assert_int_equal(seen, SIGTERM);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(what_is_held_comes_later, listen_to_all),
        cmocka_unit_test_setup(ends_are_asked_for, listen_to_all),
        cmocka_unit_test_setup(what_a_parent_blocked_is_released,
                               listen_to_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
