/* tunnel: packets inside packets. SPDX-License-Identifier: MIT */
#ifndef KELVIN_PACKET_TUNNEL_H
#define KELVIN_PACKET_TUNNEL_H

#include "core/packet/walk.h"

/* What tunnel_enter() can be given besides an ethertype. */
enum tunnel_inside {
    TUNNEL_IP = 0x10000, /* IPv4 or IPv6, as its version says */
    TUNNEL_WIFI,         /* 802.11 as in CAPWAP */
};

/* UDP ports of tunnels (IANA); 8472 is Linux's older one for VXLAN. */
enum tunnel_port {
    TUNNEL_GTP_U = 2152,
    TUNNEL_VXLAN = 4789,
    TUNNEL_CAPWAP = 5247,
    TUNNEL_VXLAN_LINUX = 8472,
    TUNNEL_TZSP = 37008,
};

/*
 * Decode the inside of a tunnel, of an ethertype or enum tunnel_inside; the
 * ethertypes for bridged Ethernet and PPP mean what they mean in GRE. When an
 * IP packet is found, it takes the place of what is in walk->packet, link
 * layer apart. @return false when none is found, and the packet stays.
 */
bool tunnel_enter(struct walk *walk, uint32_t type, struct span in);

/* Enter what the IP protocol says is a tunnel: IP in IP (RFC 2003, 4213,
 * 2473) and GRE. Other protocols are left alone. */
void tunnel_ip_proto(struct walk *walk, uint8_t proto, struct span in);

/* Enter what the ports of walk->packet say may be a tunnel, if it looks like
 * one; `in` is the payload of the datagram. */
void tunnel_udp(struct walk *walk, struct span in);

/* True when this port is one of enum tunnel_port. */
static inline bool tunnel_is_port(uint16_t port)
{
    switch (port) {
    case TUNNEL_GTP_U:
    case TUNNEL_VXLAN:
    case TUNNEL_CAPWAP:
    case TUNNEL_VXLAN_LINUX:
    case TUNNEL_TZSP:
        return true;
    default:
        return false;
    }
}

/* True when tunnel_udp() is worth a call. */
static inline bool tunnel_has_ports(uint16_t src_port, uint16_t dst_port)
{
    return tunnel_is_port(dst_port) || tunnel_is_port(src_port);
}

#endif
