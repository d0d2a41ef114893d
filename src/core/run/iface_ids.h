/* iface_ids: numbers of interfaces that last. SPDX-License-Identifier: MIT */
#ifndef KELVIN_RUN_IFACE_IDS_H
#define KELVIN_RUN_IFACE_IDS_H

#include <stdbool.h>

#include "core/model/engine.h"
#include "core/run/store.h"

/*
 * An interface has the same number in every run, as keys of Redis, folders of
 * time series and bookmarks name it by that: the hash `ntopng.prefs.iface_id`
 * keeps names by numbers and numbers by names. A new interface gets the
 * lowest number that is free. Until Redis has answered, and without it,
 * interfaces are numbered as they are named.
 *
 *   ids = iface_ids_new(store, engine, settled, arg);
 *   iface_ids_free(ids);          before the store
 */
struct iface_ids;

/* `settled` is called from the loop, once, when iface->ifid of every interface
 * is what it will be. */
struct iface_ids *iface_ids_new(struct store *store, struct engine *engine,
                                void (*settled)(void *arg), void *arg);
void iface_ids_free(struct iface_ids *ids); /* NULL is fine */

#endif
