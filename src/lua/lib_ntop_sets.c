/* lib_ntop_sets: class ntop, many values of Redis at once.
 * SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

#include "lua/access.h"
#include "lua/ask.h"
#include "lua/lib.h"
#include "lua/lib_cache.h"

/*
 * Redis is asked for a slice at a time, so that neither it nor kelvin works
 * on millions of keys in one go. What is changed meanwhile may be missed; what
 * stays is found, once.
 */
#define SLICE "500"
#define SLICE_ITEMS 500
#define NUMBER_TEXT 24

/* Of the stack while asking: the argument, the result, what was seen. */
enum { ARG = 1, RESULT, SEEN };

struct scan {
    const char *command;
    bool is_of_keys; /* the argument is a pattern, else a key */
    int step;        /* items that belong together */
    /* Put items `at`... of the table on top into the result. */
    void (*take)(lua_State *L, lua_Integer at);
    bool gives_empty; /* a table without anything, else nil */
};

/* Stack: ..., items. */
static void take_key(lua_State *L, lua_Integer at)
{
    lua_rawgeti(L, -1, at);
    if (lib_may_read_key(lib_access_of(L), lua_tostring(L, -1))) {
        lua_pushliteral(L, "");
        lua_rawset(L, RESULT);
    } else {
        lua_pop(L, 1);
    }
}

static void take_field(lua_State *L, lua_Integer at)
{
    lua_rawgeti(L, -1, at);
    lua_pushliteral(L, "");
    lua_rawset(L, RESULT);
}

static void take_pair(lua_State *L, lua_Integer at)
{
    lua_rawgeti(L, -1, at);
    lua_rawgeti(L, -2, at + 1);
    lua_rawset(L, RESULT);
}

static void take_member(lua_State *L, lua_Integer at)
{
    lua_rawgeti(L, -1, at);
    lua_pushvalue(L, -1);
    if (lua_rawget(L, SEEN) == LUA_TNIL) {
        lua_pushvalue(L, -2);
        lua_rawseti(L, RESULT, (lua_Integer)lua_rawlen(L, RESULT) + 1);
        lua_pushvalue(L, -2);
        lua_pushboolean(L, true);
        lua_rawset(L, SEEN);
    }
    lua_pop(L, 2);
}

static const struct scan scan_keys = {"SCAN", true, 1, take_key, false};
static const struct scan scan_fields = {"HSCAN", false, 2, take_field, false};
static const struct scan scan_pairs = {"HSCAN", false, 2, take_pair, false};
static const struct scan scan_members = {"SSCAN", false, 1, take_member, true};

static int on_slice(lua_State *L, enum ask_result result, lua_KContext ctx);

static int ask_slice(lua_State *L, const struct scan *scan, const char *cursor)
{
    struct ask_words words = {.count = 0};

    ask_add(&words, scan->command);
    if (!scan->is_of_keys)
        ask_add_value(L, &words, ARG);
    ask_add(&words, cursor);
    if (scan->is_of_keys) {
        ask_add(&words, "MATCH");
        ask_add_value(L, &words, ARG);
    }
    ask_add(&words, "COUNT");
    ask_add(&words, SLICE);
    return ask_redis(L, &words, on_slice, (lua_KContext)scan);
}

static int give(lua_State *L, bool gives_empty)
{
    lua_settop(L, RESULT);
    lua_pushnil(L);
    if (!gives_empty && lua_next(L, RESULT) == 0)
        lua_pushnil(L);
    else
        lua_pushvalue(L, RESULT);
    return 1;
}

static int give_up(lua_State *L)
{
    lua_pushnil(L);
    lua_insert(L, -2);
    return 2;
}

/* Stack: argument, result, seen, {cursor, {items}}. */
static int on_slice(lua_State *L, enum ask_result result, lua_KContext ctx)
{
    const struct scan *scan = (const struct scan *)ctx;
    char cursor[NUMBER_TEXT];
    lua_Integer count;

    if (result != ASK_ANSWER)
        return give_up(L);
    if (!lua_istable(L, -1) || lua_rawgeti(L, -1, 1) != LUA_TSTRING ||
        lua_rawgeti(L, -2, 2) != LUA_TTABLE)
        return luaL_error(L, "Redis answered %s with something else",
                          scan->command);
    snprintf(cursor, sizeof(cursor), "%s", lua_tostring(L, -2));
    count = (lua_Integer)lua_rawlen(L, -1);
    for (lua_Integer at = 1; at + scan->step - 1 <= count; at += scan->step)
        scan->take(L, at);
    lua_settop(L, SEEN);
    return strcmp(cursor, "0") == 0 ? give(L, scan->gives_empty)
                                    : ask_slice(L, scan, cursor);
}

