/* decode: the bytes of a frame to a packet. SPDX-License-Identifier: MIT */
#ifndef KELVIN_PACKET_DECODE_H
#define KELVIN_PACKET_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/packet/packet.h"

/*
 * A decoder holds what outlives one frame: the ports of fragmented packets,
 * by (source, destination, id, protocol), bounded, oldest out (RFC 791,
 * 8200). One per interface; it does no I/O and never keeps packet bytes.
 */
struct decoder;

/* @param outer_only report tunnels by their outer addresses.
 * @param seed secret for the hash of the fragment table. */
struct decoder *decoder_new(bool outer_only, uint64_t seed);
void decoder_free(struct decoder *decoder);

/* True when frames of this link type (LINKTYPE_ / DLT_ number as libpcap
 * gives it) are understood. */
bool decode_knows_link(int link_type);

/* One captured frame, as the capture gives it. */
struct frame {
    const uint8_t *bytes;
    uint32_t captured_len; /* bytes that may be read */
    uint32_t wire_len;
    int64_t when_us; /* epoch, microseconds */
    int link_type;
};

/*
 * Decode one frame. Always fills `packet`; what is malformed sets
 * packet->malformed, and what was understood up to there stays (an IP packet
 * with a cut TCP header still has addresses and protocol, l4 is NULL then).
 * Never reads beyond captured_len.
 */
void decode(struct decoder *decoder, const struct frame *frame,
            struct packet *packet);

/* The name of a reason, such as "ip-length", for reports. */
const char *malformed_name(enum malformed reason);

#endif
