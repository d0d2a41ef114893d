/* saved: hosts and devices, kept over idleness and restarts.
 * SPDX-License-Identifier: MIT */
#include "core/run/saved.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/run/saved_internal.h"
#include "core/util/json.h"
#include "core/util/log.h"
#include "core/util/mem.h"

/*
 * Two walks over all hosts and devices, in slices by one timer: one asks for
 * those that nobody asked for yet (they came while Redis was away), one
 * writes. They rest while Redis has much to do.
 */
#define SLICE_US 20000
#define SLICE_ENTRIES 32
#define BUSY_BYTES (4u << 20)

#define KINDS 2

struct question {
    struct saved *saved;
    struct question *prev;
    struct question *next;
    struct store_call *call;
    const struct saved_kind *kind;
    struct saved_id id;
    uint16_t iface;
};

struct walk {
    bool is_on;
    unsigned kind;
    uint16_t iface;
    uint32_t cursor;
};

/* One host or device. */
struct entry {
    const struct saved_kind *kind;
    const struct iface *iface;
    uint32_t index;
};

struct saved {
    struct observer observer;
    struct loop *loop;
    struct engine *engine;
    struct store *store;
    const struct prefs *prefs;
    enum options_hosts which;
    const struct saved_kind *kinds[KINDS];
    struct json *json;
    struct question *questions;
    struct loop_source *timer;
    struct loop_source *hour;
    struct walk asking;
    struct walk writing;
    bool has_begun; /* interfaces have their numbers */
    struct saved_counters counters;
};

static bool keeps(const struct saved *saved, const struct iface *iface,
                  enum saved_choice choice)
{
    if (!saved->has_begun || !iface->is_live)
        return false;
    switch (choice) {
    case SAVED_AS_LOCAL:
        return (saved->which & OPTIONS_HOSTS_LOCAL) != 0 ||
               prefs_bool(saved->prefs, PREF_IS_LOCAL_HOST_CACHE_ENABLED);
    case SAVED_AS_REMOTE:
        return (saved->which & OPTIONS_HOSTS_REMOTE) != 0;
    case SAVED_NEVER:
        break;
    }
    return false;
}

static bool is_kept(const struct saved *saved, const struct entry *entry)
{
    return keeps(saved, entry->iface,
                 entry->kind->choose(entry->iface, entry->index));
}

bool saved_keeps(const struct saved *saved, const struct iface *iface,
                 const struct addr *addr)
{
    const struct networks *networks = engine_config(saved->engine)->networks;

    if (addr_is_multicast(addr) || network_is_broadcast(networks, addr))
        return false;
    return keeps(saved, iface,
                 network_find(networks, addr) >= 0 ||
                         network_is_own(networks, addr)
                     ? SAVED_AS_LOCAL
                     : SAVED_AS_REMOTE);
}

static void put_key(char key[SAVED_KEY_SIZE], const struct entry *entry,
                    const struct saved_id *id)
{
    char text[SAVED_LABEL_SIZE];

    entry->kind->label(id, text);
    snprintf(key, SAVED_KEY_SIZE, "%s.ifid_%u__%s", entry->kind->key,
             entry->iface->ifid, text);
}

void saved_key(char key[SAVED_KEY_SIZE], const struct iface *iface,
               const struct addr *addr, uint16_t vlan)
{
    struct entry entry = {.kind = saved_hosts(), .iface = iface};
    struct saved_id id = {.addr = *addr, .vlan = vlan};

    put_key(key, &entry, &id);
}

/* Asking */

static void drop(struct question *question)
{
    if (question->prev != NULL)
        question->prev->next = question->next;
    else
        question->saved->questions = question->next;
    if (question->next != NULL)
        question->next->prev = question->prev;
    free(question);
}

