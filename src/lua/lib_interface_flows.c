/* lib_interface_flows: lists and single flows. SPDX-License-Identifier: MIT */
#include <lua5.3/lauxlib.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/model/flow_filter.h"
#include "core/model/flow_view.h"
#include "core/packet/l4.h"
#include "lua/lib_interface.h"

/* What pageinfo may ask for; what is not asked for is "any". */
struct flow_query {
    struct query query;
    const struct flow_filter
        *filter; /* a box at the stack's top owns it, or NULL */
    struct addr host;
    uint16_t host_vlan;
    bool has_host;
    bool has_no_host; /* the text named none: no flow matches */
    int64_t app;      /* -1 any */
    int64_t port;     /* 0 any */
    int64_t vlan;     /* -1 any */
    int64_t version;  /* 0 any */
    bool has_network;
    int64_t network;
    char country[4]; /* "" any */
    int8_t local[2]; /* of client and server: 1 local, 0 remote, -1 any */
    int8_t unicast;  /* 1, 0, or -1 any; so the next two */
    int8_t one_way;
    int8_t alerted;
};

/* Which flows */

static bool is_group_addr(const struct flow_query *want,
                          const struct flow *flow, enum way way)
{
    const struct iface *iface = want->query.iface;
    const struct host *host = flow_host(iface, flow, way);
    const struct addr *addr = &flow->key.addr[way];

    if (host != NULL)
        return (host->flags & (HOST_MULTICAST | HOST_BROADCAST)) != 0;
    return addr_is_multicast(addr) || addr_is_broadcast(addr);
}

static bool matches_kind(const struct flow_query *want, const struct flow *flow)
{
    const struct iface *iface = want->query.iface;

    if (want->unicast >= 0 &&
        (is_group_addr(want, flow, WAY_SENT) ||
         is_group_addr(want, flow, WAY_RCVD)) == (want->unicast != 0))
        return false;
    if (want->one_way >= 0 &&
        (flow_packets(flow, WAY_SENT) == 0 ||
         flow_packets(flow, WAY_RCVD) == 0) != (want->one_way != 0))
        return false;
    return want->alerted < 0 ||
           (flow_status(flow, flows_tcp(&iface->flows, flow), iface->now_us) !=
            FLOW_STATUS_NORMAL) == (want->alerted != 0);
}

static bool matches_end(const struct flow_query *want, const struct flow *flow,
                        enum way way)
{
    return want->local[way] < 0 ||
           (flow_network(want->query.iface, flow, way) >= 0) ==
               (want->local[way] != 0);
}

static bool matches_network(const struct flow_query *want,
                            const struct flow *flow)
{
    const struct iface *iface = want->query.iface;

    return !want->has_network ||
           flow_network(iface, flow, WAY_SENT) == want->network ||
           flow_network(iface, flow, WAY_RCVD) == want->network;
}

static bool matches_country(const struct flow_query *want,
                            const struct flow *flow)
{
    if (want->country[0] == '\0')
        return true;
    for (enum way way = 0; way < WAYS; way++) {
        const struct group *country =
            flow_country(want->query.iface, flow, way);

        if (country != NULL && strcasecmp(country->name, want->country) == 0)
            return true;
    }
    return false;
}

static bool matches_host(const struct flow_query *want, const struct flow *flow)
{
    if (!want->has_host)
        return true;
    return flow->key.vlan == want->host_vlan &&
           (addr_equal(&flow->key.addr[0], &want->host) ||
            addr_equal(&flow->key.addr[1], &want->host));
}

