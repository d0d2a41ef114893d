/* exporter: flows that end, to all sinks. SPDX-License-Identifier: MIT */
#include "export/exporter.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "core/util/log.h"
#include "core/util/mem.h"
#include "export/record.h"
#include "export/sink.h"

/* How long a patient exporter waits for a target that takes nothing. */
#define PATIENCE_ROUNDS 50
#define ROUND_MS 100
/* Records that a sink may hold before it is asked whether it is slow. */
#define FEW_RECORDS 64

/* Every kind of sink: one row each. */
static const struct sink_kind *(*const kinds[])(void) = {
    sink_file,
};

/* Kinds that the command line promises, for a better message. */
static const char *const later_kinds[] = {
    "logstash", "es", "mysql", "clickhouse", "kafka", "syslog", "ipfix",
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct export_sink {
    const struct sink_kind *kind;
    void *state;
    char *spec;
    struct exporter_counters counters;
    uint64_t dropped_told; /* of those dropped, told in the log */
    bool is_dropping;      /* records are refused now */
    bool is_given_up;      /* it was waited for in vain */
    bool is_slow;          /* as it was last asked */
    bool is_failing;
};

struct exporter {
    struct observer observer;
    struct recorder *recorder;
    bool is_patient;
    bool (*is_over)(void *arg); /* patience; NULL: never */
    void *is_over_arg;
    bool is_hurried; /* it is over */
    size_t count;
    struct export_sink sinks[];
};

/* Specs */

static const struct sink_kind *find_kind(const char *name, size_t len)
{
    for (size_t i = 0; i < COUNT(kinds); i++) {
        const struct sink_kind *kind = kinds[i]();

        if (strlen(kind->name) == len && memcmp(kind->name, name, len) == 0)
            return kind;
    }
    return NULL;
}

/* Tells the kind alone: the rest of an unknown spec may be a password. */
static void tell_unknown_kind(const char *name, size_t len,
                              struct strbuf *error)
{
    for (size_t i = 0; i < COUNT(later_kinds); i++)
        if (strlen(later_kinds[i]) == len &&
            memcmp(later_kinds[i], name, len) == 0) {
            strbuf_printf(error, "-F %s: not in this version", later_kinds[i]);
            return;
        }
    strbuf_printf(error, "-F %.*s: no such kind of export, there is:", (int)len,
                  name);
    for (size_t i = 0; i < COUNT(kinds); i++)
        strbuf_printf(error, " \"%s\"", kinds[i]()->form);
}

/* Two sinks on one file would mix their lines. */
static bool is_repeated(const char *const *specs, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (strcmp(specs[k], specs[i]) == 0)
            return true;
    return false;
}

/* Make the sink of a spec, not open yet.
 * @return false with one line in `error`; there is nothing to close then. */
static bool parse_sink(struct export_sink *sink, const char *const *specs,
                       size_t i, struct strbuf *error)
{
    size_t len = strcspn(specs[i], ";");
    struct strbuf why;

    *sink = (struct export_sink){.kind = find_kind(specs[i], len)};
    if (sink->kind == NULL) {
        tell_unknown_kind(specs[i], len, error);
        return false;
    }
    strbuf_init(&why, error->limit);
    if (is_repeated(specs, i))
        strbuf_puts(&why, "given twice");
    else if (specs[i][len] == '\0')
        strbuf_printf(&why, "must be like \"%s\"", sink->kind->form);
    else
        sink->state = sink->kind->parse(specs[i] + len + 1, &why);
    if (sink->state == NULL)
        strbuf_printf(error, "-F %s: %s", specs[i], why.text);
    strbuf_free(&why);
    return sink->state != NULL;
}

bool exporter_check(const char *const *specs, size_t count,
                    struct strbuf *error)
{
    for (size_t i = 0; i < count; i++) {
        struct export_sink sink;
        struct sink_status status;

        if (!parse_sink(&sink, specs, i, error))
            return false;
        sink.kind->close(sink.state, &status);
    }
    return true;
}

static bool add_sink(struct exporter *exporter, const char *const *specs,
                     size_t i, const struct privileges_user *owner,
                     struct strbuf *error)
{
    struct export_sink *sink = &exporter->sinks[exporter->count];
    struct strbuf why;
    bool is_open;

    if (!parse_sink(sink, specs, i, error))
        return false;
    sink->spec = mem_strdup(specs[i]);
    exporter->count++;
    strbuf_init(&why, error->limit);
    is_open = sink->kind->open(sink->state, owner, &why);
    if (!is_open)
        strbuf_printf(error, "-F %s: %s", specs[i], why.text);
    strbuf_free(&why);
    return is_open;
}

/* Records */

/* Let the sink work, and count what became of what it took. */
static void settle(struct export_sink *sink, int wait_ms)
{
    struct exporter_counters *counters = &sink->counters;
    struct sink_status status;

    sink->kind->acknowledge(sink->state, wait_ms, &status);
    counters->exported += status.exported;
    counters->lost += status.lost;
    counters->bytes += status.bytes;
    counters->queued -= status.exported + status.lost;
    sink->is_slow = status.is_slow;
    sink->is_failing = status.is_failing;
}

static uint64_t dropped(const struct export_sink *sink)
{
    return sink->counters.refused + sink->counters.lost;
}

/* One line when an outage ends, or the program. */
static void tell_dropped(struct export_sink *sink)
{
    uint64_t count = dropped(sink) - sink->dropped_told;

    if (count != 0)
        log_warnx("export", "%s: records dropped: %" PRIu64, sink->spec, count);
    sink->dropped_told += count;
}

/* Wait until the sink's target takes something.
 * @return false when there is no hope, now or for good. */
static bool wait_for(struct exporter *exporter, struct export_sink *sink)
{
    uint64_t bytes = sink->counters.bytes;

    for (int i = 0; i < PATIENCE_ROUNDS && !sink->is_given_up; i++) {
        settle(sink, exporter->is_hurried ? 0 : ROUND_MS);
        if (sink->is_failing)
            return false;
        if (exporter->is_over != NULL && !exporter->is_hurried)
            exporter->is_hurried = exporter->is_over(exporter->is_over_arg);
        if (exporter->is_hurried && sink->is_slow)
            break;
        if (sink->counters.bytes != bytes || sink->counters.queued == 0)
            return true;
    }
    sink->is_given_up = true;
    return false;
}

static void refuse(struct export_sink *sink)
{
    sink->counters.refused++;
    if (sink->is_dropping)
        return;
    sink->is_dropping = true;
    settle(sink, 0);
    if (!sink->is_failing)
        log_warnx("export", "%s: too slow, records are dropped", sink->spec);
}

static void offer(struct exporter *exporter, struct export_sink *sink,
                  const struct sink_record *record)
{
    size_t taken = sink->kind->offer(sink->state, record, 1);

    sink->counters.records++;
    while (taken == 0 && exporter->is_patient && wait_for(exporter, sink))
        taken = sink->kind->offer(sink->state, record, 1);
    if (taken != 0)
        sink->counters.queued++;
    else
        refuse(sink);
}

static void export_flow(void *arg, const struct iface *iface,
                        const struct flow *flow, const struct flow_mark *mark,
                        bool is_partial)
{
    struct exporter *exporter = arg;
    struct sink_record record;

    (void)is_partial;
    if (exporter->count == 0)
        return;
    record.json =
        recorder_write(exporter->recorder, iface, flow, mark, &record.len);
    for (size_t i = 0; i < exporter->count; i++)
        offer(exporter, &exporter->sinks[i], &record);
}

/* Life */

struct exporter *exporter_new(const char *const *specs, size_t count,
                              const struct engine *engine,
                              const struct privileges_user *owner,
                              struct strbuf *error)
{
    struct exporter *exporter =
        mem_calloc(1, sizeof(*exporter) + count * sizeof(exporter->sinks[0]));
    struct hash_key nonce;

    exporter->observer = (struct observer){
        .flow_record = export_flow,
        .arg = exporter,
    };
    if (getrandom(&nonce, sizeof(nonce), 0) != (ssize_t)sizeof(nonce)) {
        strbuf_printf(error, "no random numbers: %s", strerror(errno));
        goto free_exporter;
    }
    exporter->recorder = recorder_new(engine, &nonce);
    for (size_t i = 0; i < count; i++) {
        if (!add_sink(exporter, specs, i, owner, error))
            goto free_exporter;
    }
    return exporter;
free_exporter:
    exporter_free(exporter);
    return NULL;
}

static void drain(struct exporter *exporter, struct export_sink *sink)
{
    while (sink->counters.queued != 0 && wait_for(exporter, sink))
        continue;
}

static void close_sink(struct exporter *exporter, struct export_sink *sink)
{
    struct sink_status status;

    drain(exporter, sink);
    sink->kind->close(sink->state, &status);
    sink->counters.lost += status.lost;
    tell_dropped(sink);
    free(sink->spec);
}

void exporter_free(struct exporter *exporter)
{
    if (exporter == NULL)
        return;
    for (size_t i = 0; i < exporter->count; i++)
        close_sink(exporter, &exporter->sinks[i]);
    recorder_free(exporter->recorder);
    free(exporter);
}

const struct observer *exporter_observer(const struct exporter *exporter)
{
    return &exporter->observer;
}

void exporter_flush(struct exporter *exporter)
{
    for (size_t i = 0; i < exporter->count; i++) {
        struct export_sink *sink = &exporter->sinks[i];

        settle(sink, 0);
        if (sink->is_slow || sink->is_failing)
            continue;
        sink->is_dropping = false;
        tell_dropped(sink);
    }
}

bool exporter_must_wait(struct exporter *exporter)
{
    bool is_slow = false;

    for (size_t i = 0; i < exporter->count; i++) {
        struct export_sink *sink = &exporter->sinks[i];

        if (sink->counters.queued < FEW_RECORDS)
            continue;
        settle(sink, sink->is_slow ? 1 : 0);
        is_slow |= sink->is_slow;
    }
    return is_slow;
}

void exporter_be_patient(struct exporter *exporter, bool (*is_over)(void *arg),
                         void *arg)
{
    exporter->is_patient = true;
    exporter->is_over = is_over;
    exporter->is_over_arg = arg;
}

bool exporter_finish(struct exporter *exporter)
{
    bool is_complete = true;

    for (size_t i = 0; i < exporter->count; i++) {
        struct export_sink *sink = &exporter->sinks[i];

        drain(exporter, sink);
        is_complete &= sink->counters.exported == sink->counters.records;
    }
    return is_complete;
}

void exporter_reopen(struct exporter *exporter)
{
    for (size_t i = 0; i < exporter->count; i++) {
        struct export_sink *sink = &exporter->sinks[i];
        struct strbuf error;

        strbuf_init(&error, 1024);
        settle(sink, 0);
        if (!sink->kind->open(sink->state, NULL, &error))
            log_warnx("export", "%s: %s", sink->spec, error.text);
        strbuf_free(&error);
    }
}

size_t exporter_sinks(const struct exporter *exporter)
{
    return exporter->count;
}

const char *exporter_spec(const struct exporter *exporter, size_t sink)
{
    return exporter->sinks[sink].spec;
}

const struct exporter_counters *
exporter_counters(const struct exporter *exporter, size_t sink)
{
    return &exporter->sinks[sink].counters;
}
