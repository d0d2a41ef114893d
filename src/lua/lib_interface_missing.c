/* lib_interface_missing: what cannot be, and why. SPDX-License-Identifier: MIT
 */
#include <assert.h>
#include <lua5.3/lauxlib.h>

#include "core/util/log.h"
#include "lua/lib_interface.h"

/* Scripts of others may call these; the answer is nil and the reason. */
static const struct {
    const char *name;
    const char *why;
} missing[] = {
    {"dropFlowTraffic", "no packets pass through kelvin"},
    {"updateHostTrafficPolicy", "no packets pass through kelvin"},
    {"reloadL7Rules", "no packets pass through kelvin"},
    {"reloadShapers", "no packets pass through kelvin"},
    {"getPeerHitRate", "no packets pass through kelvin"},
    {"findUserFlows", "flows know no processes"},
    {"findPidFlows", "flows know no processes"},
    {"findFatherPidFlows", "flows know no processes"},
    {"findNameFlows", "flows know no processes"},
    {"getSFlowDevices", "kelvin collects from no probes"},
    {"getSFlowDeviceInfo", "kelvin collects from no probes"},
    {"getEndpoint", "kelvin collects from no probes"},
    {"loadScalingFactorPrefs", "kelvin does not sample"},
    {"getInterfaceDumpTapPolicy", "packets are not sent to a tap"},
    {"getInterfaceDumpTapName", "packets are not sent to a tap"},
    {"getInterfacePacketsDumpedTap", "packets are not sent to a tap"},
    {"listHTTPhosts", "the engine keeps no virtual hosts"},
};

#define MISSING (sizeof(missing) / sizeof(missing[0]))

/* The place in the table is the function's upvalue. */
static int say_why(lua_State *L)
{
    static uint32_t said; /* a bit each: once in a program's life will do */
    lua_Integer place = lua_tointeger(L, lua_upvalueindex(1));

    static_assert(MISSING <= 32, "a bit for each");
    if ((said >> place & 1) == 0)
        log_notice("lua", "interface.%s() returns nil: %s", missing[place].name,
                   missing[place].why);
    said |= UINT32_C(1) << place;
    return lib_fail(L, missing[place].why);
}

void lib_interface_add_missing(lua_State *L)
{
    for (size_t i = 0; i < MISSING; i++) {
        lua_pushinteger(L, (lua_Integer)i);
        lua_pushcclosure(L, say_why, 1);
        lua_setfield(L, -2, missing[i].name);
    }
}
