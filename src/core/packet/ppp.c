/* ppp: PPP on lines and over Ethernet. SPDX-License-Identifier: MIT */
#include "core/packet/ppp.h"

#include "core/packet/ether.h"
#include "core/packet/ip.h"

#define CISCO_SIZE 4
#define PPPOE_SIZE 6
#define PPPOE_VERSION_TYPE 0x11

/* Protocol numbers (IANA, PPP numbers) that are looked into. */
enum ppp_proto {
    PPP_IPV4 = 0x0021,
    PPP_IPV6 = 0x0057,
    PPP_MPLS = 0x0281,
    PPP_MPLS_MULTICAST = 0x0283,
};

/* Step over the protocol number: one byte when its lowest bit is set. */
static bool ppp_proto(struct span *in, uint16_t *proto)
{
    const uint8_t *p = span_take(in, 1);

    if (!p)
        return false;
    *proto = p[0];
    if (p[0] & 1)
        return true;
    if (!span_take(in, 1))
        return false;
    *proto = load_be16(p);
    return true;
}

bool ppp_decode(struct walk *walk, struct span in)
{
    uint16_t proto;

    /* 0xff is the address: as a protocol number it is reserved. */
    if (in.len > 0 && in.at[0] == 0xff && !span_take(&in, 2))
        return walk_fail(walk, MALFORMED_LINK_SHORT);
    if (!ppp_proto(&in, &proto))
        return walk_fail(walk, MALFORMED_LINK_SHORT);
    switch (proto) {
    case PPP_IPV4:
        return ip4_decode(walk, in);
    case PPP_IPV6:
        return ip6_decode(walk, in);
    case PPP_MPLS:
    case PPP_MPLS_MULTICAST:
        return mpls_decode(walk, in);
    default:
        return false;
    }
}

bool ppp_serial_decode(struct walk *walk, struct span in)
{
    const uint8_t *header;

    /* 0x0f unicast, 0x8f multicast; PPP says 0xff or leaves it out. */
    if (in.len == 0 || (in.at[0] & 0x7f) != 0x0f)
        return ppp_decode(walk, in);
    header = span_take(&in, CISCO_SIZE);
    if (!header)
        return walk_fail(walk, MALFORMED_LINK_SHORT);
    if (load_be16(header + 2) <= ETHER_LENGTH_MAX)
        return false;
    return ether_payload(walk, load_be16(header + 2), in);
}

bool pppoe_decode(struct walk *walk, struct span in)
{
    const uint8_t *header = span_take(&in, PPPOE_SIZE);
    uint16_t length;

    if (!header || ++walk->tags > WALK_TAGS_MAX)
        return walk_fail(walk, MALFORMED_VLAN);
    /* Any other code belongs to the discovery stage. */
    if (header[0] != PPPOE_VERSION_TYPE || header[1] != 0)
        return false;
    length = load_be16(header + 4);
    if (length > in.wire)
        walk_note(walk, MALFORMED_VLAN);
    span_cut(&in, length);
    return ppp_decode(walk, in);
}
