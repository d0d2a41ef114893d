/* intake: what a decoded frame changes. SPDX-License-Identifier: MIT */
/*
 * Count it, find or begin its flow, update that one flow, look into it while
 * its application is undecided, and put the flow on the touched list: all
 * else waits for the tick (rollup.h).
 */
#include "core/model/intake.h"

#include <stdio.h>

#include "core/model/dialog.h"
#include "core/model/engine.h"
#include "core/model/rollup.h"

#define SECOND_US 1000000
/* Roll up by force before 32 bits of new bytes could overflow. */
#define NEW_BYTES_MAX (1u << 31)

/* @return true when the flags are one of the combinations counted. */
static bool flags_class(uint8_t flags, enum packet_class *class)
{
    if ((flags & TCP_FLAG_RST) != 0)
        *class = FLAGS_RST;
    else if ((flags & TCP_FLAG_SYN) != 0)
        *class = (flags & TCP_FLAG_ACK) != 0 ? FLAGS_SYNACK : FLAGS_SYN;
    else if ((flags & (TCP_FLAG_FIN | TCP_FLAG_ACK)) ==
             (TCP_FLAG_FIN | TCP_FLAG_ACK))
        *class = FLAGS_FINACK;
    else
        return false;
    return true;
}

static void count_frame(struct iface *iface, const struct packet *packet)
{
    struct iface_counters *counters = &iface->counters;
    struct iface_second *second;
    enum packet_class class;

    counters->all.packets++;
    counters->all.bytes += packet->wire_len;
    counters->l3[packet->kind].packets++;
    counters->l3[packet->kind].bytes += packet->wire_len;
    counters->classes[packet_size_class(packet->wire_len)]++;
    counters->fragments += packet->is_fragment;
    counters->tunneled += packet->is_tunneled;
    iface->has_vlans |= packet->vlan != 0;
    iface->has_macs |= packet->has_mac;
    if (packet->malformed != MALFORMED_NONE)
        counters->malformed[packet->malformed]++;
    if (packet->l4_proto == IP_PROTO_TCP && packet->l4 != NULL &&
        flags_class(packet->tcp.flags, &class))
        counters->classes[class]++;
    second = &iface->ring[iface_now_s(iface) % IFACE_RING_SECONDS];
    second->packets++;
    second->bytes += packet->wire_len;
}

static void arp_device(struct iface *iface, const uint8_t mac[MAC_SIZE],
                       const struct packet *packet, enum way way)
{
    uint32_t index;
    struct device *device;

    if (mac_is_zero(mac))
        return;
    index = devices_get(&iface->devices, mac, packet->vlan, iface_now_s(iface));
    if (index == POOL_NONE)
        return;
    device = devices_at(&iface->devices, index);
    device->traffic[way].packets++;
    device->traffic[way].bytes += packet->wire_len;
    if (packet->arp.op == 1)
        device->arp_requests[way]++;
    else
        device->arp_replies[way]++;
    if (way == WAY_SENT) {
        /* A probe has none yet (RFC 5227, 1.1). */
        if (!addr_is_zero(&packet->arp.sender_ip))
            device->ip = packet->arp.sender_ip;
        devices_sends(&iface->devices, index);
    }
}

static void count_arp(struct iface *iface, const struct packet *packet)
{
    if (packet->arp.op == 1)
        iface->counters.arp_requests++;
    else if (packet->arp.op == 2)
        iface->counters.arp_replies++;
    else
        return;
    if (!packet->has_mac)
        return;
    arp_device(iface, packet->src_mac, packet, WAY_SENT);
    arp_device(iface, packet->dst_mac, packet, WAY_RCVD);
}

/* What is sent to a group or to all is no answer. */
static bool is_to_many(const struct packet *packet)
{
    return addr_is_multicast(&packet->dst) || addr_is_broadcast(&packet->dst) ||
           (packet->has_mac && mac_is_group(packet->dst_mac));
}

/* Only when the first packet was not the client's: a SYN-ACK tells, and with
 * no handshake seen a service's port does. */
static bool is_from_server(const struct packet *packet)
{
    if (packet->l4_proto == IP_PROTO_TCP &&
        (packet->tcp.flags & TCP_FLAG_SYN) != 0)
        return (packet->tcp.flags & TCP_FLAG_ACK) != 0;
    return packet->src_port != 0 && packet->src_port < 1024 &&
           packet->dst_port >= 1024 && !is_to_many(packet);
}

static uint16_t flow_device(struct iface *iface, const struct packet *packet,
                            const uint8_t mac[MAC_SIZE])
{
    uint32_t index;

    if (!packet->has_mac || mac_is_zero(mac))
        return POOL_NONE;
    index = devices_get(&iface->devices, mac, packet->vlan, iface_now_s(iface));
    devices_hold(&iface->devices, index);
    return (uint16_t)index;
}

