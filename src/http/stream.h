/* stream: events as they happen. SPDX-License-Identifier: MIT */
#ifndef KELVIN_HTTP_STREAM_H
#define KELVIN_HTTP_STREAM_H

#include "core/model/engine.h"
#include "core/run/loop.h"
#include "http/counters.h"
#include "http/response.h"

/*
 * Server-sent events (HTML standard, 9.2). Once a second each client gets
 *
 *   event: throughput
 *   data: {"interfaces":[{"time":S,"ifid":0,"name":"eth0","bytes":N,
 *          "packets":N,"drops":N}]}                      (in one line)
 *
 * of the interface's last whole second. A client that is behind misses events;
 * one that is behind for STREAM_PATIENCE events is dropped, and the browser
 * comes again by itself. Without clients nothing happens.
 */
struct streams;

#define STREAMS_MAX 600
#define STREAM_PATIENCE 15
#define STREAM_BEHIND 16384 /* bytes that wait */

struct streams *streams_new(struct loop *loop, const struct engine *engine,
                            struct server_counters *counters);

/* After the server, which ends the clients; NULL is fine. */
void streams_free(struct streams *streams);

/* The handler. */
void stream_page(struct response *response);

#endif
