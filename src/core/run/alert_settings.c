/* alert_settings: what alerts are wanted. SPDX-License-Identifier: MIT */
#include "core/run/alert_settings.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/run/store_watch.h"
#include "core/util/log.h"
#include "core/util/mem.h"

#define POLL_US (ALERT_SETTINGS_POLL_S * 1000000LL)
/* Keys of all of Redis are gone through for those of hosts: seldom. */
#define POLLS_PER_SCAN 30
#define SCAN_COUNT "512"
#define GLOBAL_KEY "ntopng.prefs.alerts_global.min.local_hosts"
#define HOST_PREFIX "ntopng.prefs."
#define HOST_SUFFIX ".alerts_config"
#define LIMIT_MAX 100000000

/* A key that is asked for once at a time. */
struct question {
    struct alert_settings *settings;
    struct store_call *call;
    bool is_outdated; /* it changed meanwhile: ask again */
    uint16_t iface;
};

/* A host whose own limits are asked for. */
struct host_question {
    struct alert_settings *settings;
    struct host_question *prev;
    struct host_question *next;
    struct store_call *call;
    struct addr addr;
    uint16_t vlan;
};

struct alert_settings {
    struct alerts_config config;
    struct alerts *alerts;
    struct store_watch *watch;
    struct loop_source *timer;
    struct alert_config told; /* to the engine */
    struct alert_limits limits;
    struct question global;
    struct question *suppressed; /* by interface */
    struct host_question *hosts;
    uint32_t hosts_count;
    struct store_call *scan;
    bool has_begun;
    bool is_full; /* said so */
    unsigned polls;
};

/* Limits */

/* A number, or nothing at all. @return false: neither. */
static bool limit_read(uint32_t *limit, const char *text, size_t len)
{
    unsigned long number;
    char *end;

    if (len == 0)
        return true;
    if (strspn(text, "0123456789") != len || len > 9)
        return false;
    number = strtoul(text, &end, 10);
    if (number > LIMIT_MAX)
        return false;
    *limit = (uint32_t)number;
    return true;
}

bool alert_limits_read(struct alert_limits *limits, const char *text)
{
    struct alert_limits read = *limits;

    for (unsigned rate = 0; rate < ALERT_RATES; rate++) {
        size_t len = strcspn(text, "|");

        if (!limit_read(&read.per_s[rate], text, len))
            return false;
        text += len;
        if (*text == '|')
            text++;
    }
    if (*text != '\0')
        return false;
    *limits = read;
    return true;
}

bool alert_host_key_read(const char *key, struct addr *addr, uint16_t *vlan)
{
    size_t len = strlen(key);
    size_t around = sizeof(HOST_PREFIX) + sizeof(HOST_SUFFIX) - 2;
    char text[ADDR_TEXT_SIZE + 8];
    char *colon;
    uint32_t number = 0;

    if (len <= around || len - around >= sizeof(text) ||
        strncmp(key, HOST_PREFIX, sizeof(HOST_PREFIX) - 1) != 0 ||
        strcmp(key + len - (sizeof(HOST_SUFFIX) - 1), HOST_SUFFIX) != 0)
        return false;
    memcpy(text, key + sizeof(HOST_PREFIX) - 1, len - around);
    text[len - around] = '\0';
    colon = strrchr(text, ':');
    if (colon == NULL || colon[1] == '\0' ||
        !limit_read(&number, colon + 1, strlen(colon + 1)) ||
        number > UINT16_MAX)
        return false;
    *colon = '\0';
    *vlan = (uint16_t)number;
    return addr_parse(text, addr);
}

static void tell_engine(struct alert_settings *settings)
{
    const struct prefs *prefs = settings->config.prefs;
    struct alert_config config = {
        .is_on = alerts_are_on(settings->alerts),
        .probing = prefs_bool(prefs, PREF_PROBING_ALERTS),
        .certificates = prefs_bool(prefs, PREF_SSL_ALERTS),
        .limits = settings->limits,
    };

    engine_set_alerts(settings->config.engine, &config);
}

static void on_pref(void *arg, enum pref pref)
{
    (void)pref;
    tell_engine(arg);
}

/* What is for all hosts */

static void ask_global(struct alert_settings *settings);

static void take_global(struct alert_settings *settings,
                        const struct store_reply *reply)
{
    static const char *const names[ALERT_RATES] = {
        "flow_attacker_threshold", "flow_victim_threshold",
        "syn_attacker_threshold", "syn_victim_threshold"};
    struct alert_config preset;

    alert_config_preset(&preset);
    for (unsigned rate = 0; rate < ALERT_RATES; rate++) {
        size_t len;
        const char *text = store_reply_text(store_reply_at(reply, rate), &len);

        if (!limit_read(&preset.limits.per_s[rate], text, len))
            log_warnx("alert", "%s: %s '%s' is no limit", GLOBAL_KEY,
                      names[rate], text);
    }
    if (memcmp(&preset.limits, &settings->limits, sizeof(preset.limits)) == 0)
        return;
    settings->limits = preset.limits;
    tell_engine(settings);
    log_info("alert",
             "floods are more than %u or %u flows/s, %u or %u SYN/s as client "
             "or server",
             preset.limits.per_s[0], preset.limits.per_s[1],
             preset.limits.per_s[2], preset.limits.per_s[3]);
}

