/* sink: where flow records go. SPDX-License-Identifier: MIT */
#ifndef KELVIN_EXPORT_SINK_H
#define KELVIN_EXPORT_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/run/privileges.h"
#include "core/util/strbuf.h"

/* One record as record.h makes it; framing is the sink's business. */
struct sink_record {
    const char *json;
    size_t len;
};

/* What became of records that a sink had taken, since it was last asked. */
struct sink_status {
    uint64_t exported; /* the target has them */
    uint64_t lost;     /* given up */
    uint64_t bytes;    /* that went to the target */
    bool is_slow;      /* it holds much because the target takes little */
    bool is_failing;   /* the target refuses; a line in the log says why */
};

/*
 * A kind of sink, made from one -F. It takes records in order, holds them
 * within bounds of its own until its target has them, and never waits unless
 * it is told to. What it does not take stays with the caller.
 */
struct sink_kind {
    const char *name; /* the first word of the spec */
    const char *form; /* the whole spec, for messages */

    /* Read what comes after "NAME;". Opens nothing.
     * @return the sink, or NULL with the reason in `error`. */
    void *(*parse)(const char *target, struct strbuf *error);

    /* Open the target, or open it again under its name (log rotation), and
     * then keep the old one if that fails. Files that are made belong to
     * `owner`; NULL: to this process.
     * @return false with the reason in `error`. */
    bool (*open)(void *sink, const struct privileges_user *owner,
                 struct strbuf *error);

    /* @return how many it took, from the first on; it copies them. */
    size_t (*offer)(void *sink, const struct sink_record *records,
                    size_t count);

    /* Move on what it holds, wait up to `wait_ms` milliseconds for a target
     * that is not ready, and fill `status`. */
    void (*acknowledge)(void *sink, int wait_ms, struct sink_status *status);

    /* Free it, open or not. What it still holds is lost. */
    void (*close)(void *sink, struct sink_status *status);
};

/* The kinds. */
const struct sink_kind *sink_file(void);

#endif
