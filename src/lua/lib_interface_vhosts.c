/* lib_interface_vhosts: virtual hosts of HTTP. SPDX-License-Identifier: MIT */
#include <lua5.3/lauxlib.h>
#include <strings.h>

#include "lua/lib_interface.h"

uint32_t lib_vhosts(const struct iface *iface, const struct lib_access *access)
{
    const struct vhost *vhost;
    uint32_t cursor = 0;
    uint32_t count = 0;

    while ((vhost = vhosts_next(&iface->vhosts, &cursor)) != NULL)
        count += lib_sees_addr(access, &vhost->server);
    return count;
}

/* listHTTPhosts(vhost?): those of local servers; of one name on two servers
 * one is told, as the contract has it. */
static int list_vhosts(lua_State *L)
{
    const struct lib_access *access = lib_access_of(L);
    const struct iface *iface = lib_iface_of(L);
    const char *name = lib_arg_text(L, 1, NULL);
    const struct vhost *vhost;
    struct field_sink sink;
    uint32_t cursor = 0;

    if (iface == NULL)
        return lib_fail(L, "no interface");
    lua_newtable(L);
    sink = push_sink(L);
    while ((vhost = vhosts_next(&iface->vhosts, &cursor)) != NULL)
        if (lib_sees_addr(access, &vhost->server) &&
            (name == NULL || strcasecmp(vhost->name, name) == 0))
            field_put_vhost(&sink, vhost, true, iface_now_s(iface));
    return 1;
}

void lib_interface_add_vhosts(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"listHTTPhosts", list_vhosts},
        {NULL, NULL},
    };

    luaL_setfuncs(L, functions, 0);
}
