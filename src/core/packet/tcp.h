/* tcp: how well a connection goes. SPDX-License-Identifier: MIT */
#ifndef KELVIN_PACKET_TCP_H
#define KELVIN_PACKET_TCP_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/packet/packet.h"

/*
 * Sequence analysis of one connection from what a third party sees, after
 * the marks of tshark (tcp.analysis.*). Times are the low 32 bits of epoch
 * microseconds: differences hold for 71 minutes, longer pauses count as that.
 */
enum tcp_trouble {
    TCP_RETRANSMISSION, /* also fast and spurious ones */
    TCP_OUT_OF_ORDER,
    TCP_LOST, /* gaps seen before a segment, not the segments in them */
    TCP_TROUBLE_COUNT
};

/* What one end sent. */
struct tcp_side {
    uint32_t next_seq; /* highest sequence number sent, plus one */
    uint32_t last_ack; /* last acknowledgement that it sent */
    uint32_t next_seq_time_us;
    uint32_t last_ack_time_us;
    uint16_t window;                  /* unscaled, of the last segment */
    uint8_t window_scale;             /* 0xff: not announced */
    uint8_t flags;                    /* enum tcp_flag, OR of all segments */
    uint8_t fresh[TCP_TROUBLE_COUNT]; /* trouble that nobody took yet */
    uint8_t dup_acks : 6;             /* so many or more */
    uint8_t has_seq : 1;              /* next_seq is known */
    uint8_t has_ack : 1;
};

/* Trouble that was taken; most connections never have any. */
struct tcp_taken {
    uint32_t trouble[2][TCP_TROUBLE_COUNT];
};

enum tcp_state {
    TCP_STATE_OPENING,     /* only SYNs seen */
    TCP_STATE_ESTABLISHED, /* handshake, or data, or picked up mid-stream */
    TCP_STATE_CLOSING,     /* one FIN */
    TCP_STATE_CLOSED,      /* both FINs */
    TCP_STATE_RESET,
};

struct tcp {
    struct tcp_side side[2]; /* client, server */
    struct tcp_taken *taken; /* NULL: none, see tcp_trouble() */
    uint32_t syn_seq;        /* of the client's SYN */
    uint32_t syn_time_us;
    uint32_t server_latency_us; /* SYN to SYN-ACK; 0: not seen */
    /* The time of the SYN-ACK, once the handshake is done the latency. */
    uint32_t client_us;
    /* The time of the last client payload before an answer, once there is one
     * the latency. */
    uint32_t appl_us;
    uint8_t state; /* enum tcp_state */
    uint8_t syn_seen : 1;
    uint8_t synack_seen : 1;
    uint8_t handshake_done : 1; /* the ACK of the SYN-ACK was seen */
    uint8_t request_seen : 1;
    uint8_t answer_seen : 1;
    uint8_t reset_by_server : 1;
};

static_assert(sizeof(struct tcp) <= 80, "a connection stays small");

/* Prepare for the first segment of a zeroed connection; free what it has
 * beside itself. */
void tcp_start(struct tcp *tcp);
void tcp_clear(struct tcp *tcp);

/*
 * Take in the next segment, which `from_server` sent or else the client.
 * Uses packet->tcp, payload_wire_len and when_us.
 * @return true when a `fresh` counter is full: tcp_take() before the next.
 */
bool tcp_segment(struct tcp *tcp, const struct packet *packet,
                 bool from_server);

/* What went wrong with the segments of one side, in all. */
static inline uint32_t tcp_trouble(const struct tcp *tcp, bool of_server,
                                   enum tcp_trouble trouble)
{
    return tcp->side[of_server].fresh[trouble] +
           (tcp->taken != NULL ? tcp->taken->trouble[of_server][trouble] : 0);
}

/* How much of it is news since this was last called. */
void tcp_take(struct tcp *tcp, bool of_server,
              uint32_t trouble[TCP_TROUBLE_COUNT]);

/* SYN-ACK to ACK; 0: not seen. */
static inline uint32_t tcp_client_latency_us(const struct tcp *tcp)
{
    return tcp->handshake_done ? tcp->client_us : 0;
}

/* Last request byte to first answer byte; 0: not seen. */
static inline uint32_t tcp_appl_latency_us(const struct tcp *tcp)
{
    return tcp->answer_seen ? tcp->appl_us : 0;
}

/* True for a SYN that cannot belong to this connection: its sequence number
 * is a new one, and the connection was closed, reset, or under way (port
 * reuse). While it opens, that is one more attempt. */
bool tcp_is_reopened_by(const struct tcp *tcp, const struct packet *packet,
                        bool from_server);

/* The handshake was completed, or data shows that it must have been. */
bool tcp_is_established(const struct tcp *tcp);

#endif
