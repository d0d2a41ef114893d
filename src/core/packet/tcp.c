/* tcp: how well a connection goes. SPDX-License-Identifier: MIT */
/*
 * After tshark 4.0: the highest sequence number, when it was reached, and the
 * other side's acknowledgements decide; no list of segments is kept.
 */
#include "core/packet/tcp.h"

#include <stdlib.h>

#include "core/util/mem.h"

/* tshark: a segment within this of the highest one is out of order while the
 * round trip is unknown; a fast retransmission follows the ACK this soon. */
#define REORDER_US 3000
#define FAST_US 20000
#define FAST_DUP_ACKS 2
#define DUP_ACKS_MAX 63     /* that a side can count */
#define WINDOW_SCALE_MAX 14 /* RFC 7323, 2.3 */

/* Serial number arithmetic (RFC 1982). */
static bool seq_before(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b) < 0;
}

/* Time from one packet to another; 0 when the clock was set back between. */
static uint32_t elapsed_us(uint32_t from, uint32_t to)
{
    return (int32_t)(to - from) > 0 ? to - from : 0;
}

void tcp_start(struct tcp *tcp)
{
    tcp->side[0].window_scale = 0xff;
    tcp->side[1].window_scale = 0xff;
}

void tcp_clear(struct tcp *tcp)
{
    free(tcp->taken);
    tcp->taken = NULL;
}

void tcp_take(struct tcp *tcp, bool of_server,
              uint32_t trouble[TCP_TROUBLE_COUNT])
{
    uint8_t *fresh = tcp->side[of_server].fresh;

    for (unsigned i = 0; i < TCP_TROUBLE_COUNT; i++) {
        trouble[i] = fresh[i];
        if (fresh[i] == 0)
            continue;
        if (tcp->taken == NULL)
            tcp->taken = mem_calloc(1, sizeof(*tcp->taken));
        tcp->taken->trouble[of_server][i] += fresh[i];
        fresh[i] = 0;
    }
}

static bool count(struct tcp_side *side, enum tcp_trouble trouble)
{
    return ++side->fresh[trouble] == UINT8_MAX;
}

/* One byte or none, just below the next one: asks whether the peer lives. */
static bool is_keep_alive(const struct tcp_side *side,
                          const struct packet *packet)
{
    return packet->payload_wire_len <= 1 &&
           packet->tcp.seq == side->next_seq - 1 &&
           (packet->tcp.flags & (TCP_FLAG_SYN | TCP_FLAG_FIN | TCP_FLAG_RST)) ==
               0;
}

static uint32_t segment_len(const struct packet *packet)
{
    return packet->payload_wire_len +
           ((packet->tcp.flags & TCP_FLAG_SYN) != 0) +
           ((packet->tcp.flags & TCP_FLAG_FIN) != 0);
}

/* A segment that begins below what was sent before. */
static bool judge_old(const struct tcp *tcp, struct tcp_side *side,
                      const struct tcp_side *peer, const struct packet *packet,
                      uint32_t end)
{
    uint32_t now = (uint32_t)packet->when_us;
    uint32_t seq = packet->tcp.seq;
    uint32_t round_trip = tcp->handshake_done && tcp->synack_seen
                              ? tcp->server_latency_us + tcp->client_us
                              : 0;

    if (packet->payload_wire_len > 1 && side->next_seq - 1 == seq)
        return false; /* new data behind a probe of one byte */
    if (peer->dup_acks >= FAST_DUP_ACKS && peer->last_ack == seq &&
        now - peer->last_ack_time_us < FAST_US)
        return count(side, TCP_RETRANSMISSION);
    if (packet->payload_wire_len > 0 && peer->has_ack &&
        !seq_before(peer->last_ack, end))
        return count(side, TCP_RETRANSMISSION); /* spurious: all was acked */
    if (now - side->next_seq_time_us <
            (round_trip != 0 ? round_trip : REORDER_US) &&
        side->next_seq != end)
        return count(side, TCP_OUT_OF_ORDER);
    return count(side, TCP_RETRANSMISSION);
}

