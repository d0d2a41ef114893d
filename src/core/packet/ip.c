/* ip: IPv4 and IPv6 headers. SPDX-License-Identifier: MIT */
#include "core/packet/ip.h"

#include "core/packet/bytes.h"
#include "core/packet/frag.h"
#include "core/packet/transport.h"

#define IP4_SIZE 20
#define IP6_SIZE 40
#define IP4_MORE 0x2000
#define IP4_OFFSET 0x1fff
#define IP_SIZE_MAX 65535

/* Longer packets than Ethernet carries were captured before the card cut
 * them up, and may come with a length of 0. */
#define OFFLOAD_MIN 1500

/* IPv6 extension headers (IANA) and the most of them in one packet. */
enum ip6_extension {
    IP6_HOP_BY_HOP = 0,
    IP6_ROUTING = 43,
    IP6_FRAGMENT = 44,
    IP6_NONE = 59,
    IP6_DESTINATION = 60,
    IP6_MOBILITY = 135,
    IP6_HIP = 139,
    IP6_SHIM6 = 140,
};
#define IP6_EXTENSIONS_MAX 16
#define IP6_FRAGMENT_SIZE 8
#define IP6_FRAGMENT_MORE 1
#define IP6_JUMBO_OPTION 0xc2

/* A fragment's place in its packet. */
struct fragment {
    struct span in; /* the bytes that the fragment has of the packet */
    uint32_t id;
    uint32_t offset; /* bytes */
    uint8_t proto;   /* of the packet's first header */
    bool more;
};

/* The packet is as long as `length` says, unless the frame is shorter.
 * @return false when that is reason enough not to believe an inner packet. */
static inline bool ip_clip(struct walk *walk, struct span *in, uint32_t length)
{
    if (length > in->wire && !walk->open) {
        walk_note(walk, MALFORMED_IP_LENGTH);
        if (walk->depth > 0)
            return false;
    }
    span_cut(in, length);
    walk->packet->l3_len = in->len;
    return true;
}

static struct frag_key fragment_key(const struct packet *packet,
                                    const struct fragment *fragment)
{
    return (struct frag_key){packet->src, packet->dst, fragment->id,
                             fragment->proto};
}

/* A first fragment is decoded as far as it goes, and remembered by what was
 * found, even if that is the inside of a tunnel. */
static void fragment_first(struct walk *walk, const struct fragment *fragment,
                           uint8_t proto, struct span in)
{
    struct packet *packet = walk->packet;
    struct frag_key key = fragment_key(packet, fragment);
    struct frag_owner owner;

    walk->open = true;
    owner.header_len = fragment->in.wire - in.wire;
    owner.header_len += transport_decode(walk, proto, in);
    owner.src = packet->src;
    owner.dst = packet->dst;
    owner.src_port = packet->src_port;
    owner.dst_port = packet->dst_port;
    owner.ip_version = packet->ip_version;
    owner.l4_proto = packet->l4_proto;
    owner.icmp_type = packet->icmp.type;
    owner.icmp_code = packet->icmp.code;
    owner.is_tunneled = packet->is_tunneled;
    frags_remember(walk->frags, &key, packet->when_us, &owner);
}

static void packet_adopt(struct packet *packet, const struct frag_owner *owner)
{
    packet->src = owner->src;
    packet->dst = owner->dst;
    packet->src_port = owner->src_port;
    packet->dst_port = owner->dst_port;
    packet->ip_version = owner->ip_version;
    packet->l4_proto = owner->l4_proto;
    packet->icmp.type = owner->icmp_type;
    packet->icmp.code = owner->icmp_code;
    packet->is_tunneled = owner->is_tunneled;
}

/* A later fragment belongs to whom the first one did. One that would change
 * the first one's headers is an attack (RFC 1858, RFC 3128). */
static void fragment_later(struct walk *walk, const struct fragment *fragment)
{
    struct packet *packet = walk->packet;
    struct frag_key key = fragment_key(packet, fragment);
    const struct frag_owner *owner;
    uint32_t header_len = transport_header_min(fragment->proto);

    packet->l4_proto = fragment->proto;
    packet->payload_wire_len = fragment->in.wire;
    owner = frags_find(walk->frags, &key, packet->when_us);
    if (owner) {
        packet_adopt(packet, owner);
        header_len = owner->header_len;
    }
    if (fragment->offset < header_len)
        walk_note(walk, MALFORMED_IP_FRAGMENT);
}

