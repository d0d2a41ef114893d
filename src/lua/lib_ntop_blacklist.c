/* lib_ntop_blacklist: class ntop, hosts that are known to be bad.
 * SPDX-License-Identifier: MIT */
#include <lauxlib.h>
#include <string.h>

#include "core/model/engine.h"
#include "lua/access.h"
#include "lua/lib.h"

#define LIST_TYPE "kelvin.blacklist"

/* A script fills a list of its own, and then it takes the place of the one that
 * the engine has. registry[list_key] = a userdata with the list. */
static const char list_key = 'b';

static int list_gc(lua_State *L)
{
    struct blacklist **list = lua_touserdata(L, 1);

    blacklist_free(*list);
    *list = NULL;
    return 0;
}

static int refuse(lua_State *L, const char *why)
{
    lua_pushnil(L);
    lua_pushstring(L, why);
    return 2;
}

/* The list of this run, or NULL. */
static struct blacklist **list_of(lua_State *L)
{
    struct blacklist **list;

    lua_rawgetp(L, LUA_REGISTRYINDEX, &list_key);
    list = lua_touserdata(L, -1);
    lua_pop(L, 1);
    return list != NULL && *list != NULL ? list : NULL;
}

static bool may_change(lua_State *L)
{
    return lib_is_admin(lib_access_of(L)) && lib_context_of(L)->engine != NULL;
}

/* allocHostBlacklist(): begin an empty one. */
static int ntop_alloc_host_blacklist(lua_State *L)
{
    const struct engine *engine = lib_context_of(L)->engine;
    struct blacklist **list;
    struct hash_key key;

    if (!may_change(L))
        return refuse(L, "not allowed");
    list = lua_newuserdata(L, sizeof(struct blacklist *));
    *list = NULL;
    if (luaL_newmetatable(L, LIST_TYPE)) {
        lua_pushcfunction(L, list_gc);
        lua_setfield(L, -2, "__gc");
    }
    lua_setmetatable(L, -2);
    memcpy(key.word, engine_config(engine)->seed, sizeof(key.word));
    *list = blacklist_new(&key);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &list_key);
    lua_pushboolean(L, true);
    return 1;
}

/* addToHostBlacklist(network) */
static int ntop_add_to_host_blacklist(lua_State *L)
{
    size_t len;
    const char *text = lib_string(L, 1, &len);
    struct blacklist **list = list_of(L);

    if (!may_change(L))
        return refuse(L, "not allowed");
    if (list == NULL)
        return refuse(L, "ntop.allocHostBlacklist() comes first");
    if (strlen(text) != len || !blacklist_add(*list, text))
        return refuse(L, blacklist_count(*list) == BLACKLIST_MAX
                             ? "the list is full"
                             : "this is no network");
    lua_pushboolean(L, true);
    return 1;
}

/* swapHostBlacklist(): what was added counts from now on. */
static int ntop_swap_host_blacklist(lua_State *L)
{
    struct blacklist **list = list_of(L);

    if (!may_change(L))
        return refuse(L, "not allowed");
    if (list == NULL)
        return refuse(L, "ntop.allocHostBlacklist() comes first");
    engine_set_blacklist(lib_context_of(L)->engine, *list);
    *list = NULL;
    lua_pushboolean(L, true);
    return 1;
}

void lib_ntop_blacklist_open(lua_State *L)
{
    static const struct lib_function functions[] = {
        {"addToHostBlacklist", "network: string", ntop_add_to_host_blacklist},
        {"allocHostBlacklist", "", ntop_alloc_host_blacklist},
        {"swapHostBlacklist", "", ntop_swap_host_blacklist},
        {NULL, NULL, NULL},
    };

    lib_register(L, "ntop", functions);
}
