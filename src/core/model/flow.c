/* flow: who talks with whom. SPDX-License-Identifier: MIT */
#include "core/model/flow.h"

#include "core/packet/dpi.h"

#define LOW_GOODPUT_PERCENT 40
#define SLOW_HANDSHAKE_US 2000000
#define SLOW_ANSWER_US 5000000
#define NO_ANSWER_US 3000000
#define SLOW_DATA_US 10000000 /* silence between small pieces */
/* Fewer packets do not say how well a connection goes. */
#define ISSUES_PACKETS 10
#define ISSUES_PERCENT 10 /* of the packets retransmitted or lost */
#define TREND_SHIFT 8

static_assert(FLOW_TREND >> TREND_SHIFT == TREND_STABLE, "a trend fits");

/* The low 32 bits of when a way's first packet came. */
static uint32_t way_first_us(const struct flow *flow, enum way way)
{
    enum way first = (flow->flags & FLOW_SWAPPED) != 0 ? WAY_RCVD : WAY_SENT;

    return way == first ? (uint32_t)flow->first_us : flow->answered_us;
}

uint32_t flow_iat_avg_us(const struct flow *flow, enum way way)
{
    uint64_t packets = flow_packets(flow, way);
    /* A way keeps the low 32 bits; the flow's own times tell the rest. */
    uint32_t after = way_first_us(flow, way) - (uint32_t)flow->first_us;
    uint32_t before = (uint32_t)flow->last_us - flow->way_last_us[way];
    int64_t span_us = flow->last_us - before - (flow->first_us + after);
    int64_t mean_us;

    if (packets < 2 || span_us <= 0)
        return 0;
    mean_us = span_us / (int64_t)(packets - 1);
    return mean_us < UINT32_MAX ? (uint32_t)mean_us : UINT32_MAX;
}

void flow_tick(struct flow *flow, uint32_t tick, float bytes_per_s)
{
    float before = flow_bytes_per_s(flow, tick - 1);
    enum trend trend = TREND_UNKNOWN;

    flow->bytes_per_s = bytes_per_s;
    if (flow->bytes_per_s > flow->peak_bytes_per_s)
        flow->peak_bytes_per_s = flow->bytes_per_s;
    if (flow->rated_tick != 0)
        trend = trend_of(before, flow->bytes_per_s);
    flow->flags &= (uint16_t)~FLOW_TREND;
    flow->flags |= (uint16_t)(trend << TREND_SHIFT);
    flow->rated_tick = tick;
}

float flow_bytes_per_s(const struct flow *flow, uint32_t tick)
{
    return flow->rated_tick >= tick ? flow->bytes_per_s : 0;
}

enum trend flow_trend(const struct flow *flow, uint32_t tick)
{
    if (flow->rated_tick == 0)
        return TREND_UNKNOWN;
    if (flow->rated_tick >= tick)
        return (enum trend)((flow->flags & FLOW_TREND) >> TREND_SHIFT);
    return flow->rated_tick == tick - 1 ? TREND_DOWN : TREND_STABLE;
}

bool flow_has_low_goodput(const struct flow *flow)
{
    uint64_t bytes = flow_bytes(flow, WAY_SENT) + flow_bytes(flow, WAY_RCVD);
    uint64_t goodput =
        flow_goodput(flow, WAY_SENT) + flow_goodput(flow, WAY_RCVD);

    return goodput * 100 < bytes * LOW_GOODPUT_PERCENT;
}

static bool has_issues(const struct flow *flow, const struct tcp *tcp)
{
    uint64_t packets =
        flow_packets(flow, WAY_SENT) + flow_packets(flow, WAY_RCVD);
    uint64_t trouble = 0;

    for (enum way way = 0; way < WAYS; way++)
        trouble += (uint64_t)tcp_trouble(tcp, way, TCP_RETRANSMISSION) +
                   tcp_trouble(tcp, way, TCP_LOST);
    return packets > ISSUES_PACKETS && trouble * 100 > packets * ISSUES_PERCENT;
}

