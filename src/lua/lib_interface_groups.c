/* lib_interface_groups: devices, ASes, VLANs. SPDX-License-Identifier: MIT */
#include <lua5.3/lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lua/lib_interface.h"

/* What the list of devices asks for. */
struct device_query {
    struct query query;
    int64_t vlan; /* 0 any */
    bool only_sources;
    bool only_with_hosts;
    char vendor[64]; /* "" any */
};

#define COLUMN(name)                                            \
    static void name(const struct query *query, uint32_t index, \
                     struct query_key *key)

/* How many of the hosts of an entity the user may see. */
static uint32_t seen_of(const struct query *query, uint32_t index,
                        uint32_t hosts)
{
    uint32_t seen = query_seen(query, index);

    return seen < hosts ? seen : hosts;
}

static double sum_of(const struct traffic traffic[WAYS])
{
    return (double)(traffic[WAY_SENT].bytes + traffic[WAY_RCVD].bytes);
}

/* Devices */

static const struct device *device_of(const struct query *query, uint32_t index)
{
    return devices_at(&query->iface->devices, index);
}

static bool device_matches(const struct query *query, uint32_t index)
{
    const struct device_query *want = (const struct device_query *)query;
    const struct device *device = device_of(query, index);

    if (want->vlan != 0 && device->vlan != want->vlan)
        return false;
    if (want->only_sources && !device->is_source)
        return false;
    if (want->only_with_hosts && device->hosts == 0)
        return false;
    if (want->vendor[0] != '\0' && strcmp(device->vendor, want->vendor) != 0)
        return false;
    return query_seen(query, index) != 0;
}

static uint32_t host_device(const struct host *host)
{
    return host->device;
}

static void describe_device(const struct query *query, uint32_t index,
                            struct field_source *source)
{
    source->device = device_of(query, index);
    source->hosts = seen_of(query, index, source->device->hosts);
}

COLUMN(device_by_mac)
{
    memcpy(key->text, device_of(query, index)->mac, MAC_SIZE);
}

COLUMN(device_by_vlan)
{
    key->number = device_of(query, index)->vlan;
}

COLUMN(device_by_first)
{
    key->number = device_of(query, index)->first_s;
}

COLUMN(device_by_throughput)
{
    key->number = (double)rate_bytes_per_s(&device_of(query, index)->rate,
                                           iface_now_s(query->iface));
}

COLUMN(device_by_traffic)
{
    key->number = sum_of(device_of(query, index)->traffic);
}

COLUMN(device_by_hosts)
{
    key->number = seen_of(query, index, device_of(query, index)->hosts);
}

COLUMN(device_by_vendor)
{
    query_key_text(key, device_of(query, index)->vendor);
}

static double arp_of(const struct device *device, enum way way)
{
    return (double)device->arp_requests[way] + device->arp_replies[way];
}

COLUMN(device_by_arp_sent)
{
    key->number = arp_of(device_of(query, index), WAY_SENT);
}

COLUMN(device_by_arp_rcvd)
{
    key->number = arp_of(device_of(query, index), WAY_RCVD);
}

static const struct query_kind *device_kind(void)
{
    static const struct query_column columns[] = {
        {"column_mac", true, device_by_mac},
        {"column_", true, device_by_mac},
        {"column_vlan", false, device_by_vlan},
        {"column_since", false, device_by_first},
        {"column_thpt", false, device_by_throughput},
        {"column_traffic", false, device_by_traffic},
        {"column_hosts", false, device_by_hosts},
        {"column_manufacturer", true, device_by_vendor},
        {"column_arp_sent", false, device_by_arp_sent},
        {"column_arp_rcvd", false, device_by_arp_rcvd},
    };
    static const struct query_kind kind = {
        .count_name = "numMacs",
        .rows_name = "macs",
        .columns = columns,
        .columns_count = sizeof(columns) / sizeof(columns[0]),
        .matches = device_matches,
        .rows = field_device,
        .describe = describe_device,
        .of_host = host_device,
    };

    return &kind;
}

/* Column, hits, skip and order from this argument on. */
static void read_page(lua_State *L, int arg, struct query *query)
{
    const char *column = lib_arg_text(L, arg, NULL);

    if (column != NULL)
        query->column = query_column(query->kind, column);
    query->hits = query_size(lib_arg_whole(L, arg + 1, QUERY_HITS));
    query->skip = query_size(lib_arg_whole(L, arg + 2, 0));
    query->is_descending = !lib_arg_flag(L, arg + 3, true);
}

