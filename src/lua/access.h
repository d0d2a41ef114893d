/* access: what the user of a run may see. SPDX-License-Identifier: MIT */
#ifndef KELVIN_LUA_ACCESS_H
#define KELVIN_LUA_ACCESS_H

#include <lua5.3/lua.h>
#include <stdbool.h>

#include "core/model/engine.h"
#include "core/model/mask.h"

struct networks;

/*
 * What the user of one run may see; NULL everywhere stands for all. It must
 * outlive the run. Networks hold for hosts, flows, devices, groups and their
 * numbers; totals of traffic (of an interface, an application, a group) are
 * whole for whoever may see the interface or a host of the group.
 */
struct lib_access {
    const struct networks *networks; /* hosts in these only, or NULL */
    const char *iface;               /* this interface only, or NULL */
    struct mask mask;                /* hosts that nobody is shown */
    const char *user;                /* who that is, or NULL: nobody */
    const char *csrf; /* the token of the user's session, or NULL */
    bool is_admin; /* may also change users and preferences, read secrets, and
                      make kelvin connect to others */
};

void lib_set_access(lua_State *L, const struct lib_access *access);

/* NULL: everything. */
const struct lib_access *lib_access_of(lua_State *L);

/* The networks whose hosts may be seen, or NULL: all. */
const struct networks *lib_seen_networks(const struct lib_access *access);

/* The hosts that are hidden, from administrators as well, or NULL. */
const struct mask *lib_mask(const struct lib_access *access);

/* Whether hosts with this address, or the interface, may be seen; of flows, an
 * end that is masked only loses its address: lib_may_see_addr(). */
bool lib_may_see_addr(const struct lib_access *access, const struct addr *addr);
bool lib_sees_addr(const struct lib_access *access, const struct addr *addr);
bool lib_sees_iface(const struct lib_access *access, const struct iface *iface);

/* Whether everything but hosts and interfaces may be seen and changed. */
bool lib_is_admin(const struct lib_access *access);

/* Whether scripts may read or change what Redis has under a key. Passwords,
 * sessions and tokens are for administrators; so is changing anything of
 * users, and preferences. */
bool lib_may_read_key(const struct lib_access *access, const char *key);
bool lib_may_change_key(const struct lib_access *access, const char *key);

/*
 * The interfaces that a callback is about: those whose clock it follows. They
 * are what lists of interfaces tell of; others can be selected by their names.
 * NULL stands for all.
 */
struct lib_scope {
    const struct iface *only; /* this one, or NULL: those that are live */
};

/* It must outlive the run. */
void lib_set_scope(lua_State *L, const struct lib_scope *scope);

/* Whether an interface may be seen and is in the scope. */
bool lib_lists_iface(lua_State *L, const struct iface *iface);

/* The interface that the run has selected: at first the first one that it
 * lists, else the first that it may see. NULL when there is none. */
struct iface *lib_iface_of(lua_State *L);
void lib_select_iface(lua_State *L, const struct iface *iface);

#endif
