/* lib_interface_peers: who talks to whom. SPDX-License-Identifier: MIT */
/*
 * Flows between the same two hosts are one link, from the client of the first
 * that is seen. Links lie in a table that grows up to LINKS_MAX; the largest
 * are chosen by a heap and made into rows, all in slices.
 */
#include <lua5.3/lauxlib.h>
#include <stdlib.h>
#include <string.h>

#include "core/model/flow_view.h"
#include "lua/flow_choice.h"

#define LINKS_MAX 16384
#define LINKS_AT_FIRST 512
#define HITS_MAX 1000
#define HITS 100
/* Places on the stack: the state is at 1. */
#define LINKS_AT 2
#define ROWS_AT 3

struct link {
    struct addr addr[WAYS]; /* client, server */
    uint64_t bytes[WAYS];   /* sent by it */
    uint64_t hash;
    uint32_t flows; /* 0: an empty slot */
    uint16_t vlan;
};

enum peers_phase { PEERS_WALK, PEERS_CHOOSE, PEERS_PUSH };

struct peers {
    struct slices slices;
    struct flow_choice choice;
    enum peers_phase phase;
    struct walk walk;
    uint64_t flows;  /* that match */
    uint64_t missed; /* of them, those whose link had no room */
    struct link *links;
    size_t size; /* slots, a power of two; half of them at most are used */
    size_t count;
    size_t hits;
    size_t looked;                    /* slots looked at by the heap */
    const struct link *top[HITS_MAX]; /* a heap, the smallest first */
    size_t top_count;
    size_t pushed;
};

/* The same for both directions. */
static uint64_t hash_of(const struct iface *iface, const struct flow_key *key)
{
    return flows_addr_hash(&iface->flows, &key->addr[0]) +
           flows_addr_hash(&iface->flows, &key->addr[1]) +
           key->vlan * UINT64_C(0x9e3779b97f4a7c15);
}

/* The slot of a link, or the empty one where it would be; `*way` is the end of
 * the link that is the flow's client. */
static struct link *slot_of(const struct peers *peers, uint64_t hash,
                            const struct flow_key *key, enum way *way)
{
    size_t at = hash & (peers->size - 1);

    for (;; at = (at + 1) & (peers->size - 1)) {
        struct link *link = &peers->links[at];

        *way = WAY_SENT;
        if (link->flows == 0)
            return link;
        if (link->hash != hash || link->vlan != key->vlan)
            continue;
        for (; *way < WAYS; ++*way)
            if (addr_equal(&link->addr[*way], &key->addr[0]) &&
                addr_equal(&link->addr[!*way], &key->addr[1]))
                return link;
    }
}

static void make_links(lua_State *L, struct peers *peers, size_t size)
{
    peers->links = lua_newuserdata(L, size * sizeof(*peers->links));
    peers->size = size;
    memset(peers->links, 0, size * sizeof(*peers->links));
}

/* Twice the room: the old table stays on the stack until it is copied. */
static void grow(lua_State *L, struct peers *peers)
{
    const struct link *before = peers->links;
    size_t size = peers->size;

    make_links(L, peers, 2 * size);
    for (size_t i = 0; i < size; i++) {
        size_t at = before[i].hash & (peers->size - 1);

        if (before[i].flows == 0)
            continue;
        while (peers->links[at].flows != 0)
            at = (at + 1) & (peers->size - 1);
        peers->links[at] = before[i];
    }
    lua_replace(L, LINKS_AT);
}

static bool is_hidden(const struct peers *peers, const struct flow *flow)
{
    const struct mask *mask = lib_mask(peers->choice.access);

    return mask_hides(mask, &flow->key.addr[0]) ||
           mask_hides(mask, &flow->key.addr[1]);
}

static void add_flow(lua_State *L, void *state, uint32_t index)
{
    struct peers *peers = state;
    const struct iface *iface = peers->choice.iface;
    const struct flow *flow = flows_at(&iface->flows, index);
    uint64_t hash = hash_of(iface, &flow->key);
    struct link *link;
    enum way way;

    if (is_hidden(peers, flow) || !flow_choice_matches(&peers->choice, flow))
        return;
    peers->flows++;
    link = slot_of(peers, hash, &flow->key, &way);
    if (link->flows == 0 && 2 * (peers->count + 1) > peers->size) {
        if (peers->size == 2 * LINKS_MAX) {
            peers->missed++;
            return;
        }
        grow(L, peers);
        link = slot_of(peers, hash, &flow->key, &way);
    }
    if (link->flows++ == 0) {
        peers->count++;
        memcpy(link->addr, flow->key.addr, sizeof(link->addr));
        link->hash = hash;
        link->vlan = flow->key.vlan;
    }
    link->bytes[way] += flow_bytes(flow, WAY_SENT);
    link->bytes[!way] += flow_bytes(flow, WAY_RCVD);
}

/* The order of rows: the largest first, equal ones by address. */
static int compare(const void *one, const void *other)
{
    const struct link *a = *(const struct link *const *)one;
    const struct link *b = *(const struct link *const *)other;
    uint64_t bytes[2] = {a->bytes[0] + a->bytes[1], b->bytes[0] + b->bytes[1]};

    if (bytes[0] != bytes[1])
        return bytes[0] > bytes[1] ? -1 : 1;
    return memcmp(a->addr, b->addr, sizeof(a->addr));
}

