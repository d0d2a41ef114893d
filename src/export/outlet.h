/* outlet: one -F, with its filter, queue and sink. SPDX-License-Identifier:
 * MIT */
#ifndef KELVIN_EXPORT_OUTLET_H
#define KELVIN_EXPORT_OUTLET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/model/engine.h"
#include "core/model/flow_filter.h"
#include "core/run/loop.h"
#include "core/run/prefs.h"
#include "core/run/privileges.h"
#include "core/util/strbuf.h"
#include "export/exporter.h"
#include "export/syncer.h"

/*
 *   outlet = outlet_new(spec, error);
 *   outlet_open(outlet, engine, owner, error);
 *   outlet_start(outlet, &host);         once the loop is there
 *   outlet_put(outlet, json, len, now_s);
 *   outlet_work(outlet);                 while it says so
 *   outlet_tick(outlet, now_us, now_s);  each second
 *   outlet_drain(outlet, &patience);     at the end
 *   outlet_free(outlet);
 */
struct outlet;

struct outlet_host {
    struct loop *loop;
    const struct engine *engine;
    const struct prefs *prefs; /* or NULL */
    const char *data_dir;
    struct syncer *syncer;
    void (*wake)(void *arg); /* outlet_work() has something to do */
    void *arg;
};

/* How long targets are waited for. */
struct outlet_patience {
    bool (*is_over)(void *arg); /* NULL: never */
    void *arg;
    bool is_hurried; /* it is over */
};

/* Understand the spec; open nothing. @return NULL with one line in the error.
 */
struct outlet *outlet_new(const char *text, struct strbuf *error);

/* @return false with one line in the error. */
bool outlet_open(struct outlet *outlet, const struct engine *engine,
                 const struct privileges_user *owner, struct strbuf *error);
void outlet_start(struct outlet *outlet, const struct outlet_host *host);

/* Open its file again. @return false with the reason. */
bool outlet_reopen(struct outlet *outlet, struct strbuf *error);

/* Frees it, and what it could not deliver stays in the spool. NULL is fine. */
void outlet_free(struct outlet *outlet);

/* The spec without secrets. Valid as long as the outlet. */
const char *outlet_name(const struct outlet *outlet);

/* Whether it wants this flow; counts those that it does not. */
bool outlet_wants(struct outlet *outlet, const struct iface *iface,
                  const struct flow *flow);

/* @param patience of one who waits for room; NULL: nobody waits. */
void outlet_put(struct outlet *outlet, const char *json, size_t len,
                uint32_t now_s, struct outlet_patience *patience);

/* Hand over what waits, some of it. @return whether there is more to do. */
bool outlet_work(struct outlet *outlet);

/* @return whether outlet_work() has more to do. */
bool outlet_tick(struct outlet *outlet, int64_t now_us, uint32_t now_s);

/* True when it has much because its target is slow. */
bool outlet_must_wait(struct outlet *outlet);

/* Hand over all, as far as patience goes; save the rest to disk.
 * @return false when the target does not have all. */
bool outlet_drain(struct outlet *outlet, struct outlet_patience *patience);

void outlet_counters(const struct outlet *outlet,
                     struct exporter_counters *out);

/* Whether the target has failed for some seconds; and whether the spool is
 * nearly full. */
bool outlet_is_down(const struct outlet *outlet);
bool outlet_is_filling(const struct outlet *outlet);

/* Add what the other side is or said, where it says anything. */
void outlet_answer(const struct outlet *outlet, struct strbuf *out);

#endif
