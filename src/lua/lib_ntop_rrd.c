/* lib_ntop_rrd: class ntop, values over time. SPDX-License-Identifier: MIT */
#include "lua/lib_ntop_rrd.h"

#include <ctype.h>
#include <inttypes.h>
#include <lua5.3/lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lua/lib.h"
#include "lua/vm.h"

/*
 * Files are named by a path in the data directory, or below it without one.
 * Functions with an answer wait for it; rrd_record() goes on, and waits only
 * while far too much has been recorded.
 */
#define COMMAND_MAX 4000
#define WORD_MAX 256
#define MICROSECOND 1000000
#define QUESTION_TYPE "kelvin.rrd" /* userdata: a struct rrd_question */

int64_t rrd_now_s(lua_State *L)
{
    return vm_run_clock_us(vm_run_of(L)) / MICROSECOND;
}

/* --- A question and its end --- */

static int question_gc(lua_State *L)
{
    struct rrd_question *question = lua_touserdata(L, 1);

    series_lane_cancel(question->call);
    free(question->bytes);
    question->call = NULL;
    question->bytes = NULL;
    return 0;
}

void *rrd_new(lua_State *L, size_t size)
{
    struct rrd_question *question = slices_new(L, size, 0);

    question->run = vm_run_of(L);
    if (luaL_newmetatable(L, QUESTION_TYPE)) {
        lua_pushcfunction(L, question_gc);
        lua_setfield(L, -2, "__gc");
    }
    lua_setmetatable(L, 1);
    return question;
}

static void on_done(void *arg, uint64_t tag, const struct series_reply *reply)
{
    struct rrd_question *question = arg;

    (void)tag;
    question->call = NULL;
    if (reply->status < 0)
        snprintf(question->problem, sizeof(question->problem), "%s",
                 reply->text);
    vm_wake(question->run);
}

static void on_cancel(void *arg)
{
    struct rrd_question *question = arg;

    series_lane_cancel(question->call);
    question->call = NULL;
}

int rrd_ask(lua_State *L, struct rrd_question *question, struct strbuf *command,
            void (*line)(void *arg, const char *line), lua_KFunction next)
{
    struct series *series = lib_context_of(L)->series;
    bool is_bad = command->len == 0 || command->truncated;

    if (!is_bad)
        question->call = series_ask(series, command, line, on_done, question);
    strbuf_free(command);
    if (question->call != NULL)
        return vm_wait(L, 0, next, on_cancel, question);
    if (is_bad && series_state(series) != SERIES_OFF)
        return luaL_error(L, "not a file of time series");
    switch (series_state(series)) {
    case SERIES_OFF:
        return luaL_error(L, "there are no time series");
    case SERIES_AWAY:
        return luaL_error(L, "%s is away", series_name(series));
    case SERIES_READY:
        break;
    }
    return luaL_error(L, "too much is asked of %s", series_name(series));
}

void rrd_begin(lua_State *L, struct strbuf *command, const char *verb,
               const char *file)
{
    const struct series *series = lib_context_of(L)->series;

    strbuf_init(command, COMMAND_MAX);
    strbuf_puts(command, verb);
    if (series == NULL || !series_put_path(series, file, command))
        strbuf_reset(command);
}

void rrd_raise(lua_State *L, const struct rrd_question *question)
{
    if (question->problem[0] != '\0')
        luaL_error(L, "%s", question->problem);
}

bool rrd_is_made_of(const char *text, const char *others)
{
    if (*text == '\0' || strlen(text) > WORD_MAX)
        return false;
    for (; *text != '\0'; text++)
        if (!isalnum((unsigned char)*text) && strchr(others, *text) == NULL)
            return false;
    return true;
}

/* --- rrd_create, rrd_update --- */

static int on_written(lua_State *L, int status, lua_KContext ctx)
{
    (void)status;
    (void)ctx;
    rrd_raise(L, lua_touserdata(L, 1));
    return 0;
}

/* rrd_create(file, step, "DS:...", "RRA:...", ...) */
static int ntop_rrd_create(lua_State *L)
{
    struct series *series = lib_context_of(L)->series;
    const char *file = lib_string(L, 1, NULL);
    lua_Integer step = lib_integer(L, 2);
    int words = lua_gettop(L);
    struct strbuf command;

    for (int i = 3; i <= words; i++)
        if (!rrd_is_made_of(lib_string(L, i, NULL), ":._-+"))
            return lib_bad_call(L);
    rrd_begin(L, &command, "CREATE ", file);
    if (command.len > 0) {
        strbuf_printf(&command, " -O -s %lld -b %" PRId64, (long long)step,
                      rrd_now_s(L) - RRD_DAY_S);
        for (int i = 3; i <= words; i++)
            strbuf_printf(&command, " %s", lua_tostring(L, i));
        series_forget(series, file);
        (void)series_make_room(series, file); /* else CREATE tells why */
    }
    return rrd_ask(L, rrd_new(L, sizeof(struct rrd_question)), &command, NULL,
                   on_written);
}

