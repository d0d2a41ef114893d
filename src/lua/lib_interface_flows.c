/* lib_interface_flows: lists and single flows. SPDX-License-Identifier: MIT */
#include <lua5.3/lauxlib.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/model/flow_view.h"
#include "core/packet/l4.h"
#include "lua/flow_choice.h"

struct flow_query {
    struct query query;
    struct flow_choice choice;
};

static bool matches(const struct query *query, uint32_t index)
{
    const struct flow_query *want = (const struct flow_query *)query;

    return flow_choice_matches(&want->choice,
                               flows_at(&query->iface->flows, index));
}

/* In which order */

#define COLUMN(name)                                            \
    static void name(const struct query *query, uint32_t index, \
                     struct query_key *key)

static const struct flow *flow_of(const struct query *query, uint32_t index)
{
    return flows_at(&query->iface->flows, index);
}

COLUMN(by_bytes)
{
    const struct flow *flow = flow_of(query, index);

    key->number =
        (double)(flow_bytes(flow, WAY_SENT) + flow_bytes(flow, WAY_RCVD));
}

COLUMN(by_throughput)
{
    key->number = (double)flow_throughput(query->iface, flow_of(query, index));
}

COLUMN(by_duration)
{
    const struct flow *flow = flow_of(query, index);

    key->number = (double)(flow->last_us - flow->first_us);
}

COLUMN(by_vlan)
{
    key->number = flow_of(query, index)->key.vlan;
}

/* The order does not tell what is masked either. */
static void by_end(const struct query *query, uint32_t index, enum way way,
                   struct query_key *key)
{
    const struct flow *flow = flow_of(query, index);
    char text[ADDR_TEXT_SIZE];

    if (!mask_hides(lib_mask(query->access), &flow->key.addr[way]))
        query_key_text(key, flow_label(query->iface, flow, way, text));
}

COLUMN(by_client)
{
    by_end(query, index, WAY_SENT, key);
}

COLUMN(by_server)
{
    by_end(query, index, WAY_RCVD, key);
}

COLUMN(by_l4)
{
    char text[L4_NAME_SIZE];

    query_key_text(key, l4_name(flow_of(query, index)->key.l4_proto, text));
}

COLUMN(by_app)
{
    char text[128];

    query_key_text(key, flow_app_shown(query->iface, flow_of(query, index),
                                       text, sizeof(text)));
}

COLUMN(by_info)
{
    query_key_text(key, flow_info(flow_of(query, index)));
}

static void describe(const struct query *query, uint32_t index,
                     struct field_source *source)
{
    field_of_flow(query->iface, flow_of(query, index), index, source);
}

static const struct query_column columns[] = {
    {"column_bytes", false, by_bytes},
    {"column_", false, by_bytes},
    {"column_thpt", false, by_throughput},
    {"column_duration", false, by_duration},
    {"column_vlan", false, by_vlan},
    {"column_client", true, by_client},
    {"column_server", true, by_server},
    {"column_proto_l4", true, by_l4},
    {"column_ndpi", true, by_app},
    {"column_info", true, by_info},
};

static enum field_level read_level(lua_State *L, const struct flow_query *want)
{
    static const char *const names[] = {"normal", "high", "higher", "max"};
    const char *level = lib_page_text(L, "detailsLevel");

    for (unsigned i = 0; level != NULL && i < 4; i++)
        if (strcmp(level, names[i]) == 0)
            return (enum field_level)i;
    if (lib_page_flag(L, "detailedResults") == 1)
        return FIELD_HIGH;
    return (want->choice.local[0] == 1 && want->choice.local[1] == 1) ||
                   want->query.hits != QUERY_HITS
               ? FIELD_HIGH
               : FIELD_BASIC;
}

static const struct query_kind *flow_kind(void)
{
    static const struct query_kind kind = {
        .count_name = "numFlows",
        .rows_name = "flows",
        .columns = columns,
        .columns_count = sizeof(columns) / sizeof(columns[0]),
        .matches = matches,
        .rows = field_flow,
        .describe = describe,
    };

    return &kind;
}

/* getFlowsInfo(host?, pageinfo?) */
static int get_flows(lua_State *L)
{
    const struct iface *iface = lib_iface_of(L);
    struct flow_query want = {.choice = {.filter = NULL}};
    const char *column;

    if (iface == NULL)
        return lib_fail(L, "no interface");
    query_init(&want.query, L, flow_kind(), iface, &iface->flows.pool);
    flow_choice_read(L, iface, &want.choice);
    column = lib_page_text(L, "sortColumn");
    want.query.column =
        query_column(flow_kind(), column != NULL ? column : "column_thpt");
    want.query.is_descending = lib_page_flag(L, "a2zSortOrder") == 0;
    want.query.hits = query_size(lib_page_whole(L, "maxHits", QUERY_HITS));
    want.query.skip = query_size(lib_page_whole(L, "toSkip", 0));
    want.query.level = read_level(L, &want);
    if (!lib_push_flow_filter(L, lib_page_text(L, "filter"),
                              &want.choice.filter))
        return 2;
    return query_run(L, &want.query, sizeof(want), 1);
}

/* getFlowKey(client, client port, server, server port, IP protocol) */
static int get_flow_key(lua_State *L)
{
    const struct iface *iface = lib_iface_of(L);
    struct flow_key key = {.ip_version = 4};
    uint16_t vlan[WAYS];
    bool from_server;
    uint32_t index;

    if (iface == NULL)
        return lib_fail(L, "no interface");
    for (enum way way = 0; way < WAYS; way++) {
        int64_t port = lib_arg_whole(L, (int)way * 2 + 2, -1);

        if (!lib_arg_host(L, (int)way * 2 + 1, 0, &key.addr[way], &vlan[way]) ||
            port < 0 || port > UINT16_MAX)
            return lib_fail(L, "expected getFlowKey(client, port, server, "
                               "port, protocol)");
        key.port[way] = (uint16_t)port;
        if (!addr_is_v4(&key.addr[way]))
            key.ip_version = 6;
    }
    if (vlan[0] != vlan[1])
        return lib_fail(L, "client and server are in different VLANs");
    key.vlan = vlan[0];
    key.l4_proto = (uint8_t)lib_arg_whole(L, 5, 0);
    index = flows_find(&iface->flows, &key, flows_hash(&iface->flows, &key),
                       &from_server);
    if (index == POOL_NONE ||
        !lib_sees_flow(lib_access_of(L), flows_at(&iface->flows, index)))
        return lib_fail(L, "no such flow");
    lua_pushinteger(L, flow_key_number(iface, index));
    return 1;
}

/* findFlowByKey(key) */
static int find_flow(lua_State *L)
{
    const struct iface *iface = lib_iface_of(L);
    const struct lib_access *access = lib_access_of(L);
    struct field_source source = {
        .seen = lib_seen_networks(access),
        .mask = lib_mask(access),
        .level = FIELD_HIGH,
    };
    uint32_t index;

    if (iface == NULL)
        return lib_fail(L, "no interface");
    index = flow_by_key(iface, lib_arg_whole(L, 1, 0));
    if (index == POOL_NONE ||
        !lib_sees_flow(access, flows_at(&iface->flows, index)))
        return lib_fail(L, "no such flow");
    field_of_flow(iface, flows_at(&iface->flows, index), index, &source);
    push_fields(L, field_flow(), &source);
    return 1;
}

void lib_interface_add_flows(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"getFlowsInfo", get_flows},
        {"getFlowKey", get_flow_key},
        {"findFlowByKey", find_flow},
        {NULL, NULL},
    };

    luaL_setfuncs(L, functions, 0);
}
