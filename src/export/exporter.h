/* exporter: flows that end, to all sinks. SPDX-License-Identifier: MIT */
#ifndef KELVIN_EXPORT_EXPORTER_H
#define KELVIN_EXPORT_EXPORTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/model/engine.h"
#include "core/run/privileges.h"
#include "core/util/strbuf.h"

/*
 * Makes one record of each flow that an engine tells of, and offers it to
 * every sink of -F.
 *
 *   exporter = exporter_new(specs, count, engine, owner, error);
 *   engine_observe(engine, exporter_observer(exporter));
 *   exporter_flush(exporter);          each second
 *   exporter_must_wait(exporter)       while true, read no files
 *   exporter_be_patient(exporter, ...) before the engine's last flush
 *   engine_flush(engine);
 *   exporter_finish(exporter);
 *   engine_free(engine);
 *   exporter_free(exporter);
 */
struct exporter;

/* Whether the specs can be understood; opens nothing.
 * @return false with one line in `error`. */
bool exporter_check(const char *const *specs, size_t count,
                    struct strbuf *error);

/*
 * Open the sinks, so call it before privileges are dropped; files that are
 * made belong to `owner` (NULL: to this process).
 * @return NULL with one line in `error`: a bad spec, or one that cannot be
 * opened. No specs at all are fine.
 */
struct exporter *exporter_new(const char *const *specs, size_t count,
                              const struct engine *engine,
                              const struct privileges_user *owner,
                              struct strbuf *error);

/* For engine_observe(). Lives as long as the exporter. */
const struct observer *exporter_observer(const struct exporter *exporter);

/* Move on what the sinks hold; never waits. */
void exporter_flush(struct exporter *exporter);

/* True when a sink is behind because its target is slow (a pipe into a slow
 * program): inputs that can wait, as files, should. Gives the target a
 * millisecond before it says so. */
bool exporter_must_wait(struct exporter *exporter);

/* The end is near: from now on a slow target is waited for, until it has
 * taken nothing for some seconds, rather than records dropped; or until
 * `is_over` says so, which is asked ten times a second (NULL: never). */
void exporter_be_patient(struct exporter *exporter, bool (*is_over)(void *arg),
                         void *arg);

/* Hand over what the sinks hold, waiting for slow targets.
 * @return false when records were dropped, now or ever. */
bool exporter_finish(struct exporter *exporter);

/* Open all files again, as for log rotation. What fails is logged, and the
 * old one kept. */
void exporter_reopen(struct exporter *exporter);

/* Flush, log what was lost, and free; after the engine. NULL is fine. */
void exporter_free(struct exporter *exporter);

/* records == exported + queued + refused + lost, always. */
struct exporter_counters {
    uint64_t records;  /* offered to this sink */
    uint64_t exported; /* its target has them */
    uint64_t queued;   /* the sink holds them */
    uint64_t refused;  /* dropped: the sink had no room for them */
    uint64_t lost;     /* dropped: the sink had to give them up */
    uint64_t bytes;    /* that went to the target */
};

size_t exporter_sinks(const struct exporter *exporter);

/* The spec of a sink, by index, and its counters up to the last flush. */
const char *exporter_spec(const struct exporter *exporter, size_t sink);
const struct exporter_counters *
exporter_counters(const struct exporter *exporter, size_t sink);

#endif
