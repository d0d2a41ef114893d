/* ask: questions of scripts to Redis. SPDX-License-Identifier: MIT */
#include "lua/ask.h"

#include <assert.h>
#include <lauxlib.h>
#include <string.h>

#include "core/run/store.h"
#include "lua/lib.h"
#include "lua/vm_internal.h"

/* How deep arrays of arrays are taken; no command that is sent answers more. */
#define DEPTH_MAX 8

/* A userdata on the stack of the function that waits. The answer waits in the
 * registry under its address: the stack of a coroutine that is suspended must
 * not be touched. */
struct ask {
    struct store_call *call;
    struct vm_run *run;
    const struct store_reply *reply; /* during its callback */
    enum ask_result result;
    ask_next *next;
    lua_KContext ctx;
};

void ask_add(struct ask_words *words, const char *word)
{
    assert(words->count < ASK_WORDS);
    words->lens[words->count] = strlen(word);
    words->words[words->count++] = word;
}

void ask_add_value(lua_State *L, struct ask_words *words, int index)
{
    assert(words->count < ASK_WORDS);
    words->words[words->count] = lib_string(L, index, NULL);
    lua_tolstring(L, index, &words->lens[words->count++]);
}

static void push_reply(lua_State *L, const struct store_reply *reply,
                       unsigned depth)
{
    const char *text;
    size_t len;

    switch (store_reply_type(reply)) {
    case STORE_NIL:
        lua_pushnil(L);
        break;
    case STORE_NUMBER:
        lua_pushinteger(L, store_reply_number(reply));
        break;
    case STORE_ARRAY:
        if (depth == DEPTH_MAX)
            luaL_error(L, "Redis answered arrays in arrays");
        luaL_checkstack(L, 4, NULL);
        lua_createtable(L, (int)store_reply_count(reply), 0);
        for (size_t i = 0; i < store_reply_count(reply); i++) {
            push_reply(L, store_reply_at(reply, i), depth + 1);
            lua_rawseti(L, -2, (lua_Integer)i + 1);
        }
        break;
    default:
        text = store_reply_text(reply, &len);
        lua_pushlstring(L, text, len);
        break;
    }
}

/* registry[ask] = the answer. */
static int keep_answer(lua_State *L)
{
    struct ask *ask = lua_touserdata(L, 1);

    push_reply(L, ask->reply, 0);
    lua_rawsetp(L, LUA_REGISTRYINDEX, ask);
    return 0;
}

static void on_answer(void *arg, const struct store_reply *reply)
{
    struct ask *ask = arg;
    lua_State *L = ask->run->L;

    ask->call = NULL;
    ask->result = ASK_AWAY;
    if (reply != NULL) {
        ask->result =
            store_reply_type(reply) == STORE_ERROR ? ASK_ERROR : ASK_ANSWER;
        ask->reply = reply;
        /* It has no room of its own for a message if memory is short. */
        lua_pushcfunction(L, keep_answer);
        lua_pushlightuserdata(L, ask);
        if (lua_pcall(L, 1, 0, 0) != LUA_OK) {
            lua_pop(L, 1);
            ask->reply = NULL;
        }
    }
    vm_wake(ask->run);
}

static void on_cancel(void *arg)
{
    struct ask *ask = arg;

    store_cancel(ask->call);
    ask->call = NULL;
}

/* Stack: ..., ask. */
static int on_wake(lua_State *L, int status, lua_KContext ctx)
{
    struct ask *ask = lua_touserdata(L, (int)ctx);
    enum ask_result result = ask->result;

    (void)status;
    lua_settop(L, (int)ctx);
    if (result == ASK_AWAY) {
        lua_pushliteral(L, "the connection to Redis broke");
    } else if (ask->reply == NULL) {
        return luaL_error(L, "not enough memory for what Redis answered");
    } else {
        lua_rawgetp(L, LUA_REGISTRYINDEX, ask);
        lua_pushnil(L);
        lua_rawsetp(L, LUA_REGISTRYINDEX, ask);
    }
    lua_remove(L, (int)ctx);
    return ask->next(L, result, ask->ctx);
}

static const char *why_not(const struct store *store)
{
    switch (store_state(store)) {
    case STORE_OFF:
        return "there is no Redis";
    case STORE_AWAY:
        return "Redis is away";
    case STORE_READY:
        break;
    }
    return "too much waits for Redis already";
}

int ask_redis(lua_State *L, const struct ask_words *words, ask_next *next,
              lua_KContext ctx)
{
    struct store *store = lib_context_of(L)->store;
    struct ask *ask;

    luaL_checkstack(L, 8, NULL);
    ask = lua_newuserdata(L, sizeof(*ask));
    *ask = (struct ask){.run = vm_run_of(L), .next = next, .ctx = ctx};
    ask->call = store_ask(store, on_answer, ask, words->count, words->words,
                          words->lens);
    if (ask->call != NULL)
        return vm_wait(L, lua_gettop(L), on_wake, on_cancel, ask);
    lua_pop(L, 1);
    lua_pushstring(L, why_not(store));
    return next(L, ASK_AWAY, ctx);
}

/* Stack: ..., answer. */
static int tell_success(lua_State *L, enum ask_result result, lua_KContext ctx)
{
    (void)ctx;
    lua_pushboolean(L, result == ASK_ANSWER);
    if (result == ASK_ANSWER)
        return 1;
    lua_insert(L, -2);
    return 2;
}

bool ask_tell(lua_State *L, const struct ask_words *words)
{
    struct store *store = lib_context_of(L)->store;

    return store_state(store) != STORE_OFF &&
           store_tell(store, words->count, words->words, words->lens);
}

bool ask_is_away(lua_State *L)
{
    return store_state(lib_context_of(L)->store) == STORE_AWAY;
}

int ask_write(lua_State *L, const struct ask_words *words)
{
    if (ask_is_away(L) && ask_tell(L, words)) {
        lua_pushboolean(L, true);
        return 1;
    }
    return ask_redis(L, words, tell_success, 0);
}
