/* lib_interface_alerts: alerts of scripts. SPDX-License-Identifier: MIT */
#include <lua5.3/lauxlib.h>
#include <stdio.h>

#include "core/run/alerts.h"
#include "lua/lib_interface.h"

/* "ip@vlan", as alerts name a host. */
#define HOST_TEXT_SIZE (ADDR_TEXT_SIZE + sizeof("@65535"))

/* Push true, or nil and why. */
static int answer(lua_State *L, bool is_done, const char *why)
{
    if (!is_done)
        return lib_fail(L, why);
    lua_pushboolean(L, true);
    return 1;
}

/*
 * The last arguments, from `arg` on: alertId, type, severity, msg. `engine` is
 * always the first.
 * @return false with nil and a reason on the stack, in place of two results.
 */
static bool read_spec(lua_State *L, int arg, struct alert_spec *spec)
{
    const struct iface *iface = lib_iface_of(L);

    if (!lib_is_admin(lib_access_of(L)) || lib_context_of(L)->alerts == NULL ||
        iface == NULL) {
        lib_fail(L, "alerts are not for this user");
        return false;
    }
    spec->engine = (int)lib_arg_whole(L, 1, -1);
    spec->id = lib_arg_text(L, arg, NULL);
    spec->type = (int)lib_arg_whole(L, arg + 1, -1);
    spec->severity = (int)lib_arg_whole(L, arg + 2, -1);
    spec->text = lib_arg_text(L, arg + 3, "");
    spec->when_s = iface_now_s(iface);
    if (spec->value != NULL && spec->id != NULL && alert_spec_is_good(spec))
        return true;
    lib_fail(L, "bad arguments");
    return false;
}

static int engage(lua_State *L, int arg, struct alert_spec *spec)
{
    if (!read_spec(L, arg, spec))
        return 2;
    return answer(
        L, alerts_engage(lib_context_of(L)->alerts, lib_iface_of(L), spec),
        "alerts are off, or there are too many");
}

static int release(lua_State *L, int arg, struct alert_spec *spec)
{
    if (!read_spec(L, arg, spec))
        return 2;
    return answer(
        L, alerts_release(lib_context_of(L)->alerts, lib_iface_of(L), spec),
        "there is no such alert");
}

/* The second argument as alerts name a host; NULL when it is none. */
static const char *host_value(lua_State *L, char text[HOST_TEXT_SIZE])
{
    char addr_text[ADDR_TEXT_SIZE];
    struct addr addr;
    uint16_t vlan;

    if (!lib_arg_host(L, 2, 0, &addr, &vlan))
        return NULL;
    snprintf(text, HOST_TEXT_SIZE, "%s@%u", addr_format(&addr, addr_text),
             vlan);
    return text;
}

/* engageHostAlert(engine, host, alertId, type, severity, msg) */
static int engage_host(lua_State *L)
{
    char text[HOST_TEXT_SIZE];
    struct alert_spec spec = {.entity = ALERT_OF_HOST,
                              .value = host_value(L, text)};

    return engage(L, 3, &spec);
}

static int release_host(lua_State *L)
{
    char text[HOST_TEXT_SIZE];
    struct alert_spec spec = {.entity = ALERT_OF_HOST,
                              .value = host_value(L, text)};

    return release(L, 3, &spec);
}

/* engageNetworkAlert(engine, cidr, alertId, type, severity, msg) */
static int engage_network(lua_State *L)
{
    struct alert_spec spec = {.entity = ALERT_OF_NETWORK,
                              .value = lib_arg_text(L, 2, NULL)};

    return engage(L, 3, &spec);
}

static int release_network(lua_State *L)
{
    struct alert_spec spec = {.entity = ALERT_OF_NETWORK,
                              .value = lib_arg_text(L, 2, NULL)};

    return release(L, 3, &spec);
}

static const char *iface_value(lua_State *L, char *text, size_t size)
{
    const struct iface *iface = lib_iface_of(L);

    if (iface == NULL)
        return NULL;
    snprintf(text, size, "iface_%u", iface->ifid);
    return text;
}

/* engageInterfaceAlert(engine, alertId, type, severity, msg) */
static int engage_iface(lua_State *L)
{
    char text[sizeof("iface_4294967295")];
    struct alert_spec spec = {.entity = ALERT_OF_IFACE,
                              .value = iface_value(L, text, sizeof(text))};

    return engage(L, 2, &spec);
}

static int release_iface(lua_State *L)
{
    char text[sizeof("iface_4294967295")];
    struct alert_spec spec = {.entity = ALERT_OF_IFACE,
                              .value = iface_value(L, text, sizeof(text))};

    return release(L, 2, &spec);
}

static int get_cached(lua_State *L)
{
    const struct alerts *alerts = lib_context_of(L)->alerts;
    const struct iface *iface = lib_iface_of(L);

    if (alerts == NULL || iface == NULL)
        return lib_fail(L, "no such interface");
    lua_createtable(L, 0, 2);
    push_number(L, "num_alerts_engaged", alerts_engaged(alerts, iface));
    push_flag(L, "alerts_stored", alerts_are_stored(alerts, iface));
    return 1;
}

void lib_interface_add_alerts(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"engageHostAlert", engage_host},
        {"releaseHostAlert", release_host},
        {"engageNetworkAlert", engage_network},
        {"releaseNetworkAlert", release_network},
        {"engageInterfaceAlert", engage_iface},
        {"releaseInterfaceAlert", release_iface},
        {"getCachedNumAlerts", get_cached},
        {NULL, NULL},
    };

    luaL_setfuncs(L, functions, 0);
}
