/* flows: the flows of an interface, bounded. SPDX-License-Identifier: MIT */
#ifndef KELVIN_MODEL_FLOWS_H
#define KELVIN_MODEL_FLOWS_H

#include "core/model/flow.h"
#include "core/model/observer.h"
#include "core/util/hash.h"
#include "core/util/table.h"

/*
 * Storage, look-up and idle order of flows; what happens to a flow is the
 * business of iface. A flow that was touched since the last tick has news,
 * which wait on a list of their own for the roll-up.
 */
struct flows {
    struct pool pool;  /* of struct flow */
    struct pool tcp;   /* of struct tcp */
    struct pool news;  /* of struct flow_news */
    struct pool marks; /* of struct flow_mark */
    uint32_t *mark_of; /* by index of the flow, where FLOW_MARKED says so */
    struct table table;
    struct list idle[FLOW_CLASSES];
    struct hash_key key;
    struct list touched; /* news since the last tick began */
    struct list rolling; /* before it, not rolled up yet */
};

void flows_init(struct flows *flows, uint32_t cap, const struct hash_key *key);

/* Give back everything but dpi states, which are the caller's to drop. */
void flows_clear(struct flows *flows);

/* The key of a packet as its sender sees it. @return false when it is not IP
 * and has no flow. */
bool flow_key_of(const struct packet *packet, struct flow_key *key);

/* Hash of a key, the same in both directions. */
uint32_t flows_hash(const struct flows *flows, const struct flow_key *key);

/* A well-mixed hash of an address, for estimates of distinct peers. */
uint64_t flows_addr_hash(const struct flows *flows, const struct addr *addr);

/* The index of the flow of either direction, or POOL_NONE; `*from_server`
 * says that the key's sender is the flow's server. */
uint32_t flows_find(const struct flows *flows, const struct flow_key *key,
                    uint32_t hash, bool *from_server);

/* Ask the processor for a flow's place in the table. */
static inline void flows_prefetch_slot(const struct flows *flows,
                                       uint32_t index)
{
    const struct flow *flow = pool_at(&flows->pool, index);

    table_prefetch(&flows->table, flows_hash(flows, &flow->key));
}

/* Enter a flow that flows_find() does not find, at the lively end of its
 * class's idle list. POOL_NONE: full. */
uint32_t flows_add(struct flows *flows, const struct flow_key *key,
                   uint32_t hash);

/* Take a flow out of table and idle list, and give back what it holds. It
 * must be untouched and have no dpi state. */
void flows_remove(struct flows *flows, uint32_t index);

static inline struct flow *flows_at(const struct flows *flows, uint32_t index)
{
    return pool_at(&flows->pool, index);
}

/* The TCP side of a flow, or NULL. */
static inline struct tcp *flows_tcp(const struct flows *flows,
                                    const struct flow *flow)
{
    if (flow->key.l4_proto != IP_PROTO_TCP || flow->tcp == POOL_NONE)
        return NULL;
    return pool_at(&flows->tcp, flow->tcp);
}

static inline bool flow_is_touched(const struct flow *flow)
{
    return flow->news != POOL_NONE;
}

/* The news of a flow, or NULL. */
static inline struct flow_news *flows_news(const struct flows *flows,
                                           const struct flow *flow)
{
    return flow_is_touched(flow) ? pool_at(&flows->news, flow->news) : NULL;
}

/* The news of a flow, to add to: they go to the end of the touched list when
 * they are the first. */
static inline struct flow_news *flows_touch(struct flows *flows, uint32_t index)
{
    struct flow *flow = flows_at(flows, index);
    struct flow_news *news;

    if (flow_is_touched(flow))
        return pool_at(&flows->news, flow->news);
    flow->news = pool_take(&flows->news);
    assert(flow->news != POOL_NONE); /* there are as many as flows */
    news = pool_at(&flows->news, flow->news);
    news->flow = index;
    list_append(&flows->touched, flow->news);
    return news;
}

/* A tick begins: what was touched is to be rolled up. The rolling list must
 * be empty. */
static inline void flows_roll(struct flows *flows)
{
    assert(flows->rolling.head == POOL_NONE);
    flows->rolling = flows->touched;
    flows->touched.head = POOL_NONE;
    flows->touched.tail = POOL_NONE;
}

/* Drop a flow's news, if it has any. */
void flows_untouch(struct flows *flows, uint32_t index);

/* What the records of a flow covered so far; all zero when there is none. */
const struct flow_mark *flows_mark(const struct flows *flows, uint32_t index);

/* The same to be changed, made if need be. */
struct flow_mark *flows_set_mark(struct flows *flows, uint32_t index);

/* Put a flow at the lively end of the idle list of its class. */
void flows_refresh(struct flows *flows, uint32_t index, enum flow_class to);

/* The flow to throw out for room, POOL_NONE when there is none: the idlest of
 * opening and closed connections, then of all that is not TCP, then of
 * established connections, which so survive a flood. It may be touched when
 * those at the idle end all are. */
uint32_t flows_victim(const struct flows *flows);

/* Visit all, in no order: the next index, or POOL_NONE after the last.
 * `*cursor` starts at 0; entries may be changed meanwhile, not removed. */
uint32_t flows_next(const struct flows *flows, uint32_t *cursor);

#endif
