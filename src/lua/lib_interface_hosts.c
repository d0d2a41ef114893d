/* lib_interface_hosts: lists, single hosts, search. SPDX-License-Identifier:
 * MIT
 */
#include <lua5.3/lauxlib.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/model/network.h"
#include "core/run/alerts.h"
#include "core/run/host_json.h"
#include "core/run/saved.h"
#include "lua/ask.h"
#include "lua/lib_interface.h"

#define FIND_MAX 11
#define NEEDLE_SIZE 128
#define JSON_TYPE "kelvin.json" /* userdata: a struct json * */

/* Which hosts */

static const char *group_name(const struct iface *iface, uint32_t index)
{
    return index != POOL_NONE ? groups_at(&iface->groups, index)->name : "";
}

static uint32_t group_id(const struct iface *iface, uint32_t index)
{
    return index != POOL_NONE ? groups_at(&iface->groups, index)->id : 0;
}

static bool matches_mac(const struct iface *iface, const struct host *host,
                        const char *mac)
{
    char text[MAC_TEXT_SIZE];

    return host->device != POOL_NONE &&
           strcasecmp(
               mac_format(devices_at(&iface->devices, host->device)->mac, text),
               mac) == 0;
}

static bool matches_app(const struct host *host, int64_t id)
{
    return id < DPI_APPS && host_app_bytes(host, (uint16_t)id) != 0;
}

static bool matches_version(const struct host *host, int64_t version)
{
    return version == ((host->flags & HOST_V6) != 0 ? 6 : 4);
}

bool lib_host_matches(const struct host_choice *filter,
                      const struct iface *iface,
                      const struct lib_access *access, const struct host *host)
{
    bool is_local = (host->flags & HOST_LOCAL) != 0;

    if ((filter->only_local && !is_local) || (filter->only_remote && is_local))
        return false;
    if (filter->vlan != 0 && host->vlan != filter->vlan)
        return false;
    if (filter->asn != -1 && filter->asn != UINT32_MAX &&
        group_id(iface, host->as_group) != filter->asn)
        return false;
    if (filter->network != -2 && host->network != filter->network)
        return false;
    if ((filter->version == 4 || filter->version == 6) &&
        !matches_version(host, filter->version))
        return false;
    if (filter->country[0] != '\0' &&
        strcasecmp(group_name(iface, host->country_group), filter->country) !=
            0)
        return false;
    if (filter->os[0] != '\0' &&
        strcasecmp(group_name(iface, host->os_group), filter->os) != 0)
        return false;
    if (filter->mac[0] != '\0' && !matches_mac(iface, host, filter->mac))
        return false;
    if (filter->app >= 0 && !matches_app(host, filter->app))
        return false;
    return lib_sees_addr(access, &host->addr);
}

struct host_query {
    struct query query;
    struct host_choice choice;
    const struct host_filter *filter; /* a box at the stack's top owns it */
    const struct alerts *alerts;      /* to sort by; may be NULL */
};

static const struct host *host_of(const struct query *query, uint32_t index)
{
    return hosts_at(&query->iface->hosts, index);
}

static bool matches(const struct query *query, uint32_t index)
{
    const struct host_query *want = (const struct host_query *)query;

    return lib_host_matches(&want->choice, query->iface, query->access,
                            host_of(query, index)) &&
           (want->filter == NULL ||
            host_filter_matches(want->filter, query->iface, index));
}

/* In which order */

#define COLUMN(name)                                            \
    static void name(const struct query *query, uint32_t index, \
                     struct query_key *key)

static double bytes_of(const struct host *host, enum way way)
{
    return (double)host_traffic(host, way).bytes;
}

COLUMN(by_traffic)
{
    const struct host *host = host_of(query, index);

    key->number = bytes_of(host, WAY_SENT) + bytes_of(host, WAY_RCVD);
}

