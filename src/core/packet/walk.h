/* walk: the state of decoding one frame. SPDX-License-Identifier: MIT */
#ifndef KELVIN_PACKET_WALK_H
#define KELVIN_PACKET_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/packet/packet.h"

/*
 * Shared by the files that decode() consists of. A header decoder takes the
 * walk and the span that its enclosing header left, and hands the rest on.
 * It returns true when an IP packet was found that can be believed; that is
 * what decides whether a tunnel is entered.
 */

/* Most tunnels inside one another that are followed. */
#define WALK_TUNNELS_MAX 4

/* Most VLAN tags, LLC and PPPoE headers in one frame. */
#define WALK_TAGS_MAX 8

struct frags;

struct walk {
    struct packet *packet;
    struct frags *frags;
    bool outer_only;
    bool open;     /* in a first fragment: lengths may pass its end */
    bool too_deep; /* more tunnels than WALK_TUNNELS_MAX */
    uint8_t depth; /* tunnels entered */
    uint8_t tags;
};

/* Bytes of a frame: `len` may be read, `wire` (>= len) is how many there
 * were before the snap length cut them. */
struct span {
    const uint8_t *at;
    uint32_t len;
    uint32_t wire;
};

/* Step over a header of `len` bytes; @return its start, or NULL when fewer
 * were captured, and the span stays as it is. */
static inline const uint8_t *span_take(struct span *in, uint32_t len)
{
    const uint8_t *start = in->at;

    if (in->len < len)
        return NULL;
    in->at += len;
    in->len -= len;
    in->wire -= len;
    return start;
}

/* Step over bytes that need not have been captured. @return false when even
 * the wire had fewer. */
static inline bool span_skip(struct span *in, uint32_t len)
{
    uint32_t captured = len < in->len ? len : in->len;

    if (in->wire < len)
        return false;
    in->at += captured;
    in->len -= captured;
    in->wire -= len;
    return true;
}

/* Keep the first `len` bytes: what is behind them is padding. */
static inline void span_cut(struct span *in, uint32_t len)
{
    if (in->wire > len)
        in->wire = len;
    if (in->len > len)
        in->len = len;
}

/* Big-endian numbers at any alignment; the caller has checked the length. */
static inline uint16_t load_be16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t load_be32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 |
           p[3];
}

/* Note why the frame is malformed; the first, outermost reason stays. */
static inline void walk_note(struct walk *walk, enum malformed reason)
{
    if (walk->packet->malformed == MALFORMED_NONE)
        walk->packet->malformed = (uint8_t)reason;
}

/* The same, as the last act of a decoder: no IP packet was found. */
static inline bool walk_fail(struct walk *walk, enum malformed reason)
{
    walk_note(walk, reason);
    return false;
}

/* Note the kind of the network layer, unless one was found further out. */
static inline void walk_kind(struct walk *walk, enum l3_kind kind)
{
    struct packet *packet = walk->packet;

    if (packet->kind == L3_OTHER || packet->kind == L3_MPLS_OTHER)
        packet->kind = (uint8_t)kind;
}

/* Note the MAC addresses, unless there were some further out. */
static inline void walk_macs(struct walk *walk, const uint8_t src[MAC_SIZE],
                             const uint8_t dst[MAC_SIZE])
{
    struct packet *packet = walk->packet;

    if (packet->has_mac)
        return;
    packet->has_mac = true;
    memcpy(packet->src_mac, src, MAC_SIZE);
    memcpy(packet->dst_mac, dst, MAC_SIZE);
}

#endif
