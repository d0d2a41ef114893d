/* fields_group: devices, ASes, VLANs. SPDX-License-Identifier: MIT */
#include "lua/fields_internal.h"

#define GET(name)                                      \
    static bool name(const struct push_field *field,   \
                     const struct push_source *source, \
                     struct push_value *value)

/* Both kinds have these under the same names. */
static const struct traffic *traffic_of(const struct push_source *source)
{
    return source->device != NULL ? source->device->traffic
                                  : source->group->traffic;
}

GET(get_bytes)
{
    value->number = (int64_t)traffic_of(source)[field->way].bytes;
    return true;
}

GET(get_packets)
{
    value->number = (int64_t)traffic_of(source)[field->way].packets;
    return true;
}

GET(get_rate)
{
    const struct rate *rate =
        source->device != NULL ? &source->device->rate : &source->group->rate;

    fields_rate_value(rate, source->iface, field->detail, value);
    return true;
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
    return true;
}

GET(get_hosts)
{
    (void)field;
    value->number = source->hosts;
    return true;
}

GET(get_id)
{
    (void)field;
    value->number = source->group->id;
    return true;
}

GET(get_name)
{
    (void)field;
    value->text = source->group->name;
    return true;
}

GET(get_mac)
{
    (void)field;
    value->text = mac_format(source->device->mac, value->buffer);
    return true;
}

GET(get_vlan)
{
    (void)field;
    value->number = source->device->vlan;
    return true;
}

GET(get_vendor)
{
    (void)field;
    value->text = source->device->vendor;
    return value->text[0] != '\0';
}

GET(get_arp_requests)
{
    value->number = source->device->arp_requests[field->way];
    return true;
}

GET(get_arp_replies)
{
    value->number = source->device->arp_replies[field->way];
    return true;
}

GET(is_source)
{
    (void)field;
    value->flag = source->device->is_source;
    return true;
}

GET(is_special)
{
    (void)field;
    value->flag =
        mac_is_group(source->device->mac) || mac_is_zero(source->device->mac);
    return true;
}

/* clang-format off */
#define N PUSH_NUMBER
#define D PUSH_DECIMAL
#define T PUSH_TEXT
#define F PUSH_FLAG
#define COUNTERS(level)                                                      \
    {"packets.sent", N, level, "packets", "", NULL,                          \
     get_packets, WAY_SENT, 0, NULL, NULL},                                  \
    {"packets.rcvd", N, level, "packets", "", NULL,                          \
     get_packets, WAY_RCVD, 0, NULL, NULL},                                  \
    {"throughput_bps", D, level, "bytes/s", "in the last second", NULL,      \
     get_rate, 0, RATE_BYTES, NULL, NULL},                                   \
    {"last_throughput_bps", D, level, "bytes/s", "a second before", NULL,    \
     get_rate, 0, RATE_BYTES_BEFORE, NULL, NULL},                            \
    {"throughput_trend_bps", N, level, "", "1 up, 2 down, 3 stable", NULL,   \
     get_rate, 0, RATE_TREND, NULL, NULL},                                   \
    {"throughput_trend_bps_diff", D, level, "bytes/s", "change", NULL,       \
     get_rate, 0, RATE_DIFFERENCE, NULL, NULL},                              \
    {"throughput_pps", D, level, "packets/s", "in the last second", NULL,    \
     get_rate, 0, RATE_PACKETS, NULL, NULL}
#define ALWAYS                                                               \
    {"bytes.sent", N, PUSH_BASIC, "bytes", "", NULL,                         \
     get_bytes, WAY_SENT, 0, NULL, NULL},                                    \
    {"bytes.rcvd", N, PUSH_BASIC, "bytes", "", NULL,                         \
     get_bytes, WAY_RCVD, 0, NULL, NULL},                                    \
    {"seen.first", N, PUSH_BASIC, "s", "since 1970", NULL,                   \
     get_time, 0, 0, NULL, NULL},                                            \
    {"seen.last", N, PUSH_BASIC, "s", "since 1970", NULL,                    \
     get_time, 0, 1, NULL, NULL},                                            \
    {"duration", N, PUSH_BASIC, "s", "from first to last", NULL,             \
     get_time, 0, 2, NULL, NULL},                                            \
    {"num_hosts", N, PUSH_BASIC, "hosts", "now", NULL,                       \
     get_hosts, 0, 0, NULL, NULL}

static const struct push_field device_fields[] = {
    {"mac", T, PUSH_BASIC, "", "address", NULL,
     get_mac, 0, 0, NULL, NULL},
    {"vlan", N, PUSH_BASIC, "", "0 untagged", NULL,
     get_vlan, 0, 0, NULL, NULL},
    {"manufacturer", T, PUSH_BASIC, "", "when it is known", NULL,
     get_vendor, 0, 0, NULL, NULL},
    {"arp_requests.sent", N, PUSH_BASIC, "packets", "", NULL,
     get_arp_requests, WAY_SENT, 0, NULL, NULL},
    {"arp_requests.rcvd", N, PUSH_BASIC, "packets", "", NULL,
     get_arp_requests, WAY_RCVD, 0, NULL, NULL},
    {"arp_replies.sent", N, PUSH_BASIC, "packets", "", NULL,
     get_arp_replies, WAY_SENT, 0, NULL, NULL},
    {"arp_replies.rcvd", N, PUSH_BASIC, "packets", "", NULL,
     get_arp_replies, WAY_RCVD, 0, NULL, NULL},
    {"source_mac", F, PUSH_BASIC, "", "it was seen sending", NULL,
     is_source, 0, 0, NULL, NULL},
    {"special_mac", F, PUSH_BASIC, "", "multicast, broadcast or zero", NULL,
     is_special, 0, 0, NULL, NULL},
    ALWAYS,
    COUNTERS(PUSH_BASIC),
};

static const struct push_field as_fields[] = {
    {"asn", N, PUSH_BASIC, "", "AS number", NULL,
     get_id, 0, 0, NULL, NULL},
    {"asname", T, PUSH_BASIC, "", "", NULL,
     get_name, 0, 0, NULL, NULL},
    ALWAYS,
    COUNTERS(PUSH_HIGH),
};

static const struct push_field vlan_fields[] = {
    {"vlan_id", N, PUSH_BASIC, "", "", NULL,
     get_id, 0, 0, NULL, NULL},
    {"vlan", N, PUSH_BASIC, "", "the same", NULL,
     get_id, 0, 0, NULL, NULL},
    ALWAYS,
    COUNTERS(PUSH_BASIC),
};
/* clang-format on */

const struct push_rows *fields_device(void)
{
    static const struct push_rows rows = PUSH_ROWS(device_fields);

    return &rows;
}

const struct push_rows *fields_as(void)
{
    static const struct push_rows rows = PUSH_ROWS(as_fields);

    return &rows;
}

const struct push_rows *fields_vlan(void)
{
    static const struct push_rows rows = PUSH_ROWS(vlan_fields);

    return &rows;
}
