/* ask: questions of scripts to Redis. SPDX-License-Identifier: MIT */
#ifndef KELVIN_LUA_ASK_H
#define KELVIN_LUA_ASK_H

#include <lua.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * A C function that needs Redis ends with `return ask_redis(L, ...)`: the
 * script waits, the loop goes on, and `next` makes the results from the
 * answer. The answer is a value of the run's own state, so that what a
 * thousand runs are told counts as their memory. A run that ends cancels its
 * call.
 */
enum ask_result {
    ASK_ANSWER, /* on top: a string, a whole number, a table of such; or nil */
    ASK_ERROR,  /* on top: what Redis said instead */
    ASK_AWAY,   /* on top: why there is no answer */
};

/* Push the results. @return how many. It may ask again. */
typedef int ask_next(lua_State *L, enum ask_result result, lua_KContext ctx);

#define ASK_WORDS 64

/* A command; its words must live until ask_redis(). */
struct ask_words {
    const char *words[ASK_WORDS];
    size_t lens[ASK_WORDS];
    size_t count;
};

/* Add a word that ends in NUL, or a string of the stack with any bytes (a
 * number becomes one). */
void ask_add(struct ask_words *words, const char *word);
void ask_add_value(lua_State *L, struct ask_words *words, int index);

/* Send the command; then `next` finds the stack as it was, and the answer on
 * top. */
int ask_redis(lua_State *L, const struct ask_words *words, ask_next *next,
              lua_KContext ctx);

/*
 * The same for a write: returns true, or false and why. While Redis is away
 * the command is queued, as far as there is room, and that is a success.
 */
int ask_write(lua_State *L, const struct ask_words *words);

/* Whether it is away for now, so that ask_tell() would queue. */
bool ask_is_away(lua_State *L);

/* Send a write and do not wait. @return false: it was lost. */
bool ask_tell(lua_State *L, const struct ask_words *words);

#endif
