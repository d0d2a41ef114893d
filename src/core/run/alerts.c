/* alerts: what is wrong, kept and told. SPDX-License-Identifier: MIT */
#include "core/run/alerts.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "core/run/alerts_internal.h"
#include "core/util/log.h"
#include "core/util/mem.h"

#define SECOND_US 1000000
/* How often alerts of an earlier run are looked at. */
#define GRACE_LOOK_US (10LL * SECOND_US)
/* Past alerts, those of flows, and lines. */
#define CLOSED_BURST 500
#define CLOSED_PER_S 20
#define FLOW_BURST 500
#define FLOW_PER_S 20
#define LINE_BURST 100
#define LINE_PER_S 5

static bool is_allowed(const struct alerts *alerts,
                       struct alert_allowance *allowance, double burst,
                       double per_s)
{
    int64_t now_us = loop_now_us(alerts->config.loop);

    if (allowance->filled_us == 0)
        allowance->left = burst;
    else
        allowance->left +=
            (double)(now_us - allowance->filled_us) * per_s / SECOND_US;
    if (allowance->left > burst)
        allowance->left = burst;
    allowance->filled_us = now_us;
    if (allowance->left < 1)
        return false;
    allowance->left--;
    return true;
}

static struct alert_place *place_of(const struct alerts *alerts,
                                    const struct iface *iface)
{
    return &alerts->places[iface->id];
}

bool alerts_are_on(const struct alerts *alerts)
{
    return !alerts->config.is_disabled && !alerts->is_paused &&
           !prefs_bool(alerts->config.prefs, PREF_DISABLE_ALERTS_GENERATION);
}

/* Telling */

static int priority_of(int severity)
{
    static const int priorities[ALERT_SEVERITIES] = {LOG_INFO, LOG_WARNING,
                                                     LOG_ERR};

    return severity >= 0 && severity < ALERT_SEVERITIES ? priorities[severity]
                                                        : LOG_NOTICE;
}

static void tell(struct alert_place *place, const char *what, int severity,
                 int type, const char *value, const char *text)
{
    struct alerts *alerts = place->alerts;
    bool to_syslog = prefs_bool(alerts->config.prefs, PREF_ALERTS_SYSLOG);
    char line[ALERT_TEXT_MAX * 2];
    struct alert_news news = {place->iface, what, severity, type, value, text};

    if (alerts->listener != NULL)
        alerts->listener(alerts->listener_arg, &news);
    if (!to_syslog && !log_wants(LOG_LEVEL_INFO))
        return;
    if (!is_allowed(alerts, &alerts->line_allowance, LINE_BURST, LINE_PER_S)) {
        alerts->counters.untold++;
        return;
    }
    snprintf(line, sizeof(line), "%s: %s, %s, %s: %s: %s", place->iface->name,
             alert_type_name(type), alert_severity_name(severity), what, value,
             text);
    log_info("alert", "%s", line);
    if (to_syslog)
        syslogger_send(alerts->syslogger, priority_of(severity), line);
}

void alerts_listen(struct alerts *alerts,
                   void (*run)(void *arg, const struct alert_news *news),
                   void *arg)
{
    alerts->listener = run;
    alerts->listener_arg = arg;
}

/* Engaging and releasing */

static bool is_welcome(struct alerts *alerts, const struct alert_place *place,
                       const struct alert_spec *spec)
{
    return alerts_are_on(alerts) && alert_spec_is_good(spec) &&
           !alert_is_suppressed(place, spec->value);
}

bool alerts_engage(struct alerts *alerts, const struct iface *iface,
                   const struct alert_spec *spec)
{
    struct alert_place *place = place_of(alerts, iface);
    struct alert_item *item;

    if (!is_welcome(alerts, place, spec))
        return false;
    item = alert_engaged_find(&place->engaged, spec);
    if (item != NULL) {
        item->gone_us = 0;
        return true;
    }
    item = alert_engaged_add(&place->engaged, spec);
    if (item == NULL) {
        alerts->counters.refused++;
        return false;
    }
    alerts->counters.engaged++;
    alert_keep_engaged(place, item);
    tell(place, "begins", item->severity, item->type, item->value, item->text);
    return true;
}

