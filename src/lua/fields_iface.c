/* fields_iface: what scripts are told of an interface.
 * SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>

#include "core/run/netif.h"
#include "lua/fields_internal.h"

#define GET(name)                                      \
    static bool name(const struct push_field *field,   \
                     const struct push_source *source, \
                     struct push_value *value)

#define PUSH(name)                                                 \
    static void name(lua_State *L, const struct push_field *field, \
                     const struct push_source *source)

GET(get_name)
{
    (void)field;
    value->text = source->iface->name;
    return true;
}

GET(get_type)
{
    (void)field;
    value->text = source->iface->is_live ? "pcap" : "pcap dump";
    return true;
}

GET(get_id)
{
    (void)field;
    value->number = source->iface->id;
    return true;
}

/* kelvin captures all packets, and has no views, probes or bridges: the
 * contract's words for that. */
GET(get_detail)
{
    (void)source;
    value->number = field->detail;
    return true;
}

GET(get_flag)
{
    (void)source;
    value->flag = field->detail != 0;
    return true;
}

GET(has_vlans)
{
    (void)field;
    value->flag = source->iface->has_vlans;
    return true;
}

GET(has_macs)
{
    (void)field;
    value->flag = source->iface->has_macs;
    return true;
}

GET(get_last)
{
    (void)field;
    value->number = source->iface->packet_us / 1000000;
    return true;
}

/* `detail`: 0 MTU, 1 speed; of interfaces that the kernel knows. */
GET(get_netif)
{
    struct netif_info info;

    if (!source->iface->is_live || !netif_query(source->iface->name, &info))
        return false;
    value->number = field->detail == 0 ? info.mtu : info.speed_mbit;
    return value->number != 0;
}

GET(is_live)
{
    (void)field;
    (void)value;
    return source->iface->is_live;
}

PUSH(push_addresses)
{
    struct netif_addr *list = NULL;
    int count = netif_addrs(source->iface->name, &list);
    char text[2048] = "";
    size_t len = 0;

    (void)field;
    for (int i = 0; i < count && len + ADDR_TEXT_SIZE + 1 < sizeof(text); i++) {
        char ip[ADDR_TEXT_SIZE];

        len +=
            (size_t)snprintf(text + len, sizeof(text) - len, "%s%s",
                             i > 0 ? "," : "", addr_format(&list[i].addr, ip));
    }
    free(list);
    lua_pushstring(L, text);
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
    uint64_t number = 0;

    switch ((enum counter)field->detail) {
    case COUNTER_PACKETS:
        number = counters->all.packets;
        break;
    case COUNTER_BYTES:
        number = counters->all.bytes;
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
        number = counters->arp_requests;
        break;
    case COUNTER_ARP_REPLIES:
        number = counters->arp_replies;
        break;
    }
    value->number = (int64_t)number;
    return true;
}

GET(get_trouble)
{
    value->number = (int64_t)source->iface->counters.trouble[field->detail];
    return true;
}

PUSH(push_eth)
{
    static const char *const kinds[L3_KIND_COUNT][2] = {
        [L3_IPV4] = {"IPv4_packets", "IPv4_bytes"},
        [L3_IPV6] = {"IPv6_packets", "IPv6_bytes"},
        [L3_ARP] = {"ARP_packets", "ARP_bytes"},
        [L3_MPLS_OTHER] = {"MPLS_packets", "MPLS_bytes"},
        [L3_OTHER] = {"other_packets", "other_bytes"},
    };
    const struct iface_counters *counters = &source->iface->counters;

    (void)field;
    lua_createtable(L, 0, 2 * L3_KIND_COUNT + 2);
    for (unsigned i = 0; i < L3_KIND_COUNT; i++) {
        push_number(L, kinds[i][0], counters->l3[i].packets);
        push_number(L, kinds[i][1], counters->l3[i].bytes);
    }
    push_number(L, "packets", counters->all.packets);
    push_number(L, "bytes", counters->all.bytes);
}

/* `detail`: 0 packets, 1 bytes. */
PUSH(push_locality)
{
    static const char *const names[LOCALITIES] = {
        [LOCAL_TO_LOCAL] = "local2local",
        [LOCAL_TO_REMOTE] = "local2remote",
        [REMOTE_TO_LOCAL] = "remote2local",
        [REMOTE_TO_REMOTE] = "remote2remote",
    };

    lua_createtable(L, 0, LOCALITIES);
    for (unsigned i = 0; i < LOCALITIES; i++) {
        const struct traffic *traffic = &source->iface->counters.locality[i];

        push_number(L, names[i],
                    field->detail == 0 ? traffic->packets : traffic->bytes);
    }
}

PUSH(push_apps)
{
    const struct iface *iface = source->iface;

    (void)field;
    lua_newtable(L);
    for (uint16_t app = 0; app < DPI_APPS; app++)
        fields_push_app(L, engine_dpi(iface->engine), app,
                        iface->apps[app].traffic, iface->apps[app].duration_s);
}

PUSH(push_classes)
{
    (void)field;
    fields_push_classes(L, source->iface->counters.classes);
}

/* Tables that are full, and so lose something. */
PUSH(push_anomalies)
{
    const struct iface *iface = source->iface;

    (void)field;
    lua_newtable(L);
    if (iface->flows.pool.count == iface->flows.pool.cap)
        push_flag(L, "too_many_flows", true);
    if (iface->hosts.pool.count == iface->hosts.pool.cap)
        push_flag(L, "too_many_hosts", true);
}

/* clang-format off */
#define N PUSH_NUMBER
#define T PUSH_TEXT
#define F PUSH_FLAG

