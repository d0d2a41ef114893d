/* slices: long work in turns of the loop. SPDX-License-Identifier: MIT */
#ifndef KELVIN_LUA_SLICES_H
#define KELVIN_LUA_SLICES_H

#include <lua5.3/lua.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/model/iface.h"
#include "core/util/pool.h"

/*
 * A function whose work grows with the tables keeps its state in a userdata
 * at index 1 of its stack and what it makes above. It does a slice, yields
 * ("another turn"), and is continued. Where it cannot yield, inside of a
 * __tostring for example, it goes on at once, for half a second at most or
 * until the run's deadline: then an error ends the run. All memory of the
 * state is Lua's, so that a run that is given up leaks nothing.
 */
#define SLICE_ENTRIES 512 /* of a table looked at in one slice */
#define SLICE_ROWS 64     /* Lua tables made in one slice */

struct slices {
    /* Do a slice. @return true: more is left. May raise Lua errors. */
    bool (*step)(lua_State *L, void *state);
    /* All is done: push the results. @return how many. */
    int (*finish)(lua_State *L, void *state);
    int depth; /* of the stack between slices */
};

/* Put a zeroed state of `size` bytes, which begins with a struct slices, at
 * index 1, in place of all that is on the stack but its `keep` topmost values,
 * which follow. Arguments must have been read: their texts may be gone. */
void *slices_new(lua_State *L, size_t size, int keep);

/* Work until it is done, keeping what is on the stack now between slices.
 * @return what the C function has to return. */
int slices_run(lua_State *L);

/*
 * A walk over all that lives in a tracked pool, by index: unlike the slots of
 * a table indices stay while others come and go. What is entered and removed
 * during a walk may be missed, and nothing is seen twice.
 */
struct walk {
    const struct pool *pool;
    uint32_t at; /* last index looked at */
};

/* Visit the next SLICE_ENTRIES. @return true: more may be left. */
bool walk_slice(lua_State *L, struct walk *walk,
                void (*visit)(lua_State *L, void *state, uint32_t index),
                void *state);

#endif