/* getMacsInfo(column, hits, skip, a2z, vlan, sources, with hosts, vendor) */
static int get_macs(lua_State *L)
{
    const struct iface *iface = lib_iface_of(L);
    struct device_query want = {.vlan = 0};

    if (iface == NULL)
        return lib_fail(L, "no interface");
    query_init(&want.query, L, device_kind(), iface, &iface->devices.pool);
    read_page(L, 1, &want.query);
    want.vlan = lib_arg_whole(L, 5, 0);
    want.only_sources = lib_arg_flag(L, 6, false);
    want.only_with_hosts = lib_arg_flag(L, 7, false);
    snprintf(want.vendor, sizeof(want.vendor), "%s", lib_arg_text(L, 8, ""));
    return query_run(L, &want.query, sizeof(want), 0);
}

/* getMacInfo(mac, vlan = 0) */
static int get_mac(lua_State *L)
{
    const struct iface *iface = lib_iface_of(L);
    const char *text = lib_arg_text(L, 1, NULL);
    int64_t vlan = lib_arg_whole(L, 2, 0);
    struct device_query want = {.vlan = 0};
    uint8_t mac[MAC_SIZE];

    if (iface == NULL)
        return lib_fail(L, "no interface");
    if (text == NULL || !mac_parse(text, mac) || vlan < 0 || vlan > UINT16_MAX)
        return lib_fail(L, "expected getMacInfo(mac, vlan?)");
    query_init(&want.query, L, device_kind(), iface, &iface->devices.pool);
    want.query.only = devices_find(&iface->devices, mac, (uint16_t)vlan);
    if (want.query.only == POOL_NONE)
        return lib_fail(L, "no such device");
    return query_run(L, &want.query, sizeof(want), 0);
}

/* getMacManufacturers: counts by name in the table at index 2. */
struct vendors {
    struct slices slices;
    const struct iface *iface;
    const struct lib_access *access;
    struct walk walk;
    int64_t vlan;
    uint64_t hits;
    bool only_sources;
    bool only_with_hosts;
};

static void count_vendor(lua_State *L, void *state, uint32_t index)
{
    const struct vendors *want = state;
    const struct device *device = devices_at(&want->iface->devices, index);
    lua_Integer count;

    if (device->vendor[0] == '\0' ||
        (want->vlan != 0 && device->vlan != want->vlan) ||
        (want->only_sources && !device->is_source) ||
        (want->only_with_hosts && device->hosts == 0) ||
        !lib_sees_addr(want->access, &device->ip))
        return;
    lua_getfield(L, 2, device->vendor);
    count = lua_tointeger(L, -1);
    lua_pop(L, 1);
    push_number(L, device->vendor, (uint64_t)count + 1);
}

static bool vendors_step(lua_State *L, void *state)
{
    struct vendors *want = state;

    return walk_slice(L, &want->walk, count_vendor, want);
}

struct vendor_count {
    lua_Integer count;
    const char *name; /* a key of the table */
};

static int by_count(const void *a, const void *b)
{
    const struct vendor_count *x = a;
    const struct vendor_count *y = b;

    if (x->count != y->count)
        return x->count < y->count ? 1 : -1;
    return strcmp(x->name, y->name);
}

/* All of them, or those with the most devices. */
static int vendors_finish(lua_State *L, void *state)
{
    const struct vendors *want = state;
    struct vendor_count *list;
    size_t count = 0;

    for (lua_pushnil(L); lua_next(L, 2) != 0; lua_pop(L, 1))
        count++;
    if (count > want->hits) {
        list = lua_newuserdata(L, count * sizeof(*list));
        count = 0;
        for (lua_pushnil(L); lua_next(L, 2) != 0; lua_pop(L, 1)) {
            list[count].name = lua_tostring(L, -2);
            list[count++].count = lua_tointeger(L, -1);
        }
        qsort(list, count, sizeof(*list), by_count);
        lua_newtable(L);
        for (size_t i = 0; i < want->hits; i++)
            push_number(L, list[i].name, (uint64_t)list[i].count);
        return 1;
    }
    lua_pushvalue(L, 2);
    return 1;
}

/* getMacManufacturers(vlan, hits, sources, with hosts) */
static int get_vendors(lua_State *L)
{
    const struct iface *iface = lib_iface_of(L);
    struct vendors start = {
        .slices = {.step = vendors_step, .finish = vendors_finish},
        .iface = iface,
        .access = lib_access_of(L),
        .vlan = lib_arg_whole(L, 1, 0),
        .hits = query_size(lib_arg_whole(L, 2, QUERY_HITS)),
        .only_sources = lib_arg_flag(L, 3, false),
        .only_with_hosts = lib_arg_flag(L, 4, false),
    };

    if (iface == NULL)
        return lib_fail(L, "no interface");
    start.walk.pool = &iface->devices.pool;
    *(struct vendors *)slices_new(L, sizeof(start), 0) = start;
    lua_newtable(L);
    return slices_run(L);
}

/* ASes and VLANs */

static const struct group *group_of(const struct query *query, uint32_t index)
{
    return groups_at(&query->iface->groups, index);
}

static bool as_matches(const struct query *query, uint32_t index)
{
    return group_of(query, index)->kind == GROUP_AS &&
           query_seen(query, index) != 0;
}

