/* push: field tables to Lua tables. SPDX-License-Identifier: MIT */
#ifndef KELVIN_LUA_PUSH_H
#define KELVIN_LUA_PUSH_H

#include <lua5.3/lua.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/model/field.h"
#include "lua/access.h"
#include "lua/lib.h"

/* Push a table of what the source tells at its level (field.h). */
void push_fields(lua_State *L, const struct field_rows *rows,
                 const struct field_source *source);

/* Add the same to the table on top of the stack. */
void push_into(lua_State *L, const struct field_rows *rows,
               const struct field_source *source);

/* What is put there goes into the table on top of the stack. */
struct field_sink push_sink(lua_State *L);

/* t[key] = value for the table on top of the stack. */
void push_number(lua_State *L, const char *key, uint64_t number);
void push_decimal(lua_State *L, const char *key, double decimal);
void push_text(lua_State *L, const char *key, const char *text);
void push_flag(lua_State *L, const char *key, bool flag);

#endif