/* Put a link where the heap's root was. */
static void sift_down(struct peers *peers, const struct link *link)
{
    size_t at = 0;
    size_t child;

    while ((child = 2 * at + 1) < peers->top_count) {
        if (child + 1 < peers->top_count &&
            compare(&peers->top[child + 1], &peers->top[child]) > 0)
            child++;
        if (compare(&peers->top[child], &link) <= 0)
            break;
        peers->top[at] = peers->top[child];
        at = child;
    }
    peers->top[at] = link;
}

static void sift_up(struct peers *peers, const struct link *link)
{
    size_t at = peers->top_count++;

    while (at > 0 && compare(&link, &peers->top[(at - 1) / 2]) > 0) {
        peers->top[at] = peers->top[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    peers->top[at] = link;
}

static bool choose_slice(struct peers *peers)
{
    for (unsigned i = 0; i < SLICE_ENTRIES; i++) {
        const struct link *link = &peers->links[peers->looked];

        if (peers->looked == peers->size)
            return false;
        peers->looked++;
        if (link->flows == 0)
            continue;
        if (peers->top_count < peers->hits)
            sift_up(peers, link);
        else if (peers->hits != 0 && compare(&link, &peers->top[0]) < 0)
            sift_down(peers, link);
    }
    return true;
}

static void push_end(lua_State *L, const struct iface *iface,
                     const struct link *link, enum way way)
{
    uint32_t index = hosts_find(&iface->hosts, &link->addr[way], link->vlan);
    char text[ADDR_TEXT_SIZE];

    push_text(L, way == WAY_SENT ? "cli.ip" : "srv.ip",
              addr_format(&link->addr[way], text));
    push_text(L, way == WAY_SENT ? "cli.host" : "srv.host",
              index != POOL_NONE
                  ? host_label(hosts_at(&iface->hosts, index), text)
                  : text);
}

static bool push_slice(lua_State *L, struct peers *peers)
{
    for (unsigned i = 0; i < SLICE_ROWS; i++) {
        const struct link *link;

        if (peers->pushed == peers->top_count)
            return false;
        link = peers->top[peers->pushed++];
        lua_createtable(L, 0, 8);
        push_end(L, peers->choice.iface, link, WAY_SENT);
        push_end(L, peers->choice.iface, link, WAY_RCVD);
        push_number(L, "vlan", link->vlan);
        push_number(L, "cli2srv.bytes", link->bytes[WAY_SENT]);
        push_number(L, "srv2cli.bytes", link->bytes[WAY_RCVD]);
        push_number(L, "flows", link->flows);
        lua_rawseti(L, ROWS_AT, (lua_Integer)peers->pushed);
    }
    return true;
}

static bool step(lua_State *L, void *state)
{
    struct peers *peers = state;
    bool is_more = false;

    switch (peers->phase) {
    case PEERS_WALK:
        is_more = walk_slice(L, &peers->walk, add_flow, peers);
        break;
    case PEERS_CHOOSE:
        is_more = choose_slice(peers);
        if (!is_more)
            qsort(peers->top, peers->top_count, sizeof(peers->top[0]), compare);
        break;
    case PEERS_PUSH:
        return push_slice(L, peers);
    }
    if (!is_more)
        peers->phase++;
    return true;
}

static int finish(lua_State *L, void *state)
{
    const struct peers *peers = state;

    lua_createtable(L, 0, 4);
    push_number(L, "numFlows", peers->flows);
    push_number(L, "numPeers", peers->count);
    push_number(L, "missedFlows", peers->missed);
    lua_pushvalue(L, ROWS_AT);
    lua_setfield(L, -2, "peers");
    return 1;
}

/* getFlowPeers(host?, pageinfo?): of active flows as getFlowsInfo() takes
 * them, the `maxHits` largest links. */
static int get_peers(lua_State *L)
{
    const struct iface *iface = lib_iface_of(L);
    struct flow_choice choice = {.filter = NULL};
    struct peers *peers;
    uint64_t hits;

    if (iface == NULL)
        return lib_fail(L, "no interface");
    flow_choice_read(L, iface, &choice);
    hits = query_size(lib_page_whole(L, "maxHits", HITS));
    if (!lib_push_flow_filter(L, lib_page_text(L, "filter"), &choice.filter))
        return 2;
    peers = slices_new(L, sizeof(*peers), 1);
    peers->slices.step = step;
    peers->slices.finish = finish;
    peers->choice = choice;
    peers->hits = hits < HITS_MAX ? (size_t)hits : HITS_MAX;
    peers->walk.pool = &iface->flows.pool;
    make_links(L, peers, LINKS_AT_FIRST);
    lua_insert(L, LINKS_AT);
    lua_newtable(L);
    lua_insert(L, ROWS_AT); /* the filter's box is behind it */
    return slices_run(L);
}

void lib_interface_add_peers(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"getFlowPeers", get_peers},
        {NULL, NULL},
    };

    luaL_setfuncs(L, functions, 0);
}
