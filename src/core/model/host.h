/* host: one address and what it does. SPDX-License-Identifier: MIT */
#ifndef KELVIN_MODEL_HOST_H
#define KELVIN_MODEL_HOST_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/model/counters.h"
#include "core/packet/addr.h"
#include "core/util/list.h"

/* Where a name comes from, the best last: a higher one replaces a lower. */
enum name_source {
    NAME_NONE,
    NAME_PTR,    /* a name server, asked for the address */
    NAME_SERVER, /* TLS SNI or HTTP Host of flows to it */
    NAME_DNS,    /* an answer with its address */
    NAME_SSDP,
    NAME_NETBIOS,
    NAME_LLMNR,
    NAME_MDNS,
    NAME_DHCP,
    NAME_SOURCES
};

enum host_flag {
    HOST_LOCAL = 0x01,
    HOST_SYSTEM = 0x02, /* an address of this machine */
    HOST_BROADCAST = 0x04,
    HOST_MULTICAST = 0x08,
    HOST_PRIVATE = 0x10,
    HOST_V6 = 0x20,
    HOST_ASKED = 0x40, /* what an earlier run kept of it is asked for */
    HOST_KEPT = 0x80,  /* its numbers include that, if there was any */
};

/* One application's share of a host's traffic. */
struct host_app {
    uint16_t app; /* nDPI id; 0 is what is not recognised */
    uint32_t flows;
    uint32_t last_s;     /* epoch second of the last activity */
    uint32_t duration_s; /* seconds with activity */
    struct traffic traffic[WAYS];
};

struct dns_counters {
    uint32_t queries;
    uint32_t replies_ok;
    uint32_t replies_error;
    uint32_t by_type[10]; /* a ns cname soa ptr mx txt aaaa any other */
};

struct http_counters {
    uint32_t requests;
    uint32_t by_method[5]; /* get post head put other */
    uint32_t responses;
    uint32_t by_class[5]; /* 1xx .. 5xx */
};

/* ICMP packets of one type and code. */
struct icmp_counter {
    uint8_t type;
    uint8_t code;
    uint32_t packets[WAYS];
};

#define CONTACT_REGISTERS 64
#define ICMP_SLOTS 16
#define MINUTES_PER_DAY 1440

/* What is kept of local hosts only, from their first packet on. Counters are
 * made when there is something to count: read them with host_dns() .. */
struct host_local {
    struct dns_counters *dns[WAYS];   /* sent, received */
    struct http_counters *http[WAYS]; /* as client (sent), as server */
    struct icmp_counter *icmp;        /* `icmp_count` of them */
    /* Distinct peers as client and as server: HyperLogLog registers (Flajolet
     * et al. 2007), standard error 13 %. */
    uint8_t contacts[WAYS][CONTACT_REGISTERS];
    /* One bit a minute of the UTC day `day` (days of the epoch). */
    uint32_t day;
    uint8_t active_minutes[MINUTES_PER_DAY / 8];
    uint8_t icmp_count;
    uint64_t restored_bytes[WAYS]; /* of its traffic, those of earlier runs */
};

/* Both directions of one L4 group. */
struct host_l4 {
    struct traffic traffic[WAYS];
};

/*
 * What the first packet of a flow meets is in front, for hosts_prefetch().
 * Most hosts never have 256 packets of one class or a second L4 group: what
 * goes beyond is elsewhere, see host_class() and host_l4().
 */
struct host {
    struct addr addr;
    uint16_t vlan;
    uint8_t flags; /* enum host_flag */
    uint8_t name_source;
    uint16_t device; /* last MAC seen, or POOL_NONE */
    uint16_t apps_count;
    struct list_link idle; /* on the idle list while it has no active flow */
    uint32_t active_flows[WAYS]; /* as client, as server */
    struct host_local *local;    /* NULL for remote hosts */
    struct host_app *apps;       /* sorted by application id */
    uint32_t last_s;             /* epoch seconds */
    uint32_t first_s;
    /* 64 bytes */
    uint64_t total_flows[WAYS];
    uint16_t as_group; /* groups, or POOL_NONE */
    uint16_t country_group;
    uint16_t vlan_group;
    uint16_t os_group;
    int16_t network; /* index of the local network, -1 */
    uint16_t apps_size;
    uint8_t l4_groups; /* those it has: one bit each, by enum l4_group */
    bool has_location;
    float latitude;
    float longitude;
    uint32_t trouble[TCP_TROUBLE_KINDS]; /* enum tcp_trouble, of what it sent */
    uint32_t low_goodput_flows[WAYS];    /* ended ones */
    uint8_t classes[WAYS][PACKET_CLASSES];    /* modulo 256 */
    struct host_l4 l4;                        /* the first of its groups */
    struct host_l4 *l4_more;                  /* its others, in order */
    uint32_t (*classes_more)[PACKET_CLASSES]; /* by way, in 256s; or NULL */
    struct rate rate;
    char *name; /* NULL: none learned */
    char *city; /* NULL: unknown */
};

