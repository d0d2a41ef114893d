/* lib_interface_grouped: hosts summed up by a trait. SPDX-License-Identifier:
 * MIT
 */
#include <lua5.3/lauxlib.h>
#include <stdio.h>
#include <string.h>

#include "core/model/network.h"
#include "lua/lib_interface.h"

#define ROWS_AT 2 /* places on the stack */
#define SLOTS_AT 3
#define SUMS_AT 4
#define SUMS_AT_FIRST 64

/* One group: what its hosts have together. */
struct sum {
    uint32_t slot; /* which trait, see `slot_of` */
    uint32_t life; /* of the group or device behind the slot */
    int64_t id;
    char text[64]; /* the id where it is a text */
    char name[64];
    uint64_t bytes[WAYS];
    uint32_t first_s;
    uint32_t last_s;
    uint32_t hosts;
    double bytes_per_s;
    double packets_per_s;
    double change;
    char country[4];
};

/* A trait that hosts may be grouped by. A slot is a small number that stands
 * for its value, 0 for "unknown", "remote" or "untagged". */
struct trait {
    const char *name;
    uint32_t (*slot_of)(const struct host *host);
    /* Most slots there can be. */
    uint32_t (*slots)(const struct iface *iface);
    const struct pool *(*pool)(const struct iface *iface); /* NULL: none */
    void (*describe)(const struct iface *iface, struct sum *sum);
    bool has_text_id;
};

struct grouping {
    struct slices slices;
    const struct iface *iface;
    const struct lib_access *access;
    const struct trait *trait;
    struct host_choice filter;
    struct walk walk;
    bool is_walked;
    uint32_t *sum_of; /* by slot: place of its sum, plus one */
    struct sum *sums;
    uint32_t count;
    uint32_t size;
    uint32_t pushed;
};

/* Traits */

static const struct pool *groups_pool(const struct iface *iface)
{
    return &iface->groups.pool;
}

static const struct pool *devices_pool(const struct iface *iface)
{
    return &iface->devices.pool;
}

static uint32_t group_slots(const struct iface *iface)
{
    return iface->groups.pool.cap + 1;
}

static uint32_t device_slots(const struct iface *iface)
{
    return iface->devices.pool.cap + 1;
}

static uint32_t vlan_slots(const struct iface *iface)
{
    (void)iface;
    return UINT16_MAX + 1;
}

static uint32_t network_slots(const struct iface *iface)
{
    (void)iface;
    return NETWORKS_MAX + 1;
}

static uint32_t as_slot(const struct host *host)
{
    return host->as_group;
}

static uint32_t country_slot(const struct host *host)
{
    return host->country_group;
}

static uint32_t os_slot(const struct host *host)
{
    return host->os_group;
}

static uint32_t device_slot(const struct host *host)
{
    return host->device;
}

static uint32_t vlan_slot(const struct host *host)
{
    return host->vlan;
}

static uint32_t network_slot(const struct host *host)
{
    return (uint32_t)(host->network + 1);
}

static void describe_as(const struct iface *iface, struct sum *sum)
{
    if (sum->slot == POOL_NONE) {
        snprintf(sum->name, sizeof(sum->name), "Unknown ASN");
        return;
    }
    sum->id = groups_at(&iface->groups, sum->slot)->id;
    snprintf(sum->name, sizeof(sum->name), "%s",
             groups_at(&iface->groups, sum->slot)->name);
}

static void describe_text(const struct iface *iface, struct sum *sum,
                          const char *unknown)
{
    const char *name = sum->slot != POOL_NONE
                           ? groups_at(&iface->groups, sum->slot)->name
                           : unknown;

    snprintf(sum->name, sizeof(sum->name), "%s", name);
    snprintf(sum->text, sizeof(sum->text), "%s", name);
}

static void describe_country(const struct iface *iface, struct sum *sum)
{
    describe_text(iface, sum, "Unknown Country");
}

static void describe_os(const struct iface *iface, struct sum *sum)
{
    describe_text(iface, sum, "Unknown OS");
}

