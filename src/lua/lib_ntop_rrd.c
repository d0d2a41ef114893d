/* lib_ntop_rrd: class ntop, values over time. SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <inttypes.h>
#include <lauxlib.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/run/series.h"
#include "core/util/mem.h"
#include "lua/lib.h"
#include "lua/slices.h"
#include "lua/vm.h"

/*
 * Files are named by a path in the data directory, or below it without one.
 * Functions with an answer wait for it; rrd_record() goes on, and waits only
 * while far too much has been recorded.
 */
#define COMMAND_MAX 4000
#define WORD_MAX 256
#define VALUES_MAX 2000000 /* numbers that one answer may have */
#define SLICE_VALUES 8192  /* put into tables in one slice */
#define COLUMNS_MAX 64
#define NAME_SIZE 32
#define MICROSECOND 1000000
#define DAY_S 86400
#define QUESTION_TYPE "kelvin.rrd" /* userdata: a struct question */

/*
 * One command and its answer. `lines` fill what belongs to the command; all
 * but the values is in Lua's memory.
 */
struct question {
    struct slices slices;
    struct series_call *call;
    struct vm_run *run;
    char problem[WORD_MAX]; /* "": it was answered well */

    /* INFO: the last one and how many data sources there are. */
    int64_t last_s;
    unsigned sources;

    /* FETCH. */
    int64_t start_s;
    int64_t end_s;
    int64_t step_s;
    int64_t until_s; /* as it was asked for */
    unsigned columns;
    char names[COLUMNS_MAX][NAME_SIZE];
    double totals[COLUMNS_MAX];
    double *values; /* row by row */
    size_t count;
    size_t size;
    size_t points; /* rows that are wanted at most; 0: all */
    bool by_column;
    size_t row; /* the next to put into a table */
};

static int64_t now_s(lua_State *L)
{
    return vm_run_clock_us(vm_run_of(L)) / MICROSECOND;
}

/* --- A question and its end --- */

static int question_gc(lua_State *L)
{
    struct question *question = lua_touserdata(L, 1);

    series_lane_cancel(question->call);
    free(question->values);
    question->call = NULL;
    question->values = NULL;
    return 0;
}

/* The state of slices.h at index 1, in place of all else. */
static struct question *new_question(lua_State *L)
{
    struct question *question = slices_new(L, sizeof(*question), 0);

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
    struct question *question = arg;

    (void)tag;
    question->call = NULL;
    if (reply->status < 0)
        snprintf(question->problem, sizeof(question->problem), "%s",
                 reply->text);
    vm_wake(question->run);
}

static void on_cancel(void *arg)
{
    struct question *question = arg;

    series_lane_cancel(question->call);
    question->call = NULL;
}

/* Send it and wait. The command is given back; its path was good or it is
 * empty. */
