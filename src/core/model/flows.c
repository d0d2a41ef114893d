/* flows: the flows of an interface, bounded. SPDX-License-Identifier: MIT */
#include "core/model/flows.h"

#include <stdlib.h>
#include <string.h>

#include "core/util/mem.h"

/* How far from an idle list's head a victim is looked for. */
#define VICTIM_LOOKS 4

void flows_init(struct flows *flows, uint32_t cap, const struct hash_key *key)
{
    *flows = (struct flows){.key = *key};
    pool_init(&flows->pool, cap, sizeof(struct flow));
    pool_track(&flows->pool);
    pool_init(&flows->tcp, cap, sizeof(struct tcp));
    pool_init(&flows->news, cap, sizeof(struct flow_news));
    pool_init(&flows->marks, cap, sizeof(struct flow_mark));
    flows->mark_of = mem_map(((size_t)cap + 1) * sizeof(*flows->mark_of));
    table_init(&flows->table, cap);
    for (enum flow_class class = 0; class < FLOW_CLASSES; class ++)
        list_init(&flows->idle[class], &flows->pool,
                  offsetof(struct flow, idle));
    list_init(&flows->touched, &flows->news, offsetof(struct flow_news, link));
    list_init(&flows->rolling, &flows->news, offsetof(struct flow_news, link));
}

void flows_clear(struct flows *flows)
{
    uint32_t cursor = 0;
    uint32_t index;

    while ((index = flows_next(flows, &cursor)) != POOL_NONE) {
        struct flow *flow = flows_at(flows, index);

        if (flow->key.l4_proto == IP_PROTO_TCP)
            tcp_clear(flows_tcp(flows, flow));
        free(flow->attrs);
    }
    table_clear(&flows->table);
    mem_unmap(flows->mark_of,
              ((size_t)flows->pool.cap + 1) * sizeof(*flows->mark_of));
    pool_clear(&flows->marks);
    pool_clear(&flows->news);
    pool_clear(&flows->tcp);
    pool_clear(&flows->pool);
}

bool flow_key_of(const struct packet *packet, struct flow_key *key)
{
    if (packet->ip_version == 0)
        return false;
    key->addr[0] = packet->src;
    key->addr[1] = packet->dst;
    key->port[0] = packet->src_port;
    key->port[1] = packet->dst_port;
    key->vlan = packet->vlan;
    key->l4_proto = packet->l4_proto;
    key->ip_version = packet->ip_version;
    return true;
}

/*
 * Both directions hash as one: the ends enter in an order of their own. Every
 * bit of the key has its place in the words, none is folded onto another, or
 * whoever sends could choose addresses and ports that cancel out.
 */
static uint64_t v4_end(const struct flow_key *key, unsigned end)
{
    uint32_t addr; /* the other bytes of a mapped address are constant */

    memcpy(&addr, key->addr[end].bytes + 12, sizeof(addr));
    return (uint64_t)addr << 16 | key->port[end];
}

static uint32_t hash_v4(const struct hash_key *secret,
                        const struct flow_key *key)
{
    uint64_t a = v4_end(key, 0);
    uint64_t b = v4_end(key, 1);
    uint64_t low = a < b ? a : b;
    uint64_t high = a < b ? b : a;

    low |= (uint64_t)key->l4_proto << 48;
    high |= (uint64_t)key->vlan << 48;
    return hash_fold(hash_pair(low, high, secret->word[0], secret->word[1]),
                     secret->word[6]);
}

static bool is_end_1_first(const struct flow_key *key)
{
    const uint64_t *a = key->addr[0].words;
    const uint64_t *b = key->addr[1].words;

    if (a[1] != b[1])
        return b[1] < a[1];
    if (a[0] != b[0])
        return b[0] < a[0];
    return key->port[1] < key->port[0];
}

static uint32_t hash_v6(const struct hash_key *secret,
                        const struct flow_key *key)
{
    unsigned low = is_end_1_first(key);
    const uint64_t *a = key->addr[low].words;
    const uint64_t *b = key->addr[!low].words;
    uint64_t rest = (uint64_t)key->port[low] << 48 |
                    (uint64_t)key->port[!low] << 32 |
                    (uint64_t)key->vlan << 16 | key->l4_proto;

    return hash_fold(
        hash_pair(a[0], a[1], secret->word[0], secret->word[1]) +
            hash_pair(b[0], b[1], secret->word[2], secret->word[3]) +
            hash_pair(rest, key->ip_version, secret->word[4], secret->word[5]),
        secret->word[6]);
}

uint32_t flows_hash(const struct flows *flows, const struct flow_key *key)
{
    return key->ip_version == 4 ? hash_v4(&flows->key, key)
                                : hash_v6(&flows->key, key);
}

uint64_t flows_addr_hash(const struct flows *flows, const struct addr *addr)
{
    const uint64_t *secret = flows->key.word;
    hash_wide sum =
        hash_pair(addr->words[0], addr->words[1], secret[0], secret[1]);
    uint64_t mixed = (uint64_t)sum ^ (uint64_t)(sum >> 64);

    /* Once more, as neighbours must differ in all bits. */
    sum = (hash_wide)(mixed ^ secret[2]) * (secret[3] | 1);
    return (uint64_t)sum ^ (uint64_t)(sum >> 64);
}

static bool same_ends(const struct flow_key *a, const struct flow_key *b,
                      unsigned flip)
{
    return a->port[0] == b->port[flip] && a->port[1] == b->port[!flip] &&
           addr_equal(&a->addr[0], &b->addr[flip]) &&
           addr_equal(&a->addr[1], &b->addr[!flip]);
}

