/* devices: the MACs of an interface, bounded. SPDX-License-Identifier: MIT */
#ifndef KELVIN_MODEL_DEVICES_H
#define KELVIN_MODEL_DEVICES_H

#include "core/model/device.h"
#include "core/model/locate.h"
#include "core/util/hash.h"
#include "core/util/table.h"

struct devices {
    struct pool pool; /* of struct device */
    struct table table;
    struct list idle; /* those that nobody holds, the idlest first */
    struct hash_key key;
    const struct locator *locator; /* not owned, may be NULL */
    void (*seen)(void *arg, const struct device *device); /* may be NULL */
    void (*gone)(void *arg, const struct device *device); /* may be NULL */
    void *arg;
    uint64_t evicted; /* thrown out for room */
    uint64_t expired; /* forgotten for idleness */
    uint64_t refused; /* not entered: every device was held */
};

void devices_init(struct devices *devices, uint32_t cap,
                  const struct hash_key *key, const struct locator *locator);
void devices_clear(struct devices *devices);

/* Call `seen` when a device is first seen sending, and `gone` when one that
 * was is about to be forgotten. */
void devices_listen(struct devices *devices,
                    void (*seen)(void *arg, const struct device *device),
                    void (*gone)(void *arg, const struct device *device),
                    void *arg);

/* The index of a device or POOL_NONE. */
uint32_t devices_find(const struct devices *devices,
                      const uint8_t mac[MAC_SIZE], uint16_t vlan);

/* The index of a device that is seen at `now_s`, made if need be; the idlest
 * one that nobody holds goes when there is no room. POOL_NONE when all of
 * them are held. One that nobody holds may go with the next call. */
uint32_t devices_get(struct devices *devices, const uint8_t mac[MAC_SIZE],
                     uint16_t vlan, uint32_t now_s);

static inline struct device *devices_at(const struct devices *devices,
                                        uint32_t index)
{
    return pool_at(&devices->pool, index);
}

/* Keep an index valid until it is released; POOL_NONE is nobody. */
void devices_hold(struct devices *devices, uint32_t index);
void devices_release(struct devices *devices, uint32_t index);

/* The device sent a frame. */
void devices_sends(struct devices *devices, uint32_t index);

/* Add one flow's delta as `way` sees it. POOL_NONE is nobody. */
void devices_add(struct devices *devices, uint32_t index,
                 const struct delta *delta, enum way way);

/* Forget devices that nobody holds and that had no packet for `idle_s`
 * seconds, at most `budget` of them. @return how many it forgot. */
uint32_t devices_expire(struct devices *devices, uint32_t now_s,
                        uint32_t idle_s, uint32_t budget);

/* Visit all, in no order: the next index, or POOL_NONE after the last.
 * `*cursor` starts at 0; entries may be changed meanwhile, not removed. */
uint32_t devices_next(const struct devices *devices, uint32_t *cursor);

#endif