static void keep_closed(struct alert_place *place, const struct alert_row *row)
{
    struct alerts *alerts = place->alerts;

    if (is_allowed(alerts, &alerts->closed_allowance, CLOSED_BURST,
                   CLOSED_PER_S))
        alert_keep(place, ALERT_TABLE_CLOSED, row);
    else
        alerts->counters.unwritten++;
}

static void close_item(struct alert_place *place, struct alert_item *item,
                       int64_t end_s)
{
    struct alert_row row;

    alert_item_closed_row(item, end_s > item->when_s ? end_s : item->when_s,
                          &row);
    keep_closed(place, &row);
    alert_drop_engaged(place, item);
    place->alerts->counters.released++;
    tell(place, "is over", item->severity, item->type, item->value, item->text);
    alert_engaged_remove(&place->engaged, item);
}

bool alerts_release(struct alerts *alerts, const struct iface *iface,
                    const struct alert_spec *spec)
{
    struct alert_place *place = place_of(alerts, iface);
    struct alert_item *item = alert_spec_is_good(spec)
                                  ? alert_engaged_find(&place->engaged, spec)
                                  : NULL;

    if (item == NULL)
        return false;
    close_item(place, item, spec->when_s);
    return true;
}

bool alerts_once(struct alerts *alerts, const struct iface *iface,
                 const struct alert_spec *spec)
{
    struct alert_place *place = place_of(alerts, iface);
    struct alert_engaged one;
    struct alert_item *item;
    struct alert_row row;

    if (!is_welcome(alerts, place, spec))
        return false;
    alert_engaged_init(&one, 0);
    item = alert_engaged_add(&one, spec);
    alert_item_closed_row(item, spec->when_s, &row);
    alerts->counters.happened++;
    keep_closed(place, &row);
    tell(place, "happened", item->severity, item->type, item->value,
         item->text);
    alert_engaged_clear(&one);
    return true;
}

/* All that is on, or what is suppressed. */
static void release_some(struct alert_place *place, bool all)
{
    int64_t now_s = loop_wall_us() / SECOND_US;
    struct alert_item *next;

    for (struct alert_item *item = place->engaged.oldest; item != NULL;
         item = next) {
        next = item->next;
        if (all || alert_is_suppressed(place, item->value))
            close_item(place, item, now_s);
    }
}

void alerts_suppress(struct alerts *alerts, const struct iface *iface,
                     const char *const *values, size_t count)
{
    struct alert_place *place = place_of(alerts, iface);

    bool was_any = place->suppressed_count > 0;

    alert_suppress(place, values, count);
    release_some(place, false);
    if (was_any) /* some of it may be welcome again */
        engine_retell_alerts(alerts->config.engine);
}

/* What the engine tells */

static void put_entity(const struct iface *iface,
                       const struct alert_event *event,
                       char value[ALERT_VALUE_MAX])
{
    char text[ADDR_TEXT_SIZE];

    switch (alert_kind_row(event->kind)->entity) {
    case ALERT_OF_HOST:
        snprintf(value, ALERT_VALUE_MAX, "%s@%u",
                 addr_format(&event->addr, text), event->vlan);
        break;
    case ALERT_OF_DEVICE:
        (void)mac_format(event->mac, value);
        break;
    default:
        snprintf(value, ALERT_VALUE_MAX, "iface_%" PRIu32, iface->ifid);
        break;
    }
}

static void put_text(const struct alert_event *event, char text[ALERT_TEXT_MAX])
{
    const struct alert_kind_row *kind = alert_kind_row(event->kind);
    char addr[ADDR_TEXT_SIZE];

    if (kind->unit != NULL)
        snprintf(text, ALERT_TEXT_MAX,
                 "%s: %" PRIu64 " %s, the limit is %" PRIu64, kind->text,
                 event->value, kind->unit, event->limit);
    else if (kind->entity == ALERT_OF_DEVICE)
        snprintf(text, ALERT_TEXT_MAX, "%s%s%s, it has %s", kind->text,
                 *event->vendor != '\0' ? ", of " : "", event->vendor,
                 addr_is_zero(&event->addr) ? "no address yet"
                                            : addr_format(&event->addr, addr));
    else
        snprintf(text, ALERT_TEXT_MAX, "%s", kind->text);
}

static bool is_victim(enum alert_kind kind)
{
    return kind == ALERT_SYN_VICTIM || kind == ALERT_FLOW_VICTIM;
}

