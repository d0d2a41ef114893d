/* stream_alerts: what alerts there were in the last second.
 * SPDX-License-Identifier: MIT */
#ifndef KELVIN_HTTP_STREAM_ALERTS_H
#define KELVIN_HTTP_STREAM_ALERTS_H

#include "core/run/alerts.h"
#include "core/util/strbuf.h"
#include "lua/access.h"

/* Those of the running second are collected, while readers get those of the
 * one before; of both STREAM_ALERTS at most, what is more is counted. */
struct stream_alerts;

#define STREAM_ALERTS 64

struct stream_alerts *stream_alerts_new(void);
void stream_alerts_free(struct stream_alerts *alerts); /* NULL is fine */

void stream_alerts_take(struct stream_alerts *alerts,
                        const struct alert_news *news);

/* A second is over. */
void stream_alerts_turn(struct stream_alerts *alerts);

/*
 * Append an event for each that the user may see:
 *
 *   event: alert
 *   data: {"time":S,"ifid":N,"what":"begins","severity":"warning",
 *          "type":"...","entity":"10.0.0.1@0","text":"..."}
 *
 * and "missed" with a number where there were too many. Users with networks
 * of their own see what is about an interface or a host that they see.
 */
void stream_alerts_tell(const struct stream_alerts *alerts,
                        const struct lib_access *access, struct strbuf *out);

#endif