/* Those that are on; 0 without alerts. */
static uint32_t count_alerts(const struct alerts *alerts,
                             const struct iface *iface, const struct host *host)
{
    char text[ADDR_TEXT_SIZE + sizeof("@65535")];
    char addr[ADDR_TEXT_SIZE];

    if (alerts == NULL)
        return 0;
    snprintf(text, sizeof(text), "%s@%u", addr_format(&host->addr, addr),
             host->vlan);
    return alerts_engaged_of(alerts, iface, ALERT_OF_HOST, text);
}

COLUMN(by_alerts)
{
    const struct host_query *want = (const struct host_query *)query;

    key->number =
        count_alerts(want->alerts, query->iface, host_of(query, index));
}

COLUMN(by_upload)
{
    key->number = bytes_of(host_of(query, index), WAY_SENT);
}

COLUMN(by_download)
{
    key->number = bytes_of(host_of(query, index), WAY_RCVD);
}

COLUMN(by_unknown)
{
    key->number = (double)host_app_bytes(host_of(query, index), 0);
}

COLUMN(by_incoming)
{
    key->number = (double)host_of(query, index)->total_flows[WAY_RCVD];
}

COLUMN(by_outgoing)
{
    key->number = (double)host_of(query, index)->total_flows[WAY_SENT];
}

COLUMN(by_flows)
{
    const struct host *host = host_of(query, index);

    key->number = (double)host->active_flows[WAY_SENT] +
                  (double)host->active_flows[WAY_RCVD];
}

COLUMN(by_throughput)
{
    key->number = (double)rate_bytes_per_s(&host_of(query, index)->rate,
                                           iface_now_s(query->iface));
}

COLUMN(by_first)
{
    key->number = host_of(query, index)->first_s;
}

COLUMN(by_vlan)
{
    key->number = host_of(query, index)->vlan;
}

COLUMN(by_asn)
{
    key->number = group_id(query->iface, host_of(query, index)->as_group);
}

COLUMN(by_network)
{
    key->number = host_of(query, index)->network;
}

COLUMN(by_network_name)
{
    const struct host *host = host_of(query, index);

    if (host->network >= 0)
        query_key_text(
            key, network_text(engine_config(query->iface->engine)->networks,
                              host->network));
}

COLUMN(by_ip)
{
    query_key_addr(key, &host_of(query, index)->addr);
}

COLUMN(by_name)
{
    char text[ADDR_TEXT_SIZE];

    query_key_text(key, host_label(host_of(query, index), text));
}

COLUMN(by_country)
{
    query_key_text(
        key, group_name(query->iface, host_of(query, index)->country_group));
}

COLUMN(by_os)
{
    query_key_text(key,
                   group_name(query->iface, host_of(query, index)->os_group));
}

COLUMN(by_mac)
{
    uint32_t device = host_of(query, index)->device;

    if (device != POOL_NONE)
        memcpy(key->text, devices_at(&query->iface->devices, device)->mac,
               MAC_SIZE);
}

static const char *label(const struct query *query, uint32_t index,
                         char text[QUERY_LABEL])
{
    const struct host *host = host_of(query, index);

    return fields_host_key(&host->addr, host->vlan, text);
}

static void describe(const struct query *query, uint32_t index,
                     struct field_source *source)
{
    field_of_host(query->iface, index, source);
}

/* num_alerts, of the host whose table is on top: those that are on. */
static void set_alerts(lua_State *L, const struct iface *iface,
                       const struct host *host)
{
    push_number(L, "num_alerts",
                count_alerts(lib_context_of(L)->alerts, iface, host));
}

static void add_alerts(lua_State *L, const struct query *query, uint32_t index)
{
    set_alerts(L, query->iface, host_of(query, index));
}

