/* lib_string: what of Lua's string library can take long.
 * SPDX-License-Identifier: MIT */
#include <lauxlib.h>
#include <stdint.h>

#include "lua/lib.h"
#include "lua/vm_internal.h"

/*
 * They are bounded by the memory of the run, but for one (string.rep); patterns
 * are lib_pattern.c's.
 */

/* Call the original, upvalue 1, in place; upvalue 2 is its name. */
static int measured(lua_State *L)
{
    struct vm_run *run = vm_run_of(L);
    int64_t begin_us = vm_stretch_begin(run);
    int count = lua_tocfunction(L, lua_upvalueindex(1))(L);

    vm_stretch_end(L, run, begin_us, lua_tostring(L, lua_upvalueindex(2)));
    return count;
}

/* Lua counts to n even where n times nothing is nothing. */
static int string_rep(lua_State *L)
{
    size_t len, gap = 0;
    lua_Integer count = luaL_checkinteger(L, 2);

    (void)luaL_checklstring(L, 1, &len);
    (void)luaL_optlstring(L, 3, "", &gap);
    if (len + gap == 0 && count > 0) {
        lua_pushliteral(L, "");
        return 1;
    }
    return lua_tocfunction(L, lua_upvalueindex(1))(L);
}

static void wrap_measured(lua_State *L, const char *field, const char *name)
{
    lua_getfield(L, -1, field);
    lua_pushstring(L, name);
    lua_pushcclosure(L, measured, 2);
    lua_setfield(L, -2, field);
}

static void wrap(lua_State *L, const char *field, lua_CFunction run)
{
    lua_getfield(L, -1, field);
    lua_pushcclosure(L, run, 1);
    lua_setfield(L, -2, field);
}

void lib_string_open(lua_State *L)
{
    lua_getglobal(L, "string");
    wrap(L, "rep", string_rep);
    lua_pushnil(L);
    lua_setfield(L, -2, "dump"); /* nobody here would load it */
    lua_pop(L, 1);
    lua_getglobal(L, "table");
    wrap_measured(L, "concat", "table.concat");
    lua_pop(L, 1);
}
