/* lib_table: functions on tables that can be interrupted.
 * SPDX-License-Identifier: MIT */
#include <lauxlib.h>
#include <limits.h>

#include "lua/lib.h"
#include "lua/vm_internal.h"

/*
 * Lua's own insert, remove, move and sort loop in C over as many elements as
 * a table claims to have, which can be 2^63 by __len. These do the same in
 * slices. Each keeps its state in integers on the Lua stack, so that it can
 * leave and come back.
 */
#define STEPS 512 /* elements between two looks at the clock */

static void check_table(lua_State *L, int index)
{
    if (lua_type(L, index) != LUA_TTABLE)
        luaL_checktype(L, index, LUA_TTABLE);
}

static lua_Integer get(lua_State *L, int index)
{
    return lua_tointeger(L, index);
}

static void set(lua_State *L, int index, lua_Integer value)
{
    lua_pushinteger(L, value);
    lua_replace(L, index);
}

/* Wraps around, as Lua's integers do. */
static lua_Integer add(lua_Integer a, lua_Integer b)
{
    return (lua_Integer)((lua_Unsigned)a + (lua_Unsigned)b);
}

/* --- move, and what is made of it --- */

/* Indices of the stack of a copy: from, to, next, last, offset, step, and what
 * is done with the element at the end. */
enum { FROM = 1, TO, NEXT, LAST, OFFSET, STEP, END, RESULT };
enum end { END_MOVE, END_INSERT, END_REMOVE };

static int copied(lua_State *L)
{
    switch ((enum end)get(L, END)) {
    case END_MOVE:
        lua_pushvalue(L, TO);
        return 1;
    case END_INSERT: /* RESULT is the value, NEXT stopped at its place */
        lua_pushvalue(L, RESULT);
        lua_seti(L, TO, get(L, NEXT) + 1);
        return 0;
    case END_REMOVE: /* RESULT is what was there, NEXT behind the last */
        lua_pushnil(L);
        lua_seti(L, TO, get(L, NEXT) - 1);
        lua_pushvalue(L, RESULT);
        return 1;
    }
    return 0;
}

/* to[next + offset] = from[next], from next to last by step. */
static int copy(lua_State *L, int status, lua_KContext ctx)
{
    lua_Integer next = get(L, NEXT), last = get(L, LAST);
    lua_Integer offset = get(L, OFFSET), step = get(L, STEP);
    unsigned budget = STEPS;

    (void)status;
    (void)ctx;
    while (step > 0 ? next <= last : next >= last) {
        bool is_last = next == last;

        lua_geti(L, FROM, next);
        lua_seti(L, TO, add(next, offset));
        next = add(next, step);
        if (is_last)
            break; /* it may be the largest number there is */
        if (--budget > 0)
            continue;
        budget = STEPS;
        if (vm_must_yield(L, vm_run_of(L))) {
            set(L, NEXT, next);
            return lua_yieldk(L, 0, 0, copy);
        }
    }
    set(L, NEXT, next);
    return copied(L);
}

/* Push what copy() needs above the two tables. */
static int start_copy(lua_State *L, lua_Integer next, lua_Integer last,
                      lua_Integer offset, lua_Integer step, enum end end)
{
    lua_pushinteger(L, next);
    lua_pushinteger(L, last);
    lua_pushinteger(L, offset);
    lua_pushinteger(L, step);
    lua_pushinteger(L, end);
    return copy(L, LUA_OK, 0);
}

/* table.move(from, first, last, at [, to]) */
static int table_move(lua_State *L)
{
    lua_Integer first = luaL_checkinteger(L, 2);
    lua_Integer last = luaL_checkinteger(L, 3);
    lua_Integer at = luaL_checkinteger(L, 4);
    bool is_same = lua_isnoneornil(L, 5);
    lua_Integer offset;

    check_table(L, 1);
    if (!is_same)
        check_table(L, 5);
    lua_settop(L, 5);
    lua_pushvalue(L, is_same ? 1 : 5);
    lua_replace(L, 2);
    lua_settop(L, 2);
    if (last < first) {
        lua_pushvalue(L, 2);
        return 1;
    }
    luaL_argcheck(L, first > 0 || last < LUA_MAXINTEGER + first, 3,
                  "too many elements to move");
    luaL_argcheck(L, at <= LUA_MAXINTEGER - (last - first), 4,
                  "destination wrap around");
    offset = (lua_Integer)((lua_Unsigned)at - (lua_Unsigned)first);
    /* An overlap is copied from the end that is not written over. */
    if (at > last || at <= first || !lua_rawequal(L, 1, 2))
        return start_copy(L, first, last, offset, 1, END_MOVE);
    return start_copy(L, last, first, offset, -1, END_MOVE);
}

