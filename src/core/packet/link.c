/* link: the link layers of captures. SPDX-License-Identifier: MIT */
#include "core/packet/link.h"

#include "core/packet/ether.h"
#include "core/packet/ip.h"
#include "core/packet/ppp.h"
#include "core/packet/wifi.h"

/* AF_INET is the same everywhere, AF_INET6 is not. */
enum family {
    FAMILY_INET = 2,
    FAMILY_ARP = 3, /* NFPROTO_ARP */
    FAMILY_INET6_LINUX = 10,
    FAMILY_INET6_BSD = 24,
    FAMILY_INET6_FREEBSD = 28,
    FAMILY_INET6_DARWIN = 30,
};

/* ARPHRD_ numbers of Linux: what device a cooked frame came from. */
enum device {
    DEVICE_ETHER = 1,
    DEVICE_RADIOTAP = 803,
};

#define SLL_SIZE 16
#define SLL2_SIZE 20
#define SLL_BROADCAST 1 /* packet type: sent to all */
#define NULL_SIZE 4

/*
 * BSD loopback: the address family in the byte order of the machine that
 * captured. No family passes 16 bits, so either order can be told.
 */
static bool null_decode(struct walk *walk, struct span in)
{
    const uint8_t *header = span_take(&in, NULL_SIZE);
    uint32_t family;

    if (!header)
        return walk_fail(walk, MALFORMED_LINK_SHORT);
    family = load_be32(header);
    if (family > UINT16_MAX)
        family = __builtin_bswap32(family);
    switch (family) {
    case FAMILY_INET:
        return ip4_decode(walk, in);
    case FAMILY_INET6_LINUX:
    case FAMILY_INET6_BSD:
    case FAMILY_INET6_FREEBSD:
    case FAMILY_INET6_DARWIN:
        return ip6_decode(walk, in);
    default:
        return false;
    }
}

/* What cooked frames tell of their link layer, version 1 and 2 alike. */
struct cooked {
    uint16_t proto;  /* ethertype, if the device has such */
    uint16_t device; /* enum device */
    uint16_t kind;   /* broadcast, outgoing ... */
    uint16_t addr_len;
    const uint8_t *addr; /* of the sender */
};

static bool cooked_decode(struct walk *walk, const struct cooked *cooked,
                          struct span in)
{
    static const uint8_t all[MAC_SIZE] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    static const uint8_t unknown[MAC_SIZE];

    if (cooked->device == DEVICE_RADIOTAP)
        return radiotap_decode(walk, in);
    if (cooked->device == DEVICE_ETHER && cooked->addr_len == MAC_SIZE)
        walk_macs(walk, cooked->addr,
                  cooked->kind == SLL_BROADCAST ? all : unknown);
    if (cooked->proto == ETHER_SLL_802_2)
        return llc_decode(walk, in);
    /* Linux's own numbers, of CAN, netlink and others: not a length. */
    if (cooked->proto <= ETHER_LENGTH_MAX)
        return false;
    return ether_payload(walk, cooked->proto, in);
}

static bool sll_decode(struct walk *walk, struct span in)
{
    const uint8_t *header = span_take(&in, SLL_SIZE);
    struct cooked cooked;

    if (!header)
        return walk_fail(walk, MALFORMED_LINK_SHORT);
    cooked.kind = load_be16(header);
    cooked.device = load_be16(header + 2);
    cooked.addr_len = load_be16(header + 4);
    cooked.addr = header + 6;
    cooked.proto = load_be16(header + 14);
    return cooked_decode(walk, &cooked, in);
}

static bool sll2_decode(struct walk *walk, struct span in)
{
    const uint8_t *header = span_take(&in, SLL2_SIZE);
    struct cooked cooked;

    if (!header)
        return walk_fail(walk, MALFORMED_LINK_SHORT);
    cooked.proto = load_be16(header);
    cooked.device = load_be16(header + 8);
    cooked.kind = header[10];
    cooked.addr_len = header[11];
    cooked.addr = header + 12;
    return cooked_decode(walk, &cooked, in);
}

#define NFLOG_SIZE 4
#define NFLOG_TLV_SIZE 4

