/* access: what the user of a run may see. SPDX-License-Identifier: MIT */
#include "lua/access.h"

#include <stddef.h>
#include <string.h>

#include "core/model/network.h"
#include "core/run/prefs_table.h"
#include "lua/lib.h"

/* Private keys of the registry: their addresses, scripts cannot make them. */
static const char access_key;
static const char iface_key;
static const char scope_key;

static void keep(lua_State *L, const char *key, const void *pointer)
{
    lua_pushlightuserdata(L, (void *)pointer);
    lua_rawsetp(L, LUA_REGISTRYINDEX, key);
}

static const void *kept(lua_State *L, const char *key)
{
    const void *pointer;

    lua_rawgetp(L, LUA_REGISTRYINDEX, key);
    pointer = lua_touserdata(L, -1);
    lua_pop(L, 1);
    return pointer;
}

void lib_set_access(lua_State *L, const struct lib_access *access)
{
    keep(L, &access_key, access);
}

const struct lib_access *lib_access_of(lua_State *L)
{
    return kept(L, &access_key);
}

const struct networks *lib_seen_networks(const struct lib_access *access)
{
    return access != NULL ? access->networks : NULL;
}

const struct mask *lib_mask(const struct lib_access *access)
{
    return access != NULL ? &access->mask : NULL;
}

bool lib_may_see_addr(const struct lib_access *access, const struct addr *addr)
{
    return access == NULL || access->networks == NULL ||
           network_find(access->networks, addr) >= 0;
}

bool lib_sees_addr(const struct lib_access *access, const struct addr *addr)
{
    return lib_may_see_addr(access, addr) &&
           !mask_hides(lib_mask(access), addr);
}

bool lib_sees_iface(const struct lib_access *access, const struct iface *iface)
{
    return access == NULL || access->iface == NULL ||
           strcmp(access->iface, iface->name) == 0;
}

bool lib_is_admin(const struct lib_access *access)
{
    return access == NULL || access->is_admin;
}

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* A token against forged requests is a key of 32 hexadecimal digits. */
static bool is_token(const char *key)
{
    return strspn(key, "0123456789abcdefABCDEF") == strlen(key) &&
           strlen(key) >= 32;
}

bool lib_may_read_key(const struct lib_access *access, const char *key)
{
    static const char *const words[] = {"password", "bind_pwd", "_secret"};
    enum pref pref = pref_find(key);

    if (lib_is_admin(access))
        return true;
    if (begins(key, "sessions.") || is_token(key) ||
        (pref != PREFS_COUNT && pref_row(pref)->secret))
        return false;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strstr(key, words[i]) != NULL)
            return false;
    return true;
}

bool lib_may_change_key(const struct lib_access *access, const char *key)
{
    return lib_may_read_key(access, key) &&
           (lib_is_admin(access) ||
            (!begins(key, "ntopng.user.") && pref_find(key) == PREFS_COUNT));
}

void lib_set_scope(lua_State *L, const struct lib_scope *scope)
{
    keep(L, &scope_key, scope);
}

bool lib_lists_iface(lua_State *L, const struct iface *iface)
{
    const struct lib_scope *scope = kept(L, &scope_key);

    return lib_sees_iface(lib_access_of(L), iface) &&
           (scope == NULL ||
            (scope->only != NULL ? scope->only == iface : iface->is_live));
}

static struct iface *first_iface(lua_State *L)
{
    const struct engine *engine = lib_context_of(L)->engine;
    const struct lib_access *access = lib_access_of(L);
    struct iface *first = NULL;

    for (uint16_t id = 0; id < engine_ifaces(engine); id++) {
        struct iface *iface = engine_iface(engine, id);

        if (lib_lists_iface(L, iface))
            return iface;
        if (first == NULL && lib_sees_iface(access, iface))
            first = iface;
    }
    return first;
}

struct iface *lib_iface_of(lua_State *L)
{
    struct iface *iface = (struct iface *)kept(L, &iface_key);

    return iface != NULL ? iface : first_iface(L);
}

void lib_select_iface(lua_State *L, const struct iface *iface)
{
    keep(L, &iface_key, iface);
}