/* Swap the ends of a key. */
static struct flow_key key_reverse(const struct flow_key *key)
{
    struct flow_key back = *key;

    back.addr[0] = key->addr[1];
    back.addr[1] = key->addr[0];
    back.port[0] = key->port[1];
    back.port[1] = key->port[0];
    return back;
}

static void begin_vlan(struct iface *iface, uint16_t vlan)
{
    char name[8];

    if (vlan == 0 || groups_find(&iface->groups, GROUP_VLAN, vlan) != POOL_NONE)
        return;
    snprintf(name, sizeof(name), "%u", vlan);
    (void)groups_get(&iface->groups, GROUP_VLAN, vlan, name,
                     iface_now_s(iface));
}

/* @return the index of the new flow, or POOL_NONE when there is no room. */
static uint32_t flow_begin(struct iface *iface, const struct packet *packet,
                           const struct flow_key *sender, uint32_t hash,
                           bool *from_server)
{
    struct flow_key key = *sender;
    struct flow *flow;
    uint32_t index;

    if (iface->flows.pool.count >= iface->flows.pool.cap) {
        uint32_t victim = flows_victim(&iface->flows);

        if (victim != POOL_NONE)
            rollup_end(iface, victim, FLOW_END_EVICTED);
    }
    *from_server = is_from_server(packet);
    if (*from_server)
        key = key_reverse(sender);
    index = flows_add(&iface->flows, &key, hash);
    if (index == POOL_NONE) {
        iface->counters.flows_refused++;
        return POOL_NONE;
    }
    flow = flows_at(&iface->flows, index);
    flow->first_us = packet->when_us;
    flow->last_us = packet->when_us;
    flow->device[*from_server] = flow_device(iface, packet, packet->src_mac);
    flow->device[!*from_server] = flow_device(iface, packet, packet->dst_mac);
    if (*from_server)
        flow->flags |= FLOW_SWAPPED;
    for (enum way way = 0; way < WAYS; way++)
        hosts_prefetch_slot(&iface->hosts, &key.addr[way], key.vlan);
    begin_vlan(iface, key.vlan);
    iface->counters.flows++;
    return index;
}

/* Since the packet before on this way. That one's time is kept in 32 bits,
 * which the flow's own last time completes. */
static uint32_t flow_gap(const struct flow *flow, const struct packet *packet,
                         enum way way)
{
    uint32_t before = (uint32_t)flow->last_us - flow->way_last_us[way];
    int64_t gap_us = packet->when_us - (flow->last_us - before);

    if (gap_us < 0)
        return 0; /* time went backwards */
    return gap_us < UINT32_MAX ? (uint32_t)gap_us : UINT32_MAX;
}

/* Times and sizes of one packet on its way. */
static void flow_count(struct flow *flow, struct flow_news *news,
                       const struct packet *packet, enum way way)
{
    uint32_t now = (uint32_t)packet->when_us;

    if (flow_packets(flow, way) == 0) {
        flow->answered_us = now; /* what the other way's first sets again */
    } else {
        uint32_t gap = flow_gap(flow, packet, way);

        if (gap < flow->iat_min_us[way] || flow_packets(flow, way) == 1)
            flow->iat_min_us[way] = gap;
        if (gap > flow->iat_max_us[way])
            flow->iat_max_us[way] = gap;
    }
    flow->way_last_us[way] = now;
    if (packet->when_us > flow->last_us)
        flow->last_us = packet->when_us;
    flow->total[way].packets++;
    flow->total[way].bytes += packet->wire_len;
    flow->goodput[way] += packet->payload_wire_len;
    news->packets[way]++;
    news->bytes[way] += packet->wire_len;
    news->goodput[way] += packet->payload_wire_len;
}

/* @return true when a counter is full. */
static bool flow_classify(struct flow_news *news, const struct packet *packet,
                          enum way way)
{
    uint8_t *classes = news->classes[way];
    enum packet_class class = packet_size_class(packet->wire_len);
    bool is_full = ++classes[class] == UINT8_MAX;

    if (packet->l4_proto == IP_PROTO_TCP && packet->l4 != NULL &&
        flags_class(packet->tcp.flags, &class))
        is_full |= ++classes[class] == UINT8_MAX;
    return is_full;
}

/* Who looks into a message next may want the hosts: nDPI takes long enough to
 * get them. */
