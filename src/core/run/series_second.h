/* series_second: what each interface did in each second.
 * SPDX-License-Identifier: MIT */
#ifndef KELVIN_RUN_SERIES_SECOND_H
#define KELVIN_RUN_SERIES_SECOND_H

#include "core/model/engine.h"
#include "core/run/prefs.h"
#include "core/run/series.h"
#include "core/run/store.h"

/*
 * NUMBER/rrd/bytes.rrd, packets.rrd and drops.rrd, as ntopng's second.lua
 * wrote them. A capture of a day has 86,400 seconds, which would be as many
 * runs of a script; all that is written less often is written by scripts.
 */
struct series_second;

/* All must outlive it; `store` may be NULL. */
struct series_second *series_second_new(struct series *series,
                                        const struct prefs *prefs,
                                        const struct store *store);
void series_second_free(struct series_second *second); /* NULL is fine */

/* For engine_observe(). */
const struct observer *
series_second_observer(const struct series_second *second);

#endif
