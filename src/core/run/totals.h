/* totals: what interfaces counted, over restarts. SPDX-License-Identifier: MIT
 */
#ifndef KELVIN_RUN_TOTALS_H
#define KELVIN_RUN_TOTALS_H

#include "core/model/engine.h"
#include "core/run/loop.h"
#include "core/run/store.h"

/*
 * The totals of each live interface are written to Redis every minute and at
 * the end, under `ntopng.serialized_ifaces.ifid_ID`; at the start what was
 * kept is what earlier runs counted (iface_remember()). It is a sum: so what
 * was not read is not written over.
 *
 * Counters must not jump under those who draw their growth. So what comes
 * later than TOTALS_LATE_US after totals_new(), from a Redis that was away,
 * is kept up, but not shown by this run; and whoever draws begins later.
 *
 *   totals = totals_new(loop, engine, store)
 *   totals_begin(totals)        once interfaces have their numbers
 *   totals_write(totals)        after the loop
 *   totals_free(totals)         before store and engine
 */
struct totals;

#define TOTALS_LATE_US 5000000

struct totals *totals_new(struct loop *loop, struct engine *engine,
                          struct store *store);
void totals_free(struct totals *totals); /* NULL is fine */

void totals_begin(struct totals *totals);

void totals_write(struct totals *totals);

#endif
