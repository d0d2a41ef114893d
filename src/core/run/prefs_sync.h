/* prefs_sync: preferences as Redis has them. SPDX-License-Identifier: MIT */
#ifndef KELVIN_RUN_PREFS_SYNC_H
#define KELVIN_RUN_PREFS_SYNC_H

#include "core/run/loop.h"
#include "core/run/prefs.h"
#include "core/run/store.h"

/*
 * Reads them when Redis becomes ready, and each that is changed there, by
 * keyspace events, which it turns on beside those that are on. Where CONFIG
 * is refused, or events do not come, it asks for all once a second; and every
 * ten seconds in any case, as some changes make no event (FLUSHALL, or when
 * somebody turned them off).
 */
struct prefs_sync;

/* Begin; NULL when the store is off. Both must outlive it. */
struct prefs_sync *prefs_sync_start(struct loop *loop, struct store *store,
                                    struct prefs *prefs);

/* Stop, after store_drain(); NULL is fine. */
void prefs_sync_stop(struct prefs_sync *sync);

#endif
