/* lib_cache: what the functions about Redis share.
 * SPDX-License-Identifier: MIT */
#ifndef KELVIN_LUA_LIB_CACHE_H
#define KELVIN_LUA_LIB_CACHE_H

#include <lua.h>
#include <stdbool.h>

/* Whether the run may read or change the key at index 1, a string. */
bool lib_cache_may_read(lua_State *L);
bool lib_cache_may_change(lua_State *L);

/* Return false and a message from a C function. */
int lib_cache_refuse(lua_State *L);

#endif