static int start_scan(lua_State *L, const struct scan *scan)
{
    (void)lib_string(L, ARG, NULL);
    if (!scan->is_of_keys && !lib_cache_may_read(L)) {
        lua_pushliteral(L, "not allowed");
        return give_up(L);
    }
    lua_settop(L, ARG);
    lua_newtable(L);
    lua_newtable(L);
    return ask_slice(L, scan, "0");
}

static int ntop_get_keys_cache(lua_State *L)
{
    return start_scan(L, &scan_keys);
}

static int ntop_get_hash_keys_cache(lua_State *L)
{
    return start_scan(L, &scan_fields);
}

static int ntop_get_hash_all_cache(lua_State *L)
{
    return start_scan(L, &scan_pairs);
}

static int ntop_get_members_cache(lua_State *L)
{
    return start_scan(L, &scan_members);
}

/* lrangeCache(list, first = 0, last = -1): a table whose keys are the
 * elements, as scripts have it. Its state follows argument and result. */
enum { FIRST = SEEN, LAST };

static int on_range(lua_State *L, enum ask_result result, lua_KContext ctx);

/* The next elements, or all is there. */
static int ask_range(lua_State *L)
{
    lua_Integer first = lua_tointeger(L, FIRST);
    lua_Integer last = lua_tointeger(L, LAST);
    struct ask_words words = {.count = 0};
    char from[NUMBER_TEXT];
    char to[NUMBER_TEXT];

    if (first > last)
        return give(L, false);
    if (last - first >= SLICE_ITEMS)
        last = first + SLICE_ITEMS - 1;
    snprintf(from, sizeof(from), "%" PRId64, (int64_t)first);
    snprintf(to, sizeof(to), "%" PRId64, (int64_t)last);
    ask_add(&words, "LRANGE");
    ask_add_value(L, &words, ARG);
    ask_add(&words, from);
    ask_add(&words, to);
    lua_pushinteger(L, last + 1);
    lua_replace(L, FIRST);
    return ask_redis(L, &words, on_range, 0);
}

static int on_range(lua_State *L, enum ask_result result, lua_KContext ctx)
{
    lua_Integer count;

    (void)ctx;
    if (result != ASK_ANSWER)
        return give_up(L);
    count = lua_istable(L, -1) ? (lua_Integer)lua_rawlen(L, -1) : 0;
    for (lua_Integer at = 1; at <= count; at++)
        take_field(L, at);
    lua_settop(L, LAST);
    return ask_range(L);
}

/* Stack: list, result, first, last, length. */
static int on_length(lua_State *L, enum ask_result result, lua_KContext ctx)
{
    lua_Integer length;

    (void)ctx;
    if (result != ASK_ANSWER)
        return give_up(L);
    length = lua_tointeger(L, -1);
    lua_settop(L, LAST);
    for (int bound = FIRST; bound <= LAST; bound++) {
        lua_Integer at = lua_tointeger(L, bound);

        if (at < 0) /* counted from the end */
            at = at < -length ? (bound == FIRST ? 0 : -1) : at + length;
        lua_pushinteger(L, at < length ? at : length - (bound == LAST));
        lua_replace(L, bound);
    }
    return ask_range(L);
}

static int ntop_lrange_cache(lua_State *L)
{
    lua_Integer first = lib_integer_or(L, 2, 0);
    lua_Integer last = lib_integer_or(L, 3, -1);
    struct ask_words words = {.count = 0};

    (void)lib_string(L, ARG, NULL);
    if (!lib_cache_may_read(L)) {
        lua_pushliteral(L, "not allowed");
        return give_up(L);
    }
    lua_settop(L, ARG);
    lua_newtable(L);
    lua_pushinteger(L, first);
    lua_pushinteger(L, last);
    ask_add(&words, "LLEN");
    ask_add_value(L, &words, ARG);
    return ask_redis(L, &words, on_length, 0);
}

void lib_ntop_sets_open(lua_State *L)
{
    static const struct lib_function functions[] = {
        {"getHashAllCache", "key: string", ntop_get_hash_all_cache},
        {"getHashKeysCache", "key: string", ntop_get_hash_keys_cache},
        {"getKeysCache", "pattern: string", ntop_get_keys_cache},
        {"getMembersCache", "set: string", ntop_get_members_cache},
        {"lrangeCache", "list: string, [first: number, last: number]",
         ntop_lrange_cache},
        {NULL, NULL, NULL},
    };

    lib_register(L, "ntop", functions);
}
