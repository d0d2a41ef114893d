/* fields_host: what scripts are told of a host. SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "core/model/network.h"
#include "lua/fields_internal.h"

#define GET(name)                                      \
    static bool name(const struct push_field *field,   \
                     const struct push_source *source, \
                     struct push_value *value)

#define PUSH(name)                                                 \
    static void name(lua_State *L, const struct push_field *field, \
                     const struct push_source *source)

/* Identity */

GET(get_ip)
{
    (void)field;
    value->text = addr_format(&source->host->addr, value->buffer);
    return true;
}

GET(get_ip_number)
{
    (void)field;
    value->number = fields_addr_number(&source->host->addr);
    return true;
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
    return true;
}

/* `detail` is an enum host_flag. */
GET(has_flag)
{
    value->flag = (source->host->flags & field->detail) != 0;
    return true;
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
    return true;
}

/* The best name under its source: worse ones are not kept. */
PUSH(push_names)
{
    static const char *const sources[NAME_SOURCES] = {
        [NAME_SERVER] = "server", [NAME_DNS] = "dns",
        [NAME_SSDP] = "ssdp",     [NAME_NETBIOS] = "netbios",
        [NAME_LLMNR] = "llmnr",   [NAME_MDNS] = "mdns",
        [NAME_DHCP] = "dhcp",
    };
    const struct host *host = source->host;

    (void)field;
    lua_newtable(L);
    if (host->name != NULL && sources[host->name_source] != NULL)
        push_text(L, sources[host->name_source], host->name);
}

GET(get_network)
{
    (void)field;
    value->number = source->host->network;
    return true;
}

GET(get_network_name)
{
    const struct networks *networks =
        engine_config(source->iface->engine)->networks;

    (void)field;
    if (source->host->network < 0)
        return false;
    value->text = network_text(networks, source->host->network);
    return true;
}

GET(get_vlan)
{
    (void)field;
    value->number = source->host->vlan;
    return true;
}

static const struct group *group_of(const struct push_source *source,
                                    uint32_t index)
{
    return index != POOL_NONE ? groups_at(&source->iface->groups, index) : NULL;
}

GET(get_asn)
{
    const struct group *as = group_of(source, source->host->as_group);

    (void)field;
    value->number = as != NULL ? as->id : 0;
    return true;
}

GET(get_as_name)
{
    const struct group *as = group_of(source, source->host->as_group);

    (void)field;
    value->text = as != NULL ? as->name : "";
    return true;
}

GET(get_os)
{
    const struct group *os = group_of(source, source->host->os_group);

    (void)field;
    value->text = os != NULL ? os->name : "";
    return true;
}

GET(get_country)
{
    const struct group *country = group_of(source, source->host->country_group);

    (void)field;
    value->text = country != NULL ? country->name : "";
    return true;
}

GET(get_continent)
{
    const struct group *country = group_of(source, source->host->country_group);

    (void)field;
    value->text = country != NULL ? country->continent : "";
    return true;
}

GET(get_city)
{
    (void)field;
    value->text = source->host->city != NULL ? source->host->city : "";
    return true;
}

/* `detail`: 0 latitude, 1 longitude. */
GET(get_place)
{
    if (!source->host->has_location)
        return false;
    value->decimal = (double)(field->detail == 0 ? source->host->latitude
                                                 : source->host->longitude);
    return true;
}

/* Traffic */

GET(get_bytes)
{
    value->number = (int64_t)host_traffic(source->host, field->way).bytes;
    return true;
}

GET(get_packets)
{
    value->number = (int64_t)host_traffic(source->host, field->way).packets;
    return true;
}

GET(get_unknown_bytes)
{
    const struct host_app *app = host_app(source->host, 0);

    (void)field;
    value->number = app != NULL ? (int64_t)(app->traffic[WAY_SENT].bytes +
                                            app->traffic[WAY_RCVD].bytes)
                                : 0;
    return true;
}

/* `detail` is an enum l4_group. */
GET(get_l4_packets)
{
    value->number =
        (int64_t)host_l4(source->host, field->detail, field->way).packets;
    return true;
}

