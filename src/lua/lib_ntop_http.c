/* lib_ntop_http: class ntop, questions to web servers.
 * SPDX-License-Identifier: MIT */
#include <lauxlib.h>
#include <string.h>

#include "core/run/loop_http.h"
#include "lua/access.h"
#include "lua/lib.h"
#include "lua/vm_internal.h"

#define SECOND_US 1000000
#define TIMEOUT_S 30
#define TIMEOUT_MAX_S 600
#define WHY_SIZE 512

/* A userdata on the stack of the function that waits; its address is the key
 * of the answer in the registry. */
struct fetch {
    struct loop_http_call *call;
    struct vm_run *run;
    const struct loop_http_answer *answer; /* during its callback */
    int status;                            /* 0: none */
    bool is_full; /* the run has no memory for the answer */
    char why[WHY_SIZE];
};

/* registry[fetch] = what httpGet() returns */
static int keep_answer(lua_State *L)
{
    struct fetch *fetch = lua_touserdata(L, 1);
    const struct loop_http_answer *answer = fetch->answer;
    const char *type = loop_http_header(answer, "Content-Type");

    lua_createtable(L, 0, 5);
    lua_pushlstring(L, answer->body, answer->body_len);
    lua_setfield(L, -2, "CONTENT");
    lib_set_integer(L, "CONTENT_LEN", (lua_Integer)answer->body_len);
    lib_set_integer(L, "RESPONSE_CODE", answer->status);
    lib_set_string(L, "CONTENT_TYPE", type != NULL ? type : "");
    lib_set_string(L, "EFFECTIVE_URL", answer->url);
    lua_rawsetp(L, LUA_REGISTRYINDEX, fetch);
    return 0;
}

static void set_why(struct fetch *fetch, const char *why)
{
    strncpy(fetch->why, why, sizeof(fetch->why) - 1);
}

static void on_answer(void *arg, const struct loop_http_answer *answer)
{
    struct fetch *fetch = arg;
    lua_State *L = fetch->run->L;

    fetch->call = NULL;
    fetch->status = answer->status;
    fetch->answer = answer;
    if (answer->error != NULL) {
        set_why(fetch, answer->error);
    } else {
        lua_pushcfunction(L, keep_answer);
        lua_pushlightuserdata(L, fetch);
        fetch->is_full = lua_pcall(L, 1, 0, 0) != LUA_OK;
        if (fetch->is_full)
            lua_pop(L, 1);
    }
    vm_wake(fetch->run);
}

static void on_cancel(void *arg)
{
    struct fetch *fetch = arg;

    loop_http_cancel(fetch->call);
    fetch->call = NULL;
}

/* @return the results nil, why */
static int give_up(lua_State *L, const char *why)
{
    lua_pushnil(L);
    lua_pushstring(L, why);
    return 2;
}

/* Ask, and let `k` find the struct fetch at its ctx. */
static int fetch(lua_State *L, struct loop_http_request *request,
                 lua_KFunction k)
{
    struct loop_http *http = lib_context_of(L)->http;
    struct fetch *fetch;
    struct strbuf error;

    if (!lib_is_admin(lib_access_of(L)))
        return give_up(L, "not allowed");
    if (http == NULL)
        return give_up(L, "there is no network here");
    fetch = lua_newuserdata(L, sizeof(*fetch));
    *fetch = (struct fetch){.run = vm_run_of(L)};
    strbuf_init(&error, WHY_SIZE - 1);
    fetch->call = loop_http_ask(http, request, on_answer, fetch, &error);
    set_why(fetch, error.text);
    strbuf_free(&error);
    if (fetch->call == NULL)
        return give_up(L, fetch->why);
    return vm_wait(L, lua_gettop(L), k, on_cancel, fetch);
}

/* Push what was kept, which is forgotten. */
static void take_answer(lua_State *L, const struct fetch *fetch)
{
    if (fetch->is_full)
        luaL_error(L, "not enough memory for what the server answered");
    lua_rawgetp(L, LUA_REGISTRYINDEX, fetch);
    lua_pushnil(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, fetch);
}

static int on_got(lua_State *L, int status, lua_KContext ctx)
{
    const struct fetch *fetch = lua_touserdata(L, (int)ctx);

    (void)status;
    if (fetch->status == 0)
        return give_up(L, fetch->why);
    take_answer(L, fetch);
    return 1;
}

/* httpGet(url, user, password, seconds): waits for the answer */
static int ntop_http_get(lua_State *L)
{
    lua_Integer seconds = lib_integer_or(L, 4, TIMEOUT_S);
    struct loop_http_request request = {
        .url = lib_string(L, 1, NULL),
        .user = lib_string_or(L, 2, NULL),
        .password = lib_string_or(L, 3, NULL),
    };

    if (seconds < 1)
        seconds = 1;
    if (seconds > TIMEOUT_MAX_S)
        seconds = TIMEOUT_MAX_S;
    request.timeout_us = seconds * SECOND_US;
    return fetch(L, &request, on_got);
}

static int on_posted(lua_State *L, int status, lua_KContext ctx)
{
    const struct fetch *fetch = lua_touserdata(L, (int)ctx);
    bool is_good = fetch->status >= 200 && fetch->status < 300;

    (void)status;
    if (fetch->status != 0 && !fetch->is_full)
        take_answer(L, fetch);
    lua_pushboolean(L, is_good);
    if (is_good)
        return 1;
    if (fetch->status == 0)
        lua_pushstring(L, fetch->why);
    else
        lua_pushfstring(L, "the server answered %d", fetch->status);
    return 2;
}

/* postHTTPJsonData(user, password, url, json): true when the server took it */
static int ntop_post_json(lua_State *L)
{
    static const struct loop_http_header type = {"Content-Type",
                                                 "application/json"};
    struct loop_http_request request = {
        .method = "POST",
        .user = lib_string_or(L, 1, NULL),
        .password = lib_string_or(L, 2, NULL),
        .url = lib_string(L, 3, NULL),
        .headers = &type,
        .header_count = 1,
    };

    request.body = lib_string(L, 4, &request.body_len);
    return fetch(L, &request, on_posted);
}

void lib_ntop_http_open(lua_State *L)
{
    static const struct lib_function functions[] = {
        {"httpGet",
         "url: string, [user: string], [password: string], [seconds: number]",
         ntop_http_get},
        {"postHTTPJsonData",
         "user: string, password: string, url: string, json: string",
         ntop_post_json},
        {NULL, NULL, NULL},
    };

    lib_register(L, "ntop", functions);
}
