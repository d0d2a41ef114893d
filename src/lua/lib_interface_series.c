/* lib_interface_series: counters for time series. SPDX-License-Identifier: MIT
 */
#include <lua5.3/lauxlib.h>
#include <stdio.h>
#include <string.h>

#include "core/packet/dpi.h"
#include "core/run/store.h"
#include "lua/lib_interface.h"

/*
 * Whoever writes a value of every host needs few numbers of many: these are
 * plain arrays, a page at a time. The caller comes back with where to go on, so
 * that no call takes long.
 */
#define PAGE_ROWS 64
#define SPAN_MAX IFACE_RING_SECONDS

/* Append to the array on top of the stack. */
static void add_integer(lua_State *L, lua_Integer *at, uint64_t value)
{
    lua_pushinteger(L, (lua_Integer)value);
    lua_rawseti(L, -2, ++*at);
}

static void add_traffic(lua_State *L, lua_Integer *at, uint64_t sent,
                        uint64_t rcvd)
{
    add_integer(L, at, sent);
    add_integer(L, at, rcvd);
}

/* {name, sent, rcvd, name, ...} as the field `apps`. */
static void set_apps(lua_State *L, const struct iface *iface,
                     const struct host *host)
{
    const struct dpi *dpi = engine_dpi(iface->engine);
    lua_Integer at = 0;

    lua_createtable(L, host->apps_count * 3, 0);
    for (unsigned i = 0; i < host->apps_count; i++) {
        const struct host_app *app = &host->apps[i];

        lua_pushstring(L, dpi_app_name(dpi, app->app));
        lua_rawseti(L, -2, ++at);
        add_traffic(L, &at, app->traffic[WAY_SENT].bytes,
                    app->traffic[WAY_RCVD].bytes);
    }
    lua_setfield(L, -2, "apps");
}

/* {queries, ok, error of what it sent, then of what it received} */
static void set_dns(lua_State *L, const struct host *host)
{
    lua_Integer at = 0;

    if (host->local == NULL || (host->local->dns[WAY_SENT] == NULL &&
                                host->local->dns[WAY_RCVD] == NULL))
        return;
    lua_createtable(L, 6, 0);
    for (unsigned way = 0; way < WAYS; way++) {
        const struct dns_counters *dns = host_dns(host, way);

        add_integer(L, &at, dns->queries);
        add_integer(L, &at, dns->replies_ok);
        add_integer(L, &at, dns->replies_error);
    }
    lua_setfield(L, -2, "dns");
}

/* Positions 1, 2: bytes sent, received; then the same of TCP, UDP, ICMP,
 * others; 11 to 13: repeated, late and lost segments. */
static void push_host(lua_State *L, const struct iface *iface,
                      const struct host *host, bool with_apps)
{
    char key[QUERY_LABEL];
    lua_Integer at = 0;

    lua_createtable(L, 13, 5);
    lua_pushstring(L, fields_host_key(&host->addr, host->vlan, key));
    lua_setfield(L, -2, "key");
    lua_pushinteger(L, host->first_s);
    lua_setfield(L, -2, "first");
    lua_pushinteger(L, host->network);
    lua_setfield(L, -2, "network");
    add_traffic(L, &at, host_traffic(host, WAY_SENT).bytes,
                host_traffic(host, WAY_RCVD).bytes);
    for (unsigned i = 0; i < L4_GROUPS; i++)
        add_traffic(L, &at, host_l4(host, i, WAY_SENT).bytes,
                    host_l4(host, i, WAY_RCVD).bytes);
    for (unsigned i = 0; i < TCP_TROUBLE_KINDS; i++)
        add_integer(L, &at, host->trouble[i]);
    if (with_apps)
        set_apps(L, iface, host);
    set_dns(L, host);
}

/* A page of a table. */
struct page {
    const struct iface *iface;
    const struct lib_access *access;
    const struct pool *pool;
    bool with_apps;
    enum group_kind kind;
    /* Push the row of an entity. @return false: it has none. */
    bool (*push)(lua_State *L, const struct page *page, uint32_t index);
};

/* Push the rows of a page, and where the next one begins, which is argument
 * `arg` of that call, 0 at first and nil behind the last. */
static int push_page(lua_State *L, const struct page *page, int arg)
{
    int64_t at = lib_arg_whole(L, arg, 0);
    lua_Integer rows = 0;

    lua_createtable(L, PAGE_ROWS, 0);
    for (unsigned i = 0; i < SLICE_ENTRIES && rows < PAGE_ROWS; i++) {
        if (at < 0 || at >= (int64_t)page->pool->fresh - 1)
            return 1;
        at++;
        if (pool_life(page->pool, (uint32_t)at) != 0 &&
            page->push(L, page, (uint32_t)at))
            lua_rawseti(L, -2, ++rows);
    }
    lua_pushinteger(L, at);
    return 2;
}

static bool push_local_host(lua_State *L, const struct page *page,
                            uint32_t index)
{
    const struct host *host = hosts_at(&page->iface->hosts, index);

    if ((host->flags & HOST_LOCAL) == 0 ||
        !lib_sees_addr(page->access, &host->addr))
        return false;
    push_host(L, page->iface, host, page->with_apps);
    return true;
}

/* getLocalHostsCounters(from, with_apps?) */
static int get_hosts(lua_State *L)
{
    struct page page = {
        .iface = lib_iface_of(L),
        .access = lib_access_of(L),
        .with_apps = lib_arg_flag(L, 2, false),
        .push = push_local_host,
    };

    if (page.iface == NULL)
        return lib_fail(L, "no interface");
    page.pool = &page.iface->hosts.pool;
    return push_page(L, &page, 1);
}

/* Of what may have hosts that a user may not see. */
static bool sees_all(const struct lib_access *access)
{
    return access == NULL || access->networks == NULL;
}