static bool follow_sequence(const struct tcp *tcp, struct tcp_side *side,
                            const struct tcp_side *peer,
                            const struct packet *packet)
{
    uint32_t len = segment_len(packet);
    uint32_t seq = packet->tcp.seq;
    uint32_t end = seq + len;
    bool is_full = false;
    bool is_probe;

    if (!side->has_seq) {
        side->has_seq = true;
        side->next_seq = end;
        side->next_seq_time_us = (uint32_t)packet->when_us;
        return false;
    }
    is_probe = packet->payload_wire_len == 1 && seq == side->next_seq &&
               peer->has_ack && peer->window == 0;
    if (seq_before(side->next_seq, seq) &&
        (packet->tcp.flags & TCP_FLAG_RST) == 0) {
        is_full = count(side, TCP_LOST);
    } else if (is_keep_alive(side, packet)) {
        return false;
    } else if (len > 0 && seq_before(seq, side->next_seq)) {
        is_full = judge_old(tcp, side, peer, packet, end);
    }
    /* A bare ACK beyond a gap moves it too, or each further one would tell
     * of the same gap again. */
    if (!is_probe && seq_before(side->next_seq, end)) {
        side->next_seq = end;
        side->next_seq_time_us = (uint32_t)packet->when_us;
    }
    return is_full;
}

static void follow_acks(struct tcp_side *side, const struct packet *packet)
{
    if ((packet->tcp.flags & TCP_FLAG_ACK) == 0)
        return;
    if (side->has_ack && packet->payload_wire_len == 0 &&
        packet->tcp.ack == side->last_ack &&
        packet->tcp.window == side->window && side->window != 0 &&
        packet->tcp.seq == side->next_seq &&
        (packet->tcp.flags & (TCP_FLAG_SYN | TCP_FLAG_FIN | TCP_FLAG_RST)) ==
            0) {
        if (side->dup_acks < DUP_ACKS_MAX)
            side->dup_acks++;
    } else if (!side->has_ack || packet->tcp.ack != side->last_ack) {
        side->dup_acks = 0;
    }
    side->has_ack = true;
    side->last_ack = packet->tcp.ack;
    side->last_ack_time_us = (uint32_t)packet->when_us;
}

/* The client tries once more, with another sequence number: what went before
 * is no measure for it. */
static void follow_attempt(struct tcp *tcp, const struct packet *packet,
                           bool from_server)
{
    if (from_server || !tcp->syn_seen ||
        (packet->tcp.flags & (TCP_FLAG_SYN | TCP_FLAG_ACK)) != TCP_FLAG_SYN ||
        packet->tcp.seq == tcp->syn_seq)
        return;
    for (unsigned i = 0; i < 2; i++) {
        tcp->side[i].has_seq = false;
        tcp->side[i].has_ack = false;
    }
}

static void follow_handshake(struct tcp *tcp, const struct packet *packet,
                             bool from_server)
{
    uint32_t now = (uint32_t)packet->when_us;
    uint8_t flags = packet->tcp.flags;

    if ((flags & TCP_FLAG_SYN) != 0 && (flags & TCP_FLAG_ACK) == 0 &&
        !from_server) {
        tcp->syn_seq = packet->tcp.seq;
        tcp->syn_time_us = now;
        tcp->syn_seen = true;
    } else if ((flags & TCP_FLAG_SYN) != 0 && (flags & TCP_FLAG_ACK) != 0 &&
               from_server) {
        if (tcp->syn_seen)
            tcp->server_latency_us = elapsed_us(tcp->syn_time_us, now);
        tcp->client_us = now;
        tcp->synack_seen = true;
    } else if (tcp->synack_seen && !from_server &&
               (flags & (TCP_FLAG_ACK | TCP_FLAG_RST)) != 0) {
        tcp->client_us = elapsed_us(tcp->client_us, now);
        tcp->handshake_done = true;
    }
}

/* From the last byte of a request to the first of the answer, once; what took
 * no time at all is measured again. */
static void follow_request(struct tcp *tcp, const struct packet *packet,
                           bool from_server)
{
    uint32_t now = (uint32_t)packet->when_us;

    if (packet->payload_wire_len == 0 || tcp->answer_seen)
        return;
    if (!from_server) {
        tcp->appl_us = now;
        tcp->request_seen = true;
    } else if (tcp->request_seen && elapsed_us(tcp->appl_us, now) != 0) {
        tcp->appl_us = elapsed_us(tcp->appl_us, now);
        tcp->answer_seen = true;
    }
}

