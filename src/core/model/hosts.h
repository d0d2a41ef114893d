/* hosts: the hosts of an interface, bounded. SPDX-License-Identifier: MIT */
#ifndef KELVIN_MODEL_HOSTS_H
#define KELVIN_MODEL_HOSTS_H

#include "core/model/devices.h"
#include "core/model/groups.h"
#include "core/model/host.h"
#include "core/model/locate.h"
#include "core/model/network.h"
#include "core/util/hash.h"
#include "core/util/table.h"

#define HOSTS_NEVER UINT32_MAX /* idle time of hosts that stay */

struct hosts_config {
    uint32_t cap;
    /* A host without flows is forgotten so long after its last packet, or
     * never; a little later when others before it in line were so long. */
    uint32_t local_idle_s;
    uint32_t remote_idle_s;
    /* Called before a host is forgotten; may be NULL. */
    void (*gone)(void *arg, const struct host *host);
    void *arg;
    const struct networks *networks; /* not owned */
    const struct locator *locator;   /* not owned, may be NULL */
};

struct hosts {
    struct pool pool; /* of struct host */
    struct table table;
    /* Hosts without active flows, the idlest first: remote, local. */
    struct list idle[2];
    struct hash_key key;
    struct hosts_config config;
    struct groups *groups;   /* not owned */
    struct devices *devices; /* not owned; NULL: without */
    uint32_t local;          /* local hosts alive */
    uint64_t evicted;        /* thrown out for room */
    uint64_t expired;        /* forgotten for idleness */
    uint64_t refused;        /* not entered: every host had active flows */
};

void hosts_init(struct hosts *hosts, const struct hosts_config *config,
                const struct hash_key *key, struct groups *groups,
                struct devices *devices);
void hosts_clear(struct hosts *hosts);

/* Where a host is in the table. */
uint32_t hosts_hash(const struct hosts *hosts, const struct addr *addr,
                    uint16_t vlan);

/* The index of the host, or POOL_NONE. */
uint32_t hosts_find(const struct hosts *hosts, const struct addr *addr,
                    uint16_t vlan);

/* Ask the processor for where hosts_get() will look; and, later, for what it
 * will find. */
void hosts_prefetch_slot(const struct hosts *hosts, const struct addr *addr,
                         uint16_t vlan);
void hosts_prefetch(const struct hosts *hosts, const struct addr *addr,
                    uint16_t vlan);

/* The same for the front half of a host, or of nobody. */
static inline void hosts_prefetch_front(const struct hosts *hosts,
                                        uint32_t index)
{
    const unsigned char *host = pool_at(&hosts->pool, index);

    __builtin_prefetch(host);
    __builtin_prefetch(host + POOL_CACHE_LINE);
}

/* The index of the host, made if need be; the idlest one goes when there is
 * no room. POOL_NONE when nobody is idle. A host without flows may go with
 * the next call. */
uint32_t hosts_get(struct hosts *hosts, const struct addr *addr, uint16_t vlan,
                   uint32_t now_s);

static inline struct host *hosts_at(const struct hosts *hosts, uint32_t index)
{
    return pool_at(&hosts->pool, index);
}

/* A flow of the host begins or ends; a host without any may be evicted. */
void hosts_flow_begins(struct hosts *hosts, uint32_t index, enum way way);
void hosts_flow_ends(struct hosts *hosts, uint32_t index, enum way way);

/* The host spoke from this MAC (an index of `devices`, or POOL_NONE): keep
 * it, and let the one before go. */
void hosts_set_device(struct hosts *hosts, uint32_t index, uint32_t device);

/* The host's operating system became known (short name, see os.h). The last
 * one counts. */
void hosts_learn_os(struct hosts *hosts, uint32_t index, const char *os);

/* Forget hosts that were idle too long, at most `budget` of them.
 * @return how many it forgot. */
uint32_t hosts_expire(struct hosts *hosts, uint32_t now_s, uint32_t budget);

/* Visit all, in no order: the next index, or POOL_NONE after the last.
 * `*cursor` starts at 0; entries may be changed meanwhile, not removed. */
uint32_t hosts_next(const struct hosts *hosts, uint32_t *cursor);

#endif
