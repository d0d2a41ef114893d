/* alert_detect: what is wrong with one interface. SPDX-License-Identifier: MIT
 */
#ifndef KELVIN_MODEL_ALERT_DETECT_H
#define KELVIN_MODEL_ALERT_DETECT_H

#include "core/model/alert.h"
#include "core/model/alert_hosts.h"
#include "core/model/counters.h"

/*
 * Looks at what iface.c and rollup.c do anyway and tells observers (`alert`)
 * when something begins, is over, or happened. Nothing of it is in the way of
 * a packet: flows are seen when they begin and end, the interface and what is
 * engaged once a tick.
 */
struct alert_detect;
struct iface;
struct flow;
struct host;
struct device;

/* Most flows that are told of in one tick; more are counted. */
#define ALERT_FLOWS_PER_TICK 64
/* New devices: so many at once, and then one each so many seconds. Random
 * addresses (locally administered ones) have a smaller allowance. */
#define ALERT_DEVICES_BURST 20
#define ALERT_DEVICES_EACH_S 6
#define ALERT_RANDOM_DEVICES_BURST 5
#define ALERT_RANDOM_DEVICES_EACH_S 60
/* Those that are there when the interface is first watched are not news. */
#define ALERT_LEARN_S 60
/* Shares of the last minute's packets, with at least so many of them. */
#define ALERT_DROPS_PERCENT 1
#define ALERT_MALFORMED_PERCENT 5
#define ALERT_SHARE_PACKETS 100

struct alert_detect *alert_detect_new(struct iface *iface);
void alert_detect_free(struct alert_detect *detect); /* NULL is fine */

/* A flow's host was found (POOL_NONE: was not), before it is used. */
void alert_detect_prefetch(const struct iface *iface, uint32_t host);

/* A host begins to live at this index. */
void alert_detect_host(struct iface *iface, uint32_t index,
                       const struct host *host);

/* A flow's hosts have just heard of it. */
void alert_detect_flow(struct iface *iface, const struct flow *flow);

/* What a flow handed over. */
void alert_detect_delta(struct iface *iface, const struct flow *flow,
                        const struct delta *delta);

/* It ends; its hosts are still there. */
void alert_detect_flow_end(struct iface *iface, const struct flow *flow);

/* This one was seen sending for the first time since it was forgotten. */
void alert_detect_device(struct iface *iface, const struct device *device);

/* It was there in an earlier run, and is not new. Files know nobody. */
void alert_detect_know(struct iface *iface, const uint8_t mac[MAC_SIZE],
                       uint16_t vlan);

/* Those of earlier runs are known: others are new from now on. */
void alert_detect_learnt(struct iface *iface);

/* The interface stopped, or goes on; may be said often. */
void alert_detect_link(struct iface *iface, bool is_up);

/* Alerts were turned off: release all. */
void alert_detect_off(struct iface *iface);

/* Tell of all that is engaged, once more. */
void alert_detect_retell(const struct iface *iface);

/* A second is over; its flows are not rolled up yet. */
void alert_detect_tick(struct iface *iface);

/* The host got limits of its own. */
void alert_detect_ruled(struct iface *iface, uint32_t index);

struct alert_detect_counters {
    struct alert_hosts_counters hosts;
    uint64_t flows_left_out;   /* more than ALERT_FLOWS_PER_TICK */
    uint64_t devices_left_out; /* more than their allowance */
};

struct alert_detect_counters alert_detect_counters(const struct iface *iface);

#endif
