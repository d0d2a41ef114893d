/* lib: what scripts can call. SPDX-License-Identifier: MIT */
#include "lua/lib.h"

#include <lauxlib.h>

/* Addresses are keys of Lua's registry. */
static const char context_key = 'c';
static const char libraries_key = 'l';

void lib_set_context(lua_State *L, const struct lib_context *context)
{
    lua_pushlightuserdata(L, (void *)context);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &context_key);
}

const struct lib_context *lib_context_of(lua_State *L)
{
    const struct lib_context *context;

    lua_rawgetp(L, LUA_REGISTRYINDEX, &context_key);
    context = lua_touserdata(L, -1);
    lua_pop(L, 1);
    return context;
}

void lib_open_all(lua_State *L)
{
    static void (*const libraries[])(lua_State *) = {
        lib_base_open,
        lib_coroutine_open,
        lib_load_open,
        lib_string_open,
        lib_pattern_open,
        lib_table_open,
        lib_io_open,
        lib_ntop_open,
        lib_ntop_files_open,
        lib_ntop_net_open,
        lib_ntop_cache_open,
        lib_ntop_sets_open,
        lib_ntop_prefs_open,
        lib_ntop_names_open,
        lib_ntop_samplings_open,
        lib_ntop_http_open,
        lib_ntop_export_open,
        lib_ntop_rrd_open,
        lib_ntop_users_open,
        lib_ntop_snmp_open,
        lib_ntop_missing_open,
        lib_ntop_blacklist_open,
        lib_interface_open,
    };

    for (size_t i = 0; i < sizeof(libraries) / sizeof(*libraries); i++)
        libraries[i](L);
}

/* registry[libraries_key] = {functions, name, functions, name, ...}: read only
 * to make the text of an error. */
static void remember(lua_State *L, const char *library,
                     const struct lib_function *functions)
{
    lua_Integer count;

    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &libraries_key) != LUA_TTABLE) {
        lua_pop(L, 1);
        lua_createtable(L, 16, 0);
        lua_pushvalue(L, -1);
        lua_rawsetp(L, LUA_REGISTRYINDEX, &libraries_key);
    }
    count = (lua_Integer)lua_rawlen(L, -1);
    lua_pushlightuserdata(L, (void *)functions);
    lua_rawseti(L, -2, count + 1);
    lua_pushstring(L, library);
    lua_rawseti(L, -2, count + 2);
    lua_pop(L, 1);
}

void lib_publish(lua_State *L, const char *name)
{
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
    lua_pushvalue(L, -2);
    lua_setfield(L, -2, name);
    lua_pop(L, 1);
    lua_setglobal(L, name);
}

void lib_register(lua_State *L, const char *library,
                  const struct lib_function *functions)
{
    int count = 0;

    remember(L, library, functions);
    while (functions[count].name != NULL)
        count++;
    if (lua_getglobal(L, library) != LUA_TTABLE) {
        lua_pop(L, 1);
        lua_createtable(L, 0, count);
        lua_pushvalue(L, -1);
        lib_publish(L, library);
    }
    for (const struct lib_function *at = functions; at->name != NULL; at++) {
        lua_pushcfunction(L, at->run);
        lua_setfield(L, -2, at->name);
    }
    lua_pop(L, 1);
}

/* The row of the function that runs, and push its library's name. */
static const struct lib_function *running_row(lua_State *L)
{
    lua_CFunction run;
    lua_Debug at;

    if (!lua_getstack(L, 0, &at))
        return NULL;
    lua_getinfo(L, "f", &at);
    run = lua_tocfunction(L, -1);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &libraries_key);
    for (lua_Integer i = 1; lua_rawgeti(L, -1, i) == LUA_TLIGHTUSERDATA;
         i += 2) {
        const struct lib_function *row = lua_touserdata(L, -1);

        lua_pop(L, 1);
        for (; row->name != NULL; row++) {
            if (row->run == run) {
                lua_rawgeti(L, -1, i + 1);
                return row;
            }
        }
    }
    return NULL;
}

int lib_bad_call(lua_State *L)
{
    const struct lib_function *row = running_row(L);

    if (row == NULL)
        return luaL_error(L, "bad argument");
    return luaL_error(L, "%s.%s: expected %s(%s)", lua_tostring(L, -1),
                      row->name, row->name, row->signature);
}

const char *lib_string(lua_State *L, int index, size_t *len)
{
    if (!lua_isstring(L, index))
        lib_bad_call(L);
    return lua_tolstring(L, index, len);
}

lua_Integer lib_integer(lua_State *L, int index)
{
    lua_Number number;
    int is_number;
    lua_Integer value = lua_tointegerx(L, index, &is_number);

    if (is_number)
        return value;
    /* Counters may have a fraction by the time they are passed on. */
    number = lua_tonumberx(L, index, &is_number);
    if (!is_number || !(number >= -9e18 && number <= 9e18))
        lib_bad_call(L);
    return (lua_Integer)number;
}

lua_Number lib_number(lua_State *L, int index)
{
    int is_number;
    lua_Number value = lua_tonumberx(L, index, &is_number);

    if (!is_number)
        lib_bad_call(L);
    return value;
}

bool lib_boolean(lua_State *L, int index)
{
    if (!lua_isboolean(L, index))
        lib_bad_call(L);
    return lua_toboolean(L, index);
}

const char *lib_string_or(lua_State *L, int index, const char *preset)
{
    return lua_isnoneornil(L, index) ? preset : lib_string(L, index, NULL);
}

lua_Integer lib_integer_or(lua_State *L, int index, lua_Integer preset)
{
    return lua_isnoneornil(L, index) ? preset : lib_integer(L, index);
}

bool lib_boolean_or(lua_State *L, int index, bool preset)
{
    return lua_isnoneornil(L, index) ? preset : lib_boolean(L, index);
}

void lib_set_string(lua_State *L, const char *key, const char *value)
{
    lua_pushstring(L, value);
    lua_setfield(L, -2, key);
}

void lib_set_integer(lua_State *L, const char *key, lua_Integer value)
{
    lua_pushinteger(L, value);
    lua_setfield(L, -2, key);
}

void lib_set_number(lua_State *L, const char *key, lua_Number value)
{
    lua_pushnumber(L, value);
    lua_setfield(L, -2, key);
}

void lib_set_boolean(lua_State *L, const char *key, bool value)
{
    lua_pushboolean(L, value);
    lua_setfield(L, -2, key);
}

int lib_return_none(lua_State *L, int status, lua_KContext ctx)
{
    (void)L;
    (void)status;
    (void)ctx;
    return 0;
}

int lib_return_above(lua_State *L, int status, lua_KContext ctx)
{
    (void)status;
    return lua_gettop(L) - (int)ctx;
}
