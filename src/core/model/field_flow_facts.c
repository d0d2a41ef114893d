/* field_flow_facts: how much, how well and when. SPDX-License-Identifier: MIT
 */
#include <math.h>
#include <string.h>

#include "core/model/field_internal.h"
#include "core/model/flow_view.h"

#define SECOND_US 1000000
/* The last second that four digits of a year can tell. */
#define LAST_SECOND 253402300799

/* How much */

FIELD_GET(field_flow_packets)
{
    value->number = (int64_t)(flow_packets(source->flow, field->way) -
                              source->mark->packets[field->way]);
    return FIELD_FOUND;
}

FIELD_GET(field_flow_bytes)
{
    value->number = (int64_t)(flow_bytes(source->flow, field->way) -
                              source->mark->bytes[field->way]);
    return FIELD_FOUND;
}

static uint64_t count(const struct field_source *source, uint8_t what,
                      enum way way)
{
    static const struct flow_news none;
    const struct flow *flow = source->flow;
    const struct flow_news *news = flows_news(&source->iface->flows, flow);

    if (news == NULL)
        news = &none;
    switch (what) {
    case COUNT_PACKETS:
        return flow_packets(flow, way);
    case COUNT_BYTES:
        return flow_bytes(flow, way);
    case COUNT_GOODPUT:
        return flow_goodput(flow, way);
    case COUNT_NEW_PACKETS:
        return news->packets[way];
    case COUNT_NEW_BYTES:
        return news->bytes[way];
    default:
        return news->goodput[way];
    }
}

FIELD_GET(field_flow_count)
{
    uint8_t what = field->detail;

    value->number =
        (int64_t)(field->way != FIELD_BOTH ? count(source, what, field->way)
                                           : count(source, what, WAY_SENT) +
                                                 count(source, what, WAY_RCVD));
    return FIELD_FOUND;
}

/* How well */

static int64_t trouble_of(const struct field_source *source, enum way way,
                          enum tcp_trouble which)
{
    return (int64_t)tcp_trouble(source->tcp, way, which) -
           source->mark->trouble[way][which];
}

FIELD_GET(field_flow_trouble)
{
    if (source->tcp == NULL)
        return FIELD_NONE;
    value->number = field->way != FIELD_BOTH
                        ? trouble_of(source, field->way, field->detail)
                        : trouble_of(source, WAY_SENT, field->detail) +
                              trouble_of(source, WAY_RCVD, field->detail);
    return FIELD_FOUND;
}

FIELD_GET(field_flow_has_trouble)
{
    (void)field;
    if (source->tcp == NULL)
        return FIELD_NONE;
    value->flag = false;
    for (unsigned i = 0; i < TCP_TROUBLE_COUNT; i++)
        value->flag |= (tcp_trouble(source->tcp, false, i) |
                        tcp_trouble(source->tcp, true, i)) != 0;
    return FIELD_FOUND;
}

FIELD_GET(field_flow_tcp_flags)
{
    const struct tcp *tcp = source->tcp;

    if (tcp == NULL)
        return FIELD_NONE;
    value->number = field->way != FIELD_BOTH
                        ? tcp->side[field->way].flags
                        : tcp->side[WAY_SENT].flags | tcp->side[WAY_RCVD].flags;
    return FIELD_FOUND;
}

FIELD_GET(field_flow_is_established)
{
    (void)field;
    if (source->tcp == NULL)
        return FIELD_NONE;
    value->flag = tcp_is_established(source->tcp);
    return FIELD_FOUND;
}

FIELD_GET(field_flow_nw_latency)
{
    if (source->tcp == NULL)
        return FIELD_NONE;
    value->number = field->way == WAY_SENT ? tcp_client_latency_us(source->tcp)
                                           : source->tcp->server_latency_us;
    return field_shown(value->number != 0);
}

FIELD_GET(field_flow_appl_latency)
{
    (void)field;
    if (source->tcp == NULL)
        return FIELD_NONE;
    value->number = tcp_appl_latency_us(source->tcp);
    return field_shown(value->number != 0);
}

/* What the receiver's window lets through in a round trip; 0 when the
 * handshake was not seen. */
FIELD_GET(field_flow_max_throughput)
{
    const struct tcp_side *receiver;
    double seconds;
    double window;

    if (source->tcp == NULL)
        return FIELD_NONE;
    receiver = &source->tcp->side[!field->way];
    seconds = ((double)tcp_client_latency_us(source->tcp) +
               source->tcp->server_latency_us) /
              SECOND_US;
    window = ldexp(receiver->window,
                   receiver->window_scale <= 14 ? receiver->window_scale : 0);
    value->decimal = seconds > 0 ? window * 8 / seconds : 0;
    return FIELD_FOUND;
}

FIELD_GET(field_flow_throughput)
{
    (void)field;
    value->decimal = (double)flow_throughput(source->iface, source->flow);
    return FIELD_FOUND;
}