static void push_sums(lua_State *L, const char *key, uint32_t first_s,
                      const struct traffic *traffic)
{
    lua_Integer at = 0;

    lua_createtable(L, 2, 2);
    lib_set_string(L, "key", key);
    lib_set_integer(L, "first", first_s);
    add_traffic(L, &at, traffic[WAY_SENT].bytes, traffic[WAY_RCVD].bytes);
}

static bool push_device(lua_State *L, const struct page *page, uint32_t index)
{
    const struct device *device = devices_at(&page->iface->devices, index);
    char key[MAC_TEXT_SIZE];

    if (mac_is_group(device->mac) || mac_is_zero(device->mac))
        return false;
    push_sums(L, mac_format(device->mac, key), device->first_s,
              device->traffic);
    return true;
}

/* getDevicesCounters(from) */
static int get_devices(lua_State *L)
{
    struct page page = {.iface = lib_iface_of(L), .push = push_device};

    if (page.iface == NULL || !sees_all(lib_access_of(L)))
        return lib_fail(L, "no interface");
    page.pool = &page.iface->devices.pool;
    return push_page(L, &page, 1);
}

static bool push_group(lua_State *L, const struct page *page, uint32_t index)
{
    const struct group *group = groups_at(&page->iface->groups, index);
    char number[16];

    if (group->kind != page->kind)
        return false;
    snprintf(number, sizeof(number), "%u", (unsigned)group->id);
    push_sums(L, page->kind == GROUP_COUNTRY ? group->name : number,
              group->first_s, group->traffic);
    return true;
}

/* getGroupsCounters("asn" or "country" or "vlan", from) */
static int get_groups(lua_State *L)
{
    static const char *const names[GROUP_KINDS] = {[GROUP_AS] = "asn",
                                                   [GROUP_COUNTRY] = "country",
                                                   [GROUP_VLAN] = "vlan",
                                                   [GROUP_OS] = "os"};
    struct page page = {.iface = lib_iface_of(L), .push = push_group};
    const char *name = lib_arg_text(L, 1, "");

    while (page.kind < GROUP_KINDS && strcmp(names[page.kind], name) != 0)
        page.kind++;
    if (page.iface == NULL || page.kind == GROUP_KINDS ||
        !sees_all(lib_access_of(L)))
        return lib_fail(L, "no such groups");
    page.pool = &page.iface->groups.pool;
    return push_page(L, &page, 2);
}

/* getSeconds(from, to): what passed in each whole second from `from` to before
 * `to`, of the last hour: {start, bytes = {...}, packets, drops}, with false
 * where it is not known. */
static int get_seconds(lua_State *L)
{
    static const char *const names[] = {"bytes", "packets", "drops"};
    const struct iface *iface = lib_iface_of(L);
    int64_t to = lib_arg_whole(L, 2, 0);
    int64_t from = lib_arg_whole(L, 1, 0);
    int64_t first;

    if (iface == NULL)
        return lib_fail(L, "no interface");
    if (to > iface_now_s(iface))
        to = iface_now_s(iface);
    if (to < 0)
        to = 0;
    if (from < to - SPAN_MAX)
        from = to - SPAN_MAX;
    if (from > to || from < 0)
        from = to;
    first = iface->first_us / 1000000;
    lua_createtable(L, 0, 4);
    lua_pushinteger(L, from);
    lua_setfield(L, -2, "start");
    for (unsigned i = 0; i < 3; i++) {
        lua_createtable(L, (int)(to - from), 0);
        for (int64_t at = from; at < to; at++) {
            const struct iface_second *second =
                iface_second_at(iface, (uint32_t)at);

            if (second == NULL || first == 0 || at < first)
                lua_pushboolean(L, false);
            else if (i == 0)
                lua_pushinteger(L, (lua_Integer)second->bytes);
            else
                lua_pushinteger(L, i == 1 ? second->packets : second->drops);
            lua_rawseti(L, -2, at - from + 1);
        }
        lua_setfield(L, -2, names[i]);
    }
    return 1;
}

/* getSeries(): {folder = the number that names files of this interface in
 * every run, or nil until it is known; since = when its counters of this run
 * were 0, epoch, 0 before its first packet; totals_since = the same of those
 * that a restart keeps, 0 if they have gone on from an earlier run} */
static int get_series(lua_State *L)
{
    const struct iface *iface = lib_iface_of(L);
    const struct store *store = lib_context_of(L)->store;

    if (iface == NULL)
        return lib_fail(L, "no interface");
    lua_createtable(L, 0, 3);
    if (iface->has_ifid || store_state(store) == STORE_OFF)
        lib_set_integer(L, "folder", iface->ifid);
    lib_set_integer(L, "since", iface->first_us / 1000000);
    lib_set_integer(L, "totals_since",
                    iface->past == NULL ? iface->first_us / 1000000 : 0);
    return 1;
}

/* seesHost(key?): whether the user may see this host, active or not; without a
 * key, whether all of them. */
static int sees_host(lua_State *L)
{
    struct addr addr;
    uint16_t vlan;

    if (lua_isnoneornil(L, 1))
        lua_pushboolean(L, sees_all(lib_access_of(L)));
    else
        lua_pushboolean(L, lib_arg_host(L, 1, 0, &addr, &vlan) &&
                               lib_sees_addr(lib_access_of(L), &addr));
    return 1;
}

void lib_interface_add_series(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"getDevicesCounters", get_devices},
        {"getGroupsCounters", get_groups},
        {"getLocalHostsCounters", get_hosts},
        {"getSeconds", get_seconds},
        {"getSeries", get_series},
        {"seesHost", sees_host},
        {NULL, NULL},
    };

    luaL_setfuncs(L, functions, 0);
}
