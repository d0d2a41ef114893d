/* lib_ntop_rrd: what its files share. SPDX-License-Identifier: MIT */
#ifndef KELVIN_LUA_LIB_NTOP_RRD_H
#define KELVIN_LUA_LIB_NTOP_RRD_H

#include <lua5.3/lua.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/run/series.h"
#include "core/util/strbuf.h"
#include "lua/slices.h"

#define RRD_DAY_S 86400

/* One command about a file and its answer: a userdata at index 1 of the stack
 * that waits for it, which may begin something larger. */
struct rrd_question {
    struct slices slices;
    struct series_call *call;
    struct vm_run *run;
    void *bytes;       /* given to free() with it */
    char problem[256]; /* "": it was answered well */
};

/* A zeroed one of `size` bytes at index 1, in place of all that is on the
 * stack. */
void *rrd_new(lua_State *L, size_t size);

/* Begin a command, "VERB " and the path of the file; empty when that is none
 * of ours. */
void rrd_begin(lua_State *L, struct strbuf *command, const char *verb,
               const char *file);

/* Send it, free it, and wait; for the end of a C function. Lines of the answer
 * go to line(question, text), and then `next` is called. */
int rrd_ask(lua_State *L, struct rrd_question *question, struct strbuf *command,
            void (*line)(void *arg, const char *line), lua_KFunction next);

/* Raise what the answer says against it, if anything. */
void rrd_raise(lua_State *L, const struct rrd_question *question);

/* The run's clock in epoch seconds. */
int64_t rrd_now_s(lua_State *L);

/* Whether the text is of letters, digits and these characters only, so that it
 * stays one word of a command. */
bool rrd_is_made_of(const char *text, const char *others);

/* rrd_fetch() and rrd_fetch_columns(): see lib_ntop_rrd_fetch.c. */
int rrd_fetch_rows(lua_State *L);
int rrd_fetch_columns(lua_State *L);

#endif
