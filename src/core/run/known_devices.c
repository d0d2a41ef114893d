/* known_devices: MACs that are no news after a restart.
 * SPDX-License-Identifier: MIT */
#include "core/run/known_devices.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/model/alert_detect.h"
#include "core/util/log.h"
#include "core/util/mem.h"

/* Members of one answer: half a millisecond. */
#define PAGE 1024
/* Devices noted at once, and then one each so long. */
#define BURST 1024
#define EACH_US 100000
#define KEY_SIZE 64
#define MEMBER_SIZE (MAC_TEXT_SIZE + 8)

struct item {
    struct known_devices *known;
    struct iface *iface;
    struct store_call *call;
    uint32_t at; /* members asked for so far */
    bool is_read;
};

struct known_devices {
    struct observer observer;
    struct loop *loop;
    struct engine *engine;
    struct store *store;
    struct item *items; /* by the number of the interface in this run */
    uint16_t count;     /* 0: not begun */
    int64_t allowed_us; /* until when notes are taken into account */
    struct known_devices_counters counters;
};

static void put_key(char key[KEY_SIZE], const struct iface *iface)
{
    snprintf(key, KEY_SIZE, "ntopng.known_devices.ifid_%u", iface->ifid);
}

/* Reading */

static void take(struct item *item, const char *member)
{
    char mac[MAC_TEXT_SIZE];
    uint8_t bytes[MAC_SIZE];
    const char *at = strchr(member, '@');
    unsigned long vlan;
    char *end;

    if (at == NULL || at - member != MAC_TEXT_SIZE - 1 || at[1] < '0' ||
        at[1] > '9')
        goto refuse;
    memcpy(mac, member, MAC_TEXT_SIZE - 1);
    mac[MAC_TEXT_SIZE - 1] = '\0';
    vlan = strtoul(at + 1, &end, 10);
    if (*end != '\0' || vlan > UINT16_MAX || !mac_parse(mac, bytes))
        goto refuse;
    alert_detect_know(item->iface, bytes, (uint16_t)vlan);
    item->known->counters.read++;
    return;
refuse:
    item->known->counters.refused++;
}

static void ask(struct item *item);

static void on_page(void *arg, const struct store_reply *reply)
{
    struct item *item = arg;
    size_t count;

    item->call = NULL;
    if (reply == NULL)
        return; /* again when Redis is back */
    count = store_reply_count(reply);
    for (size_t i = 0; i < count; i++)
        take(item, store_reply_text(store_reply_at(reply, i), NULL));
    item->at += (uint32_t)count;
    if (count == PAGE && item->at < KNOWN_DEVICES_MAX) {
        ask(item);
        return;
    }
    item->is_read = true;
    if (item->at > 0)
        alert_detect_learnt(item->iface);
}

/* The latest first: what is noted meanwhile makes no member be missed. */
static void ask(struct item *item)
{
    char key[KEY_SIZE];
    char first[16];
    char last[16];
    const char *words[] = {"ZREVRANGE", key, first, last};

    put_key(key, item->iface);
    snprintf(first, sizeof(first), "%u", item->at);
    snprintf(last, sizeof(last), "%u", item->at + PAGE - 1);
    item->call = store_ask(item->known->store, on_page, item, 4, words, NULL);
}

static void ask_all(struct known_devices *known)
{
    for (uint16_t id = 0; id < known->count; id++) {
        struct item *item = &known->items[id];

        if (item->iface->is_live && !item->is_read && item->call == NULL)
            ask(item);
    }
}

static void on_state(void *arg, enum store_state state)
{
    if (state == STORE_READY)
        ask_all(arg);
}

/* Noting */

static bool note(struct known_devices *known, const struct iface *iface,
                 const struct device *device)
{
    char key[KEY_SIZE];
    char when[16];
    char mac[MAC_TEXT_SIZE];
    char member[MEMBER_SIZE];
    const char *words[] = {"ZADD", key, when, member};

    put_key(key, iface);
    snprintf(when, sizeof(when), "%u", device->last_s);
    snprintf(member, sizeof(member), "%s@%u", mac_format(device->mac, mac),
             device->vlan);
    known->counters.noted++;
    return store_tell(known->store, 4, words, NULL);
}

static void trim(struct known_devices *known, const struct iface *iface)
{
    char key[KEY_SIZE];
    char last[16];
    const char *words[] = {"ZREMRANGEBYRANK", key, "0", last};

    put_key(key, iface);
    snprintf(last, sizeof(last), "-%u", KNOWN_DEVICES_MAX + 1);
    (void)store_tell(known->store, 4, words, NULL);
}

/* A bucket of notes, which empties with time. */
static bool is_allowed(struct known_devices *known)
{
    int64_t now_us = loop_now_us(known->loop);

    if (known->allowed_us < now_us)
        known->allowed_us = now_us;
    if (known->allowed_us - now_us >= (int64_t)BURST * EACH_US)
        return false;
    known->allowed_us += EACH_US;
    return true;
}

static bool is_one(const struct known_devices *known, const struct iface *iface,
                   const struct device *device)
{
    return known->count != 0 && iface->is_live && device->is_source &&
           !mac_is_group(device->mac);
}

static void on_device(void *arg, const struct iface *iface,
                      const struct device *device)
{
    struct known_devices *known = arg;

    if (!is_one(known, iface, device))
        return;
    if (!is_allowed(known)) {
        known->counters.left_out++;
        return;
    }
    (void)note(known, iface, device); /* the store counts what is lost */
    if (known->counters.noted % PAGE == 0)
        trim(known, iface);
}

static void note_all(struct known_devices *known, const struct iface *iface)
{
    uint32_t cursor = 0;
    uint32_t noted = 0;
    uint32_t index;

    while (noted < KNOWN_DEVICES_MAX &&
           (index = devices_next(&iface->devices, &cursor)) != POOL_NONE) {
        const struct device *device = devices_at(&iface->devices, index);

        if (is_one(known, iface, device) && !note(known, iface, device))
            return;
        noted++;
    }
    trim(known, iface);
}

void known_devices_write(struct known_devices *known)
{
    for (uint16_t id = 0; id < known->count; id++)
        if (known->items[id].iface->is_live)
            note_all(known, known->items[id].iface);
}

/* Life */

struct known_devices *
known_devices_new(struct loop *loop, struct engine *engine, struct store *store)
{
    struct known_devices *known = mem_calloc(1, sizeof(*known));

    known->observer = (struct observer){
        .device_seen = on_device, .device_gone = on_device, .arg = known};
    known->loop = loop;
    known->engine = engine;
    known->store = store;
    store_listen(store, on_state, known);
    return known;
}

const struct observer *known_devices_observer(const struct known_devices *known)
{
    return &known->observer;
}

void known_devices_begin(struct known_devices *known)
{
    known->count = engine_ifaces(known->engine);
    known->items = mem_calloc(known->count + 1u, sizeof(*known->items));
    for (uint16_t id = 0; id < known->count; id++) {
        known->items[id].known = known;
        known->items[id].iface = engine_iface(known->engine, id);
    }
    ask_all(known);
}

void known_devices_free(struct known_devices *known)
{
    if (known == NULL)
        return;
    for (uint16_t id = 0; id < known->count; id++)
        store_cancel(known->items[id].call);
    free(known->items);
    free(known);
}

const struct known_devices_counters *
known_devices_counters(const struct known_devices *known)
{
    return &known->counters;
}