static void take_flow(struct alerts *alerts, const struct iface *iface,
                      const struct alert_event *event)
{
    struct alert_place *place = place_of(alerts, iface);
    const struct alert_kind_row *kind = alert_kind_row(event->kind);
    struct alert_row row;
    char client[ADDR_TEXT_SIZE];
    char server[ADDR_TEXT_SIZE];
    char text[ALERT_TEXT_MAX];

    addr_format(&event->flow->key.addr[WAY_SENT], client);
    addr_format(&event->flow->key.addr[WAY_RCVD], server);
    alerts->counters.flows++;
    if (!is_allowed(alerts, &alerts->flow_allowance, FLOW_BURST, FLOW_PER_S)) {
        alerts->counters.unwritten++;
        return;
    }
    alert_row_of_flow(&row, iface, event, kind->text);
    alert_keep(place, ALERT_TABLE_FLOWS, &row);
    snprintf(text, sizeof(text), "%s, to %s port %u", kind->text, server,
             event->flow->key.port[WAY_RCVD]);
    tell(place, "happened", kind->severity, kind->type, client, text);
}

static void on_alert(void *arg, const struct iface *iface,
                     const struct alert_event *event)
{
    struct alerts *alerts = arg;
    const struct alert_kind_row *kind = alert_kind_row(event->kind);
    char value[ALERT_VALUE_MAX];
    char text[ALERT_TEXT_MAX];
    struct alert_spec spec = {
        .entity = kind->entity,
        .value = value,
        .id = kind->id,
        .type = kind->type,
        .severity = kind->severity,
        .text = text,
        .when_s = event->when_us / SECOND_US,
    };

    if (event->flow != NULL) {
        take_flow(alerts, iface, event);
        return;
    }
    put_entity(iface, event, value);
    put_text(event, text);
    if (kind->entity != ALERT_OF_IFACE && is_victim(event->kind))
        spec.target = value;
    else if (kind->entity != ALERT_OF_IFACE)
        spec.origin = value;
    switch (event->action) {
    case ALERT_ENGAGE:
        (void)alerts_engage(alerts, iface, &spec);
        break;
    case ALERT_RELEASE:
        (void)alerts_release(alerts, iface, &spec);
        break;
    case ALERT_ONCE:
        (void)alerts_once(alerts, iface, &spec);
        break;
    }
}

/* Alerts of before */

void alert_restore(struct alert_place *place, const struct alert_spec *spec)
{
    static const int64_t grace_s[ALERT_ENGINES] = {120, 600, 7200, 172800};
    struct alerts *alerts = place->alerts;
    struct alert_item *item = alert_engaged_find(&place->engaged, spec);

    if (item != NULL) {
        /* It was engaged again before we knew: it never ended. */
        if (spec->when_s < item->when_s && item->gone_us == 0) {
            item->when_s = spec->when_s;
            alert_keep_engaged(place, item);
        }
        return;
    }
    item = alert_engaged_add(&place->engaged, spec);
    if (item == NULL) {
        alerts->counters.refused++;
        return;
    }
    alerts->counters.restored++;
    item->gone_us =
        loop_now_us(alerts->config.loop) + grace_s[spec->engine] * SECOND_US;
    if (!alerts_are_on(alerts) || alert_is_suppressed(place, spec->value))
        close_item(place, item, loop_wall_us() / SECOND_US);
}

static void on_timer(void *arg)
{
    struct alerts *alerts = arg;
    int64_t now_us = loop_now_us(alerts->config.loop);
    int64_t now_s = loop_wall_us() / SECOND_US;

    for (uint16_t id = 0; id < alerts->places_count; id++) {
        struct alert_place *place = &alerts->places[id];
        struct alert_item *next;

        for (struct alert_item *item = place->engaged.oldest; item != NULL;
             item = next) {
            next = item->next;
            if (item->gone_us != 0 && item->gone_us <= now_us)
                close_item(place, item, now_s);
        }
    }
}

