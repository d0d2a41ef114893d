/* lib_ntop_rrd_fetch: rrd_fetch() and rrd_fetch_columns().
 * SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <inttypes.h>
#include <lua5.3/lauxlib.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/util/mem.h"
#include "lua/lib.h"
#include "lua/lib_ntop_rrd.h"

#define VALUES_MAX 2000000 /* numbers that one answer may have */
#define SLICE_VALUES 8192  /* put into tables in one slice */
#define COLUMNS_MAX 64
#define NAME_SIZE 32

/* The values wait outside of Lua, as question.bytes, row by row. */
struct fetch {
    struct rrd_question question;
    int64_t start_s;
    int64_t end_s;
    int64_t step_s;
    int64_t until_s; /* as it was asked for */
    unsigned columns;
    char names[COLUMNS_MAX][NAME_SIZE];
    double totals[COLUMNS_MAX];
    double *values;
    size_t count;
    size_t size;
    size_t points; /* rows that are wanted at most; 0: all */
    bool by_column;
    size_t row; /* the next to put into a table */
};

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
        {"d", RRD_DAY_S},
        {"day", RRD_DAY_S},
        {"w", 7 * RRD_DAY_S},
        {"week", 7 * RRD_DAY_S},
        {"mon", 30 * RRD_DAY_S},
        {"month", 30 * RRD_DAY_S},
        {"y", 365 * RRD_DAY_S},
        {"year", 365 * RRD_DAY_S},
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
    int64_t now = rrd_now_s(L);

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

static void refuse(struct fetch *fetch, const char *why)
{
    snprintf(fetch->question.problem, sizeof(fetch->question.problem), "%s",
             why);
    free(fetch->values);
    fetch->question.bytes = fetch->values = NULL;
    fetch->count = fetch->size = 0;
}

static void add_value(struct fetch *fetch, double value)
{
    if (fetch->count == fetch->size) {
        fetch->size = fetch->size != 0 ? fetch->size * 2 : 1024;
        fetch->values =
            mem_realloc(fetch->values, fetch->size, sizeof(*fetch->values));
        fetch->question.bytes = fetch->values;
    }
    fetch->values[fetch->count++] = value;
}

/* "DSName: a b c" */
static void take_names(struct fetch *fetch, const char *text)
{
    char name[NAME_SIZE];
    int len;

    fetch->columns = 0;
    while (fetch->columns < COLUMNS_MAX &&
           sscanf(text, " %31s%n", name, &len) == 1) {
        memcpy(fetch->names[fetch->columns++], name, sizeof(name));
        text += len;
    }
}

/* "1497300991: 1.0e+00 nan" */
static void take_row(struct fetch *fetch, const char *line)
{
    const char *at = strchr(line, ':');
    char *end;

    if (at == NULL || fetch->columns == 0 || fetch->step_s <= 0) {
        refuse(fetch, "the answer makes no sense");
        return;
    }
    if (fetch->count + fetch->columns > VALUES_MAX) {
        refuse(fetch, "too many values: ask for a shorter time");
        return;
    }
    at++;
    for (unsigned i = 0; i < fetch->columns; i++) {
        double value = strtod(at, &end);

        add_value(fetch, end != at && isfinite(value) ? value : NAN);
        at = end;
    }
}

static void on_fetched_line(void *arg, const char *line)
{
    struct fetch *fetch = arg;

    if (fetch->question.problem[0] != '\0')
        return;
    if (isdigit((unsigned char)*line))
        take_row(fetch, line);
    else if (strncmp(line, "Start: ", 7) == 0)
        fetch->start_s = strtoll(line + 7, NULL, 10);
    else if (strncmp(line, "End: ", 5) == 0)
        fetch->end_s = strtoll(line + 5, NULL, 10);
    else if (strncmp(line, "Step: ", 6) == 0)
        fetch->step_s = strtoll(line + 6, NULL, 10);
    else if (strncmp(line, "DSName: ", 8) == 0)
        take_names(fetch, line + 8);
}

/* Rows of the time that was asked for: there may be one more. */
static size_t rows_asked(const struct fetch *fetch)
{
    size_t rows = fetch->count / fetch->columns;
    int64_t asked =
        (fetch->until_s - fetch->start_s + fetch->step_s - 1) / fetch->step_s;

    return asked < 0 ? 0 : (size_t)asked < rows ? (size_t)asked : rows;
}

/* Their integrals. */
static void add_up(struct fetch *fetch)
{
    size_t rows = rows_asked(fetch);

    for (size_t row = 0; row < rows; row++) {
        for (unsigned i = 0; i < fetch->columns; i++) {
            double value = fetch->values[row * fetch->columns + i];

            if (value > 0) /* a rate below 0 is a counter that began anew */
                fetch->totals[i] += value * (double)fetch->step_s;
        }
    }
}

