/* groups: the groups of an interface, bounded. SPDX-License-Identifier: MIT
 */
#include "core/model/groups.h"

#include <assert.h>
#include <string.h>

#include "core/util/utf8.h"

void groups_init(struct groups *groups, uint32_t cap,
                 const struct hash_key *key)
{
    *groups = (struct groups){.key = *key};
    pool_init(&groups->pool, cap, sizeof(struct group));
    pool_track(&groups->pool);
    table_init(&groups->table, cap);
    list_init(&groups->idle, &groups->pool, offsetof(struct group, idle));
}

void groups_clear(struct groups *groups)
{
    table_clear(&groups->table);
    pool_clear(&groups->pool);
}

static uint32_t hash_of(const struct groups *groups, enum group_kind kind,
                        uint32_t id)
{
    return hash_fold(
        hash_pair(kind, id, groups->key.word[0], groups->key.word[1]),
        groups->key.word[2]);
}

static uint32_t find(const struct groups *groups, uint32_t hash,
                     enum group_kind kind, uint32_t id)
{
    struct table_cursor at = table_find(&groups->table, hash);
    uint32_t index;

    while ((index = table_next(&groups->table, &at)) != POOL_NONE) {
        const struct group *group = groups_at(groups, index);

        if (group->kind == kind && group->id == id)
            return index;
    }
    return POOL_NONE;
}

uint32_t groups_find(const struct groups *groups, enum group_kind kind,
                     uint32_t id)
{
    return find(groups, hash_of(groups, kind, id), kind, id);
}

static void evict(struct groups *groups)
{
    uint32_t index = groups->idle.head;

    if (index == POOL_NONE)
        return;
    list_remove(&groups->idle, index);
    table_remove(&groups->table, groups_at(groups, index)->hash, index);
    pool_give(&groups->pool, index);
    groups->evicted++;
}

uint32_t groups_get(struct groups *groups, enum group_kind kind, uint32_t id,
                    const char *name, uint32_t now_s)
{
    uint32_t hash = hash_of(groups, kind, id);
    uint32_t index = find(groups, hash, kind, id);
    struct group *group;

    if (index != POOL_NONE)
        return index;
    if (groups->pool.count == groups->pool.cap)
        evict(groups);
    index = pool_take(&groups->pool);
    if (index == POOL_NONE) {
        groups->refused++;
        return POOL_NONE;
    }
    group = groups_at(groups, index);
    group->kind = (uint8_t)kind;
    group->id = id;
    group->hash = hash;
    group->first_s = now_s;
    group->last_s = now_s;
    utf8_clean(group->name, sizeof(group->name), name, strlen(name));
    table_insert(&groups->table, hash, index);
    list_append(&groups->idle, index);
    return index;
}

void groups_host_joins(struct groups *groups, uint32_t index)
{
    if (index != POOL_NONE && groups_at(groups, index)->hosts++ == 0)
        list_remove(&groups->idle, index);
}

void groups_host_leaves(struct groups *groups, uint32_t index)
{
    if (index == POOL_NONE)
        return;
    assert(groups_at(groups, index)->hosts > 0);
    if (--groups_at(groups, index)->hosts == 0)
        list_append(&groups->idle, index);
}

void groups_add(struct groups *groups, uint32_t index,
                const struct delta *delta, enum way way)
{
    struct group *group;

    if (index == POOL_NONE)
        return;
    group = groups_at(groups, index);
    for (enum way w = 0; w < WAYS; w++) {
        group->traffic[w].packets += delta->traffic[w ^ way].packets;
        group->traffic[w].bytes += delta->traffic[w ^ way].bytes;
    }
    group->last_s = delta->now_s;
    rate_add(&group->rate, delta->now_s,
             delta->traffic[0].bytes + delta->traffic[1].bytes,
             delta->traffic[0].packets + delta->traffic[1].packets);
}

uint32_t groups_next(const struct groups *groups, uint32_t *cursor)
{
    return table_each(&groups->table, cursor);
}