uint32_t flows_find(const struct flows *flows, const struct flow_key *key,
                    uint32_t hash, bool *from_server)
{
    struct table_cursor at = table_find(&flows->table, hash);
    uint32_t index;

    while ((index = table_next(&flows->table, &at)) != POOL_NONE) {
        const struct flow_key *known = &flows_at(flows, index)->key;

        if (known->vlan != key->vlan || known->l4_proto != key->l4_proto ||
            known->ip_version != key->ip_version)
            continue;
        *from_server = false;
        if (same_ends(known, key, 0))
            return index;
        *from_server = true;
        if (same_ends(known, key, 1))
            return index;
    }
    return POOL_NONE;
}

uint32_t flows_add(struct flows *flows, const struct flow_key *key,
                   uint32_t hash)
{
    uint32_t index = pool_take(&flows->pool);
    struct flow *flow;

    if (index == POOL_NONE)
        return POOL_NONE;
    flow = flows_at(flows, index);
    flow->key = *key;
    if (key->l4_proto == IP_PROTO_TCP) {
        flow->tcp = pool_take(&flows->tcp);
        assert(flow->tcp != POOL_NONE); /* there are as many as flows */
        tcp_start(flows_tcp(flows, flow));
    }
    flow->class = (uint8_t)flow_class_of(flow, flows_tcp(flows, flow));
    list_append(&flows->idle[flow->class], index);
    table_insert(&flows->table, hash, index);
    return index;
}

void flows_remove(struct flows *flows, uint32_t index)
{
    struct flow *flow = flows_at(flows, index);

    assert(flow->dpi == POOL_NONE && !flow_is_touched(flow));
    table_remove(&flows->table, flows_hash(flows, &flow->key), index);
    list_remove(&flows->idle[flow->class], index);
    if (flow->key.l4_proto == IP_PROTO_TCP) {
        tcp_clear(flows_tcp(flows, flow));
        pool_give(&flows->tcp, flow->tcp);
    }
    if ((flow->flags & FLOW_MARKED) != 0)
        pool_give(&flows->marks, flows->mark_of[index]);
    free(flow->attrs);
    pool_give(&flows->pool, index);
}

void flows_untouch(struct flows *flows, uint32_t index)
{
    struct flow *flow = flows_at(flows, index);
    bool is_rolling;

    if (!flow_is_touched(flow))
        return;
    /* Only a list's ends know which list it is; inside, either will do. */
    is_rolling =
        flows->rolling.head == flow->news || flows->rolling.tail == flow->news;
    list_remove(is_rolling ? &flows->rolling : &flows->touched, flow->news);
    pool_give(&flows->news, flow->news);
    flow->news = POOL_NONE;
}

const struct flow_mark *flows_mark(const struct flows *flows, uint32_t index)
{
    static const struct flow_mark none;

    return (flows_at(flows, index)->flags & FLOW_MARKED) != 0
               ? pool_at(&flows->marks, flows->mark_of[index])
               : &none;
}

struct flow_mark *flows_set_mark(struct flows *flows, uint32_t index)
{
    struct flow *flow = flows_at(flows, index);

    if ((flow->flags & FLOW_MARKED) == 0) {
        flows->mark_of[index] = pool_take(&flows->marks);
        assert(flows->mark_of[index] != POOL_NONE); /* as many as flows */
        flow->flags |= FLOW_MARKED;
    }
    return pool_at(&flows->marks, flows->mark_of[index]);
}

void flows_refresh(struct flows *flows, uint32_t index, enum flow_class to)
{
    struct flow *flow = flows_at(flows, index);

    list_remove(&flows->idle[flow->class], index);
    flow->class = (uint8_t)to;
    list_append(&flows->idle[to], index);
}

/* The first near the head of a list that has no news waiting, else its
 * head. */
static uint32_t idlest_of(const struct flows *flows, enum flow_class class)
{
    uint32_t index = flows->idle[class].head;

    for (int i = 0; i < VICTIM_LOOKS && index != POOL_NONE; i++) {
        const struct flow *flow = flows_at(flows, index);

        if (!flow_is_touched(flow))
            return index;
        index = flow->idle.next;
    }
    return flows->idle[class].head;
}

uint32_t flows_victim(const struct flows *flows)
{
    /* What a flood consists of goes before what matters. */
    static const uint8_t rank[FLOW_CLASSES] = {
        [FLOW_TCP_OPENING] = 0, [FLOW_TCP_CLOSED] = 0,
        [FLOW_UDP] = 1,         [FLOW_ICMP] = 1,
        [FLOW_OTHER] = 1,       [FLOW_TCP_ESTABLISHED] = 2,
    };
    uint32_t victim = POOL_NONE;
    enum flow_class of = 0;

    for (enum flow_class class = 0; class < FLOW_CLASSES; class ++) {
        uint32_t index = idlest_of(flows, class);

        if (index == POOL_NONE ||
            (victim != POOL_NONE && rank[class] > rank[of]))
            continue;
        if (victim == POOL_NONE || rank[class] < rank[of] ||
            flows_at(flows, index)->last_us <
                flows_at(flows, victim)->last_us) {
            victim = index;
            of = class;
        }
    }
    return victim;
}

uint32_t flows_next(const struct flows *flows, uint32_t *cursor)
{
    return table_each(&flows->table, cursor);
}
