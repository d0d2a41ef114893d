/* fields_iface: what scripts are told of an interface.
 * SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>

#include "core/model/field.h"
#include "core/model/iface_sums.h"
#include "core/run/netif.h"
#include "lua/fields_internal.h"

#define GET(name) static FIELD_GET(name)
#define LIST(name) static FIELD_LISTS(name)

GET(get_name)
{
    (void)field;
    value->text = source->iface->name;
    return FIELD_FOUND;
}

GET(get_type)
{
    (void)field;
    value->text = source->iface->is_live ? "pcap" : "pcap dump";
    return FIELD_FOUND;
}

GET(get_id)
{
    (void)field;
    value->number = source->iface->id;
    return FIELD_FOUND;
}

/* kelvin captures all packets, and has no views, probes or bridges: the
 * contract's words for that. */
GET(get_detail)
{
    (void)source;
    value->number = field->detail;
    return FIELD_FOUND;
}

GET(get_flag)
{
    (void)source;
    value->flag = field->detail != 0;
    return FIELD_FOUND;
}

GET(has_vlans)
{
    (void)field;
    value->flag = source->iface->has_vlans;
    return FIELD_FOUND;
}

GET(has_macs)
{
    (void)field;
    value->flag = source->iface->has_macs;
    return FIELD_FOUND;
}

GET(get_last)
{
    (void)field;
    value->number = source->iface->packet_us / 1000000;
    return FIELD_FOUND;
}

/* `detail`: 0 MTU, 1 speed; of interfaces that the kernel knows. */
GET(get_netif)
{
    struct netif_info info;

    if (!source->iface->is_live || !netif_query(source->iface->name, &info))
        return FIELD_NONE;
    value->number = field->detail == 0 ? info.mtu : info.speed_mbit;
    return field_found(value->number != 0);
}

/* "10.0.0.1,fe80::1"; what has no room is left out. */
GET(get_addresses)
{
    static char text[2048]; /* until the next call */
    struct netif_addr *list = NULL;
    size_t len = 0;
    int count;

    (void)field;
    if (!source->iface->is_live)
        return FIELD_NONE;
    count = netif_addrs(source->iface->name, &list);
    text[0] = '\0';
    for (int i = 0; i < count && len + ADDR_TEXT_SIZE + 1 < sizeof(text); i++) {
        char ip[ADDR_TEXT_SIZE];

        len +=
            (size_t)snprintf(text + len, sizeof(text) - len, "%s%s",
                             i > 0 ? "," : "", addr_format(&list[i].addr, ip));
    }
    free(list);
    value->text = text;
    return FIELD_FOUND;
}

/* Counters */

enum counter {
    COUNTER_PACKETS,
    COUNTER_BYTES,
    COUNTER_DROPS,
    COUNTER_LOCAL_HOSTS,
    COUNTER_DEVICES,
    COUNTER_NEW_PACKETS, /* since the reset */
    COUNTER_NEW_BYTES,
    COUNTER_NEW_DROPS,
    COUNTER_ARP_REQUESTS,
    COUNTER_ARP_REPLIES,
};

static uint64_t drops_of(const struct iface_drops *drops)
{
    return drops->kernel + drops->interface;
}

GET(get_counter)
{
    const struct iface *iface = source->iface;
    const struct iface_counters *counters = &iface->counters;
    struct iface_counters sum;
    uint64_t number = 0;

    iface_sum(iface, &sum);
    switch ((enum counter)field->detail) {
    case COUNTER_PACKETS:
        number = sum.all.packets;
        break;
    case COUNTER_BYTES:
        number = sum.all.bytes;
        break;
    case COUNTER_DROPS:
        number = drops_of(&counters->drops);
        break;
    case COUNTER_LOCAL_HOSTS:
        number = iface->hosts.local;
        break;
    case COUNTER_DEVICES:
        number = iface->devices.pool.count;
        break;
    case COUNTER_NEW_PACKETS:
        number = counters->all.packets - iface->reset.all.packets;
        break;
    case COUNTER_NEW_BYTES:
        number = counters->all.bytes - iface->reset.all.bytes;
        break;
    case COUNTER_NEW_DROPS:
        number = drops_of(&counters->drops) - drops_of(&iface->reset.drops);
        break;
    case COUNTER_ARP_REQUESTS:
        number = sum.arp_requests;
        break;
    case COUNTER_ARP_REPLIES:
        number = sum.arp_replies;
        break;
    }
    value->number = (int64_t)number;
    return FIELD_FOUND;
}