/* table.insert(list, [at,] value) */
static int table_insert(lua_State *L)
{
    int count = lua_gettop(L);
    lua_Integer end, at;

    check_table(L, 1);
    end = (lua_Integer)((lua_Unsigned)luaL_len(L, 1) + 1);
    if (count == 2) {
        lua_seti(L, 1, end);
        return 0;
    }
    if (count != 3)
        return luaL_error(L, "wrong number of arguments to 'insert'");
    at = luaL_checkinteger(L, 2);
    luaL_argcheck(L, (lua_Unsigned)at - 1 < (lua_Unsigned)end, 2,
                  "position out of bounds");
    lua_pushvalue(L, 1);
    lua_replace(L, 2); /* list, list, value */
    lua_pushinteger(L, end - 1);
    lua_pushinteger(L, at);
    lua_pushinteger(L, 1);
    lua_pushinteger(L, -1);
    lua_pushinteger(L, END_INSERT);
    lua_rotate(L, 3, -1); /* the value behind them */
    return copy(L, LUA_OK, 0);
}

/* table.remove(list [, at]) */
static int table_remove(lua_State *L)
{
    lua_Integer size, at;

    check_table(L, 1);
    size = luaL_len(L, 1);
    at = luaL_optinteger(L, 2, size);
    if (at != size)
        luaL_argcheck(L, (lua_Unsigned)at - 1 <= (lua_Unsigned)size, 2,
                      "position out of bounds");
    lua_settop(L, 1);
    if (at == size || at == size + 1 || size == 0) {
        lua_geti(L, 1, at);
        lua_pushnil(L);
        lua_seti(L, 1, at);
        return 1;
    }
    lua_pushvalue(L, 1);
    lua_pushinteger(L, at + 1);
    lua_pushinteger(L, size);
    lua_pushinteger(L, -1);
    lua_pushinteger(L, 1);
    lua_pushinteger(L, END_REMOVE);
    lua_geti(L, 1, at);
    return copy(L, LUA_OK, 0);
}

/* --- sort --- */

/*
 * A merge sort from the bottom up, between two plain tables: all its state is
 * some numbers, so a comparison that waits, or is too slow, suspends the
 * script like any other function. It is stable, and an order that contradicts
 * itself gives some order.
 *
 * Stack: list, less or nil, source, target, struct sort as userdata.
 */
enum { LIST = 1, LESS, SOURCE, TARGET, SORT };

#define SORT_MAX (1 << 26)

struct sort {
    lua_Integer size;
    lua_Integer loaded; /* elements taken from the list */
    lua_Integer stored; /* and given back */
    lua_Integer width;  /* of the runs that are sorted */
    lua_Integer left;   /* next of the left run */
    lua_Integer middle; /* its end, where the right run begins */
    lua_Integer right;  /* next of the right run */
    lua_Integer end;    /* its end */
    lua_Integer out;    /* where the smaller one goes */
};

static int sort_go(lua_State *L, int status, lua_KContext ctx);

static lua_Integer least(lua_Integer a, lua_Integer b)
{
    return a < b ? a : b;
}

/* Look at two runs that begin at `first`. */
static void sort_pair(struct sort *sort, lua_Integer first)
{
    sort->left = sort->out = first;
    sort->middle = sort->right = least(first + sort->width, sort->size + 1);
    sort->end = least(first + 2 * sort->width, sort->size + 1);
}

/* Compare the heads of both runs, right < left; the answer is left on top of
 * the stack. It may come in another turn. */
