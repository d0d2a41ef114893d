/* outlet: one -F, with its filter, queue and sink. SPDX-License-Identifier:
 * MIT */
#include "export/outlet.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/util/log.h"
#include "core/util/mem.h"
#include "export/queue.h"
#include "export/sink.h"
#include "export/spec.h"
#include "export/spool.h"

#define BATCH 64               /* records offered at once */
#define WORK_US 1000           /* that one turn of the loop gives an outlet */
#define DOWN_TICKS 5           /* failures of so many seconds are alerts */
#define PUTS 128               /* records after which the sink is asked */
#define FEW_RECORDS 64         /* not worth to ask whether it is slow */
#define MUCH_MEMORY (4u << 20) /* files wait for it to become less */
#define MEMORY_MAX (32u << 20)
#define MEMORY_MIN (4u << 20)
#define SPOOL_MAX (UINT64_C(1) << 30)
/* How long one waits for a target that takes nothing. */
#define PATIENCE_ROUNDS 250
#define ROUND_MS 20
#define FILTER_ERROR 512

/* Every kind of sink: one row each. */
static const struct sink_kind *(*const kinds[])(void) = {
    sink_file, sink_logstash, sink_syslog, sink_es, sink_mysql,
};

/* Kinds that the command line promises, for a better message. */
static const char *const later_kinds[] = {"clickhouse", "kafka", "ipfix"};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct outlet {
    const struct sink_kind *kind;
    void *sink;
    char *name;
    char *filter_text; /* or NULL */
    struct flow_filter *filter;
    struct queue *queue;
    struct outlet_host host;
    struct sink_host sink_host;
    struct sink_status status; /* the flags, as it was last asked */
    uint64_t spool_max;
    uint64_t memory_max;
    uint64_t identity; /* of the target, for its spool */
    uint64_t filtered;
    uint64_t bytes;
    uint64_t dropped_told; /* of those dropped, told in the log */
    uint32_t now_s;
    unsigned failing_ticks;
    unsigned puts;    /* since it was last asked */
    bool is_dropping; /* records are refused now */
    bool is_given_up; /* it was waited for in vain */
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

/* What tells this target from others: the same after a restart, whatever its
 * options and passwords are then (FNV-1a). */
static uint64_t identify(const struct outlet *outlet, const struct spec *spec)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < spec->count; i++) {
        const char *at =
            (outlet->kind->secrets >> i & 1) == 0 ? spec->fields[i] : "";

        do {
            hash = (hash ^ (unsigned char)*at) * UINT64_C(0x100000001b3);
        } while (*at++ != '\0');
    }
    return hash;
}

static bool read_spec(struct outlet *outlet, struct spec *spec,
                      struct strbuf *why)
{
    const char *unknown;

    if (spec->count < outlet->kind->fields_min) {
        strbuf_printf(why, "must be like \"%s\"", outlet->kind->form);
        return false;
    }
    if (!spec_size(spec, "spool", 0, UINT64_C(1) << 50, &outlet->spool_max,
                   why) ||
        !spec_size(spec, "memory", MEMORY_MIN, UINT64_C(1) << 40,
                   &outlet->memory_max, why))
        return false;
    if (spec_option(spec, "filter") != NULL)
        outlet->filter_text = mem_strdup(spec_option(spec, "filter"));
    outlet->identity = identify(outlet, spec);
    outlet->sink = outlet->kind->parse(spec, why);
    if (outlet->sink == NULL)
        return false;
    unknown = spec_unknown(spec);
    if (unknown != NULL)
        strbuf_printf(why, "there is no option %s", unknown);
    return unknown == NULL;
}

struct outlet *outlet_new(const char *text, struct strbuf *error)
{
    const struct sink_kind *kind = find_kind(text, strcspn(text, ";"));
    struct outlet *outlet;
    struct spec spec;
    struct strbuf why;
    bool is_good;

    if (kind == NULL) {
        tell_unknown_kind(text, strcspn(text, ";"), error);
        return NULL;
    }
    outlet = mem_calloc(1, sizeof(*outlet));
    outlet->kind = kind;
    outlet->spool_max = SPOOL_MAX;
    outlet->memory_max = MEMORY_MAX;
    outlet->name = spec_public(text, kind->secrets, kind->fields_min);
    strbuf_init(&why, error->limit);
    is_good =
        spec_parse(&spec, text, kind->fields_min, kind->fields_max, &why) &&
        read_spec(outlet, &spec, &why);
    spec_free(&spec);
    if (is_good) {
        outlet->queue = queue_new(outlet->memory_max);
    } else {
        strbuf_printf(error, "-F %s: %s", outlet->name, why.text);
        outlet_free(outlet);
        outlet = NULL;
    }
    strbuf_free(&why);
    return outlet;
}

