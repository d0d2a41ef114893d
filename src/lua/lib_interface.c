/* lib_interface: the Lua class `interface`. SPDX-License-Identifier: MIT */
/*
 * Its functions are told in a contract that others keep: names, arguments,
 * keys and units. What grows with the tables works in slices (slices.h), the
 * rest answers at once.
 */
#include "lua/lib_interface.h"

#include <lua5.3/lauxlib.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/run/saved.h"

bool lib_arg_flag(lua_State *L, int arg, bool otherwise)
{
    return lua_isboolean(L, arg) ? lua_toboolean(L, arg) != 0 : otherwise;
}

const char *lib_arg_text(lua_State *L, int arg, const char *otherwise)
{
    return lua_type(L, arg) == LUA_TSTRING ? lua_tostring(L, arg) : otherwise;
}

lua_Number lib_arg_number(lua_State *L, int arg, lua_Number otherwise)
{
    return lua_type(L, arg) == LUA_TNUMBER ? lua_tonumber(L, arg) : otherwise;
}

int64_t lib_arg_whole(lua_State *L, int arg, int64_t otherwise)
{
    lua_Number number;

    if (lua_type(L, arg) != LUA_TNUMBER)
        return otherwise;
    if (lua_isinteger(L, arg))
        return lua_tointeger(L, arg);
    number = lua_tonumber(L, arg);
    if (isnan(number))
        return otherwise;
    if (number >= 0x1p63)
        return INT64_MAX;
    return number <= -0x1p63 ? INT64_MIN : (int64_t)number;
}

bool lib_parse_host(const char *text, struct addr *addr, uint16_t *vlan)
{
    const char *at = strchr(text, '@');
    size_t len = at != NULL ? (size_t)(at - text) : strlen(text);
    char ip[ADDR_TEXT_SIZE];
    unsigned long id = 0;

    if (len >= sizeof(ip))
        return false;
    memcpy(ip, text, len);
    ip[len] = '\0';
    if (at != NULL) {
        char *end;

        if (at[1] < '0' || at[1] > '9')
            return false;
        id = strtoul(at + 1, &end, 10);
        if (*end != '\0' || id > UINT16_MAX)
            return false;
    }
    *vlan = (uint16_t)id;
    return addr_parse(ip, addr);
}

bool lib_arg_host(lua_State *L, int arg, int vlan_arg, struct addr *addr,
                  uint16_t *vlan)
{
    const char *text = lib_arg_text(L, arg, NULL);
    int64_t id;

    if (text == NULL || !lib_parse_host(text, addr, vlan))
        return false;
    id = vlan_arg != 0 ? lib_arg_whole(L, vlan_arg, -1) : -1;
    if (id >= 0 && id <= UINT16_MAX)
        *vlan = (uint16_t)id;
    return true;
}

int lib_fail(lua_State *L, const char *why)
{
    lua_pushnil(L);
    lua_pushstring(L, why);
    return 2;
}

bool lib_sees_flow(const struct lib_access *access, const struct flow *flow)
{
    return lib_may_see_addr(access, &flow->key.addr[0]) ||
           lib_may_see_addr(access, &flow->key.addr[1]);
}

/* The n-th interface that the user may see, or NULL. */
static struct iface *visible(lua_State *L, unsigned *id)
{
    const struct engine *engine = lib_context_of(L)->engine;

    for (; *id < engine_ifaces(engine); (*id)++) {
        struct iface *iface = engine_iface(engine, (uint16_t)*id);

        if (lib_sees_iface(lib_access_of(L), iface)) {
            (*id)++;
            return iface;
        }
    }
    return NULL;
}

/* The next of those that lists tell of. */
static struct iface *listed(lua_State *L, unsigned *id)
{
    struct iface *iface;

    while ((iface = visible(L, id)) != NULL && !lib_lists_iface(L, iface)) {
    }
    return iface;
}

static struct iface *first_listed(lua_State *L)
{
    unsigned id = 0;

    return listed(L, &id);
}

static struct iface *by_id(lua_State *L, int64_t number)
{
    struct iface *iface;
    unsigned id = 0;

    while ((iface = visible(L, &id)) != NULL)
        if (iface->id == number)
            return iface;
    return NULL;
}

/* Digits are an id, unless an interface has them for its name. */
static struct iface *by_name(lua_State *L, const char *name)
{
    struct iface *iface;
    unsigned id = 0;

    if (strcmp(name, "any") == 0 && first_listed(L) != NULL)
        return first_listed(L);
    while ((iface = visible(L, &id)) != NULL)
        if (strcmp(iface->name, name) == 0)
            return iface;
    if (*name == '\0' || strspn(name, "0123456789") != strlen(name) ||
        strlen(name) > 5)
        return NULL;
    return by_id(L, atoi(name));
}

/* getDefaultIfName() */
static int get_default_name(lua_State *L)
{
    const struct iface *iface = first_listed(L);

    if (iface == NULL)
        return lib_fail(L, "no interface");
    lua_pushstring(L, iface->name);
    return 1;
}

/* setActiveInterfaceId(id) */
static int set_active_id(lua_State *L)
{
    const struct iface *iface = by_id(L, lib_arg_whole(L, 1, -1));

    if (iface == NULL)
        return lib_fail(L, "no such interface");
    lua_pushstring(L, iface->name);
    return 1;
}

