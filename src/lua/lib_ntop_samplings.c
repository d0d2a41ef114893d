/* lib_ntop_samplings: class ntop, what scripts note each minute, hour or day.
 * SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/model/engine.h"
#include "core/run/prefs.h"
#include "lua/access.h"
#include "lua/ask.h"
#include "lua/lib.h"
#include "lua/lib_cache.h"
#include "lua/vm.h"

/*
 * A sorted set of Redis for each interface and period. A member is the text
 * behind its time and a colon, so that equal texts of two times are two; the
 * score is the time, whole periods since the epoch. Each time has one text:
 * the newest. What is older than the preference for top talkers goes whenever
 * something is noted.
 */
#define DAY_S INT64_C(86400)
#define MICROSECOND 1000000
#define KEY_SIZE 64
#define NUMBER_TEXT 24
#define SLICE "200"
#define SLICE_COUNT 200

struct period {
    const char *name;
    int64_t seconds;
};

static const struct period minute = {"minute", 60};
static const struct period hour = {"hour", 3600};
static const struct period day = {"day", DAY_S};

/* A bound as Redis has it; "(" of it would be exclusive. */
struct bound {
    char text[NUMBER_TEXT + 2];
};

static const char *put_bound(struct bound *bound, const char *open, int64_t at)
{
    snprintf(bound->text, sizeof(bound->text), "%s%" PRId64, open, at);
    return bound->text;
}

static int64_t now_s(lua_State *L)
{
    return vm_run_clock_us(vm_run_of(L)) / MICROSECOND;
}

/* Put the key of the interface at index 1 in its place. @return false when the
 * user may not see it. */
static bool take_key(lua_State *L, const struct period *period)
{
    const struct lib_access *access = lib_access_of(L);
    const struct engine *engine = lib_context_of(L)->engine;
    lua_Integer ifid = lib_integer(L, 1);
    bool may_see = lib_is_admin(access);
    char key[KEY_SIZE];

    for (uint16_t id = 0;
         !may_see && engine != NULL && id < engine_ifaces(engine); id++) {
        const struct iface *iface = engine_iface(engine, id);

        may_see = iface->ifid == ifid && lib_sees_iface(access, iface);
    }
    snprintf(key, sizeof(key), "ntopng.samplings.ifid_%" PRId64 ".%s",
             (int64_t)ifid, period->name);
    lua_pushstring(L, key);
    lua_replace(L, 1);
    return may_see;
}

/* Remove the times from `first` to `last`, which are bounds. */
static void add_removal(lua_State *L, struct ask_words *words,
                        const char *first, const char *last)
{
    ask_add(words, "ZREMRANGEBYSCORE");
    ask_add_value(L, words, 1);
    ask_add(words, first);
    ask_add(words, last);
}

/* insert(ifid, text) */
static int insert(lua_State *L, const struct period *period)
{
    const struct prefs *prefs = lib_context_of(L)->prefs;
    struct ask_words old = {.count = 0};
    struct ask_words same = {.count = 0};
    struct ask_words new = {.count = 0};
    int64_t now = now_s(L) / period->seconds * period->seconds;
    struct bound at;
    struct bound limit;

    (void)lib_string(L, 2, NULL);
    if (!take_key(L, period) || !lib_is_admin(lib_access_of(L)))
        return lib_cache_refuse(L);
    lua_settop(L, 2);
    put_bound(&at, "", now);
    lua_pushfstring(L, "%s:", at.text);
    lua_insert(L, 2);
    lua_concat(L, 2);
    if (prefs != NULL) {
        put_bound(&limit, "(",
                  now - prefs_int(prefs, PREF_MINUTE_TOP_TALKERS_RETENTION) *
                            DAY_S);
        add_removal(L, &old, "-inf", limit.text);
        (void)ask_tell(L, &old);
    }
    add_removal(L, &same, at.text, at.text);
    (void)ask_tell(L, &same);
    ask_add(&new, "ZADD");
    ask_add_value(L, &new, 1);
    ask_add(&new, at.text);
    ask_add_value(L, &new, 2);
    return ask_write(L, &new);
}

/* The text of a member: what is behind its time. */
static const char *text_of(const char *member, size_t *len)
{
    const char *colon = memchr(member, ':', *len);

    if (colon == NULL)
        return member;
    *len -= (size_t)(colon + 1 - member);
    return colon + 1;
}

/* Stack while asking: key, result, end. */
enum { RESULT = 2, END };

static int on_texts(lua_State *L, enum ask_result result, lua_KContext ctx);

static int ask_texts(lua_State *L, const char *first)
{
    struct ask_words words = {.count = 0};

    ask_add(&words, "ZRANGEBYSCORE");
    ask_add_value(L, &words, 1);
    ask_add(&words, first);
    ask_add_value(L, &words, END);
    ask_add(&words, "LIMIT");
    ask_add(&words, "0");
    ask_add(&words, SLICE);
    return ask_redis(L, &words, on_texts, 0);
}

static int give_up(lua_State *L)
{
    lua_pushnil(L);
    lua_insert(L, -2);
    return 2;
}

static int on_texts(lua_State *L, enum ask_result result, lua_KContext ctx)
{
    struct bound next = {""};
    lua_Integer count;

    (void)ctx;
    if (result != ASK_ANSWER)
        return give_up(L);
    count = lua_istable(L, -1) ? (lua_Integer)lua_rawlen(L, -1) : 0;
    for (lua_Integer i = 1; i <= count; i++) {
        const char *member;
        const char *text;
        size_t len;

        lua_rawgeti(L, -1, i);
        member = lua_tolstring(L, -1, &len);
        put_bound(&next, "(", strtoll(member, NULL, 10));
        text = text_of(member, &len);
        lua_pushlstring(L, text, len);
        lua_pushliteral(L, "");
        lua_rawset(L, RESULT);
        lua_pop(L, 1);
    }
    lua_settop(L, END);
    if (count == SLICE_COUNT)
        return ask_texts(L, next.text);
    lua_pushvalue(L, RESULT);
    return 1;
}