bool outlet_open(struct outlet *outlet, const struct engine *engine,
                 const struct privileges_user *owner, struct strbuf *error)
{
    struct strbuf why;
    bool is_open = true;

    strbuf_init(&why, FILTER_ERROR);
    if (outlet->filter_text != NULL) {
        outlet->filter =
            flow_filter_new(outlet->filter_text, engine_dpi(engine), &why);
        is_open = outlet->filter != NULL;
    }
    if (is_open && outlet->kind->open != NULL)
        is_open = outlet->kind->open(outlet->sink, owner, &why);
    if (!is_open)
        strbuf_printf(error, "-F %s: %s", outlet->name, why.text);
    strbuf_free(&why);
    return is_open;
}

static void open_spool(struct outlet *outlet)
{
    struct spool_config config = {.max_bytes = outlet->spool_max,
                                  .syncer = outlet->host.syncer};
    struct spool *spool;
    struct strbuf path;
    struct strbuf error;

    if (outlet->spool_max == 0 || outlet->host.data_dir == NULL ||
        (outlet->kind->is_lasting != NULL &&
         !outlet->kind->is_lasting(outlet->sink)))
        return;
    strbuf_init(&path, 8192);
    strbuf_init(&error, 8192);
    strbuf_printf(&path, "%s/spool/%s-%016" PRIx64, outlet->host.data_dir,
                  outlet->kind->name, outlet->identity);
    config.directory = path.text;
    spool = spool_open(&config, &error);
    if (spool == NULL)
        log_warnx("export", "%s: nothing is kept on disk: %s", outlet->name,
                  error.text);
    else
        queue_use_spool(outlet->queue, spool);
    if (queue_counters(outlet->queue)->recovered > 0)
        log_notice("export", "%s: %" PRIu64 " records of an earlier run wait",
                   outlet->name, queue_counters(outlet->queue)->recovered);
    strbuf_free(&path);
    strbuf_free(&error);
}

void outlet_start(struct outlet *outlet, const struct outlet_host *host)
{
    outlet->host = *host;
    outlet->sink_host = (struct sink_host){
        .loop = host->loop,
        .name = outlet->name,
        .engine = host->engine,
        .prefs = host->prefs,
        .wake = host->wake,
        .arg = host->arg,
    };
    open_spool(outlet);
    if (outlet->kind->start != NULL)
        outlet->kind->start(outlet->sink, &outlet->sink_host);
}

/* Records */

static uint64_t count_dropped(const struct queue_counters *counters)
{
    uint64_t dropped = 0;

    for (unsigned fate = FATE_EXPORTED + 1; fate < FATES; fate++)
        dropped += counters->fate[fate];
    return dropped;
}

/* One line when an outage ends, or the program. */
static void tell_dropped(struct outlet *outlet)
{
    uint64_t dropped = count_dropped(queue_counters(outlet->queue));

    if (dropped != outlet->dropped_told)
        log_warnx("export", "%s: records dropped: %" PRIu64, outlet->name,
                  dropped - outlet->dropped_told);
    outlet->dropped_told = dropped;
}

/* Let the sink work, and count what became of what it took. */
static void settle(struct outlet *outlet, int wait_ms)
{
    struct sink_status *status = &outlet->status;

    outlet->kind->acknowledge(outlet->sink, wait_ms, status);
    outlet->bytes += status->bytes;
    queue_settle(outlet->queue, status->exported, FATE_EXPORTED);
    queue_settle(outlet->queue, status->rejected, FATE_REJECTED);
    queue_settle(outlet->queue, status->lost, FATE_LOST);
    if (status->again)
        queue_rewind(outlet->queue);
}

/* Offer what waits, for so long. @return whether there is more that it would
 * take. */