/* No data ever came through: what was it then? */
static enum flow_status status_without_data(const struct flow *flow,
                                            const struct tcp *tcp,
                                            int64_t now_us)
{
    uint8_t asked = tcp->side[0].flags;
    uint8_t answered = tcp->side[1].flags;

    if ((asked & TCP_FLAG_SYN) == 0)
        return (asked & TCP_FLAG_ACK) == 0 ? FLOW_STATUS_TCP_PROBING
                                           : FLOW_STATUS_NORMAL;
    if ((answered & TCP_FLAG_RST) != 0 && (answered & TCP_FLAG_SYN) == 0)
        return FLOW_STATUS_REFUSED;
    if (answered == 0)
        return now_us - flow->last_us > NO_ANSWER_US ||
                       tcp->state == TCP_STATE_RESET
                   ? FLOW_STATUS_SYN_PROBING
                   : FLOW_STATUS_NORMAL;
    return tcp->state == TCP_STATE_RESET ? FLOW_STATUS_TCP_PROBING
                                         : FLOW_STATUS_NORMAL;
}

enum flow_status flow_status(const struct flow *flow, const struct tcp *tcp,
                             int64_t now_us)
{
    if (tcp == NULL)
        return FLOW_STATUS_NORMAL;
    if (flow_goodput(flow, WAY_SENT) + flow_goodput(flow, WAY_RCVD) == 0)
        return status_without_data(flow, tcp, now_us);
    if (has_issues(flow, tcp))
        return FLOW_STATUS_TCP_ISSUES;
    if (tcp->server_latency_us > SLOW_HANDSHAKE_US ||
        tcp_client_latency_us(tcp) > SLOW_HANDSHAKE_US)
        return FLOW_STATUS_SLOW_TCP;
    if (tcp_appl_latency_us(tcp) > SLOW_ANSWER_US)
        return FLOW_STATUS_SLOW_HEADER;
    if (dpi_risks_certificate(attrs_number(flow->attrs, ATTR_RISKS, 0)))
        return FLOW_STATUS_CERTIFICATE;
    if (!flow_has_low_goodput(flow))
        return FLOW_STATUS_NORMAL;
    return tcp->state == TCP_STATE_ESTABLISHED &&
                   now_us - flow->last_us > SLOW_DATA_US
               ? FLOW_STATUS_SLOW_DATA
               : FLOW_STATUS_LOW_GOODPUT;
}

const char *flow_status_name(enum flow_status status)
{
    static const char *const names[FLOW_STATUSES] = {
        [FLOW_STATUS_NORMAL] = "normal",
        [FLOW_STATUS_SLOW_TCP] = "slow TCP connection",
        [FLOW_STATUS_SLOW_HEADER] = "slow application header",
        [FLOW_STATUS_SLOW_DATA] = "slow data exchange",
        [FLOW_STATUS_LOW_GOODPUT] = "low goodput",
        [FLOW_STATUS_SYN_PROBING] = "no answer to SYN, scan suspect",
        [FLOW_STATUS_TCP_ISSUES] = "TCP connection issues",
        [FLOW_STATUS_TCP_PROBING] = "suspicious TCP probing",
        [FLOW_STATUS_WHILE_ALERTED] = "while the interface was alerted",
        [FLOW_STATUS_REFUSED] = "connection refused",
        [FLOW_STATUS_CERTIFICATE] = "TLS certificate of another name",
    };

    return (unsigned)status < FLOW_STATUSES ? names[status] : "unknown";
}

enum flow_class flow_class_of(const struct flow *flow, const struct tcp *tcp)
{
    switch (flow->key.l4_proto) {
    case IP_PROTO_TCP:
        if (tcp->state == TCP_STATE_OPENING)
            return FLOW_TCP_OPENING;
        return tcp->state == TCP_STATE_CLOSED || tcp->state == TCP_STATE_RESET
                   ? FLOW_TCP_CLOSED
                   : FLOW_TCP_ESTABLISHED;
    case IP_PROTO_UDP:
        return FLOW_UDP;
    case IP_PROTO_ICMP:
    case IP_PROTO_ICMPV6:
        return FLOW_ICMP;
    default:
        return FLOW_OTHER;
    }
}
