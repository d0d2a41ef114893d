/* exporter: flows that end, to all sinks. SPDX-License-Identifier: MIT */
#ifndef KELVIN_EXPORT_EXPORTER_H
#define KELVIN_EXPORT_EXPORTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/model/engine.h"
#include "core/run/alerts.h"
#include "core/run/loop.h"
#include "core/run/prefs.h"
#include "core/run/privileges.h"
#include "core/util/strbuf.h"

/*
 * Makes one record of each flow that an engine tells of, and offers it to
 * every sink of -F.
 *
 *   exporter = exporter_new(specs, count, engine, owner, error);
 *   engine_observe(engine, exporter_observer(exporter));
 *   exporter_start(exporter, ...)      once the loop is there
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

/*
 * The loop is there, privileges are dropped: connect, and take what earlier
 * runs could not hand over from the data directory. Without it only files
 * are written, and nothing is kept on disk.
 * @param alerts gets those of sinks that are down; NULL: nobody does.
 * @param prefs how long databases keep records; NULL: as by default.
 */
void exporter_start(struct exporter *exporter, struct loop *loop,
                    const char *data_dir, struct alerts *alerts,
                    const struct prefs *prefs);

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

/* Hand over what the sinks hold, waiting for slow targets; what they do not
 * take stays on disk. @return false when some target does not have all. */
bool exporter_finish(struct exporter *exporter);

/* Open all files again, as for log rotation. What fails is logged, and the
 * old one kept. */
void exporter_reopen(struct exporter *exporter);

/* Flush, log what was lost, and free; after the engine, before the loop. NULL
 * is fine. */
void exporter_free(struct exporter *exporter);

/*
 * records == exported + queued + spooled + dropped, always; and dropped ==
 * refused + lost + rejected + expired + damaged.
 */
struct exporter_counters {
    uint64_t records;   /* for this sink, with those of the run before */
    uint64_t recovered; /* of the run before, found in the spool */
    uint64_t filtered;  /* not for this sink: its filter is against it */
    uint64_t exported;  /* its target has them */
    uint64_t queued;    /* in memory */
    uint64_t spooled;   /* on disk */
    uint64_t dropped;   /* altogether */
    uint64_t refused;   /* there was no room for them */
    uint64_t lost;      /* the sink had to give them up */
    uint64_t rejected;  /* the target does not want them */
    uint64_t expired;   /* the oldest of a full spool */
    uint64_t damaged;   /* the spool was damaged */
    uint64_t retried;   /* sent again, which is no loss */
    uint64_t bytes;     /* that went to the target */
    uint64_t memory;    /* bytes that those in memory take */
    uint64_t disk;      /* bytes that those on disk take */
    uint64_t lag_s;     /* how old the oldest is that waits */
    uint64_t failing;   /* 1: the target is away, or refuses */
};

size_t exporter_sinks(const struct exporter *exporter);

/* The spec of a sink, by index, without secrets; and its counters, up to the
 * last flush. */
const char *exporter_spec(const struct exporter *exporter, size_t sink);
void exporter_counters(const struct exporter *exporter, size_t sink,
                       struct exporter_counters *out);

/* Add what the other side is or said, where it says anything. */
void exporter_answer(const struct exporter *exporter, size_t sink,
                     struct strbuf *out);

#endif
