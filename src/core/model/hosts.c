/* hosts: the hosts of an interface, bounded. SPDX-License-Identifier: MIT */
/*
 * A host is entered when the first of its flows is rolled up. While it has
 * active flows it stays; then it waits on an idle list, to be woken, expired
 * or thrown out for room.
 */
#include "core/model/hosts.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/util/mem.h"

/* Most hosts that one look takes back to now, so that it stays short. */
#define SET_BACK_LOOKS 16384

/* Operating systems are named by others (os.h); the group's id is a hash. */
static uint32_t os_id(const char *os)
{
    uint32_t id = 2166136261u; /* FNV-1a: names are ours, nobody aims them */

    for (; *os != '\0'; os++)
        id = (id ^ (unsigned char)*os) * 16777619u;
    return id;
}

void hosts_init(struct hosts *hosts, const struct hosts_config *config,
                const struct hash_key *key, struct groups *groups,
                struct devices *devices)
{
    *hosts = (struct hosts){
        .key = *key, .config = *config, .groups = groups, .devices = devices};
    pool_init(&hosts->pool, config->cap, sizeof(struct host));
    pool_track(&hosts->pool);
    table_init(&hosts->table, config->cap);
    for (unsigned i = 0; i < 2; i++)
        list_init(&hosts->idle[i], &hosts->pool, offsetof(struct host, idle));
}

void hosts_clear(struct hosts *hosts)
{
    uint32_t cursor = 0;
    uint32_t index;

    while ((index = hosts_next(hosts, &cursor)) != POOL_NONE)
        host_clear(hosts_at(hosts, index));
    table_clear(&hosts->table);
    pool_clear(&hosts->pool);
}

uint32_t hosts_hash(const struct hosts *hosts, const struct addr *addr,
                    uint16_t vlan)
{
    const uint64_t *secret = hosts->key.word;

    return hash_fold(
        hash_pair(addr->words[0], addr->words[1], secret[0], secret[1]) +
            hash_pair(vlan, 0, secret[2], secret[3]),
        secret[4]);
}

static uint32_t find(const struct hosts *hosts, uint32_t hash,
                     const struct addr *addr, uint16_t vlan)
{
    struct table_cursor at = table_find(&hosts->table, hash);
    uint32_t index;

    while ((index = table_next(&hosts->table, &at)) != POOL_NONE) {
        const struct host *host = hosts_at(hosts, index);

        if (host->vlan == vlan && addr_equal(&host->addr, addr))
            return index;
    }
    return POOL_NONE;
}

uint32_t hosts_find(const struct hosts *hosts, const struct addr *addr,
                    uint16_t vlan)
{
    return find(hosts, hosts_hash(hosts, addr, vlan), addr, vlan);
}

void hosts_prefetch_slot(const struct hosts *hosts, const struct addr *addr,
                         uint16_t vlan)
{
    table_prefetch(&hosts->table, hosts_hash(hosts, addr, vlan));
}

/* The hash alone is right nearly always. */
void hosts_prefetch(const struct hosts *hosts, const struct addr *addr,
                    uint16_t vlan)
{
    struct table_cursor at =
        table_find(&hosts->table, hosts_hash(hosts, addr, vlan));

    hosts_prefetch_front(hosts, table_next(&hosts->table, &at));
}

static struct list *idle_list(struct hosts *hosts, const struct host *host)
{
    return &hosts->idle[(host->flags & HOST_LOCAL) != 0];
}

static void forget(struct hosts *hosts, uint32_t index)
{
    struct host *host = hosts_at(hosts, index);

    if (hosts->config.gone != NULL)
        hosts->config.gone(hosts->config.arg, host);
    hosts_set_device(hosts, index, POOL_NONE);
    groups_host_leaves(hosts->groups, host->as_group);
    groups_host_leaves(hosts->groups, host->country_group);
    groups_host_leaves(hosts->groups, host->vlan_group);
    groups_host_leaves(hosts->groups, host->os_group);
    if ((host->flags & HOST_LOCAL) != 0)
        hosts->local--;
    list_remove(idle_list(hosts, host), index);
    table_remove(&hosts->table, hosts_hash(hosts, &host->addr, host->vlan),
                 index);
    host_clear(host);
    pool_give(&hosts->pool, index);
}

/* The idlest host of all; a remote one when they are equally old. */
static void evict(struct hosts *hosts)
{
    uint32_t remote = hosts->idle[0].head;
    uint32_t local = hosts->idle[1].head;

    if (remote == POOL_NONE && local == POOL_NONE)
        return;
    hosts->evicted++;
    if (local == POOL_NONE ||
        (remote != POOL_NONE &&
         hosts_at(hosts, remote)->last_s <= hosts_at(hosts, local)->last_s))
        forget(hosts, remote);
    else
        forget(hosts, local);
}

static uint16_t join(struct hosts *hosts, enum group_kind kind, uint32_t id,
                     const char *name, uint32_t now_s)
{
    uint32_t group = groups_get(hosts->groups, kind, id, name, now_s);

    groups_host_joins(hosts->groups, group);
    return (uint16_t)group;
}

/* Where it is and in whose network. */
static void place(struct hosts *hosts, struct host *host, uint32_t now_s)
{
    const struct locator *locator = hosts->config.locator;
    struct geo_info info;

    if (locator == NULL || locator->locate == NULL ||
        !locator->locate(locator->arg, &host->addr, &info))
        return;
    if (info.asn != 0)
        host->as_group = join(hosts, GROUP_AS, info.asn, info.as_name, now_s);
    if (info.country[0] != '\0') {
        host->country_group =
            join(hosts, GROUP_COUNTRY,
                 (uint32_t)(unsigned char)info.country[0] << 8 |
                     (unsigned char)info.country[1],
                 info.country, now_s);
        if (host->country_group != POOL_NONE)
            memcpy(groups_at(hosts->groups, host->country_group)->continent,
                   info.continent, sizeof(info.continent));
    }
    host->has_location = info.has_location;
    host->latitude = (float)info.latitude;
    host->longitude = (float)info.longitude;
    if (info.city[0] != '\0')
        host->city = mem_strdup(info.city);
}