/* Rows tell of this life alone. */
static void leave_out_restored(lua_State *L, const struct query *query,
                               uint32_t index)
{
    static const char *const keys[WAYS] = {"bytes.sent", "bytes.rcvd"};
    const struct host *host = host_of(query, index);

    add_alerts(L, query, index);
    for (enum way way = 0; host->local != NULL && way < WAYS; way++)
        push_number(L, keys[way],
                    host_traffic(host, way).bytes -
                        host->local->restored_bytes[way]);
}

/* All hosts, or what they did lately. */
static const struct query_kind *host_kind(bool is_latest)
{
    static const struct query_column columns[] = {
        {"column_traffic", false, by_traffic},
        {"column_ip", true, by_ip},
        {"column_", true, by_ip},
        {"column_vlan", false, by_vlan},
        {"column_alerts", false, by_alerts},
        {"column_name", true, by_name},
        {"column_country", true, by_country},
        {"column_os", true, by_os},
        {"column_since", false, by_first},
        {"column_asn", false, by_asn},
        {"column_thpt", false, by_throughput},
        {"column_num_flows", false, by_flows},
        {"column_local_network_id", false, by_network},
        {"column_local_network", true, by_network_name},
        {"column_mac", true, by_mac},
        {"column_uploaders", false, by_upload},
        {"column_downloaders", false, by_download},
        {"column_unknowers", false, by_unknown},
        {"column_incomingflows", false, by_incoming},
        {"column_outgoingflows", false, by_outgoing},
    };
    static const struct query_kind kinds[] = {
        {
            .count_name = "numHosts",
            .rows_name = "hosts",
            .columns = columns,
            .columns_count = sizeof(columns) / sizeof(columns[0]),
            .matches = matches,
            .rows = field_host,
            .describe = describe,
            .label = label,
            .adjust = add_alerts,
        },
        {
            .columns = columns,
            .columns_count = sizeof(columns) / sizeof(columns[0]),
            .matches = matches,
            .rows = field_host,
            .describe = describe,
            .label = label,
            .adjust = leave_out_restored,
            .is_bare = true,
        },
    };

    return &kinds[is_latest];
}

static void copy_text(char *to, size_t size, const char *text)
{
    snprintf(to, size, "%s", text != NULL ? text : "");
}

/* getHostsInfo(details, column, hits, skip, a2z, country, os, vlan, asn,
 * network, mac, pool, version, app, filter) and its two kin */
static int get_hosts(lua_State *L, bool only_local, bool only_remote)
{
    const struct iface *iface = lib_iface_of(L);
    struct host_query want = {
        .choice = {.only_local = only_local, .only_remote = only_remote}};

    if (iface == NULL)
        return lib_fail(L, "no interface");
    query_init(&want.query, L, host_kind(false), iface, &iface->hosts.pool);
    want.alerts = lib_context_of(L)->alerts;
    want.query.level = lib_arg_flag(L, 1, true) ? FIELD_HIGH : FIELD_BASIC;
    want.query.column =
        query_column(host_kind(false), lib_arg_text(L, 2, "column_ip"));
    want.query.hits = query_size(lib_arg_whole(L, 3, QUERY_HITS));
    want.query.skip = query_size(lib_arg_whole(L, 4, 0));
    want.query.is_descending = !lib_arg_flag(L, 5, true);
    copy_text(want.choice.country, sizeof(want.choice.country),
              lib_arg_text(L, 6, NULL));
    copy_text(want.choice.os, sizeof(want.choice.os), lib_arg_text(L, 7, NULL));
    want.choice.vlan = lib_arg_whole(L, 8, 0);
    want.choice.asn = lib_arg_whole(L, 9, -1);
    want.choice.network = lib_arg_whole(L, 10, -2);
    copy_text(want.choice.mac, sizeof(want.choice.mac),
              lib_arg_text(L, 11, NULL));
    want.choice.version = lib_arg_whole(L, 13, 0);
    want.choice.app = lib_arg_whole(L, 14, -1);
    if (!lib_push_host_filter(L, lib_arg_text(L, 15, NULL), &want.filter))
        return 2;
    return query_run(L, &want.query, sizeof(want), 1);
}

