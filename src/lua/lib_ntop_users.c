/* lib_ntop_users: class ntop, users and what they may.
 * SPDX-License-Identifier: MIT */
#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

#include "core/run/options.h"
#include "core/run/users_list.h"
#include "lua/access.h"
#include "lua/lib.h"
#include "lua/vm_internal.h"

/*
 * Who a run is for is what the server found (access.h), never an argument. A
 * run for nobody, as a callback, may what an administrator may.
 */

static int ntop_is_login_disabled(lua_State *L)
{
    const struct options *options = lib_context_of(L)->options;

    lua_pushboolean(L, options != NULL && options->disable_login >= 0);
    return 1;
}

static int ntop_get_nologin_user(lua_State *L)
{
    lua_pushliteral(L, "nologin");
    return 1;
}

/* --- Who it is --- */

static int ntop_get_user_group(lua_State *L)
{
    lua_pushstring(L, lib_is_admin(lib_access_of(L)) ? "administrator"
                                                     : "unprivileged");
    return 1;
}

static int ntop_get_allowed_networks(lua_State *L)
{
    const struct lib_access *access = lib_access_of(L);
    int count = 0;

    if (access == NULL || access->networks == NULL) {
        lua_pushliteral(L, USER_ALL_NETS);
        return 1;
    }
    lua_pushliteral(L, "");
    while (count < network_count(access->networks)) {
        lua_pushfstring(L, "%s%s%s", lua_tostring(L, -1), count > 0 ? "," : "",
                        network_text(access->networks, count));
        count++;
    }
    return 1;
}

/* The token against forged requests that belongs to the session; "" without
 * one: where there is no session nobody asks for a token. */
static int ntop_get_random_csrf_value(lua_State *L)
{
    const struct lib_access *access = lib_access_of(L);

    lua_pushstring(L,
                   access != NULL && access->csrf != NULL ? access->csrf : "");
    return 1;
}

/* --- What takes time --- */

/* A userdata on the stack of the function that waits; its address is the key
 * of what is kept in the registry for it. */
struct errand {
    struct vm_run *run;
    struct users *users;
    struct users_call *call;
    struct users_list *list;
    enum users_result result;
    bool is_full; /* the run has no memory for the list */
    bool is_own;  /* a user changes the own password: say so otherwise */
    const struct user *const *found; /* during its callback */
    size_t count;
    char name[USER_NAME_MAX + 1];
    char password[PASSWORD_MAX + 1]; /* the new one, after the old */
};

static int refuse(lua_State *L, const char *why)
{
    lua_pushboolean(L, false);
    lua_pushstring(L, why);
    return 2;
}

static int tell(lua_State *L, const struct errand *errand)
{
    switch (errand->result) {
    case USERS_OK:
        lua_pushboolean(L, true);
        return 1;
    case USERS_UNKNOWN:
        return refuse(L, errand->is_own ? "the old password is another"
                                        : "there is no such user");
    case USERS_EXISTS:
        return refuse(L, "there is such a user already");
    case USERS_AWAY:
        return refuse(L, "Redis does not answer");
    case USERS_BUSY:
        break;
    }
    return refuse(L, "too many passwords wait");
}

static void on_done(void *arg, enum users_result result,
                    const struct user *user)
{
    struct errand *errand = arg;

    (void)user;
    errand->call = NULL;
    errand->result = result;
    vm_wake(errand->run);
}

static void on_cancel(void *arg)
{
    struct errand *errand = arg;

    users_cancel(errand->call);
    users_list_cancel(errand->list);
    explicit_bzero(errand->password, sizeof(errand->password));
}

static int on_told(lua_State *L, int status, lua_KContext ctx)
{
    struct errand *errand = lua_touserdata(L, (int)ctx);

    (void)status;
    explicit_bzero(errand->password, sizeof(errand->password));
    return tell(L, errand);
}

static struct errand *errand_new(lua_State *L)
{
    struct errand *errand = lua_newuserdata(L, sizeof(*errand));

    *errand =
        (struct errand){.run = vm_run_of(L), .users = lib_context_of(L)->users};
    return errand;
}

static int wait(lua_State *L, struct errand *errand, lua_KFunction k)
{
    return vm_wait(L, lua_gettop(L), k, on_cancel, errand);
}

/* --- Changes --- */

/* A text without a NUL. */
static const char *take_text(lua_State *L, int index)
{
    size_t len;
    const char *text = lib_string(L, index, &len);

    if (strlen(text) != len)
        lib_bad_call(L);
    return text;
}

/* @return why the run may not change this user, or NULL */
static const char *refuse_change(lua_State *L, const char *name)
{
    if (!lib_is_admin(lib_access_of(L)))
        return "not allowed";
    if (lib_context_of(L)->users == NULL)
        return "there are no users here";
    return users_refuse_name(name) != NULL ? "there is no such user" : NULL;
}

/* Nobody takes from themselves what they need to take it back; so there is
 * always an administrator. */
