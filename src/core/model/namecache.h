/* namecache: names heard before their hosts. SPDX-License-Identifier: MIT */
#ifndef KELVIN_MODEL_NAMECACHE_H
#define KELVIN_MODEL_NAMECACHE_H

#include <stdint.h>

#include "core/packet/addr.h"
#include "core/util/hash.h"

/*
 * A DNS answer comes before the first packet to its address. What answers
 * said waits here, one entry a slot, a later name in place of an older one:
 * constant memory, and what is lost is a name.
 */
#define NAMECACHE_SLOTS 8192
#define NAMECACHE_TEXT 76

struct namecache_slot {
    struct addr addr;
    char name[NAMECACHE_TEXT];
};

struct namecache {
    struct namecache_slot *slots;
    struct hash_key key;
};

void namecache_init(struct namecache *cache, const struct hash_key *key);
void namecache_clear(struct namecache *cache);

/* Remember a name for an address; longer names are cut. */
void namecache_put(struct namecache *cache, const struct addr *addr,
                   const char *name);

/* The name, or NULL. Valid until the next put. */
const char *namecache_get(const struct namecache *cache,
                          const struct addr *addr);

#endif
