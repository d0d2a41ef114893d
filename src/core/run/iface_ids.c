/* iface_ids: numbers of interfaces that last. SPDX-License-Identifier: MIT */
#include "core/run/iface_ids.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/util/log.h"
#include "core/util/mem.h"

/*
 * The hash is read whole; each interface that is not in it claims a free
 * number (HSETNX), and is entered under its name when it got that. When
 * another kelvin was faster, all is read again.
 */
#define KEY "ntopng.prefs.iface_id"
#define IDS_MAX 65536
#define TEXT_SIZE 16

struct iface_ids {
    struct store *store;
    struct engine *engine;
    void (*settled)(void *arg);
    void *arg;
    struct store_call *call;
    uint16_t at;      /* the interface that a number is claimed for */
    uint32_t claimed; /* that number */
    bool is_settled;
    bool *has;   /* by interface: its number is what it will be */
    bool *taken; /* by number: in the hash */
};

/* @return the number, or IDS_MAX when the text is none that could be ours. */
static uint32_t number_of(const char *text)
{
    char again[TEXT_SIZE];
    unsigned long number = strtoul(text, NULL, 10);

    if (number >= IDS_MAX)
        return IDS_MAX;
    snprintf(again, sizeof(again), "%lu", number);
    return strcmp(again, text) == 0 ? (uint32_t)number : IDS_MAX;
}

static void settle(struct iface_ids *ids)
{
    ids->is_settled = true;
    for (uint16_t id = 0; id < engine_ifaces(ids->engine); id++)
        engine_iface(ids->engine, id)->has_ifid = true;
    ids->settled(ids->arg);
}

static void load(struct iface_ids *ids);
static void next(struct iface_ids *ids);

/* Both directions of the hash. */
static void enter(struct iface_ids *ids, const char *name, uint32_t number)
{
    char text[TEXT_SIZE];
    const char *words[] = {"HSET", KEY, name, text};

    snprintf(text, sizeof(text), "%u", number);
    (void)store_tell(ids->store, 4, words, NULL);
}

static void on_claimed(void *arg, const struct store_reply *reply)
{
    struct iface_ids *ids = arg;
    struct iface *iface = engine_iface(ids->engine, ids->at);

    ids->call = NULL;
    if (reply == NULL)
        return; /* all again when Redis is back */
    if (store_reply_type(reply) == STORE_ERROR) {
        log_warnx("store", "%s: %s: interfaces keep the numbers of this run",
                  KEY, store_reply_text(reply, NULL));
        settle(ids);
        return;
    }
    if (store_reply_number(reply) == 0) {
        load(ids);
        return;
    }
    iface->ifid = ids->claimed;
    ids->taken[ids->claimed] = true;
    ids->has[ids->at] = true;
    enter(ids, iface->name, iface->ifid);
    next(ids);
}

static void claim(struct iface_ids *ids, const char *name)
{
    char text[TEXT_SIZE];
    const char *words[] = {"HSETNX", KEY, text, name};

    ids->claimed = 0;
    while (ids->claimed < IDS_MAX - 1 && ids->taken[ids->claimed])
        ids->claimed++;
    snprintf(text, sizeof(text), "%u", ids->claimed);
    ids->call = store_ask(ids->store, on_claimed, ids, 4, words, NULL);
}

/* Go on with the first interface that has no number. */
static void next(struct iface_ids *ids)
{
    ids->at = 0;
    while (ids->at < engine_ifaces(ids->engine) && ids->has[ids->at])
        ids->at++;
    if (ids->at < engine_ifaces(ids->engine))
        claim(ids, engine_iface(ids->engine, ids->at)->name);
    else
        settle(ids);
}

static const char *field_of(const struct store_reply *hash, const char *name)
{
    for (size_t i = 0; i + 1 < store_reply_count(hash); i += 2)
        if (strcmp(store_reply_text(store_reply_at(hash, i), NULL), name) == 0)
            return store_reply_text(store_reply_at(hash, i + 1), NULL);
    return NULL;
}

static void read_hash(struct iface_ids *ids, const struct store_reply *hash)
{
    memset(ids->taken, 0, IDS_MAX * sizeof(*ids->taken));
    for (size_t i = 0; i < store_reply_count(hash); i++) {
        const char *text = store_reply_text(store_reply_at(hash, i), NULL);

        if (number_of(text) < IDS_MAX)
            ids->taken[number_of(text)] = true;
    }
    for (uint16_t id = 0; id < engine_ifaces(ids->engine); id++) {
        struct iface *iface = engine_iface(ids->engine, id);
        const char *text = field_of(hash, iface->name);
        uint32_t number = text != NULL ? number_of(text) : IDS_MAX;

        if (number < IDS_MAX)
            iface->ifid = number;
        /* Among the numbers, a name of digits would be one of them. */
        ids->has[id] = number < IDS_MAX || number_of(iface->name) < IDS_MAX;
    }
}

static void on_hash(void *arg, const struct store_reply *reply)
{
    struct iface_ids *ids = arg;

    ids->call = NULL;
    if (reply == NULL)
        return;
    if (store_reply_type(reply) != STORE_ARRAY) {
        log_warnx("store", "%s: %s: interfaces keep the numbers of this run",
                  KEY, store_reply_text(reply, NULL));
        settle(ids);
        return;
    }
    read_hash(ids, reply);
    next(ids);
}

static void load(struct iface_ids *ids)
{
    const char *words[] = {"HGETALL", KEY};

    ids->call = store_ask(ids->store, on_hash, ids, 2, words, NULL);
}

static void on_state(void *arg, enum store_state state)
{
    struct iface_ids *ids = arg;

    if (state == STORE_READY && !ids->is_settled && ids->call == NULL)
        load(ids);
}

struct iface_ids *iface_ids_new(struct store *store, struct engine *engine,
                                void (*settled)(void *arg), void *arg)
{
    struct iface_ids *ids = mem_calloc(1, sizeof(*ids));

    *ids = (struct iface_ids){
        .store = store, .engine = engine, .settled = settled, .arg = arg};
    ids->taken = mem_calloc(IDS_MAX, sizeof(*ids->taken));
    ids->has = mem_calloc(engine_ifaces(engine), sizeof(*ids->has));
    for (uint16_t id = 0; id < engine_ifaces(engine); id++)
        engine_iface(engine, id)->ifid = id;
    store_listen(store, on_state, ids);
    on_state(ids, store_state(store));
    return ids;
}

void iface_ids_free(struct iface_ids *ids)
{
    if (ids == NULL)
        return;
    store_cancel(ids->call);
    free(ids->has);
    free(ids->taken);
    free(ids);
}
