/* counters: the numbers that all entities share. SPDX-License-Identifier: MIT
 */
#ifndef KELVIN_MODEL_COUNTERS_H
#define KELVIN_MODEL_COUNTERS_H

#include <stdbool.h>
#include <stdint.h>

enum way {
    WAY_SENT, /* for a flow: client to server */
    WAY_RCVD, /* for a flow: server to client */
    WAYS
};

/* Retransmissions, out of order, lost: enum tcp_trouble of tcp.h. */
#define TCP_TROUBLE_KINDS 3

struct traffic {
    uint64_t packets;
    uint64_t bytes; /* wire lengths of frames */
};

/* Take away what there is of it. */
static inline void traffic_subtract(struct traffic *from,
                                    const struct traffic *less)
{
    from->packets -=
        less->packets < from->packets ? less->packets : from->packets;
    from->bytes -= less->bytes < from->bytes ? less->bytes : from->bytes;
}

/* Packet sizes by wire length, and TCP flag combinations, as the Lua keys
 * upTo64 ... above9000, syn, synack, finack, rst. */
enum packet_class {
    SIZE_64,
    SIZE_128,
    SIZE_256,
    SIZE_512,
    SIZE_1024,
    SIZE_1518,
    SIZE_2500,
    SIZE_6500,
    SIZE_9000,
    SIZE_ABOVE_9000,
    FLAGS_SYN,
    FLAGS_SYNACK,
    FLAGS_FINACK,
    FLAGS_RST,
    PACKET_CLASSES
};

/* The class as ntopng's Lua keys and stored hosts call it. */
const char *packet_class_key(enum packet_class class);

/* The size class of a frame. */
static inline enum packet_class packet_size_class(uint32_t wire_len)
{
    if (wire_len <= 1024)
        return wire_len <= 64    ? SIZE_64
               : wire_len <= 128 ? SIZE_128
               : wire_len <= 256 ? SIZE_256
               : wire_len <= 512 ? SIZE_512
                                 : SIZE_1024;
    return wire_len <= 1518   ? SIZE_1518
           : wire_len <= 2500 ? SIZE_2500
           : wire_len <= 6500 ? SIZE_6500
           : wire_len <= 9000 ? SIZE_9000
                              : SIZE_ABOVE_9000;
}

enum trend { TREND_UNKNOWN, TREND_UP, TREND_DOWN, TREND_STABLE };

/*
 * Throughput, second by second of the interface's clock. A tick hands over
 * flow by flow and may be asked in the midst of it, so what is added under one
 * second becomes the rate when the next one begins: always a whole second,
 * the same one for all who count. Silence is zero.
 */
struct rate {
    uint32_t now_s;  /* the second that is filling; 0: none yet */
    uint32_t last_s; /* the latest before it that had traffic; 0: none yet */
    uint64_t bytes;  /* of the second that is filling */
    uint32_t packets;
    float bytes_per_s; /* of last_s */
    float packets_per_s;
    float before_bytes_per_s; /* of last_s - 1, for the trend */
    float peak_bytes_per_s;   /* most in one second, the filling one too */
};

/* Something came in the second `now_s` (not 0). Any order within it; a clock
 * that was set back starts anew. */
void rate_add(struct rate *rate, uint32_t now_s, uint64_t bytes,
              uint64_t packets);

/* In the last whole second as seen within `now_s`: the one before it. */
float rate_bytes_per_s(const struct rate *rate, uint32_t now_s);
float rate_packets_per_s(const struct rate *rate, uint32_t now_s);

/* The same for the second before that one. */
float rate_before_bytes_per_s(const struct rate *rate, uint32_t now_s);

/* From one rate to the next: changes below a tenth are noise. */
enum trend trend_of(float before, float now);

/* Whether that is more or less than in the second before; unknown when the
 * first second ever was no earlier. */
enum trend rate_trend(const struct rate *rate, uint32_t now_s);

/* L4 protocols that hosts are asked about by name. */
enum l4_group { L4_TCP, L4_UDP, L4_ICMP, L4_OTHER, L4_GROUPS };

/* The group of an IP protocol number. */
enum l4_group l4_group(uint8_t l4_proto);

/* What one flow brought since it was last asked: the unit in which the tick
 * hands numbers to hosts, devices, groups and the interface. Arrays by way
 * are as the flow sees it: sent by the client first. */
struct delta {
    struct traffic traffic[WAYS];
    uint64_t goodput_bytes[WAYS];
    /* enum tcp_trouble, of what that side sent */
    uint32_t trouble[WAYS][TCP_TROUBLE_KINDS];
    uint8_t classes[WAYS][PACKET_CLASSES];
    /* What the application gets: all that the flow had so far once it is
     * decided, nothing before (`has_app` false). */
    struct traffic app_traffic[WAYS];
    bool has_app;
    bool is_new_app; /* first delta of this flow for its application */
    uint16_t app;    /* nDPI id; 0: not recognised */
    uint8_t l4;      /* enum l4_group */
    uint32_t now_s;
};

#endif
