/* field_host: what a host can tell. SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "core/model/field_internal.h"
#include "core/model/network.h"

#define GET(name) static FIELD_GET(name)
#define LIST(name) static FIELD_LISTS(name)

/* Identity */

GET(get_ip)
{
    (void)field;
    value->text = addr_format(&source->host->addr, value->buffer);
    return FIELD_FOUND;
}

GET(get_ip_number)
{
    (void)field;
    value->number = addr_number(&source->host->addr);
    return FIELD_FOUND;
}

GET(get_mac)
{
    static const uint8_t none[MAC_SIZE];
    uint32_t index = source->host->device;

    (void)field;
    value->text = mac_format(
        index != POOL_NONE ? devices_at(&source->iface->devices, index)->mac
                           : none,
        value->buffer);
    return FIELD_FOUND;
}

/* `detail` is an enum host_flag. */
GET(is_blacklisted)
{
    (void)field;
    value->flag = blacklist_has(engine_blacklist(source->iface->engine),
                                &source->host->addr);
    return FIELD_FOUND;
}

GET(has_flag)
{
    value->flag = (source->host->flags & field->detail) != 0;
    return FIELD_FOUND;
}

GET(get_name)
{
    const struct host *host = source->host;

    (void)field;
    if (host->name == NULL) {
        value->text = addr_format(&host->addr, value->buffer);
    } else if ((host->flags & HOST_V6) != 0) {
        snprintf(value->buffer, sizeof(value->buffer), "%s [IPv6]", host->name);
        value->text = value->buffer;
    } else {
        value->text = host->name;
    }
    return FIELD_FOUND;
}

/* As in lists of flows: without what tells the version. */
GET(get_label)
{
    (void)field;
    value->text = host_label(source->host, value->buffer);
    return FIELD_FOUND;
}

GET(get_version)
{
    (void)field;
    value->number = (source->host->flags & HOST_V6) != 0 ? 6 : 4;
    return FIELD_FOUND;
}

/* The best name under its source: worse ones are not kept. */
LIST(list_names)
{
    static const char *const sources[NAME_SOURCES] = {
        [NAME_SERVER] = "server", [NAME_DNS] = "dns",
        [NAME_SSDP] = "ssdp",     [NAME_NETBIOS] = "netbios",
        [NAME_LLMNR] = "llmnr",   [NAME_MDNS] = "mdns",
        [NAME_DHCP] = "dhcp",
    };
    const struct host *host = source->host;

    (void)field;
    if (host->name != NULL && sources[host->name_source] != NULL)
        field_put_text(sink, sources[host->name_source], host->name);
}

GET(get_network)
{
    (void)field;
    value->number = source->host->network;
    return FIELD_FOUND;
}

GET(get_network_name)
{
    const struct networks *networks =
        engine_config(source->iface->engine)->networks;

    (void)field;
    if (source->host->network < 0)
        return FIELD_NONE;
    value->text = network_text(networks, source->host->network);
    return FIELD_FOUND;
}

GET(get_vlan)
{
    (void)field;
    value->number = source->host->vlan;
    return FIELD_FOUND;
}

static const struct group *group_of(const struct field_source *source,
                                    uint32_t index)
{
    return index != POOL_NONE ? groups_at(&source->iface->groups, index) : NULL;
}

GET(get_asn)
{
    const struct group *as = group_of(source, source->host->as_group);

    (void)field;
    value->number = as != NULL ? as->id : 0;
    return FIELD_FOUND;
}

GET(get_as_name)
{
    const struct group *as = group_of(source, source->host->as_group);

    (void)field;
    value->text = as != NULL ? as->name : "";
    return FIELD_FOUND;
}

GET(get_os)
{
    const struct group *os = group_of(source, source->host->os_group);

    (void)field;
    value->text = os != NULL ? os->name : "";
    return FIELD_FOUND;
}

GET(get_country)
{
    const struct group *country = group_of(source, source->host->country_group);

    (void)field;
    value->text = country != NULL ? country->name : "";
    return FIELD_FOUND;
}

GET(get_continent)
{
    const struct group *country = group_of(source, source->host->country_group);

    (void)field;
    value->text = country != NULL ? country->continent : "";
    return FIELD_FOUND;
}

GET(get_city)
{
    (void)field;
    value->text = source->host->city != NULL ? source->host->city : "";
    return FIELD_FOUND;
}

/* `detail`: 0 latitude, 1 longitude. */
GET(get_place)
{
    if (!source->host->has_location)
        return FIELD_NONE;
    value->decimal = (double)(field->detail == 0 ? source->host->latitude
                                                 : source->host->longitude);
    return FIELD_FOUND;
}

