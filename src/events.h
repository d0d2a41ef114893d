/* events: what moves the running program. SPDX-License-Identifier: MIT */
#ifndef KELVIN_EVENTS_H
#define KELVIN_EVENTS_H

#include <stdbool.h>

struct app;

/* Everything is open: from here on signals, seconds, packets and scripts do
 * what is to be done, as soon as the loop runs. */
void events_start(struct app *app);

/* The loop has ended: bring what came so far to its end, each flow to its
 * record. @return false when records were dropped. */
bool events_finish(struct app *app);

/* The report of SIGUSR1 and of the end: to standard error or, in the
 * background, to the log. Waits up to `wait_ms` for a reader who takes
 * nothing. */
void events_report(const struct app *app, int wait_ms);

#endif
