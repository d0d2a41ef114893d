/* groups: the groups of an interface, bounded. SPDX-License-Identifier: MIT
 */
#ifndef KELVIN_MODEL_GROUPS_H
#define KELVIN_MODEL_GROUPS_H

#include "core/model/group.h"
#include "core/util/hash.h"
#include "core/util/table.h"

struct groups {
    struct pool pool; /* of struct group */
    struct table table;
    struct list idle; /* groups without hosts, the idlest first */
    struct hash_key key;
    uint64_t evicted; /* thrown out for room */
    uint64_t refused; /* not entered: every group had hosts */
};

void groups_init(struct groups *groups, uint32_t cap,
                 const struct hash_key *key);
void groups_clear(struct groups *groups);

/* The index of a group or POOL_NONE. */
uint32_t groups_find(const struct groups *groups, enum group_kind kind,
                     uint32_t id);

/* The index of a group, made with `name` (cut to fit) if need be; the idlest
 * one without hosts goes when there is no room. POOL_NONE when every group
 * has hosts. An index is valid until the next call unless a host joins. */
uint32_t groups_get(struct groups *groups, enum group_kind kind, uint32_t id,
                    const char *name, uint32_t now_s);

static inline struct group *groups_at(const struct groups *groups,
                                      uint32_t index)
{
    return pool_at(&groups->pool, index);
}

/* A host joins or leaves; empty groups may be evicted. POOL_NONE is
 * nobody. */
void groups_host_joins(struct groups *groups, uint32_t index);
void groups_host_leaves(struct groups *groups, uint32_t index);

/* Add one flow's delta as `way` sees it. POOL_NONE is nobody. */
void groups_add(struct groups *groups, uint32_t index,
                const struct delta *delta, enum way way);

/* Visit all, in no order: the next index, or POOL_NONE after the last.
 * `*cursor` starts at 0; entries may be changed meanwhile, not removed. */
uint32_t groups_next(const struct groups *groups, uint32_t *cursor);

#endif
