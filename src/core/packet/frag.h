/* frag: what the first fragment told. SPDX-License-Identifier: MIT */
#ifndef KELVIN_PACKET_FRAG_H
#define KELVIN_PACKET_FRAG_H

#include <stdint.h>

#include "core/packet/packet.h"

/*
 * Only the first fragment of an IP packet has the ports. This table remembers
 * them for the fragments that follow: at most 1024 packets, the oldest makes
 * room, nothing is believed after 30 s of packet time. No bytes are kept and
 * nothing is reassembled.
 */
struct frags;

/* What all fragments of one packet have in common (RFC 791, 3.2; RFC 8200,
 * 4.5). `proto` is that of the header the fragments were cut from. */
struct frag_key {
    struct addr src;
    struct addr dst;
    uint32_t id;
    uint8_t proto;
};

/* Whose packet it was: that of the tunnel's inside where there is one. */
struct frag_owner {
    struct addr src;
    struct addr dst;
    uint16_t src_port;
    uint16_t dst_port;
    uint8_t ip_version;
    uint8_t l4_proto;
    uint8_t icmp_type;
    uint8_t icmp_code;
    bool is_tunneled;
    uint32_t header_len; /* bytes that no other fragment may cover */
};

/* @param seed secret for the hash. Free with frags_free(). */
struct frags *frags_new(uint64_t seed);
void frags_free(struct frags *frags);

/* Remember a first fragment, in place of an earlier one with the same key:
 * identifications come round. */
void frags_remember(struct frags *frags, const struct frag_key *key,
                    int64_t when_us, const struct frag_owner *owner);

/* @return what is known of the packet, valid until the next call with
 * `frags`, or NULL. */
const struct frag_owner *frags_find(const struct frags *frags,
                                    const struct frag_key *key,
                                    int64_t when_us);

#endif
