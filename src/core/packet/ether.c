/* ether: Ethernet and what it carries. SPDX-License-Identifier: MIT */
#include "core/packet/ether.h"

#include "core/packet/ip.h"
#include "core/packet/ppp.h"
#include "core/packet/tunnel.h"

#define ETHER_SIZE 14
#define VLAN_SIZE 4
#define LLC_SIZE 3
#define SNAP_SIZE 5
#define LABEL_SIZE 4
#define LABELS_MAX 16
#define CONTROL_WORD_SIZE 4
#define ARP_SIZE 8
#define ARP_ETHERNET 1

bool ether_decode(struct walk *walk, struct span in)
{
    const uint8_t *header = span_take(&in, ETHER_SIZE);

    if (!header)
        return walk_fail(walk, MALFORMED_LINK_SHORT);
    walk_macs(walk, header + MAC_SIZE, header);
    return ether_payload(walk, load_be16(header + 12), in);
}

/* A tag of IEEE 802.1Q; id 0 carries a priority only. */
static bool vlan_decode(struct walk *walk, struct span in)
{
    struct packet *packet = walk->packet;
    const uint8_t *tag = span_take(&in, VLAN_SIZE);

    if (!tag || ++walk->tags > WALK_TAGS_MAX)
        return walk_fail(walk, MALFORMED_VLAN);
    if (packet->vlan == 0)
        packet->vlan = load_be16(tag) & 0x0fff;
    return ether_payload(walk, load_be16(tag + 2), in);
}

/* An ARP packet (RFC 826) for IPv4 over Ethernet; others are counted only. */
static bool arp_decode(struct walk *walk, struct span in)
{
    struct packet *packet = walk->packet;
    const uint8_t *arp = span_take(&in, ARP_SIZE);
    const uint8_t *body;

    /* Inside a tunnel it says nothing of the network that is watched. */
    if (walk->depth > 0)
        return false;
    walk_kind(walk, L3_ARP);
    if (!arp)
        return walk_fail(walk, MALFORMED_ARP);
    body = span_take(&in, 2u * (arp[4] + arp[5]));
    if (!body)
        return walk_fail(walk, MALFORMED_ARP);
    if (load_be16(arp) != ARP_ETHERNET || load_be16(arp + 2) != ETHER_IPV4 ||
        arp[4] != MAC_SIZE || arp[5] != 4)
        return false;
    packet->arp.op = load_be16(arp + 6);
    memcpy(packet->arp.sender_mac, body, MAC_SIZE);
    packet->arp.sender_ip = addr_from_v4(body + MAC_SIZE);
    packet->arp.target_ip = addr_from_v4(body + MAC_SIZE + 4 + MAC_SIZE);
    return false;
}

/* A frame with its length in place of a type, then padding. */
static bool length_decode(struct walk *walk, uint16_t length, struct span in)
{
    if (length > in.wire)
        walk_note(walk, MALFORMED_LINK_SHORT);
    span_cut(&in, length);
    return llc_decode(walk, in);
}

bool ether_payload(struct walk *walk, uint16_t type, struct span in)
{
    if (type <= ETHER_LENGTH_MAX)
        return length_decode(walk, type, in);
    switch (type) {
    case ETHER_IPV4:
        return ip4_decode(walk, in);
    case ETHER_IPV6:
        return ip6_decode(walk, in);
    case ETHER_ARP:
        return arp_decode(walk, in);
    case ETHER_VLAN:
    case ETHER_QINQ:
    case ETHER_QINQ_OLD:
        return vlan_decode(walk, in);
    case ETHER_MPLS:
    case ETHER_MPLS_MULTICAST:
        return mpls_decode(walk, in);
    case ETHER_PPPOE:
        return pppoe_decode(walk, in);
    default:
        return false;
    }
}

bool llc_decode(struct walk *walk, struct span in)
{
    const uint8_t *llc = span_take(&in, LLC_SIZE);
    const uint8_t *snap;
    uint32_t oui;

    if (!llc)
        return walk_fail(walk, MALFORMED_LINK_SHORT);
    /* Not SNAP, or not an unnumbered frame: spanning tree, NetBEUI ... */
    if (llc[0] != 0xaa || llc[1] != 0xaa || llc[2] != 0x03)
        return false;
    snap = span_take(&in, SNAP_SIZE);
    if (!snap)
        return walk_fail(walk, MALFORMED_LINK_SHORT);
    if (++walk->tags > WALK_TAGS_MAX)
        return walk_fail(walk, MALFORMED_VLAN);
    /* Ethertypes belong to OUI 0 and to that of IEEE 802.1H. */
    oui = load_be32(snap) >> 8;
    if (oui != 0 && oui != 0x0000f8)
        return false;
    if (load_be16(snap + 3) <= ETHER_LENGTH_MAX)
        return false;
    return ether_payload(walk, load_be16(snap + 3), in);
}

/* Nothing says what a pseudowire carries: mostly it is Ethernet. The control
 * word is optional and begins with four bits of 0, as do many addresses. */
static bool pseudowire_decode(struct walk *walk, struct span in)
{
    struct span inside = in;

    if (in.at[0] >> 4 == 0 && span_take(&inside, CONTROL_WORD_SIZE) &&
        tunnel_enter(walk, ETHER_BRIDGED, inside))
        return true;
    return tunnel_enter(walk, ETHER_BRIDGED, in);
}

bool mpls_decode(struct walk *walk, struct span in)
{
    const uint8_t *label;
    unsigned labels = 0;

    walk_kind(walk, L3_MPLS_OTHER);
    do {
        label = span_take(&in, LABEL_SIZE);
        if (!label || ++labels > LABELS_MAX)
            return walk_fail(walk, MALFORMED_VLAN);
    } while ((label[2] & 1) == 0); /* bottom of stack */
    if (in.len == 0)
        return walk_fail(walk, MALFORMED_VLAN);
    switch (in.at[0] >> 4) {
    case 4:
        return ip4_decode(walk, in);
    case 6:
        return ip6_decode(walk, in);
    default:
        return pseudowire_decode(walk, in);
    }
}