GET(get_trouble)
{
    struct iface_counters sum;

    iface_sum(source->iface, &sum);
    value->number = (int64_t)sum.trouble[field->detail];
    return FIELD_FOUND;
}

LIST(list_eth)
{
    static const char *const kinds[L3_KIND_COUNT][2] = {
        [L3_IPV4] = {"IPv4_packets", "IPv4_bytes"},
        [L3_IPV6] = {"IPv6_packets", "IPv6_bytes"},
        [L3_ARP] = {"ARP_packets", "ARP_bytes"},
        [L3_MPLS_OTHER] = {"MPLS_packets", "MPLS_bytes"},
        [L3_OTHER] = {"other_packets", "other_bytes"},
    };
    struct iface_counters sum;

    (void)field;
    iface_sum(source->iface, &sum);
    for (unsigned i = 0; i < L3_KIND_COUNT; i++) {
        field_put_number(sink, kinds[i][0], sum.l3[i].packets);
        field_put_number(sink, kinds[i][1], sum.l3[i].bytes);
    }
    field_put_number(sink, "packets", sum.all.packets);
    field_put_number(sink, "bytes", sum.all.bytes);
}

/* `detail`: 0 packets, 1 bytes. */
LIST(list_locality)
{
    static const char *const names[LOCALITIES] = {
        [LOCAL_TO_LOCAL] = "local2local",
        [LOCAL_TO_REMOTE] = "local2remote",
        [REMOTE_TO_LOCAL] = "remote2local",
        [REMOTE_TO_REMOTE] = "remote2remote",
    };

    struct iface_counters sum;

    iface_sum(source->iface, &sum);
    for (unsigned i = 0; i < LOCALITIES; i++) {
        const struct traffic *traffic = &sum.locality[i];

        field_put_number(sink, names[i],
                         field->detail == 0 ? traffic->packets
                                            : traffic->bytes);
    }
}

LIST(list_apps)
{
    const struct iface *iface = source->iface;

    (void)field;
    for (uint16_t app = 0; app < DPI_APPS; app++) {
        struct iface_app sum;

        iface_sum_app(iface, app, &sum);
        for (enum way way = 0; app == 0 && way < WAYS; way++) {
            struct traffic rest = iface_undecided(iface, way);

            sum.traffic[way].packets += rest.packets;
            sum.traffic[way].bytes += rest.bytes;
        }
        field_put_app(sink, engine_dpi(iface->engine), app, sum.traffic,
                      sum.duration_s);
    }
}

LIST(list_classes)
{
    struct iface_counters sum;

    (void)field;
    iface_sum(source->iface, &sum);
    field_put_classes(sink, sum.classes);
}

/* Tables that are full, and so lose something. */
LIST(list_anomalies)
{
    const struct iface *iface = source->iface;

    (void)field;
    if (iface->flows.pool.count == iface->flows.pool.cap)
        field_put_flag(sink, "too_many_flows", true);
    if (iface->hosts.pool.count == iface->hosts.pool.cap)
        field_put_flag(sink, "too_many_hosts", true);
}

/* clang-format off */
#define N FIELD_NUMBER
#define T FIELD_TEXT
#define F FIELD_FLAG

static const struct field stats_fields[] = {
    FIELD("packets", N, FIELD_BASIC, "packets", "", NULL,
          get_counter, 0, COUNTER_PACKETS),
    FIELD("bytes", N, FIELD_BASIC, "bytes", "", NULL,
          get_counter, 0, COUNTER_BYTES),
    FIELD("local_hosts", N, FIELD_BASIC, "hosts", "in local networks, now",
          NULL, get_counter, 0, COUNTER_LOCAL_HOSTS),
    FIELD("drops", N, FIELD_BASIC, "packets", "by kernel and card", NULL,
          get_counter, 0, COUNTER_DROPS),
    FIELD("devices", N, FIELD_BASIC, "devices", "MAC addresses, now", NULL,
          get_counter, 0, COUNTER_DEVICES),
};
static const struct field_rows stats_rows = FIELD_ROWS(stats_fields);

static const struct field reset_fields[] = {
    FIELD("packets", N, FIELD_BASIC, "packets", "", NULL,
          get_counter, 0, COUNTER_NEW_PACKETS),
    FIELD("bytes", N, FIELD_BASIC, "bytes", "", NULL,
          get_counter, 0, COUNTER_NEW_BYTES),
    FIELD("drops", N, FIELD_BASIC, "packets", "", NULL,
          get_counter, 0, COUNTER_NEW_DROPS),
};
static const struct field_rows reset_rows = FIELD_ROWS(reset_fields);

