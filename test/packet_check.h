/* packet_check: what holds for every packet. SPDX-License-Identifier: MIT */
#ifndef KELVIN_TEST_PACKET_CHECK_H
#define KELVIN_TEST_PACKET_CHECK_H

#include <stdio.h>
#include <stdlib.h>

#include "core/packet/decode.h"

/* Abort with the rule that is broken. */
#define PACKET_RULE(rule)                                                      \
    do {                                                                       \
        if (!(rule)) {                                                         \
            fprintf(stderr, "%s:%d: broken: %s\n", __FILE__, __LINE__, #rule); \
            abort();                                                           \
        }                                                                      \
    } while (0)

/* The bytes [at, at + len) are captured ones of the frame. */
static inline int packet_inside(const struct frame *frame, const uint8_t *at,
                                uint32_t len)
{
    const uint8_t *end = frame->bytes + frame->captured_len;

    return at >= frame->bytes && at <= end && len <= (size_t)(end - at);
}

static inline void packet_check_spans(const struct frame *frame,
                                      const struct packet *packet)
{
    if (!packet->l3) {
        PACKET_RULE(packet->l3_len == 0 && packet->ip_version == 0);
        PACKET_RULE(!packet->l4);
    } else {
        PACKET_RULE(packet_inside(frame, packet->l3, packet->l3_len));
        PACKET_RULE(packet->ip_version == 4 || packet->ip_version == 6);
        PACKET_RULE(packet->kind == L3_IPV4 || packet->kind == L3_IPV6);
    }
    if (!packet->l4) {
        PACKET_RULE(packet->l4_len == 0 && !packet->payload);
    } else {
        PACKET_RULE(packet_inside(frame, packet->l4, packet->l4_len));
        PACKET_RULE(packet->l4 > packet->l3);
        PACKET_RULE(packet->l4 + packet->l4_len == packet->l3 + packet->l3_len);
    }
    if (!packet->payload) {
        PACKET_RULE(packet->payload_len == 0);
    } else {
        PACKET_RULE(packet->payload >= packet->l4);
        PACKET_RULE(packet->payload + packet->payload_len ==
                    packet->l4 + packet->l4_len);
        PACKET_RULE(packet->payload_len <= packet->payload_wire_len);
    }
}

static inline void packet_check(const struct frame *frame,
                                const struct packet *packet)
{
    uint32_t wire = frame->wire_len > frame->captured_len ? frame->wire_len
                                                          : frame->captured_len;

    packet_check_spans(frame, packet);
    PACKET_RULE(packet->when_us == frame->when_us);
    PACKET_RULE(packet->wire_len == frame->wire_len);
    PACKET_RULE(packet->payload_wire_len <= wire);
    PACKET_RULE(packet->malformed < MALFORMED_COUNT);
    PACKET_RULE(packet->kind < L3_KIND_COUNT);
    PACKET_RULE(packet->vlan < 4096);
    PACKET_RULE(packet->ip_version != 4 ||
                (addr_is_v4(&packet->src) && addr_is_v4(&packet->dst)));
    PACKET_RULE(packet->ip_version != 0 ||
                (!packet->is_tunneled && !packet->is_fragment &&
                 packet->l4_proto == 0 && packet->src_port == 0));
    PACKET_RULE(packet->has_mac ||
                (mac_is_zero(packet->src_mac) && mac_is_zero(packet->dst_mac)));
    PACKET_RULE(packet->tcp.window_scale <= 14 ||
                packet->tcp.window_scale == 0xff);
    PACKET_RULE(packet->arp.op == 0 || packet->kind == L3_ARP);
}

#endif