static void describe_device(const struct iface *iface, struct sum *sum)
{
    static const uint8_t none[MAC_SIZE];

    mac_format(sum->slot != POOL_NONE
                   ? devices_at(&iface->devices, sum->slot)->mac
                   : none,
               sum->text);
    snprintf(sum->name, sizeof(sum->name), "%s", sum->text);
}

static void describe_vlan(const struct iface *iface, struct sum *sum)
{
    (void)iface;
    sum->id = sum->slot;
    snprintf(sum->name, sizeof(sum->name), "%u", sum->slot);
}

static void describe_network(const struct iface *iface, struct sum *sum)
{
    sum->id = (int64_t)sum->slot - 1;
    snprintf(sum->name, sizeof(sum->name), "%s",
             sum->id >= 0 ? network_text(engine_config(iface->engine)->networks,
                                         (int)sum->id)
                          : "Remote Networks");
}

static const struct trait *trait_of(const char *name)
{
    static const struct trait traits[] = {
        {"column_asn", as_slot, group_slots, groups_pool, describe_as, false},
        {"column_vlan", vlan_slot, vlan_slots, NULL, describe_vlan, false},
        {"column_local_network", network_slot, network_slots, NULL,
         describe_network, false},
        {"column_local_network_id", network_slot, network_slots, NULL,
         describe_network, false},
        {"column_mac", device_slot, device_slots, devices_pool, describe_device,
         true},
        {"column_country", country_slot, group_slots, groups_pool,
         describe_country, true},
        {"column_os", os_slot, group_slots, groups_pool, describe_os, true},
    };

    for (size_t i = 0; i < sizeof(traits) / sizeof(traits[0]); i++)
        if (strcmp(traits[i].name, name) == 0)
            return &traits[i];
    return NULL;
}

/* Summing up */

static void grow(lua_State *L, struct grouping *grouping)
{
    uint32_t size = grouping->size == 0 ? SUMS_AT_FIRST : grouping->size * 2;
    struct sum *sums = lua_newuserdata(L, size * sizeof(*sums));

    if (grouping->count != 0)
        memcpy(sums, grouping->sums, grouping->count * sizeof(*sums));
    lua_replace(L, SUMS_AT);
    grouping->sums = sums;
    grouping->size = size;
}

/* The sum of a host's group, made if need be. A slot that was given to another
 * value since it was seen begins a new one. */
static struct sum *sum_of(lua_State *L, struct grouping *grouping,
                          const struct host *host)
{
    const struct trait *trait = grouping->trait;
    uint32_t slot = trait->slot_of(host);
    uint32_t place = grouping->sum_of[slot];
    uint32_t life = 0;
    struct sum *sum;

    if (trait->pool != NULL)
        life = pool_life(trait->pool(grouping->iface), slot);
    if (place != 0 && grouping->sums[place - 1].life == life)
        return &grouping->sums[place - 1];
    if (grouping->count == grouping->size)
        grow(L, grouping);
    sum = &grouping->sums[grouping->count++];
    memset(sum, 0, sizeof(*sum));
    sum->slot = slot;
    sum->life = life;
    sum->first_s = host->first_s;
    trait->describe(grouping->iface, sum);
    grouping->sum_of[slot] = grouping->count;
    return sum;
}

static void add_host(lua_State *L, void *state, uint32_t index)
{
    struct grouping *grouping = state;
    const struct iface *iface = grouping->iface;
    const struct host *host = hosts_at(&iface->hosts, index);
    uint32_t now_s = iface_now_s(iface);
    struct sum *sum;
    double now;

    if (!lib_host_matches(&grouping->filter, iface, grouping->access, host))
        return;
    sum = sum_of(L, grouping, host);
    sum->hosts++;
    for (enum way way = 0; way < WAYS; way++)
        sum->bytes[way] += host_traffic(host, way).bytes;
    if (host->first_s < sum->first_s)
        sum->first_s = host->first_s;
    if (host->last_s > sum->last_s)
        sum->last_s = host->last_s;
    now = (double)rate_bytes_per_s(&host->rate, now_s);
    sum->bytes_per_s += now;
    sum->packets_per_s += (double)rate_packets_per_s(&host->rate, now_s);
    sum->change += now - (double)rate_before_bytes_per_s(&host->rate, now_s);
    if (host->country_group != POOL_NONE)
        snprintf(sum->country, sizeof(sum->country), "%.3s",
                 groups_at(&iface->groups, host->country_group)->name);
}

