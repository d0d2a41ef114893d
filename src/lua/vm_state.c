/* vm_state: one Lua state, its hook and its last words.
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/util/log.h"
#include "lua/lib.h"
#include "lua/vm_internal.h"

#define ADAPT_SLOW_US (VM_SLICE_US / 2)
#define ADAPT_FAST_US (VM_SLICE_US / 8)
#define STRETCH_US 100 /* longer: look at the clock right afterwards */
#define TRACE_LEVELS 24
#define GRACE ((size_t)256 << 10) /* bytes for the text of an error */

/* --- Where a script stands --- */

const char *vm_state_where(lua_State *L, char *text, size_t size)
{
    lua_Debug at;

    for (int level = 0; lua_getstack(L, level, &at); level++) {
        lua_getinfo(L, "Sl", &at);
        if (at.currentline > 0) {
            snprintf(text, size, "%s:%d:", at.short_src, at.currentline);
            return text;
        }
    }
    snprintf(text, size, "%s:", vm_run_name(vm_run_of(L)));
    return text;
}

static void add_frame(const lua_Debug *at, struct strbuf *out)
{
    strbuf_printf(out, "\n\t%s:", at->short_src);
    if (at->currentline > 0)
        strbuf_printf(out, "%d:", at->currentline);
    if (*at->namewhat != '\0')
        strbuf_printf(out, " in %s '%s'", at->namewhat, at->name);
    else if (*at->what == 'm')
        strbuf_puts(out, " in main chunk");
    else if (*at->what == 'C')
        strbuf_puts(out, " in ?");
    else
        strbuf_printf(out, " in function <%s:%d>", at->short_src,
                      at->linedefined);
}

/* As luaL_traceback(), but without a byte of Lua's memory, of which there may
 * be none left. */
static void add_trace(lua_State *L, struct strbuf *out)
{
    lua_Debug at;

    for (int level = 0; lua_getstack(L, level, &at); level++) {
        if (level == TRACE_LEVELS) {
            strbuf_puts(out, "\n\t...");
            break;
        }
        lua_getinfo(L, "Slnt", &at);
        add_frame(&at, out);
        if (at.istailcall)
            strbuf_puts(out, "\n\t(...tail calls...)");
    }
}

/* --- The hook --- */

/* Instructions differ: a comparison of long strings takes a million times as
 * long as an addition. Look more often at a script that uses slow ones. */
static void adapt_count(struct vm_run *run, int64_t took_us)
{
    if (took_us > ADAPT_SLOW_US)
        run->count = (int)(run->count * (int64_t)ADAPT_FAST_US / took_us);
    else if (took_us < ADAPT_FAST_US)
        run->count *= 2;
    if (run->count > VM_COUNT)
        run->count = VM_COUNT;
    if (run->count < 1)
        run->count = 1;
}

static bool can_yield(lua_State *L, const struct vm_run *run)
{
    return run->pinned == 0 && lua_isyieldable(L);
}

void vm_check(lua_State *L, struct vm_run *run)
{
    int64_t now_us = vm_now_us(run->vm);

    if (vm_is_over(run, now_us))
        vm_condemn(run, VM_TIMED_OUT, "the deadline passed");
    if (now_us - run->slice_us >= VM_PINNED_US)
        vm_condemn(run, VM_TIMED_OUT, "too long in one C function");
    if (run->verdict != VM_DONE)
        luaL_error(L, "%s", run->why);
}

bool vm_must_yield(lua_State *L, struct vm_run *run)
{
    int64_t now_us;

    if (!can_yield(L, run)) {
        vm_check(L, run);
        return false;
    }
    now_us = vm_now_us(run->vm);
    if (vm_is_over(run, now_us))
        vm_condemn(run, VM_TIMED_OUT, "the deadline passed");
    return run->verdict != VM_DONE || now_us - run->slice_us >= VM_SLICE_US;
}

/* Write down where the coroutine stands, and all of it if it is the last that
 * will be heard of it. */
static void note_place(lua_State *L, struct vm_run *run)
{
    (void)vm_state_where(L, run->where, sizeof(run->where));
    if (run->verdict == VM_DONE)
        return;
    strbuf_reset(&run->trace);
    add_trace(L, &run->trace);
    if (L != run->main)
        add_trace(run->main, &run->trace);
}