static bool restore(struct saved *saved, const struct entry *entry,
                    const char *text, size_t len)
{
    bool is_good = entry->kind->restore(entry->iface, entry->index, text, len);

    if (is_good) {
        saved->counters.restored++;
    } else {
        saved->counters.refused++;
        log_debug("store", "what was kept of a host or device cannot be read");
    }
    return is_good;
}

static void take_reply(struct saved *saved, const struct entry *entry,
                       const struct store_reply *reply)
{
    const char *text = "";
    size_t len = 0;

    *entry->kind->flags(entry->iface, entry->index) |= SAVED_KEPT;
    if (store_reply_type(reply) == STORE_NIL)
        return;
    if (store_reply_type(reply) == STORE_TEXT)
        text = store_reply_text(reply, &len);
    (void)restore(saved, entry, text, len);
}

bool saved_take(struct saved *saved, struct iface *iface,
                const struct addr *addr, uint16_t vlan, const char *text,
                size_t len)
{
    /* The interface is live; it may have seen no packet yet. */
    uint32_t now_s = (uint32_t)(loop_wall_us() / 1000000);
    struct entry entry = {
        .kind = saved->kinds[0],
        .iface = iface,
        .index = hosts_get(&iface->hosts, addr, vlan, now_s),
    };
    struct host *host;

    if (entry.index == POOL_NONE)
        return false; /* all have flows: it cannot be entered */
    host = hosts_at(&iface->hosts, entry.index);
    if ((host->flags & HOST_KEPT) != 0)
        return true;
    host->flags |= HOST_ASKED | HOST_KEPT;
    if (host->first_s == 0) /* it has said nothing yet */
        host->first_s = host->last_s = now_s;
    return restore(saved, &entry, text, len);
}

static void start_walk(struct saved *saved, struct walk *walk)
{
    *walk = (struct walk){.is_on = true};
    loop_source_resume(saved->timer);
}

static void on_reply(void *arg, const struct store_reply *reply)
{
    struct question question = *(struct question *)arg;
    struct entry entry = {
        .kind = question.kind,
        .iface = engine_iface(question.saved->engine, question.iface),
    };
    uint8_t *flags;

    drop(arg);
    entry.index = entry.kind->find(entry.iface, &question.id);
    if (entry.index == POOL_NONE)
        return; /* forgotten meanwhile */
    flags = entry.kind->flags(entry.iface, entry.index);
    if (reply == NULL)
        *flags &= (uint8_t)~SAVED_ASKED; /* again when Redis is back */
    else if ((*flags & SAVED_KEPT) == 0)
        take_reply(question.saved, &entry, reply);
}

/* @return false when Redis takes no questions now. */
static bool ask(struct saved *saved, const struct entry *entry)
{
    struct question *question = mem_calloc(1, sizeof(*question));
    char key[SAVED_KEY_SIZE];
    const char *words[] = {"GET", key};

    *question = (struct question){.saved = saved,
                                  .kind = entry->kind,
                                  .iface = entry->iface->id,
                                  .next = saved->questions};
    entry->kind->identify(entry->iface, entry->index, &question->id);
    put_key(key, entry, &question->id);
    question->call =
        store_ask(saved->store, on_reply, question, 2, words, NULL);
    if (question->call == NULL) {
        free(question);
        return false;
    }
    if (saved->questions != NULL)
        saved->questions->prev = question;
    saved->questions = question;
    *entry->kind->flags(entry->iface, entry->index) |= SAVED_ASKED;
    return true;
}

static void on_seen(struct saved *saved, const struct entry *entry)
{
    if (is_kept(saved, entry) && !ask(saved, entry) && !saved->asking.is_on &&
        store_state(saved->store) == STORE_READY)
        start_walk(saved, &saved->asking); /* it was busy: again soon */
}

static struct entry host_entry(const struct saved *saved,
                               const struct iface *iface,
                               const struct host *host)
{
    return (struct entry){saved->kinds[0], iface,
                          hosts_find(&iface->hosts, &host->addr, host->vlan)};
}