/* Its own alerts are named by its number, which it has only now. */
static void rename_iface(struct alert_place *place)
{
    uint32_t count = place->engaged.count;
    struct alert_item *item = place->engaged.oldest;
    char value[ALERT_VALUE_MAX];

    snprintf(value, sizeof(value), "iface_%" PRIu32, place->iface->ifid);
    while (count-- > 0) {
        struct alert_item *next = item->next;
        struct alert_spec spec = {
            .engine = item->engine,
            .entity = ALERT_OF_IFACE,
            .value = value,
            .id = item->id,
            .type = item->type,
            .severity = item->severity,
            .text = item->text,
            .origin = item->origin,
            .target = item->target,
            .when_s = item->when_s,
        };

        if (item->entity == ALERT_OF_IFACE &&
            alert_engaged_find(&place->engaged, &spec) == NULL) {
            (void)alert_engaged_add(&place->engaged, &spec);
            alert_engaged_remove(&place->engaged, item);
        }
        item = next;
    }
}

/* Life */

void alerts_begin(struct alerts *alerts)
{
    alerts->has_begun = true;
    for (uint16_t id = 0; id < alerts->places_count; id++) {
        rename_iface(&alerts->places[id]);
        alert_keep_begin(&alerts->places[id]);
    }
}

static void on_state(void *arg, enum store_state state)
{
    struct alerts *alerts = arg;

    if (state != STORE_READY || !alerts->has_begun)
        return;
    for (uint16_t id = 0; id < alerts->places_count; id++)
        alert_keep_begin(&alerts->places[id]);
}

/* Nothing is on where nothing may be raised. */
static void release_all_if_off(struct alerts *alerts)
{
    if (alerts_are_on(alerts))
        return;
    for (uint16_t id = 0; id < alerts->places_count; id++)
        release_some(&alerts->places[id], true);
}

static void on_pref(void *arg, enum pref pref)
{
    if (pref == PREF_DISABLE_ALERTS_GENERATION)
        release_all_if_off(arg);
}

void alerts_pause(struct alerts *alerts, bool is_paused)
{
    alerts->is_paused = is_paused;
    release_all_if_off(alerts);
}

struct alerts *alerts_new(const struct alerts_config *config)
{
    struct alerts *alerts = mem_calloc(1, sizeof(*alerts));
    uint64_t seed = engine_config(config->engine)->seed[1];

    alerts->observer = (struct observer){.alert = on_alert, .arg = alerts};
    alerts->config = *config;
    alerts->places_count = engine_ifaces(config->engine);
    alerts->places = mem_calloc(alerts->places_count, sizeof(*alerts->places));
    for (uint16_t id = 0; id < alerts->places_count; id++) {
        struct alert_place *place = &alerts->places[id];

        place->alerts = alerts;
        place->iface = engine_iface(config->engine, id);
        alert_engaged_init(&place->engaged, (uint32_t)(seed >> 32));
    }
    alerts->json = json_new();
    alerts->syslogger = syslogger_new(config->syslog_path);
    alerts->timer =
        loop_every(config->loop, GRACE_LOOK_US, LOOP_PEER, on_timer, alerts);
    store_listen(config->store, on_state, alerts);
    prefs_listen(config->prefs, on_pref, alerts);
    return alerts;
}

void alerts_free(struct alerts *alerts)
{
    if (alerts == NULL)
        return;
    for (uint16_t id = 0; id < alerts->places_count; id++) {
        struct alert_place *place = &alerts->places[id];

        alert_keep_end(place);
        alert_engaged_clear(&place->engaged);
        alert_suppress(place, NULL, 0);
    }
    loop_source_free(alerts->timer);
    syslogger_free(alerts->syslogger);
    json_free(alerts->json);
    free(alerts->places);
    free(alerts);
}

const struct observer *alerts_observer(const struct alerts *alerts)
{
    return &alerts->observer;
}

/* Numbers */

uint32_t alerts_engaged(const struct alerts *alerts, const struct iface *iface)
{
    return place_of(alerts, iface)->engaged.count;
}

uint32_t alerts_engaged_of(const struct alerts *alerts,
                           const struct iface *iface, enum alert_entity entity,
                           const char *value)
{
    return alert_engaged_of(&place_of(alerts, iface)->engaged, (int)entity,
                            value);
}

bool alerts_are_stored(const struct alerts *alerts, const struct iface *iface)
{
    return place_of(alerts, iface)->has_stored;
}

void alerts_counters(const struct alerts *alerts, struct alerts_counters *out)
{
    *out = alerts->counters;
    out->lost = syslogger_lost(alerts->syslogger);
    for (uint16_t id = 0; id < alerts->places_count; id++)
        out->on += alerts->places[id].engaged.count;
}