/* Traffic */

GET(get_bytes)
{
    value->number = (int64_t)host_traffic(source->host, field->way).bytes;
    return FIELD_FOUND;
}

GET(get_packets)
{
    value->number = (int64_t)host_traffic(source->host, field->way).packets;
    return FIELD_FOUND;
}

GET(get_all_bytes)
{
    (void)field;
    value->number = (int64_t)(host_traffic(source->host, WAY_SENT).bytes +
                              host_traffic(source->host, WAY_RCVD).bytes);
    return FIELD_FOUND;
}

GET(get_all_packets)
{
    (void)field;
    value->number = (int64_t)(host_traffic(source->host, WAY_SENT).packets +
                              host_traffic(source->host, WAY_RCVD).packets);
    return FIELD_FOUND;
}

GET(get_unknown_bytes)
{
    (void)field;
    value->number = (int64_t)host_app_bytes(source->host, 0);
    return FIELD_FOUND;
}

/* `detail` is an enum l4_group. */
GET(get_l4_packets)
{
    value->number =
        (int64_t)host_l4(source->host, field->detail, field->way).packets;
    return FIELD_FOUND;
}

GET(get_l4_bytes)
{
    value->number =
        (int64_t)host_l4(source->host, field->detail, field->way).bytes;
    return FIELD_FOUND;
}

/* `detail` is an enum tcp_trouble; in lists only where there is some. */
GET(get_trouble)
{
    value->number = source->host->trouble[field->detail];
    return field_found(value->number != 0 || source->level >= FIELD_HIGH);
}

GET(has_seq_problems)
{
    (void)field;
    value->flag = false;
    for (unsigned i = 0; i < TCP_TROUBLE_KINDS; i++)
        value->flag |= source->host->trouble[i] != 0;
    return FIELD_FOUND;
}

GET(get_active_flows)
{
    value->number = source->host->active_flows[field->way];
    return FIELD_FOUND;
}

GET(get_all_active_flows)
{
    (void)field;
    value->number = (int64_t)source->host->active_flows[WAY_SENT] +
                    source->host->active_flows[WAY_RCVD];
    return FIELD_FOUND;
}

GET(get_flows)
{
    value->number = (int64_t)source->host->total_flows[field->way];
    return FIELD_FOUND;
}

GET(get_low_goodput_flows)
{
    value->number = (int64_t)source->host->low_goodput_flows[field->way];
    return FIELD_FOUND;
}

GET(get_rate)
{
    field_rate(&source->host->rate, source->iface, field->detail, value);
    return FIELD_FOUND;
}

/* `detail`: 0 first, 1 last, 2 the time between. */
GET(get_time)
{
    const struct host *host = source->host;

    value->number = field->detail == 0 ? host->first_s
                    : field->detail == 1
                        ? host->last_s
                        : (int64_t)host->last_s - host->first_s + 1;
    return FIELD_FOUND;
}

GET(is_local)
{
    (void)field;
    (void)value;
    return field_found(source->host->local != NULL);
}

/* clang-format off */
#define N FIELD_NUMBER
#define D FIELD_DECIMAL
#define T FIELD_TEXT
#define F FIELD_FLAG
#define L4(name, group)                                                       \
    FIELD(name ".packets.sent", N, FIELD_HIGH, "packets", "", NULL,           \
          get_l4_packets, WAY_SENT, group),                                   \
    FIELD(name ".packets.rcvd", N, FIELD_HIGH, "packets", "", NULL,           \
          get_l4_packets, WAY_RCVD, group),                                   \
    FIELD(name ".bytes.sent", N, FIELD_HIGH, "bytes", "", NULL,               \
          get_l4_bytes, WAY_SENT, group),                                     \
    FIELD(name ".bytes.rcvd", N, FIELD_HIGH, "bytes", "", NULL,               \
          get_l4_bytes, WAY_RCVD, group)

static const struct field criteria_fields[] = {
    FIELD("upload", N, FIELD_BASIC, "bytes", "sent", NULL,
          get_bytes, WAY_SENT, 0),
    FIELD("download", N, FIELD_BASIC, "bytes", "received", NULL,
          get_bytes, WAY_RCVD, 0),
    FIELD("unknown", N, FIELD_BASIC, "bytes", "of no recognised application",
          NULL, get_unknown_bytes, 0, 0),
    FIELD("incomingflows", N, FIELD_BASIC, "flows", "as server", NULL,
          get_flows, WAY_RCVD, 0),
    FIELD("outgoingflows", N, FIELD_BASIC, "flows", "as client", NULL,
          get_flows, WAY_SENT, 0),
};
static const struct field_rows criteria_rows = FIELD_ROWS(criteria_fields);