static struct entry device_entry(const struct saved *saved,
                                 const struct iface *iface,
                                 const struct device *device)
{
    return (struct entry){
        saved->kinds[1], iface,
        devices_find(&iface->devices, device->mac, device->vlan)};
}

static void on_host_seen(void *arg, const struct iface *iface,
                         const struct host *host)
{
    struct entry entry = host_entry(arg, iface, host);

    on_seen(arg, &entry);
}

static void on_device_seen(void *arg, const struct iface *iface,
                           const struct device *device)
{
    struct entry entry = device_entry(arg, iface, device);

    on_seen(arg, &entry);
}

/* Writing */

/* @return false when Redis takes no more now. */
static bool write_entry(struct saved *saved, const struct entry *entry)
{
    struct saved_id id = {0};
    char key[SAVED_KEY_SIZE];
    char seconds[24];
    const char *words[4] = {"SETEX", key, seconds, NULL};
    size_t lens[4];

    if ((*entry->kind->flags(entry->iface, entry->index) & SAVED_KEPT) == 0) {
        saved->counters.skipped++;
        return true;
    }
    entry->kind->identify(entry->iface, entry->index, &id);
    put_key(key, entry, &id);
    snprintf(
        seconds, sizeof(seconds), "%lld",
        (long long)prefs_int(saved->prefs, PREF_LOCAL_HOST_CACHE_DURATION));
    json_reset(saved->json);
    entry->kind->write(saved->json, entry->iface, entry->index);
    words[3] = json_text_of(saved->json, &lens[3]);
    for (int i = 0; i < 3; i++)
        lens[i] = strlen(words[i]);
    if (!store_tell(saved->store, 4, words, lens))
        return false;
    saved->counters.written++;
    return true;
}

static void on_host_gone(void *arg, const struct iface *iface,
                         const struct host *host)
{
    struct entry entry = host_entry(arg, iface, host);

    if (is_kept(arg, &entry))
        (void)write_entry(arg, &entry);
}

static void on_device_gone(void *arg, const struct iface *iface,
                           const struct device *device)
{
    struct entry entry = device_entry(arg, iface, device);

    if (is_kept(arg, &entry))
        (void)write_entry(arg, &entry);
}

/* Walks */

static bool is_busy(const struct saved *saved)
{
    struct store_counters counters;

    store_counters(saved->store, &counters);
    return counters.bytes > BUSY_BYTES;
}

/* The next one that is to be kept. @return false, and the walk has ended, after
 * the last. */
static bool walk_next(const struct saved *saved, struct walk *walk,
                      struct entry *entry)
{
    for (; walk->kind < KINDS; walk->kind++, walk->iface = 0) {
        entry->kind = saved->kinds[walk->kind];
        for (; walk->iface < engine_ifaces(saved->engine);
             walk->iface++, walk->cursor = 0) {
            entry->iface = engine_iface(saved->engine, walk->iface);
            while ((entry->index = entry->kind->next(
                        entry->iface, &walk->cursor)) != POOL_NONE)
                if (is_kept(saved, entry))
                    return true;
        }
    }
    walk->is_on = false;
    return false;
}

static void slice_asking(struct saved *saved)
{
    struct entry entry;

    for (int i = 0; i < SLICE_ENTRIES && saved->asking.is_on; i++)
        if (walk_next(saved, &saved->asking, &entry) &&
            (*entry.kind->flags(entry.iface, entry.index) & SAVED_ASKED) == 0 &&
            !ask(saved, &entry))
            saved->asking.is_on = false; /* on_state() begins anew */
}

static void slice_writing(struct saved *saved)
{
    struct entry entry;

    for (int i = 0; i < SLICE_ENTRIES && saved->writing.is_on; i++)
        if (walk_next(saved, &saved->writing, &entry) &&
            !write_entry(saved, &entry))
            saved->writing.is_on = false;
}

