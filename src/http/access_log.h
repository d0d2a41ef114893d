/* access_log: who asked for what. SPDX-License-Identifier: MIT */
#ifndef KELVIN_HTTP_ACCESS_LOG_H
#define KELVIN_HTTP_ACCESS_LOG_H

#include "core/packet/addr.h"
#include "core/run/loop.h"
#include "core/run/prefs.h"
#include "http/counters.h"
#include "http/request.h"

/*
 * A line for each answer in the common log format of web servers, for those
 * who count or ban by it:
 *
 *   10.0.0.1 - admin [24/Nov/2026:18:20:07 +0000] "GET /a?b HTTP/1.1" 200 512
 *
 * Values of a query that may be secrets are "*"; what could be taken for
 * something else by a terminal or a parser is \xHH. Lines are written once a
 * second, and wait where that does not work: up to ACCESS_LOG_HELD bytes, what
 * is more is counted as lost.
 */
struct access_log;

#define ACCESS_LOG_HELD ((size_t)1 << 20)

/*
 * The log of --access-log, or with `path` NULL ntopng_access.log in the data
 * directory as long as the preference enable_access_log says so. It is opened
 * when there is something to write. All are borrowed; `prefs` may be NULL.
 */
struct access_log *access_log_new(struct loop *loop, const struct prefs *prefs,
                                  const char *path, const char *data_dir,
                                  struct server_counters *counters);

/* Write what waits, and close. NULL is fine. */
void access_log_free(struct access_log *log);

/* Close the file: the next line opens one of that name again. NULL is fine. */
void access_log_reopen(struct access_log *log);

/* An answer is over: its status, and how many bytes of its body were sent.
 * NULL is fine here and below. */
void access_log_answer(struct access_log *log, const struct request *request,
                       int status, uint64_t bytes);

/* What came was refused before it was a request. */
void access_log_refusal(struct access_log *log, const struct addr *peer,
                        int status);

#endif