static const struct field local_fields[] = {
    FIELD_OF_LIST("packets", FIELD_BASIC, "packets", "by who is local",
          NULL, 0, 0, list_locality),
    FIELD_OF_LIST("bytes", FIELD_BASIC, "bytes", "by who is local",
          NULL, 0, 1, list_locality),
};
static const struct field_rows local_rows = FIELD_ROWS(local_fields);

static const struct field tcp_fields[] = {
    FIELD("retransmissions", N, FIELD_BASIC, "packets", "", NULL,
          get_trouble, 0, TCP_RETRANSMISSION),
    FIELD("out_of_order", N, FIELD_BASIC, "packets", "", NULL,
          get_trouble, 0, TCP_OUT_OF_ORDER),
    FIELD("lost", N, FIELD_BASIC, "gaps", "", NULL,
          get_trouble, 0, TCP_LOST),
};
static const struct field_rows tcp_rows = FIELD_ROWS(tcp_fields);

static const struct field iface_fields[] = {
    FIELD("name", T, FIELD_BASIC, "", "", NULL,
          get_name, 0, 0),
    FIELD("description", T, FIELD_BASIC, "", "", NULL,
          get_name, 0, 0),
    FIELD("scalingFactor", N, FIELD_BASIC, "", "packets that one stands for",
          NULL, get_detail, 0, 1),
    FIELD("id", N, FIELD_BASIC, "", "", NULL,
          get_id, 0, 0),
    FIELD("isView", F, FIELD_BASIC, "", "made of other interfaces", NULL,
          get_flag, 0, 0),
    FIELD("sprobe", F, FIELD_BASIC, "", "flows know processes", NULL,
          get_flag, 0, 0),
    FIELD("inline", F, FIELD_BASIC, "", "packets pass through", NULL,
          get_flag, 0, 0),
    FIELD("seen.last", N, FIELD_BASIC, "s", "latest packet, since 1970", NULL,
          get_last, 0, 0),
    FIELD("vlan", F, FIELD_BASIC, "", "VLAN tags were seen", NULL,
          has_vlans, 0, 0),
    FIELD("has_macs", F, FIELD_BASIC, "", "MAC addresses were seen", NULL,
          has_macs, 0, 0),
    FIELD_OF_ROWS("stats", FIELD_BASIC, "", NULL, &stats_rows),
    FIELD_OF_ROWS("stats_since_reset", FIELD_BASIC, "see resetCounters", NULL,
                  &reset_rows),
    FIELD("arp.requests", N, FIELD_BASIC, "packets", "", NULL,
          get_counter, 0, COUNTER_ARP_REQUESTS),
    FIELD("arp.replies", N, FIELD_BASIC, "packets", "", NULL,
          get_counter, 0, COUNTER_ARP_REPLIES),
    FIELD("type", T, FIELD_BASIC, "", "pcap or pcap dump", NULL,
          get_type, 0, 0),
    FIELD("mtu", N, FIELD_BASIC, "bytes", "of live ones, when it is known",
          NULL, get_netif, 0, 0),
    FIELD("speed", N, FIELD_BASIC, "Mbit/s", "of live ones, when it is known",
          NULL, get_netif, 0, 1),
    FIELD("ip_addresses", T, FIELD_BASIC, "", "of live ones, with commas", NULL,
          get_addresses, 0, 0),
    FIELD_OF_LIST("anomalies", FIELD_BASIC, "", "tables that are full",
          NULL, 0, 0, list_anomalies),
    FIELD_OF_LIST("eth", FIELD_BASIC, "", "by network layer",
          NULL, 0, 0, list_eth),
    FIELD_OF_ROWS("localstats", FIELD_BASIC, "by who is local", NULL,
                  &local_rows),
    FIELD_OF_LIST("ndpi", FIELD_BASIC, "", "by application",
          NULL, 0, 0, list_apps),
    FIELD_OF_LIST("pktSizeDistribution", FIELD_BASIC, "packets", "sizes, flags",
          NULL, 0, 0, list_classes),
    FIELD_OF_ROWS("tcpPacketStats", FIELD_BASIC, "", NULL, &tcp_rows),
};
/* clang-format on */

const struct field_rows *fields_iface(void)
{
    static const struct field_rows rows = FIELD_ROWS(iface_fields);

    return &rows;
}
