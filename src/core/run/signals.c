/* signals: when they may come. SPDX-License-Identifier: MIT */
#include "core/run/signals.h"

#include <signal.h>
#include <stddef.h>
#include <time.h>

static void add_ends(sigset_t *set)
{
    sigaddset(set, SIGINT);
    sigaddset(set, SIGTERM);
}

void signals_hold(enum signals_set set)
{
    sigset_t held;

    sigemptyset(&held);
    sigaddset(&held, SIGHUP);
    sigaddset(&held, SIGUSR1);
    if (set == SIGNALS_ALL)
        add_ends(&held);
    sigprocmask(SIG_BLOCK, &held, NULL);
}

void signals_release(void)
{
    sigset_t none;

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

bool signals_ask_end(void)
{
    const struct timespec now = {0};
    bool has_come = false;
    sigset_t ends;

    sigemptyset(&ends);
    add_ends(&ends);
    while (sigtimedwait(&ends, NULL, &now) > 0)
        has_come = true;
    return has_come;
}