FIELD_GET(field_flow_top_throughput)
{
    (void)field;
    value->decimal = (double)source->flow->peak_bytes_per_s;
    return FIELD_FOUND;
}

FIELD_GET(field_flow_trend)
{
    (void)field;
    value->number = flow_trend(source->flow, iface_rated_tick(source->iface));
    return FIELD_FOUND;
}

FIELD_GET(field_flow_interarrival)
{
    const struct flow *flow = source->flow;
    uint32_t us = field->detail == 0   ? flow->iat_min_us[field->way]
                  : field->detail == 1 ? flow->iat_max_us[field->way]
                                       : flow_iat_avg_us(flow, field->way);

    value->number = us / 1000;
    return FIELD_FOUND;
}

FIELD_GET(field_flow_has_low_goodput)
{
    (void)field;
    value->flag = flow_has_low_goodput(source->flow);
    return FIELD_FOUND;
}

FIELD_GET(field_flow_is_idle)
{
    (void)field;
    value->flag = flow_is_idle(source->iface, source->flow);
    return FIELD_FOUND;
}

FIELD_GET(field_flow_status)
{
    (void)field;
    value->number =
        flow_status(source->flow, source->tcp, source->iface->now_us);
    return FIELD_FOUND;
}

/* When */

/* Epoch seconds, within what a record can tell: captures may say anything. */
static int64_t seconds_of(int64_t us)
{
    if (us < 0)
        return 0;
    return us / SECOND_US < LAST_SECOND ? us / SECOND_US : LAST_SECOND;
}

/* A later record of a flow covers what came after the one before it. */
static int64_t first_us(const struct field_source *source)
{
    return source->mark->records != 0 ? source->mark->when_us
                                      : source->flow->first_us;
}

/* Time in captures may go backwards; what is told of it does not. */
static int64_t last_second(const struct field_source *source)
{
    int64_t first = first_us(source);
    int64_t last = source->flow->last_us;

    return seconds_of(last > first ? last : first);
}

FIELD_GET(field_flow_first)
{
    (void)field;
    value->number = seconds_of(first_us(source));
    return FIELD_FOUND;
}

FIELD_GET(field_flow_last)
{
    (void)field;
    value->number = last_second(source);
    return FIELD_FOUND;
}

FIELD_GET(field_flow_duration)
{
    (void)field;
    value->number = last_second(source) - seconds_of(first_us(source));
    return FIELD_FOUND;
}

/* Decimal digits with leading zeros; @return the byte behind them. */
static char *put_digits(char *to, unsigned value, unsigned digits)
{
    for (unsigned i = digits; i-- > 0; value /= 10)
        to[i] = (char)('0' + value % 10);
    return to + digits;
}

/*
 * Write "YYYY-MM-DD" of days since 1970-01-01 in the Gregorian calendar. A
 * year is counted from March on, so that the leap day is its last.
 */
static char *put_date(char *to, uint64_t days)
{
    uint64_t since_0 = days + 719468; /* days since 0000-03-01 */
    unsigned era = (unsigned)(since_0 / 146097);
    unsigned day = (unsigned)(since_0 % 146097);
    unsigned year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
    unsigned day_of_year = day - (365 * year + year / 4 - year / 100);
    unsigned month = (5 * day_of_year + 2) / 153; /* 0 is March */

    to = put_digits(to, year + era * 400 + (month >= 10), 4);
    *to++ = '-';
    to = put_digits(to, month < 10 ? month + 3 : month - 9, 2);
    *to++ = '-';
    return put_digits(to, day_of_year - (153 * month + 2) / 5 + 1, 2);
}

/* "2017-06-12T20:56:31.0Z": strftime() costs as much as half a record. */
FIELD_GET(field_flow_timestamp)
{
    uint64_t seconds = (uint64_t)last_second(source);
    unsigned of_day = (unsigned)(seconds % 86400);
    char *to = put_date(value->buffer, seconds / 86400);

    (void)field;
    *to++ = 'T';
    to = put_digits(to, of_day / 3600, 2);
    *to++ = ':';
    to = put_digits(to, of_day / 60 % 60, 2);
    *to++ = ':';
    to = put_digits(to, of_day % 60, 2);
    memcpy(to, ".0Z", sizeof(".0Z"));
    value->text = value->buffer;
    return FIELD_FOUND;
}

/* Which */

FIELD_GET(field_flow_key)
{
    (void)field;
    if (source->index == POOL_NONE)
        return FIELD_NONE;
    value->number = flow_key_number(source->iface, source->index);
    return FIELD_FOUND;
}

FIELD_GET(field_flow_instance)
{
    (void)field;
    value->text = engine_config(source->iface->engine)->instance_name;
    return field_found(value->text != NULL);
}

FIELD_GET(field_flow_iface)
{
    (void)field;
    value->text = source->iface->name;
    return FIELD_FOUND;
}

FIELD_GET(field_flow_record_id)
{
    (void)field;
    value->text = source->record_id;
    return field_found(value->text != NULL);
}
