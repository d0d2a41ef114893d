/* lib_interface_stats: totals of an interface. SPDX-License-Identifier: MIT */
#include <lua5.3/lauxlib.h>
#include <stdlib.h>
#include <string.h>

#include "core/model/flow_view.h"
#include "core/model/network.h"
#include "lua/lib_interface.h"

/* A walk over the flows, which nobody counts by state, and for users who do
 * not see all over the hosts. */
struct count {
    struct slices slices;
    const struct iface *iface;
    const struct lib_access *access;
    struct walk flows;
    struct walk hosts;
    bool counts_hosts; /* else all count */
    uint64_t visible_flows;
    uint64_t visible_hosts;
    uint64_t visible_local;
    uint64_t states[TCP_STATE_RESET + 1];
};

static void count_flow(lua_State *L, void *state, uint32_t index)
{
    struct count *count = state;
    const struct flow *flow = flows_at(&count->iface->flows, index);
    const struct tcp *tcp = flows_tcp(&count->iface->flows, flow);

    (void)L;
    if (!lib_sees_flow(count->access, flow))
        return;
    count->visible_flows++;
    if (tcp != NULL)
        count->states[tcp->state]++;
}

static void count_host(lua_State *L, void *state, uint32_t index)
{
    struct count *count = state;
    const struct host *host = hosts_at(&count->iface->hosts, index);

    (void)L;
    if (!lib_sees_addr(count->access, &host->addr))
        return;
    count->visible_hosts++;
    count->visible_local += (host->flags & HOST_LOCAL) != 0;
}

static bool count_step(lua_State *L, void *state)
{
    struct count *count = state;

    if (walk_slice(L, &count->flows, count_flow, count))
        return true;
    return count->counts_hosts &&
           walk_slice(L, &count->hosts, count_host, count);
}

/* SYN, established, reset, FIN, under four names. */
static void push_states(lua_State *L, const struct count *count,
                        const char *const names[4])
{
    lua_createtable(L, 0, 4);
    push_number(L, names[0], count->states[TCP_STATE_OPENING]);
    push_number(L, names[1], count->states[TCP_STATE_ESTABLISHED]);
    push_number(L, names[2], count->states[TCP_STATE_RESET]);
    push_number(L, names[3],
                count->states[TCP_STATE_CLOSING] +
                    count->states[TCP_STATE_CLOSED]);
}

static int finish_stats(lua_State *L, void *state)
{
    static const char *const names[4] = {"numSynFlows", "numEstablishedFlows",
                                         "numResetFlows", "numFinFlows"};
    const struct count *count = state;
    struct field_source source = {
        .iface = count->iface,
    };

    push_fields(L, fields_iface(), &source);
    push_states(L, count, names);
    lua_setfield(L, -2, "tcpFlowStats");
    lua_getfield(L, -1, "stats");
    push_number(L, "flows", count->visible_flows);
    push_number(L, "hosts",
                count->counts_hosts ? count->visible_hosts
                                    : count->iface->hosts.pool.count);
    push_number(L, "http_hosts", lib_vhosts(count->iface, count->access));
    if (count->counts_hosts)
        push_number(L, "local_hosts", count->visible_local);
    lua_pop(L, 1);
    return 1;
}

static int finish_status(lua_State *L, void *state)
{
    static const char *const names[4] = {"SYN", "Established", "RST", "FIN"};

    push_states(L, state, names);
    return 1;
}

static int count_all(lua_State *L, int (*finish)(lua_State *L, void *state),
                     bool wants_hosts)
{
    const struct lib_access *access = lib_access_of(L);
    const struct iface *iface = lib_iface_of(L);
    struct count *count;

    if (iface == NULL)
        return lib_fail(L, "no interface");
    count = slices_new(L, sizeof(*count), 0);
    count->slices.step = count_step;
    count->slices.finish = finish;
    count->iface = iface;
    count->access = access;
    count->flows.pool = &iface->flows.pool;
    count->hosts.pool = &iface->hosts.pool;
    count->counts_hosts =
        wants_hosts && access != NULL && access->networks != NULL;
    return slices_run(L);
}

/* getStats() */
static int get_stats(lua_State *L)
{
    return count_all(L, finish_stats, true);
}

/* getFlowsStatus() */
static int get_flows_status(lua_State *L)
{
    return count_all(L, finish_status, false);
}

/* Whether all of a network, "10.0.0.0/8", lies in one that the user sees. */
static bool sees_network(const struct lib_access *access, const char *text)
{
    char ip[NETWORK_TEXT_SIZE];
    size_t len = strcspn(text, "/");
    struct addr first;
    struct addr last;
    unsigned prefix;
    int found;

    if (access == NULL || access->networks == NULL)
        return true;
    memcpy(ip, text, len);
    ip[len] = '\0';
    if (!addr_parse(ip, &first))
        return false;
    prefix = text[len] == '/' ? (unsigned)atoi(text + len + 1) : 128;
    if (addr_is_v4(&first) && text[len] == '/')
        prefix += 96;
    last = first;
    for (unsigned bit = prefix; bit < 128; bit++)
        last.bytes[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
    found = network_find(access->networks, &first);
    return found >= 0 && network_find(access->networks, &last) == found;
}

/* getNetworksStats() */
static int get_networks_stats(lua_State *L)
{
    const struct iface *iface = lib_iface_of(L);
    const struct networks *networks;

    if (iface == NULL)
        return lib_fail(L, "no interface");
    networks = engine_config(iface->engine)->networks;
    lua_newtable(L);
    for (int i = 0; i < network_count(networks); i++) {
        const struct iface_network *network = &iface->networks[i];
        const char *text = network_text(networks, i);

        if (network->ingress + network->egress + network->inner == 0 ||
            !sees_network(lib_access_of(L), text))
            continue;
        lua_createtable(L, 0, 4);
        push_number(L, "ingress", network->ingress);
        push_number(L, "egress", network->egress);
        push_number(L, "inner", network->inner);
        push_number(L, "network_id", (uint64_t)i);
        lua_setfield(L, -2, text);
    }
    return 1;
}

void lib_interface_add_stats(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"getStats", get_stats},
        {"getFlowsStatus", get_flows_status},
        {"getNetworksStats", get_networks_stats},
        {NULL, NULL},
    };

    luaL_setfuncs(L, functions, 0);
}