static void on_count(lua_State *L, lua_Debug *at)
{
    struct vm_run *run = vm_run_of(L);
    int64_t now_us = vm_now_us(run->vm);

    (void)at;
    adapt_count(run, now_us - run->hook_us);
    run->hook_us = now_us;
    run->volume = 0;
    lua_sethook(L, on_count, LUA_MASKCOUNT,
                run->verdict != VM_DONE ? 1 : run->count);
    if (vm_must_yield(L, run)) {
        note_place(L, run);
        run->hooked = L;
        lua_yield(L, 0); /* returns; Lua suspends after the hook */
    }
}

void vm_state_hook_now(struct vm_run *run)
{
    if (run->current != NULL)
        lua_sethook(run->current, on_count, LUA_MASKCOUNT, 1);
}

int64_t vm_stretch_begin(const struct vm_run *run)
{
    return vm_now_us(run->vm);
}

void vm_stretch_end(lua_State *L, struct vm_run *run, int64_t begin_us,
                    const char *what)
{
    int64_t took_us = vm_now_us(run->vm) - begin_us;
    char where[256];

    if (took_us > STRETCH_US)
        vm_state_hook_now(run);
    if (took_us > VM_SLOW_US && what != NULL)
        log_warnx("lua", "%s %s took %.0f ms, in which all else had to wait",
                  vm_state_where(L, where, sizeof(where)), what,
                  (double)took_us / 1e3);
}

/* --- A new state --- */

static int no_panic(lua_State *L)
{
    log_errorx("lua", "an error outside of protection: %s",
               lua_tostring(L, -1));
    abort();
}

static void push_arguments(const struct vm_run *run)
{
    for (size_t i = 0; i < run->argument_count; i++)
        lua_pushstring(run->main, run->arguments[i]);
}