enum nflog_tlv {
    NFLOG_PACKET_HDR = 1, /* ethertype, hook */
    NFLOG_HWADDR = 8,     /* length, padding, sender's address */
    NFLOG_PAYLOAD = 9,
};

#define NFLOG_TYPE 0x3fff /* without the flags of netlink attributes */

struct nflog_head {
    uint16_t size; /* with this header, without padding */
    uint16_t type;
};

/* The byte order is that of the machine that captured. Types are small
 * numbers, so either order can be told. */
static struct nflog_head nflog_head(const uint8_t *tlv)
{
    struct nflog_head head = {load_be16(tlv), load_be16(tlv + 2)};

    if ((head.type & NFLOG_TYPE) > UINT8_MAX) {
        head.size = __builtin_bswap16(head.size);
        head.type = __builtin_bswap16(head.type);
    }
    return head;
}

static bool nflog_payload(struct walk *walk, struct span in, uint16_t proto)
{
    return proto ? ether_payload(walk, proto, in) : ip_decode(walk, in);
}

/* Note what a TLV before the payload tells; @return its ethertype, or 0. */
static uint16_t nflog_note(struct walk *walk, struct nflog_head head,
                           const uint8_t *value)
{
    static const uint8_t unknown[MAC_SIZE];

    if (head.type == NFLOG_PACKET_HDR && head.size >= NFLOG_TLV_SIZE + 2)
        return load_be16(value);
    if (head.type == NFLOG_HWADDR &&
        head.size >= NFLOG_TLV_SIZE + 4 + MAC_SIZE &&
        load_be16(value) == MAC_SIZE)
        walk_macs(walk, value + 4, unknown);
    return 0;
}

/* The Linux netfilter log: TLVs, one of which is the packet. */
static bool nflog_decode(struct walk *walk, struct span in)
{
    const uint8_t *header = span_take(&in, NFLOG_SIZE);
    uint16_t proto = 0;

    if (!header)
        return walk_fail(walk, MALFORMED_LINK_SHORT);
    if (header[0] == FAMILY_ARP)
        proto = ETHER_ARP;
    while (in.wire > 0) {
        const uint8_t *tlv = span_take(&in, NFLOG_TLV_SIZE);
        struct nflog_head head;
        uint16_t told;

        if (!tlv)
            return walk_fail(walk, MALFORMED_LINK_SHORT);
        head = nflog_head(tlv);
        if (head.size < NFLOG_TLV_SIZE ||
            (uint32_t)head.size - NFLOG_TLV_SIZE > in.wire)
            return walk_fail(walk, MALFORMED_LINK_SHORT);
        if (head.type == NFLOG_PAYLOAD) {
            span_cut(&in, head.size - NFLOG_TLV_SIZE);
            return nflog_payload(walk, in, proto);
        }
        tlv = span_take(&in, head.size - NFLOG_TLV_SIZE);
        if (!tlv)
            return walk_fail(walk, MALFORMED_LINK_SHORT);
        told = nflog_note(walk, head, tlv);
        proto = told ? told : proto;
        /* The last one may come without its padding. */
        (void)span_take(&in, -(uint32_t)head.size & 3);
    }
    return false;
}

/* By how common they are: each packet looks its own up. */
static const struct link links[] = {
    {LINK_ETHERNET, ether_decode},
    {LINK_SLL, sll_decode},
    {LINK_SLL2, sll2_decode},
    {LINK_RAW_DLT, ip_decode},
    {LINK_RAW_OPENBSD, ip_decode},
    {LINK_RAW, ip_decode},
    {LINK_IPV4, ip4_decode},
    {LINK_IPV6, ip6_decode},
    {LINK_NULL, null_decode},
    {LINK_LOOP, null_decode},
    {LINK_RADIOTAP, radiotap_decode},
    {LINK_IEEE80211, wifi_decode},
    {LINK_PPP, ppp_decode},
    {LINK_PPP_SERIAL, ppp_serial_decode},
    {LINK_CISCO_HDLC, ppp_serial_decode},
    {LINK_PPP_ETHER, pppoe_decode},
    {LINK_NFLOG, nflog_decode},
};

const struct link *link_find(int type)
{
    for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
        if (links[i].type == (unsigned)type)
            return &links[i];
    }
    return NULL;
}