static bool is_self(lua_State *L, const char *name)
{
    const struct lib_access *access = lib_access_of(L);

    return access != NULL && access->user != NULL &&
           strcmp(access->user, name) == 0;
}

static int change(lua_State *L, const struct user_values *values)
{
    const char *name = take_text(L, 1);
    const char *why = refuse_change(L, name);
    struct errand *errand;

    if (why == NULL)
        why = users_refuse_values(values);
    if (why != NULL)
        return refuse(L, why);
    errand = errand_new(L);
    errand->call = users_change(errand->users, name, values, on_done, errand);
    return wait(L, errand, on_told);
}

static int ntop_change_user_role(lua_State *L)
{
    struct user_values values = {.group = take_text(L, 2)};

    if (is_self(L, take_text(L, 1)))
        return refuse(L, "nobody changes the own role");
    return change(L, &values);
}

static int ntop_change_allowed_nets(lua_State *L)
{
    struct user_values values = {.allowed_nets = take_text(L, 2)};

    return change(L, &values);
}

static int ntop_change_allowed_ifname(lua_State *L)
{
    struct user_values values = {.allowed_ifname = take_text(L, 2)};

    return change(L, &values);
}

static int ntop_change_user_host_pool(lua_State *L)
{
    struct user_values values = {.host_pool_id = take_text(L, 2)};

    return change(L, &values);
}

static int ntop_add_user_lifetime(lua_State *L)
{
    struct user_values values = {.lifetime = take_text(L, 2)};

    return change(L, &values);
}

static int ntop_clear_user_lifetime(lua_State *L)
{
    struct user_values values = {.lifetime = ""};

    return change(L, &values);
}

static int ntop_add_user(lua_State *L)
{
    const char *name = take_text(L, 1);
    const char *password = take_text(L, 3);
    struct user_values values = {
        .full_name = take_text(L, 2),
        .group = take_text(L, 4),
        .allowed_nets = take_text(L, 5),
        .allowed_ifname = take_text(L, 6),
        .host_pool_id = lua_isnoneornil(L, 7) ? NULL : take_text(L, 7),
    };
    struct errand *errand;
    const char *why = NULL;

    if (!lib_is_admin(lib_access_of(L)))
        why = "not allowed";
    else if (lib_context_of(L)->users == NULL)
        why = "there are no users here";
    if (why != NULL)
        return refuse(L, why);
    why = users_refuse_name(name);
    if (why != NULL) {
        lua_pushfstring(L, "the name %s", why);
        return refuse(L, lua_tostring(L, -1));
    }
    why = passwords_refuse(password, name);
    if (why != NULL) {
        lua_pushfstring(L, "the password %s", why);
        return refuse(L, lua_tostring(L, -1));
    }
    why = users_refuse_values(&values);
    if (why != NULL)
        return refuse(L, why);
    errand = errand_new(L);
    errand->call =
        users_create(errand->users, name, password, &values, on_done, errand);
    return wait(L, errand, on_told);
}

static int ntop_delete_user(lua_State *L)
{
    const char *name = take_text(L, 1);
    const char *why = refuse_change(L, name);
    struct errand *errand;

    if (why == NULL && is_self(L, name))
        why = "nobody deletes the own user";
    /* Without it the first admin would be back, with the first password. */
    if (why == NULL && strcmp(name, USER_ADMIN) == 0)
        why = "the user admin stays";
    if (why != NULL)
        return refuse(L, why);
    errand = errand_new(L);
    errand->call = users_delete(errand->users, name, on_done, errand);
    return wait(L, errand, on_told);
}

/* --- Passwords --- */

static void set_password(struct errand *errand)
{
    errand->is_own = false;
    errand->call = users_set_password(errand->users, errand->name,
                                      errand->password, on_done, errand);
    explicit_bzero(errand->password, sizeof(errand->password));
}

/* The old password was right, or was not. */
static int on_proven(lua_State *L, int status, lua_KContext ctx)
{
    struct errand *errand = lua_touserdata(L, (int)ctx);

    (void)status;
    if (errand->result != USERS_OK)
        return on_told(L, status, ctx);
    set_password(errand);
    return wait(L, errand, on_told);
}

/* resetUserPassword(who, user, old, new): `who` is what the run is for anyway;
 * an administrator needs no old password of others, but the own one: a session
 * that was left open is not yet the account. */
static int ntop_reset_user_password(lua_State *L)
{
    const char *name = take_text(L, 2);
    const char *old = take_text(L, 3);
    const char *password = take_text(L, 4);
    bool is_admin = lib_is_admin(lib_access_of(L));
    struct errand *errand;
    const char *why;

    (void)lib_string(L, 1, NULL);
    if ((!is_admin && !is_self(L, name)) || lib_context_of(L)->users == NULL)
        return refuse(L, "not allowed");
    why = passwords_refuse(password, name);
    if (why != NULL) {
        lua_pushfstring(L, "the password %s", why);
        return refuse(L, lua_tostring(L, -1));
    }
    errand = errand_new(L);
    strncpy(errand->name, name, USER_NAME_MAX);
    strncpy(errand->password, password, PASSWORD_MAX);
    if (is_admin && !is_self(L, name) && old[0] == '\0') {
        set_password(errand);
        return wait(L, errand, on_told);
    }
    errand->is_own = true;
    errand->call = users_login(errand->users, name, old, on_done, errand);
    return wait(L, errand, on_proven);
}