/* getIfNames() */
static int get_names(lua_State *L)
{
    const struct iface *iface;
    unsigned id = 0;

    lua_newtable(L);
    while ((iface = listed(L, &id)) != NULL) {
        char key[8];

        snprintf(key, sizeof(key), "%u", iface->id);
        push_text(L, key, iface->name);
    }
    return 1;
}

/* select(name or id or nil) */
static int select_iface(lua_State *L)
{
    const struct iface *iface = NULL;

    if (lua_isnoneornil(L, 1))
        iface = first_listed(L);
    else if (lua_type(L, 1) == LUA_TNUMBER)
        iface = by_id(L, lib_arg_whole(L, 1, -1));
    else if (lua_type(L, 1) == LUA_TSTRING)
        iface = by_name(L, lua_tostring(L, 1));
    if (iface != NULL)
        lib_select_iface(L, iface);
    lua_pushboolean(L, iface != NULL);
    return 1;
}

/* name2id(name or nil) */
static int name_to_id(lua_State *L)
{
    const struct iface *iface = NULL;

    if (lua_isnoneornil(L, 1))
        iface = first_listed(L);
    else if (lua_type(L, 1) == LUA_TSTRING)
        iface = by_name(L, lua_tostring(L, 1));
    lua_pushinteger(L, iface != NULL ? iface->id : -1);
    return 1;
}

/* resetCounters(onlyDrops = true) */
static int reset_counters(lua_State *L)
{
    const struct lib_access *access = lib_access_of(L);
    struct iface *iface = lib_iface_of(L);

    if (iface == NULL)
        return lib_fail(L, "no interface");
    if (access != NULL && (access->networks != NULL || access->iface != NULL))
        return lib_fail(L, "not allowed");
    iface_reset(iface, lib_arg_flag(L, 1, true));
    lua_pushboolean(L, true);
    return 1;
}

/* isPacketInterface(): captures are all that there is. */
static int is_packet_interface(lua_State *L)
{
    lua_pushboolean(L, lib_iface_of(L) != NULL);
    return 1;
}

/* isPcapDumpInterface() */
static int is_pcap_dump(lua_State *L)
{
    const struct iface *iface = lib_iface_of(L);

    lua_pushboolean(L, iface != NULL && !iface->is_live);
    return 1;
}

/* isRunning() and isIdle(): true, or nothing at all. */
static int say_if(lua_State *L, bool is_so)
{
    if (!is_so)
        return 0;
    lua_pushboolean(L, true);
    return 1;
}

static int is_running(lua_State *L)
{
    const struct iface *iface = lib_iface_of(L);

    return say_if(L, iface != NULL && !iface->is_over);
}

static int is_idle(lua_State *L)
{
    const struct iface *iface = lib_iface_of(L);

    return say_if(L, iface != NULL && iface->is_over);
}

/* isBridgeInterface(id?): packets do not pass through kelvin. */
static int is_bridge(lua_State *L)
{
    const struct iface *iface = lua_type(L, 1) == LUA_TNUMBER
                                    ? by_id(L, lib_arg_whole(L, 1, -1))
                                    : lib_iface_of(L);

    if (iface == NULL)
        return lib_fail(L, "no such interface");
    lua_pushboolean(L, false);
    return 1;
}

/* setSecondTraffic() and refreshHostsAlertsConfiguration(full?): the engine
 * samples every second, and thresholds take effect as they change. */
static int is_done_already(lua_State *L)
{
    lua_pushboolean(L, true);
    return 1;
}

/* dumpLocalHosts2redis(): begin, and do not wait for the end. */
static int dump_local_hosts(lua_State *L)
{
    struct saved *saved = lib_context_of(L)->saved;

    if (!lib_is_admin(lib_access_of(L)))
        return lib_fail(L, "not allowed");
    if (saved == NULL || !saved_write(saved))
        return lib_fail(L, "there is no Redis, or interfaces have no numbers "
                           "yet");
    lua_pushboolean(L, true);
    return 1;
}

void lib_interface_open(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"getDefaultIfName", get_default_name},
        {"setActiveInterfaceId", set_active_id},
        {"getIfNames", get_names},
        {"select", select_iface},
        {"name2id", name_to_id},
        {"resetCounters", reset_counters},
        {"isPacketInterface", is_packet_interface},
        {"isPcapDumpInterface", is_pcap_dump},
        {"isBridgeInterface", is_bridge},
        {"isRunning", is_running},
        {"isIdle", is_idle},
        {"dumpLocalHosts2redis", dump_local_hosts},
        {"setSecondTraffic", is_done_already},
        {"refreshHostsAlertsConfiguration", is_done_already},
        {NULL, NULL},
    };

    lua_newtable(L);
    luaL_setfuncs(L, functions, 0);
    lib_interface_add_stats(L);
    lib_interface_add_apps(L);
    lib_interface_add_flows(L);
    lib_interface_add_hosts(L);
    lib_interface_add_activity(L);
    lib_interface_add_grouped(L);
    lib_interface_add_groups(L);
    lib_interface_add_alerts(L);
    lib_interface_add_alert_list(L);
    lib_interface_add_alert_sql(L);
    lib_interface_add_series(L);
    lib_interface_add_peers(L);
    lib_interface_add_vhosts(L);
    lib_interface_add_missing(L);
    lua_setglobal(L, "interface");
}