static void on_global(void *arg, const struct store_reply *reply)
{
    struct alert_settings *settings = arg;

    settings->global.call = NULL;
    if (reply == NULL)
        return;
    if (store_reply_count(reply) == ALERT_RATES)
        take_global(settings, reply);
    if (settings->global.is_outdated)
        ask_global(settings);
}

static void ask_global(struct alert_settings *settings)
{
    static const char *const words[] = {"HMGET",
                                        GLOBAL_KEY,
                                        "flow_attacker_threshold",
                                        "flow_victim_threshold",
                                        "syn_attacker_threshold",
                                        "syn_victim_threshold"};

    settings->global.is_outdated = settings->global.call != NULL;
    if (settings->global.call == NULL)
        settings->global.call = store_ask(settings->config.store, on_global,
                                          settings, 6, words, NULL);
}

/* Suppressed entities */

static void ask_suppressed(struct question *question);

static void take_suppressed(const struct question *question,
                            const struct store_reply *reply)
{
    struct alert_settings *settings = question->settings;
    const struct iface *iface =
        engine_iface(settings->config.engine, question->iface);

    const char **values =
        mem_calloc(store_reply_count(reply) / 2 + 1, sizeof(*values));
    size_t count = 0;

    for (size_t i = 0; i + 1 < store_reply_count(reply); i += 2)
        if (strcmp(store_reply_text(store_reply_at(reply, i + 1), NULL),
                   "false") == 0)
            values[count++] = store_reply_text(store_reply_at(reply, i), NULL);
    alerts_suppress(settings->alerts, iface, values, count);
    free(values);
}

static void on_suppressed(void *arg, const struct store_reply *reply)
{
    struct question *question = arg;

    question->call = NULL;
    if (reply == NULL)
        return;
    if (store_reply_type(reply) == STORE_ARRAY)
        take_suppressed(question, reply);
    if (question->is_outdated)
        ask_suppressed(question);
}

static void ask_suppressed(struct question *question)
{
    struct alert_settings *settings = question->settings;
    char key[64];
    const char *words[] = {"HGETALL", key};

    snprintf(key, sizeof(key), "ntopng.prefs.alerts.ifid_%" PRIu32,
             engine_iface(settings->config.engine, question->iface)->ifid);
    question->is_outdated = question->call != NULL;
    if (question->call == NULL)
        question->call = store_ask(settings->config.store, on_suppressed,
                                   question, 2, words, NULL);
}

/* Limits of single hosts */

static void drop(struct host_question *question)
{
    struct alert_settings *settings = question->settings;

    if (question->prev != NULL)
        question->prev->next = question->next;
    else
        settings->hosts = question->next;
    if (question->next != NULL)
        question->next->prev = question->prev;
    settings->hosts_count--;
    free(question);
}

static void set_host(struct alert_settings *settings, const struct addr *addr,
                     uint16_t vlan, const char *text)
{
    struct alert_limits limits;
    char name[ADDR_TEXT_SIZE];

    for (unsigned rate = 0; rate < ALERT_RATES; rate++)
        limits.per_s[rate] = ALERT_LIMIT_COMMON;
    if (text != NULL && !alert_limits_read(&limits, text)) {
        log_warnx("alert",
                  HOST_PREFIX "%s:%u" HOST_SUFFIX " '%s': must be "
                              "four limits with '|' between",
                  addr_format(addr, name), vlan, text);
        return;
    }
    if (!engine_set_alert_limits(settings->config.engine, addr, vlan,
                                 text != NULL ? &limits : NULL) &&
        !settings->is_full) {
        settings->is_full = true;
        log_warnx("alert",
                  "more than %d hosts have limits of their own: the "
                  "others' are not used",
                  ALERT_HOSTS_CONFIGURED);
    }
}

static void on_host(void *arg, const struct store_reply *reply)
{
    struct host_question question = *(struct host_question *)arg;

    drop(arg);
    if (reply == NULL)
        return;
    if (store_reply_type(reply) == STORE_TEXT)
        set_host(question.settings, &question.addr, question.vlan,
                 store_reply_text(reply, NULL));
    else if (store_reply_type(reply) == STORE_NIL)
        set_host(question.settings, &question.addr, question.vlan, NULL);
}