static void expect_hosts(const struct iface *iface, const struct flow *flow)
{
    if ((flow->flags & FLOW_HANDED) != 0)
        return;
    for (enum way way = 0; way < WAYS; way++)
        hosts_prefetch(&iface->hosts, &flow->key.addr[way], flow->key.vlan);
}

static void flow_look_into(struct iface *iface, struct flow *flow,
                           const struct packet *packet)
{
    struct dpi_verdict verdict = {
        .master = flow->master, .app = flow->app, .category = flow->category};

    if (packet->payload_len > 0)
        expect_hosts(iface, flow);
    dpi_packet(engine_dpi(iface->engine), &flow->dpi, packet, &verdict,
               &flow->attrs);
    flow->app = verdict.app;
    flow->master = verdict.master;
    flow->category = verdict.category;
    if (verdict.is_final)
        flow->flags |= FLOW_DPI_DONE;
    if (verdict.is_guess)
        flow->flags |= FLOW_APP_GUESSED;
}

static void flow_packet(struct iface *iface, uint32_t index,
                        const struct packet *packet, bool from_server)
{
    struct flow *flow = flows_at(&iface->flows, index);
    enum way way = from_server ? WAY_RCVD : WAY_SENT;
    struct flow_news *news = flows_touch(&iface->flows, index);
    struct tcp *tcp = flows_tcp(&iface->flows, flow);
    bool is_repeated = false;
    bool is_full;

    if (news->bytes[way] >= NEW_BYTES_MAX || packet->wire_len >= NEW_BYTES_MAX)
        rollup_flow(iface, index);
    flow_count(flow, news, packet, way);
    is_full = flow_classify(news, packet, way);
    if (tcp != NULL && packet->l4 != NULL) {
        const struct tcp_side *side = &tcp->side[from_server];

        /* What begins before the end of what was seen is no new message. */
        is_repeated =
            side->flags != 0 && (int32_t)(packet->tcp.seq - side->next_seq) < 0;
        is_full |= tcp_segment(tcp, packet, from_server);
    } else if (l4_group(packet->l4_proto) == L4_ICMP && !from_server) {
        flow->icmp.type = packet->icmp.type;
        flow->icmp.code = packet->icmp.code;
    }
    if (flow->class == FLOW_TCP_OPENING && tcp != NULL &&
        tcp->state != TCP_STATE_OPENING)
        flows_refresh(&iface->flows, index, flow_class_of(flow, tcp));
    if (packet->is_fragment)
        flow->flags |= FLOW_FRAGMENTS;
    if ((flow->flags & FLOW_DPI_DONE) == 0)
        flow_look_into(iface, flow, packet);
    if (!is_repeated)
        dialog_packet(iface, flow, packet, from_server);
    if (is_full)
        rollup_flow(iface, index);
}

/* The flow ended before this packet, though nobody has ended it yet: it was
 * silent too long, or the connection closed and its ports began another. And
 * where the clock was set back, no time of the old flow would be right. */
static bool is_over(const struct iface *iface, uint32_t index,
                    const struct packet *packet, bool from_server)
{
    const struct engine_config *config = engine_config(iface->engine);
    const struct flow *flow = flows_at(&iface->flows, index);
    const struct tcp *tcp = flows_tcp(&iface->flows, flow);

    if (packet->when_us - flow->last_us >=
            (int64_t)config->timeout_s[flow_class_of(flow, tcp)] * SECOND_US ||
        packet->when_us < flow->last_us - IFACE_BACKWARDS_US)
        return true;
    return tcp != NULL && packet->l4 != NULL &&
           tcp_is_reopened_by(tcp, packet, from_server);
}

static void ip_packet(struct iface *iface, const struct packet *packet,
                      const struct flow_key *key, uint32_t hash)
{
    bool from_server;
    uint32_t index = flows_find(&iface->flows, key, hash, &from_server);

    if (index != POOL_NONE && is_over(iface, index, packet, from_server)) {
        rollup_end(iface, index, FLOW_END_REUSED);
        index = POOL_NONE;
    }
    if (index == POOL_NONE)
        index = flow_begin(iface, packet, key, hash, &from_server);
    if (index != POOL_NONE)
        flow_packet(iface, index, packet, from_server);
}

void intake_packet(struct iface *iface, const struct packet *packet)
{
    struct flow_key key;
    bool has_flow = flow_key_of(packet, &key);
    uint32_t hash = has_flow ? flows_hash(&iface->flows, &key) : 0;

    /* The slot is on its way while the frame is counted. */
    if (has_flow)
        table_prefetch(&iface->flows.table, hash);
    count_frame(iface, packet);
    if (has_flow)
        ip_packet(iface, packet, &key, hash);
    else if (packet->kind == L3_ARP)
        count_arp(iface, packet);
}
