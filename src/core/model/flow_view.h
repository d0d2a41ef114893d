/* flow_view: a flow as people see it. SPDX-License-Identifier: MIT */
#ifndef KELVIN_MODEL_FLOW_VIEW_H
#define KELVIN_MODEL_FLOW_VIEW_H

#include "core/model/iface.h"

/* The host at one end of a flow, or NULL while it is not known. */
const struct host *flow_host(const struct iface *iface, const struct flow *flow,
                             enum way way);

/* The index of the local network at one end, or -1: remote. */
int flow_network(const struct iface *iface, const struct flow *flow,
                 enum way way);

/* The name of one end, or its address. @return `text` or a name. */
const char *flow_label(const struct iface *iface, const struct flow *flow,
                       enum way way, char text[ADDR_TEXT_SIZE]);

/* The group (AS, country) of one end, or NULL when it is not known. */
const struct group *flow_as(const struct iface *iface, const struct flow *flow,
                            enum way way);
const struct group *flow_country(const struct iface *iface,
                                 const struct flow *flow, enum way way);

/* The name of the server that the client asked for (SNI, Host header and the
 * like), or NULL. */
const char *flow_server_name(const struct flow *flow);

/* What the flow is about in one text: the first known of DNS query, HTTP URL,
 * TLS certificate, BitTorrent hash, server name, SSH signature; or "". */
const char *flow_info(const struct flow *flow);

/* The application, or its master where that is all there is; 0 unknown. */
static inline uint16_t flow_app(const struct flow *flow)
{
    return flow->app != 0 ? flow->app : flow->master;
}

/* What people see as the flow's application ("TLS.Amazon"): may be written to
 * `text`. */
const char *flow_app_shown(const struct iface *iface, const struct flow *flow,
                           char *text, size_t size);

/* The key of a flow: its place and which life of the place it is, so that no
 * other live flow has it and a later one of that place has another. Below
 * 2^53, exact as a float, too. */
int64_t flow_key_number(const struct iface *iface, uint32_t index);

/* The index of the live flow with this key, or POOL_NONE. */
uint32_t flow_by_key(const struct iface *iface, int64_t key);

/* Whether the application is `app` or lies within it (its master). */
bool flow_is_app(const struct flow *flow, uint16_t app);

/* No packet for the time-out of its class: about to be ended. */
bool flow_is_idle(const struct iface *iface, const struct flow *flow);

/* Bytes a second in the last second that is over, 0 when it was silent. */
float flow_throughput(const struct iface *iface, const struct flow *flow);

#endif
