/* gre: generic routing encapsulation. SPDX-License-Identifier: MIT */
#include "core/packet/gre.h"

#include "core/packet/ether.h"
#include "core/packet/tunnel.h"

#define GRE_SIZE 4
#define GRE_WORD 4 /* checksum with offset, key, sequence, acknowledgement */
#define SOURCE_ROUTE_SIZE 4

enum gre_flag {
    GRE_CHECKSUM = 0x8000,
    GRE_ROUTING = 0x4000,
    GRE_KEY = 0x2000,
    GRE_SEQUENCE = 0x1000,
    GRE_ACK = 0x0080, /* version 1 only */
    GRE_VERSION = 0x0007,
};

#define ERSPAN2_SIZE 8
#define ERSPAN3_SIZE 12
#define ERSPAN3_SUBHEADER_SIZE 8
#define ERSPAN3_HAS_SUBHEADER 0x01
#define ERSPAN3_FRAME_TYPE 0x7c /* in the byte at 10, 2 is IP */
#define ERSPAN3_FRAME_IP (2 << 2)

/* Step over the source routes; the one with nothing in it is the last. */
static bool gre_skip_routing(struct span *in)
{
    const uint8_t *route;

    do {
        route = span_take(in, SOURCE_ROUTE_SIZE);
        if (!route || !span_take(in, route[3]))
            return false;
    } while (load_be16(route) != 0 || route[3] != 0);
    return true;
}

static bool gre_skip_fields(struct span *in, uint16_t flags)
{
    uint32_t size = 0;

    if (flags & (GRE_CHECKSUM | GRE_ROUTING))
        size += GRE_WORD;
    if (flags & GRE_KEY)
        size += GRE_WORD;
    if (flags & GRE_SEQUENCE)
        size += GRE_WORD;
    if (!span_take(in, size))
        return false;
    return !(flags & GRE_ROUTING) || gre_skip_routing(in);
}

/* Mirrored frames; those without a sequence number have no header of
 * ERSPAN's own (type I). */
static void erspan2_decode(struct walk *walk, uint16_t flags, struct span in)
{
    if (flags & GRE_SEQUENCE && !span_take(&in, ERSPAN2_SIZE))
        walk_note(walk, MALFORMED_TUNNEL);
    else
        tunnel_enter(walk, ETHER_BRIDGED, in);
}

static void erspan3_decode(struct walk *walk, struct span in)
{
    const uint8_t *header = span_take(&in, ERSPAN3_SIZE);

    if (!header || (header[11] & ERSPAN3_HAS_SUBHEADER &&
                    !span_take(&in, ERSPAN3_SUBHEADER_SIZE)))
        walk_note(walk, MALFORMED_TUNNEL);
    else if ((header[10] & ERSPAN3_FRAME_TYPE) == ERSPAN3_FRAME_IP)
        tunnel_enter(walk, TUNNEL_IP, in);
    else
        tunnel_enter(walk, ETHER_BRIDGED, in);
}

/* PPTP: the key's place has payload length and call id. */
static void pptp_decode(struct walk *walk, uint16_t flags, struct span in)
{
    uint32_t size = GRE_WORD;

    if (flags & GRE_SEQUENCE)
        size += GRE_WORD;
    if (flags & GRE_ACK)
        size += GRE_WORD;
    if (!span_take(&in, size))
        walk_note(walk, MALFORMED_TUNNEL);
    else if (flags & GRE_SEQUENCE) /* else it only acknowledges */
        tunnel_enter(walk, ETHER_PPP, in);
}

void gre_decode(struct walk *walk, struct span in)
{
    const uint8_t *header = span_take(&in, GRE_SIZE);
    uint16_t flags, type;

    if (!header) {
        walk_note(walk, MALFORMED_TUNNEL);
        return;
    }
    flags = load_be16(header);
    type = load_be16(header + 2);
    if ((flags & GRE_VERSION) == 1 && type == ETHER_PPP) {
        pptp_decode(walk, flags, in);
        return;
    }
    if ((flags & GRE_VERSION) != 0)
        return;
    if (!gre_skip_fields(&in, flags))
        walk_note(walk, MALFORMED_TUNNEL);
    else if (type == ETHER_ERSPAN2)
        erspan2_decode(walk, flags, in);
    else if (type == ETHER_ERSPAN3)
        erspan3_decode(walk, in);
    else
        tunnel_enter(walk, type, in);
}
