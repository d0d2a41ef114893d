/* transport: TCP, UDP and their kin. SPDX-License-Identifier: MIT */
#include "core/packet/transport.h"

#include "core/packet/tunnel.h"

#define TCP_SIZE 20
#define UDP_SIZE 8
#define SCTP_SIZE 12
#define ICMP_SIZE 8
#define ICMPV6_SIZE 4
#define IP6_NO_NEXT 59
#define IP_SIZE_MAX 65535

/* Options of TCP (RFC 9293, 3.1; RFC 7323, 2). */
enum tcp_option {
    TCP_OPTION_END = 0,
    TCP_OPTION_NOP = 1,
    TCP_OPTION_SCALE = 3,
};
#define TCP_SCALE_MAX 14

void transport_clear(struct packet *packet)
{
    packet->l4 = NULL;
    packet->payload = NULL;
    packet->l4_len = 0;
    packet->payload_len = 0;
    packet->payload_wire_len = 0;
    packet->src_port = 0;
    packet->dst_port = 0;
    memset(&packet->tcp, 0, sizeof(packet->tcp));
    packet->tcp.window_scale = TCP_SCALE_NONE;
    packet->icmp.type = 0;
    packet->icmp.code = 0;
}

uint32_t transport_header_min(uint8_t proto)
{
    switch (proto) {
    case IP_PROTO_TCP:
        return TCP_SIZE;
    case IP_PROTO_UDP:
    case IP_PROTO_UDPLITE:
        return UDP_SIZE;
    case IP_PROTO_SCTP:
        return SCTP_SIZE;
    case IP_PROTO_ICMP:
        return ICMP_SIZE;
    case IP_PROTO_ICMPV6:
        return ICMPV6_SIZE;
    default:
        return 0;
    }
}

/* The header ends at `header` of the wire's bytes, which are at least that
 * many; what of it and the payload was captured can be read. */
static inline void set_l4(struct packet *packet, struct span in,
                          uint32_t header)
{
    packet->l4 = in.at;
    packet->l4_len = in.len;
    packet->payload_wire_len = in.wire - header;
    if (in.len >= header) {
        packet->payload = in.at + header;
        packet->payload_len = in.len - header;
    }
}

static inline void set_ports(struct packet *packet, const uint8_t *l4)
{
    packet->src_port = load_be16(l4);
    packet->dst_port = load_be16(l4 + 2);
}

/* A header of `size` bytes of which not all are there. A first fragment that
 * ends in it is made so on purpose (RFC 1858). */
__attribute__((cold)) static void header_cut(struct walk *walk, struct span in,
                                             uint32_t size,
                                             enum malformed reason)
{
    if (walk->open && in.wire < size)
        reason = MALFORMED_IP_FRAGMENT;
    walk_note(walk, reason);
}

/* The same for headers that begin with the ports. */
__attribute__((cold)) static uint32_t ported_cut(struct walk *walk,
                                                 struct span in, uint32_t size,
                                                 enum malformed reason)
{
    if (in.len >= 4)
        set_ports(walk->packet, in.at);
    header_cut(walk, in, size, reason);
    return size;
}

/* The shift count of a SYN's window scale option, or TCP_SCALE_NONE. */
static uint8_t tcp_window_scale(const uint8_t *option, const uint8_t *end)
{
    while (option < end && *option != TCP_OPTION_END) {
        size_t left = (size_t)(end - option);

        if (*option == TCP_OPTION_NOP) {
            option++;
            continue;
        }
        if (left < 2 || option[1] < 2 || option[1] > left)
            break;
        if (*option == TCP_OPTION_SCALE && option[1] == 3)
            return option[2] < TCP_SCALE_MAX ? option[2] : TCP_SCALE_MAX;
        option += option[1];
    }
    return TCP_SCALE_NONE;
}

/* Not inlined, nor is UDP: each saves only the registers that it uses. */
__attribute__((noinline)) static uint32_t tcp_decode(struct walk *walk,
                                                     struct span in)
{
    struct packet *packet = walk->packet;
    const uint8_t *tcp = in.at;
    uint32_t header;

