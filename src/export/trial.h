/* trial: whether an export would work. SPDX-License-Identifier: MIT */
#ifndef KELVIN_EXPORT_TRIAL_H
#define KELVIN_EXPORT_TRIAL_H

#include <stdio.h>

/*
 * Send the record of a sample flow (a DNS query of 192.0.2.1, interface
 * "test-export") to the target of a spec, wait some seconds for it to have
 * arrived, and write one line that says so, with what the other side is or
 * answered. Why it has not is in the log, and in the line.
 * @return an exit status: 0, 1 it has not arrived, 2 the spec is not good,
 * which `errors` gets a line about.
 */
int trial_run(const char *spec, FILE *out, FILE *errors);

#endif
