/* flows: the flows of an interface, bounded. SPDX-License-Identifier: MIT */
#include "core/model/flows.h"

#include <stdlib.h>
#include <string.h>

/* How far from an idle list's head a victim is looked for. */
#define VICTIM_LOOKS 8

void flows_init(struct flows *flows, uint32_t cap, const struct hash_key *key)
{
    *flows = (struct flows){.key = *key};
    pool_init(&flows->pool, cap, sizeof(struct flow));
    pool_init(&flows->tcp, cap, sizeof(struct tcp));
    pool_init(&flows->marks, cap, sizeof(struct flow_mark));
    table_init(&flows->table, cap);
    for (enum flow_class class = 0; class < FLOW_CLASSES; class ++)
        list_init(&flows->idle[class], &flows->pool,
                  offsetof(struct flow, idle));
    list_init(&flows->touched, &flows->pool, offsetof(struct flow, touched));
    list_init(&flows->rolling, &flows->pool, offsetof(struct flow, touched));
}

void flows_clear(struct flows *flows)
{
    uint32_t cursor = 0;
    uint32_t index;

    while ((index = flows_next(flows, &cursor)) != POOL_NONE)
        free(flows_at(flows, index)->attrs);
    table_clear(&flows->table);
    pool_clear(&flows->marks);
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

/* One end as two words; the sum over both ends is the same either way. */
static hash_wide hash_end(const struct hash_key *key, const struct addr *addr,
                          uint16_t port)
{
    return hash_pair(addr->words[0] ^ (uint64_t)port << 32, addr->words[1],
                     key->word[0], key->word[1]);
}

/* Adding the ends would let a sender cancel them against each other; their
 * folded values are multiplied under a second key instead. */
uint32_t flows_hash(const struct flows *flows, const struct flow_key *key)
{
    const struct hash_key *secret = &flows->key;
    hash_wide a = hash_end(secret, &key->addr[0], key->port[0]);
    hash_wide b = hash_end(secret, &key->addr[1], key->port[1]);
    uint64_t a64 = (uint64_t)a ^ (uint64_t)(a >> 64);
    uint64_t b64 = (uint64_t)b ^ (uint64_t)(b >> 64);
    uint64_t rest = (uint64_t)key->vlan << 16 | (uint64_t)key->l4_proto << 8 |
                    key->ip_version;

    return hash_fold(
        hash_pair(a64 + b64, a64 ^ b64, secret->word[2], secret->word[3]) +
            hash_pair(rest, 0, secret->word[4], secret->word[5]),
        secret->word[6]);
}

uint64_t flows_addr_hash(const struct flows *flows, const struct addr *addr)
{
    hash_wide sum = hash_end(&flows->key, addr, 0);
    uint64_t mixed =
        ((uint64_t)sum ^ (uint64_t)(sum >> 64)) * UINT64_C(0x9e3779b97f4a7c15);

    return mixed ^ mixed >> 32;
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

static enum flow_class first_class(uint8_t l4_proto)
{
    struct flow flow = {.key = {.l4_proto = l4_proto}};
    struct tcp opening = {.state = TCP_STATE_OPENING};

    return flow_class_of(&flow, &opening);
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
        flow->tcp = pool_take(&flows->tcp); /* as many as flows: never full */
        tcp_start(flows_tcp(flows, flow));
    }
    flow->class = first_class(key->l4_proto);
    list_append(&flows->idle[flow->class], index);
    table_insert(&flows->table, hash, index);
    return index;
}

void flows_remove(struct flows *flows, uint32_t index)
{
    struct flow *flow = flows_at(flows, index);

    assert(flow->dpi == POOL_NONE && (flow->flags & FLOW_TOUCHED) == 0);
    table_remove(&flows->table, flows_hash(flows, &flow->key), index);
    list_remove(&flows->idle[flow->class], index);
    if (flow->key.l4_proto == IP_PROTO_TCP)
        pool_give(&flows->tcp, flow->tcp);
    if (flow->mark != POOL_NONE)
        pool_give(&flows->marks, flow->mark);
    free(flow->attrs);
    pool_give(&flows->pool, index);
}

void flows_untouch(struct flows *flows, uint32_t index)
{
    struct flow *flow = flows_at(flows, index);
    bool is_rolling;

    if ((flow->flags & FLOW_TOUCHED) == 0)
        return;
    /* Only a list's ends know which list it is; inside, either will do. */
    is_rolling = flows->rolling.head == index || flows->rolling.tail == index;
    list_remove(is_rolling ? &flows->rolling : &flows->touched, index);
    flow->flags &= (uint16_t)~FLOW_TOUCHED;
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

        if ((flow->flags & FLOW_TOUCHED) == 0)
            return index;
        index = flow->idle.next;
    }
    return flows->idle[class].head;
}

uint32_t flows_victim(const struct flows *flows)
{
    static const enum flow_class cheap[] = {FLOW_UDP, FLOW_ICMP, FLOW_OTHER};
    uint32_t victim = idlest_of(flows, FLOW_TCP_CLOSED);

    if (victim == POOL_NONE)
        victim = idlest_of(flows, FLOW_TCP_OPENING);
    if (victim != POOL_NONE)
        return victim;
    for (unsigned i = 0; i < sizeof(cheap) / sizeof(*cheap); i++) {
        uint32_t index = idlest_of(flows, cheap[i]);

        if (index != POOL_NONE &&
            (victim == POOL_NONE || flows_at(flows, index)->last_us <
                                        flows_at(flows, victim)->last_us))
            victim = index;
    }
    return victim != POOL_NONE ? victim
                               : idlest_of(flows, FLOW_TCP_ESTABLISHED);
}

uint32_t flows_next(const struct flows *flows, uint32_t *cursor)
{
    return table_each(&flows->table, cursor);
}
