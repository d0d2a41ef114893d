/* page_globals: what a page finds when it begins. SPDX-License-Identifier: MIT
 */
#ifndef KELVIN_LUA_PAGE_GLOBALS_H
#define KELVIN_LUA_PAGE_GLOBALS_H

#include <stddef.h>

#include "lua/vm.h"

/*
 * For vm_script.prepare of a page. They raise Lua errors when memory ends.
 *
 *   page_globals_begin(L);
 *   page_globals_text(L, "a", "1", 1);
 *   page_globals_end(L, "_GET");
 */
void page_globals_begin(lua_State *L);
void page_globals_text(lua_State *L, const char *key, const char *value,
                       size_t len);
void page_globals_end(lua_State *L, const char *name);

/* The table just begun becomes the member `key` of the one around it. */
void page_globals_within(lua_State *L, const char *key);

/*
 * Select the interface whose number is `id` (text of the client's, or NULL),
 * if there is one that the user may see, else the first such; after
 * lib_set_access(). Sets ifname and ifid.
 * @return its name, "" when there is none.
 */
const char *page_globals_iface(lua_State *L, const char *id);

#endif
