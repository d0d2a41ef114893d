/* engine: all interfaces and what they share. SPDX-License-Identifier: MIT */
#include "core/model/engine.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/model/alert_detect.h"
#include "core/util/mem.h"

/* Undecided flows at once, of the flows of one interface. */
#define UNDECIDED_SHARE 2
/* Flows of a tick's work in one slice: a millisecond, when all of them end,
 * are guessed and recorded. */
#define SLICE_FLOWS 128

struct engine {
    struct engine_config config;
    struct dpi *dpi;
    struct alert_config alerts;
    struct alert_rules *rules;
    struct blacklist *blacklist; /* NULL: none */
    struct iface **ifaces;
    uint16_t count;
    const struct observer *observers[ENGINE_OBSERVERS];
    unsigned observers_count;
};

struct engine *engine_new(const struct engine_config *config)
{
    struct engine *engine = mem_calloc(1, sizeof(*engine));

    engine->config = *config;
    engine->dpi =
        dpi_new(config->protocols_file, config->max_flows / UNDECIDED_SHARE);
    if (engine->dpi == NULL) {
        free(engine);
        return NULL;
    }
    alert_config_preset(&engine->alerts);
    engine->rules = alert_rules_new();
    return engine;
}

void engine_free(struct engine *engine)
{
    if (engine == NULL)
        return;
    for (uint16_t id = 0; id < engine->count; id++)
        iface_free(engine->ifaces[id]);
    free(engine->ifaces);
    dpi_free(engine->dpi);
    alert_rules_free(engine->rules);
    blacklist_free(engine->blacklist);
    free(engine);
}

void engine_set_blacklist(struct engine *engine, struct blacklist *list)
{
    blacklist_free(engine->blacklist);
    engine->blacklist = list;
}

const struct blacklist *engine_blacklist(const struct engine *engine)
{
    return engine->blacklist;
}

void engine_observe(struct engine *engine, const struct observer *observer)
{
    assert(engine->observers_count < ENGINE_OBSERVERS);
    engine->observers[engine->observers_count++] = observer;
}

static bool is_taken(const struct engine *engine, const char *name)
{
    for (uint16_t id = 0; id < engine->count; id++)
        if (strcmp(engine->ifaces[id]->name, name) == 0)
            return true;
    return false;
}

struct iface *engine_add_iface(struct engine *engine, const char *name,
                               bool is_live)
{
    size_t size = strlen(name) + 8;
    char *unique = mem_alloc(size);
    struct iface *iface;

    snprintf(unique, size, "%s", name);
    for (unsigned n = 2; is_taken(engine, unique); n++)
        snprintf(unique, size, "%s#%u", name, n);
    engine->ifaces = mem_realloc(engine->ifaces, (size_t)engine->count + 1,
                                 sizeof(struct iface *));
    iface = iface_new(engine, unique, engine->count, is_live);
    engine->ifaces[engine->count++] = iface;
    free(unique);
    return iface;
}

uint16_t engine_ifaces(const struct engine *engine)
{
    return engine->count;
}

struct iface *engine_iface(const struct engine *engine, uint16_t id)
{
    assert(id < engine->count);
    return engine->ifaces[id];
}

void engine_tick(struct engine *engine, int64_t now_us)
{
    for (uint16_t id = 0; id < engine->count; id++)
        if (engine->ifaces[id]->is_live)
            iface_tick(engine->ifaces[id], now_us);
}

bool engine_work(struct engine *engine)
{
    for (uint16_t id = 0; id < engine->count; id++)
        if (iface_work(engine->ifaces[id], SLICE_FLOWS))
            return true;
    return false;
}

void engine_set_flow_timeout(struct engine *engine, enum flow_class class,
                             uint32_t seconds)
{
    engine->config.timeout_s[class] = seconds;
}

void engine_set_host_idle(struct engine *engine, uint32_t local_s,
                          uint32_t remote_s)
{
    for (uint16_t id = 0; id < engine->count; id++) {
        struct hosts_config *config = &engine->ifaces[id]->hosts.config;

        if (!engine->config.keep_local)
            config->local_idle_s = local_s;
        if (!engine->config.keep_remote)
            config->remote_idle_s = remote_s;
    }
}

