/* lib: what scripts can call. SPDX-License-Identifier: MIT */
#ifndef KELVIN_LUA_LIB_H
#define KELVIN_LUA_LIB_H

#include <lua.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lua/dirs.h"

/*
 * Each library is a file lib_NAME.c with one const table of functions and one
 * lib_NAME_open(). A function never blocks: it gives way by
 * `return lua_yieldk(L, 0, ctx, k)` (another turn) or vm_wait() (an event).
 */
struct engine;
struct store;
struct prefs;
struct alerts;
struct vendor;
struct geo;
struct networks;
struct services;
struct loop;
struct resolver;
struct saved;
struct loop_http;
struct series;
struct snmp;
struct users;
struct exporter;

/* The parts of the program that libraries work on. A part that is missing is
 * NULL. Not owned. */
struct lib_context {
    struct engine *engine;
    struct store *store;
    struct prefs *prefs;
    struct alerts *alerts;
    struct vendor *vendor;
    struct geo *geo;
    struct services *services;
    const struct networks *networks;
    struct loop *loop;
    struct resolver *resolver;
    struct saved *saved;
    struct loop_http *http;
    struct series *series;
    struct snmp *snmp;
    struct users *users;
    struct exporter *exporter;
    const struct options *options;
    const struct lib_dirs *dirs;
    const char *command_line; /* without secrets */
    int64_t started_us;       /* of the program, wall clock */
};

/* Make the context known to the libraries of this state; it must outlive the
 * state. */
void lib_set_context(lua_State *L, const struct lib_context *context);
const struct lib_context *lib_context_of(lua_State *L);

/* Open all libraries. */
void lib_open_all(lua_State *L);

/* One function of a library. */
struct lib_function {
    const char *name;
    const char *signature; /* "path: string, [mode: string]", for errors */
    lua_CFunction run;
};

/* Make `library` a global table with these functions, or add them to it.
 * `functions` ends with a name of NULL and lives for ever. */
void lib_register(lua_State *L, const char *library,
                  const struct lib_function *functions);

/* Make the table on top of the stack, which is popped, a global that also
 * require(name) gives. */
void lib_publish(lua_State *L, const char *name);

/*
 * Arguments. A wrong one raises "ntop.mkdir: expected mkdir(path: string)".
 * Numbers count as strings and numeric strings as numbers, as in Lua.
 */
int lib_bad_call(lua_State *L);
const char *lib_string(lua_State *L, int index, size_t *len); /* len or NULL */
lua_Integer lib_integer(lua_State *L, int index);
lua_Number lib_number(lua_State *L, int index);
bool lib_boolean(lua_State *L, int index);
/* With a value for a missing or nil argument. */
const char *lib_string_or(lua_State *L, int index, const char *preset);
lua_Integer lib_integer_or(lua_State *L, int index, lua_Integer preset);
bool lib_boolean_or(lua_State *L, int index, bool preset);

/* Set a field of the table on top of the stack. */
void lib_set_string(lua_State *L, const char *key, const char *value);
void lib_set_integer(lua_State *L, const char *key, lua_Integer value);
void lib_set_number(lua_State *L, const char *key, lua_Number value);
void lib_set_boolean(lua_State *L, const char *key, bool value);

/* A continuation that returns no values, and one that returns all that is on
 * the stack above `ctx`. */
int lib_return_none(lua_State *L, int status, lua_KContext ctx);
int lib_return_above(lua_State *L, int status, lua_KContext ctx);

/* Open a script for reading, if it is in a directory of scripts.
 * @return a descriptor, or -1 with errno set. */
int lib_open_script(lua_State *L, const char *path);

/* Whether require(name) would find a file in the directory of modules. */
bool lib_has_module(lua_State *L, const char *name);

/* The libraries; each leaves the stack as it was. */
void lib_base_open(lua_State *L);
void lib_coroutine_open(lua_State *L);
void lib_load_open(lua_State *L);
void lib_string_open(lua_State *L);
void lib_pattern_open(lua_State *L);
void lib_table_open(lua_State *L);
void lib_io_open(lua_State *L);
void lib_ntop_open(lua_State *L);
void lib_ntop_blacklist_open(lua_State *L);
void lib_ntop_cache_open(lua_State *L);
void lib_ntop_export_open(lua_State *L);
void lib_ntop_files_open(lua_State *L);
void lib_ntop_http_open(lua_State *L);
void lib_ntop_missing_open(lua_State *L);
void lib_ntop_names_open(lua_State *L);
void lib_ntop_net_open(lua_State *L);
void lib_ntop_prefs_open(lua_State *L);
void lib_ntop_rrd_open(lua_State *L);
void lib_ntop_samplings_open(lua_State *L);
void lib_ntop_sets_open(lua_State *L);
void lib_ntop_snmp_open(lua_State *L);
void lib_ntop_users_open(lua_State *L);
void lib_interface_open(lua_State *L);

#endif