static bool vlan_matches(const struct query *query, uint32_t index)
{
    return group_of(query, index)->kind == GROUP_VLAN &&
           query_seen(query, index) != 0;
}

static uint32_t host_as(const struct host *host)
{
    return host->as_group;
}

static uint32_t host_vlan(const struct host *host)
{
    return host->vlan_group;
}

static void describe_group(const struct query *query, uint32_t index,
                           struct field_source *source)
{
    source->group = group_of(query, index);
    source->hosts = seen_of(query, index, source->group->hosts);
}

COLUMN(group_by_id)
{
    key->number = group_of(query, index)->id;
}

COLUMN(group_by_name)
{
    query_key_text(key, group_of(query, index)->name);
}

COLUMN(group_by_first)
{
    key->number = group_of(query, index)->first_s;
}

COLUMN(group_by_throughput)
{
    key->number = (double)rate_bytes_per_s(&group_of(query, index)->rate,
                                           iface_now_s(query->iface));
}

COLUMN(group_by_traffic)
{
    key->number = sum_of(group_of(query, index)->traffic);
}

COLUMN(group_by_hosts)
{
    key->number = seen_of(query, index, group_of(query, index)->hosts);
}

static const struct query_kind *as_kind(void)
{
    static const struct query_column columns[] = {
        {"column_asn", false, group_by_id},
        {"column_", false, group_by_id},
        {"column_asname", true, group_by_name},
        {"column_since", false, group_by_first},
        {"column_thpt", false, group_by_throughput},
        {"column_traffic", false, group_by_traffic},
        {"column_hosts", false, group_by_hosts},
    };
    static const struct query_kind kind = {
        .count_name = "numASes",
        .rows_name = "ASes",
        .columns = columns,
        .columns_count = sizeof(columns) / sizeof(columns[0]),
        .matches = as_matches,
        .rows = field_as,
        .describe = describe_group,
        .of_host = host_as,
    };

    return &kind;
}

static const struct query_kind *vlan_kind(void)
{
    static const struct query_column columns[] = {
        {"column_vlan", false, group_by_id},
        {"column_", false, group_by_id},
        {"column_since", false, group_by_first},
        {"column_thpt", false, group_by_throughput},
        {"column_traffic", false, group_by_traffic},
        {"column_hosts", false, group_by_hosts},
    };
    static const struct query_kind kind = {
        .count_name = "numVLANs",
        .rows_name = "VLANs",
        .columns = columns,
        .columns_count = sizeof(columns) / sizeof(columns[0]),
        .matches = vlan_matches,
        .rows = field_vlan,
        .describe = describe_group,
        .of_host = host_vlan,
    };

    return &kind;
}

/* (column, hits, skip, a2z, details); details tell more, as it says. */
static int list_groups(lua_State *L, const struct query_kind *kind)
{
    const struct iface *iface = lib_iface_of(L);
    struct query query = {.kind = kind};

    if (iface == NULL)
        return lib_fail(L, "no interface");
    if (kind == vlan_kind() && !iface->has_vlans)
        return lib_fail(L, "no VLAN tags were seen");
    query_init(&query, L, kind, iface, &iface->groups.pool);
    read_page(L, 1, &query);
    query.level = lib_arg_flag(L, 5, true) ? FIELD_HIGHER : FIELD_BASIC;
    return query_run(L, &query, sizeof(query), 0);
}

static int get_group(lua_State *L, const struct query_kind *kind,
                     enum group_kind of)
{
    const struct iface *iface = lib_iface_of(L);
    struct query query = {.kind = kind};
    int64_t id = lib_arg_whole(L, 1, -1);

    if (iface == NULL)
        return lib_fail(L, "no interface");
    query_init(&query, L, kind, iface, &iface->groups.pool);
    query.level = FIELD_HIGHER;
    if (id >= 0 && id <= UINT32_MAX)
        query.only = groups_find(&iface->groups, of, (uint32_t)id);
    if (query.only == POOL_NONE)
        return lib_fail(L, "no such number");
    return query_run(L, &query, sizeof(query), 0);
}

static int get_ases(lua_State *L)
{
    return list_groups(L, as_kind());
}

static int get_as(lua_State *L)
{
    return get_group(L, as_kind(), GROUP_AS);
}

static int get_vlans(lua_State *L)
{
    return list_groups(L, vlan_kind());
}

static int get_vlan(lua_State *L)
{
    return get_group(L, vlan_kind(), GROUP_VLAN);
}

void lib_interface_add_groups(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"getMacsInfo", get_macs},
        {"getMacInfo", get_mac},
        {"getMacManufacturers", get_vendors},
        {"getASesInfo", get_ases},
        {"getASInfo", get_as},
        {"getVLANsInfo", get_vlans},
        {"getVLANInfo", get_vlan},
        {NULL, NULL},
    };

    luaL_setfuncs(L, functions, 0);
}
