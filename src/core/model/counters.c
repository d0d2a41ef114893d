/* counters: the numbers that all entities share. SPDX-License-Identifier: MIT
 */
#include "core/model/counters.h"

#include "core/packet/packet.h"

/* Changes below a tenth are noise. */
#define TREND_SHARE 0.1f

static void rate_finish(struct rate *rate)
{
    rate->before_bytes_per_s = rate->bytes_per_s;
    rate->bytes_per_s = (float)rate->bytes;
    rate->packets_per_s = (float)rate->packets;
    if (rate->bytes_per_s > rate->peak_bytes_per_s)
        rate->peak_bytes_per_s = rate->bytes_per_s;
    rate->last_s = rate->now_s;
    rate->bytes = 0;
    rate->packets = 0;
}

void rate_add(struct rate *rate, uint32_t now_s, uint64_t bytes,
              uint64_t packets)
{
    if (rate->now_s != now_s) {
        if (rate->now_s != 0)
            rate_finish(rate);
        if (now_s - rate->last_s > 1)
            rate->bytes_per_s = 0; /* there was a silent second between */
        rate->now_s = now_s;
    }
    rate->bytes += bytes;
    rate->packets += (uint32_t)packets;
}

/* A roll-up happens once a second, so the second that fills is the newest
 * whole one for whoever asks within it or right after. */
static bool is_current(const struct rate *rate, uint32_t now_s)
{
    return rate->now_s != 0 && now_s - rate->now_s <= 1;
}

float rate_bytes_per_s(const struct rate *rate, uint32_t now_s)
{
    return is_current(rate, now_s) ? (float)rate->bytes : 0;
}

float rate_packets_per_s(const struct rate *rate, uint32_t now_s)
{
    return is_current(rate, now_s) ? (float)rate->packets : 0;
}

enum trend rate_trend(const struct rate *rate, uint32_t now_s)
{
    float now = rate_bytes_per_s(rate, now_s);
    float before = rate->bytes_per_s;

    if (rate->last_s == 0)
        return TREND_UNKNOWN;
    if (now > before * (1 + TREND_SHARE))
        return TREND_UP;
    return now < before * (1 - TREND_SHARE) ? TREND_DOWN : TREND_STABLE;
}

enum l4_group l4_group(uint8_t l4_proto)
{
    switch (l4_proto) {
    case IP_PROTO_TCP:
        return L4_TCP;
    case IP_PROTO_UDP:
        return L4_UDP;
    case IP_PROTO_ICMP:
    case IP_PROTO_ICMPV6:
        return L4_ICMP;
    default:
        return L4_OTHER;
    }
}
