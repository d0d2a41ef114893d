/* decode: the bytes of a frame to a packet. SPDX-License-Identifier: MIT */
#include "core/packet/decode.h"

#include <stdlib.h>

#include "core/packet/frag.h"
#include "core/packet/link.h"
#include "core/packet/transport.h"
#include "core/util/mem.h"

struct decoder {
    struct frags *frags;
    bool outer_only;
};

struct decoder *decoder_new(bool outer_only, uint64_t seed)
{
    struct decoder *decoder = mem_calloc(1, sizeof(*decoder));

    decoder->frags = frags_new(seed);
    decoder->outer_only = outer_only;
    return decoder;
}

void decoder_free(struct decoder *decoder)
{
    if (!decoder)
        return;
    frags_free(decoder->frags);
    free(decoder);
}

bool decode_knows_link(int link_type)
{
    return link_find(link_type) != NULL;
}

/* Zero everything. In parts, because compilers turn one memset() of the whole
 * into a string instruction that costs more than all of the decoding. */
static void packet_reset(struct packet *packet, const struct frame *frame)
{
    const size_t src = offsetof(struct packet, src);
    const size_t tcp = offsetof(struct packet, tcp);

    memset(packet, 0, src);
    memset(&packet->src, 0, tcp - src);
    memset(&packet->tcp, 0, sizeof(*packet) - tcp);
    packet->tcp.window_scale = TCP_SCALE_NONE;
    packet->when_us = frame->when_us;
    packet->wire_len = frame->wire_len;
}

void decode(struct decoder *decoder, const struct frame *frame,
            struct packet *packet)
{
    const struct link *link = link_find(frame->link_type);
    struct walk walk = {
        .packet = packet,
        .frags = decoder->frags,
        .outer_only = decoder->outer_only,
    };
    struct span in = {frame->bytes, frame->captured_len, frame->wire_len};

    packet_reset(packet, frame);
    /* Some captures say that a frame was shorter than what they hold. */
    if (in.wire < in.len)
        in.wire = in.len;
    if (!link) {
        packet->malformed = MALFORMED_LINK_TYPE;
        return;
    }
    link->decode(&walk, in);
    if (walk.too_deep)
        walk_note(&walk, MALFORMED_TUNNEL);
}

const char *malformed_name(enum malformed reason)
{
    static const char *const names[MALFORMED_COUNT] = {
        [MALFORMED_NONE] = "none",
        [MALFORMED_LINK_SHORT] = "link-short",
        [MALFORMED_LINK_TYPE] = "link-type",
        [MALFORMED_VLAN] = "vlan",
        [MALFORMED_ARP] = "arp",
        [MALFORMED_IP_SHORT] = "ip-short",
        [MALFORMED_IP_VERSION] = "ip-version",
        [MALFORMED_IP_LENGTH] = "ip-length",
        [MALFORMED_IP_EXTENSION] = "ip-extension",
        [MALFORMED_IP_FRAGMENT] = "ip-fragment",
        [MALFORMED_TUNNEL] = "tunnel",
        [MALFORMED_TCP] = "tcp",
        [MALFORMED_UDP] = "udp",
        [MALFORMED_L4] = "l4",
    };

    return reason < MALFORMED_COUNT ? names[reason] : "unknown";
}
