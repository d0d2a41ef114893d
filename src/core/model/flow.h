/* flow: who talks with whom. SPDX-License-Identifier: MIT */
#ifndef KELVIN_MODEL_FLOW_H
#define KELVIN_MODEL_FLOW_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/model/counters.h"
#include "core/packet/attrs.h"
#include "core/packet/tcp.h"
#include "core/util/list.h"

/* What makes two packets the same flow, in the direction of the client. */
struct flow_key {
    struct addr addr[2]; /* client, server */
    uint16_t port[2];
    uint16_t vlan;
    uint8_t l4_proto;
    uint8_t ip_version; /* 4 or 6 */
};

/* How long a flow may be silent, by what it is; --flow-timeout names. */
enum flow_class {
    FLOW_TCP_OPENING,
    FLOW_TCP_ESTABLISHED,
    FLOW_TCP_CLOSED,
    FLOW_UDP,
    FLOW_ICMP,
    FLOW_OTHER,
    FLOW_CLASSES
};

/* The Lua key flow.status of ntopng, in its order. */
enum flow_status {
    FLOW_STATUS_NORMAL,
    FLOW_STATUS_SLOW_TCP,    /* slow handshake or many retransmissions */
    FLOW_STATUS_SLOW_HEADER, /* slow application header */
    FLOW_STATUS_SLOW_DATA,   /* little data, then silence, still open */
    FLOW_STATUS_LOW_GOODPUT, /* headers outweigh data */
    FLOW_STATUS_SYN_PROBING, /* SYN without answer: scan suspect */
    FLOW_STATUS_TCP_ISSUES,  /* retransmissions, losses */
    FLOW_STATUS_TCP_PROBING, /* odd flags, no handshake */
    FLOW_STATUS_WHILE_ALERTED,
    FLOW_STATUS_REFUSED,     /* RST in answer to the SYN */
    FLOW_STATUS_CERTIFICATE, /* TLS certificate of another name */
    FLOW_STATUSES
};

enum flow_flag {
    FLOW_DPI_DONE = 0x01,
    FLOW_MARKED = 0x02, /* has a mark: flows_mark() */
    FLOW_APP_GUESSED = 0x04,
    FLOW_HANDED = 0x08,  /* rolled up at least once: hosts know it */
    FLOW_SWAPPED = 0x10, /* the first packet was the server's */
    FLOW_FRAGMENTS = 0x20,
    FLOW_HTTP = 0x40,       /* watch for response codes */
    FLOW_APP_HANDED = 0x80, /* hosts got its application's bytes */
    FLOW_TREND = 0x300,     /* enum trend, two bits: flow_trend() */
};

/*
 * What a flow brought since the last roll-up, a cache line. Flows that have
 * any are a few of all, so it is kept apart; `packets` and `classes` are
 * handed over before they overflow.
 */
struct flow_news {
    struct list_link link; /* on flows.touched or flows.rolling */
    uint32_t flow;
    float tick_bytes; /* handed over since the last tick's visit */
    uint32_t bytes[WAYS];
    uint32_t goodput[WAYS];
    uint16_t packets[WAYS];
    uint8_t classes[WAYS][PACKET_CLASSES];
};

static_assert(sizeof(struct flow_news) == 64, "news are a cache line");

/* A flow and how much it had, what is new included. */
struct flow {
    struct flow_key key; /* 40 */
    uint32_t news;       /* index of struct flow_news; POOL_NONE: none */
    uint32_t dpi;        /* state borrowed from dpi, or POOL_NONE */
    union {
        uint32_t tcp; /* index into the pool of struct tcp */
        struct {
            uint8_t type;
            uint8_t code;
        } icmp;
    };
    uint16_t app;
    uint16_t master;
    uint8_t category;
    uint8_t class;        /* enum flow_class */
    uint16_t flags;       /* enum flow_flag */
    uint32_t answered_us; /* first packet of the way that came second */

    struct traffic total[WAYS];
    int64_t last_us;
    uint32_t way_last_us[WAYS]; /* low 32 bits of epoch microseconds */
    uint64_t goodput[WAYS];

    uint32_t iat_min_us[WAYS]; /* inter-arrival time per way */
    uint32_t iat_max_us[WAYS];
    int64_t first_us;
    struct list_link idle;
    uint32_t host[WAYS]; /* client, server; POOL_NONE before roll-up */
    struct attrs *attrs;
    uint16_t device[WAYS]; /* client's and server's MAC; may be POOL_NONE */
    float bytes_per_s;     /* in `rated_tick`: use flow_bytes_per_s() */
    float peak_bytes_per_s;
    uint32_t rated_tick; /* the last one that had packets; 0: none yet */
};

static_assert(sizeof(struct flow) <= 192, "a flow is three cache lines");

static inline uint64_t flow_packets(const struct flow *flow, enum way way)
{
    return flow->total[way].packets;
}

static inline uint64_t flow_bytes(const struct flow *flow, enum way way)
{
    return flow->total[way].bytes;
}

static inline uint64_t flow_goodput(const struct flow *flow, enum way way)
{
    return flow->goodput[way];
}

/* Mean inter-arrival time of one way in microseconds; 0 below two packets.
 * Wrong for a way whose first packet came over 71 minutes after the flow's. */
uint32_t flow_iat_avg_us(const struct flow *flow, enum way way);

/* The tick with this number (1, 2 ..) is over, and that was the flow's
 * throughput in it. */
void flow_tick(struct flow *flow, uint32_t tick, float bytes_per_s);

/* Throughput in the tick `tick`, which is iface_rated_tick() of the flow's
 * interface: 0 when the flow had no packet in it. */
float flow_bytes_per_s(const struct flow *flow, uint32_t tick);

/* Whether that is more or less than in the tick before; unknown until a
 * flow's second tick. */
enum trend flow_trend(const struct flow *flow, uint32_t tick);

/* Goodput is below 40 % of the bytes (ntopng's mark), or there is none. */
bool flow_has_low_goodput(const struct flow *flow);

/* The state in one word; `tcp` is NULL for other protocols. */
enum flow_status flow_status(const struct flow *flow, const struct tcp *tcp,
                             int64_t now_us);

/* A status in words, for reports. */
const char *flow_status_name(enum flow_status status);

/* The class by protocol and TCP state; `tcp` is NULL for other protocols. */
enum flow_class flow_class_of(const struct flow *flow, const struct tcp *tcp);

#endif
