/* fields_internal: the field tables of src/lua. SPDX-License-Identifier: MIT
 */
#ifndef KELVIN_LUA_FIELDS_INTERNAL_H
#define KELVIN_LUA_FIELDS_INTERNAL_H

#include "lua/push.h"
#include "lua/query.h"

/* Sections 8, 5, 9, 10 and 11 of the contract. */
const struct push_rows *fields_flow(void);
const struct push_rows *fields_host(void);
const struct push_rows *fields_device(void);
const struct push_rows *fields_as(void);
const struct push_rows *fields_vlan(void);

/* Section 2 without what needs a walk: tcpFlowStats, and in stats the numbers
 * of flows and hosts. */
const struct push_rows *fields_iface(void);

/* Fill a source for its rows; access and level are the caller's. */
void fields_of_flow(const struct iface *iface, uint32_t index,
                    struct push_source *source);
void fields_of_host(const struct iface *iface, uint32_t index,
                    struct push_source *source);

/* The key of a flow: its place and which life of the place it is, so that no
 * other live flow has it and a later one of that place has another. Below
 * 2^53, exact as a float, too. */
int64_t fields_flow_key(const struct iface *iface, uint32_t index);

/* What scripts see as the flow's application: may be written to `text`. */
const char *fields_flow_app(const struct iface *iface, const struct flow *flow,
                            char *text, size_t size);

/* The index of the live flow with this key, or POOL_NONE. */
uint32_t fields_flow_by_key(const struct iface *iface, int64_t key);

/* "10.0.0.1", or "10.0.0.1@5" in a VLAN. @return text. */
const char *fields_host_key(const struct addr *addr, uint16_t vlan,
                            char text[QUERY_LABEL]);

/* The number of an address: IPv4 as it is, of IPv6 the sum of its words. */
uint32_t fields_addr_number(const struct addr *addr);

/* Packet sizes and flags by PACKET_CLASSES, as a table. */
void fields_push_classes(lua_State *L, const uint64_t classes[PACKET_CLASSES]);

/* Tables of one application's counters by their names (section 3.1): put it
 * into the table on top of the stack, unless it had no packets. */
void fields_push_app(lua_State *L, const struct dpi *dpi, uint16_t app,
                     const struct traffic traffic[WAYS], uint32_t duration_s);

/* The accessors of the throughput block of hosts, devices and groups. */
enum fields_rate {
    RATE_BYTES,
    RATE_BYTES_BEFORE,
    RATE_DIFFERENCE,
    RATE_PACKETS,
    RATE_TREND
};

/* Fill `value` for a row whose `detail` is an enum fields_rate. */
void fields_rate_value(const struct rate *rate, const struct iface *iface,
                       enum fields_rate which, struct push_value *value);

#endif