static void push_sum(lua_State *L, const struct grouping *grouping,
                     const struct sum *sum)
{
    lua_createtable(L, 0, 11);
    push_text(L, "name", sum->name);
    if (grouping->trait->has_text_id)
        push_text(L, "id", sum->text);
    else
        push_number(L, "id", (uint64_t)sum->id);
    push_number(L, "bytes.sent", sum->bytes[WAY_SENT]);
    push_number(L, "bytes.rcvd", sum->bytes[WAY_RCVD]);
    push_number(L, "seen.first", sum->first_s);
    push_number(L, "seen.last", sum->last_s);
    push_number(L, "num_hosts", sum->hosts);
    push_decimal(L, "throughput_bps", sum->bytes_per_s);
    push_decimal(L, "throughput_pps", sum->packets_per_s);
    push_decimal(L, "throughput_trend_bps_diff", sum->change);
    push_text(L, "country", sum->country);
}

static bool grouping_step(lua_State *L, void *state)
{
    struct grouping *grouping = state;

    if (!grouping->is_walked) {
        grouping->is_walked =
            !walk_slice(L, &grouping->walk, add_host, grouping);
        return true;
    }
    for (unsigned i = 0; i < SLICE_ROWS; i++) {
        if (grouping->pushed == grouping->count)
            return false;
        push_sum(L, grouping, &grouping->sums[grouping->pushed++]);
        lua_rawseti(L, ROWS_AT, grouping->pushed);
    }
    return true;
}

static int grouping_finish(lua_State *L, void *state)
{
    (void)state;
    lua_pushvalue(L, ROWS_AT);
    return 1;
}

/* getGroupedHosts(details, by, country, os, vlan, asn, network, hostsOnly,
 * pool, version). There are no entries but hosts, and no details. */
static int get_grouped(lua_State *L)
{
    struct grouping start = {
        .iface = lib_iface_of(L),
        .access = lib_access_of(L),
        .trait = trait_of(lib_arg_text(L, 2, "column_ip")),
    };
    struct grouping *grouping;
    size_t size;

    if (start.iface == NULL)
        return lib_fail(L, "no interface");
    if (start.trait == NULL)
        return lib_fail(L, "hosts cannot be grouped by this column");
    snprintf(start.filter.country, sizeof(start.filter.country), "%.3s",
             lib_arg_text(L, 3, ""));
    snprintf(start.filter.os, sizeof(start.filter.os), "%s",
             lib_arg_text(L, 4, ""));
    start.filter.vlan = lib_arg_whole(L, 5, 0);
    start.filter.asn = lib_arg_whole(L, 6, -1);
    start.filter.network = lib_arg_whole(L, 7, -2);
    start.filter.version = lib_arg_whole(L, 10, 0);
    start.filter.app = -1;
    start.walk.pool = &start.iface->hosts.pool;
    start.slices.step = grouping_step;
    start.slices.finish = grouping_finish;
    grouping = slices_new(L, sizeof(*grouping), 0);
    *grouping = start;
    lua_newtable(L);
    size = start.trait->slots(start.iface) * sizeof(*grouping->sum_of);
    grouping->sum_of = lua_newuserdata(L, size);
    memset(grouping->sum_of, 0, size);
    lua_pushnil(L); /* at SUMS_AT, see grow() */
    return slices_run(L);
}

void lib_interface_add_grouped(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"getGroupedHosts", get_grouped},
        {NULL, NULL},
    };

    luaL_setfuncs(L, functions, 0);
}