/* Also for a key that was there and is not any more. */
static void ask_host(struct alert_settings *settings, const char *key)
{
    struct host_question *question;
    struct addr addr;
    uint16_t vlan;
    const char *words[] = {"GET", key};

    if (!alert_host_key_read(key, &addr, &vlan) ||
        settings->hosts_count >= ALERT_HOSTS_CONFIGURED)
        return;
    question = mem_calloc(1, sizeof(*question));
    *question = (struct host_question){.settings = settings,
                                       .addr = addr,
                                       .vlan = vlan,
                                       .next = settings->hosts};
    question->call =
        store_ask(settings->config.store, on_host, question, 2, words, NULL);
    if (question->call == NULL) {
        free(question);
        return;
    }
    if (settings->hosts != NULL)
        settings->hosts->prev = question;
    settings->hosts = question;
    settings->hosts_count++;
}

static void scan(struct alert_settings *settings, const char *cursor);

static void on_scanned(void *arg, const struct store_reply *reply)
{
    struct alert_settings *settings = arg;
    const struct store_reply *keys;
    const char *cursor;

    settings->scan = NULL;
    if (reply == NULL || store_reply_count(reply) != 2)
        return;
    keys = store_reply_at(reply, 1);
    for (size_t i = 0; i < store_reply_count(keys); i++)
        ask_host(settings, store_reply_text(store_reply_at(keys, i), NULL));
    cursor = store_reply_text(store_reply_at(reply, 0), NULL);
    if (strcmp(cursor, "0") != 0)
        scan(settings, cursor);
}

static void scan(struct alert_settings *settings, const char *cursor)
{
    const char *words[] = {"SCAN",  cursor,
                           "MATCH", HOST_PREFIX "*" HOST_SUFFIX,
                           "COUNT", SCAN_COUNT};

    settings->scan =
        store_ask(settings->config.store, on_scanned, settings, 6, words, NULL);
}

/* When to ask */

static void ask_hashes(struct alert_settings *settings)
{
    ask_global(settings);
    if (settings->has_begun)
        for (uint16_t id = 0; id < engine_ifaces(settings->config.engine); id++)
            ask_suppressed(&settings->suppressed[id]);
}

static void ask_all(struct alert_settings *settings)
{
    if (store_state(settings->config.store) != STORE_READY)
        return;
    ask_hashes(settings);
    if (settings->scan == NULL)
        scan(settings, "0");
}

static void on_timer(void *arg)
{
    struct alert_settings *settings = arg;

    if (++settings->polls % POLLS_PER_SCAN == 0)
        ask_all(settings);
    else if (store_state(settings->config.store) == STORE_READY)
        ask_hashes(settings);
}

/* The channel is "__keyspace@DB__:KEY". */
static void on_event(void *arg, const char *channel, const char *text)
{
    struct alert_settings *settings = arg;
    const char *key = strchr(channel, ':');

    (void)text;
    if (key == NULL)
        return;
    key++;
    if (strncmp(key, "ntopng.prefs.alerts", 19) == 0)
        ask_hashes(settings);
    else
        ask_host(settings, key);
}

static void on_watch(void *arg, bool is_on)
{
    if (is_on) /* what changed before may have been missed */
        ask_all(arg);
}

void alert_settings_begin(struct alert_settings *settings)
{
    settings->has_begun = true;
    ask_all(settings);
}

struct alert_settings *alert_settings_new(const struct alerts_config *config,
                                          struct alerts *alerts)
{
    struct alert_settings *settings = mem_calloc(1, sizeof(*settings));
    struct store_watch_handler handler = {on_event, on_watch, settings};
    uint16_t ifaces = engine_ifaces(config->engine);
    struct alert_config preset;
    char pattern[64];

    alert_config_preset(&preset);
    settings->config = *config;
    settings->alerts = alerts;
    settings->limits = preset.limits;
    settings->suppressed = mem_calloc(ifaces, sizeof(*settings->suppressed));
    for (uint16_t id = 0; id < ifaces; id++)
        settings->suppressed[id] =
            (struct question){.settings = settings, .iface = id};
    tell_engine(settings);
    prefs_listen(config->prefs, on_pref, settings);
    if (store_state(config->store) == STORE_OFF)
        return settings;
    snprintf(pattern, sizeof(pattern), "__keyspace@%u__:ntopng.prefs.*alerts*",
             store_database(config->store));
    settings->watch =
        store_watch_open(config->loop, config->store, pattern, &handler);
    settings->timer =
        loop_every(config->loop, POLL_US, LOOP_PEER, on_timer, settings);
    return settings;
}

void alert_settings_free(struct alert_settings *settings)
{
    if (settings == NULL)
        return;
    store_watch_close(settings->watch);
    loop_source_free(settings->timer);
    store_cancel(settings->global.call);
    store_cancel(settings->scan);
    for (uint16_t id = 0; id < engine_ifaces(settings->config.engine); id++)
        store_cancel(settings->suppressed[id].call);
    while (settings->hosts != NULL) {
        store_cancel(settings->hosts->call);
        drop(settings->hosts);
    }
    free(settings->suppressed);
    free(settings);
}
