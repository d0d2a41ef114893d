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

static void push_value(lua_State *L, const struct push_field *field,
                       const struct push_source *source,
                       const struct push_value *value)
{
    switch (field->type) {
    case PUSH_NUMBER:
        lua_pushinteger(L, value->number);
        break;
    case PUSH_DECIMAL:
        lua_pushnumber(L, value->decimal);
        break;
    case PUSH_TEXT:
        lua_pushstring(L, value->text);
        break;
    case PUSH_FLAG:
        lua_pushboolean(L, value->flag);
        break;
    case PUSH_TABLE:
        push_fields(L, field->rows, source);
        break;
    case PUSH_LIST:
        field->push(L, field, source);
        break;
    }
}

void push_into(lua_State *L, const struct push_rows *rows,
               const struct push_source *source)
{
    luaL_checkstack(L, STACK_ROOM, NULL);
    for (size_t i = 0; i < rows->count; i++) {
        const struct push_field *field = &rows->fields[i];
        struct push_value value;

        if (field->level > source->level ||
            (field->get != NULL && !field->get(field, source, &value)))
            continue;
        push_value(L, field, source, &value);
        lua_setfield(L, -2, field->key);
    }
}

void push_fields(lua_State *L, const struct push_rows *rows,
                 const struct push_source *source)
{
    int count = 0;

    for (size_t i = 0; i < rows->count; i++)
        count += rows->fields[i].level <= source->level;
    luaL_checkstack(L, STACK_ROOM, NULL);
    lua_createtable(L, 0, count);
    push_into(L, rows, source);
}