static int ask(lua_State *L, struct question *question, struct strbuf *command,
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

/* Begin a command about a file; empty when it is none of ours. */
static void begin(lua_State *L, struct strbuf *command, const char *verb,
                  const char *file)
{
    const struct series *series = lib_context_of(L)->series;

    strbuf_init(command, COMMAND_MAX);
    strbuf_puts(command, verb);
    if (series == NULL || !series_put_path(series, file, command))
        strbuf_reset(command);
}

static void raise_problem(lua_State *L, const struct question *question)
{
    if (question->problem[0] != '\0')
        luaL_error(L, "%s", question->problem);
}

/* --- rrd_create, rrd_update --- */

static int on_written(lua_State *L, int status, lua_KContext ctx)
{
    (void)status;
    (void)ctx;
    raise_problem(L, lua_touserdata(L, 1));
    return 0;
}

/* Whether the text is of these characters only; no blanks, which would make
 * two words of it. */
static bool is_made_of(const char *text, const char *others)
{
    if (*text == '\0' || strlen(text) > WORD_MAX)
        return false;
    for (; *text != '\0'; text++)
        if (!isalnum((unsigned char)*text) && strchr(others, *text) == NULL)
            return false;
    return true;
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
        if (!is_made_of(lib_string(L, i, NULL), ":._-+"))
            return lib_bad_call(L);
    begin(L, &command, "CREATE ", file);
    if (command.len > 0) {
        strbuf_printf(&command, " -O -s %lld -b %" PRId64, (long long)step,
                      now_s(L) - DAY_S);
        for (int i = 3; i <= words; i++)
            strbuf_printf(&command, " %s", lua_tostring(L, i));
        series_forget(series, file);
        (void)series_make_room(series, file); /* else CREATE tells why */
    }
    return ask(L, new_question(L), &command, NULL, on_written);
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
        if (!is_made_of(lib_string(L, i, NULL), ":.-+"))
            return lib_bad_call(L);
    begin(L, &command, "UPDATE ", file);
    for (int i = 2; i <= words && command.len > 0; i++) {
        const char *values = lua_tostring(L, i);

        if (strncmp(values, "N:", 2) == 0)
            strbuf_printf(&command, " %" PRId64 "%s", now_s(L), values + 1);
        else
            strbuf_printf(&command, " %s", values);
    }
    return ask(L, new_question(L), &command, NULL, on_written);
}

/* --- rrd_lastupdate --- */

static void on_info(void *arg, const char *line)
{
    struct question *question = arg;
    size_t len = strcspn(line, " ");

    if (strncmp(line, "last_update ", 12) == 0)
        (void)sscanf(line, "last_update %*d %" SCNd64, &question->last_s);
    else if (len > 7 && strncmp(line, "ds[", 3) == 0 &&
             strncmp(line + len - 7, "].index", 7) == 0)
        question->sources++;
}

static int on_last(lua_State *L, int status, lua_KContext ctx)
{
    const struct question *question = lua_touserdata(L, 1);

    (void)status;
    (void)ctx;
    raise_problem(L, question);
    lua_pushinteger(L, question->last_s);
    lua_pushinteger(L, question->sources);
    return 2;
}

/* rrd_lastupdate(file): what waits is written first. */
static int ntop_rrd_lastupdate(lua_State *L)
{
    const char *file = lib_string(L, 1, NULL);
    struct strbuf command;

    begin(L, &command, "FLUSH ", file);
    if (command.len > 0)
        series_ask(lib_context_of(L)->series, &command, NULL, NULL, NULL);
    strbuf_free(&command);
    begin(L, &command, "INFO ", file);
    return ask(L, new_question(L), &command, on_info, on_last);
}

/* --- rrd_fetch --- */

static int64_t unit_s(const char *unit)
{
    static const struct {
        const char *name;
        int64_t seconds;
    } units[] = {
        {"s", 1},
        {"sec", 1},
        {"m", 60},
        {"min", 60},
        {"h", 3600},
        {"hour", 3600},
        {"d", DAY_S},
        {"day", DAY_S},
        {"w", 7 * DAY_S},
        {"week", 7 * DAY_S},
        {"mon", 30 * DAY_S},
        {"month", 30 * DAY_S},
        {"y", 365 * DAY_S},
        {"year", 365 * DAY_S},
    };
    size_t len = strlen(unit);

    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
        if (strcmp(units[i].name, unit) == 0 ||
            (len > 2 && unit[len - 1] == 's' &&
             strlen(units[i].name) == len - 1 &&
             strncmp(units[i].name, unit, len - 1) == 0))
            return units[i].seconds;
    return 0;
}

/*
 * A time as rrdtool has it, in its common forms: "1497300991", "now",
 * "-1h", "now-30min", "end-1d", "start+1d"; the last two count from `other`.
 */
static bool parse_time(const char *text, int64_t now, int64_t other,
                       int64_t *time_s)
{
    char base[8] = "now", sign = 0, unit[8] = "s";
    long long amount = 0;
    int end = 0;

    if (isdigit((unsigned char)*text))
        return sscanf(text, "%" SCNd64 "%n", time_s, &end) == 1 &&
               text[end] == '\0';
    if (*text != '-' && *text != '+') {
        if (sscanf(text, "%7[a-z]%n", base, &end) != 1)
            return false;
        text += end;
    }
    if (*text != '\0') {
        if (sscanf(text, "%c%9lld%n", &sign, &amount, &end) != 2 ||
            (sign != '-' && sign != '+') || amount < 0)
            return false;
        text += end;
        if (*text != '\0' &&
            (sscanf(text, "%7[a-z]%n", unit, &end) != 1 || text[end] != '\0'))
            return false;
    }
    if (unit_s(unit) == 0)
        return false;
    if (strcmp(base, "now") == 0 || strcmp(base, "n") == 0)
        *time_s = now;
    else if (strcmp(base, "end") == 0 || strcmp(base, "start") == 0 ||
             strcmp(base, "e") == 0 || strcmp(base, "s") == 0)
        *time_s = other;
    else
        return false;
    *time_s += (sign == '-' ? -amount : amount) * unit_s(unit);
    return true;
}

static bool is_of_start(const char *text)
{
    return strncmp(text, "s", 1) == 0;
}

/* Both arguments as times. @return false: they are none. */
static bool arg_span(lua_State *L, int index, int64_t *start, int64_t *end)
{
    const char *from, *to;
    int64_t now = now_s(L);

    if (lua_type(L, index) == LUA_TNUMBER) {
        *start = lib_integer(L, index);
        *end = lib_integer(L, index + 1);
        return *end >= *start && *start >= 0;
    }
    from = lib_string(L, index, NULL);
    to = lib_string(L, index + 1, NULL);
    if (!(is_of_start(to) ? parse_time(from, now, now, start) &&
                                parse_time(to, now, *start, end)
                          : parse_time(to, now, now, end) &&
                                parse_time(from, now, *end, start)))
        return false;
    return *end >= *start && *start >= 0;
}

static void refuse(struct question *question, const char *why)
{
    snprintf(question->problem, sizeof(question->problem), "%s", why);
    free(question->values);
    question->values = NULL;
    question->count = question->size = 0;
}

static void add_value(struct question *question, double value)
{
    if (question->count == question->size) {
        question->size = question->size != 0 ? question->size * 2 : 1024;
        question->values = mem_realloc(question->values, question->size,
                                       sizeof(*question->values));
    }
    question->values[question->count++] = value;
}

/* "DSName: a b c" */
static void take_names(struct question *question, const char *text)
{
    char name[NAME_SIZE];
    int len;

    question->columns = 0;
    while (question->columns < COLUMNS_MAX &&
           sscanf(text, " %31s%n", name, &len) == 1) {
        memcpy(question->names[question->columns++], name, sizeof(name));
        text += len;
    }
}

/* "1497300991: 1.0e+00 nan" */
static void take_row(struct question *question, const char *line)
{
    const char *at = strchr(line, ':');
    char *end;

    if (at == NULL || question->columns == 0 || question->step_s <= 0) {
        refuse(question, "the answer makes no sense");
        return;
    }
    if (question->count + question->columns > VALUES_MAX) {
        refuse(question, "too many values: ask for a shorter time");
        return;
    }
    at++;
    for (unsigned i = 0; i < question->columns; i++) {
        double value = strtod(at, &end);

        add_value(question, end != at && isfinite(value) ? value : NAN);
        at = end;
    }
}

static void on_fetched_line(void *arg, const char *line)
{
    struct question *question = arg;

    if (question->problem[0] != '\0')
        return;
    if (isdigit((unsigned char)*line))
        take_row(question, line);
    else if (strncmp(line, "Start: ", 7) == 0)
        question->start_s = strtoll(line + 7, NULL, 10);
    else if (strncmp(line, "End: ", 5) == 0)
        question->end_s = strtoll(line + 5, NULL, 10);
    else if (strncmp(line, "Step: ", 6) == 0)
        question->step_s = strtoll(line + 6, NULL, 10);
    else if (strncmp(line, "DSName: ", 8) == 0)
        take_names(question, line + 8);
}

/* Rows of the time that was asked for: there may be one more. */
static size_t rows_asked(const struct question *question)
{
    size_t rows = question->count / question->columns;
    int64_t asked =
        (question->until_s - question->start_s + question->step_s - 1) /
        question->step_s;

    return asked < 0 ? 0 : (size_t)asked < rows ? (size_t)asked : rows;
}

/* Their integrals. */
static void add_up(struct question *question)
{
    size_t rows = rows_asked(question);

    for (size_t row = 0; row < rows; row++) {
        for (unsigned i = 0; i < question->columns; i++) {
            double value = question->values[row * question->columns + i];

            if (value > 0) /* a rate below 0 is a counter that began anew */
                question->totals[i] += value * (double)question->step_s;
        }
    }
}

/* Make rows that are few enough, each the mean of the known values of some. */
static void reduce(struct question *question)
{
    size_t rows = rows_asked(question);
    size_t of = (rows + question->points - 1) / question->points;
    size_t made = (rows + of - 1) / of;

    for (size_t row = 0; row < made; row++) {
        for (unsigned i = 0; i < question->columns; i++) {
            double sum = 0;
            unsigned known = 0;

            for (size_t k = row * of; k < row * of + of && k < rows; k++) {
                double value = question->values[k * question->columns + i];

                if (!isnan(value)) {
                    sum += value;
                    known++;
                }
            }
            question->values[row * question->columns + i] =
                known != 0 ? sum / known : NAN;
        }
    }
    question->count = made * question->columns;
    question->step_s *= (int64_t)of;
    question->end_s = question->start_s + (int64_t)made * question->step_s;
}

/* Columns are the tables at 2, 3 ..; rows go to the one at 2. */
static bool push_slice(lua_State *L, void *state)
{
    struct question *question = state;
    size_t rows = question->count / question->columns;
    const double *values = question->values + question->row * question->columns;

    for (unsigned done = 0; done < SLICE_VALUES && question->row < rows;
         done += question->columns, values += question->columns) {
        lua_Integer row = (lua_Integer)++question->row;

        if (!question->by_column)
            lua_createtable(L, (int)question->columns, 0);
        for (unsigned i = 0; i < question->columns; i++) {
            lua_pushnumber(L, values[i]);
            if (question->by_column)
                lua_rawseti(L, (int)i + 2, row);
            else
                lua_rawseti(L, -2, i + 1);
        }
        if (!question->by_column)
            lua_rawseti(L, 2, row);
    }
    return question->row < rows;
}

static int push_results(lua_State *L, void *state)
{
    const struct question *question = state;

    lua_pushinteger(L, question->start_s);
    lua_pushinteger(L, question->step_s);
    lua_createtable(L, (int)question->columns, 0);
    for (unsigned i = 0; i < question->columns; i++) {
        if (question->by_column) {
            lua_pushvalue(L, (int)i + 2);
            lua_setfield(L, -2, question->names[i]);
        } else {
            lua_pushstring(L, question->names[i]);
            lua_rawseti(L, -2, i + 1);
        }
    }
    if (!question->by_column)
        lua_pushvalue(L, 2);
    lua_pushinteger(L, question->end_s);
    if (!question->by_column)
        return 5;
    lua_pushinteger(L, (lua_Integer)(question->count / question->columns));
    lua_createtable(L, 0, (int)question->columns);
    for (unsigned i = 0; i < question->columns; i++)
        lib_set_number(L, question->names[i], question->totals[i]);
    return 6;
}

static int on_fetched(lua_State *L, int status, lua_KContext ctx)
{
    struct question *question = lua_touserdata(L, 1);
    size_t rows;

    (void)status;
    (void)ctx;
    raise_problem(L, question);
    if (question->columns == 0 || question->step_s <= 0)
        return luaL_error(L, "the answer makes no sense");
    add_up(question);
    rows = rows_asked(question);
    if (question->points != 0 && rows > 0)
        reduce(question);
    lua_settop(L, 1);
    luaL_checkstack(L, COLUMNS_MAX + LUA_MINSTACK, NULL);
    for (unsigned i = 0; i < (question->by_column ? question->columns : 1); i++)
        lua_createtable(L, (int)(question->count / question->columns), 0);
    question->slices.step = push_slice;
    question->slices.finish = push_results;
    return slices_run(L);
}

/* (file, "AVERAGE", start, end, most rows?). Columns are followed by their
 * number of rows and their integrals: of what is below 0, nothing. */
static int fetch(lua_State *L, bool by_column)
{
    const char *file = lib_string(L, 1, NULL);
    const char *function = lib_string(L, 2, NULL);
    lua_Integer points = lib_integer_or(L, 5, 0);
    struct question *question;
    struct strbuf command;
    int64_t start = 0, end = 0;

    if (!is_made_of(function, "") || !arg_span(L, 3, &start, &end))
        return lib_bad_call(L);
    begin(L, &command, "FETCH ", file);
    if (command.len > 0)
        strbuf_printf(&command, " %s %" PRId64 " %" PRId64, function, start,
                      end);
    question = new_question(L);
    question->by_column = by_column;
    question->until_s = end;
    question->points = points > 0 ? (size_t)points : 0;
    return ask(L, question, &command, on_fetched_line, on_fetched);
}

static int ntop_rrd_fetch(lua_State *L)
{
    return fetch(L, false);
}

static int ntop_rrd_fetch_columns(lua_State *L)
{
    return fetch(L, true);
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
         ntop_rrd_fetch},
        {"rrd_fetch_columns",
         "file: string, cf: string, start, end, [rows: number]",
         ntop_rrd_fetch_columns},
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