/* What is behind the IP headers, `proto` on: of a whole packet when fragment
 * is NULL. */
static void ip_upper(struct walk *walk, const struct fragment *fragment,
                     uint8_t proto, struct span in)
{
    uint32_t len;

    walk->packet->l4_proto = proto;
    if (!fragment) {
        transport_decode(walk, proto, in);
        return;
    }
    len = fragment->in.wire;
    walk->packet->is_fragment = true;
    if ((fragment->more && len % 8 != 0) ||
        fragment->offset + len > IP_SIZE_MAX)
        walk_note(walk, MALFORMED_IP_FRAGMENT);
    if (fragment->offset == 0)
        fragment_first(walk, fragment, proto, in);
    else
        fragment_later(walk, fragment);
}

static void ip4_fill(struct packet *packet, const uint8_t *ip, uint32_t len)
{
    packet->is_tunneled = packet->l3 != NULL;
    packet->l3 = ip;
    packet->l3_len = len;
    packet->ip_version = 4;
    packet->ttl = ip[8];
    packet->l4_proto = ip[9];
    packet->src = addr_from_v4(ip + 12);
    packet->dst = addr_from_v4(ip + 16);
}

/* Not inlined, to keep its local out of the way of whole packets. */
__attribute__((noinline)) static void
ip4_fragment(struct walk *walk, const uint8_t *ip, struct span in)
{
    uint16_t place = load_be16(ip + 6);
    struct fragment fragment = {
        .in = in,
        .id = load_be16(ip + 4),
        .offset = (place & IP4_OFFSET) * 8u,
        .proto = ip[9],
        .more = (place & IP4_MORE) != 0,
    };

    ip_upper(walk, &fragment, fragment.proto, in);
}

bool ip4_decode(struct walk *walk, struct span in)
{
    const uint8_t *ip = in.at;
    uint32_t header, length;
    uint16_t flags;

    walk_kind(walk, L3_IPV4);
    if (in.len < IP4_SIZE)
        return walk_fail(walk, MALFORMED_IP_SHORT);
    if (ip[0] >> 4 != 4)
        return walk_fail(walk, MALFORMED_IP_VERSION);
    ip4_fill(walk->packet, ip, in.len);
    header = (ip[0] & 15) * 4u;
    length = load_be16(ip + 2);
    if (length == 0 && in.wire > OFFLOAD_MIN)
        length = in.wire;
    if (header < IP4_SIZE || header > length)
        return walk_fail(walk, MALFORMED_IP_LENGTH);
    if (!ip_clip(walk, &in, length))
        return false;
    if (!span_take(&in, header))
        return walk_fail(walk, MALFORMED_IP_SHORT);
    flags = load_be16(ip + 6);
    if (flags & (IP4_MORE | IP4_OFFSET))
        ip4_fragment(walk, ip, in);
    else
        transport_decode(walk, ip[9], in);
    return true;
}

/* The length in the jumbo option of a hop-by-hop header (RFC 2675), or 0. */
static uint32_t ip6_jumbo_length(struct span in)
{
    struct bytes options = bytes_of(in.at, in.len);
    size_t size;

    bytes_skip(&options, 1);
    size = (bytes_u8(&options) + 1u) * 8 - 2;
    if (size < bytes_left(&options))
        options.end = options.at + size;
    while (bytes_left(&options) > 0) {
        uint8_t type = bytes_u8(&options);
        uint8_t len;

        if (type == 0) /* Pad1, the only one without a length */
            continue;
        len = bytes_u8(&options);
        if (type == IP6_JUMBO_OPTION && len == 4)
            return bytes_u32(&options);
        bytes_skip(&options, len);
    }
    return 0;
}