/* --- All of them --- */

static void set_or_unknown(lua_State *L, const char *key, const char *value)
{
    lib_set_string(L, key, value[0] != '\0' ? value : "unknown");
}

static void push_user(lua_State *L, const struct user *user)
{
    lua_createtable(L, 0, 7);
    set_or_unknown(L, "full_name", user->full_name);
    set_or_unknown(L, "password", user->password);
    lib_set_string(L, "group",
                   user->group == USER_ADMINISTRATOR ? "administrator"
                                                     : "unprivileged");
    lib_set_string(L, "allowed_nets",
                   user->networks != NULL ? user->nets : USER_ALL_NETS);
    lib_set_string(L, "allowed_ifname", user->iface);
    if (user->host_pool[0] != '\0')
        lib_set_integer(L, "host_pool_id", atoll(user->host_pool));
    if (user->lifetime[0] != '\0')
        lib_set_integer(L, "limited_lifetime", atoll(user->lifetime));
}

/* registry[errand] = {name = user, ...} */
static int keep_list(lua_State *L)
{
    struct errand *errand = lua_touserdata(L, 1);

    lua_createtable(L, 0, (int)errand->count);
    for (size_t i = 0; i < errand->count; i++) {
        push_user(L, errand->found[i]);
        lua_setfield(L, -2, errand->found[i]->name);
    }
    lua_rawsetp(L, LUA_REGISTRYINDEX, errand);
    return 0;
}

static void on_listed(void *arg, enum users_result result,
                      const struct user *const *list, size_t count)
{
    struct errand *errand = arg;
    lua_State *L = errand->run->L;

    errand->list = NULL;
    errand->result = result;
    errand->found = list;
    errand->count = count;
    if (result == USERS_OK) {
        lua_pushcfunction(L, keep_list);
        lua_pushlightuserdata(L, errand);
        errand->is_full = lua_pcall(L, 1, 0, 0) != LUA_OK;
        if (errand->is_full)
            lua_pop(L, 1);
    }
    vm_wake(errand->run);
}

static int on_list(lua_State *L, int status, lua_KContext ctx)
{
    const struct errand *errand = lua_touserdata(L, (int)ctx);

    (void)status;
    if (errand->is_full)
        return luaL_error(L, "not enough memory for the users");
    if (errand->result != USERS_OK) {
        lua_pushnil(L);
        lua_pushliteral(L, "Redis does not answer");
        return 2;
    }
    lua_rawgetp(L, LUA_REGISTRYINDEX, errand);
    lua_pushnil(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, errand);
    return 1;
}

static int ntop_get_users(lua_State *L)
{
    struct errand *errand;

    if (!lib_is_admin(lib_access_of(L)) || lib_context_of(L)->users == NULL) {
        lua_pushnil(L);
        lua_pushliteral(L, "not allowed");
        return 2;
    }
    errand = errand_new(L);
    errand->list = users_list_find(errand->users, on_listed, errand);
    return wait(L, errand, on_list);
}

void lib_ntop_users_open(lua_State *L)
{
    static const struct lib_function functions[] = {
        {"addUser",
         "user: string, full_name: string, password: string, role: string, "
         "allowed_nets: string, allowed_ifname: string, "
         "[host_pool_id: string]",
         ntop_add_user},
        {"addUserLifetime", "user: string, seconds: string",
         ntop_add_user_lifetime},
        {"changeAllowedIfname", "user: string, ifname: string",
         ntop_change_allowed_ifname},
        {"changeAllowedNets", "user: string, nets: string",
         ntop_change_allowed_nets},
        {"changeUserHostPool", "user: string, pool_id: string",
         ntop_change_user_host_pool},
        {"changeUserRole", "user: string, role: string", ntop_change_user_role},
        {"clearUserLifetime", "user: string", ntop_clear_user_lifetime},
        {"deleteUser", "user: string", ntop_delete_user},
        {"getAllowedNetworks", "", ntop_get_allowed_networks},
        {"getNologinUser", "", ntop_get_nologin_user},
        {"getRandomCSRFValue", "", ntop_get_random_csrf_value},
        {"getUserGroup", "", ntop_get_user_group},
        {"getUsers", "", ntop_get_users},
        {"isLoginDisabled", "", ntop_is_login_disabled},
        {"resetUserPassword",
         "who: string, user: string, old: string, new: string",
         ntop_reset_user_password},
        {NULL, NULL, NULL},
    };

    lib_register(L, "ntop", functions);
}