static const struct push_field stats_fields[] = {
    {"packets", N, 0, "packets", "", NULL,
     get_counter, 0, COUNTER_PACKETS, NULL, NULL},
    {"bytes", N, 0, "bytes", "", NULL,
     get_counter, 0, COUNTER_BYTES, NULL, NULL},
    {"local_hosts", N, 0, "hosts", "in local networks, now", NULL,
     get_counter, 0, COUNTER_LOCAL_HOSTS, NULL, NULL},
    {"drops", N, 0, "packets", "by kernel and card", NULL,
     get_counter, 0, COUNTER_DROPS, NULL, NULL},
    {"devices", N, 0, "devices", "MAC addresses, now", NULL,
     get_counter, 0, COUNTER_DEVICES, NULL, NULL},
};
static const struct push_rows stats_rows = PUSH_ROWS(stats_fields);

static const struct push_field reset_fields[] = {
    {"packets", N, 0, "packets", "", NULL,
     get_counter, 0, COUNTER_NEW_PACKETS, NULL, NULL},
    {"bytes", N, 0, "bytes", "", NULL,
     get_counter, 0, COUNTER_NEW_BYTES, NULL, NULL},
    {"drops", N, 0, "packets", "", NULL,
     get_counter, 0, COUNTER_NEW_DROPS, NULL, NULL},
};
static const struct push_rows reset_rows = PUSH_ROWS(reset_fields);

static const struct push_field local_fields[] = {
    {"packets", PUSH_LIST, 0, "packets", "by who is local", NULL,
     NULL, 0, 0, NULL, push_locality},
    {"bytes", PUSH_LIST, 0, "bytes", "by who is local", NULL,
     NULL, 0, 1, NULL, push_locality},
};
static const struct push_rows local_rows = PUSH_ROWS(local_fields);

static const struct push_field tcp_fields[] = {
    {"retransmissions", N, 0, "packets", "", NULL,
     get_trouble, 0, TCP_RETRANSMISSION, NULL, NULL},
    {"out_of_order", N, 0, "packets", "", NULL,
     get_trouble, 0, TCP_OUT_OF_ORDER, NULL, NULL},
    {"lost", N, 0, "gaps", "", NULL,
     get_trouble, 0, TCP_LOST, NULL, NULL},
};
static const struct push_rows tcp_rows = PUSH_ROWS(tcp_fields);

static const struct push_field iface_fields[] = {
    {"name", T, 0, "", "", NULL,
     get_name, 0, 0, NULL, NULL},
    {"description", T, 0, "", "", NULL,
     get_name, 0, 0, NULL, NULL},
    {"scalingFactor", N, 0, "", "packets that one stands for", NULL,
     get_detail, 0, 1, NULL, NULL},
    {"id", N, 0, "", "", NULL,
     get_id, 0, 0, NULL, NULL},
    {"isView", F, 0, "", "made of other interfaces", NULL,
     get_flag, 0, 0, NULL, NULL},
    {"sprobe", F, 0, "", "flows know processes", NULL,
     get_flag, 0, 0, NULL, NULL},
    {"inline", F, 0, "", "packets pass through", NULL,
     get_flag, 0, 0, NULL, NULL},
    {"seen.last", N, 0, "s", "latest packet, since 1970", NULL,
     get_last, 0, 0, NULL, NULL},
    {"vlan", F, 0, "", "VLAN tags were seen", NULL,
     has_vlans, 0, 0, NULL, NULL},
    {"has_macs", F, 0, "", "MAC addresses were seen", NULL,
     has_macs, 0, 0, NULL, NULL},
    {"stats", PUSH_TABLE, 0, "", "", NULL,
     NULL, 0, 0, &stats_rows, NULL},
    {"stats_since_reset", PUSH_TABLE, 0, "", "see resetCounters", NULL,
     NULL, 0, 0, &reset_rows, NULL},
    {"arp.requests", N, 0, "packets", "", NULL,
     get_counter, 0, COUNTER_ARP_REQUESTS, NULL, NULL},
    {"arp.replies", N, 0, "packets", "", NULL,
     get_counter, 0, COUNTER_ARP_REPLIES, NULL, NULL},
    {"type", T, 0, "", "pcap or pcap dump", NULL,
     get_type, 0, 0, NULL, NULL},
    {"mtu", N, 0, "bytes", "of live ones, when it is known", NULL,
     get_netif, 0, 0, NULL, NULL},
    {"speed", N, 0, "Mbit/s", "of live ones, when it is known", NULL,
     get_netif, 0, 1, NULL, NULL},
    {"ip_addresses", PUSH_LIST, 0, "", "of live ones, with commas", NULL,
     is_live, 0, 0, NULL, push_addresses},
    {"anomalies", PUSH_LIST, 0, "", "tables that are full", NULL,
     NULL, 0, 0, NULL, push_anomalies},
    {"eth", PUSH_LIST, 0, "", "by network layer", NULL,
     NULL, 0, 0, NULL, push_eth},
    {"localstats", PUSH_TABLE, 0, "", "by who is local", NULL,
     NULL, 0, 0, &local_rows, NULL},
    {"ndpi", PUSH_LIST, 0, "", "by application", NULL,
     NULL, 0, 0, NULL, push_apps},
    {"pktSizeDistribution", PUSH_LIST, 0, "packets", "sizes, flags", NULL,
     NULL, 0, 0, NULL, push_classes},
    {"tcpPacketStats", PUSH_TABLE, 0, "", "", NULL,
     NULL, 0, 0, &tcp_rows, NULL},
};
/* clang-format on */

const struct push_rows *fields_iface(void)
{
    static const struct push_rows rows = PUSH_ROWS(iface_fields);

    return &rows;
}