    if (in.len < TCP_SIZE)
        return ported_cut(walk, in, TCP_SIZE, MALFORMED_TCP);
    set_ports(packet, tcp);
    header = (tcp[12] >> 4) * 4u;
    if (header < TCP_SIZE) {
        walk_note(walk, MALFORMED_TCP);
        return TCP_SIZE;
    }
    if (header > in.wire) {
        header_cut(walk, in, header, MALFORMED_TCP);
        return header;
    }
    set_l4(packet, in, header);
    packet->tcp.seq = load_be32(tcp + 4);
    packet->tcp.ack = load_be32(tcp + 8);
    packet->tcp.flags = tcp[13];
    packet->tcp.window = load_be16(tcp + 14);
    if (tcp[13] & TCP_FLAG_SYN)
        packet->tcp.window_scale = tcp_window_scale(
            tcp + TCP_SIZE, tcp + (header < in.len ? header : in.len));
    return header;
}

/* Whether the length field, which counts its header, can be true. It is 0 in
 * jumbograms (RFC 2675) and reaches further than a first fragment. */
static bool udp_length_ok(const struct walk *walk, struct span in,
                          uint16_t length)
{
    if (length < UDP_SIZE)
        return length == 0 && in.wire > IP_SIZE_MAX;
    return length <= in.wire || walk->open;
}

__attribute__((noinline)) static uint32_t udp_decode(struct walk *walk,
                                                     struct span in)
{
    struct packet *packet = walk->packet;
    const uint8_t *udp = in.at;
    uint16_t length;

    if (in.len < UDP_SIZE)
        return ported_cut(walk, in, UDP_SIZE, MALFORMED_UDP);
    set_ports(packet, udp);
    set_l4(packet, in, UDP_SIZE);
    length = load_be16(udp + 4);
    if (!udp_length_ok(walk, in, length)) {
        walk_note(walk, MALFORMED_UDP);
        return UDP_SIZE;
    }
    if (walk->outer_only ||
        !tunnel_has_ports(packet->src_port, packet->dst_port))
        return UDP_SIZE;
    if (length != 0)
        span_cut(&in, length);
    (void)span_take(&in, UDP_SIZE);
    tunnel_udp(walk, in);
    return UDP_SIZE;
}

/* UDP-Lite (RFC 3828) and SCTP (RFC 9260): ports, and no length to check. */
static uint32_t ported_decode(struct walk *walk, struct span in, uint32_t size,
                              enum malformed reason)
{
    if (in.len < size)
        return ported_cut(walk, in, size, reason);
    set_ports(walk->packet, in.at);
    set_l4(walk->packet, in, size);
    return size;
}

static uint32_t icmp_decode(struct walk *walk, struct span in, uint32_t size)
{
    struct packet *packet = walk->packet;

    if (in.len >= 2) {
        packet->icmp.type = in.at[0];
        packet->icmp.code = in.at[1];
    }
    if (in.len < size)
        header_cut(walk, in, size, MALFORMED_L4);
    else
        set_l4(packet, in, size);
    return size;
}

/* Known by number: all of it is payload, unless it is a tunnel. */
static uint32_t other_decode(struct walk *walk, uint8_t proto, struct span in)
{
    if (proto == IP6_NO_NEXT)
        return 0;
    set_l4(walk->packet, in, 0);
    if (!walk->outer_only)
        tunnel_ip_proto(walk, proto, in);
    return 0;
}

uint32_t transport_decode(struct walk *walk, uint8_t proto, struct span in)
{
    switch (proto) {
    case IP_PROTO_TCP:
        return tcp_decode(walk, in);
    case IP_PROTO_UDP:
        return udp_decode(walk, in);
    case IP_PROTO_ICMP:
        return icmp_decode(walk, in, ICMP_SIZE);
    case IP_PROTO_ICMPV6:
        return icmp_decode(walk, in, ICMPV6_SIZE);
    case IP_PROTO_UDPLITE:
        return ported_decode(walk, in, UDP_SIZE, MALFORMED_UDP);
    case IP_PROTO_SCTP:
        return ported_decode(walk, in, SCTP_SIZE, MALFORMED_L4);
    default:
        return other_decode(walk, proto, in);
    }
}
