/* lib_ntop_cache: class ntop, single values of Redis.
 * SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

#include "core/run/prefs.h"
#include "lua/access.h"
#include "lua/ask.h"
#include "lua/lib.h"
#include "lua/lib_cache.h"

/*
 * What scripts get when it does not work: "" and a message where they expect
 * a string, nil and a message where they expect a table or nil, false and a
 * message for what they call for its effect. Preferences (those that
 * prefs_table.c knows) always have a value, with Redis or without.
 */
#define NUMBER_TEXT 24
#define ERROR_MAX 1024

/* --- Who may --- */

static bool check_key(lua_State *L, bool (*may)(const struct lib_access *access,
                                                const char *key))
{
    size_t len;
    const char *key = lib_string(L, 1, &len);

    /* With a NUL in it the check would look at another key than Redis. */
    return lib_is_admin(lib_access_of(L)) ||
           (strlen(key) == len && may(lib_access_of(L), key));
}

bool lib_cache_may_read(lua_State *L)
{
    return check_key(L, lib_may_read_key);
}

bool lib_cache_may_change(lua_State *L)
{
    return check_key(L, lib_may_change_key);
}

int lib_cache_refuse(lua_State *L)
{
    lua_pushboolean(L, false);
    lua_pushliteral(L, "not allowed");
    return 2;
}

/* --- Reading --- */

/* The preference with the key at index 1, or NULL. */
static const char *preference(lua_State *L)
{
    const struct prefs *prefs = lib_context_of(L)->prefs;

    return prefs != NULL ? prefs_get_text(prefs, lua_tostring(L, 1)) : NULL;
}

/* Stack: key, ..., answer. */
static int to_text(lua_State *L, enum ask_result result, lua_KContext ctx)
{
    (void)ctx;
    if (result == ASK_ANSWER) {
        if (lua_isnil(L, -1))
            lua_pushliteral(L, "");
        else
            lua_tostring(L, -1);
        return 1;
    }
    lua_pushliteral(L, "");
    lua_insert(L, -2);
    return 2;
}

static int to_preference(lua_State *L, enum ask_result result, lua_KContext ctx)
{
    const char *mirrored = preference(L);

    if (mirrored == NULL || (result == ASK_ANSWER && !lua_isnil(L, -1)))
        return to_text(L, result, ctx);
    lua_pushstring(L, mirrored);
    return 1;
}

/* Stack: ..., answer. */
static int to_value(lua_State *L, enum ask_result result, lua_KContext ctx)
{
    (void)ctx;
    if (result == ASK_ANSWER)
        return 1;
    lua_pushnil(L);
    lua_insert(L, -2);
    return 2;
}

/* Ask `command key [field or position]`. */
static int read_one(lua_State *L, const char *command, int count,
                    ask_next *next)
{
    struct ask_words words = {.count = 0};

    ask_add(&words, command);
    for (int i = 1; i <= count; i++)
        ask_add_value(L, &words, i);
    if (lib_cache_may_read(L))
        return ask_redis(L, &words, next, 0);
    lua_pushliteral(L, "not allowed");
    return next(L, ASK_ERROR, 0);
}

static int ntop_get_cache(lua_State *L)
{
    if (!lib_cache_may_read(L)) {
        lua_pushliteral(L, "");
        lua_pushliteral(L, "not allowed");
        return 2;
    }
    return read_one(L, "GET", 1, to_preference);
}

/* The same by another name, which errors tell. */
static int ntop_get_pref(lua_State *L)
{
    return ntop_get_cache(L);
}

static int ntop_get_hash_cache(lua_State *L)
{
    return read_one(L, "HGET", 2, to_text);
}

static int ntop_list_index_cache(lua_State *L)
{
    (void)lib_integer(L, 2);
    return read_one(L, "LINDEX", 2, to_value);
}

/* --- Changing --- */

/* Do `command` with the first `count` arguments. */
static int write_args(lua_State *L, const char *command, int count)
{
    struct ask_words words = {.count = 0};

    ask_add(&words, command);
    for (int i = 1; i <= count; i++)
        ask_add_value(L, &words, i);
    return lib_cache_may_change(L) ? ask_write(L, &words) : lib_cache_refuse(L);
}

/* Whether key and value, at indices 1 and 2, are a preference's. */
static bool is_preference(lua_State *L)
{
    size_t len;
    const char *key = lib_string(L, 1, &len);

    return preference(L) != NULL && strlen(key) == len;
}

/* Set (or, without value, reset) a preference. */
static int change_preference(lua_State *L, const char *value, size_t len)
{
    struct prefs *prefs = lib_context_of(L)->prefs;
    const char *key = lua_tostring(L, 1);
    struct strbuf error;
    char why[ERROR_MAX];
    bool is_done = false;

    if (!lib_cache_may_change(L))
        return lib_cache_refuse(L);
    strbuf_init(&error, sizeof(why));
    if (value == NULL)
        is_done = prefs_reset(prefs, key, &error);
    else if (strlen(value) == len)
        is_done = prefs_set(prefs, key, value, &error);
    else
        strbuf_printf(&error, "%s: a NUL in the value", key);
    snprintf(why, sizeof(why), "%s", is_done ? "" : error.text);
    strbuf_free(&error);
    lua_pushboolean(L, is_done);
    if (is_done)
        return 1;
    lua_pushstring(L, why);
    return 2;
}

