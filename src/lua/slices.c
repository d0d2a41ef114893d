/* slices: long work in turns of the loop. SPDX-License-Identifier: MIT */
#include "lua/slices.h"

#include <lua5.3/lauxlib.h>
#include <string.h>

#include "lua/vm_internal.h"

#define STACK_ROOM 16

void *slices_new(lua_State *L, size_t size, int keep)
{
    void *state;

    luaL_checkstack(L, STACK_ROOM, NULL);
    while (lua_gettop(L) > keep)
        lua_remove(L, 1);
    state = lua_newuserdata(L, size);
    memset(state, 0, size);
    lua_insert(L, 1);
    return state;
}

/* What lua_yieldk() comes back to. */
static int go_on(lua_State *L, int status, lua_KContext context)
{
    struct slices *slices = lua_touserdata(L, 1);

    (void)status;
    (void)context;
    lua_settop(L, slices->depth); /* whoever resumed may have passed values */
    while (slices->step(L, slices)) {
        if (lua_isyieldable(L))
            return lua_yieldk(L, 0, 0, go_on);
        if (vm_run_of(L) != NULL)
            vm_check(L, vm_run_of(L));
    }
    return slices->finish(L, slices);
}

int slices_run(lua_State *L)
{
    struct slices *slices = lua_touserdata(L, 1);

    slices->depth = lua_gettop(L);
    return go_on(L, LUA_OK, 0);
}

bool walk_slice(lua_State *L, struct walk *walk,
                void (*visit)(lua_State *L, void *state, uint32_t index),
                void *state)
{
    for (unsigned i = 0; i < SLICE_ENTRIES; i++) {
        if (walk->at + 1 >= walk->pool->fresh)
            return false;
        walk->at++;
        if (pool_life(walk->pool, walk->at) != 0)
            visit(L, state, walk->at);
    }
    return true;
}
