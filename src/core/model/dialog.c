/* dialog: what applications' messages tell. SPDX-License-Identifier: MIT */
#include "core/model/dialog.h"

#include <string.h>

#include "core/model/engine.h"
#include "core/model/network.h"
#include "core/model/rollup.h"
#include "core/packet/dns.h"
#include "core/packet/names.h"
#include "core/packet/os.h"

#define DNS_PORT 53
#define HTTP_STATUS_LINE 12 /* "HTTP/1.1 200" */

/* One of the flow's hosts, or NULL. */
static struct host *host_of(struct iface *iface, struct flow *flow,
                            enum way way)
{
    rollup_hosts(iface, flow);
    return flow->host[way] != POOL_NONE
               ? hosts_at(&iface->hosts, flow->host[way])
               : NULL;
}

static unsigned dns_type_slot(uint16_t type)
{
    static const uint8_t types[] = {1, 2, 5, 6, 12, 15, 16, 28, 255};

    for (unsigned i = 0; i < sizeof(types); i++)
        if (types[i] == type)
            return i;
    return sizeof(types);
}

static void count_dns(struct dns_counters *counters, const struct dns *dns)
{
    if (!dns->is_response) {
        counters->queries++;
        counters->by_type[dns_type_slot(dns->question.type)]++;
    } else if (dns->rcode == 0) {
        counters->replies_ok++;
    } else {
        counters->replies_error++;
    }
}

/* A name belongs to its addresses: to hosts that are there, and to those
 * that the asker is about to talk to. */
static void learn_answers(struct iface *iface, struct dns *dns, uint16_t vlan)
{
    struct dns_record record;

    if (engine_config(iface->engine)->ignore_dns)
        return;
    while (dns_next(dns, &record)) {
        uint32_t index;

        if (!record.has_addr || record.section != DNS_SECTION_ANSWER)
            continue;
        namecache_put(&iface->names, &record.addr, dns->question.name);
        index = hosts_find(&iface->hosts, &record.addr, vlan);
        if (index != POOL_NONE)
            host_learn_name(hosts_at(&iface->hosts, index), NAME_DNS,
                            dns->question.name);
    }
}

/* Over TCP a segment that is one whole message: where others begin, nobody
 * knows who did not follow the stream. */
static bool dns_read(struct dns *dns, const struct packet *packet)
{
    const uint8_t *bytes = packet->payload;

    if (packet->l4_proto != IP_PROTO_TCP)
        return dns_parse(dns, bytes, packet->payload_len);
    return (uint32_t)(bytes[0] << 8 | bytes[1]) + 2 ==
               packet->payload_wire_len &&
           dns_parse_tcp(dns, bytes, packet->payload_len);
}

static void dns_message(struct iface *iface, struct flow *flow,
                        const struct packet *packet, bool from_server)
{
    struct dns dns;

    /* What the hosts have is on its way while the message is read. */
    rollup_hosts(iface, flow);
    for (enum way way = 0; way < WAYS; way++)
        if (flow->host[way] != POOL_NONE)
            host_prefetch_local(hosts_at(&iface->hosts, flow->host[way]));
    if (!dns_read(&dns, packet))
        return;
    for (enum way way = 0; way < WAYS; way++) {
        struct host *host = host_of(iface, flow, way);
        bool is_sender = (way == WAY_RCVD) == from_server;
        struct dns_counters *counters =
            host != NULL ? host_count_dns(host, is_sender ? WAY_SENT : WAY_RCVD)
                         : NULL;

        if (counters != NULL)
            count_dns(counters, &dns);
    }
    if (!dns.is_response)
        return;
    attrs_set_number(&flow->attrs, ATTR_DNS_RET_CODE, dns.rcode);
    if (dns.question.type == DNS_TYPE_A || dns.question.type == DNS_TYPE_AAAA)
        learn_answers(iface, &dns, packet->vlan);
}

/* @return the slot of http_counters.by_method, or -1 when it is no request. */
static int http_method_slot(const struct packet *packet)
{
    static const struct {
        const char *text;
        uint8_t len;
        uint8_t slot;
    } methods[] = {
        {"GET ", 4, 0},      {"POST ", 5, 1},    {"HEAD ", 5, 2},
        {"PUT ", 4, 3},      {"DELETE ", 7, 4},  {"OPTIONS ", 8, 4},
        {"PATCH ", 6, 4},    {"CONNECT ", 8, 4}, {"TRACE ", 6, 4},
        {"PROPFIND ", 9, 4},
    };

    for (size_t i = 0; i < sizeof(methods) / sizeof(*methods); i++)
        if (packet->payload_len >= methods[i].len &&
            memcmp(packet->payload, methods[i].text, methods[i].len) == 0)
            return methods[i].slot;
    return -1;
}