static int ntop_set_pref(lua_State *L)
{
    size_t len;
    const char *value = lib_string(L, 2, &len);

    return is_preference(L) ? change_preference(L, value, len)
                            : write_args(L, "SET", 2);
}

/* setCache(key, value, ttl = 0): a preference does not go away by itself. */
static int ntop_set_cache(lua_State *L)
{
    lua_Integer ttl = lib_integer_or(L, 3, 0);
    struct ask_words words = {.count = 0};
    char seconds[NUMBER_TEXT];

    if (ttl <= 0 || is_preference(L))
        return ntop_set_pref(L);
    ask_add(&words, "SET");
    ask_add_value(L, &words, 1);
    ask_add_value(L, &words, 2);
    ask_add(&words, "EX");
    snprintf(seconds, sizeof(seconds), "%" PRId64, (int64_t)ttl);
    ask_add(&words, seconds);
    return lib_cache_may_change(L) ? ask_write(L, &words) : lib_cache_refuse(L);
}

static int ntop_del_cache(lua_State *L)
{
    return is_preference(L) ? change_preference(L, NULL, 0)
                            : write_args(L, "DEL", 1);
}

static int ntop_set_hash_cache(lua_State *L)
{
    return write_args(L, "HSET", 3);
}

static int ntop_del_hash_cache(lua_State *L)
{
    return write_args(L, "HDEL", 2);
}

static int ntop_set_members_cache(lua_State *L)
{
    return write_args(L, "SADD", 2);
}

static int ntop_del_members_cache(lua_State *L)
{
    return write_args(L, "SREM", 2);
}

/* --- Taking out --- */

static int take_out(lua_State *L, const char *command, ask_next *next)
{
    (void)lib_string(L, 1, NULL);
    if (lib_cache_may_change(L))
        return read_one(L, command, 1, next);
    lua_pushliteral(L, "not allowed");
    return next(L, ASK_ERROR, 0);
}

static int ntop_set_pop_cache(lua_State *L)
{
    return take_out(L, "SPOP", to_text);
}

static int ntop_lpop_cache(lua_State *L)
{
    return take_out(L, "LPOP", to_value);
}

/* lpushCache(list, value, keep): the newest `keep` elements stay. */
static int trim(lua_State *L, enum ask_result result, lua_KContext ctx)
{
    struct ask_words words = {.count = 0};
    char last[NUMBER_TEXT];

    if (result != ASK_ANSWER) {
        lua_pushboolean(L, false);
        lua_insert(L, -2);
        return 2;
    }
    snprintf(last, sizeof(last), "%" PRId64, (int64_t)ctx - 1);
    ask_add(&words, "LTRIM");
    ask_add_value(L, &words, 1);
    ask_add(&words, "0");
    ask_add(&words, last);
    lua_pushboolean(L, ctx <= 0 || ask_tell(L, &words));
    return 1;
}

static int ntop_lpush_cache(lua_State *L)
{
    lua_Integer keep = lib_integer_or(L, 3, 0);
    struct ask_words words = {.count = 0};

    ask_add(&words, "LPUSH");
    ask_add_value(L, &words, 1);
    ask_add_value(L, &words, 2);
    if (!lib_cache_may_change(L))
        return lib_cache_refuse(L);
    if (ask_is_away(L) && ask_tell(L, &words)) {
        lua_pushnil(L);
        return trim(L, ASK_ANSWER, (lua_KContext)keep);
    }
    return ask_redis(L, &words, trim, (lua_KContext)keep);
}

void lib_ntop_cache_open(lua_State *L)
{
    static const struct lib_function functions[] = {
        {"delCache", "key: string", ntop_del_cache},
        {"delHashCache", "key: string, field: string", ntop_del_hash_cache},
        {"delMembersCache", "set: string, member: string",
         ntop_del_members_cache},
        {"getCache", "key: string", ntop_get_cache},
        {"getHashCache", "key: string, field: string", ntop_get_hash_cache},
        {"getPref", "key: string", ntop_get_pref},
        {"listIndexCache", "list: string, index: number",
         ntop_list_index_cache},
        {"lpopCache", "list: string", ntop_lpop_cache},
        {"lpushCache", "list: string, value: string, [keep: number]",
         ntop_lpush_cache},
        {"setCache", "key: string, value: string, [seconds: number]",
         ntop_set_cache},
        {"setHashCache", "key: string, field: string, value: string",
         ntop_set_hash_cache},
        {"setMembersCache", "set: string, member: string",
         ntop_set_members_cache},
        {"setPopCache", "set: string", ntop_set_pop_cache},
        {"setPref", "key: string, value: string", ntop_set_pref},
        {NULL, NULL, NULL},
    };

    lib_register(L, "ntop", functions);
}
