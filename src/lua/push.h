/* push: field tables to Lua tables. SPDX-License-Identifier: MIT */
#ifndef KELVIN_LUA_PUSH_H
#define KELVIN_LUA_PUSH_H

#include <lua5.3/lua.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lua/access.h"
#include "lua/lib.h"

/*
 * What an entity tells is one const table of rows. push_fields() makes a Lua
 * table of those that the asked level includes; the documentation and tests
 * read the same rows.
 */
enum push_level {
    PUSH_BASIC,  /* flows: normal; hosts: lists */
    PUSH_HIGH,   /* hosts: show_details */
    PUSH_HIGHER, /* groups: with their applications */
    PUSH_MAX,    /* hosts: getHostInfo */
};

enum push_type {
    PUSH_NUMBER, /* whole */
    PUSH_DECIMAL,
    PUSH_TEXT,
    PUSH_FLAG,
    PUSH_TABLE, /* of `rows` about the same source */
    PUSH_LIST,  /* what `push` makes */
};

/* The entity, as far as its rows need it; all of it during the call only. */
struct push_source {
    const struct iface *iface;
    const struct lib_access *access; /* NULL: everything */
    const struct flow *flow;
    const struct tcp *tcp; /* NULL for other protocols */
    const struct host *host;
    const struct device *device;
    const struct group *group;
    uint32_t hosts; /* of a device or group, those that the user may see */
    uint32_t index; /* of the entity in its pool */
    enum push_level level;
};

struct push_value {
    union {
        int64_t number;
        double decimal;
        const char *text; /* may be `buffer` */
        bool flag;
    };
    char buffer[192];
};

struct push_rows;

struct push_field {
    const char *key;
    enum push_type type;
    enum push_level level;
    const char *unit;   /* "" for none */
    const char *help;   /* one line */
    const char *record; /* the key of records (field.h) that tells the same;
                           NULL: it is not exported */
    /* Fill the value; @return false where the entity has none. NULL, for
     * tables and lists only: there always is one. */
    bool (*get)(const struct push_field *field,
                const struct push_source *source, struct push_value *value);
    /* What `get` and `push` are asked for, where they serve several rows. */
    uint8_t way; /* enum way */
    uint8_t detail;
    const struct push_rows *rows; /* of a PUSH_TABLE */
    /* Of a PUSH_LIST: push one value. */
    void (*push)(lua_State *L, const struct push_field *field,
                 const struct push_source *source);
};

struct push_rows {
    const struct push_field *fields;
    size_t count;
};

#define PUSH_ROWS(fields)                            \
    {                                                \
        fields, sizeof(fields) / sizeof((fields)[0]) \
    }

/* Push a table of what the source tells at its level. */
void push_fields(lua_State *L, const struct push_rows *rows,
                 const struct push_source *source);

/* Add the same to the table on top of the stack. */
void push_into(lua_State *L, const struct push_rows *rows,
               const struct push_source *source);

/* t[key] = value for the table on top of the stack. */
void push_number(lua_State *L, const char *key, uint64_t number);
void push_decimal(lua_State *L, const char *key, double decimal);
void push_text(lua_State *L, const char *key, const char *text);
void push_flag(lua_State *L, const char *key, bool flag);

#endif
