/* rollup: a flow's news to all who count. SPDX-License-Identifier: MIT */
#ifndef KELVIN_MODEL_ROLLUP_H
#define KELVIN_MODEL_ROLLUP_H

#include "core/model/iface.h"

/* Why a flow ends; counted apart. */
enum flow_end {
    FLOW_END_IDLE,    /* silent for the time-out of its class */
    FLOW_END_EVICTED, /* thrown out for room */
    FLOW_END_REUSED,  /* the same ports began a new connection */
    FLOW_END_FLUSH,   /* the program or the capture ends */
};

/* Make sure that the flow's hosts exist and know of it. Either may stay
 * POOL_NONE when the host table is full of active ones. */
void rollup_hosts(struct iface *iface, struct flow *flow);

/* Hand what came since the last roll-up to hosts, devices, groups and the
 * interface, and write a partial record when one is due. At any time: small
 * counters may be full long before the tick. */
void rollup_flow(struct iface *iface, uint32_t index);

/* The same as the tick's visit, which also settles the flow's throughput and
 * takes it off its list. */
void rollup_tick(struct iface *iface, uint32_t index);

/*
 * Flows and hosts lie all over the memory, and to wait for each piece in turn
 * takes longer than all the arithmetic. So ask the processor for those of
 * several flows before they are needed: step by step, as each needs what the
 * one before asked for.
 */
#define ROLLUP_AHEAD 16

/* Before some calls of rollup_tick(). */
void rollup_prefetch(struct iface *iface, const uint32_t *flows,
                     unsigned count);

/* Before some calls of rollup_end(). */
void rollup_prefetch_ends(const struct iface *iface, const uint32_t *flows,
                          unsigned count);

/* The last roll-up: decide the application, record, give everything back. */
void rollup_end(struct iface *iface, uint32_t index, enum flow_end why);

#endif
