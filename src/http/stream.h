/* stream: events as they happen. SPDX-License-Identifier: MIT */
#ifndef KELVIN_HTTP_STREAM_H
#define KELVIN_HTTP_STREAM_H

#include "core/model/engine.h"
#include "core/run/alerts.h"
#include "core/run/loop.h"
#include "http/counters.h"
#include "http/response.h"

/*
 * Server-sent events (HTML standard, 9.2). Once a second each reader gets what
 * it subscribed to (stream_wish.h, stream_alerts.h), at first
 *
 *   event: throughput
 *   data: {"interfaces":[{"time":S,"ifid":0,"name":"eth0","bytes":N,
 *          "packets":N,"drops":N}]}                      (in one line)
 *
 * of the last whole second of the interfaces that its user may see. A reader
 * that is behind misses events; one that is behind for STREAM_PATIENCE seconds
 * is dropped, and the browser comes again by itself. So it does after
 * STREAM_LIFE_S, when it is asked again who it is. Without readers nothing
 * happens.
 */
struct streams;

#define STREAMS_MAX 600
#define STREAMS_OF_USER 32
#define STREAM_ROWS_MAX 10000 /* of all readers together */
#define STREAM_PATIENCE 15
#define STREAM_LIFE_S 120
#define STREAM_BEHIND 16384 /* bytes that wait */

/* `alerts` may be NULL. All are borrowed. */
struct streams *streams_new(struct loop *loop, const struct engine *engine,
                            struct alerts *alerts,
                            struct server_counters *counters);

/* After the server, which ends the clients; NULL is fine. */
void streams_free(struct streams *streams);

/* End those of a user, who is not, or not as such, logged in any more. */
void streams_end(struct streams *streams, const char *user);

/* The handler. */
void stream_page(struct response *response);

#endif
