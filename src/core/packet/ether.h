/* ether: Ethernet and what it carries. SPDX-License-Identifier: MIT */
#ifndef KELVIN_PACKET_ETHER_H
#define KELVIN_PACKET_ETHER_H

#include "core/packet/walk.h"

/* Ethertypes (IANA) that are looked into. */
enum ether_type {
    ETHER_SLL_802_2 = 0x0004, /* only in cooked frames: LLC follows */
    ETHER_LENGTH_MAX = 1500,  /* up to here it is a length (IEEE 802.3) */
    ETHER_IPV4 = 0x0800,
    ETHER_ARP = 0x0806,
    ETHER_ERSPAN3 = 0x22eb, /* only in GRE, as ERSPAN2, BRIDGED and PPP */
    ETHER_BRIDGED = 0x6558,
    ETHER_VLAN = 0x8100,
    ETHER_IPV6 = 0x86dd,
    ETHER_PPP = 0x880b,
    ETHER_MPLS = 0x8847,
    ETHER_MPLS_MULTICAST = 0x8848,
    ETHER_PPPOE = 0x8864,
    ETHER_QINQ = 0x88a8,
    ETHER_ERSPAN2 = 0x88be,
    ETHER_QINQ_OLD = 0x9100,
};

/* A frame from its destination address on (IEEE 802.3). */
bool ether_decode(struct walk *walk, struct span in);

/* What is behind an ethertype (or length), VLAN tags included. */
bool ether_payload(struct walk *walk, uint16_t type, struct span in);

/* IEEE 802.2 logical link control, with SNAP (RFC 1042). */
bool llc_decode(struct walk *walk, struct span in);

/* A label stack (RFC 3032) and the IP packet or pseudowire (RFC 4448). */
bool mpls_decode(struct walk *walk, struct span in);

#endif