static struct http_counters *http_of(struct iface *iface, struct flow *flow,
                                     enum way way)
{
    struct host *host = host_of(iface, flow, way);

    return host != NULL ? host_count_http(host, way) : NULL;
}

/* Of local servers that talk to the client; only the first segment of a
 * request is looked at. */
static void learn_vhost(struct iface *iface, struct flow *flow,
                        const struct packet *packet)
{
    const struct host *server = host_of(iface, flow, WAY_RCVD);
    const char *header;
    size_t len;

    if (server == NULL || (server->flags & HOST_LOCAL) == 0 ||
        flow_packets(flow, WAY_RCVD) == 0)
        return;
    header = vhost_header(packet->payload, packet->payload_len, &len);
    if (header != NULL)
        vhosts_request(&iface->vhosts, &server->addr, server->vlan, header, len,
                       iface_now_s(iface));
}

static void http_request(struct iface *iface, struct flow *flow, int slot)
{
    for (enum way way = 0; way < WAYS; way++) {
        struct http_counters *counters = http_of(iface, flow, way);

        if (counters == NULL)
            continue;
        counters->requests++;
        counters->by_method[slot]++;
    }
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

/* The latest response is the one kept. */
static void http_response(struct iface *iface, struct flow *flow,
                          const uint8_t *line)
{
    unsigned code = (unsigned)(line[9] - '0') * 100 +
                    (unsigned)(line[10] - '0') * 10 +
                    (unsigned)(line[11] - '0');

    if (code < 100 || code > 599)
        return;
    attrs_set_number(&flow->attrs, ATTR_HTTP_RET_CODE, code);
    for (enum way way = 0; way < WAYS; way++) {
        struct http_counters *counters = http_of(iface, flow, way);

        if (counters == NULL)
            continue;
        counters->responses++;
        counters->by_class[code / 100 - 1]++;
    }
}

static void http_message(struct iface *iface, struct flow *flow,
                         const struct packet *packet, bool from_server)
{
    const uint8_t *line = packet->payload;

    if (!from_server) {
        int slot = http_method_slot(packet);

        if (slot >= 0) {
            flow->flags |= FLOW_HTTP;
            http_request(iface, flow, slot);
            learn_vhost(iface, flow, packet);
        }
    } else if (memcmp(line, "HTTP/1.", 7) == 0 && line[8] == ' ' &&
               is_digit(line[9]) && is_digit(line[10]) && is_digit(line[11])) {
        http_response(iface, flow, line);
    }
}

/* A flow may have ICMP of many types, both ways. */
static void icmp_message(struct iface *iface, struct flow *flow,
                         const struct packet *packet, bool from_server)
{
    rollup_hosts(iface, flow);
    for (enum way way = 0; way < WAYS; way++) {
        bool is_sender = (way == WAY_RCVD) == from_server;

        if (flow->host[way] != POOL_NONE)
            host_icmp(hosts_at(&iface->hosts, flow->host[way]),
                      is_sender ? WAY_SENT : WAY_RCVD, packet->icmp.type,
                      packet->icmp.code, 1);
    }
}

static enum name_source name_source_of(enum hint_source source)
{
    switch (source) {
    case HINT_DHCP:
        return NAME_DHCP;
    case HINT_NETBIOS:
        return NAME_NETBIOS;
    case HINT_MDNS:
        return NAME_MDNS;
    case HINT_LLMNR:
        return NAME_LLMNR;
    default:
        return NAME_SSDP;
    }
}

struct hint_place {
    struct iface *iface;
    const struct packet *packet;
};

/* In other messages of DHCP the address is only wished for, offered, or even
 * another's. The other protocols are those of the local network: what somebody
 * says there of addresses elsewhere is nothing to go by. */
static bool is_credible(const struct hint_place *place,
                        const struct host_hint *hint)
{
    if (!hint->has_ip || addr_is_zero(&hint->ip) ||
        addr_is_multicast(&hint->ip) || addr_is_broadcast(&hint->ip))
        return false;
    if (hint->source == HINT_DHCP)
        return hint->dhcp_type == DHCP_REQUEST || hint->dhcp_type == DHCP_ACK ||
               hint->dhcp_type == DHCP_INFORM;
    return addr_equal(&hint->ip, &place->packet->src) ||
           network_find(engine_config(place->iface->engine)->networks,
                        &hint->ip) >= 0;
}

/* The host that a hint is about. One that was not seen yet is not made for
 * every name that somebody tells, or one message could make dozens. */
static uint32_t hint_host(const struct hint_place *place,
                          const struct host_hint *hint)
{
    struct hosts *hosts = &place->iface->hosts;
    uint16_t vlan = place->packet->vlan;

    if (hint->source == HINT_DHCP || addr_equal(&hint->ip, &place->packet->src))
        return hosts_get(hosts, &hint->ip, vlan, iface_now_s(place->iface));
    return hosts_find(hosts, &hint->ip, vlan);
}

/* Strangers on the wire say this: it never does more than to give a name and
 * a system. */
static void take_hint(void *arg, const struct host_hint *hint)
{
    const struct hint_place *place = arg;
    struct hosts *hosts = &place->iface->hosts;
    uint32_t index;

    if ((hint->name[0] == '\0' && hint->os == NULL) ||
        !is_credible(place, hint))
        return;
    index = hint_host(place, hint);
    if (index == POOL_NONE) {
        if (hint->name[0] != '\0')
            namecache_put(&place->iface->names, &hint->ip, hint->name);
        return;
    }
    if (hint->name[0] != '\0')
        host_learn_name(hosts_at(hosts, index), name_source_of(hint->source),
                        hint->name);
    if (hint->os != NULL)
        hosts_learn_os(hosts, index, hint->os);
}

static void discovery_message(struct iface *iface, const struct packet *packet)
{
    struct hint_place place = {iface, packet};

    names_parse(packet, take_hint, &place);
}

static bool is_discovery_port(uint16_t port)
{
    switch (port) {
    case 67:
    case 68:
    case 137:
    case 138:
    case 1900:
    case 5353:
    case 5355:
        return true;
    default:
        return false;
    }
}

void dialog_packet(struct iface *iface, struct flow *flow,
                   const struct packet *packet, bool from_server)
{
    const struct flow_key *key = &flow->key;
    bool has_text = packet->payload_len >= HTTP_STATUS_LINE;

    if (packet->l4 == NULL)
        return;
    if (key->l4_proto == IP_PROTO_TCP) {
        if (!has_text)
            return;
        if (key->port[1] == DNS_PORT)
            dns_message(iface, flow, packet, from_server);
        else if (packet->payload[0] >= 'C' && packet->payload[0] <= 'T')
            http_message(iface, flow, packet, from_server);
    } else if (key->l4_proto == IP_PROTO_UDP) {
        if (!has_text)
            return;
        if (key->port[1] == DNS_PORT || key->port[0] == DNS_PORT)
            dns_message(iface, flow, packet, from_server);
        else if (is_discovery_port(key->port[1]) ||
                 is_discovery_port(key->port[0]))
            discovery_message(iface, packet);
    } else if (l4_group(key->l4_proto) == L4_ICMP) {
        icmp_message(iface, flow, packet, from_server);
    }
}

/* A Host header without its port, unless it is but an address. */
static bool host_of_header(const char *header, char *name, size_t size)
{
    struct addr addr;
    size_t len = strcspn(header, ":");

    if (header[0] == '[' || len == 0 || len >= size)
        return false;
    memcpy(name, header, len);
    name[len] = '\0';
    /* IPv4, as its colons would have cut IPv6: it ends in a digit. */
    return !is_digit((uint8_t)name[len - 1]) || !addr_parse(name, &addr);
}

void dialog_decided(struct iface *iface, struct flow *flow)
{
    const char *agent = attrs_text(flow->attrs, ATTR_HTTP_USER_AGENT);
    const char *server = attrs_text(flow->attrs, ATTR_TLS_SERVER_NAME);
    const char *os = agent != NULL ? os_from_user_agent(agent) : NULL;
    char name[ATTR_TEXT_MAX + 1];

    if (server == NULL)
        server = attrs_text(flow->attrs, ATTR_HTTP_HOST);
    if (flow->host[WAY_SENT] != POOL_NONE && os != NULL)
        hosts_learn_os(&iface->hosts, flow->host[WAY_SENT], os);
    /* Anybody can ask anything of an address that does not answer. */
    if (flow->host[WAY_RCVD] != POOL_NONE && server != NULL &&
        flow_packets(flow, WAY_RCVD) > 0 &&
        host_of_header(server, name, sizeof(name)))
        host_learn_name(hosts_at(&iface->hosts, flow->host[WAY_RCVD]),
                        NAME_SERVER, name);
}
