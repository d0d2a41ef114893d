/* page_globals: what a page finds when it begins. SPDX-License-Identifier: MIT
 */
#include "lua/page_globals.h"

#include <stdio.h>
#include <string.h>

#include "lua/access.h"
#include "lua/lib.h"

void page_globals_begin(lua_State *L)
{
    lua_newtable(L);
}

void page_globals_text(lua_State *L, const char *key, const char *value,
                       size_t len)
{
    lua_pushlstring(L, value, len);
    lua_setfield(L, -2, key);
}

void page_globals_end(lua_State *L, const char *name)
{
    lua_setglobal(L, name);
}

void page_globals_within(lua_State *L, const char *key)
{
    lua_setfield(L, -2, key);
}

static const struct iface *by_id(lua_State *L, const char *id)
{
    const struct engine *engine = lib_context_of(L)->engine;
    char text[16];

    for (uint16_t i = 0; i < engine_ifaces(engine); i++) {
        const struct iface *iface = engine_iface(engine, i);

        snprintf(text, sizeof(text), "%u", (unsigned)iface->id);
        if (strcmp(text, id) == 0 && lib_sees_iface(lib_access_of(L), iface))
            return iface;
    }
    return NULL;
}

const char *page_globals_iface(lua_State *L, const char *id)
{
    const struct iface *iface = id != NULL ? by_id(L, id) : NULL;

    if (iface == NULL)
        iface = lib_iface_of(L);
    if (iface == NULL)
        return "";
    lib_select_iface(L, iface);
    lua_pushstring(L, iface->name);
    lua_setglobal(L, "ifname");
    lua_pushinteger(L, iface->id);
    lua_setglobal(L, "ifid");
    return iface->name;
}
