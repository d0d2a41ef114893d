/* lib_coroutine: coroutines in which a script can wait.
 * SPDX-License-Identifier: MIT */
#include <lauxlib.h>

#include "lua/lib.h"
#include "lua/vm_internal.h"

/*
 * The script itself is a coroutine that is resumed by the loop. When a hook
 * or a function that waits suspends a coroutine inside of it, whoever resumed
 * that one must let the loop have its turn too, and go on with it later. Only
 * coroutine.yield() tells that the script meant to yield.
 */
enum caller { RESUME, WRAP };

static int go_on(lua_State *L, int status, lua_KContext ctx);

/* The coroutine that this call of resume() or wrap()'s function is about. */
static lua_State *subject(lua_State *L, enum caller caller)
{
    return lua_tothread(L, caller == WRAP ? lua_upvalueindex(1) : 1);
}

/* Pass on an error message on top of the stack. */
static int failed(lua_State *L, enum caller caller)
{
    if (caller == RESUME) {
        lua_pushboolean(L, 0);
        lua_insert(L, -2);
        return 2;
    }
    if (lua_type(L, -1) == LUA_TSTRING) {
        luaL_where(L, 1);
        lua_insert(L, -2);
        lua_concat(L, 2);
    }
    return lua_error(L);
}

/* The coroutine ended, yielded or failed: hand over what it left. */
static int finished(lua_State *L, lua_State *co, int status, enum caller caller)
{
    int count = lua_gettop(co);

    if (status != LUA_OK && status != LUA_YIELD) {
        lua_xmove(co, L, 1);
        return failed(L, caller);
    }
    if (!lua_checkstack(L, count + 1)) {
        lua_pop(co, count);
        lua_pushliteral(L, "too many results to resume");
        return failed(L, caller);
    }
    if (caller == RESUME)
        lua_pushboolean(L, 1);
    lua_xmove(co, L, count);
    return count + (caller == RESUME);
}

static int run_on(lua_State *L, lua_State *co, int nargs, enum caller caller)
{
    struct vm_run *run = vm_run_of(L);
    bool can_pass = run->pinned == 0 && lua_isyieldable(L);
    int status;

    for (;;) {
        run->pinned += !can_pass;
        run->current = co;
        run->is_user_yield = false;
        status = lua_resume(co, L, nargs);
        run->current = L;
        run->pinned -= !can_pass;
        if (status != LUA_YIELD || run->is_user_yield)
            break;
        if (can_pass)
            return lua_yieldk(L, 0, (lua_KContext)caller, go_on);
        /* A library wanted another turn: this is it. */
        (void)vm_must_yield(L, run);
        nargs = 0;
    }
    run->is_user_yield = false;
    if (run->verdict != VM_DONE)
        vm_state_hook_now(run);
    return finished(L, co, status, caller);
}

static int go_on(lua_State *L, int status, lua_KContext ctx)
{
    (void)status;
    return run_on(L, subject(L, (enum caller)ctx), 0, (enum caller)ctx);
}

/* Hand the arguments over and resume. Stack: [co,] arguments. */
static int start(lua_State *L, int status, lua_KContext ctx)
{
    enum caller caller = (enum caller)ctx;
    lua_State *co = subject(L, caller);
    int nargs = lua_gettop(L) - (caller == RESUME);

    (void)status;
    if (!lua_checkstack(co, nargs)) {
        lua_pushliteral(L, "too many arguments to resume");
        return failed(L, caller);
    }
    if (lua_status(co) == LUA_OK && lua_gettop(co) == 0) {
        lua_pushliteral(L, "cannot resume dead coroutine");
        return failed(L, caller);
    }
    lua_xmove(L, co, nargs);
    return run_on(L, co, nargs, caller);
}

/* A coroutine counts its instructions for itself, so many short ones would
 * never meet a hook: look at the clock for each. */
static int start_in_time(lua_State *L, enum caller caller)
{
    if (vm_must_yield(L, vm_run_of(L)))
        return lua_yieldk(L, 0, (lua_KContext)caller, start);
    return start(L, LUA_OK, (lua_KContext)caller);
}

static lua_State *check_coroutine(lua_State *L)
{
    lua_State *co = lua_tothread(L, 1);

    luaL_argcheck(L, co != NULL, 1, "coroutine expected");
    return co;
}

static int co_resume(lua_State *L)
{
    (void)check_coroutine(L);
    return start_in_time(L, RESUME);
}

static int co_wrapped(lua_State *L)
{
    return start_in_time(L, WRAP);
}

static int co_create(lua_State *L)
{
    lua_State *co;

    luaL_checktype(L, 1, LUA_TFUNCTION);
    co = lua_newthread(L);
    lua_pushvalue(L, 1);
    lua_xmove(L, co, 1);
    return 1;
}

static int co_wrap(lua_State *L)
{
    co_create(L);
    lua_pushcclosure(L, co_wrapped, 1);
    return 1;
}

static int co_yield (lua_State *L)
{
    struct vm_run *run = vm_run_of(L);

    if (L == run->main)
        return luaL_error(L, "attempt to yield from outside a coroutine");
    if (!lua_isyieldable(L))
        return luaL_error(L, "attempt to yield across a C-call boundary");
    run->is_user_yield = true;
    return lua_yield(L, lua_gettop(L));
}

static int co_status(lua_State *L)
{
    lua_State *co = check_coroutine(L);
    const char *text = "dead";
    lua_Debug at;

    if (co == L)
        text = "running";
    else if (lua_status(co) == LUA_YIELD)
        text = "suspended";
    else if (lua_status(co) == LUA_OK && lua_getstack(co, 0, &at))
        text = "normal";
    else if (lua_status(co) == LUA_OK && lua_gettop(co) > 0)
        text = "suspended"; /* not begun */
    lua_pushstring(L, text);
    return 1;
}

static int co_running(lua_State *L)
{
    lua_pushthread(L);
    lua_pushboolean(L, L == vm_run_of(L)->main);
    return 2;
}

static int co_isyieldable(lua_State *L)
{
    lua_pushboolean(L, L != vm_run_of(L)->main && lua_isyieldable(L));
    return 1;
}

void lib_coroutine_open(lua_State *L)
{
    static const struct lib_function functions[] = {
        {"create", "body: function", co_create},
        {"isyieldable", "", co_isyieldable},
        {"resume", "co: thread, ...", co_resume},
        {"running", "", co_running},
        {"status", "co: thread", co_status},
        {"wrap", "body: function", co_wrap},
        {"yield", "...", co_yield },
        {NULL, NULL, NULL},
    };

    lib_register(L, "coroutine", functions);
}