static int get_all_hosts(lua_State *L)
{
    return get_hosts(L, false, false);
}

static int get_local_hosts(lua_State *L)
{
    return get_hosts(L, true, false);
}

static int get_remote_hosts(lua_State *L)
{
    return get_hosts(L, false, true);
}

static int json_gc(lua_State *L)
{
    struct json **box = lua_touserdata(L, 1);

    json_free(*box);
    *box = NULL;
    return 0;
}

/* What is kept of it over a restart, as the field `json` of the table on top.
 * Memory of the script may end anywhere here: the box is freed with it. */
static void set_json(lua_State *L, const struct iface *iface,
                     const struct host *host)
{
    struct json **box = lua_newuserdata(L, sizeof(*box));
    const char *text;
    size_t len;

    *box = NULL;
    if (luaL_newmetatable(L, JSON_TYPE)) {
        lua_pushcfunction(L, json_gc);
        lua_setfield(L, -2, "__gc");
    }
    lua_setmetatable(L, -2);
    *box = json_new();
    host_json_write(*box, iface, host);
    text = json_text_of(*box, &len);
    lua_pushlstring(L, text, len);
    lua_setfield(L, -3, "json");
    json_free(*box);
    *box = NULL;
    lua_pop(L, 1);
}

/* getHostInfo(host, vlan?) */
static int get_host(lua_State *L)
{
    const struct iface *iface = lib_iface_of(L);
    struct field_source source = {.level = FIELD_MAX};
    struct addr addr;
    uint16_t vlan;
    uint32_t index;

    if (iface == NULL)
        return lib_fail(L, "no interface");
    if (!lib_arg_host(L, 1, 2, &addr, &vlan))
        return lib_fail(L, "expected getHostInfo(host, vlan?)");
    index = hosts_find(&iface->hosts, &addr, vlan);
    if (index == POOL_NONE || !lib_sees_addr(lib_access_of(L), &addr))
        return lib_fail(L, "no such host");
    field_of_host(iface, index, &source);
    push_fields(L, field_host(), &source);
    set_alerts(L, iface, hosts_at(&iface->hosts, index));
    set_json(L, iface, hosts_at(&iface->hosts, index));
    return 1;
}

/* getLatestActivityHostsInfo(): all hosts, without what was kept of them. */
static int get_latest_activity(lua_State *L)
{
    const struct query_kind *kind = host_kind(true);
    const struct iface *iface = lib_iface_of(L);
    struct host_query want = {.choice = {.asn = -1, .network = -2, .app = -1}};

    if (iface == NULL)
        return lib_fail(L, "no interface");
    query_init(&want.query, L, kind, iface, &iface->hosts.pool);
    want.query.level = FIELD_BASIC;
    want.query.column = query_column(kind, "column_ip");
    want.query.hits = QUERY_HITS;
    return query_run(L, &want.query, sizeof(want), 0);
}

/* What is to be restored; the rest of the stack is the answer's. */
struct restoration {
    struct iface *iface;
    struct addr addr;
    uint16_t vlan;
};

static int on_kept(lua_State *L, enum ask_result result, lua_KContext ctx)
{
    const struct restoration *what = lua_touserdata(L, (int)ctx);
    const char *text;
    size_t len;

    if (result != ASK_ANSWER)
        return lib_fail(L, lua_tostring(L, -1));
    text = lua_type(L, -1) == LUA_TSTRING ? lua_tolstring(L, -1, &len) : NULL;
    if (text == NULL)
        return lib_fail(L, "nothing is kept of it");
    if (!saved_take(lib_context_of(L)->saved, what->iface, &what->addr,
                    what->vlan, text, len))
        return lib_fail(L, "what is kept of it cannot be read");
    lua_pushboolean(L, true);
    return 1;
}

