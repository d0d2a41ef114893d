/* iface: all that one interface has seen. SPDX-License-Identifier: MIT */
#ifndef KELVIN_MODEL_IFACE_H
#define KELVIN_MODEL_IFACE_H

#include "core/model/counters.h"
#include "core/model/devices.h"
#include "core/model/flows.h"
#include "core/model/groups.h"
#include "core/model/hosts.h"
#include "core/model/namecache.h"
#include "core/model/observer.h"
#include "core/model/vhosts.h"
#include "core/packet/decode.h"
#include "core/packet/dpi.h"

struct alert_detect;
struct engine;
struct iface_past;

#define IFACE_RING_SECONDS 3600
/* A packet this much older than the clock sets it back: a jump to the future
 * (a broken time stamp) must not freeze time-outs for good. */
#define IFACE_BACKWARDS_US (3600 * INT64_C(1000000))

/* One second of an interface's clock. */
struct iface_second {
    uint32_t packets;
    uint32_t drops;
    uint64_t bytes;
};

struct iface_app {
    struct traffic traffic[WAYS]; /* sent by clients, by servers */
    uint64_t flows;               /* decided for this application */
    uint32_t active_flows;
    uint32_t last_s;
    uint32_t duration_s; /* seconds with activity */
};

/* Where packets go, from a local or remote end to another. */
enum locality {
    LOCAL_TO_LOCAL,
    LOCAL_TO_REMOTE,
    REMOTE_TO_LOCAL,
    REMOTE_TO_REMOTE,
    LOCALITIES
};

/* Losses that the capture tells of; monotonic. */
struct iface_drops {
    uint64_t kernel;    /* no room in the capture buffer */
    uint64_t interface; /* by the card or its driver */
};

struct iface_counters {
    struct traffic all;                  /* every frame */
    struct traffic l3[L3_KIND_COUNT];    /* by network layer */
    uint64_t malformed[MALFORMED_COUNT]; /* by reason */
    uint64_t fragments;
    uint64_t tunneled;
    uint64_t classes[PACKET_CLASSES];
    uint64_t arp_requests;
    uint64_t arp_replies;
    struct traffic locality[LOCALITIES];
    struct traffic breeds[DPI_BREEDS];
    uint64_t trouble[3]; /* enum tcp_trouble */
    uint64_t flows;      /* created */
    uint64_t flows_ended;
    uint64_t flows_evicted; /* ended for room */
    uint64_t flows_refused; /* not entered at all: no victim */
    uint64_t records;
    struct iface_drops drops;
};

/* What hosts of one local network (by its index) exchanged, in bytes. */
struct iface_network {
    uint64_t ingress; /* from others to it */
    uint64_t egress;  /* from it to others */
    uint64_t inner;   /* between two of its hosts */
};

/* Counters at the last reset, which only what is shown starts anew from. */
struct iface_reset {
    struct traffic all;
    struct iface_drops drops;
};

struct iface {
    struct engine *engine;
    char *name;
    uint16_t id;   /* in this run, from 0 on */
    uint32_t ifid; /* in every run, as far as it is known */
    bool has_ifid; /* that is it, for sure */
    bool is_live;
    bool is_over; /* a file that was read: no packet will come */
    bool has_vlans;
    bool has_macs;
    struct decoder *decoder;
    struct flows flows;
    struct hosts hosts;
    struct devices devices;
    struct groups groups;
    struct namecache names;
    struct vhosts vhosts;
    struct alert_detect *detect;
    struct iface_counters counters;
    struct rate rate;
    struct traffic ticked;          /* counters.all at the last tick */
    struct traffic rolled[WAYS];    /* of flows, up to the last roll-up */
    struct iface_app *apps;         /* DPI_APPS of them */
    struct iface_network *networks; /* NETWORKS_MAX of them */
    struct iface_past *past;        /* NULL: nothing is known of it */
    struct iface_reset reset;
    struct iface_second *ring; /* IFACE_RING_SECONDS, by second modulo */
    int64_t now_us;    /* the clock: the newest packet, or the wall when live */
    int64_t first_us;  /* first packet, 0 before it */
    int64_t packet_us; /* latest packet, 0 before the first */
    int64_t ticked_us; /* the last tick */
    int64_t halt_us;   /* of a file's clock; see iface_halt_at() */
    int64_t held_us;   /* the frame that is to come next */
    int64_t tick_interval_us; /* between the last two ticks */
    uint32_t tick;            /* number of the last one, from 1 on */
    bool is_ticking;          /* the last tick's work is not done */
};

/* Engine-internal: one interface's life. Use engine.h from outside. */
struct iface *iface_new(struct engine *engine, const char *name, uint16_t id,
                        bool is_live);
void iface_free(struct iface *iface);

/* Take in one frame; live interfaces leave the clock to iface_tick(). Does
 * what iface_catch_up() left, without a limit. */
void iface_frame(struct iface *iface, const struct frame *frame);

/* Bring a file's clock to the time of its next frame, whole seconds of which
 * are ticks: each takes what came before it and nothing else, so that results
 * do not depend on slices.
 * @return false: iface_work() has to be called before the frame may come, or
 * the clock is halted. */
bool iface_catch_up(struct iface *iface, int64_t when_us);

/*
 * Let a file's clock stand still at a whole second, once all that came before
 * it is counted, until another one is set: there frames are held back by
 * iface_catch_up(). IFACE_NEVER, as at first, lets it pass. 0 halts a clock
 * once it has begun, and so does setting it back.
 */
#define IFACE_NEVER INT64_MAX
static inline void iface_halt_at(struct iface *iface, int64_t when_us)
{
    iface->halt_us = when_us;
}

/* The clock stands still, and no work is left. */
static inline bool iface_is_halted(const struct iface *iface)
{
    return iface->first_us != 0 && !iface->is_ticking &&
           iface->ticked_us >= iface->halt_us;
}

/* A second passed at `now_us`: begin a roll-up. While the work of the one
 * before is not done only the clock moves, and the next one covers more. */
void iface_tick(struct iface *iface, int64_t now_us);

/* Do up to `budget` flows of the tick's work. @return true: more is left. */
bool iface_work(struct iface *iface, uint32_t budget);

/* What the capture lost so far: sums that never fall. */
void iface_lost(struct iface *iface, const struct iface_drops *drops);

/* The file was read to its end. `settles`: its last second is over like any
 * other, so that everything is counted where it belongs, and the work is left
 * to iface_work(); flows stay. A clock that is to halt then settles anyway. */
void iface_end(struct iface *iface, bool settles);

/* Let what is shown as "since the reset" begin now: drops, or all of it. */
void iface_reset(struct iface *iface, bool only_drops);

/* End every flow, as at the end of the program. */
void iface_flush(struct iface *iface);

/* Of the traffic of flows, that which no application has yet: of flows that
 * are not decided. */
struct traffic iface_undecided(const struct iface *iface, enum way way);

/* The second of the clock, epoch. */
static inline uint32_t iface_now_s(const struct iface *iface)
{
    return (uint32_t)(iface->now_us / 1000000);
}

/* The last tick that is settled for all flows. */
static inline uint32_t iface_rated_tick(const struct iface *iface)
{
    return iface->is_ticking ? iface->tick - 1 : iface->tick;
}

/* The ring's entry for a second, or NULL when it is out of the ring. */
const struct iface_second *iface_second_at(const struct iface *iface,
                                           uint32_t second);

#endif