/* rrd_update(file, "N:1:2", ...): N is the time of the run. */
static int ntop_rrd_update(lua_State *L)
{
    const char *file = lib_string(L, 1, NULL);
    int words = lua_gettop(L);
    struct strbuf command;

    if (words < 2)
        return lib_bad_call(L);
    for (int i = 2; i <= words; i++)
        if (!rrd_is_made_of(lib_string(L, i, NULL), ":.-+"))
            return lib_bad_call(L);
    rrd_begin(L, &command, "UPDATE ", file);
    for (int i = 2; i <= words && command.len > 0; i++) {
        const char *values = lua_tostring(L, i);

        if (strncmp(values, "N:", 2) == 0)
            strbuf_printf(&command, " %" PRId64 "%s", rrd_now_s(L), values + 1);
        else
            strbuf_printf(&command, " %s", values);
    }
    return rrd_ask(L, rrd_new(L, sizeof(struct rrd_question)), &command, NULL,
                   on_written);
}

/* --- rrd_lastupdate --- */

struct info {
    struct rrd_question question;
    int64_t last_s;
    unsigned sources;
};

static void on_info(void *arg, const char *line)
{
    struct info *info = arg;
    size_t len = strcspn(line, " ");

    if (strncmp(line, "last_update ", 12) == 0)
        (void)sscanf(line, "last_update %*d %" SCNd64, &info->last_s);
    else if (len > 7 && strncmp(line, "ds[", 3) == 0 &&
             strncmp(line + len - 7, "].index", 7) == 0)
        info->sources++;
}

static int on_last(lua_State *L, int status, lua_KContext ctx)
{
    const struct info *info = lua_touserdata(L, 1);

    (void)status;
    (void)ctx;
    rrd_raise(L, &info->question);
    lua_pushinteger(L, info->last_s);
    lua_pushinteger(L, info->sources);
    return 2;
}

/* rrd_lastupdate(file): what waits is written first. */
static int ntop_rrd_lastupdate(lua_State *L)
{
    const char *file = lib_string(L, 1, NULL);
    struct strbuf command;

    rrd_begin(L, &command, "FLUSH ", file);
    if (command.len > 0)
        series_ask(lib_context_of(L)->series, &command, NULL, NULL, NULL);
    strbuf_free(&command);
    rrd_begin(L, &command, "INFO ", file);
    return rrd_ask(L, rrd_new(L, sizeof(struct info)), &command, on_info,
                   on_last);
}

/* --- rrd_record --- */

/* A userdata on the stack of the function that waits. */
struct pause {
    struct series_waiter waiter;
    struct series *series;
    struct vm_run *run;
};

static void on_room(void *arg)
{
    struct pause *pause = arg;

    vm_wake(pause->run);
}

static void stop_waiting(void *arg)
{
    struct pause *pause = arg;

    series_unwait(pause->series, &pause->waiter);
}

/* Stack: result, pause. */
static int on_woken(lua_State *L, int status, lua_KContext ctx)
{
    (void)status;
    lua_settop(L, (int)ctx);
    lua_pushvalue(L, (int)ctx - 1);
    return 1;
}

/* rrd_record(file, definition, time, since, value, ...): struct series_point.
 * @return whether it was taken. */
static int ntop_rrd_record(lua_State *L)
{
    struct series *series = lib_context_of(L)->series;
    struct series_point point = {
        .file = lib_string(L, 1, NULL),
        .definition = lib_string(L, 2, NULL),
        .time_s = lib_integer(L, 3),
        .since_s = lib_integer(L, 4),
    };
    struct pause *pause;

    for (int i = 5; i <= lua_gettop(L) && point.count < SERIES_VALUES; i++)
        point.values[point.count++] = lib_integer(L, i);
    for (const char *at = point.definition; *at != '\0'; at++)
        if ((unsigned char)*at < ' ')
            return lib_bad_call(L);
    if (point.count == 0)
        return lib_bad_call(L);
    lua_pushboolean(L, series_record(series, &point));
    if (!series_must_wait(series) || !lua_isyieldable(L))
        return 1;
    pause = lua_newuserdata(L, sizeof(*pause));
    *pause = (struct pause){{on_room, pause, NULL, NULL}, series, vm_run_of(L)};
    series_wait(series, &pause->waiter);
    return vm_wait(L, lua_gettop(L), on_woken, stop_waiting, pause);
}

/* rrd_turn(name, time): series_turn() */
static int ntop_rrd_turn(lua_State *L)
{
    lua_pushinteger(L, series_turn(lib_context_of(L)->series,
                                   lib_string(L, 1, NULL), lib_integer(L, 2)));
    return 1;
}

/* rrd_state(): "off", "away" or "ready" */
static int ntop_rrd_state(lua_State *L)
{
    static const char *const states[] = {
        [SERIES_OFF] = "off", [SERIES_AWAY] = "away", [SERIES_READY] = "ready"};

    lua_pushstring(L, states[series_state(lib_context_of(L)->series)]);
    return 1;
}

void lib_ntop_rrd_open(lua_State *L)
{
    static const struct lib_function functions[] = {
        {"rrd_create", "file: string, step: number, definition: string, ...",
         ntop_rrd_create},
        {"rrd_fetch", "file: string, cf: string, start, end, [rows: number]",
         rrd_fetch_rows},
        {"rrd_fetch_columns",
         "file: string, cf: string, start, end, [rows: number]",
         rrd_fetch_columns},
        {"rrd_lastupdate", "file: string", ntop_rrd_lastupdate},
        {"rrd_record",
         "file: string, definition: string, time: number, since: number, "
         "value: number, ...",
         ntop_rrd_record},
        {"rrd_state", "", ntop_rrd_state},
        {"rrd_turn", "name: string, time: number", ntop_rrd_turn},
        {"rrd_update", "file: string, values: string, ...", ntop_rrd_update},
        {NULL, NULL, NULL},
    };

    lib_register(L, "ntop", functions);
}
