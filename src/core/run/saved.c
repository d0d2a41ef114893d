/* saved: hosts, kept over idleness and restarts. SPDX-License-Identifier: MIT
 */
#include "core/run/saved.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/run/host_json.h"
#include "core/util/json.h"
#include "core/util/log.h"
#include "core/util/mem.h"

/*
 * Two walks over all hosts, in slices by one timer: one asks for hosts that
 * nobody asked for yet (they came while Redis was away), one writes. They rest
 * while Redis has much to do.
 */
#define SLICE_US 20000
#define SLICE_HOSTS 32
#define BUSY_BYTES (4u << 20)
#define KEY_SIZE 128

struct question {
    struct saved *saved;
    struct question *prev;
    struct question *next;
    struct store_call *call;
    struct addr addr;
    uint16_t vlan;
    uint16_t iface;
};

struct walk {
    bool is_on;
    uint16_t iface;
    uint32_t cursor;
};

struct saved {
    struct observer observer;
    struct loop *loop;
    struct engine *engine;
    struct store *store;
    const struct prefs *prefs;
    enum options_hosts which;
    struct json *json;
    struct question *questions;
    struct loop_source *timer;
    struct loop_source *hour;
    struct walk asking;
    struct walk writing;
    bool has_begun; /* interfaces have their numbers */
    struct saved_counters counters;
};

static bool is_kept(const struct saved *saved, const struct iface *iface,
                    const struct host *host)
{
    bool is_local = (host->flags & (HOST_LOCAL | HOST_SYSTEM)) != 0;

    if (!saved->has_begun || !iface->is_live ||
        (host->flags & (HOST_BROADCAST | HOST_MULTICAST)) != 0)
        return false;
    if (!is_local)
        return (saved->which & OPTIONS_HOSTS_REMOTE) != 0;
    return (saved->which & OPTIONS_HOSTS_LOCAL) != 0 ||
           prefs_bool(saved->prefs, PREF_IS_LOCAL_HOST_CACHE_ENABLED);
}