static const struct field host_fields[] = {
    FIELD("ip", T, FIELD_BASIC, "", "address", NULL,
          get_ip, 0, 0),
    FIELD("ipkey", N, FIELD_BASIC, "", "address as number", NULL,
          get_ip_number, 0, 0),
    FIELD("mac", T, FIELD_BASIC, "", "latest MAC address, zero unknown", NULL,
          get_mac, 0, 0),
    FIELD("localhost", F, FIELD_BASIC, "", "in a local network", NULL,
          has_flag, 0, HOST_LOCAL),
    FIELD("bytes.sent", N, FIELD_BASIC, "bytes", "", NULL,
          get_bytes, WAY_SENT, 0),
    FIELD("bytes.rcvd", N, FIELD_BASIC, "bytes", "", NULL,
          get_bytes, WAY_RCVD, 0),
    FIELD("privatehost", F, FIELD_BASIC, "", "not routed publicly", NULL,
          has_flag, 0, HOST_PRIVATE),
    FIELD("name", T, FIELD_BASIC, "", "name or address", NULL,
          get_name, 0, 0),
    FIELD_OF_LIST("names", FIELD_BASIC, "", "by source",
          NULL, 0, 0, list_names),
    FIELD("local_network_id", N, FIELD_BASIC, "", "-1 remote", NULL,
          get_network, 0, 0),
    FIELD("local_network_name", T, FIELD_BASIC, "", "as in 10.0.0.0/8", NULL,
          get_network_name, 0, 0),
    FIELD("systemhost", F, FIELD_BASIC, "", "an address of this machine", NULL,
          has_flag, 0, HOST_SYSTEM),
    FIELD("is_blacklisted", F, FIELD_BASIC, "", "known to be bad", NULL,
          is_blacklisted, 0, 0),
    FIELD("is_multicast", F, FIELD_BASIC, "", "", NULL,
          has_flag, 0, HOST_MULTICAST),
    FIELD("is_broadcast", F, FIELD_BASIC, "", "", NULL,
          has_flag, 0, HOST_BROADCAST),
    FIELD("asn", N, FIELD_BASIC, "", "AS number, 0 unknown", NULL,
          get_asn, 0, 0),
    FIELD("asname", T, FIELD_BASIC, "", "", NULL,
          get_as_name, 0, 0),
    FIELD("os", T, FIELD_BASIC, "", "operating system", NULL,
          get_os, 0, 0),
    FIELD("continent", T, FIELD_BASIC, "", "two letters", NULL,
          get_continent, 0, 0),
    FIELD("country", T, FIELD_BASIC, "", "ISO 3166-1", NULL,
          get_country, 0, 0),
    FIELD("active_flows.as_client", N, FIELD_BASIC, "flows", "now", NULL,
          get_active_flows, WAY_SENT, 0),
    FIELD("active_flows.as_server", N, FIELD_BASIC, "flows", "now", NULL,
          get_active_flows, WAY_RCVD, 0),
    FIELD("active_http_hosts", N, FIELD_BASIC, "names",
          "virtual hosts of HTTP", NULL, field_host_vhosts, 0, 0),
    FIELD("tcp.packets.retransmissions", N, FIELD_BASIC, "packets", "", NULL,
          get_trouble, 0, TCP_RETRANSMISSION),
    FIELD("tcp.packets.out_of_order", N, FIELD_BASIC, "packets", "", NULL,
          get_trouble, 0, TCP_OUT_OF_ORDER),
    FIELD("tcp.packets.lost", N, FIELD_BASIC, "gaps", "", NULL,
          get_trouble, 0, TCP_LOST),
    FIELD_OF_ROWS("criteria", FIELD_BASIC, "of local hosts", is_local,
                  &criteria_rows),
    FIELD("seen.first", N, FIELD_BASIC, "s", "since 1970", NULL,
          get_time, 0, 0),
    FIELD("seen.last", N, FIELD_BASIC, "s", "since 1970", NULL,
          get_time, 0, 1),
    FIELD("duration", N, FIELD_BASIC, "s", "from first to last", NULL,
          get_time, 0, 2),
    FIELD("vlan", N, FIELD_BASIC, "", "0 untagged", NULL,
          get_vlan, 0, 0),
    FIELD("throughput_bps", D, FIELD_BASIC, "bytes/s", "in the last second",
          NULL, get_rate, 0, RATE_BYTES),
    FIELD("last_throughput_bps", D, FIELD_BASIC, "bytes/s", "a second before",
          NULL, get_rate, 0, RATE_BYTES_BEFORE),
    FIELD("throughput_trend_bps", N, FIELD_BASIC, "", "1 up, 2 down, 3 stable",
          NULL, get_rate, 0, RATE_TREND),
    FIELD("throughput_trend_bps_diff", D, FIELD_BASIC, "bytes/s", "change",
          NULL, get_rate, 0, RATE_DIFFERENCE),
    FIELD("throughput_pps", D, FIELD_BASIC, "packets/s", "in the last second",
          NULL, get_rate, 0, RATE_PACKETS),

    FIELD("packets.sent", N, FIELD_HIGH, "packets", "", NULL,
          get_packets, WAY_SENT, 0),
    FIELD("packets.rcvd", N, FIELD_HIGH, "packets", "", NULL,
          get_packets, WAY_RCVD, 0),
    FIELD_OF_LIST("ICMPv4", FIELD_HIGH, "", "by type and code",
          field_host_has_icmp, 0, 4, field_host_list_icmp),
    FIELD_OF_LIST("ICMPv6", FIELD_HIGH, "", "by type and code",
          field_host_has_icmp, 0, 6, field_host_list_icmp),
    L4("tcp", L4_TCP),
    L4("udp", L4_UDP),
    L4("icmp", L4_ICMP),
    L4("other_ip", L4_OTHER),
    FIELD("tcp.packets.seq_problems", F, FIELD_HIGH, "", "", NULL,
          has_seq_problems, 0, 0),
    FIELD("latitude", D, FIELD_HIGH, "degrees", "north positive", NULL,
          get_place, 0, 0),
    FIELD("longitude", D, FIELD_HIGH, "degrees", "east positive", NULL,
          get_place, 0, 1),
    FIELD("city", T, FIELD_HIGH, "", "", NULL,
          get_city, 0, 0),
    FIELD("flows.as_client", N, FIELD_HIGH, "flows", "ever", NULL,
          get_flows, WAY_SENT, 0),
    FIELD("flows.as_server", N, FIELD_HIGH, "flows", "ever", NULL,
          get_flows, WAY_RCVD, 0),
    FIELD("low_goodput_flows.as_client", N, FIELD_HIGH, "flows", "ended", NULL,
          get_low_goodput_flows, WAY_SENT, 0),
    FIELD("low_goodput_flows.as_server", N, FIELD_HIGH, "flows", "ended", NULL,
          get_low_goodput_flows, WAY_RCVD, 0),

    FIELD_OF_LIST("ndpi", FIELD_MAX, "", "by application",
          NULL, 0, 0, field_host_list_apps),
    FIELD_OF_LIST("pktStats.sent", FIELD_MAX, "", "sizes and flags",
          NULL, WAY_SENT, 0, field_host_list_classes),
    FIELD_OF_LIST("pktStats.recv", FIELD_MAX, "", "sizes and flags",
          NULL, WAY_RCVD, 0, field_host_list_classes),
    FIELD_OF_LIST("dns", FIELD_MAX, "", "of local hosts",
          field_host_dns, 0, 0, field_host_list_dns),
    FIELD_OF_LIST("http", FIELD_MAX, "", "of local hosts",
          field_host_http, 0, 0, field_host_list_http),

    FIELD("label", T, FIELD_BY_NAME, "", "name or address", NULL,
          get_label, 0, 0),
    FIELD("version", N, FIELD_BY_NAME, "", "of IP, 4 or 6", NULL,
          get_version, 0, 0),
    FIELD("bytes", N, FIELD_BY_NAME, "bytes", "sent and received", NULL,
          get_all_bytes, 0, 0),
    FIELD("packets", N, FIELD_BY_NAME, "packets", "sent and received", NULL,
          get_all_packets, 0, 0),
    FIELD("flows", N, FIELD_BY_NAME, "flows", "now", NULL,
          get_all_active_flows, 0, 0),
};
/* clang-format on */

const struct field_rows *field_host(void)
{
    static const struct field_rows rows = FIELD_ROWS(host_fields);

    return &rows;
}

void field_of_host(const struct iface *iface, uint32_t index,
                   struct field_source *source)
{
    source->iface = iface;
    source->index = index;
    source->host = hosts_at(&iface->hosts, index);
}