/* {text = ""} of all times from `begin` to `end`. */
static int range(lua_State *L, const struct period *period, int64_t begin,
                 int64_t end)
{
    struct bound first;

    if (!take_key(L, period)) {
        lua_pushliteral(L, "not allowed");
        return give_up(L);
    }
    lua_settop(L, 1);
    lua_newtable(L);
    lua_pushinteger(L, end);
    return ask_texts(L, put_bound(&first, "", begin));
}

/* fromEpoch(ifid, end, count): those of so many periods up to the end's. */
static int from_epoch(lua_State *L, const struct period *period)
{
    int64_t end = lib_integer(L, 2) / period->seconds * period->seconds;
    int64_t count = lib_integer(L, 3);

    if (count < 0 || count > INT32_MAX)
        return lib_bad_call(L);
    return range(L, period, end - count * period->seconds, end);
}

/* deleteOlderThan(ifid, days) */
static int delete_older(lua_State *L, const struct period *period)
{
    struct ask_words words = {.count = 0};
    lua_Integer days = lib_integer(L, 2);
    struct bound limit;

    if (days < 0 || days > INT32_MAX)
        return lib_bad_call(L);
    if (!take_key(L, period) || !lib_is_admin(lib_access_of(L)))
        return lib_cache_refuse(L);
    put_bound(&limit, "(", now_s(L) - days * DAY_S);
    add_removal(L, &words, "-inf", limit.text);
    return ask_write(L, &words);
}

/* --- By their names --- */

static int ntop_insert_minute(lua_State *L)
{
    return insert(L, &minute);
}

static int ntop_insert_hour(lua_State *L)
{
    return insert(L, &hour);
}

static int ntop_insert_day(lua_State *L)
{
    return insert(L, &day);
}

static int ntop_minutes_from(lua_State *L)
{
    return from_epoch(L, &minute);
}

static int ntop_hours_from(lua_State *L)
{
    return from_epoch(L, &hour);
}

static int ntop_days_from(lua_State *L)
{
    return from_epoch(L, &day);
}

static int ntop_delete_minutes(lua_State *L)
{
    return delete_older(L, &minute);
}

static int ntop_delete_hours(lua_State *L)
{
    return delete_older(L, &hour);
}

static int ntop_delete_days(lua_State *L)
{
    return delete_older(L, &day);
}

/* getMinuteSamplingsInterval(ifid, begin, end) */
static int ntop_minutes_between(lua_State *L)
{
    lua_Integer begin = lib_integer(L, 2);

    return range(L, &minute, begin, lib_integer(L, 3));
}

/* Stack: ..., members. */
static int on_text(lua_State *L, enum ask_result result, lua_KContext ctx)
{
    const char *member;
    const char *text;
    size_t len;

    (void)ctx;
    if (result != ASK_ANSWER) {
        lua_pushliteral(L, "");
        lua_insert(L, -2);
        return 2;
    }
    if (!lua_istable(L, -1) || lua_rawgeti(L, -1, 1) != LUA_TSTRING) {
        lua_pushliteral(L, "");
        return 1;
    }
    member = lua_tolstring(L, -1, &len);
    text = text_of(member, &len);
    lua_pushlstring(L, text, len);
    return 1;
}

/* getMinuteSampling(ifid, epoch): "" when nothing was noted then. */
static int ntop_get_minute(lua_State *L)
{
    int64_t at = lib_integer(L, 2) / minute.seconds * minute.seconds;
    struct ask_words words = {.count = 0};
    struct bound bound;

    put_bound(&bound, "", at);
    if (!take_key(L, &minute)) {
        lua_pushliteral(L, "");
        lua_pushliteral(L, "not allowed");
        return 2;
    }
    ask_add(&words, "ZRANGEBYSCORE");
    ask_add_value(L, &words, 1);
    ask_add(&words, bound.text);
    ask_add(&words, bound.text);
    return ask_redis(L, &words, on_text, 0);
}

void lib_ntop_samplings_open(lua_State *L)
{
    static const char noted[] = "ifid: number, text: string";
    static const char until[] = "ifid: number, end: number, count: number";
    static const char older[] = "ifid: number, days: number";
    static const struct lib_function functions[] = {
        {"deleteDayStatsOlderThan", older, ntop_delete_days},
        {"deleteHourStatsOlderThan", older, ntop_delete_hours},
        {"deleteMinuteStatsOlderThan", older, ntop_delete_minutes},
        {"getDaySamplingsFromEpoch", until, ntop_days_from},
        {"getHourSamplingsFromEpoch", until, ntop_hours_from},
        {"getMinuteSampling", "ifid: number, epoch: number", ntop_get_minute},
        {"getMinuteSamplingsFromEpoch", until, ntop_minutes_from},
        {"getMinuteSamplingsInterval",
         "ifid: number, begin: number, end: number", ntop_minutes_between},
        {"insertDaySampling", noted, ntop_insert_day},
        {"insertHourSampling", noted, ntop_insert_hour},
        {"insertMinuteSampling", noted, ntop_insert_minute},
        {NULL, NULL, NULL},
    };

    lib_register(L, "ntop", functions);
}
