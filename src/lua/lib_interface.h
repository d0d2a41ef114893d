/* lib_interface: what its files share. SPDX-License-Identifier: MIT */
#ifndef KELVIN_LUA_LIB_INTERFACE_H
#define KELVIN_LUA_LIB_INTERFACE_H

#include "core/model/flow_filter.h"
#include "core/model/host_filter.h"
#include "lua/fields_internal.h"

/* Each adds its functions to the table on top of the stack. */
void lib_interface_add_stats(lua_State *L);
void lib_interface_add_apps(lua_State *L);
void lib_interface_add_flows(lua_State *L);
void lib_interface_add_hosts(lua_State *L);
void lib_interface_add_activity(lua_State *L);
void lib_interface_add_grouped(lua_State *L);
void lib_interface_add_groups(lua_State *L);
void lib_interface_add_alerts(lua_State *L);
void lib_interface_add_alert_list(lua_State *L);
void lib_interface_add_alert_sql(lua_State *L);
void lib_interface_add_series(lua_State *L);
void lib_interface_add_peers(lua_State *L);
void lib_interface_add_vhosts(lua_State *L);
void lib_interface_add_missing(lua_State *L);

/* Arguments as the contract wants them: one of another type, or none, is as
 * if it was not there. */
bool lib_arg_flag(lua_State *L, int arg, bool otherwise);
const char *lib_arg_text(lua_State *L, int arg, const char *otherwise);
lua_Number lib_arg_number(lua_State *L, int arg, lua_Number otherwise);

/* The same for a whole number, kept within its type. */
int64_t lib_arg_whole(lua_State *L, int arg, int64_t otherwise);

/* "ip" or "ip@vlan", which a number of at least 0 as the argument `vlan_arg`
 * (0: there is none) overrides. @return false when it is no such text. */
bool lib_arg_host(lua_State *L, int arg, int vlan_arg, struct addr *addr,
                  uint16_t *vlan);
bool lib_parse_host(const char *text, struct addr *addr, uint16_t *vlan);

/* Return nil and a message from a C function. */
int lib_fail(lua_State *L, const char *why);

/* Push a box that owns the filter of this expression, or nil for NULL: none,
 * which `*filter` is then, too.
 * @return false with nil and a message pushed instead, to be returned. */
bool lib_push_flow_filter(lua_State *L, const char *text,
                          const struct flow_filter **filter);
bool lib_push_host_filter(lua_State *L, const char *text,
                          const struct host_filter **filter);

/* Virtual hosts of servers that the user may see. */
uint32_t lib_vhosts(const struct iface *iface, const struct lib_access *access);

/* Whether the user may see the flow: one of its ends at least. */
bool lib_sees_flow(const struct lib_access *access, const struct flow *flow);

/* Of users with networks of their own: alerts of hosts in there only. */
struct alert_row;
bool lib_sees_alert(const struct lib_access *access,
                    const struct alert_row *row);

/* Which hosts; positions 6 to 14 of getHostsInfo. */
struct host_choice {
    char country[4]; /* "" any */
    char os[64];
    char mac[MAC_TEXT_SIZE];
    int64_t vlan;    /* 0 any */
    int64_t asn;     /* -1 any */
    int64_t network; /* -2 any */
    int64_t version; /* 0 or 255 any */
    int64_t app;     /* -1 any */
    bool only_local;
    bool only_remote;
};

bool lib_host_matches(const struct host_choice *filter,
                      const struct iface *iface,
                      const struct lib_access *access, const struct host *host);

#endif
