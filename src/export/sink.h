/* sink: where flow records go. SPDX-License-Identifier: MIT */
#ifndef KELVIN_EXPORT_SINK_H
#define KELVIN_EXPORT_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/model/engine.h"
#include "core/run/loop.h"
#include "core/run/prefs.h"
#include "core/run/privileges.h"
#include "core/util/strbuf.h"
#include "export/spec.h"

/* One record as record.h makes it, and behind it a newline that `len` does
 * not count: for lines, the framing is there. */
struct sink_record {
    const char *json;
    size_t len;
};

/* What became of records that a sink had taken, since it was last asked. The
 * oldest ones are exported first, then rejected, then lost. */
struct sink_status {
    uint64_t exported; /* the target has them */
    uint64_t rejected; /* the target does not want them, now or ever */
    uint64_t lost;     /* given up */
    uint64_t bytes;    /* that went to the target */
    bool again;        /* offer all again that it took and that are not
                          counted above: the connection broke */
    bool is_moving;    /* what it holds is on its way to a target that takes
                          it */
    bool is_slow;      /* it holds much because the target takes little */
    bool is_trying;    /* failing, but that may change any moment */
    bool is_failing;   /* the target refuses; a line in the log says why */
};

/* What a sink may use once the loop is there; outlives it. */
struct sink_host {
    struct loop *loop;
    const char *name; /* of this sink, as logs show it */
    const struct engine *engine;
    const struct prefs *prefs; /* NULL: as they are by default */
    /* Something has changed: ask me what became of my records, and offer me
     * more. It only makes a note of it. */
    void (*wake)(void *arg);
    void *arg;
};

/*
 * A kind of sink, made from one -F. It takes records in order, holds them
 * within bounds of its own until its target has them, and never waits unless
 * it is told to. What it does not take stays with the caller.
 */
struct sink_kind {
    const char *name;   /* the first word of the spec */
    const char *form;   /* the whole spec, for messages */
    uint8_t fields_min; /* that the spec has behind the name */
    uint8_t fields_max;
    uint32_t secrets; /* bits of the fields that nobody is to see */

    /* Read the spec, which is freed afterwards. Opens nothing.
     * @return the sink, or NULL with the reason in `error`. */
    void *(*parse)(struct spec *spec, struct strbuf *error);

    /* Open the target, or open it again under its name (log rotation), and
     * then keep the old one if that fails. Files that are made belong to
     * `owner`; NULL: to this process. May be NULL.
     * @return false with the reason in `error`. */
    bool (*open)(void *sink, const struct privileges_user *owner,
                 struct strbuf *error);

    /* Whether records that its target does not take now are to wait on disk,
     * for the next run if need be. Once it is open. NULL: yes. */
    bool (*is_lasting)(const void *sink);

    /* The loop begins. NULL: it needs none. */
    void (*start)(void *sink, const struct sink_host *host);

    /* @return how many it took, from the first on; it copies them. */
    size_t (*offer)(void *sink, const struct sink_record *records,
                    size_t count);

    /* The program ends: try at once what would be tried later. May be NULL. */
    void (*hurry)(void *sink);

    /* Nothing more will be offered: make sure that the target has all. May be
     * NULL. */
    void (*finish)(void *sink);

    /* Move on what it holds, wait up to `wait_ms` milliseconds for a target
     * that is not ready (those that have `start` do not wait), and fill
     * `status`. */
    void (*acknowledge)(void *sink, int wait_ms, struct sink_status *status);

    /* Add what the other side is or said last. May be NULL. */
    void (*answer)(const void *sink, struct strbuf *out);

    /* Free it, started, open or not. What it still holds is lost. */
    void (*close)(void *sink, struct sink_status *status);
};

/* The kinds. */
const struct sink_kind *sink_file(void);
const struct sink_kind *sink_logstash(void);
const struct sink_kind *sink_syslog(void);
const struct sink_kind *sink_es(void);
const struct sink_kind *sink_mysql(void);

#endif
