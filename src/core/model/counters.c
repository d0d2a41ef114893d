/* counters: the numbers that all entities share. SPDX-License-Identifier: MIT
 */
#include "core/model/counters.h"

#include "core/packet/packet.h"

/* Changes below a tenth are noise. */
#define TREND_SHARE 0.1f

/* What came in one second of the last three that are known. */
static float bytes_in(const struct rate *rate, uint32_t second)
{
    if (second == rate->now_s)
        return (float)rate->bytes;
    if (second == rate->last_s)
        return rate->bytes_per_s;
    return second == rate->last_s - 1 ? rate->before_bytes_per_s : 0;
}

static void rate_finish(struct rate *rate)
{
    float before = bytes_in(rate, rate->now_s - 1);

    rate->before_bytes_per_s = before;
    rate->bytes_per_s = (float)rate->bytes;
    rate->packets_per_s = (float)rate->packets;
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
        rate->now_s = now_s;
    }
    rate->bytes += bytes;
    rate->packets += (uint32_t)packets;
    if ((float)rate->bytes > rate->peak_bytes_per_s)
        rate->peak_bytes_per_s = (float)rate->bytes;
}

float rate_bytes_per_s(const struct rate *rate, uint32_t now_s)
{
    return bytes_in(rate, now_s - 1);
}

float rate_packets_per_s(const struct rate *rate, uint32_t now_s)
{
    if (now_s - 1 == rate->now_s)
        return (float)rate->packets;
    return now_s - 1 == rate->last_s ? rate->packets_per_s : 0;
}

float rate_before_bytes_per_s(const struct rate *rate, uint32_t now_s)
{
    return bytes_in(rate, now_s - 2);
}

enum trend trend_of(float before, float now)
{
    if (now > before * (1 + TREND_SHARE))
        return TREND_UP;
    return now < before * (1 - TREND_SHARE) ? TREND_DOWN : TREND_STABLE;
}

enum trend rate_trend(const struct rate *rate, uint32_t now_s)
{
    if (rate->now_s == 0 || (rate->last_s == 0 && now_s - 1 <= rate->now_s))
        return TREND_UNKNOWN;
    return trend_of(bytes_in(rate, now_s - 2), bytes_in(rate, now_s - 1));
}

const char *packet_class_key(enum packet_class class)
{
    static const char *const keys[PACKET_CLASSES] = {
        [SIZE_64] = "upTo64",      [SIZE_128] = "upTo128",
        [SIZE_256] = "upTo256",    [SIZE_512] = "upTo512",
        [SIZE_1024] = "upTo1024",  [SIZE_1518] = "upTo1518",
        [SIZE_2500] = "upTo2500",  [SIZE_6500] = "upTo6500",
        [SIZE_9000] = "upTo9000",  [SIZE_ABOVE_9000] = "above9000",
        [FLAGS_SYN] = "syn",       [FLAGS_SYNACK] = "synack",
        [FLAGS_FINACK] = "finack", [FLAGS_RST] = "rst",
    };

    return keys[class];
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
