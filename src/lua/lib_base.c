/* lib_base: Lua's basic functions, as far as they are harmless.
 * SPDX-License-Identifier: MIT */
#include <lauxlib.h>
#include <lualib.h>

#include "lua/lib.h"
#include "lua/vm_internal.h"

/*
 * What is not here: whatever starts processes, ends this one, loads code that
 * is not text, or runs where no hook can stop it. Finalisers of scripts
 * (`__gc`) are such a place, and so are message handlers of xpcall() once a
 * hook has raised an error.
 */
#define COLLECT_MAX ((size_t)2 << 20)

/* `print(...)`; a page's print writes its argument and nothing else. */
static int base_print(lua_State *L)
{
    struct vm_run *run = vm_run_of(L);
    int count = lua_gettop(L);
    luaL_Buffer line;
    const char *text;
    size_t len;

    if (run->script.is_page && count > 1)
        count = 1;
    luaL_buffinit(L, &line);
    for (int i = 1; i <= count; i++) {
        if (i > 1)
            luaL_addchar(&line, '\t');
        (void)luaL_tolstring(L, i, NULL);
        luaL_addvalue(&line);
    }
    if (!run->script.is_page)
        luaL_addchar(&line, '\n');
    luaL_pushresult(&line);
    text = lua_tolstring(L, -1, &len);
    return vm_write(L, run, text, len) ? vm_wait_output(L, run) : 0;
}

/* setmetatable() as it is, but for a finaliser, which never runs: Lua would
 * call it with hooks off, where an endless loop cannot be ended. */
static int base_setmetatable(lua_State *L)
{
    int type = lua_type(L, 2);
    bool has_gc = false;

    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_argcheck(L, type == LUA_TNIL || type == LUA_TTABLE, 2,
                  "nil or table expected");
    if (luaL_getmetafield(L, 1, "__metatable") != LUA_TNIL)
        return luaL_error(L, "cannot change a protected metatable");
    lua_settop(L, 2);
    if (type == LUA_TTABLE) {
        lua_pushliteral(L, "__gc");
        has_gc = lua_rawget(L, 2) != LUA_TNIL;
        if (has_gc) { /* Lua looks for it only now */
            lua_pushliteral(L, "__gc");
            lua_pushnil(L);
            lua_rawset(L, 2);
        }
    }
    lua_pushvalue(L, 2);
    lua_setmetatable(L, 1);
    if (has_gc) {
        lua_pushliteral(L, "__gc");
        lua_pushvalue(L, 3);
        lua_rawset(L, 2);
    }
    lua_settop(L, 1);
    return 1;
}

static int pcall_end(lua_State *L, int status, lua_KContext ctx)
{
    if (status == LUA_OK || status == LUA_YIELD)
        return lua_gettop(L) - (int)ctx;
    lua_pushboolean(L, 0);
    lua_pushvalue(L, -2);
    return 2;
}

/* The script's message handler, unless the run is to end anyway. */
static int handler(lua_State *L)
{
    if (vm_run_of(L)->verdict != VM_DONE)
        return 1;
    lua_settop(L, 1);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, 1, 1);
    return 1;
}

static int base_xpcall(lua_State *L)
{
    int count = lua_gettop(L);

    luaL_checktype(L, 2, LUA_TFUNCTION);
    lua_pushvalue(L, 2);
    lua_pushcclosure(L, handler, 1);
    lua_replace(L, 2);
    lua_pushboolean(L, 1); /* the first result */
    lua_pushvalue(L, 1);
    lua_rotate(L, 3, 2); /* function, handler, true, function, arguments */
    return pcall_end(L, lua_pcallk(L, count - 2, LUA_MULTRET, 2, 2, pcall_end),
                     2);
}

