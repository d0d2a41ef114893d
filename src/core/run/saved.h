/* saved: hosts and devices, kept over idleness and restarts.
 * SPDX-License-Identifier: MIT */
#ifndef KELVIN_RUN_SAVED_H
#define KELVIN_RUN_SAVED_H

#include "core/model/engine.h"
#include "core/run/loop.h"
#include "core/run/options.h"
#include "core/run/prefs.h"
#include "core/run/store.h"

/*
 * A host or device (that was seen sending) of a live interface is written to
 * Redis when it is forgotten, every hour if so preferred, and at the end; when
 * it is seen again what was kept is added to it. Local hosts and devices are
 * kept unless a preference says otherwise, remote hosts by -D. Keys are
 * `ntopng.serialized_hosts.ifid_ID__ADDRESS@VLAN` and
 * `ntopng.serialized_macs.ifid_ID__MAC@VLAN`. What was never asked for, as
 * Redis was away, is not written over.
 *
 * Those of capture files are not kept: read twice, they would count twice.
 *
 *   saved = saved_new(loop, engine, store, prefs, which);
 *   engine_observe(engine, saved_observer(saved));
 *   saved_begin(saved);             once interfaces have their numbers
 *   saved_all(saved);               after the loop
 *   saved_free(saved);              before store and engine
 */
struct saved;

struct saved *saved_new(struct loop *loop, struct engine *engine,
                        struct store *store, const struct prefs *prefs,
                        enum options_hosts which);
void saved_free(struct saved *saved); /* NULL is fine */

const struct observer *saved_observer(const struct saved *saved);

/* Keys are known from now on: ask for those that are there already. */
void saved_begin(struct saved *saved);

/* Write all that are kept, slice by slice, while the loop runs. @return false
 * when nothing can be written now. */
bool saved_write(struct saved *saved);

/* Under which key of Redis a host is kept. */
#define SAVED_KEY_SIZE 128
void saved_key(char key[SAVED_KEY_SIZE], const struct iface *iface,
               const struct addr *addr, uint16_t vlan);

/* Whether hosts with this address are kept at all. */
bool saved_keeps(const struct saved *saved, const struct iface *iface,
                 const struct addr *addr);

/* Take what is kept of a host, which is made if need be; nothing is added to
 * one that has it already. @return false when it cannot be read. */
bool saved_take(struct saved *saved, struct iface *iface,
                const struct addr *addr, uint16_t vlan, const char *text,
                size_t len);

/* Write all, waiting for Redis when it has much to do, at most for
 * `patience_us`. */
void saved_all(struct saved *saved, int64_t patience_us);

struct saved_counters {
    uint64_t written;
    uint64_t restored;
    uint64_t refused; /* what was found could not be read */
    uint64_t skipped; /* not written: what was kept before is not known */
};

const struct saved_counters *saved_counters(const struct saved *saved);

#endif
