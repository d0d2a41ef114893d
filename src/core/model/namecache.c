/* namecache: names heard before their hosts. SPDX-License-Identifier: MIT */
#include "core/model/namecache.h"

#include <string.h>

#include "core/util/mem.h"

void namecache_init(struct namecache *cache, const struct hash_key *key)
{
    cache->key = *key;
    cache->slots = mem_map(NAMECACHE_SLOTS * sizeof(*cache->slots));
}

void namecache_clear(struct namecache *cache)
{
    mem_unmap(cache->slots, NAMECACHE_SLOTS * sizeof(*cache->slots));
    cache->slots = NULL;
}

static struct namecache_slot *slot_of(const struct namecache *cache,
                                      const struct addr *addr)
{
    hash_wide sum = hash_pair(addr->words[0], addr->words[1],
                              cache->key.word[0], cache->key.word[1]);

    return &cache->slots[hash_fold(sum, cache->key.word[2]) %
                         NAMECACHE_SLOTS];
}

void namecache_put(struct namecache *cache, const struct addr *addr,
                   const char *name)
{
    struct namecache_slot *slot = slot_of(cache, addr);
    size_t len = strnlen(name, sizeof(slot->name) - 1);

    slot->addr = *addr;
    memcpy(slot->name, name, len);
    slot->name[len] = '\0';
}

const char *namecache_get(const struct namecache *cache,
                          const struct addr *addr)
{
    const struct namecache_slot *slot = slot_of(cache, addr);

    return slot->name[0] != '\0' && addr_equal(&slot->addr, addr) ? slot->name
                                                                  : NULL;
}