/* The cheap questions first. */
static bool matches(const struct query *query, uint32_t index)
{
    const struct flow_query *want = (const struct flow_query *)query;
    const struct flow *flow = flows_at(&query->iface->flows, index);

    if (want->has_no_host || !matches_host(want, flow))
        return false;
    if (want->app >= 0 &&
        (want->app >= DPI_APPS || !flow_is_app(flow, (uint16_t)want->app)))
        return false;
    if (want->port != 0 && flow->key.port[0] != want->port &&
        flow->key.port[1] != want->port)
        return false;
    if ((want->vlan >= 0 && flow->key.vlan != want->vlan) ||
        (want->version != 0 && flow->key.ip_version != want->version))
        return false;
    return lib_sees_flow(query->access, flow) &&
           matches_end(want, flow, WAY_SENT) &&
           matches_end(want, flow, WAY_RCVD) && matches_network(want, flow) &&
           matches_country(want, flow) && matches_kind(want, flow) &&
           (want->filter == NULL ||
            flow_filter_matches(want->filter, query->iface, flow));
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

/* Reading pageinfo, the table at index 2: its keys, and what of another type
 * is as if it was not there. */

/* As it is in the table, which so keeps it. */
static void page_get(lua_State *L, const char *key)
{
    lua_pushstring(L, key);
    lua_rawget(L, 2);
}

static int64_t page_whole(lua_State *L, const char *key, int64_t otherwise)
{
    int64_t number;

    page_get(L, key);
    number = lib_arg_whole(L, -1, otherwise);
    lua_pop(L, 1);
    return number;
}

/* 1, 0, or -1 when it is not there. */
static int8_t page_flag(lua_State *L, const char *key)
{
    int8_t flag = -1;

    page_get(L, key);
    if (lua_isboolean(L, -1))
        flag = (int8_t)lua_toboolean(L, -1);
    lua_pop(L, 1);
    return flag;
}

/* The text, which the table keeps, or NULL. */
static const char *page_text(lua_State *L, const char *key)
{
    const char *text;

    page_get(L, key);
    text = lib_arg_text(L, -1, NULL);
    lua_pop(L, 1);
    return text;
}

static int8_t page_mode(lua_State *L, const char *key)
{
    const char *mode = page_text(L, key);

    if (mode != NULL && strcmp(mode, "local") == 0)
        return 1;
    return mode != NULL && strcmp(mode, "remote") == 0 ? 0 : -1;
}

static void want_host(struct flow_query *want, const char *text)
{
    if (text == NULL)
        return;
    want->has_host = true;
    want->has_no_host = !lib_parse_host(text, &want->host, &want->host_vlan) ||
                        mask_hides(lib_mask(want->query.access), &want->host);
}

static void read_filters(lua_State *L, struct flow_query *want)
{
    const char *country = page_text(L, "countryFilter");

    want->app = page_whole(L, "l7protoFilter", -1);
    want->port = page_whole(L, "portFilter", 0);
    want->vlan = page_whole(L, "vlanIdFilter", -1);
    want->version = page_whole(L, "ipVersion", 0);
    want->network = page_whole(L, "LocalNetworkFilter", INT64_MIN);
    want->has_network = want->network != INT64_MIN;
    want->local[WAY_SENT] = page_mode(L, "clientMode");
    want->local[WAY_RCVD] = page_mode(L, "serverMode");
    want->unicast = page_flag(L, "unicast");
    want->one_way = page_flag(L, "unidirectional");
    want->alerted = page_flag(L, "alertedFlows");
    if (country != NULL && *country != '\0')
        snprintf(want->country, sizeof(want->country), "%.3s", country);
    if (!want->has_host)
        want_host(want, page_text(L, "hostFilter"));
}

static enum field_level read_level(lua_State *L, const struct flow_query *want)
{
    static const char *const names[] = {"normal", "high", "higher", "max"};
    const char *level = page_text(L, "detailsLevel");

    for (unsigned i = 0; level != NULL && i < 4; i++)
        if (strcmp(level, names[i]) == 0)
            return (enum field_level)i;
    if (page_flag(L, "detailedResults") == 1)
        return FIELD_HIGH;
    return (want->local[0] == 1 && want->local[1] == 1) ||
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
    struct flow_query want = {.has_host = false};
    const char *column;

    if (iface == NULL)
        return lib_fail(L, "no interface");
    query_init(&want.query, L, flow_kind(), iface, &iface->flows.pool);
    lua_settop(L, 2);
    if (!lua_istable(L, 2)) {
        lua_newtable(L);
        lua_replace(L, 2);
    }
    want_host(&want, lib_arg_text(L, 1, NULL));
    read_filters(L, &want);
    column = page_text(L, "sortColumn");
    want.query.column =
        query_column(flow_kind(), column != NULL ? column : "column_thpt");
    want.query.is_descending = page_flag(L, "a2zSortOrder") == 0;
    want.query.hits = query_size(page_whole(L, "maxHits", QUERY_HITS));
    want.query.skip = query_size(page_whole(L, "toSkip", 0));
    want.query.level = read_level(L, &want);
    if (!lib_push_flow_filter(L, page_text(L, "filter"), &want.filter))
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
