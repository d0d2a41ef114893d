/* known_devices: MACs that are no news after a restart.
 * SPDX-License-Identifier: MIT */
#ifndef KELVIN_RUN_KNOWN_DEVICES_H
#define KELVIN_RUN_KNOWN_DEVICES_H

#include "core/model/engine.h"
#include "core/run/loop.h"
#include "core/run/store.h"

/*
 * The devices that live interfaces have seen sending, in the sorted sets
 * `ntopng.known_devices.ifid_ID`: members MAC@VLAN, by when they were last
 * noted (epoch seconds). At the start they are made known to the interface,
 * whose alerts then tell of others only (alert_detect.h). Of each interface
 * the KNOWN_DEVICES_MAX noted last are kept, and few are noted a second, so
 * that invented addresses cannot make it grow.
 *
 *   known = known_devices_new(loop, engine, store)
 *   engine_observe(engine, known_devices_observer(known))
 *   known_devices_begin(known)     once interfaces have their numbers
 *   known_devices_write(known)     after the loop
 *   known_devices_free(known)      before store and engine
 */
struct known_devices;

#define KNOWN_DEVICES_MAX 16384

struct known_devices *known_devices_new(struct loop *loop,
                                        struct engine *engine,
                                        struct store *store);
void known_devices_free(struct known_devices *known); /* NULL is fine */

const struct observer *
known_devices_observer(const struct known_devices *known);

/* Ask for those of earlier runs, page by page. */
void known_devices_begin(struct known_devices *known);

/* Note all that are there, so that they count as seen last. */
void known_devices_write(struct known_devices *known);

struct known_devices_counters {
    uint64_t read;
    uint64_t refused; /* members that are no MAC@VLAN */
    uint64_t noted;
    uint64_t left_out; /* too many at once */
};

const struct known_devices_counters *
known_devices_counters(const struct known_devices *known);

#endif
