/* totals: what interfaces counted, over restarts. SPDX-License-Identifier: MIT
 */
#include "core/run/totals.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/run/iface_json.h"
#include "core/util/log.h"
#include "core/util/mem.h"

#define WRITE_US 60000000
#define KEY_SIZE 64

struct item {
    struct totals *totals;
    struct iface *iface;
    struct store_call *call; /* what was kept is asked for */
    bool is_known;           /* the answer has come */
    struct iface_past *past; /* NULL: there was nothing */
};

struct totals {
    struct loop *loop;
    struct engine *engine;
    struct store *store;
    struct json *json;
    struct item *items; /* by the number of the interface in this run */
    uint16_t count;     /* 0: not begun */
    int64_t opened_us;
    struct loop_source *timer;
};

static void put_key(char key[KEY_SIZE], const struct iface *iface)
{
    snprintf(key, KEY_SIZE, "ntopng.serialized_ifaces.ifid_%u", iface->ifid);
}

/* Asking */

static void take(struct item *item, const char *text, size_t len)
{
    const struct totals *totals = item->totals;
    struct iface_past *past = mem_alloc(sizeof(*past));

    if (!iface_json_read(item->iface, text, len, past)) {
        log_warnx("store", "%s: what was kept of its totals cannot be read",
                  item->iface->name);
        free(past);
        return;
    }
    item->past = past;
    if (loop_now_us(totals->loop) - totals->opened_us < TOTALS_LATE_US)
        iface_remember(item->iface, past);
    else
        log_notice("store",
                   "%s: its totals of earlier runs came too late, "
                   "they are shown after the next start",
                   item->iface->name);
}

static void on_reply(void *arg, const struct store_reply *reply)
{
    struct item *item = arg;
    const char *text;
    size_t len;

    item->call = NULL;
    if (reply == NULL)
        return; /* again when Redis is back */
    item->is_known = true;
    text = store_reply_text(reply, &len);
    if (store_reply_type(reply) != STORE_NIL)
        take(item, text, len);
}

static void ask(struct item *item)
{
    char key[KEY_SIZE];
    const char *words[] = {"GET", key};

    if (!item->iface->is_live || item->is_known || item->call != NULL)
        return;
    put_key(key, item->iface);
    item->call = store_ask(item->totals->store, on_reply, item, 2, words, NULL);
}

static void ask_all(struct totals *totals)
{
    for (uint16_t id = 0; id < totals->count; id++)
        ask(&totals->items[id]);
}

static void on_state(void *arg, enum store_state state)
{
    if (state == STORE_READY)
        ask_all(arg);
}

/* Writing */

static void sum(const struct item *item, struct iface_past *out)
{
    const struct iface *iface = item->iface;

    out->since_s = (uint32_t)(iface->first_us / 1000000);
    out->counters = iface->counters;
    memcpy(out->apps, iface->apps, sizeof(out->apps));
    if (item->past == NULL)
        return;
    if (item->past->since_s != 0)
        out->since_s = item->past->since_s;
    iface_add(&out->counters, &item->past->counters);
    for (uint16_t app = 0; app < DPI_APPS; app++)
        iface_add_app(&out->apps[app], &item->past->apps[app]);
}

static void write_item(struct item *item)
{
    struct totals *totals = item->totals;
    struct iface_past *all;
    char key[KEY_SIZE];
    const char *words[3] = {"SET", key, NULL};
    size_t lens[3];

    if (!item->is_known || item->iface->counters.all.packets == 0)
        return;
    all = mem_alloc(sizeof(*all));
    sum(item, all);
    put_key(key, item->iface);
    json_reset(totals->json);
    iface_json_write(totals->json, item->iface, all);
    free(all);
    words[2] = json_text_of(totals->json, &lens[2]);
    for (int i = 0; i < 2; i++)
        lens[i] = strlen(words[i]);
    (void)store_tell(totals->store, 3, words, lens); /* the store counts */
}

void totals_write(struct totals *totals)
{
    for (uint16_t id = 0; id < totals->count; id++)
        write_item(&totals->items[id]);
}

static void on_minute(void *arg)
{
    totals_write(arg);
}

/* Life */

struct totals *totals_new(struct loop *loop, struct engine *engine,
                          struct store *store)
{
    struct totals *totals = mem_calloc(1, sizeof(*totals));

    totals->loop = loop;
    totals->engine = engine;
    totals->store = store;
    totals->opened_us = loop_now_us(loop);
    totals->json = json_new();
    store_listen(store, on_state, totals);
    return totals;
}

void totals_begin(struct totals *totals)
{
    totals->count = engine_ifaces(totals->engine);
    totals->items = mem_calloc(totals->count + 1u, sizeof(*totals->items));
    for (uint16_t id = 0; id < totals->count; id++) {
        totals->items[id].totals = totals;
        totals->items[id].iface = engine_iface(totals->engine, id);
    }
    totals->timer =
        loop_every(totals->loop, WRITE_US, LOOP_PEER, on_minute, totals);
    ask_all(totals);
}

void totals_free(struct totals *totals)
{
    if (totals == NULL)
        return;
    for (uint16_t id = 0; id < totals->count; id++) {
        store_cancel(totals->items[id].call);
        free(totals->items[id].past);
    }
    loop_source_free(totals->timer);
    json_free(totals->json);
    free(totals->items);
    free(totals);
}
