/* exporter: flows that end, to all sinks. SPDX-License-Identifier: MIT */
#include "export/exporter.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "core/util/log.h"
#include "core/util/mem.h"
#include "export/outlet.h"
#include "export/record.h"
#include "export/syncer.h"

#define SECOND_US 1000000
#define ALERT_TICKS 10

struct exporter {
    struct observer observer;
    const struct engine *engine;
    struct recorder *recorder;
    struct loop *loop;        /* NULL before the start */
    struct loop_source *work; /* rests while there is none */
    struct syncer *syncer;
    struct alerts *alerts;
    struct outlet_patience patience;
    bool is_patient;
    uint32_t now_s;
    unsigned ticks;
    size_t count;
    struct outlet *outlets[];
};

/* Specs */

/* Two sinks on one file would mix their lines. */
static bool is_repeated(const char *const *specs, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (strcmp(specs[k], specs[i]) == 0)
            return true;
    return false;
}

static struct outlet *new_outlet(const char *const *specs, size_t i,
                                 struct strbuf *error)
{
    struct outlet *outlet = outlet_new(specs[i], error);

    if (outlet == NULL || !is_repeated(specs, i))
        return outlet;
    strbuf_printf(error, "-F %s: given twice", outlet_name(outlet));
    outlet_free(outlet);
    return NULL;
}

bool exporter_check(const char *const *specs, size_t count,
                    struct strbuf *error)
{
    for (size_t i = 0; i < count; i++) {
        struct outlet *outlet = new_outlet(specs, i, error);

        if (outlet == NULL)
            return false;
        outlet_free(outlet);
    }
    return true;
}

/* Records */

static void export_flow(void *arg, const struct iface *iface,
                        const struct flow *flow, const struct flow_mark *mark,
                        bool is_partial)
{
    struct exporter *exporter = arg;
    struct outlet_patience *patience =
        exporter->is_patient ? &exporter->patience : NULL;
    const char *json = NULL;
    size_t len = 0;

    (void)is_partial;
    for (size_t i = 0; i < exporter->count; i++) {
        struct outlet *outlet = exporter->outlets[i];

        if (!outlet_wants(outlet, iface, flow))
            continue;
        if (json == NULL)
            json = recorder_write(exporter->recorder, iface, flow, mark, &len);
        outlet_put(outlet, json, len, exporter->now_s, patience);
    }
}

/* Life */

static uint32_t wall_s(void)
{
    return (uint32_t)(loop_wall_us() / SECOND_US);
}

struct exporter *exporter_new(const char *const *specs, size_t count,
                              const struct engine *engine,
                              const struct privileges_user *owner,
                              struct strbuf *error)
{
    struct exporter *exporter =
        mem_calloc(1, sizeof(*exporter) + count * sizeof(exporter->outlets[0]));
    struct hash_key nonce;

    exporter->observer = (struct observer){
        .flow_record = count > 0 ? export_flow : NULL,
        .arg = exporter,
    };
    exporter->engine = engine;
    exporter->now_s = wall_s();
    if (getrandom(&nonce, sizeof(nonce), 0) != (ssize_t)sizeof(nonce)) {
        strbuf_printf(error, "no random numbers: %s", strerror(errno));
        goto free_exporter;
    }
    exporter->recorder = recorder_new(engine, &nonce);
    for (size_t i = 0; i < count; i++) {
        struct outlet *outlet = new_outlet(specs, i, error);

        if (outlet == NULL)
            goto free_exporter;
        exporter->outlets[exporter->count++] = outlet;
        if (!outlet_open(outlet, engine, owner, error))
            goto free_exporter;
    }
    return exporter;
free_exporter:
    exporter_free(exporter);
    return NULL;
}

static bool on_work(void *arg)
{
    struct exporter *exporter = arg;
    bool has_more = false;

    for (size_t i = 0; i < exporter->count; i++)
        has_more |= outlet_work(exporter->outlets[i]);
    return has_more;
}

static void wake(void *arg)
{
    struct exporter *exporter = arg;

    loop_source_resume(exporter->work);
}

void exporter_start(struct exporter *exporter, struct loop *loop,
                    const char *data_dir, struct alerts *alerts,
                    const struct prefs *prefs)
{
    struct outlet_host host = {
        .loop = loop,
        .engine = exporter->engine,
        .prefs = prefs,
        .data_dir = data_dir,
        .wake = wake,
        .arg = exporter,
    };

    if (exporter->count == 0)
        return;
    exporter->loop = loop;
    exporter->alerts = alerts;
    exporter->syncer = host.syncer = syncer_new();
    exporter->work = loop_defer(loop, LOOP_PEER, on_work, exporter);
    for (size_t i = 0; i < exporter->count; i++)
        outlet_start(exporter->outlets[i], &host);
}