static_assert(sizeof(struct host) <= 256, "a host stays small");
static_assert(sizeof(struct host) % 64 == 0, "hosts share no cache line");

/* Free what a host has beside itself. */
void host_clear(struct host *host);

/* Add one flow's delta. `way` says how the host sees the flow: WAY_SENT for
 * its client, WAY_RCVD for its server. One without packets is no sign of
 * life. */
void host_add(struct host *host, const struct delta *delta, enum way way);

/* Traffic of one L4 group, and more of it from another time. */
struct traffic host_l4(const struct host *host, enum l4_group group,
                       enum way way);
void host_add_l4(struct host *host, enum l4_group group, enum way way,
                 const struct traffic *more);

/* Packets of one class, and more of them from another time. */
static inline uint32_t host_class(const struct host *host, enum way way,
                                  enum packet_class class)
{
    return host->classes[way][class] +
           (host->classes_more != NULL ? host->classes_more[way][class] << 8
                                       : 0);
}
void host_add_class(struct host *host, enum way way, enum packet_class class,
                    uint32_t more);

/* Messages that the host sent and received; all zero where there are none. */
const struct dns_counters *host_dns(const struct host *host, enum way way);

/* The same of HTTP: as client (WAY_SENT) and as server. */
const struct http_counters *host_http(const struct host *host, enum way way);

/* To count them: made if need be, NULL for remote hosts. */
struct dns_counters *host_count_dns(struct host *host, enum way way);
struct http_counters *host_count_http(struct host *host, enum way way);

/* Totals over the L4 groups. */
struct traffic host_traffic(const struct host *host, enum way way);

/* The counters of an application, or NULL. Valid until the next delta. */
const struct host_app *host_app(const struct host *host, uint16_t app);

/* Its traffic. That of flows which are not decided yet is of 0, unknown, until
 * they are: applications add up to the host's traffic. */
struct traffic host_app_traffic(const struct host *host, uint16_t app,
                                enum way way);

/* The same in bytes of both ways. */
static inline uint64_t host_app_bytes(const struct host *host, uint16_t app)
{
    return host_app_traffic(host, app, WAY_SENT).bytes +
           host_app_traffic(host, app, WAY_RCVD).bytes;
}

/* Add to the counters of an application what another time counted. */
void host_add_app(struct host *host, const struct host_app *more);

/* Take a name if its source is not worse than the one known; NULL and "" are
 * none. Keeps clean UTF-8 of at most 127 bytes. */
void host_learn_name(struct host *host, enum name_source source,
                     const char *name);

/* The best name, or the address as text. @return `text` or the name. */
const char *host_label(const struct host *host, char text[ADDR_TEXT_SIZE]);

/* A peer was contacted; `peer_hash` is any good hash of its address. No
 * effect on remote hosts. */
void host_contact(struct host *host, enum way way, uint64_t peer_hash);

/* Estimated number of distinct peers, 0 for remote hosts. */
uint32_t host_contacts(const struct host *host, enum way way);

/* Add the peers of another time: CONTACT_REGISTERS registers. */
void host_contacts_merge(struct host_local *local, enum way way,
                         const uint8_t *registers);

/* Count ICMP packets of one type and code; what comes after ICMP_SLOTS - 1 of
 * them counts as 255, 255. No effect on remote hosts. */
void host_icmp(struct host *host, enum way way, uint8_t type, uint8_t code,
               uint32_t packets);

/* The types and codes that were counted: number `i`, or NULL behind the
 * last. */
const struct icmp_counter *host_icmp_at(const struct host *host, unsigned i);

/* Ask the processor for what host_contact() needs beside the host itself. */
static inline void host_prefetch_contacts(const struct host *host)
{
    if (host->local == NULL)
        return;
    __builtin_prefetch(host->local->contacts[WAY_SENT]);
    __builtin_prefetch(host->local->contacts[WAY_RCVD]);
}

/* The same for what host_count_dns() and host_count_http() look up. */
static inline void host_prefetch_local(const struct host *host)
{
    __builtin_prefetch(host->local);
}

/* The same for host_add() and host_active(). */
void host_prefetch(const struct host *host, uint32_t now_s);

/* Mark the UTC minute of `now_s` as active, forgetting another day's. No
 * effect on remote hosts. */
void host_active(struct host *host, uint32_t now_s);

#endif
