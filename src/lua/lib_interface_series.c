/* lib_interface_series: counters for time series. SPDX-License-Identifier: MIT
 */
#include <lua5.3/lauxlib.h>
#include <string.h>

#include "core/packet/dpi.h"
#include "lua/lib_interface.h"

/*
 * Whoever writes a value of every host needs few numbers of many: these are
 * plain arrays, a page at a time. `walk` of slices.h is not needed, as the
 * caller comes back with where to go on.
 */
#define PAGE_HOSTS 64
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

/* getLocalHostsCounters(from, with_apps?): a page of local hosts, and where
 * the next one begins, nil behind the last. `from` is 0 at first. */
static int get_hosts(lua_State *L)
{
    const struct iface *iface = lib_iface_of(L);
    const struct pool *pool;
    int64_t at = lib_arg_whole(L, 1, 0);
    bool with_apps = lib_arg_flag(L, 2, false);
    lua_Integer rows = 0;

    if (iface == NULL)
        return lib_fail(L, "no interface");
    pool = &iface->hosts.pool;
    lua_createtable(L, PAGE_HOSTS, 0);
    for (unsigned i = 0; i < SLICE_ENTRIES && rows < PAGE_HOSTS; i++) {
        const struct host *host;

        if (at < 0 || at + 1 >= pool->fresh)
            return 1;
        at++;
        if (pool_life(pool, (uint32_t)at) == 0)
            continue;
        host = hosts_at(&iface->hosts, (uint32_t)at);
        if ((host->flags & HOST_LOCAL) == 0 ||
            !lib_sees_addr(lib_access_of(L), &host->addr))
            continue;
        push_host(L, iface, host, with_apps);
        lua_rawseti(L, -2, ++rows);
    }
    lua_pushinteger(L, at);
    return 2;
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

/* getStart(): when counters of the interface were 0, epoch; 0 before its
 * first packet. */
static int get_start(lua_State *L)
{
    const struct iface *iface = lib_iface_of(L);

    if (iface == NULL)
        return lib_fail(L, "no interface");
    lua_pushinteger(L, iface->first_us / 1000000);
    return 1;
}

void lib_interface_add_series(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"getLocalHostsCounters", get_hosts},
        {"getSeconds", get_seconds},
        {"getStart", get_start},
        {NULL, NULL},
    };

    luaL_setfuncs(L, functions, 0);
}
