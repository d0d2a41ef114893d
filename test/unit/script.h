/* script: Lua over an engine fed by hand, for tests. SPDX-License-Identifier:
 * MIT
 */
#ifndef KELVIN_TEST_SCRIPT_H
#define KELVIN_TEST_SCRIPT_H

#include <lua5.3/lauxlib.h>
#include <lua5.3/lualib.h>
#include <stdio.h>

#include "lua/access.h"
#include "lua/lib.h"
#include "traffic.h"

struct script {
    lua_State *L;
    lua_State *run; /* the script as a coroutine, anchored in L */
    struct lib_context context;
    unsigned turns; /* how often it was resumed */
};

static inline void script_open(struct script *script, struct engine *engine)
{
    *script = (struct script){.context = {.engine = engine}};
    script->L = luaL_newstate();
    *(void **)lua_getextraspace(script->L) = NULL; /* no run */
    luaL_openlibs(script->L);
    lib_set_context(script->L, &script->context);
    lib_interface_open(script->L);
}

static inline void script_close(struct script *script)
{
    lua_close(script->L);
}

/* Load a text, to be run turn by turn. */
static inline void script_begin(struct script *script, const char *text)
{
    lua_settop(script->L, 0);
    script->run = lua_newthread(script->L);
    script->turns = 0;
    if (luaL_loadbuffer(script->run, text, strlen(text), "=script") != LUA_OK)
        fail_msg("%s", lua_tostring(script->run, -1));
}

/* One turn. @return true while it is not done; an error fails the test. */
static inline bool script_turn(struct script *script)
{
    int status = lua_resume(script->run, NULL, 0);

    script->turns++;
    if (status == LUA_YIELD) {
        assert_int_equal(lua_gettop(script->run), 0);
        return true;
    }
    if (status != LUA_OK) {
        luaL_traceback(script->L, script->run, lua_tostring(script->run, -1),
                       0);
        fail_msg("%s", lua_tostring(script->L, -1));
    }
    return false;
}

static inline void script_run(struct script *script, const char *text)
{
    script_begin(script, text);
    while (script_turn(script))
        continue;
}

#endif