GET(get_l4_bytes)
{
    value->number =
        (int64_t)host_l4(source->host, field->detail, field->way).bytes;
    return true;
}

/* `detail` is an enum tcp_trouble; in lists only where there is some. */
GET(get_trouble)
{
    value->number = source->host->trouble[field->detail];
    return value->number != 0 || source->level >= PUSH_HIGH;
}

GET(has_seq_problems)
{
    (void)field;
    value->flag = false;
    for (unsigned i = 0; i < TCP_TROUBLE_KINDS; i++)
        value->flag |= source->host->trouble[i] != 0;
    return true;
}

GET(get_active_flows)
{
    value->number = source->host->active_flows[field->way];
    return true;
}

GET(get_flows)
{
    value->number = (int64_t)source->host->total_flows[field->way];
    return true;
}

GET(get_low_goodput_flows)
{
    value->number = (int64_t)source->host->low_goodput_flows[field->way];
    return true;
}

GET(get_rate)
{
    fields_rate_value(&source->host->rate, source->iface, field->detail, value);
    return true;
}

/* `detail`: 0 first, 1 last, 2 the time between. */
GET(get_time)
{
    const struct host *host = source->host;

    value->number = field->detail == 0 ? host->first_s
                    : field->detail == 1
                        ? host->last_s
                        : (int64_t)host->last_s - host->first_s + 1;
    return true;
}

GET(is_local)
{
    (void)field;
    (void)value;
    return source->host->local != NULL;
}

/* Applications, sizes, messages */

PUSH(push_apps)
{
    const struct dpi *dpi = engine_dpi(source->iface->engine);
    const struct host *host = source->host;

    (void)field;
    lua_createtable(L, 0, host->apps_count);
    for (unsigned i = 0; i < host->apps_count; i++)
        fields_push_app(L, dpi, host->apps[i].app, host->apps[i].traffic,
                        host->apps[i].duration_s);
}

PUSH(push_classes)
{
    uint64_t classes[PACKET_CLASSES];

    for (unsigned i = 0; i < PACKET_CLASSES; i++)
        classes[i] = host_class(source->host, field->way, i);
    fields_push_classes(L, classes);
}

/* `detail` is the IP version that the row is about. */
GET(has_icmp)
{
    (void)value;
    return source->host->local != NULL &&
           ((source->host->flags & HOST_V6) != 0) == (field->detail == 6);
}

PUSH(push_icmp)
{
    const struct icmp_counter *icmp;

    (void)field;
    lua_newtable(L);
    for (unsigned i = 0; (icmp = host_icmp_at(source->host, i)) != NULL; i++) {
        char key[sizeof("255,255")];

        snprintf(key, sizeof(key), "%u,%u", icmp->type, icmp->code);
        lua_createtable(L, 0, 2);
        push_number(L, "sent", icmp->packets[WAY_SENT]);
        push_number(L, "rcvd", icmp->packets[WAY_RCVD]);
        lua_setfield(L, -2, key);
    }
}

static bool has_dns(const struct dns_counters *dns)
{
    return (dns->queries | dns->replies_ok | dns->replies_error) != 0;
}

GET(get_dns)
{
    (void)field;
    (void)value;
    return has_dns(host_dns(source->host, WAY_SENT)) ||
           has_dns(host_dns(source->host, WAY_RCVD));
}

