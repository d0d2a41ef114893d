/* lib_interface_activity: when hosts were active. SPDX-License-Identifier: MIT
 */
#include <lua5.3/lauxlib.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "lua/lib_interface.h"

#define SECONDS_PER_DAY 86400
#define MAP_BYTES (MINUTES_PER_DAY / 8)

/* The local host in the first two arguments, or NULL. */
static const struct host *arg_local(lua_State *L, const struct iface *iface)
{
    const struct host *host;
    struct addr addr;
    uint16_t vlan;
    uint32_t index;

    if (!lib_arg_host(L, 1, 2, &addr, &vlan) ||
        !lib_sees_addr(lib_access_of(L), &addr))
        return NULL;
    index = hosts_find(&iface->hosts, &addr, vlan);
    if (index == POOL_NONE)
        return NULL;
    host = hosts_at(&iface->hosts, index);
    return host->local != NULL ? host : NULL;
}

/* getHostActivityMap(host, vlan?): a minute counts 1, as it is not kept how
 * many of its seconds were active. */
static int get_map(lua_State *L)
{
    const struct iface *iface = lib_iface_of(L);
    const struct host *host;
    const char *comma = "";
    luaL_Buffer json;

    if (iface == NULL)
        return lib_fail(L, "no interface");
    host = arg_local(L, iface);
    if (host == NULL)
        return lib_fail(L, "no such local host");
    luaL_buffinit(L, &json);
    luaL_addchar(&json, '{');
    for (unsigned minute = 0; minute < MINUTES_PER_DAY; minute++) {
        char entry[40];

        if ((host->local->active_minutes[minute / 8] >> minute % 8 & 1) == 0)
            continue;
        snprintf(entry, sizeof(entry), "%s\"%llu\":1", comma,
                 (unsigned long long)host->local->day * SECONDS_PER_DAY +
                     minute * 60);
        luaL_addstring(&json, entry);
        comma = ",";
    }
    luaL_addchar(&json, '}');
    luaL_pushresult(&json);
    return 1;
}

/* A host's day against those of all other local hosts; the result is at
 * index 2. */
struct comparison {
    struct slices slices;
    const struct iface *iface;
    const struct lib_access *access;
    struct walk walk;
    uint8_t map[MAP_BYTES];
    uint32_t day;
    uint32_t self; /* its index, so that it is not among the others */
    double minutes;
    double (*compare)(double both, double mine, double its, double minutes);
};

/* Share of the minutes with both in those with either. */
static double jaccard(double both, double mine, double its, double minutes)
{
    (void)minutes;
    return mine + its > both ? both / (mine + its - both) : 0;
}

/* Pearson's coefficient of two series of zeros and ones. */
static double pearson(double both, double mine, double its, double minutes)
{
    double scale = sqrt(mine * (minutes - mine)) * sqrt(its * (minutes - its));

    return scale > 0 ? (minutes * both - mine * its) / scale : 0;
}

static unsigned bits_of(const uint8_t *a, const uint8_t *b)
{
    unsigned bits = 0;

    for (unsigned i = 0; i < MAP_BYTES; i++)
        bits += (unsigned)__builtin_popcount(a[i] & b[i]);
    return bits;
}

static void compare_host(lua_State *L, void *state, uint32_t index)
{
    struct comparison *comparison = state;
    const struct host *host = hosts_at(&comparison->iface->hosts, index);
    const uint8_t *its;
    char key[QUERY_LABEL];
    double result;

    if (index == comparison->self || host->local == NULL ||
        host->local->day != comparison->day ||
        !lib_sees_addr(comparison->access, &host->addr))
        return;
    its = host->local->active_minutes;
    result = comparison->compare(bits_of(comparison->map, its),
                                 bits_of(comparison->map, comparison->map),
                                 bits_of(its, its), comparison->minutes);
    if (!(result > 0))
        return;
    lua_pushnumber(L, result);
    lua_setfield(L, 2, fields_host_key(&host->addr, host->vlan, key));
}

static bool compare_step(lua_State *L, void *state)
{
    struct comparison *comparison = state;

    return walk_slice(L, &comparison->walk, compare_host, comparison);
}

static int compare_finish(lua_State *L, void *state)
{
    (void)state;
    lua_pushvalue(L, 2);
    return 1;
}

static int compare_all(lua_State *L,
                       double (*compare)(double both, double mine, double its,
                                         double minutes))
{
    const struct lib_access *access = lib_access_of(L);
    const struct iface *iface = lib_iface_of(L);
    struct comparison *comparison;
    const struct host *host;

    if (iface == NULL)
        return lib_fail(L, "no interface");
    host = arg_local(L, iface);
    if (host == NULL)
        return lib_fail(L, "no such local host");
    comparison = slices_new(L, sizeof(*comparison), 0);
    comparison->slices.step = compare_step;
    comparison->slices.finish = compare_finish;
    comparison->iface = iface;
    comparison->access = access;
    comparison->walk.pool = &iface->hosts.pool;
    comparison->compare = compare;
    memcpy(comparison->map, host->local->active_minutes, MAP_BYTES);
    comparison->day = host->local->day;
    comparison->self = hosts_find(&iface->hosts, &host->addr, host->vlan);
    /* Minutes that are yet to come would make all days alike. */
    comparison->minutes =
        iface_now_s(iface) / SECONDS_PER_DAY == comparison->day
            ? iface_now_s(iface) % SECONDS_PER_DAY / 60 + 1
            : MINUTES_PER_DAY;
    lua_newtable(L);
    return slices_run(L);
}

/* correlateHostActivity(host, vlan?): positive coefficients. */
static int correlate(lua_State *L)
{
    return compare_all(L, pearson);
}

/* similarHostActivity(host, vlan?) */
static int find_similar(lua_State *L)
{
    return compare_all(L, jaccard);
}

void lib_interface_add_activity(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"getHostActivityMap", get_map},
        {"correlateHostActivity", correlate},
        {"similarHostActivity", find_similar},
        {NULL, NULL},
    };

    luaL_setfuncs(L, functions, 0);
}
