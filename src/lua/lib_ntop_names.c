/* lib_ntop_names: class ntop, names and numbers of hosts.
 * SPDX-License-Identifier: MIT */
#include <lauxlib.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "core/run/resolver.h"
#include "core/util/utf8.h"
#include "lua/access.h"
#include "lua/ask.h"
#include "lua/lib.h"
#include "lua/lib_interface.h"
#include "lua/vm.h"

#define NAME_SIZE 256
#define MICROSECOND 1000000
#define SERIAL "ntopng.host_serial"
#define DAY_KEY_SIZE 64
#define DAY_KEPT_S "172800"

/* --- Names --- */

/* The name, with the VLAN again where there is one. */
static int give_name(lua_State *L, const char *name, uint16_t vlan)
{
    if (vlan == 0)
        lua_pushstring(L, name);
    else
        lua_pushfstring(L, "%s@%d", name, (int)vlan);
    return 1;
}

/* getResolvedName("ip[@vlan]"): what is known, else the address, for whose
 * name somebody is asked, so that the next call may know. */
static int ntop_get_resolved_name(lua_State *L)
{
    struct resolver *resolver = lib_context_of(L)->resolver;
    const char *given = lib_string(L, 1, NULL);
    const char *name = NULL;
    char text[ADDR_TEXT_SIZE];
    struct addr addr;
    uint16_t vlan;

    if (!lib_parse_host(given, &addr, &vlan)) {
        lua_pushvalue(L, 1); /* a name already */
        return 1;
    }
    if (resolver != NULL)
        name = resolver_known(resolver, &addr);
    if (name == NULL && resolver != NULL && !addr_is_zero(&addr) &&
        lib_sees_addr(lib_access_of(L), &addr))
        resolver_want(resolver, &addr, vlan);
    return give_name(L, name != NULL ? name : addr_format(&addr, text), vlan);
}

/* A userdata on the stack of the function that waits. */
struct question {
    struct resolver_call *call;
    struct vm_run *run;
    char name[NAME_SIZE];
};

static void on_name(void *arg, const char *name)
{
    struct question *question = arg;

    question->call = NULL;
    if (name != NULL)
        snprintf(question->name, sizeof(question->name), "%s", name);
    vm_wake(question->run);
}

static void on_cancel(void *arg)
{
    struct question *question = arg;

    if (question->call != NULL)
        resolver_cancel(question->call);
}

static int on_wake(lua_State *L, int status, lua_KContext ctx)
{
    const struct question *question = lua_touserdata(L, (int)ctx);

    (void)status;
    lua_pushstring(L, question->name);
    return 1;
}

/* resolveName(ip): asks, and waits for the answer; the address itself when
 * there is none. */
static int ntop_resolve_name(lua_State *L)
{
    struct resolver *resolver = lib_context_of(L)->resolver;
    const char *given = lib_string(L, 1, NULL);
    struct question *question;
    const char *name = NULL;
    struct addr addr;

    if (!addr_parse(given, &addr))
        return luaL_error(L, "ntop.resolveName: %s is no address", given);
    if (resolver != NULL)
        name = resolver_known(resolver, &addr);
    question = lua_newuserdata(L, sizeof(*question));
    *question = (struct question){.run = vm_run_of(L)};
    addr_format(&addr, question->name);
    if (name == NULL && resolver != NULL && lib_is_admin(lib_access_of(L)))
        question->call = resolver_ask(resolver, &addr, on_name, question);
    if (question->call != NULL)
        return vm_wait(L, lua_gettop(L), on_wake, on_cancel, question);
    lua_pushstring(L, name != NULL ? name : question->name);
    return 1;
}

/* --- Numbers of the day --- */

/* Push the key of today's hash. */
static void push_day(lua_State *L)
{
    time_t now = (time_t)(vm_run_clock_us(vm_run_of(L)) / MICROSECOND);
    char key[DAY_KEY_SIZE];
    struct tm day;

    localtime_r(&now, &day);
    strftime(key, sizeof(key), "ntopng.%y%m%d.hostkeys", &day);
    lua_pushstring(L, key);
}

static int give_up(lua_State *L)
{
    lua_pushnil(L);
    lua_insert(L, -2);
    return 2;
}

/* Stack of getHostId(): host, key of the day, field, own number. */
enum { HOST = 1, DAY, FIELD, NUMBER };

