/* lib_ntop_snmp: class ntop, questions to agents of SNMP.
 * SPDX-License-Identifier: MIT */
#include <lauxlib.h>
#include <string.h>

#include "core/run/snmp.h"
#include "lua/access.h"
#include "lua/lib.h"
#include "lua/vm_internal.h"

#define SECOND_US 1000000
#define TIMEOUT_MAX_S 5
#define WHY_SIZE 512

/* A userdata on the stack of the function that waits; its address is the key
 * of the answer in the registry. */
struct walk {
    struct snmp_call *call;
    struct vm_run *run;
    const struct snmp_value *values; /* during its callback */
    size_t count;
    bool is_full; /* the run has no memory for the answer */
    char why[WHY_SIZE];
};

/* registry[walk] = {oid = value, ...} */
static int keep_answer(lua_State *L)
{
    struct walk *walk = lua_touserdata(L, 1);

    lua_createtable(L, 0, (int)walk->count);
    for (size_t i = 0; i < walk->count; i++)
        lib_set_string(L, walk->values[i].oid, walk->values[i].text);
    lua_rawsetp(L, LUA_REGISTRYINDEX, walk);
    return 0;
}

static void on_answer(void *arg, const char *error,
                      const struct snmp_value *values, size_t count)
{
    struct walk *walk = arg;
    lua_State *L = walk->run->L;

    walk->call = NULL;
    walk->values = values;
    walk->count = count;
    if (error != NULL) {
        strncpy(walk->why, error, sizeof(walk->why) - 1);
    } else {
        lua_pushcfunction(L, keep_answer);
        lua_pushlightuserdata(L, walk);
        walk->is_full = lua_pcall(L, 1, 0, 0) != LUA_OK;
        if (walk->is_full)
            lua_pop(L, 1);
    }
    vm_wake(walk->run);
}

static void on_cancel(void *arg)
{
    struct walk *walk = arg;

    snmp_cancel(walk->call);
    walk->call = NULL;
}

static int give_up(lua_State *L, const char *why)
{
    lua_pushnil(L);
    lua_pushstring(L, why);
    return 2;
}

static int on_wake(lua_State *L, int status, lua_KContext ctx)
{
    const struct walk *walk = lua_touserdata(L, (int)ctx);

    (void)status;
    if (walk->is_full)
        return luaL_error(L, "not enough memory for what the agent answered");
    if (walk->why[0] != '\0')
        return give_up(L, walk->why);
    lua_rawgetp(L, LUA_REGISTRYINDEX, walk);
    lua_pushnil(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, walk);
    return 1;
}

/* Arguments from the third on: OIDs are strings, a number is seconds. */
static void take_arguments(lua_State *L, struct snmp_request *request,
                           const char *oids[SNMP_OIDS_MAX])
{
    for (int i = 3; i <= lua_gettop(L); i++) {
        if (lua_type(L, i) == LUA_TNUMBER) {
            lua_Number seconds = lib_number(L, i);

            if (!(seconds > 0 && seconds <= TIMEOUT_MAX_S))
                seconds = TIMEOUT_MAX_S;
            request->timeout_us = (int64_t)(seconds * SECOND_US);
            continue;
        }
        if (request->oid_count == SNMP_OIDS_MAX)
            lib_bad_call(L);
        oids[request->oid_count++] = lib_string(L, i, NULL);
    }
}

static int ask(lua_State *L, bool is_next)
{
    struct snmp *snmp = lib_context_of(L)->snmp;
    const char *oids[SNMP_OIDS_MAX];
    struct snmp_request request = {
        .host = lib_string(L, 1, NULL),
        .community = lib_string(L, 2, NULL),
        .oids = oids,
        .is_next = is_next,
    };
    struct walk *walk;
    struct strbuf error;

    (void)lib_string(L, 3, NULL);
    take_arguments(L, &request, oids);
    if (!lib_is_admin(lib_access_of(L)))
        return give_up(L, "not allowed");
    if (snmp == NULL)
        return give_up(L, "there is no network here");
    walk = lua_newuserdata(L, sizeof(*walk));
    *walk = (struct walk){.run = vm_run_of(L)};
    strbuf_init(&error, WHY_SIZE - 1);
    walk->call = snmp_ask(snmp, &request, on_answer, walk, &error);
    strncpy(walk->why, error.text, sizeof(walk->why) - 1);
    strbuf_free(&error);
    if (walk->call == NULL)
        return give_up(L, walk->why);
    return vm_wait(L, lua_gettop(L), on_wake, on_cancel, walk);
}

/* snmpget(host, community, oid, [seconds], [oid ...]) */
static int ntop_snmpget(lua_State *L)
{
    return ask(L, false);
}

/* The same with what follows each OID. */
static int ntop_snmpgetnext(lua_State *L)
{
    return ask(L, true);
}

void lib_ntop_snmp_open(lua_State *L)
{
    static const struct lib_function functions[] = {
        {"snmpget",
         "host: string, community: string, oid: string, [seconds: number], "
         "[oid: string ...]",
         ntop_snmpget},
        {"snmpgetnext",
         "host: string, community: string, oid: string, [seconds: number], "
         "[oid: string ...]",
         ntop_snmpgetnext},
        {NULL, NULL, NULL},
    };

    lib_register(L, "ntop", functions);
}
