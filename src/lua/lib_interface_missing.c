/* lib_interface_missing: what cannot be, and why. SPDX-License-Identifier: MIT
 */
#include <assert.h>
#include <lua5.3/lauxlib.h>
#include <stdbool.h>

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
    {"dumpFlowTraffic", "packets are not written to files"},
    {"setHostDumpPolicy", "packets are not written to files"},
    {"loadDumpPrefs", "packets are not written to files"},
    {"getInterfaceDumpDiskPolicy", "packets are not written to files"},
    {"getInterfaceDumpMaxPkts", "packets are not written to files"},
    {"getInterfaceDumpMaxSec", "packets are not written to files"},
    {"getInterfaceDumpMaxFiles", "packets are not written to files"},
    {"getInterfacePacketsDumpedFile", "packets are not written to files"},
    {"findMemberPool", "hosts are in no pools"},
    {"findMacPool", "hosts are in no pools"},
    {"reloadHostPools", "hosts are in no pools"},
    {"execSQLQuery", "kelvin asks no database"},
    {"resetPeriodicStats", "there are no counters of a period"},
    {"setInterfaceIdleState", "idle is who reads no more packets"},
};

#define MISSING (sizeof(missing) / sizeof(missing[0]))

/* The place in the table is the function's upvalue. */
static int say_why(lua_State *L)
{
    static uint64_t said; /* a bit each: once in a program's life will do */
    lua_Integer place = lua_tointeger(L, lua_upvalueindex(1));

    static_assert(MISSING <= 64, "a bit for each");
    if ((said >> place & 1) == 0)
        log_notice("lua", "interface.%s() returns nil: %s", missing[place].name,
                   missing[place].why);
    said |= UINT64_C(1) << place;
    return lib_fail(L, missing[place].why);
}

void lib_interface_add_missing(lua_State *L)
{
    for (size_t i = 0; i < MISSING; i++) {
        /* What is there, however it came, is not missing. */
        bool is_there = lua_getfield(L, -1, missing[i].name) != LUA_TNIL;

        lua_pop(L, 1);
        if (is_there)
            continue;
        lua_pushinteger(L, (lua_Integer)i);
        lua_pushcclosure(L, say_why, 1);
        lua_setfield(L, -2, missing[i].name);
    }
}
