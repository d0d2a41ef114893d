/* syslogger: lines for syslog beside the log. SPDX-License-Identifier: MIT */
#ifndef KELVIN_RUN_SYSLOGGER_H
#define KELVIN_RUN_SYSLOGGER_H

#include <stdint.h>

/* Sends without waiting; what syslog does not take at once is lost, and
 * counted. */
struct syslogger;

/* `path` is the daemon's socket, NULL: /dev/log; copied. */
struct syslogger *syslogger_new(const char *path);
void syslogger_free(struct syslogger *syslogger); /* NULL is fine */

/* Send one line of at most 1 KiB with a priority of syslog(3). Control
 * characters and broken UTF-8 become '?'. */
void syslogger_send(struct syslogger *syslogger, int priority,
                    const char *text);

uint64_t syslogger_lost(const struct syslogger *syslogger);

#endif
