/* packet: what decoding found in one frame. SPDX-License-Identifier: MIT */
#ifndef KELVIN_PACKET_PACKET_H
#define KELVIN_PACKET_PACKET_H

#include <stdbool.h>
#include <stdint.h>

#include "core/packet/addr.h"

/* Why a frame's headers could not be believed; counted per interface. */
enum malformed {
    MALFORMED_NONE,
    MALFORMED_LINK_SHORT,   /* link header cut off, or longer than the frame */
    MALFORMED_LINK_TYPE,    /* a capture link type that is not decoded */
    MALFORMED_VLAN,         /* VLAN, MPLS or PPPoE stack cut off or too deep */
    MALFORMED_ARP,          /* ARP shorter than its address lengths say */
    MALFORMED_IP_SHORT,     /* IP header cut off */
    MALFORMED_IP_VERSION,   /* not 4 or 6, or not what the link says */
    MALFORMED_IP_LENGTH,    /* header or total length impossible */
    MALFORMED_IP_EXTENSION, /* IPv6 extension chain cut off or too long */
    MALFORMED_IP_FRAGMENT,  /* fragment that overlaps its header or 64 KiB */
    MALFORMED_TUNNEL,       /* tunnel header cut off, or nested too deep */
    MALFORMED_TCP,          /* TCP header cut off or data offset impossible */
    MALFORMED_UDP,          /* UDP header cut off or length impossible */
    MALFORMED_L4,           /* other transport header cut off */
    MALFORMED_COUNT
};

/* Network layer as found; the interface's `eth` counters follow it. */
enum l3_kind {
    L3_OTHER,
    L3_IPV4,
    L3_IPV6,
    L3_ARP,
    L3_MPLS_OTHER, /* MPLS around something that is not IP */
    L3_KIND_COUNT
};

enum tcp_flag {
    TCP_FLAG_FIN = 0x01,
    TCP_FLAG_SYN = 0x02,
    TCP_FLAG_RST = 0x04,
    TCP_FLAG_PSH = 0x08,
    TCP_FLAG_ACK = 0x10,
    TCP_FLAG_URG = 0x20,
    TCP_FLAG_ECE = 0x40,
    TCP_FLAG_CWR = 0x80,
};

/* IP protocol numbers that the engine treats by name (IANA). */
enum ip_proto {
    IP_PROTO_ICMP = 1,
    IP_PROTO_IGMP = 2,
    IP_PROTO_IPIP = 4,
    IP_PROTO_TCP = 6,
    IP_PROTO_UDP = 17,
    IP_PROTO_IPV6 = 41,
    IP_PROTO_GRE = 47,
    IP_PROTO_ESP = 50,
    IP_PROTO_AH = 51,
    IP_PROTO_ICMPV6 = 58,
    IP_PROTO_OSPF = 89,
    IP_PROTO_VRRP = 112,
    IP_PROTO_SCTP = 132,
    IP_PROTO_UDPLITE = 136,
};

/*
 * The only thing that later layers know of a frame. Pointers are into the
 * caller's bytes and valid as long as those are; lengths are what may be read
 * there (captured), never what a header claims. Numbers are in host order.
 */
struct packet {
    const uint8_t *l3; /* IP header, for DPI; NULL when not IP */
    const uint8_t *l4; /* transport header; NULL when not seen (fragment) */
    const uint8_t *payload; /* behind the transport header */
    uint32_t l3_len;        /* to the end of the IP packet, as captured */
    uint32_t l4_len;
    uint32_t payload_len;      /* captured */
    uint32_t payload_wire_len; /* as the IP header says: goodput */

    int64_t when_us;   /* epoch, microseconds */
    uint32_t wire_len; /* the frame as it was on the wire */

    struct addr src;
    struct addr dst;
    uint16_t src_port; /* 0 where the protocol has none */
    uint16_t dst_port;
    uint16_t vlan;      /* outermost VLAN id, 0 if untagged */
    uint8_t ip_version; /* 4, 6, or 0 when not IP */
    uint8_t l4_proto;   /* IP protocol number */
    uint8_t ttl;
    uint8_t kind;      /* enum l3_kind, of the outermost network layer */
    uint8_t malformed; /* enum malformed; the rest is as far as it got */
    bool has_mac;
    bool is_fragment; /* of an IP packet, first or later */
    bool is_tunneled; /* addresses are those of an inner packet */
    uint8_t src_mac[MAC_SIZE];
    uint8_t dst_mac[MAC_SIZE];

    struct {
        uint32_t seq;
        uint32_t ack;
        uint16_t window;      /* unscaled */
        uint8_t flags;        /* enum tcp_flag */
        uint8_t window_scale; /* of the SYN's option (RFC 7323); 0xff: none */
    } tcp;
    struct {
        uint8_t type;
        uint8_t code;
    } icmp; /* ICMP and ICMPv6 */
    struct {
        uint16_t op; /* 1 request, 2 reply; 0 when not ARP for IPv4 */
        struct addr sender_ip;
        struct addr target_ip;
        uint8_t sender_mac[MAC_SIZE];
    } arp;
};

#endif