/* Make rows that are few enough, each the mean of the known values of some. */
static void reduce(struct fetch *fetch)
{
    size_t rows = rows_asked(fetch);
    size_t of = (rows + fetch->points - 1) / fetch->points;
    size_t made = (rows + of - 1) / of;

    for (size_t row = 0; row < made; row++) {
        for (unsigned i = 0; i < fetch->columns; i++) {
            double sum = 0;
            unsigned known = 0;

            for (size_t k = row * of; k < row * of + of && k < rows; k++) {
                double value = fetch->values[k * fetch->columns + i];

                if (!isnan(value)) {
                    sum += value;
                    known++;
                }
            }
            fetch->values[row * fetch->columns + i] =
                known != 0 ? sum / known : NAN;
        }
    }
    fetch->count = made * fetch->columns;
    fetch->step_s *= (int64_t)of;
    fetch->end_s = fetch->start_s + (int64_t)made * fetch->step_s;
}

/* Columns are the tables at 2, 3 ..; rows go to the one at 2. */
static bool push_slice(lua_State *L, void *state)
{
    struct fetch *fetch = state;
    size_t rows = fetch->count / fetch->columns;
    const double *values = fetch->values + fetch->row * fetch->columns;

    for (unsigned done = 0; done < SLICE_VALUES && fetch->row < rows;
         done += fetch->columns, values += fetch->columns) {
        lua_Integer row = (lua_Integer)++fetch->row;

        if (!fetch->by_column)
            lua_createtable(L, (int)fetch->columns, 0);
        for (unsigned i = 0; i < fetch->columns; i++) {
            lua_pushnumber(L, values[i]);
            if (fetch->by_column)
                lua_rawseti(L, (int)i + 2, row);
            else
                lua_rawseti(L, -2, i + 1);
        }
        if (!fetch->by_column)
            lua_rawseti(L, 2, row);
    }
    return fetch->row < rows;
}

static int push_results(lua_State *L, void *state)
{
    const struct fetch *fetch = state;

    lua_pushinteger(L, fetch->start_s);
    lua_pushinteger(L, fetch->step_s);
    lua_createtable(L, (int)fetch->columns, 0);
    for (unsigned i = 0; i < fetch->columns; i++) {
        if (fetch->by_column) {
            lua_pushvalue(L, (int)i + 2);
            lua_setfield(L, -2, fetch->names[i]);
        } else {
            lua_pushstring(L, fetch->names[i]);
            lua_rawseti(L, -2, i + 1);
        }
    }
    if (!fetch->by_column)
        lua_pushvalue(L, 2);
    lua_pushinteger(L, fetch->end_s);
    if (!fetch->by_column)
        return 5;
    lua_pushinteger(L, (lua_Integer)(fetch->count / fetch->columns));
    lua_createtable(L, 0, (int)fetch->columns);
    for (unsigned i = 0; i < fetch->columns; i++)
        lib_set_number(L, fetch->names[i], fetch->totals[i]);
    return 6;
}

static int on_fetched(lua_State *L, int status, lua_KContext ctx)
{
    struct fetch *fetch = lua_touserdata(L, 1);
    size_t rows;

    (void)status;
    (void)ctx;
    rrd_raise(L, &fetch->question);
    if (fetch->columns == 0 || fetch->step_s <= 0)
        return luaL_error(L, "the answer makes no sense");
    add_up(fetch);
    rows = rows_asked(fetch);
    if (fetch->points != 0 && rows > 0)
        reduce(fetch);
    lua_settop(L, 1);
    luaL_checkstack(L, COLUMNS_MAX + LUA_MINSTACK, NULL);
    for (unsigned i = 0; i < (fetch->by_column ? fetch->columns : 1); i++)
        lua_createtable(L, (int)(fetch->count / fetch->columns), 0);
    fetch->question.slices.step = push_slice;
    fetch->question.slices.finish = push_results;
    return slices_run(L);
}

/* (file, "AVERAGE", start, end, most rows?). Columns are followed by their
 * number of rows and their integrals: of what is below 0, nothing. */
static int fetch_file(lua_State *L, bool by_column)
{
    const char *file = lib_string(L, 1, NULL);
    const char *function = lib_string(L, 2, NULL);
    lua_Integer points = lib_integer_or(L, 5, 0);
    struct fetch *fetch;
    struct strbuf command;
    int64_t start = 0, end = 0;

    if (!rrd_is_made_of(function, "") || !arg_span(L, 3, &start, &end))
        return lib_bad_call(L);
    rrd_begin(L, &command, "FETCH ", file);
    if (command.len > 0)
        strbuf_printf(&command, " %s %" PRId64 " %" PRId64, function, start,
                      end);
    fetch = rrd_new(L, sizeof(struct fetch));
    fetch->by_column = by_column;
    fetch->until_s = end;
    fetch->points = points > 0 ? (size_t)points : 0;
    return rrd_ask(L, &fetch->question, &command, on_fetched_line, on_fetched);
}

int rrd_fetch_rows(lua_State *L)
{
    return fetch_file(L, false);
}

int rrd_fetch_columns(lua_State *L)
{
    return fetch_file(L, true);
}