static bool pump(struct outlet *outlet, int64_t budget_us)
{
    struct loop *loop = outlet->host.loop;
    int64_t begin_us = loop != NULL ? loop_spent_us(loop) : 0;
    struct sink_record records[BATCH];
    size_t count;

    while ((count = queue_peek(outlet->queue, records, BATCH)) > 0) {
        size_t taken = outlet->kind->offer(outlet->sink, records, count);

        queue_take(outlet->queue, taken);
        if (taken < count)
            return false;
        if (loop != NULL && loop_spent_us(loop) - begin_us > budget_us)
            return true;
    }
    return false;
}

bool outlet_work(struct outlet *outlet)
{
    outlet->puts = 0;
    settle(outlet, 0);
    return pump(outlet, WORK_US);
}

bool outlet_reopen(struct outlet *outlet, struct strbuf *error)
{
    if (outlet->kind->open == NULL)
        return true;
    (void)pump(outlet, INT64_MAX);
    settle(outlet, 0);
    return outlet->kind->open(outlet->sink, NULL, error);
}

bool outlet_wants(struct outlet *outlet, const struct iface *iface,
                  const struct flow *flow)
{
    if (outlet->filter == NULL ||
        flow_filter_matches(outlet->filter, iface, flow))
        return true;
    outlet->filtered++;
    return false;
}

/* The loop is over, but targets still answer. */
static void stop_loop(void *arg)
{
    struct loop *loop = arg;

    loop_stop(loop);
}

static void run_loop(struct loop *loop, int ms)
{
    struct loop_source *limit =
        loop_after(loop, (int64_t)ms * 1000, LOOP_PEER, stop_loop, loop);

    (void)loop_run(loop);
    loop_source_free(limit);
}

static bool is_empty(const struct outlet *outlet)
{
    const struct queue_counters *counters = queue_counters(outlet->queue);

    return counters->queued + counters->spooled == 0;
}

/* Let a target take something.
 * @return false when there is no hope, now or for good. */
static bool wait_for(struct outlet *outlet, struct outlet_patience *patience)
{
    const struct queue_counters *counters = queue_counters(outlet->queue);
    uint64_t exported = counters->fate[FATE_EXPORTED];
    uint64_t bytes = outlet->bytes;

    for (int i = 0; i < PATIENCE_ROUNDS && !outlet->is_given_up; i++) {
        int ms = patience->is_hurried ? 0 : ROUND_MS;

        if (outlet->kind->start != NULL && outlet->host.loop != NULL)
            run_loop(outlet->host.loop, ms);
        settle(outlet, ms);
        (void)pump(outlet, INT64_MAX);
        if (outlet->status.is_failing && !outlet->status.is_trying)
            return false;
        if (patience->is_over != NULL && !patience->is_hurried)
            patience->is_hurried = patience->is_over(patience->arg);
        if (patience->is_hurried && outlet->status.is_slow)
            break;
        if (outlet->bytes != bytes ||
            counters->fate[FATE_EXPORTED] != exported || is_empty(outlet))
            return true;
    }
    outlet->is_given_up = true;
    return false;
}

static void refuse(struct outlet *outlet)
{
    if (outlet->is_dropping)
        return;
    outlet->is_dropping = true;
    settle(outlet, 0);
    if (!outlet->status.is_failing)
        log_warnx("export", "%s: too slow, records are dropped", outlet->name);
}

void outlet_put(struct outlet *outlet, const char *json, size_t len,
                uint32_t now_s, struct outlet_patience *patience)
{
    /* Whoever needs the loop is not waited for within the engine's work. */
    while (patience != NULL && outlet->kind->start == NULL &&
           !queue_has_room(outlet->queue, len) && wait_for(outlet, patience))
        continue;
    if (!queue_put(outlet->queue, json, len, now_s))
        refuse(outlet);
    if (++outlet->puts < PUTS)
        return;
    outlet->puts = 0;
    settle(outlet, 0);
    (void)pump(outlet, 0);
}

bool outlet_tick(struct outlet *outlet, int64_t now_us, uint32_t now_s)
{
    bool has_more = outlet_work(outlet);

    outlet->now_s = now_s;
    settle(outlet, 0);
    if (outlet->status.is_moving && queue_waiting(outlet->queue) == 0)
        queue_moves(outlet->queue, now_us);
    has_more |= queue_tick(outlet->queue, now_us);
    queue_sync(outlet->queue);
    outlet->failing_ticks =
        outlet->status.is_failing ? outlet->failing_ticks + 1 : 0;
    if (outlet->status.is_slow || outlet->status.is_failing)
        return has_more;
    outlet->is_dropping = false;
    tell_dropped(outlet);
    return has_more;
}

