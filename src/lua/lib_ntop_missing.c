/* lib_ntop_missing: class ntop, what cannot be, and why.
 * SPDX-License-Identifier: MIT */
#include <assert.h>
#include <lauxlib.h>

#include "core/util/log.h"
#include "lua/lib.h"

/* Scripts of others may call these; the answer is nil and the reason. */
static const struct {
    const char *name;
    const char *why;
} missing[] = {
    {"deleteDumpFiles", "packets are not written to files"},
    {"execQuery", "SQLite is not among kelvin's libraries"},
    {"getSiteCategories", "sites have no categories"},
    {"zmq_connect", "kelvin collects from no probes"},
    {"zmq_disconnect", "kelvin collects from no probes"},
    {"zmq_receive", "kelvin collects from no probes"},
};

#define MISSING (sizeof(missing) / sizeof(missing[0]))

/* The place in the table is the function's upvalue. */
static int say_why(lua_State *L)
{
    static uint32_t said; /* a bit each: once in a program's life will do */
    lua_Integer place = lua_tointeger(L, lua_upvalueindex(1));

    static_assert(MISSING <= 32, "a bit for each");
    if ((said >> place & 1) == 0)
        log_notice("lua", "ntop.%s() returns nil: %s", missing[place].name,
                   missing[place].why);
    said |= UINT32_C(1) << place;
    lua_pushnil(L);
    lua_pushstring(L, missing[place].why);
    return 2;
}

void lib_ntop_missing_open(lua_State *L)
{
    lua_getglobal(L, "ntop");
    for (size_t i = 0; i < MISSING; i++) {
        lua_pushinteger(L, (lua_Integer)i);
        lua_pushcclosure(L, say_why, 1);
        lua_setfield(L, -2, missing[i].name);
    }
    lua_pop(L, 1);
}
