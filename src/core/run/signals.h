/* signals: when they may come. SPDX-License-Identifier: MIT */
#ifndef KELVIN_RUN_SIGNALS_H
#define KELVIN_RUN_SIGNALS_H

#include <stdbool.h>

/*
 * The loop has handlers for SIGHUP, SIGUSR1, SIGINT and SIGTERM, but there is
 * a time before and after it:
 *
 *   signals_hold(SIGNALS_ASK)    first of all: they would end the program
 *   signals_hold(SIGNALS_ALL)    once there is something to leave in order
 *   ... loop_on_signal() ...
 *   signals_release()
 *   loop_run()
 *   signals_hold(SIGNALS_ALL)
 *   signals_ask_end()            from time to time
 */
enum signals_set {
    SIGNALS_ASK, /* SIGHUP, SIGUSR1 */
    SIGNALS_ALL  /* SIGINT and SIGTERM, too */
};

/* Let them wait until signals_release(). */
void signals_hold(enum signals_set set);

/* Let all signals through, whatever the parent process had blocked. */
void signals_release(void);

/* True when SIGINT or SIGTERM came since it was last asked, while held. */
bool signals_ask_end(void);

#endif