/* The payload's length where the header says 0; `in` is the payload. */
static uint32_t ip6_long_payload(uint8_t next, struct span in)
{
    uint32_t length = 0;

    if (next == IP6_HOP_BY_HOP)
        length = ip6_jumbo_length(in);
    if (length == 0 && in.wire > OFFLOAD_MIN)
        length = in.wire;
    return length;
}

/* The size of an extension header with this number in its length field, or 0
 * when `next` is not one that is stepped over. */
static uint32_t ip6_extension_size(uint8_t next, uint8_t length)
{
    switch (next) {
    case IP6_HOP_BY_HOP:
    case IP6_ROUTING:
    case IP6_DESTINATION:
    case IP6_MOBILITY:
    case IP6_HIP:
    case IP6_SHIM6:
        return (length + 1u) * 8;
    case IP_PROTO_AH:
        return (length + 2u) * 4;
    case IP6_FRAGMENT:
        return IP6_FRAGMENT_SIZE;
    default:
        return 0;
    }
}

static bool ip6_is_extension(uint8_t next)
{
    return ip6_extension_size(next, 0) != 0;
}

/* What a fragment header says; `in` is behind it. @return false for the
 * "atomic" fragment that is a whole packet (RFC 6946). */
static bool ip6_fragment(const uint8_t *header, struct span in,
                         struct fragment *fragment)
{
    uint16_t place = load_be16(header + 2);

    fragment->in = in;
    fragment->id = load_be32(header + 4);
    fragment->offset = place & ~7u;
    fragment->proto = header[0];
    fragment->more = (place & IP6_FRAGMENT_MORE) != 0;
    return fragment->more || fragment->offset != 0;
}

/* Follow the chain of headers to the one for transport_decode(). */
static void ip6_chain(struct walk *walk, uint8_t next, struct span in)
{
    struct fragment fragment;
    const struct fragment *found = NULL;

    for (int i = 0; ip6_is_extension(next); i++) {
        uint8_t this = next;
        uint8_t length = in.len >= 2 ? in.at[1] : 0;
        const uint8_t *header =
            span_take(&in, ip6_extension_size(this, length));

        walk->packet->l4_proto = this;
        if (!header || i == IP6_EXTENSIONS_MAX) {
            walk_note(walk, MALFORMED_IP_EXTENSION);
            return;
        }
        next = header[0];
        if (this == IP6_FRAGMENT && ip6_fragment(header, in, &fragment)) {
            found = &fragment;
            /* Later fragments begin in the midst of something. */
            if (fragment.offset > 0)
                break;
        }
    }
    ip_upper(walk, found, next, in);
}

bool ip6_decode(struct walk *walk, struct span in)
{
    struct packet *packet = walk->packet;
    const uint8_t *ip = in.at;
    struct span payload = in;
    uint32_t length;

    walk_kind(walk, L3_IPV6);
    if (!span_take(&payload, IP6_SIZE))
        return walk_fail(walk, MALFORMED_IP_SHORT);
    if (ip[0] >> 4 != 6)
        return walk_fail(walk, MALFORMED_IP_VERSION);
    packet->is_tunneled = packet->l3 != NULL;
    packet->l3 = ip;
    packet->ip_version = 6;
    packet->ttl = ip[7];
    packet->l4_proto = ip[6];
    packet->src = addr_from_v6(ip + 8);
    packet->dst = addr_from_v6(ip + 24);
    length = load_be16(ip + 4);
    if (length == 0)
        length = ip6_long_payload(ip[6], payload);
    if (length > UINT32_MAX - IP6_SIZE)
        length = UINT32_MAX - IP6_SIZE;
    if (!ip_clip(walk, &in, length + IP6_SIZE))
        return false;
    (void)span_take(&in, IP6_SIZE);
    if (ip6_is_extension(ip[6]))
        ip6_chain(walk, ip[6], in);
    else
        transport_decode(walk, ip[6], in);
    return true;
}

bool ip_decode(struct walk *walk, struct span in)
{
    if (in.len == 0)
        return walk_fail(walk, MALFORMED_IP_SHORT);
    switch (in.at[0] >> 4) {
    case 4:
        return ip4_decode(walk, in);
    case 6:
        return ip6_decode(walk, in);
    default:
        return walk_fail(walk, MALFORMED_IP_VERSION);
    }
}