static void on_timer(void *arg)
{
    struct saved *saved = arg;

    if (is_busy(saved))
        return;
    slice_asking(saved);
    slice_writing(saved);
    if (!saved->asking.is_on && !saved->writing.is_on)
        loop_source_pause(saved->timer);
}

static void rest_until_next_write(struct saved *saved);

static void on_hour(void *arg)
{
    struct saved *saved = arg;

    if (prefs_bool(saved->prefs, PREF_IS_ACTIVE_LOCAL_HOST_CACHE_ENABLED))
        start_walk(saved, &saved->writing);
    rest_until_next_write(saved);
}

static void rest_until_next_write(struct saved *saved)
{
    int64_t seconds =
        prefs_int(saved->prefs, PREF_ACTIVE_LOCAL_HOST_CACHE_INTERVAL);

    loop_source_free(saved->hour);
    saved->hour =
        loop_after(saved->loop, seconds * 1000000, LOOP_PEER, on_hour, saved);
}

/* Life */

static void on_state(void *arg, enum store_state state)
{
    struct saved *saved = arg;

    if (state == STORE_READY && saved->has_begun)
        start_walk(saved, &saved->asking);
}

struct saved *saved_new(struct loop *loop, struct engine *engine,
                        struct store *store, const struct prefs *prefs,
                        enum options_hosts which)
{
    struct saved *saved = mem_calloc(1, sizeof(*saved));

    saved->observer = (struct observer){.host_seen = on_host_seen,
                                        .host_gone = on_host_gone,
                                        .device_seen = on_device_seen,
                                        .device_gone = on_device_gone,
                                        .arg = saved};
    saved->kinds[0] = saved_hosts();
    saved->kinds[1] = saved_devices();
    saved->loop = loop;
    saved->engine = engine;
    saved->store = store;
    saved->prefs = prefs;
    saved->which = which;
    saved->json = json_new();
    saved->timer = loop_every(loop, SLICE_US, LOOP_PEER, on_timer, saved);
    loop_source_pause(saved->timer);
    store_listen(store, on_state, saved);
    return saved;
}

void saved_free(struct saved *saved)
{
    if (saved == NULL)
        return;
    while (saved->questions != NULL) {
        store_cancel(saved->questions->call);
        drop(saved->questions);
    }
    loop_source_free(saved->timer);
    loop_source_free(saved->hour);
    json_free(saved->json);
    free(saved);
}

const struct observer *saved_observer(const struct saved *saved)
{
    return &saved->observer;
}

void saved_begin(struct saved *saved)
{
    saved->has_begun = true;
    start_walk(saved, &saved->asking);
    rest_until_next_write(saved);
}

bool saved_write(struct saved *saved)
{
    if (!saved->has_begun || store_state(saved->store) == STORE_OFF)
        return false;
    start_walk(saved, &saved->writing);
    return true;
}

/* Let Redis take what it was given when that is much, until `end_us`. */
static void give_way(struct saved *saved, int64_t end_us)
{
    int64_t left_us = end_us - loop_now_us(saved->loop);

    if (is_busy(saved) && left_us > 0)
        store_drain(saved->store, left_us);
}

void saved_all(struct saved *saved, int64_t patience_us)
{
    int64_t end_us = loop_now_us(saved->loop) + patience_us;
    struct walk asking = {.is_on = true};
    struct walk writing = {.is_on = true};
    struct entry entry;

    /* Redis may have come back a moment ago. */
    while (walk_next(saved, &asking, &entry)) {
        give_way(saved, end_us);
        if ((*entry.kind->flags(entry.iface, entry.index) & SAVED_ASKED) == 0 &&
            !ask(saved, &entry))
            break;
    }
    store_drain(saved->store, patience_us);
    while (walk_next(saved, &writing, &entry)) {
        give_way(saved, end_us);
        if (!write_entry(saved, &entry))
            break; /* counted and told by the store */
    }
}

const struct saved_counters *saved_counters(const struct saved *saved)
{
    return &saved->counters;
}
