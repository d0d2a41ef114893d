/* field_group: devices, ASes, VLANs. SPDX-License-Identifier: MIT */
#include "core/model/field_internal.h"

#define GET(name) static FIELD_GET(name)
/* Both kinds have these under the same names. */
static const struct traffic *traffic_of(const struct field_source *source)
{
    return source->device != NULL ? source->device->traffic
                                  : source->group->traffic;
}

GET(get_bytes)
{
    value->number = (int64_t)traffic_of(source)[field->way].bytes;
    return FIELD_FOUND;
}

GET(get_packets)
{
    value->number = (int64_t)traffic_of(source)[field->way].packets;
    return FIELD_FOUND;
}

GET(get_rate)
{
    const struct rate *rate =
        source->device != NULL ? &source->device->rate : &source->group->rate;

    field_rate(rate, source->iface, field->detail, value);
    return FIELD_FOUND;
}

/* `detail`: 0 first, 1 last, 2 the time between. */
GET(get_time)
{
    int64_t first = source->device != NULL ? source->device->first_s
                                           : source->group->first_s;
    int64_t last =
        source->device != NULL ? source->device->last_s : source->group->last_s;

    value->number = field->detail == 0   ? first
                    : field->detail == 1 ? last
                                         : last - first + 1;
    return FIELD_FOUND;
}

GET(get_hosts)
{
    (void)field;
    value->number = source->hosts;
    return FIELD_FOUND;
}

GET(get_id)
{
    (void)field;
    value->number = source->group->id;
    return FIELD_FOUND;
}

GET(get_name)
{
    (void)field;
    value->text = source->group->name;
    return FIELD_FOUND;
}

GET(get_mac)
{
    (void)field;
    value->text = mac_format(source->device->mac, value->buffer);
    return FIELD_FOUND;
}

GET(get_vlan)
{
    (void)field;
    value->number = source->device->vlan;
    return FIELD_FOUND;
}

GET(get_vendor)
{
    (void)field;
    value->text = source->device->vendor;
    return field_found(value->text[0] != '\0');
}

GET(get_arp_requests)
{
    value->number = source->device->arp_requests[field->way];
    return FIELD_FOUND;
}

GET(get_arp_replies)
{
    value->number = source->device->arp_replies[field->way];
    return FIELD_FOUND;
}

GET(is_source)
{
    (void)field;
    value->flag = source->device->is_source;
    return FIELD_FOUND;
}

GET(is_special)
{
    (void)field;
    value->flag =
        mac_is_group(source->device->mac) || mac_is_zero(source->device->mac);
    return FIELD_FOUND;
}

/* clang-format off */
#define N FIELD_NUMBER
#define D FIELD_DECIMAL
#define T FIELD_TEXT
#define F FIELD_FLAG
#define COUNTERS(level)                                                       \
    FIELD("packets.sent", N, level, "packets", "", NULL,                      \
          get_packets, WAY_SENT, 0),                                          \
    FIELD("packets.rcvd", N, level, "packets", "", NULL,                      \
          get_packets, WAY_RCVD, 0),                                          \
    FIELD("throughput_bps", D, level, "bytes/s", "in the last second", NULL,  \
          get_rate, 0, RATE_BYTES),                                           \
    FIELD("last_throughput_bps", D, level, "bytes/s", "a second before",      \
          NULL, get_rate, 0, RATE_BYTES_BEFORE),                              \
    FIELD("throughput_trend_bps", N, level, "", "1 up, 2 down, 3 stable",     \
          NULL, get_rate, 0, RATE_TREND),                                     \
    FIELD("throughput_trend_bps_diff", D, level, "bytes/s", "change", NULL,   \
          get_rate, 0, RATE_DIFFERENCE),                                      \
    FIELD("throughput_pps", D, level, "packets/s", "in the last second",      \
          NULL, get_rate, 0, RATE_PACKETS)
#define ALWAYS                                                                \
    FIELD("bytes.sent", N, FIELD_BASIC, "bytes", "", NULL,                    \
          get_bytes, WAY_SENT, 0),                                            \
    FIELD("bytes.rcvd", N, FIELD_BASIC, "bytes", "", NULL,                    \
          get_bytes, WAY_RCVD, 0),                                            \
    FIELD("seen.first", N, FIELD_BASIC, "s", "since 1970", NULL,              \
          get_time, 0, 0),                                                    \
    FIELD("seen.last", N, FIELD_BASIC, "s", "since 1970", NULL,               \
          get_time, 0, 1),                                                    \
    FIELD("duration", N, FIELD_BASIC, "s", "from first to last", NULL,        \
          get_time, 0, 2),                                                    \
    FIELD("num_hosts", N, FIELD_BASIC, "hosts", "now", NULL,                  \
          get_hosts, 0, 0)

static const struct field device_fields[] = {
    FIELD("mac", T, FIELD_BASIC, "", "address", NULL,
          get_mac, 0, 0),
    FIELD("vlan", N, FIELD_BASIC, "", "0 untagged", NULL,
          get_vlan, 0, 0),
    FIELD("manufacturer", T, FIELD_BASIC, "", "when it is known", NULL,
          get_vendor, 0, 0),
    FIELD("arp_requests.sent", N, FIELD_BASIC, "packets", "", NULL,
          get_arp_requests, WAY_SENT, 0),
    FIELD("arp_requests.rcvd", N, FIELD_BASIC, "packets", "", NULL,
          get_arp_requests, WAY_RCVD, 0),
    FIELD("arp_replies.sent", N, FIELD_BASIC, "packets", "", NULL,
          get_arp_replies, WAY_SENT, 0),
    FIELD("arp_replies.rcvd", N, FIELD_BASIC, "packets", "", NULL,
          get_arp_replies, WAY_RCVD, 0),
    FIELD("source_mac", F, FIELD_BASIC, "", "it was seen sending", NULL,
          is_source, 0, 0),
    FIELD("special_mac", F, FIELD_BASIC, "", "multicast, broadcast or zero",
          NULL, is_special, 0, 0),
    ALWAYS,
    COUNTERS(FIELD_BASIC),
};

static const struct field as_fields[] = {
    FIELD("asn", N, FIELD_BASIC, "", "AS number", NULL,
          get_id, 0, 0),
    FIELD("asname", T, FIELD_BASIC, "", "", NULL,
          get_name, 0, 0),
    ALWAYS,
    COUNTERS(FIELD_HIGH),
};

static const struct field vlan_fields[] = {
    FIELD("vlan_id", N, FIELD_BASIC, "", "", NULL,
          get_id, 0, 0),
    FIELD("vlan", N, FIELD_BASIC, "", "the same", NULL,
          get_id, 0, 0),
    ALWAYS,
    COUNTERS(FIELD_BASIC),
};
/* clang-format on */

const struct field_rows *field_device(void)
{
    static const struct field_rows rows = FIELD_ROWS(device_fields);

    return &rows;
}

const struct field_rows *field_as(void)
{
    static const struct field_rows rows = FIELD_ROWS(as_fields);

    return &rows;
}

const struct field_rows *field_vlan(void)
{
    static const struct field_rows rows = FIELD_ROWS(vlan_fields);

    return &rows;
}