/*
 * A reset far from what its sender said before is somebody else's, who knows
 * the ports and not the sequence number; the receiver does not believe it
 * either (RFC 5961, 3). That wants it within its window; what of it was lost
 * on the way to us or to it we do not know, so a window before or after will
 * do, and a small one counts as 64 KiB.
 */
static bool is_blind_reset(const struct tcp *tcp, const struct tcp_side *side,
                           const struct tcp_side *peer,
                           const struct packet *packet)
{
    int32_t distance = (int32_t)(packet->tcp.seq - side->next_seq);
    unsigned shift = WINDOW_SCALE_MAX; /* while not known */
    uint32_t window;

    if ((packet->tcp.flags & TCP_FLAG_RST) == 0 || !side->has_seq ||
        !peer->has_ack)
        return false;
    if (side->window_scale <= WINDOW_SCALE_MAX &&
        peer->window_scale <= WINDOW_SCALE_MAX)
        shift = peer->window_scale;
    else if (tcp->syn_seen || tcp->synack_seen)
        shift = 0;
    window = (uint32_t)peer->window << shift;
    if (window < UINT16_MAX)
        window = UINT16_MAX;
    return distance > (int32_t)window || distance < -(int32_t)window;
}

static void follow_state(struct tcp *tcp, const struct packet *packet,
                         bool from_server)
{
    bool both_fins =
        (tcp->side[0].flags & tcp->side[1].flags & TCP_FLAG_FIN) != 0;

    if ((packet->tcp.flags & TCP_FLAG_RST) != 0) {
        tcp->reset_by_server = from_server;
        tcp->state = TCP_STATE_RESET;
    } else if (tcp->state == TCP_STATE_RESET) {
        return;
    } else if (both_fins) {
        tcp->state = TCP_STATE_CLOSED;
    } else if ((packet->tcp.flags & TCP_FLAG_FIN) != 0) {
        tcp->state = TCP_STATE_CLOSING;
    } else if (tcp->state == TCP_STATE_OPENING &&
               (packet->tcp.flags & TCP_FLAG_SYN) == 0) {
        tcp->state = TCP_STATE_ESTABLISHED;
    }
}

bool tcp_segment(struct tcp *tcp, const struct packet *packet, bool from_server)
{
    struct tcp_side *side = &tcp->side[from_server];
    const struct tcp_side *peer = &tcp->side[!from_server];
    bool is_full;

    if (is_blind_reset(tcp, side, peer, packet)) {
        side->flags |= TCP_FLAG_RST;
        return false;
    }
    if (tcp->state == TCP_STATE_OPENING)
        follow_attempt(tcp, packet, from_server);
    if (!tcp->handshake_done)
        follow_handshake(tcp, packet, from_server);
    is_full = follow_sequence(tcp, side, peer, packet);
    follow_acks(side, packet);
    follow_request(tcp, packet, from_server);
    if ((packet->tcp.flags & TCP_FLAG_SYN) != 0)
        side->window_scale = packet->tcp.window_scale;
    side->window = packet->tcp.window;
    side->flags |= packet->tcp.flags;
    if (tcp->state != TCP_STATE_ESTABLISHED ||
        (packet->tcp.flags & (TCP_FLAG_FIN | TCP_FLAG_RST)) != 0)
        follow_state(tcp, packet, from_server);
    return is_full;
}

bool tcp_is_reopened_by(const struct tcp *tcp, const struct packet *packet,
                        bool from_server)
{
    const struct tcp_side *side = &tcp->side[from_server];

    if ((packet->tcp.flags & TCP_FLAG_SYN) == 0 ||
        (packet->tcp.flags & TCP_FLAG_ACK) != 0)
        return false;
    if (tcp->state == TCP_STATE_OPENING)
        return false;
    if (tcp->state == TCP_STATE_ESTABLISHED || tcp->state == TCP_STATE_CLOSING)
        return !from_server && tcp->syn_seen && tcp->syn_seq != packet->tcp.seq;
    return !side->has_seq || (side->flags & TCP_FLAG_SYN) == 0 ||
           side->next_seq != packet->tcp.seq + 1;
}

bool tcp_is_established(const struct tcp *tcp)
{
    return tcp->handshake_done || tcp->state == TCP_STATE_ESTABLISHED ||
           tcp->state == TCP_STATE_CLOSING || tcp->state == TCP_STATE_CLOSED;
}