static void sort_compare(lua_State *L, const struct sort *sort)
{
    bool is_less;

    if (lua_isnil(L, LESS)) {
        lua_rawgeti(L, SOURCE, sort->right);
        lua_rawgeti(L, SOURCE, sort->left);
        is_less = lua_compare(L, -2, -1, LUA_OPLT);
        lua_settop(L, SORT);
        lua_pushboolean(L, is_less);
        return;
    }
    lua_pushvalue(L, LESS);
    lua_rawgeti(L, SOURCE, sort->right);
    lua_rawgeti(L, SOURCE, sort->left);
    lua_callk(L, 2, 1, 1, sort_go);
}

/* Copy between the list, which may have metamethods, and a plain table.
 * @return false: another turn is needed. */
static bool sort_transfer(lua_State *L, lua_Integer size, lua_Integer *at,
                          bool is_load)
{
    while (*at < size) {
        ++*at;
        if (is_load) {
            lua_geti(L, LIST, *at);
            lua_rawseti(L, SOURCE, *at);
        } else {
            lua_rawgeti(L, SOURCE, *at);
            lua_seti(L, LIST, *at);
        }
        if (*at % STEPS == 0 && vm_must_yield(L, vm_run_of(L)))
            return false;
    }
    return true;
}

/* The runs of one width are merged: double it, and swap the tables. */
static void sort_widen(lua_State *L, struct sort *sort)
{
    lua_pushvalue(L, SOURCE);
    lua_copy(L, TARGET, SOURCE);
    lua_replace(L, TARGET);
    sort->width *= 2;
    sort_pair(sort, 1);
}

/* Go on merging; the answer of a comparison is on top when `has_answer`.
 * @return false: another turn is needed. */
static bool sort_merge(lua_State *L, struct sort *sort, bool has_answer)
{
    while (sort->width < sort->size) {
        bool takes_right = sort->right < sort->end;

        if (sort->left < sort->middle && takes_right) {
            if (!has_answer)
                sort_compare(L, sort);
            has_answer = false;
            takes_right = lua_toboolean(L, -1);
            lua_settop(L, SORT);
        } else if (sort->left >= sort->middle && !takes_right) {
            if (sort->out > sort->size)
                sort_widen(L, sort);
            else
                sort_pair(sort, sort->out);
            continue;
        }
        lua_rawgeti(L, SOURCE, takes_right ? sort->right++ : sort->left++);
        lua_rawseti(L, TARGET, sort->out++);
        if (sort->out % STEPS == 0 && vm_must_yield(L, vm_run_of(L)))
            return false;
    }
    return true;
}

/* ctx 1: a comparison has been answered. */
static int sort_go(lua_State *L, int status, lua_KContext ctx)
{
    struct sort *sort = lua_touserdata(L, SORT);

    (void)status;
    if (!sort_transfer(L, sort->size, &sort->loaded, true) ||
        !sort_merge(L, sort, ctx == 1) ||
        !sort_transfer(L, sort->size, &sort->stored, false))
        return lua_yieldk(L, 0, 0, sort_go);
    return 0;
}

/* table.sort(list [, less]) */
static int table_sort(lua_State *L)
{
    lua_Integer size;
    struct sort *sort;
    int hint;

    check_table(L, 1);
    if (!lua_isnoneornil(L, 2))
        luaL_checktype(L, 2, LUA_TFUNCTION);
    lua_settop(L, 2);
    size = luaL_len(L, 1);
    if (size < 2)
        return 0;
    luaL_argcheck(L, size <= SORT_MAX, 1, "array too big");
    hint = (int)least(size, (lua_Integer)lua_rawlen(L, 1));
    lua_createtable(L, hint, 0);
    lua_createtable(L, hint, 0);
    sort = lua_newuserdata(L, sizeof(*sort));
    *sort = (struct sort){.size = size, .width = 1};
    sort_pair(sort, 1);
    return sort_go(L, LUA_OK, 0);
}

void lib_table_open(lua_State *L)
{
    static const struct lib_function functions[] = {
        {"insert", "list: table, [at: number], value", table_insert},
        {"move", "from: table, first, last, at: number, [to: table]",
         table_move},
        {"remove", "list: table, [at: number]", table_remove},
        {"sort", "list: table, [less: function]", table_sort},
        {NULL, NULL, NULL},
    };

    lib_register(L, "table", functions);
}
