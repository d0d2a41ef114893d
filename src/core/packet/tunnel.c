/* tunnel: packets inside packets. SPDX-License-Identifier: MIT */
#include "core/packet/tunnel.h"

#include "core/packet/ether.h"
#include "core/packet/gre.h"
#include "core/packet/ip.h"
#include "core/packet/ppp.h"
#include "core/packet/transport.h"
#include "core/packet/wifi.h"

static bool inside_decode(struct walk *walk, uint32_t type, struct span in)
{
    switch (type) {
    case TUNNEL_IP:
        return ip_decode(walk, in);
    case TUNNEL_WIFI:
        return wifi_capwap_decode(walk, in);
    case ETHER_BRIDGED:
        return ether_decode(walk, in);
    case ETHER_PPP:
        return ppp_decode(walk, in);
    default:
        return ether_payload(walk, (uint16_t)type, in);
    }
}

/*
 * The inside is decoded into a copy, which is dropped when it makes no sense.
 * One level more than is allowed is tried, to tell "too deep" from what only
 * looks like a tunnel; then all levels up to the outermost give up.
 */
bool tunnel_enter(struct walk *walk, uint32_t type, struct span in)
{
    struct packet inner = *walk->packet;
    struct walk deeper = *walk;
    bool found;

    if (walk->depth > WALK_TUNNELS_MAX)
        return false;
    transport_clear(&inner);
    deeper.packet = &inner;
    deeper.depth++;
    found = inside_decode(&deeper, type, in);
    if (deeper.too_deep || (found && deeper.depth > WALK_TUNNELS_MAX))
        walk->too_deep = true;
    if (!found || walk->too_deep)
        return false;
    *walk->packet = inner;
    return true;
}

void tunnel_ip_proto(struct walk *walk, uint8_t proto, struct span in)
{
    uint32_t type;

    switch (proto) {
    case IP_PROTO_GRE:
        gre_decode(walk, in);
        return;
    case IP_PROTO_IPIP:
        type = ETHER_IPV4;
        break;
    case IP_PROTO_IPV6:
        type = ETHER_IPV6;
        break;
    default:
        return;
    }
    /* Nothing else can be inside, so this is not a matter of guessing. */
    if (!tunnel_enter(walk, type, in))
        walk_note(walk, MALFORMED_TUNNEL);
}

#define VXLAN_SIZE 8
#define VXLAN_HAS_ID 0x08

/* RFC 7348: the id's flag is set, the reserved last byte is 0. */
static void vxlan_decode(struct walk *walk, struct span in)
{
    const uint8_t *header = span_take(&in, VXLAN_SIZE);

    if (header && header[0] & VXLAN_HAS_ID && header[7] == 0)
        tunnel_enter(walk, ETHER_BRIDGED, in);
}

#define GTP_SIZE 8
#define GTP_OPTIONAL_SIZE 4
#define GTP_VERSION 0xf0 /* version, protocol type, a spare bit */
#define GTP_VERSION_1 0x30
#define GTP_OPTIONAL 0x07 /* extension, sequence, N-PDU number */
#define GTP_HAS_EXTENSION 0x04
#define GTP_G_PDU 255

/* Step over the optional fields and extension headers (3GPP TS 29.281,
 * 5.1 and 5.2): each is `length` times four bytes, its last the next type. */
static bool gtp_skip_optional(struct span *in, uint8_t flags)
{
    const uint8_t *optional;
    uint8_t next;

    if (!(flags & GTP_OPTIONAL))
        return true;
    optional = span_take(in, GTP_OPTIONAL_SIZE);
    if (!optional)
        return false;
    next = flags & GTP_HAS_EXTENSION ? optional[3] : 0;
    while (next != 0) {
        uint32_t size = in->len > 0 ? in->at[0] * 4u : 0;
        const uint8_t *extension = span_take(in, size);

        if (size == 0 || !extension)
            return false;
        next = extension[size - 1];
    }
    return true;
}

static void gtp_decode(struct walk *walk, struct span in)
{
    const uint8_t *header = span_take(&in, GTP_SIZE);

    if (!header || (header[0] & GTP_VERSION) != GTP_VERSION_1 ||
        header[1] != GTP_G_PDU)
        return;
    if (load_be16(header + 2) > in.wire && !walk->open)
        return;
    span_cut(&in, load_be16(header + 2));
    if (gtp_skip_optional(&in, header[0]))
        tunnel_enter(walk, TUNNEL_IP, in);
}

#define CAPWAP_SIZE 8
#define CAPWAP_NATIVE 0x01   /* third byte: the frame is as on the air */
#define CAPWAP_FRAGMENT 0x80 /* fourth byte */
#define CAPWAP_KEEP_ALIVE 0x08

/* RFC 5415, 4.3. The first byte is version 0 and type 0: not DTLS. */
static void capwap_decode(struct walk *walk, struct span in)
{
    const uint8_t *header = in.at;
    uint32_t size;

    if (in.len < CAPWAP_SIZE || header[0] != 0)
        return;
    size = (header[1] >> 3) * 4u;
    if (size < CAPWAP_SIZE || !span_take(&in, size))
        return;
    if (header[3] & CAPWAP_KEEP_ALIVE)
        return;
    if (header[3] & CAPWAP_FRAGMENT) {
        if (load_be16(header + 6) >> 3 != 0)
            return;
        walk->open = true;
    }
    tunnel_enter(walk, header[2] & CAPWAP_NATIVE ? TUNNEL_WIFI : ETHER_BRIDGED,
                 in);
}

#define TZSP_SIZE 4
#define TZSP_VERSION 1

enum tzsp {
    TZSP_RECEIVED = 0, /* types that carry a frame */
    TZSP_TO_SEND = 1,
    TZSP_ETHERNET = 1, /* what kind of frame */
    TZSP_IEEE80211 = 18,
    TZSP_TAG_PADDING = 0,
    TZSP_TAG_END = 1,
};

/* Step over the tagged fields. */
static bool tzsp_skip_tags(struct span *in)
{
    for (;;) {
        const uint8_t *tag = span_take(in, 1);
        const uint8_t *size;

        if (!tag)
            return false;
        if (*tag == TZSP_TAG_END)
            return true;
        if (*tag == TZSP_TAG_PADDING)
            continue;
        size = span_take(in, 1);
        if (!size || !span_take(in, *size))
            return false;
    }
}

/* TaZmen Sniffer Protocol, as switches and access points mirror traffic. */
static void tzsp_decode(struct walk *walk, struct span in)
{
    const uint8_t *header = span_take(&in, TZSP_SIZE);

    if (!header || header[0] != TZSP_VERSION || header[1] > TZSP_TO_SEND)
        return;
    if (!tzsp_skip_tags(&in))
        return;
    if (load_be16(header + 2) == TZSP_ETHERNET)
        tunnel_enter(walk, ETHER_BRIDGED, in);
    else if (load_be16(header + 2) == TZSP_IEEE80211)
        tunnel_enter(walk, TUNNEL_WIFI, in);
}

void tunnel_udp(struct walk *walk, struct span in)
{
    uint16_t port = walk->packet->dst_port;

    if (!tunnel_is_port(port))
        port = walk->packet->src_port;
    switch (port) {
    case TUNNEL_VXLAN:
    case TUNNEL_VXLAN_LINUX:
        vxlan_decode(walk, in);
        break;
    case TUNNEL_GTP_U:
        gtp_decode(walk, in);
        break;
    case TUNNEL_CAPWAP:
        capwap_decode(walk, in);
        break;
    case TUNNEL_TZSP:
        tzsp_decode(walk, in);
        break;
    }
}
