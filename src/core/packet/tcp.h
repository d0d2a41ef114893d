/* tcp: how well a connection goes. SPDX-License-Identifier: MIT */
#ifndef KELVIN_PACKET_TCP_H
#define KELVIN_PACKET_TCP_H

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
    uint32_t trouble[TCP_TROUBLE_COUNT];
    uint32_t keep_alives;
    uint16_t window;      /* unscaled, of the last segment */
    uint8_t window_scale; /* 0xff: not announced */
    uint8_t flags;        /* enum tcp_flag, OR of all segments */
    uint8_t dup_acks;
    uint8_t fresh[TCP_TROUBLE_COUNT]; /* trouble since the last roll-up; the
                                         caller clears it */
    bool has_seq;                     /* next_seq is known */
    bool has_ack;
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
    uint32_t syn_seq; /* of the client's SYN */
    uint32_t syn_time_us;
    uint32_t synack_time_us;
    uint32_t request_time_us;   /* last client payload before an answer */
    uint32_t server_latency_us; /* SYN to SYN-ACK; 0: not seen */
    uint32_t client_latency_us; /* SYN-ACK to ACK; 0: not seen */
    uint32_t appl_latency_us;   /* last request byte to first answer byte */
    uint8_t state;              /* enum tcp_state */
    bool syn_seen;
    bool synack_seen;
    bool handshake_done; /* the ACK of the SYN-ACK was seen */
    bool request_seen;
    bool reset_by_server;
};

/* Prepare for the first segment of a zeroed connection. */
void tcp_start(struct tcp *tcp);

/*
 * Take in the next segment, which `from_server` sent or else the client.
 * Uses packet->tcp, payload_wire_len and when_us.
 * @return true when a `fresh` counter is full and must be rolled up.
 */
bool tcp_segment(struct tcp *tcp, const struct packet *packet,
                 bool from_server);

/* True for a SYN that cannot belong to this connection: its sequence number
 * is a new one, and the connection was closed, reset, or under way (port
 * reuse). While it opens, that is one more attempt. */
bool tcp_is_reopened_by(const struct tcp *tcp, const struct packet *packet,
                        bool from_server);

/* The handshake was completed, or data shows that it must have been. */
bool tcp_is_established(const struct tcp *tcp);

#endif