/* A full collection is not interrupted, so large states go step by step. */
static int base_collectgarbage(lua_State *L)
{
    static const char *const options[] = {"collect",    "stop",      "restart",
                                          "count",      "step",      "setpause",
                                          "setstepmul", "isrunning", NULL};
    struct vm_run *run = vm_run_of(L);
    int64_t begin_us;

    switch (luaL_checkoption(L, 1, "collect", options)) {
    case 3:
        lua_pushnumber(L, (lua_Number)run->used / 1024);
        return 1;
    case 0:
    case 4:
        begin_us = vm_stretch_begin(run);
        lua_gc(L, run->used <= COLLECT_MAX ? LUA_GCCOLLECT : LUA_GCSTEP, 0);
        vm_stretch_end(L, run, begin_us, "collectgarbage");
        break;
    case 7:
        lua_pushboolean(L, 1);
        return 1;
    default:
        break;
    }
    lua_pushinteger(L, 0);
    return 1;
}

/* os.time() without a table: the clock of the run. */
static int os_time(lua_State *L)
{
    if (!lua_isnoneornil(L, 1))
        return lua_tocfunction(L, lua_upvalueindex(1))(L);
    lua_pushinteger(L, vm_run_clock_us(vm_run_of(L)) / 1000000);
    return 1;
}

/* os.date([format [, time]]), where time is that of the run. */
static int os_date(lua_State *L)
{
    lua_settop(L, 2);
    if (lua_isnil(L, 1)) {
        lua_pushliteral(L, "%c");
        lua_replace(L, 1);
    }
    if (lua_isnil(L, 2)) {
        lua_pushinteger(L, vm_run_clock_us(vm_run_of(L)) / 1000000);
        lua_replace(L, 2);
    }
    return lua_tocfunction(L, lua_upvalueindex(1))(L);
}

/* Put run(original) where `name` of the table on top of the stack was. */
static void wrap(lua_State *L, const char *name, lua_CFunction run)
{
    lua_getfield(L, -1, name);
    lua_pushcclosure(L, run, 1);
    lua_setfield(L, -2, name);
}

static void open_os(lua_State *L)
{
    static const char *const kept[] = {"time", "date", "clock", "difftime"};

    lua_createtable(L, 0, 4);
    lua_pushcfunction(L, luaopen_os);
    lua_call(L, 0, 1);
    for (size_t i = 0; i < sizeof(kept) / sizeof(*kept); i++) {
        lua_getfield(L, -1, kept[i]);
        lua_setfield(L, -3, kept[i]);
    }
    lua_pop(L, 1);
    wrap(L, "time", os_time);
    wrap(L, "date", os_date);
    lib_publish(L, "os");
}

/* A traceback, and who calls: no locals, no hooks, no registry. */
static void open_debug(lua_State *L)
{
    static const char *const kept[] = {"traceback"};

    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, luaopen_debug);
    lua_call(L, 0, 1);
    for (size_t i = 0; i < sizeof(kept) / sizeof(*kept); i++) {
        lua_getfield(L, -1, kept[i]);
        lua_setfield(L, -3, kept[i]);
    }
    lua_pop(L, 1);
    lib_publish(L, "debug");
}

void lib_base_open(lua_State *L)
{
    static const luaL_Reg libraries[] = {
        {"_G", luaopen_base},
        {LUA_STRLIBNAME, luaopen_string},
        {LUA_TABLIBNAME, luaopen_table},
        {LUA_MATHLIBNAME, luaopen_math},
        {LUA_UTF8LIBNAME, luaopen_utf8},
        {LUA_BITLIBNAME, luaopen_bit32},
    };
    static const luaL_Reg own[] = {
        {"print", base_print},
        {"setmetatable", base_setmetatable},
        {"xpcall", base_xpcall},
        {"collectgarbage", base_collectgarbage},
        {NULL, NULL},
    };

    for (size_t i = 0; i < sizeof(libraries) / sizeof(*libraries); i++) {
        luaL_requiref(L, libraries[i].name, libraries[i].func, 1);
        lua_pop(L, 1);
    }
    lua_pushglobaltable(L);
    luaL_setfuncs(L, own, 0);
    lua_pop(L, 1);
    open_os(L);
    open_debug(L);
}
