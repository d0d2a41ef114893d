/* flow_choice: which flows a script asks for. SPDX-License-Identifier: MIT */
#include "lua/flow_choice.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/model/flow_view.h"

/* Which flows */

static bool is_group_addr(const struct flow_choice *want,
                          const struct flow *flow, enum way way)
{
    const struct iface *iface = want->iface;
    const struct host *host = flow_host(iface, flow, way);
    const struct addr *addr = &flow->key.addr[way];

    if (host != NULL)
        return (host->flags & (HOST_MULTICAST | HOST_BROADCAST)) != 0;
    return addr_is_multicast(addr) || addr_is_broadcast(addr);
}

static bool matches_kind(const struct flow_choice *want,
                         const struct flow *flow)
{
    const struct iface *iface = want->iface;

    if (want->unicast >= 0 &&
        (is_group_addr(want, flow, WAY_SENT) ||
         is_group_addr(want, flow, WAY_RCVD)) == (want->unicast != 0))
        return false;
    if (want->one_way >= 0 &&
        (flow_packets(flow, WAY_SENT) == 0 ||
         flow_packets(flow, WAY_RCVD) == 0) != (want->one_way != 0))
        return false;
    return want->alerted < 0 ||
           (flow_status(flow, flows_tcp(&iface->flows, flow), iface->now_us) !=
            FLOW_STATUS_NORMAL) == (want->alerted != 0);
}

static bool matches_end(const struct flow_choice *want, const struct flow *flow,
                        enum way way)
{
    return want->local[way] < 0 || (flow_network(want->iface, flow, way) >=
                                    0) == (want->local[way] != 0);
}

static bool matches_network(const struct flow_choice *want,
                            const struct flow *flow)
{
    const struct iface *iface = want->iface;

    return !want->has_network ||
           flow_network(iface, flow, WAY_SENT) == want->network ||
           flow_network(iface, flow, WAY_RCVD) == want->network;
}

static bool matches_country(const struct flow_choice *want,
                            const struct flow *flow)
{
    if (want->country[0] == '\0')
        return true;
    for (enum way way = 0; way < WAYS; way++) {
        const struct group *country = flow_country(want->iface, flow, way);

        if (country != NULL && strcasecmp(country->name, want->country) == 0)
            return true;
    }
    return false;
}

static bool matches_host(const struct flow_choice *want,
                         const struct flow *flow)
{
    if (!want->has_host)
        return true;
    return flow->key.vlan == want->host_vlan &&
           (addr_equal(&flow->key.addr[0], &want->host) ||
            addr_equal(&flow->key.addr[1], &want->host));
}

/* The cheap questions first. */
bool flow_choice_matches(const struct flow_choice *want,
                         const struct flow *flow)
{
    if (want->has_no_host || !matches_host(want, flow))
        return false;
    if (want->app >= 0 &&
        (want->app >= DPI_APPS || !flow_is_app(flow, (uint16_t)want->app)))
        return false;
    if (want->port != 0 && flow->key.port[0] != want->port &&
        flow->key.port[1] != want->port)
        return false;
    if ((want->vlan >= 0 && flow->key.vlan != want->vlan) ||
        (want->version != 0 && flow->key.ip_version != want->version))
        return false;
    return lib_sees_flow(want->access, flow) &&
           matches_end(want, flow, WAY_SENT) &&
           matches_end(want, flow, WAY_RCVD) && matches_network(want, flow) &&
           matches_country(want, flow) && matches_kind(want, flow) &&
           (want->filter == NULL ||
            flow_filter_matches(want->filter, want->iface, flow));
}

/* Reading pageinfo, the table at index 2: its keys, and what of another type
 * is as if it was not there. */

/* As it is in the table, which so keeps it. */
static void page_get(lua_State *L, const char *key)
{
    lua_pushstring(L, key);
    lua_rawget(L, 2);
}

int64_t lib_page_whole(lua_State *L, const char *key, int64_t otherwise)
{
    int64_t number;

    page_get(L, key);
    number = lib_arg_whole(L, -1, otherwise);
    lua_pop(L, 1);
    return number;
}

/* 1, 0, or -1 when it is not there. */
int8_t lib_page_flag(lua_State *L, const char *key)
{
    int8_t flag = -1;

    page_get(L, key);
    if (lua_isboolean(L, -1))
        flag = (int8_t)lua_toboolean(L, -1);
    lua_pop(L, 1);
    return flag;
}

/* The text, which the table keeps, or NULL. */
const char *lib_page_text(lua_State *L, const char *key)
{
    const char *text;

    page_get(L, key);
    text = lib_arg_text(L, -1, NULL);
    lua_pop(L, 1);
    return text;
}

static int8_t page_mode(lua_State *L, const char *key)
{
    const char *mode = lib_page_text(L, key);

    if (mode != NULL && strcmp(mode, "local") == 0)
        return 1;
    return mode != NULL && strcmp(mode, "remote") == 0 ? 0 : -1;
}

static void want_host(struct flow_choice *want, const char *text)
{
    if (text == NULL)
        return;
    want->has_host = true;
    want->has_no_host = !lib_parse_host(text, &want->host, &want->host_vlan) ||
                        mask_hides(lib_mask(want->access), &want->host);
}

void flow_choice_read(lua_State *L, const struct iface *iface,
                      struct flow_choice *want)
{
    const char *country;

    want->iface = iface;
    want->access = lib_access_of(L);
    lua_settop(L, 2);
    if (!lua_istable(L, 2)) {
        lua_newtable(L);
        lua_replace(L, 2);
    }
    country = lib_page_text(L, "countryFilter");
    want_host(want, lib_arg_text(L, 1, NULL));
    want->app = lib_page_whole(L, "l7protoFilter", -1);
    want->port = lib_page_whole(L, "portFilter", 0);
    want->vlan = lib_page_whole(L, "vlanIdFilter", -1);
    want->version = lib_page_whole(L, "ipVersion", 0);
    want->network = lib_page_whole(L, "LocalNetworkFilter", INT64_MIN);
    want->has_network = want->network != INT64_MIN;
    want->local[WAY_SENT] = page_mode(L, "clientMode");
    want->local[WAY_RCVD] = page_mode(L, "serverMode");
    want->unicast = lib_page_flag(L, "unicast");
    want->one_way = lib_page_flag(L, "unidirectional");
    want->alerted = lib_page_flag(L, "alertedFlows");
    if (country != NULL && *country != '\0')
        snprintf(want->country, sizeof(want->country), "%.3s", country);
    if (!want->has_host)
        want_host(want, lib_page_text(L, "hostFilter"));
}