/* The table `arg`, with the script's name at 0 as Lua's own program does. */
static void set_arg(lua_State *L, const struct vm_run *run)
{
    lua_createtable(L, (int)run->argument_count, 1);
    lua_pushstring(L, run->path);
    lua_rawseti(L, -2, 0);
    for (size_t i = 0; i < run->argument_count; i++) {
        lua_pushstring(L, run->arguments[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    lua_setglobal(L, "arg");
}

/* Push the script's function. */
static void push_script(lua_State *L, struct vm_run *run)
{
    int status;
    int fd;

    if (run->script.source != NULL) {
        status = vm_code_load_text(L, run->script.source,
                                   run->script.source_len, run->path);
    } else {
        fd = lib_open_script(L, run->path);
        if (fd < 0)
            luaL_error(L, "cannot open %s: %s", run->path, strerror(errno));
        status = vm_code_load(run->vm->code, L, fd, run->path);
    }
    if (status != LUA_OK)
        lua_error(L);
}

static int call_script(lua_State *L, int status, lua_KContext ctx)
{
    (void)status;
    (void)ctx;
    lua_callk(L, lua_gettop(L) - 1, 0, 0, lib_return_none);
    return 0;
}

/* The coroutine's first function: the prelude, then the script.
 * Stack: script, arguments. */
static int begin(lua_State *L)
{
    const struct vm_run *run = vm_run_of(L);

    if (run->prelude == NULL || !lib_has_module(L, run->prelude))
        return call_script(L, LUA_OK, 0);
    lua_getglobal(L, "require");
    lua_pushstring(L, run->prelude);
    lua_callk(L, 1, 0, 0, call_script);
    return call_script(L, LUA_OK, 0);
}

/* Texts that Lua itself makes outside of protection: in lua_resume(), and when
 * it unwinds a coroutine. Without memory for one the program would end, so
 * they are there from the beginning: Lua keeps short texts once only. */
static void keep_texts(lua_State *L)
{
    static const char *const texts[] = {
        "cannot resume dead coroutine",
        "cannot resume non-suspended coroutine",
        "C stack overflow",
        "error in error handling",
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        lua_pushstring(L, texts[i]);
        lua_rawsetp(L, LUA_REGISTRYINDEX, &texts[i]);
    }
}

static int open_protected(lua_State *L)
{
    struct vm_run *run = lua_touserdata(L, 1);

    keep_texts(L);
    lib_set_context(L, run->vm->config.context);
    lib_open_all(L);
    set_arg(L, run);
    if (run->script.prepare != NULL)
        run->script.prepare(L, run->script.arg);
    run->main = lua_newthread(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, run);
    lua_sethook(run->main, on_count, LUA_MASKCOUNT, run->count);
    if (!lua_checkstack(run->main, (int)run->argument_count + 8))
        luaL_error(L, "%s: too many arguments", run->path);
    lua_pushcfunction(run->main, begin);
    push_script(L, run);
    lua_xmove(L, run->main, 1);
    push_arguments(run);
    return 0;
}

bool vm_state_open(struct vm_run *run, struct strbuf *error)
{
    int status = LUA_ERRMEM;

    run->L = lua_newstate(vm_memory, run);
    if (run->L != NULL) {
        *(struct vm_run **)lua_getextraspace(run->L) = run;
        lua_atpanic(run->L, no_panic);
        lua_pushcfunction(run->L, open_protected);
        lua_pushlightuserdata(run->L, run);
        status = lua_pcall(run->L, 1, 0, 0);
    }
    if (status == LUA_OK) {
        run->state = VM_RUNNING;
        run->current = run->main;
        return true;
    }
    if (status == LUA_ERRMEM) {
        run->verdict = VM_OUT_OF_MEMORY;
        strbuf_printf(error, "%s: not enough memory", run->path);
    } else {
        strbuf_puts(error, lua_tostring(run->L, -1));
    }
    return false;
}

/* --- Last words --- */

/* An error object may tell which status an answer shall have; its metatable
 * is not asked. In: the object at index 1. */
static void note_status(lua_State *L, struct vm_run *run)
{
    lua_Integer status;

    if (!lua_istable(L, 1))
        return;
    lua_pushliteral(L, "status");
    lua_rawget(L, 1);
    status = lua_isinteger(L, -1) ? lua_tointeger(L, -1) : 0;
    if (status >= 400 && status <= 599)
        run->status = (int)status;
    lua_pop(L, 1);
}

/* Let the error value become a text: it may be a table that can tell.
 * In: the run. Out: the text. */
static int explain_protected(lua_State *L)
{
    struct vm_run *run = lua_touserdata(L, 1);

    lua_settop(L, 0);
    if (lua_gettop(run->main) == 0) {
        lua_pushliteral(L, "an error without a value");
        return 1;
    }
    lua_pushvalue(run->main, -1);
    lua_xmove(run->main, L, 1);
    note_status(L, run);
    if (lua_type(L, 1) == LUA_TSTRING ||
        (luaL_callmeta(L, 1, "__tostring") && lua_type(L, -1) == LUA_TSTRING))
        return 1;
    lua_pushfstring(L, "error object is a %s value", luaL_typename(L, 1));
    return 1;
}

/* The script's own __tostring may try to run on, so it has the time of a slow
 * turn, and little memory. */
static void explain_error(struct vm_run *run, struct strbuf *error)
{
    lua_State *L = run->L;

    run->pinned++;
    run->cap = run->used + GRACE;
    run->slice_us = run->hook_us = vm_now_us(run->vm);
    run->deadline_us = run->slice_us + VM_SLOW_US;
    run->current = L;
    lua_settop(L, 0);
    lua_sethook(L, on_count, LUA_MASKCOUNT, VM_COUNT);
    lua_pushcfunction(L, explain_protected);
    lua_pushlightuserdata(L, run);
    if (lua_pcall(L, 1, 1, 0) == LUA_OK)
        strbuf_puts(error, lua_tostring(L, -1));
    else
        strbuf_printf(error, "%s: an error that cannot be told", run->path);
    lua_sethook(L, NULL, 0, 0);
    run->current = NULL;
}

void vm_state_explain(struct vm_run *run, struct strbuf *error)
{
    char where[128];

    if (run->main == NULL) { /* it never began */
        strbuf_printf(error, "%s: %s", run->path, run->why);
        return;
    }
    if (run->why == NULL) {
        explain_error(run, error);
    } else {
        strbuf_printf(error, "%s %s",
                      run->hooked != NULL
                          ? run->where
                          : vm_state_where(run->main, where, sizeof(where)),
                      run->why);
    }
    strbuf_puts(error, "\nstack traceback:");
    if (run->hooked == NULL)
        add_trace(run->main, error);
    else if (run->trace.text != NULL)
        strbuf_puts(error, run->trace.text);
    strbuf_free(&run->trace);
}
