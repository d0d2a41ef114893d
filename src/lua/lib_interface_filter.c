/* lib_interface_filter: filters that Lua owns. SPDX-License-Identifier: MIT */
#include <lua5.3/lauxlib.h>
#include <stdio.h>

#include "core/util/strbuf.h"
#include "lua/lib_interface.h"

#define ERROR_SIZE 256

/* One of the two, or none. */
struct box {
    struct flow_filter *flows;
    struct host_filter *hosts;
};

static int collect(lua_State *L)
{
    struct box *box = lua_touserdata(L, 1);

    flow_filter_free(box->flows);
    host_filter_free(box->hosts);
    *box = (struct box){NULL, NULL};
    return 0;
}

static struct box *push_box(lua_State *L)
{
    struct box *box = lua_newuserdata(L, sizeof(*box));

    *box = (struct box){NULL, NULL};
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, collect);
    lua_setfield(L, -2, "__gc");
    lua_setmetatable(L, -2);
    return box;
}

/* Pushing the message may raise an error, and then nobody frees it. */
static bool refuse(lua_State *L, struct strbuf *error)
{
    char message[ERROR_SIZE];

    snprintf(message, sizeof(message), "%s", error->text);
    strbuf_free(error);
    lua_pushnil(L);
    lua_pushstring(L, message);
    return false;
}

bool lib_push_flow_filter(lua_State *L, const char *text,
                          const struct flow_filter **filter)
{
    struct strbuf error;
    struct box *box;

    *filter = NULL;
    if (text == NULL) {
        lua_pushnil(L);
        return true;
    }
    box = push_box(L);
    strbuf_init(&error, ERROR_SIZE - 1);
    box->flows =
        flow_filter_new(text, engine_dpi(lib_context_of(L)->engine), &error);
    *filter = box->flows;
    if (box->flows == NULL)
        return refuse(L, &error);
    flow_filter_set_mask(box->flows, lib_mask(lib_access_of(L)));
    strbuf_free(&error);
    return true;
}

bool lib_push_host_filter(lua_State *L, const char *text,
                          const struct host_filter **filter)
{
    struct strbuf error;
    struct box *box;

    *filter = NULL;
    if (text == NULL) {
        lua_pushnil(L);
        return true;
    }
    box = push_box(L);
    strbuf_init(&error, ERROR_SIZE - 1);
    box->hosts =
        host_filter_new(text, engine_dpi(lib_context_of(L)->engine), &error);
    *filter = box->hosts;
    if (box->hosts == NULL)
        return refuse(L, &error);
    strbuf_free(&error);
    return true;
}