static void put_key(char key[KEY_SIZE], const struct iface *iface,
                    const struct addr *addr, uint16_t vlan)
{
    char text[ADDR_TEXT_SIZE];

    snprintf(key, KEY_SIZE, "ntopng.serialized_hosts.ifid_%u__%s@%u",
             iface->ifid, addr_format(addr, text), vlan);
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

static void take_reply(struct saved *saved, const struct iface *iface,
                       struct host *host, const struct store_reply *reply)
{
    const char *text;
    size_t len;

    host->flags |= HOST_KEPT;
    if (store_reply_type(reply) == STORE_NIL)
        return;
    text = store_reply_text(reply, &len);
    if (store_reply_type(reply) == STORE_TEXT &&
        host_json_restore(iface, host, text, len)) {
        saved->counters.restored++;
    } else {
        saved->counters.refused++;
        log_debug("store", "what was kept of a host cannot be read");
    }
}

static void start_walk(struct saved *saved, struct walk *walk)
{
    *walk = (struct walk){.is_on = true};
    loop_source_resume(saved->timer);
}

static void on_reply(void *arg, const struct store_reply *reply)
{
    struct question question = *(struct question *)arg;
    struct saved *saved = question.saved;
    struct iface *iface = engine_iface(saved->engine, question.iface);
    uint32_t index = hosts_find(&iface->hosts, &question.addr, question.vlan);
    struct host *host;

    drop(arg);
    if (index == POOL_NONE)
        return; /* forgotten meanwhile */
    host = hosts_at(&iface->hosts, index);
    if (reply == NULL) {
        host->flags &= (uint8_t)~HOST_ASKED; /* again when Redis is back */
    } else if ((host->flags & HOST_KEPT) == 0) {
        take_reply(saved, iface, host, reply);
    }
}

/* @return false when Redis takes no questions now. */
static bool ask(struct saved *saved, const struct iface *iface,
                struct host *host)
{
    struct question *question = mem_calloc(1, sizeof(*question));
    char key[KEY_SIZE];
    const char *words[] = {"GET", key};

    put_key(key, iface, &host->addr, host->vlan);
    *question = (struct question){.saved = saved,
                                  .addr = host->addr,
                                  .vlan = host->vlan,
                                  .iface = iface->id,
                                  .next = saved->questions};
    question->call =
        store_ask(saved->store, on_reply, question, 2, words, NULL);
    if (question->call == NULL) {
        free(question);
        return false;
    }
    if (saved->questions != NULL)
        saved->questions->prev = question;
    saved->questions = question;
    host->flags |= HOST_ASKED;
    return true;
}

static void on_host_seen(void *arg, const struct iface *iface,
                         const struct host *host)
{
    struct saved *saved = arg;
    const struct hosts *hosts = &iface->hosts;
    uint32_t index;

    if (!is_kept(saved, iface, host))
        return;
    index = hosts_find(hosts, &host->addr, host->vlan);
    if (!ask(saved, iface, hosts_at(hosts, index)) && !saved->asking.is_on &&
        store_state(saved->store) == STORE_READY)
        start_walk(saved, &saved->asking); /* it was busy: again soon */
}

/* Writing */

/* @return false when Redis takes no more now. */
static bool write_host(struct saved *saved, const struct iface *iface,
                       const struct host *host)
{
    char key[KEY_SIZE];
    char seconds[24];
    const char *words[4] = {"SETEX", key, seconds, NULL};
    size_t lens[4];

    if ((host->flags & HOST_KEPT) == 0) {
        saved->counters.skipped++;
        return true;
    }
    put_key(key, iface, &host->addr, host->vlan);
    snprintf(
        seconds, sizeof(seconds), "%lld",
        (long long)prefs_int(saved->prefs, PREF_LOCAL_HOST_CACHE_DURATION));
    json_reset(saved->json);
    host_json_write(saved->json, iface, host);
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
    struct saved *saved = arg;

    if (is_kept(saved, iface, host))
        (void)write_host(saved, iface, host);
}

/* Walks */

static bool is_busy(const struct saved *saved)
{
    struct store_counters counters;

    store_counters(saved->store, &counters);
    return counters.bytes > BUSY_BYTES;
}

/* The next host that is to be kept; NULL and the walk ended after the last. */
static struct host *walk_next(const struct saved *saved, struct walk *walk,
                              struct iface **iface)
{
    while (walk->iface < engine_ifaces(saved->engine)) {
        uint32_t index;

        *iface = engine_iface(saved->engine, walk->iface);
        while ((index = hosts_next(&(*iface)->hosts, &walk->cursor)) !=
               POOL_NONE) {
            struct host *host = hosts_at(&(*iface)->hosts, index);

            if (is_kept(saved, *iface, host))
                return host;
        }
        walk->iface++;
        walk->cursor = 0;
    }
    walk->is_on = false;
    return NULL;
}

static void slice_asking(struct saved *saved)
{
    struct iface *iface;
    struct host *host;

    for (int i = 0; i < SLICE_HOSTS && saved->asking.is_on; i++) {
        host = walk_next(saved, &saved->asking, &iface);
        if (host != NULL && (host->flags & HOST_ASKED) == 0 &&
            !ask(saved, iface, host))
            saved->asking.is_on = false; /* on_state() begins anew */
    }
}

static void slice_writing(struct saved *saved)
{
    struct iface *iface;
    struct host *host;

    for (int i = 0; i < SLICE_HOSTS && saved->writing.is_on; i++) {
        host = walk_next(saved, &saved->writing, &iface);
        if (host != NULL && !write_host(saved, iface, host))
            saved->writing.is_on = false;
    }
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

    saved->observer = (struct observer){
        .host_seen = on_host_seen, .host_gone = on_host_gone, .arg = saved};
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

void saved_all(struct saved *saved, int64_t patience_us)
{
    int64_t end_us = loop_now_us(saved->loop) + patience_us;
    struct walk walk = {.is_on = true};
    struct iface *iface;
    struct host *host;

    while ((host = walk_next(saved, &walk, &iface)) != NULL) {
        int64_t left_us = end_us - loop_now_us(saved->loop);

        if (is_busy(saved) && left_us > 0)
            store_drain(saved->store, left_us);
        if (!write_host(saved, iface, host))
            break; /* counted and told by the store */
    }
}

const struct saved_counters *saved_counters(const struct saved *saved)
{
    return &saved->counters;
}
