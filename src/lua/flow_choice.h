/* flow_choice: which flows a script asks for. SPDX-License-Identifier: MIT */
#ifndef KELVIN_LUA_FLOW_CHOICE_H
#define KELVIN_LUA_FLOW_CHOICE_H

#include "lua/lib_interface.h"

/* Arguments (host?, pageinfo?) of getFlowsInfo() and its kin; what is not
 * asked for is "any". */
struct flow_choice {
    const struct iface *iface;
    const struct lib_access *access;
    const struct flow_filter *filter; /* owned by a box, or NULL */
    struct addr host;
    uint16_t host_vlan;
    bool has_host;
    bool has_no_host; /* the text named none: no flow matches */
    int64_t app;      /* -1 any */
    int64_t port;     /* 0 any */
    int64_t vlan;     /* -1 any */
    int64_t version;  /* 0 any */
    bool has_network;
    int64_t network;
    char country[4]; /* "" any */
    int8_t local[2]; /* of client and server: 1 local, 0 remote, -1 any */
    int8_t unicast;  /* 1, 0, or -1 any; so the next two */
    int8_t one_way;
    int8_t alerted;
};

/* Read the arguments, leaving host and a table at 1 and 2; for `filter` see
 * lib_push_flow_filter(). */
void flow_choice_read(lua_State *L, const struct iface *iface,
                      struct flow_choice *want);

/* Whether the user may see the flow and it is one of those. */
bool flow_choice_matches(const struct flow_choice *want,
                         const struct flow *flow);

/* Keys of the table at 2; what is of another type is as if it was not there.
 */
int64_t lib_page_whole(lua_State *L, const char *key, int64_t otherwise);
int8_t lib_page_flag(lua_State *L, const char *key); /* 1, 0, or -1: none */
const char *lib_page_text(lua_State *L, const char *key); /* or NULL */

#endif