void engine_set_alerts(struct engine *engine, const struct alert_config *config)
{
    bool was_on = engine->alerts.is_on;

    engine->alerts = *config;
    if (!was_on || config->is_on)
        return;
    for (uint16_t id = 0; id < engine->count; id++)
        alert_detect_off(engine->ifaces[id]);
}

void engine_retell_alerts(const struct engine *engine)
{
    for (uint16_t id = 0; id < engine->count; id++)
        alert_detect_retell(engine->ifaces[id]);
}

bool engine_set_alert_limits(struct engine *engine, const struct addr *addr,
                             uint16_t vlan, const struct alert_limits *limits)
{
    if (!alert_rules_set(engine->rules, addr, vlan, limits))
        return false;
    for (uint16_t id = 0; id < engine->count; id++) {
        struct iface *iface = engine->ifaces[id];
        uint32_t index = hosts_find(&iface->hosts, addr, vlan);

        if (index != POOL_NONE)
            alert_detect_ruled(iface, index);
    }
    return true;
}

void engine_set_link(struct iface *iface, bool is_up)
{
    alert_detect_link(iface, is_up);
}

void engine_flush(struct engine *engine)
{
    for (uint16_t id = 0; id < engine->count; id++)
        iface_flush(engine->ifaces[id]);
}

const struct engine_config *engine_config(const struct engine *engine)
{
    return &engine->config;
}

struct dpi *engine_dpi(const struct engine *engine)
{
    return engine->dpi;
}

const struct alert_config *engine_alerts(const struct engine *engine)
{
    return &engine->alerts;
}

const struct alert_rules *engine_alert_rules(const struct engine *engine)
{
    return engine->rules;
}

void engine_record(const struct engine *engine, const struct iface *iface,
                   const struct flow *flow, const struct flow_mark *mark,
                   bool is_partial)
{
    for (unsigned i = 0; i < engine->observers_count; i++) {
        const struct observer *observer = engine->observers[i];

        if (observer->flow_record != NULL)
            observer->flow_record(observer->arg, iface, flow, mark, is_partial);
    }
}

void engine_host_seen(const struct engine *engine, const struct iface *iface,
                      const struct host *host)
{
    for (unsigned i = 0; i < engine->observers_count; i++) {
        const struct observer *observer = engine->observers[i];

        if (observer->host_seen != NULL)
            observer->host_seen(observer->arg, iface, host);
    }
}

void engine_host_gone(const struct engine *engine, const struct iface *iface,
                      const struct host *host)
{
    for (unsigned i = 0; i < engine->observers_count; i++) {
        const struct observer *observer = engine->observers[i];

        if (observer->host_gone != NULL)
            observer->host_gone(observer->arg, iface, host);
    }
}

void engine_device_seen(const struct engine *engine, const struct iface *iface,
                        const struct device *device)
{
    for (unsigned i = 0; i < engine->observers_count; i++) {
        const struct observer *observer = engine->observers[i];

        if (observer->device_seen != NULL)
            observer->device_seen(observer->arg, iface, device);
    }
}

void engine_device_gone(const struct engine *engine, const struct iface *iface,
                        const struct device *device)
{
    for (unsigned i = 0; i < engine->observers_count; i++) {
        const struct observer *observer = engine->observers[i];

        if (observer->device_gone != NULL)
            observer->device_gone(observer->arg, iface, device);
    }
}

void engine_alert(const struct engine *engine, const struct iface *iface,
                  const struct alert_event *event)
{
    for (unsigned i = 0; i < engine->observers_count; i++) {
        const struct observer *observer = engine->observers[i];

        if (observer->alert != NULL)
            observer->alert(observer->arg, iface, event);
    }
}

void engine_ticked(const struct engine *engine, const struct iface *iface)
{
    for (unsigned i = 0; i < engine->observers_count; i++) {
        const struct observer *observer = engine->observers[i];

        if (observer->tick != NULL)
            observer->tick(observer->arg, iface, iface->now_us);
    }
}
