/* devices: the MACs of an interface, bounded. SPDX-License-Identifier: MIT */
#include "core/model/devices.h"

#include <assert.h>
#include <string.h>

#include "core/util/utf8.h"

/* Most devices that one look takes back to now, so that it stays short. */
#define SET_BACK_LOOKS 16384

void devices_init(struct devices *devices, uint32_t cap,
                  const struct hash_key *key, const struct locator *locator)
{
    *devices = (struct devices){.key = *key, .locator = locator};
    pool_init(&devices->pool, cap, sizeof(struct device));
    pool_track(&devices->pool);
    table_init(&devices->table, cap);
    list_init(&devices->idle, &devices->pool, offsetof(struct device, idle));
}

void devices_listen(struct devices *devices,
                    void (*seen)(void *arg, const struct device *device),
                    void (*gone)(void *arg, const struct device *device),
                    void *arg)
{
    devices->seen = seen;
    devices->gone = gone;
    devices->arg = arg;
}

void devices_clear(struct devices *devices)
{
    table_clear(&devices->table);
    pool_clear(&devices->pool);
}

static uint32_t hash_of(const struct devices *devices,
                        const uint8_t mac[MAC_SIZE], uint16_t vlan)
{
    uint64_t word = vlan;

    for (unsigned i = 0; i < MAC_SIZE; i++)
        word = word << 8 | mac[i];
    return hash_fold(
        hash_pair(word, 0, devices->key.word[0], devices->key.word[1]),
        devices->key.word[2]);
}

static uint32_t find(const struct devices *devices, uint32_t hash,
                     const uint8_t mac[MAC_SIZE], uint16_t vlan)
{
    struct table_cursor at = table_find(&devices->table, hash);
    uint32_t index;

    while ((index = table_next(&devices->table, &at)) != POOL_NONE) {
        const struct device *device = devices_at(devices, index);

        if (device->vlan == vlan && memcmp(device->mac, mac, MAC_SIZE) == 0)
            return index;
    }
    return POOL_NONE;
}

uint32_t devices_find(const struct devices *devices,
                      const uint8_t mac[MAC_SIZE], uint16_t vlan)
{
    return find(devices, hash_of(devices, mac, vlan), mac, vlan);
}

static void forget(struct devices *devices, uint32_t index)
{
    const struct device *device = devices_at(devices, index);

    if (device->is_source && devices->gone != NULL)
        devices->gone(devices->arg, device);
    list_remove(&devices->idle, index);
    table_remove(&devices->table, device->hash, index);
    pool_give(&devices->pool, index);
}

static void evict(struct devices *devices)
{
    if (devices->idle.head == POOL_NONE)
        return;
    forget(devices, devices->idle.head);
    devices->evicted++;
}

static void describe(const struct devices *devices, struct device *device)
{
    const struct locator *locator = devices->locator;
    const char *vendor = NULL;

    if (locator != NULL && locator->vendor != NULL)
        vendor = locator->vendor(locator->arg, device->mac);
    if (vendor != NULL)
        utf8_clean(device->vendor, sizeof(device->vendor), vendor,
                   strlen(vendor));
}

static void see_again(struct devices *devices, uint32_t index, uint32_t now_s)
{
    struct device *device = devices_at(devices, index);

    device->last_s = now_s;
    if (device->holds > 0)
        return;
    list_remove(&devices->idle, index);
    list_append(&devices->idle, index);
}

uint32_t devices_get(struct devices *devices, const uint8_t mac[MAC_SIZE],
                     uint16_t vlan, uint32_t now_s)
{
    uint32_t hash = hash_of(devices, mac, vlan);
    uint32_t index = find(devices, hash, mac, vlan);
    struct device *device;

    if (index != POOL_NONE) {
        see_again(devices, index, now_s);
        return index;
    }
    if (devices->pool.count == devices->pool.cap)
        evict(devices);
    index = pool_take(&devices->pool);
    if (index == POOL_NONE) {
        devices->refused++;
        return POOL_NONE;
    }
    device = devices_at(devices, index);
    memcpy(device->mac, mac, MAC_SIZE);
    device->vlan = vlan;
    device->hash = hash;
    device->first_s = now_s;
    device->last_s = now_s;
    describe(devices, device);
    table_insert(&devices->table, hash, index);
    list_append(&devices->idle, index);
    return index;
}

void devices_hold(struct devices *devices, uint32_t index)
{
    if (index != POOL_NONE && devices_at(devices, index)->holds++ == 0)
        list_remove(&devices->idle, index);
}

void devices_release(struct devices *devices, uint32_t index)
{
    struct device *device;

    if (index == POOL_NONE)
        return;
    device = devices_at(devices, index);
    assert(device->holds > 0);
    if (--device->holds == 0)
        list_append(&devices->idle, index);
}

void devices_sends(struct devices *devices, uint32_t index)
{
    struct device *device = devices_at(devices, index);

    if (device->is_source)
        return;
    device->is_source = true;
    if (devices->seen != NULL)
        devices->seen(devices->arg, device);
}

void devices_add(struct devices *devices, uint32_t index,
                 const struct delta *delta, enum way way)
{
    struct device *device;

    if (index == POOL_NONE)
        return;
    device = devices_at(devices, index);
    for (enum way w = 0; w < WAYS; w++) {
        device->traffic[w].packets += delta->traffic[w ^ way].packets;
        device->traffic[w].bytes += delta->traffic[w ^ way].bytes;
    }
    if (delta->traffic[way].packets > 0)
        devices_sends(devices, index);
    device->last_s = delta->now_s;
    rate_add(&device->rate, delta->now_s,
             delta->traffic[0].bytes + delta->traffic[1].bytes,
             delta->traffic[0].packets + delta->traffic[1].packets);
}

/* The clock was set back: what went idle in times that are yet to come went
 * idle now. These are at the head, and none of them may wait for another. */
static void set_back(struct devices *devices, uint32_t now_s)
{
    uint32_t index = devices->idle.head;

    for (int i = 0; i < SET_BACK_LOOKS && index != POOL_NONE; i++) {
        struct device *device = devices_at(devices, index);

        if (device->last_s <= now_s)
            break;
        device->last_s = now_s;
        index = device->idle.next;
    }
}

uint32_t devices_expire(struct devices *devices, uint32_t now_s,
                        uint32_t idle_s, uint32_t budget)
{
    uint32_t done = 0;

    while (done < budget && devices->idle.head != POOL_NONE) {
        uint32_t index = devices->idle.head;
        struct device *device = devices_at(devices, index);

        if (device->last_s > now_s)
            set_back(devices, now_s);
        if (now_s - device->last_s < idle_s)
            break;
        forget(devices, index);
        devices->expired++;
        done++;
    }
    return done;
}

uint32_t devices_next(const struct devices *devices, uint32_t *cursor)
{
    return table_each(&devices->table, cursor);
}
