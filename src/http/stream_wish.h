/* stream_wish: what a reader of the stream wants to hear.
 * SPDX-License-Identifier: MIT */
#ifndef KELVIN_HTTP_STREAM_WISH_H
#define KELVIN_HTTP_STREAM_WISH_H

#include "core/model/engine.h"
#include "core/util/json.h"
#include "core/util/strbuf.h"
#include "http/params.h"
#include "lua/access.h"

/*
 * The query of /stream:
 *
 *   topics=throughput,alerts     throughput alone where nothing is asked for
 *   flows=KEY,... hosts=KEY,...  changes of these, those of ifid=N (0 at first)
 *
 * Keys are those of the rows of get_flows_data and get_hosts_data; at most
 * STREAM_ROWS of both together.
 */
#define STREAM_ROWS 100

struct stream_row;

struct stream_wish {
    bool throughput;
    bool alerts;
    const struct iface *iface; /* of the rows */
    struct stream_row *rows;   /* flows, then hosts */
    unsigned flows;
    unsigned count;
};

/* @return false with a sentence in the error that names the parameter; give
 * it to stream_wish_free() in both cases. */
bool stream_wish_read(struct stream_wish *wish, const struct params *query,
                      const struct engine *engine,
                      const struct lib_access *access, struct strbuf *error);

void stream_wish_free(struct stream_wish *wish);

/*
 * Append the events about rows that changed since the last time:
 *
 *   event: flows
 *   data: {"time":S,"ifid":N,"rows":[{"key":K,"bytes":N, ...}],"gone":[K]}
 *
 * and the same of hosts. `json` is for use here.
 */
void stream_wish_tell(struct stream_wish *wish, const struct lib_access *access,
                      struct json *json, struct strbuf *out);

#endif
