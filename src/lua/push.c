/* push: field tables to Lua tables. SPDX-License-Identifier: MIT */
#include "lua/push.h"

#include <lua5.3/lauxlib.h>

/* A value, its key, and a table within it. */
#define STACK_ROOM 8

void push_number(lua_State *L, const char *key, uint64_t number)
{
    lua_pushinteger(L, (lua_Integer)number);
    lua_setfield(L, -2, key);
}

void push_decimal(lua_State *L, const char *key, double decimal)
{
    lua_pushnumber(L, decimal);
    lua_setfield(L, -2, key);
}

void push_text(lua_State *L, const char *key, const char *text)
{
    lua_pushstring(L, text);
    lua_setfield(L, -2, key);
}

void push_flag(lua_State *L, const char *key, bool flag)
{
    lua_pushboolean(L, flag);
    lua_setfield(L, -2, key);
}

/* What is put into a list goes into the table on top of the stack. */

static void push_plain(lua_State *L, enum field_type type,
                       const struct field_value *value)
{
    switch (type) {
    case FIELD_NUMBER:
        lua_pushinteger(L, value->number);
        break;
    case FIELD_THOUSANDTHS:
        lua_pushnumber(L, (lua_Number)value->number / 1000);
        break;
    case FIELD_DECIMAL:
        lua_pushnumber(L, value->decimal);
        break;
    case FIELD_TEXT:
        lua_pushstring(L, value->text);
        break;
    case FIELD_FLAG:
        lua_pushboolean(L, value->flag);
        break;
    default: /* places are for records */
        lua_pushnil(L);
        break;
    }
}

/* t[key] = what is on top, or behind the last one; it is popped. */
static void set_field(lua_State *L, const char *key)
{
    if (key != NULL)
        lua_setfield(L, -2, key);
    else
        lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
}

static void put_value(void *arg, const char *key, enum field_type type,
                      const struct field_value *value)
{
    push_plain(arg, type, value);
    set_field(arg, key);
}

static void put_open(void *arg)
{
    luaL_checkstack(arg, STACK_ROOM, NULL);
    lua_newtable(arg);
}

static void put_close(void *arg, const char *key)
{
    set_field(arg, key);
}

struct field_sink push_sink(lua_State *L)
{
    return (struct field_sink){put_value, put_open, put_close, L};
}

static void push_list(lua_State *L, const struct field *field,
                      const struct field_source *source)
{
    const struct field_sink sink = push_sink(L);

    lua_newtable(L);
    field->list(field, source, &sink);
}

void push_into(lua_State *L, const struct field_rows *rows,
               const struct field_source *source)
{
    luaL_checkstack(L, STACK_ROOM, NULL);
    for (size_t i = 0; i < rows->count; i++) {
        const struct field *field = &rows->fields[i];
        struct field_value value;

        if (field->level > source->level ||
            (field->get != NULL &&
             field->get(field, source, &value) == FIELD_NONE))
            continue;
        if (field->type == FIELD_TABLE)
            push_fields(L, field->rows, source);
        else if (field->type == FIELD_LIST)
            push_list(L, field, source);
        else
            push_plain(L, field->type, &value);
        lua_setfield(L, -2, field->key);
    }
}

void push_fields(lua_State *L, const struct field_rows *rows,
                 const struct field_source *source)
{
    int count = 0;

    for (size_t i = 0; i < rows->count; i++)
        count += rows->fields[i].level <= source->level;
    luaL_checkstack(L, STACK_ROOM, NULL);
    lua_createtable(L, 0, count);
    push_into(L, rows, source);
}