bool outlet_must_wait(struct outlet *outlet)
{
    const struct queue_counters *counters = queue_counters(outlet->queue);
    bool needs_loop = outlet->kind->start != NULL;

    if (counters->queued < FEW_RECORDS)
        return false;
    settle(outlet, outlet->status.is_slow && !needs_loop ? 1 : 0);
    (void)pump(outlet, WORK_US);
    if (needs_loop && !outlet->status.is_failing &&
        queue_memory(outlet->queue) > MUCH_MEMORY + outlet->memory_max / 2)
        return true;
    return outlet->status.is_slow;
}

/* The end */

bool outlet_drain(struct outlet *outlet, struct outlet_patience *patience)
{
    settle(outlet, 0);
    (void)pump(outlet, INT64_MAX);
    if (!is_empty(outlet) && outlet->kind->hurry != NULL)
        outlet->kind->hurry(outlet->sink);
    while (!is_empty(outlet)) {
        if (queue_waiting(outlet->queue) == 0 && outlet->kind->finish != NULL)
            outlet->kind->finish(outlet->sink);
        if (!wait_for(outlet, patience))
            break;
    }
    return is_empty(outlet) &&
           count_dropped(queue_counters(outlet->queue)) == 0;
}

/* What is to wait for the next run. */
static void save(struct outlet *outlet)
{
    uint64_t left;

    if (outlet->status.is_failing || !is_empty(outlet))
        queue_rewind(outlet->queue);
    (void)queue_save(outlet->queue);
    left = queue_counters(outlet->queue)->spooled;
    if (left > 0)
        log_notice("export", "%s: %" PRIu64 " records wait for the next run",
                   outlet->name, left);
}

void outlet_free(struct outlet *outlet)
{
    if (outlet == NULL)
        return;
    if (outlet->queue != NULL) {
        uint64_t gone;

        outlet->kind->close(outlet->sink, &outlet->status);
        outlet->bytes += outlet->status.bytes;
        queue_settle(outlet->queue, outlet->status.exported, FATE_EXPORTED);
        queue_settle(outlet->queue, outlet->status.rejected, FATE_REJECTED);
        save(outlet);
        gone = queue_counters(outlet->queue)->queued;
        if (gone > 0) {
            queue_take(outlet->queue, gone);
            queue_settle(outlet->queue, gone, FATE_LOST);
        }
        tell_dropped(outlet);
    } else if (outlet->sink != NULL) {
        outlet->kind->close(outlet->sink, &outlet->status);
    }
    queue_free(outlet->queue);
    flow_filter_free(outlet->filter);
    free(outlet->filter_text);
    free(outlet->name);
    free(outlet);
}

/* Asking */

const char *outlet_name(const struct outlet *outlet)
{
    return outlet->name;
}

void outlet_counters(const struct outlet *outlet, struct exporter_counters *out)
{
    const struct queue_counters *counters = queue_counters(outlet->queue);

    *out = (struct exporter_counters){
        .records = counters->put + counters->recovered,
        .recovered = counters->recovered,
        .filtered = outlet->filtered,
        .exported = counters->fate[FATE_EXPORTED],
        .queued = counters->queued,
        .spooled = counters->spooled,
        .dropped = count_dropped(counters),
        .refused = counters->fate[FATE_REFUSED],
        .lost = counters->fate[FATE_LOST],
        .rejected = counters->fate[FATE_REJECTED],
        .expired = counters->fate[FATE_EXPIRED],
        .damaged = counters->fate[FATE_DAMAGED],
        .retried = counters->retried,
        .bytes = outlet->bytes,
        .memory = queue_memory(outlet->queue),
        .disk = queue_disk(outlet->queue),
        .lag_s = queue_lag_s(outlet->queue, outlet->now_s),
        .failing = outlet->status.is_failing,
    };
}

void outlet_answer(const struct outlet *outlet, struct strbuf *out)
{
    if (outlet->kind->answer != NULL)
        outlet->kind->answer(outlet->sink, out);
}

bool outlet_is_down(const struct outlet *outlet)
{
    return outlet->failing_ticks >= DOWN_TICKS;
}

bool outlet_is_filling(const struct outlet *outlet)
{
    return outlet->spool_max > 0 &&
           queue_disk(outlet->queue) > outlet->spool_max / 5 * 4;
}