void exporter_free(struct exporter *exporter)
{
    if (exporter == NULL)
        return;
    for (size_t i = 0; i < exporter->count; i++) {
        (void)outlet_drain(exporter->outlets[i], &exporter->patience);
        outlet_free(exporter->outlets[i]);
    }
    loop_source_free(exporter->work);
    syncer_free(exporter->syncer);
    recorder_free(exporter->recorder);
    free(exporter);
}

const struct observer *exporter_observer(const struct exporter *exporter)
{
    return &exporter->observer;
}

/* Alerts */

static void judge(struct exporter *exporter, size_t sink, bool is_wrong,
                  const char *id, const char *text)
{
    const struct iface *iface = engine_iface(exporter->engine, 0);
    char value[32];
    char unique[64];
    char words[512];
    struct alert_spec spec = {
        .entity = ALERT_OF_IFACE,
        .value = value,
        .id = unique,
        .type = ALERT_TYPE_MISCONFIGURED,
        .severity = ALERT_ERROR,
        .text = words,
        .when_s = exporter->now_s,
    };

    snprintf(value, sizeof(value), "iface_%u", (unsigned)iface->ifid);
    snprintf(unique, sizeof(unique), "%s_%zu", id, sink);
    snprintf(words, sizeof(words), "Export %.256s: %s",
             outlet_name(exporter->outlets[sink]), text);
    if (is_wrong)
        (void)alerts_engage(exporter->alerts, iface, &spec);
    else
        (void)alerts_release(exporter->alerts, iface, &spec);
}

/* Now and then: a sink that is away for a moment is no alert. */
static void judge_sinks(struct exporter *exporter)
{
    if (exporter->alerts == NULL || engine_ifaces(exporter->engine) == 0 ||
        ++exporter->ticks % ALERT_TICKS != 0)
        return;
    for (size_t i = 0; i < exporter->count; i++) {
        struct outlet *outlet = exporter->outlets[i];

        judge(exporter, i, outlet_is_down(outlet), "export_down",
              "the target is away or refuses records");
        judge(exporter, i, outlet_is_filling(outlet), "export_full",
              "what waits on disk takes most of its room");
    }
}

void exporter_flush(struct exporter *exporter)
{
    int64_t now_us = exporter->loop != NULL ? loop_now_us(exporter->loop) : 0;
    bool has_more = false;

    exporter->now_s = wall_s();
    for (size_t i = 0; i < exporter->count; i++)
        has_more |= outlet_tick(exporter->outlets[i], now_us, exporter->now_s);
    if (has_more && exporter->work != NULL)
        loop_source_resume(exporter->work);
    judge_sinks(exporter);
}

bool exporter_must_wait(struct exporter *exporter)
{
    bool must_wait = false;

    for (size_t i = 0; i < exporter->count; i++)
        must_wait |= outlet_must_wait(exporter->outlets[i]);
    return must_wait;
}

void exporter_be_patient(struct exporter *exporter, bool (*is_over)(void *arg),
                         void *arg)
{
    exporter->is_patient = true;
    exporter->patience.is_over = is_over;
    exporter->patience.arg = arg;
}

bool exporter_finish(struct exporter *exporter)
{
    bool is_complete = true;

    for (size_t i = 0; i < exporter->count; i++)
        is_complete &= outlet_drain(exporter->outlets[i], &exporter->patience);
    return is_complete;
}

void exporter_reopen(struct exporter *exporter)
{
    for (size_t i = 0; i < exporter->count; i++) {
        struct strbuf error;

        strbuf_init(&error, 1024);
        if (!outlet_reopen(exporter->outlets[i], &error))
            log_warnx("export", "%s: %s", outlet_name(exporter->outlets[i]),
                      error.text);
        strbuf_free(&error);
    }
}

size_t exporter_sinks(const struct exporter *exporter)
{
    return exporter->count;
}

const char *exporter_spec(const struct exporter *exporter, size_t sink)
{
    return outlet_name(exporter->outlets[sink]);
}

void exporter_counters(const struct exporter *exporter, size_t sink,
                       struct exporter_counters *out)
{
    outlet_counters(exporter->outlets[sink], out);
}

void exporter_answer(const struct exporter *exporter, size_t sink,
                     struct strbuf *out)
{
    outlet_answer(exporter->outlets[sink], out);
}