/* All that its address alone tells of a new host. */
static void describe(struct hosts *hosts, struct host *host, uint32_t now_s)
{
    const struct networks *networks = hosts->config.networks;
    int network = network_find(networks, &host->addr);

    host->network = (int16_t)network;
    if (network >= 0) {
        host->flags |= HOST_LOCAL;
        host->local = mem_calloc(1, sizeof(*host->local));
        hosts->local++;
    }
    if (network_is_own(networks, &host->addr))
        host->flags |= HOST_SYSTEM;
    if (network_is_broadcast(networks, &host->addr))
        host->flags |= HOST_BROADCAST;
    if (addr_is_multicast(&host->addr))
        host->flags |= HOST_MULTICAST;
    if (addr_is_private(&host->addr))
        host->flags |= HOST_PRIVATE;
    if (!addr_is_v4(&host->addr))
        host->flags |= HOST_V6;
    if (host->vlan != 0) {
        char name[sizeof("65535")];

        snprintf(name, sizeof(name), "%u", host->vlan);
        host->vlan_group = join(hosts, GROUP_VLAN, host->vlan, name, now_s);
    }
    place(hosts, host, now_s);
}

uint32_t hosts_get(struct hosts *hosts, const struct addr *addr, uint16_t vlan,
                   uint32_t now_s)
{
    uint32_t hash = hosts_hash(hosts, addr, vlan);
    uint32_t index = find(hosts, hash, addr, vlan);
    struct host *host;

    if (index != POOL_NONE)
        return index;
    if (hosts->pool.count == hosts->pool.cap)
        evict(hosts);
    index = pool_take(&hosts->pool);
    if (index == POOL_NONE) {
        hosts->refused++;
        return POOL_NONE;
    }
    host = hosts_at(hosts, index);
    host->addr = *addr;
    host->vlan = vlan;
    host->first_s = now_s;
    host->last_s = now_s;
    describe(hosts, host, now_s);
    table_insert(&hosts->table, hash, index);
    list_append(idle_list(hosts, host), index);
    return index;
}

static bool has_flows(const struct host *host)
{
    return (host->active_flows[0] | host->active_flows[1]) != 0;
}

void hosts_flow_begins(struct hosts *hosts, uint32_t index, enum way way)
{
    struct host *host = hosts_at(hosts, index);

    if (!has_flows(host))
        list_remove(idle_list(hosts, host), index);
    host->active_flows[way]++;
    host->total_flows[way]++;
}

void hosts_flow_ends(struct hosts *hosts, uint32_t index, enum way way)
{
    struct host *host = hosts_at(hosts, index);

    assert(host->active_flows[way] > 0);
    host->active_flows[way]--;
    if (!has_flows(host))
        list_append(idle_list(hosts, host), index);
}

void hosts_set_device(struct hosts *hosts, uint32_t index, uint32_t device)
{
    struct host *host = hosts_at(hosts, index);

    if (hosts->devices == NULL || host->device == device)
        return;
    if (host->device != POOL_NONE) {
        devices_at(hosts->devices, host->device)->hosts--;
        devices_release(hosts->devices, host->device);
    }
    host->device = (uint16_t)device;
    if (device == POOL_NONE)
        return;
    devices_hold(hosts->devices, device);
    devices_at(hosts->devices, device)->hosts++;
    devices_at(hosts->devices, device)->ip = host->addr;
}

void hosts_learn_os(struct hosts *hosts, uint32_t index, const char *os)
{
    struct host *host = hosts_at(hosts, index);
    uint32_t group =
        groups_get(hosts->groups, GROUP_OS, os_id(os), os, host->last_s);

    if (group == POOL_NONE || group == host->os_group)
        return;
    groups_host_joins(hosts->groups, group);
    groups_host_leaves(hosts->groups, host->os_group);
    host->os_group = (uint16_t)group;
}

/* The clock was set back: what went idle in times that are yet to come went
 * idle now. These are at the head, and none of them may wait for another. */
static void set_back(struct hosts *hosts, const struct list *idle,
                     uint32_t now_s)
{
    uint32_t index = idle->head;

    for (int i = 0; i < SET_BACK_LOOKS && index != POOL_NONE; i++) {
        struct host *host = hosts_at(hosts, index);

        if (host->last_s <= now_s)
            break;
        host->last_s = now_s;
        index = host->idle.next;
    }
}

static uint32_t expire_list(struct hosts *hosts, struct list *idle,
                            uint32_t now_s, uint32_t idle_s, uint32_t budget)
{
    uint32_t done = 0;

    while (done < budget && idle->head != POOL_NONE) {
        struct host *host = hosts_at(hosts, idle->head);

        if (host->last_s > now_s)
            set_back(hosts, idle, now_s);
        if (now_s - host->last_s < idle_s)
            break;
        forget(hosts, idle->head);
        hosts->expired++;
        done++;
    }
    return done;
}

uint32_t hosts_expire(struct hosts *hosts, uint32_t now_s, uint32_t budget)
{
    uint32_t done = expire_list(hosts, &hosts->idle[0], now_s,
                                hosts->config.remote_idle_s, budget);

    return done + expire_list(hosts, &hosts->idle[1], now_s,
                              hosts->config.local_idle_s, budget - done);
}

uint32_t hosts_next(const struct hosts *hosts, uint32_t *cursor)
{
    return table_each(&hosts->table, cursor);
}