static int on_claimed(lua_State *L, enum ask_result result, lua_KContext ctx);
static int on_number(lua_State *L, enum ask_result result, lua_KContext ctx);

/* A new number: it is this host's unless another kelvin was faster. */
static int on_serial(lua_State *L, enum ask_result result, lua_KContext ctx)
{
    struct ask_words words = {.count = 0};

    (void)ctx;
    if (result != ASK_ANSWER)
        return give_up(L);
    lua_replace(L, NUMBER);
    ask_add(&words, "HSETNX");
    ask_add_value(L, &words, DAY);
    ask_add_value(L, &words, FIELD);
    ask_add_value(L, &words, NUMBER);
    return ask_redis(L, &words, on_claimed, 0);
}

static int ask_number(lua_State *L)
{
    struct ask_words words = {.count = 0};

    ask_add(&words, "HGET");
    ask_add_value(L, &words, DAY);
    ask_add_value(L, &words, FIELD);
    return ask_redis(L, &words, on_number, 0);
}

static int on_claimed(lua_State *L, enum ask_result result, lua_KContext ctx)
{
    struct ask_words words = {.count = 0};
    struct ask_words expire = {.count = 0};

    (void)ctx;
    if (result != ASK_ANSWER)
        return give_up(L);
    if (lua_tointeger(L, -1) == 0) {
        lua_settop(L, NUMBER);
        return ask_number(L);
    }
    ask_add(&words, "HSET");
    ask_add_value(L, &words, DAY);
    ask_add_value(L, &words, NUMBER);
    ask_add_value(L, &words, FIELD);
    (void)ask_tell(L, &words);
    ask_add(&expire, "EXPIRE");
    ask_add_value(L, &expire, DAY);
    ask_add(&expire, DAY_KEPT_S);
    (void)ask_tell(L, &expire);
    lua_pushinteger(L, lua_tointeger(L, NUMBER));
    return 1;
}

static int on_number(lua_State *L, enum ask_result result, lua_KContext ctx)
{
    struct ask_words words = {.count = 0};

    (void)ctx;
    if (result != ASK_ANSWER)
        return give_up(L);
    if (!lua_isnil(L, -1)) {
        lua_pushinteger(L, lua_tointeger(L, -1));
        return 1;
    }
    lua_settop(L, NUMBER);
    ask_add(&words, "INCR");
    ask_add(&words, SERIAL);
    return ask_redis(L, &words, on_serial, 0);
}

/* getHostId(host): the number that stands for it today. */
static int ntop_get_host_id(lua_State *L)
{
    const struct iface *iface = lib_iface_of(L);

    (void)lib_string(L, HOST, NULL);
    if (iface == NULL) {
        lua_pushliteral(L, "no interface");
        return give_up(L);
    }
    lua_settop(L, HOST);
    push_day(L);
    lua_pushfstring(L, "%s|%s", iface->name, lua_tostring(L, HOST));
    lua_pushnil(L);
    return ask_number(L);
}

/* Stack: ..., "INTERFACE|HOST". */
static int on_host(lua_State *L, enum ask_result result, lua_KContext ctx)
{
    const char *bar;

    (void)ctx;
    if (result != ASK_ANSWER)
        return give_up(L);
    bar = lua_type(L, -1) == LUA_TSTRING ? strrchr(lua_tostring(L, -1), '|')
                                         : NULL;
    lua_pushstring(L, bar != NULL ? bar + 1 : "");
    return 1;
}

/* getIdToHost(id): the host, or "" when nobody has that number today. */
static int ntop_get_id_to_host(lua_State *L)
{
    struct ask_words words = {.count = 0};

    lua_pushinteger(L, lib_integer(L, 1));
    lua_replace(L, 1);
    lua_settop(L, 1);
    push_day(L);
    ask_add(&words, "HGET");
    ask_add_value(L, &words, 2);
    ask_add_value(L, &words, 1);
    return ask_redis(L, &words, on_host, 0);
}

void lib_ntop_names_open(lua_State *L)
{
    static const struct lib_function functions[] = {
        {"getHostId", "host: string", ntop_get_host_id},
        {"getIdToHost", "id: number", ntop_get_id_to_host},
        {"getResolvedName", "host: string", ntop_get_resolved_name},
        {"resolveName", "address: string", ntop_resolve_name},
        {NULL, NULL, NULL},
    };

    lib_register(L, "ntop", functions);
}