/* restoreHost(host, skip_check?): one that is idle, as it was kept. */
static int restore_host(lua_State *L)
{
    const struct lib_context *context = lib_context_of(L);
    struct ask_words words = {.count = 0};
    struct restoration what = {.iface = lib_iface_of(L)};
    char key[SAVED_KEY_SIZE];

    if (what.iface == NULL)
        return lib_fail(L, "no interface");
    if (!lib_arg_host(L, 1, 0, &what.addr, &what.vlan))
        return lib_fail(L, "expected restoreHost(host, skip_check?)");
    if (!lib_sees_addr(lib_access_of(L), &what.addr) ||
        (!lib_is_admin(lib_access_of(L)) && !lib_arg_flag(L, 2, false)))
        return lib_fail(L, "not allowed");
    if (context->saved == NULL ||
        !saved_keeps(context->saved, what.iface, &what.addr))
        return lib_fail(L, "hosts like it are not kept");
    *(struct restoration *)lua_newuserdata(L, sizeof(what)) = what;
    saved_key(key, what.iface, &what.addr, what.vlan);
    ask_add(&words, "GET");
    ask_add(&words, key);
    return ask_redis(L, &words, on_kept, lua_gettop(L));
}

/* findHost(text): the result is at index 2. */
struct search {
    struct slices slices;
    const struct iface *iface;
    const struct lib_access *access;
    struct walk walk;
    unsigned found;
    char needle[NEEDLE_SIZE];
};

static void look_at(lua_State *L, void *state, uint32_t index)
{
    struct search *search = state;
    const struct host *host = hosts_at(&search->iface->hosts, index);
    char mac[MAC_TEXT_SIZE] = "";
    char key[QUERY_LABEL];
    const char *texts[3] = {mac, key, host->name};

    if (search->found == FIND_MAX ||
        !lib_sees_addr(search->access, &host->addr))
        return;
    if (host->device != POOL_NONE)
        mac_format(devices_at(&search->iface->devices, host->device)->mac, mac);
    fields_host_key(&host->addr, host->vlan, key);
    for (unsigned i = 0; i < 3; i++) {
        if (texts[i] == NULL || strcasestr(texts[i], search->needle) == NULL)
            continue;
        lua_pushstring(L, texts[i]);
        lua_setfield(L, 2, key);
        search->found++;
        return;
    }
}

static bool search_step(lua_State *L, void *state)
{
    struct search *search = state;

    return walk_slice(L, &search->walk, look_at, search) &&
           search->found < FIND_MAX;
}

static int search_finish(lua_State *L, void *state)
{
    (void)state;
    lua_pushvalue(L, 2);
    return 1;
}

static int find_host(lua_State *L)
{
    const struct lib_access *access = lib_access_of(L);
    const struct iface *iface = lib_iface_of(L);
    const char *text = lib_arg_text(L, 1, NULL);
    char needle[NEEDLE_SIZE];
    struct search *search;

    if (iface == NULL)
        return lib_fail(L, "no interface");
    if (text == NULL || strlen(text) >= sizeof(needle))
        return lib_fail(L, "expected findHost(text)");
    strcpy(needle, text);
    search = slices_new(L, sizeof(*search), 0);
    search->slices.step = search_step;
    search->slices.finish = search_finish;
    search->iface = iface;
    search->access = access;
    search->walk.pool = &iface->hosts.pool;
    strcpy(search->needle, needle);
    lua_newtable(L);
    return slices_run(L);
}

void lib_interface_add_hosts(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"getHostsInfo", get_all_hosts},
        {"getLocalHostsInfo", get_local_hosts},
        {"getRemoteHostsInfo", get_remote_hosts},
        {"getHostInfo", get_host},
        {"findHost", find_host},
        {"getLatestActivityHostsInfo", get_latest_activity},
        {"restoreHost", restore_host},
        {NULL, NULL},
    };

    luaL_setfuncs(L, functions, 0);
}