static void push_dns_way(lua_State *L, const struct dns_counters *dns)
{
    static const char *const types[] = {
        "num_a",  "num_ns",  "num_cname", "num_soa", "num_ptr",
        "num_mx", "num_txt", "num_aaaa",  "num_any", "num_other",
    };

    lua_createtable(L, 0, 4);
    push_number(L, "num_queries", dns->queries);
    push_number(L, "num_replies_ok", dns->replies_ok);
    push_number(L, "num_replies_error", dns->replies_error);
    lua_createtable(L, 0, 10);
    for (unsigned i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        push_number(L, types[i], dns->by_type[i]);
    lua_setfield(L, -2, "queries");
}

PUSH(push_dns)
{
    (void)field;
    lua_createtable(L, 0, 2);
    push_dns_way(L, host_dns(source->host, WAY_SENT));
    lua_setfield(L, -2, "sent");
    push_dns_way(L, host_dns(source->host, WAY_RCVD));
    lua_setfield(L, -2, "rcvd");
}

GET(get_http)
{
    const struct http_counters *client = host_http(source->host, WAY_SENT);
    const struct http_counters *server = host_http(source->host, WAY_RCVD);

    (void)field;
    (void)value;
    return (client->requests | client->responses | server->requests |
            server->responses) != 0;
}

static void push_http_way(lua_State *L, const struct http_counters *http)
{
    static const char *const methods[] = {"num_get", "num_post", "num_head",
                                          "num_put", "num_other"};
    static const char *const classes[] = {"num_1xx", "num_2xx", "num_3xx",
                                          "num_4xx", "num_5xx"};

    lua_createtable(L, 0, 2);
    lua_createtable(L, 0, 6);
    push_number(L, "total", http->requests);
    for (unsigned i = 0; i < 5; i++)
        push_number(L, methods[i], http->by_method[i]);
    lua_setfield(L, -2, "query");
    lua_createtable(L, 0, 6);
    push_number(L, "total", http->responses);
    for (unsigned i = 0; i < 5; i++)
        push_number(L, classes[i], http->by_class[i]);
    lua_setfield(L, -2, "response");
}

/* As client it sends requests: the counters' first half. */
PUSH(push_http)
{
    (void)field;
    lua_createtable(L, 0, 2);
    push_http_way(L, host_http(source->host, WAY_SENT));
    lua_setfield(L, -2, "sender");
    push_http_way(L, host_http(source->host, WAY_RCVD));
    lua_setfield(L, -2, "receiver");
}

/* clang-format off */
#define N PUSH_NUMBER
#define D PUSH_DECIMAL
#define T PUSH_TEXT
#define F PUSH_FLAG
#define L4(name, group)                                                      \
    {name ".packets.sent", N, PUSH_HIGH, "packets", "", NULL,                \
     get_l4_packets, WAY_SENT, group, NULL, NULL},                           \
    {name ".packets.rcvd", N, PUSH_HIGH, "packets", "", NULL,                \
     get_l4_packets, WAY_RCVD, group, NULL, NULL},                           \
    {name ".bytes.sent", N, PUSH_HIGH, "bytes", "", NULL,                    \
     get_l4_bytes, WAY_SENT, group, NULL, NULL},                             \
    {name ".bytes.rcvd", N, PUSH_HIGH, "bytes", "", NULL,                    \
     get_l4_bytes, WAY_RCVD, group, NULL, NULL}

static const struct push_field criteria_fields[] = {
    {"upload", N, 0, "bytes", "sent", NULL,
     get_bytes, WAY_SENT, 0, NULL, NULL},
    {"download", N, 0, "bytes", "received", NULL,
     get_bytes, WAY_RCVD, 0, NULL, NULL},
    {"unknown", N, 0, "bytes", "of no recognised application", NULL,
     get_unknown_bytes, 0, 0, NULL, NULL},
    {"incomingflows", N, 0, "flows", "as server", NULL,
     get_flows, WAY_RCVD, 0, NULL, NULL},
    {"outgoingflows", N, 0, "flows", "as client", NULL,
     get_flows, WAY_SENT, 0, NULL, NULL},
};
static const struct push_rows criteria_rows = PUSH_ROWS(criteria_fields);

static const struct push_field host_fields[] = {
    {"ip", T, PUSH_BASIC, "", "address", NULL,
     get_ip, 0, 0, NULL, NULL},
    {"ipkey", N, PUSH_BASIC, "", "address as number", NULL,
     get_ip_number, 0, 0, NULL, NULL},
    {"mac", T, PUSH_BASIC, "", "latest MAC address, zero unknown", NULL,
     get_mac, 0, 0, NULL, NULL},
    {"localhost", F, PUSH_BASIC, "", "in a local network", NULL,
     has_flag, 0, HOST_LOCAL, NULL, NULL},
    {"bytes.sent", N, PUSH_BASIC, "bytes", "", NULL,
     get_bytes, WAY_SENT, 0, NULL, NULL},
    {"bytes.rcvd", N, PUSH_BASIC, "bytes", "", NULL,
     get_bytes, WAY_RCVD, 0, NULL, NULL},
    {"privatehost", F, PUSH_BASIC, "", "not routed publicly", NULL,
     has_flag, 0, HOST_PRIVATE, NULL, NULL},
    {"name", T, PUSH_BASIC, "", "name or address", NULL,
     get_name, 0, 0, NULL, NULL},
    {"names", PUSH_LIST, PUSH_BASIC, "", "by source", NULL,
     NULL, 0, 0, NULL, push_names},
    {"local_network_id", N, PUSH_BASIC, "", "-1 remote", NULL,
     get_network, 0, 0, NULL, NULL},
    {"local_network_name", T, PUSH_BASIC, "", "as in 10.0.0.0/8", NULL,
     get_network_name, 0, 0, NULL, NULL},
    {"systemhost", F, PUSH_BASIC, "", "an address of this machine", NULL,
     has_flag, 0, HOST_SYSTEM, NULL, NULL},
    {"is_multicast", F, PUSH_BASIC, "", "", NULL,
     has_flag, 0, HOST_MULTICAST, NULL, NULL},
    {"is_broadcast", F, PUSH_BASIC, "", "", NULL,
     has_flag, 0, HOST_BROADCAST, NULL, NULL},
    {"asn", N, PUSH_BASIC, "", "AS number, 0 unknown", NULL,
     get_asn, 0, 0, NULL, NULL},
    {"asname", T, PUSH_BASIC, "", "", NULL,
     get_as_name, 0, 0, NULL, NULL},
    {"os", T, PUSH_BASIC, "", "operating system", NULL,
     get_os, 0, 0, NULL, NULL},
    {"continent", T, PUSH_BASIC, "", "two letters", NULL,
     get_continent, 0, 0, NULL, NULL},
    {"country", T, PUSH_BASIC, "", "ISO 3166-1", NULL,
     get_country, 0, 0, NULL, NULL},
    {"active_flows.as_client", N, PUSH_BASIC, "flows", "now", NULL,
     get_active_flows, WAY_SENT, 0, NULL, NULL},
    {"active_flows.as_server", N, PUSH_BASIC, "flows", "now", NULL,
     get_active_flows, WAY_RCVD, 0, NULL, NULL},
    {"tcp.packets.retransmissions", N, PUSH_BASIC, "packets", "", NULL,
     get_trouble, 0, TCP_RETRANSMISSION, NULL, NULL},
    {"tcp.packets.out_of_order", N, PUSH_BASIC, "packets", "", NULL,
     get_trouble, 0, TCP_OUT_OF_ORDER, NULL, NULL},
    {"tcp.packets.lost", N, PUSH_BASIC, "gaps", "", NULL,
     get_trouble, 0, TCP_LOST, NULL, NULL},
    {"criteria", PUSH_TABLE, PUSH_BASIC, "", "of local hosts", NULL,
     is_local, 0, 0, &criteria_rows, NULL},
    {"seen.first", N, PUSH_BASIC, "s", "since 1970", NULL,
     get_time, 0, 0, NULL, NULL},
    {"seen.last", N, PUSH_BASIC, "s", "since 1970", NULL,
     get_time, 0, 1, NULL, NULL},
    {"duration", N, PUSH_BASIC, "s", "from first to last", NULL,
     get_time, 0, 2, NULL, NULL},
    {"vlan", N, PUSH_BASIC, "", "0 untagged", NULL,
     get_vlan, 0, 0, NULL, NULL},
    {"throughput_bps", D, PUSH_BASIC, "bytes/s", "in the last second", NULL,
     get_rate, 0, RATE_BYTES, NULL, NULL},
    {"last_throughput_bps", D, PUSH_BASIC, "bytes/s", "a second before", NULL,
     get_rate, 0, RATE_BYTES_BEFORE, NULL, NULL},
    {"throughput_trend_bps", N, PUSH_BASIC, "", "1 up, 2 down, 3 stable", NULL,
     get_rate, 0, RATE_TREND, NULL, NULL},
    {"throughput_trend_bps_diff", D, PUSH_BASIC, "bytes/s", "change", NULL,
     get_rate, 0, RATE_DIFFERENCE, NULL, NULL},
    {"throughput_pps", D, PUSH_BASIC, "packets/s", "in the last second", NULL,
     get_rate, 0, RATE_PACKETS, NULL, NULL},

    {"packets.sent", N, PUSH_HIGH, "packets", "", NULL,
     get_packets, WAY_SENT, 0, NULL, NULL},
    {"packets.rcvd", N, PUSH_HIGH, "packets", "", NULL,
     get_packets, WAY_RCVD, 0, NULL, NULL},
    {"ICMPv4", PUSH_LIST, PUSH_HIGH, "", "by type and code", NULL,
     has_icmp, 0, 4, NULL, push_icmp},
    {"ICMPv6", PUSH_LIST, PUSH_HIGH, "", "by type and code", NULL,
     has_icmp, 0, 6, NULL, push_icmp},
    L4("tcp", L4_TCP),
    L4("udp", L4_UDP),
    L4("icmp", L4_ICMP),
    L4("other_ip", L4_OTHER),
    {"tcp.packets.seq_problems", F, PUSH_HIGH, "", "", NULL,
     has_seq_problems, 0, 0, NULL, NULL},
    {"latitude", D, PUSH_HIGH, "degrees", "north positive", NULL,
     get_place, 0, 0, NULL, NULL},
    {"longitude", D, PUSH_HIGH, "degrees", "east positive", NULL,
     get_place, 0, 1, NULL, NULL},
    {"city", T, PUSH_HIGH, "", "", NULL,
     get_city, 0, 0, NULL, NULL},
    {"flows.as_client", N, PUSH_HIGH, "flows", "ever", NULL,
     get_flows, WAY_SENT, 0, NULL, NULL},
    {"flows.as_server", N, PUSH_HIGH, "flows", "ever", NULL,
     get_flows, WAY_RCVD, 0, NULL, NULL},
    {"low_goodput_flows.as_client", N, PUSH_HIGH, "flows", "ended", NULL,
     get_low_goodput_flows, WAY_SENT, 0, NULL, NULL},
    {"low_goodput_flows.as_server", N, PUSH_HIGH, "flows", "ended", NULL,
     get_low_goodput_flows, WAY_RCVD, 0, NULL, NULL},

    {"ndpi", PUSH_LIST, PUSH_MAX, "", "by application", NULL,
     NULL, 0, 0, NULL, push_apps},
    {"pktStats.sent", PUSH_LIST, PUSH_MAX, "", "sizes and flags", NULL,
     NULL, WAY_SENT, 0, NULL, push_classes},
    {"pktStats.recv", PUSH_LIST, PUSH_MAX, "", "sizes and flags", NULL,
     NULL, WAY_RCVD, 0, NULL, push_classes},
    {"dns", PUSH_LIST, PUSH_MAX, "", "of local hosts", NULL,
     get_dns, 0, 0, NULL, push_dns},
    {"http", PUSH_LIST, PUSH_MAX, "", "of local hosts", NULL,
     get_http, 0, 0, NULL, push_http},
};
/* clang-format on */

const struct push_rows *fields_host(void)
{
    static const struct push_rows rows = PUSH_ROWS(host_fields);

    return &rows;
}

void fields_of_host(const struct iface *iface, uint32_t index,
                    struct push_source *source)
{
    source->iface = iface;
    source->index = index;
    source->host = hosts_at(&iface->hosts, index);
}
