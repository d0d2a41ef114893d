/* fields_flow: what scripts are told of a flow. SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/model/flow_view.h"
#include "core/packet/l4.h"
#include "lua/fields_internal.h"

#define SECOND_US 1000000
#define BOTH WAYS /* `way` of a row about both directions */
#define LIFE_BITS 21
/* Nothing is said of an application before so many packets. */
#define EARLY_PACKETS 10

#define GET(name)                                      \
    static bool name(const struct push_field *field,   \
                     const struct push_source *source, \
                     struct push_value *value)

int64_t fields_flow_key(const struct iface *iface, uint32_t index)
{
    uint32_t life = pool_life(&iface->flows.pool, index);

    return (int64_t)(life & ((1u << LIFE_BITS) - 1)) << 32 | index;
}

uint32_t fields_flow_by_key(const struct iface *iface, int64_t key)
{
    uint32_t index = (uint32_t)key;

    return pool_life(&iface->flows.pool, index) != 0 &&
                   fields_flow_key(iface, index) == key
               ? index
               : POOL_NONE;
}

/* Counters of one way or both */

static uint64_t
of_ways(const struct push_field *field, const struct push_source *source,
        uint64_t (*count)(const struct flow *flow, enum way way))
{
    if (field->way != BOTH)
        return count(source->flow, field->way);
    return count(source->flow, WAY_SENT) + count(source->flow, WAY_RCVD);
}

static uint64_t fresh_packets(const struct flow *flow, enum way way)
{
    return flow->fresh.packets[way];
}

static uint64_t fresh_bytes(const struct flow *flow, enum way way)
{
    return flow->fresh.bytes[way];
}

static uint64_t fresh_goodput(const struct flow *flow, enum way way)
{
    return flow->fresh.goodput[way];
}

enum count { PACKETS, BYTES, GOODPUT, NEW_PACKETS, NEW_BYTES, NEW_GOODPUT };

GET(get_count)
{
    static uint64_t (*const counts[])(const struct flow *, enum way) = {
        [PACKETS] = flow_packets,  [BYTES] = flow_bytes,
        [GOODPUT] = flow_goodput,  [NEW_PACKETS] = fresh_packets,
        [NEW_BYTES] = fresh_bytes, [NEW_GOODPUT] = fresh_goodput,
    };

    value->number = (int64_t)of_ways(field, source, counts[field->detail]);
    return true;
}

/* Ends */

static const struct host *host_of(const struct push_field *field,
                                  const struct push_source *source)
{
    return flow_host(source->iface, source->flow, field->way);
}

GET(get_ip)
{
    value->text =
        addr_format(&source->flow->key.addr[field->way], value->buffer);
    return true;
}

GET(get_ip_number)
{
    value->number = fields_addr_number(&source->flow->key.addr[field->way]);
    return true;
}

GET(get_port)
{
    value->number = source->flow->key.port[field->way];
    return true;
}

GET(get_host)
{
    value->text =
        flow_label(source->iface, source->flow, field->way, value->buffer);
    return true;
}

GET(get_mac)
{
    static const uint8_t none[MAC_SIZE];
    uint32_t index = source->flow->device[field->way];

    value->text = mac_format(
        index != POOL_NONE ? devices_at(&source->iface->devices, index)->mac
                           : none,
        value->buffer);
    return true;
}

GET(is_system)
{
    const struct host *host = host_of(field, source);

    value->flag = host != NULL && (host->flags & HOST_SYSTEM) != 0;
    return true;
}

GET(is_allowed)
{
    value->flag =
        lib_sees_addr(source->access, &source->flow->key.addr[field->way]);
    return true;
}

GET(get_network)
{
    value->number = flow_network(source->iface, source->flow, field->way);
    return true;
}

GET(is_private)
{
    value->flag = addr_is_private(&source->flow->key.addr[field->way]);
    return true;
}

GET(get_country)
{
    const struct group *country =
        flow_country(source->iface, source->flow, field->way);

    value->text = country != NULL ? country->name : "";
    return true;
}

GET(get_city)
{
    const struct host *host = host_of(field, source);

    value->text = host != NULL && host->city != NULL ? host->city : "";
    return true;
}

/* `detail`: 0 latitude, 1 longitude. */
GET(get_place)
{
    const struct host *host = host_of(field, source);

    if (host == NULL || !host->has_location)
        return false;
    value->decimal =
        (double)(field->detail == 0 ? host->latitude : host->longitude);
    return true;
}

/* Application */

GET(get_l4)
{
    (void)field;
    value->text = l4_name(source->flow->key.l4_proto, value->buffer);
    return true;
}

static uint16_t app_of(const struct flow *flow)
{
    return flow->app != 0 ? flow->app : flow->master;
}

const char *fields_flow_app(const struct iface *iface, const struct flow *flow,
                            char *text, size_t size)
{
    if (app_of(flow) == 0 && (flow->flags & FLOW_DPI_DONE) == 0 &&
        flow_packets(flow, WAY_SENT) + flow_packets(flow, WAY_RCVD) <=
            EARLY_PACKETS)
        return "(Too Early)";
    return dpi_full_name(engine_dpi(iface->engine), flow->master, app_of(flow),
                         text, size);
}

GET(get_app_name)
{
    (void)field;
    value->text = fields_flow_app(source->iface, source->flow, value->buffer,
                                  sizeof(value->buffer));
    return true;
}

GET(get_app)
{
    (void)field;
    value->number = app_of(source->flow);
    return true;
}

GET(get_breed)
{
    (void)field;
    value->text =
        dpi_breed_name(engine_dpi(source->iface->engine), app_of(source->flow));
    return true;
}

GET(get_category)
{
    (void)field;
    value->text = dpi_category_name(engine_dpi(source->iface->engine),
                                    source->flow->category);
    return true;
}

GET(get_attr)
{
    value->text = attrs_text(source->flow->attrs, field->detail);
    return value->text != NULL;
}

GET(get_attr_number)
{
    value->number =
        (int64_t)attrs_number(source->flow->attrs, field->detail, INT64_MAX);
    return value->number != INT64_MAX;
}

GET(get_server_name)
{
    (void)field;
    value->text = flow_server_name(source->flow);
    return value->text != NULL;
}

GET(get_info)
{
    (void)field;
    value->text = flow_info(source->flow);
    return true;
}

/* The common name in the subject of a certificate: "CN=name, O=..". */
GET(get_certificate)
{
    const char *subject = attrs_text(source->flow->attrs, ATTR_TLS_SUBJECT);
    const char *name = subject;
    size_t len;

    (void)field;
    while (name != NULL && strncmp(name, "CN=", 3) != 0) {
        name = strchr(name, ',');
        if (name != NULL)
            name += 1 + strspn(name + 1, " ");
    }
    if (name == NULL)
        return false;
    len = strcspn(name + 3, ",");
    if (len >= sizeof(value->buffer))
        len = sizeof(value->buffer) - 1;
    memcpy(value->buffer, name + 3, len);
    value->buffer[len] = '\0';
    value->text = value->buffer;
    return true;
}

GET(has_tls)
{
    (void)field;
    (void)value;
    return attrs_text(source->flow->attrs, ATTR_TLS_VERSION) != NULL ||
           attrs_text(source->flow->attrs, ATTR_TLS_JA3C) != NULL ||
           attrs_text(source->flow->attrs, ATTR_TLS_JA3S) != NULL ||
           attrs_text(source->flow->attrs, ATTR_TLS_ALPN) != NULL;
}

static void push_risks(lua_State *L, const struct push_field *field,
                       const struct push_source *source)
{
    uint64_t risks = attrs_number(source->flow->attrs, ATTR_RISKS, 0);
    lua_Integer count = 0;

    (void)field;
    lua_newtable(L);
    for (unsigned risk = 0; risk < 64; risk++) {
        if ((risks >> risk & 1) == 0)
            continue;
        lua_pushstring(L, dpi_risk_name(risk));
        lua_rawseti(L, -2, ++count);
    }
}

/* State */

GET(is_idle)
{
    (void)field;
    value->flag = flow_is_idle(source->iface, source->flow);
    return true;
}

GET(get_status)
{
    (void)field;
    value->number =
        flow_status(source->flow, source->tcp, source->iface->now_us);
    return true;
}

GET(get_key)
{
    (void)field;
    value->number = fields_flow_key(source->iface, source->index);
    return true;
}

GET(get_vlan)
{
    (void)field;
    value->number = source->flow->key.vlan;
    return true;
}

/* Epoch seconds; `detail`: 0 first, 1 last, 2 their difference. */
GET(get_time)
{
    int64_t first = source->flow->first_us / SECOND_US;
    int64_t last = source->flow->last_us / SECOND_US;

    value->number = field->detail == 0   ? first
                    : field->detail == 1 ? last
                                         : last - first;
    return true;
}

GET(is_icmp)
{
    (void)field;
    (void)value;
    return l4_group(source->flow->key.l4_proto) == L4_ICMP;
}

GET(get_icmp)
{
    value->number =
        field->detail == 0 ? source->flow->icmp.type : source->flow->icmp.code;
    return true;
}

GET(has_low_goodput)
{
    (void)field;
    value->flag = flow_has_low_goodput(source->flow);
    return true;
}

GET(get_throughput)
{
    (void)field;
    value->decimal = (double)flow_throughput(source->iface, source->flow);
    return true;
}

GET(get_trend)
{
    (void)field;
    value->number = flow_trend(source->flow, iface_rated_tick(source->iface));
    return true;
}

GET(get_top_throughput)
{
    (void)field;
    value->decimal = (double)source->flow->peak_bytes_per_s;
    return true;
}

/* Milliseconds between packets; `detail`: 0 min, 1 max, 2 avg. */
GET(get_interarrival)
{
    const struct flow *flow = source->flow;
    uint32_t us = field->detail == 0   ? flow->iat_min_us[field->way]
                  : field->detail == 1 ? flow->iat_max_us[field->way]
                                       : flow_iat_avg_us(flow, field->way);

    value->number = us / 1000;
    return true;
}

/* TCP */

GET(has_seq_problems)
{
    (void)field;
    if (source->tcp == NULL)
        return false;
    value->flag = false;
    for (unsigned i = 0; i < TCP_TROUBLE_COUNT; i++)
        value->flag |= (tcp_trouble(source->tcp, false, i) |
                        tcp_trouble(source->tcp, true, i)) != 0;
    return true;
}

GET(get_nw_latency)
{
    if (source->tcp == NULL)
        return false;
    value->decimal =
        (field->way == WAY_SENT ? tcp_client_latency_us(source->tcp)
                                : source->tcp->server_latency_us) /
        1000.0;
    return true;
}

GET(get_appl_latency)
{
    (void)field;
    if (source->tcp == NULL)
        return false;
    value->decimal = tcp_appl_latency_us(source->tcp) / 1000.0;
    return true;
}

/* What the receiver's window lets through in a round trip; 0 when the
 * handshake was not seen. */
GET(get_max_throughput)
{
    const struct tcp_side *receiver;
    double seconds;
    double window;

    if (source->tcp == NULL)
        return false;
    receiver = &source->tcp->side[!field->way];
    seconds = ((double)tcp_client_latency_us(source->tcp) +
               source->tcp->server_latency_us) /
              SECOND_US;
    window = ldexp(receiver->window,
                   receiver->window_scale <= 14 ? receiver->window_scale : 0);
    value->decimal = seconds > 0 ? window * 8 / seconds : 0;
    return true;
}

GET(get_trouble)
{
    if (source->tcp == NULL)
        return false;
    value->number = tcp_trouble(source->tcp, field->way, field->detail);
    return true;
}

GET(get_tcp_flags)
{
    if (source->tcp == NULL)
        return false;
    value->number = source->tcp->side[field->way].flags;
    return true;
}

GET(is_established)
{
    (void)field;
    if (source->tcp == NULL)
        return false;
    value->flag = tcp_is_established(source->tcp);
    return true;
}

/* clang-format off */
#define N PUSH_NUMBER
#define D PUSH_DECIMAL
#define T PUSH_TEXT
#define F PUSH_FLAG

static const struct push_field icmp_fields[] = {
    {"type", N, 0, "", "of the client's latest packet", NULL,
     get_icmp, 0, 0, NULL, NULL},
    {"code", N, 0, "", "of the same packet", NULL,
     get_icmp, 0, 1, NULL, NULL},
};
static const struct push_rows icmp_rows = PUSH_ROWS(icmp_fields);

#define GAPS(way)                                                            \
    {"min", N, 0, "ms", "shortest pause", NULL,                              \
     get_interarrival, way, 0, NULL, NULL},                                  \
    {"max", N, 0, "ms", "longest pause", NULL,                               \
     get_interarrival, way, 1, NULL, NULL},                                  \
    {"avg", N, 0, "ms", "mean pause", NULL,                                  \
     get_interarrival, way, 2, NULL, NULL}

static const struct push_field gap_sent_fields[] = {GAPS(WAY_SENT)};
static const struct push_rows gap_sent_rows = PUSH_ROWS(gap_sent_fields);
static const struct push_field gap_rcvd_fields[] = {GAPS(WAY_RCVD)};
static const struct push_rows gap_rcvd_rows = PUSH_ROWS(gap_rcvd_fields);

static const struct push_field tls_fields[] = {
    {"version", T, 0, "", "as in TLSv1.2", "TLS_VERSION",
     get_attr, 0, ATTR_TLS_VERSION, NULL, NULL},
    {"alpn", T, 0, "", "protocols that the client offers", NULL,
     get_attr, 0, ATTR_TLS_ALPN, NULL, NULL},
    {"ja3.client", T, 0, "", "fingerprint of the client", "JA3C_HASH",
     get_attr, 0, ATTR_TLS_JA3C, NULL, NULL},
    {"ja3.server", T, 0, "", "fingerprint of the server", "JA3S_HASH",
     get_attr, 0, ATTR_TLS_JA3S, NULL, NULL},
};
static const struct push_rows tls_rows = PUSH_ROWS(tls_fields);

/* A row for each end, and for each way. */
#define ENDS(key, type, level, unit, help, record, record2, get, detail)     \
    {"cli." key, type, level, unit, help, record,                            \
     get, WAY_SENT, detail, NULL, NULL},                                     \
    {"srv." key, type, level, unit, help, record2,                           \
     get, WAY_RCVD, detail, NULL, NULL}
#define WAYS_OF(key, type, level, unit, help, record, record2, get, detail)  \
    {"cli2srv." key, type, level, unit, help, record,                        \
     get, WAY_SENT, detail, NULL, NULL},                                     \
    {"srv2cli." key, type, level, unit, help, record2,                       \
     get, WAY_RCVD, detail, NULL, NULL}

static const struct push_field flow_fields[] = {
    ENDS("ip", T, PUSH_BASIC, "", "address",
         NULL, NULL, get_ip, 0),
    ENDS("key", N, PUSH_BASIC, "", "address as number",
         NULL, NULL, get_ip_number, 0),
    ENDS("port", N, PUSH_BASIC, "", "0 without ports",
         "L4_SRC_PORT", "L4_DST_PORT", get_port, 0),
    {"bytes", N, PUSH_BASIC, "bytes", "frames of both directions", NULL,
     get_count, BOTH, BYTES, NULL, NULL},
    {"goodput_bytes", N, PUSH_BASIC, "bytes", "payload of both", NULL,
     get_count, BOTH, GOODPUT, NULL, NULL},
    {"flow.idle", F, PUSH_BASIC, "", "silent for its time-out", NULL,
     is_idle, 0, 0, NULL, NULL},
    {"flow.status", N, PUSH_BASIC, "", "0 is normal, see the manual", NULL,
     get_status, 0, 0, NULL, NULL},
    {"ntopng.key", N, PUSH_BASIC, "", "unique among live flows", NULL,
     get_key, 0, 0, NULL, NULL},

    ENDS("host", T, PUSH_HIGH, "", "name or address",
         NULL, NULL, get_host, 0),
    ENDS("mac", T, PUSH_HIGH, "", "MAC address, zero unknown",
         "IN_SRC_MAC", "OUT_DST_MAC", get_mac, 0),
    ENDS("systemhost", F, PUSH_HIGH, "", "an address of this machine",
         NULL, NULL, is_system, 0),
    ENDS("allowed_host", F, PUSH_HIGH, "", "the user may see it",
         NULL, NULL, is_allowed, 0),
    ENDS("network_id", N, PUSH_HIGH, "", "local network, -1 remote",
         NULL, NULL, get_network, 0),
    {"vlan", N, PUSH_HIGH, "", "0 untagged", "SRC_VLAN",
     get_vlan, 0, 0, NULL, NULL},
    {"proto.l4", T, PUSH_HIGH, "", "TCP, UDP, ICMP ...", NULL,
     get_l4, 0, 0, NULL, NULL},
    {"proto.14", T, PUSH_HIGH, "", "alias of proto.l4", NULL,
     get_l4, 0, 0, NULL, NULL},
    {"proto.ndpi", T, PUSH_HIGH, "", "application, as in TLS.Amazon", NULL,
     get_app_name, 0, 0, NULL, NULL},
    {"proto.ndpi_id", N, PUSH_HIGH, "", "as nDPI counts", "L7_PROTO",
     get_app, 0, 0, NULL, NULL},
    {"proto.ndpi_breed", T, PUSH_HIGH, "", "how good it is", NULL,
     get_breed, 0, 0, NULL, NULL},
    {"proto.ndpi_cat", T, PUSH_HIGH, "", "category", "category",
     get_category, 0, 0, NULL, NULL},
    {"bytes.last", N, PUSH_HIGH, "bytes", "since the last update", NULL,
     get_count, BOTH, NEW_BYTES, NULL, NULL},
    {"goodput_bytes.last", N, PUSH_HIGH, "bytes", "since the last update",
     NULL, get_count, BOTH, NEW_GOODPUT, NULL, NULL},
    {"packets.last", N, PUSH_HIGH, "packets", "since the last update", NULL,
     get_count, BOTH, NEW_PACKETS, NULL, NULL},
    {"packets", N, PUSH_HIGH, "packets", "of both directions", NULL,
     get_count, BOTH, PACKETS, NULL, NULL},
    {"seen.first", N, PUSH_HIGH, "s", "since 1970", NULL,
     get_time, 0, 0, NULL, NULL},
    {"seen.last", N, PUSH_HIGH, "s", "since 1970", NULL,
     get_time, 0, 1, NULL, NULL},
    {"duration", N, PUSH_HIGH, "s", "from first to last", NULL,
     get_time, 0, 2, NULL, NULL},
    WAYS_OF("bytes", N, PUSH_HIGH, "bytes", "frames",
         "IN_BYTES", "OUT_BYTES", get_count, BYTES),
    WAYS_OF("goodput_bytes", N, PUSH_HIGH, "bytes", "payload",
         NULL, NULL, get_count, GOODPUT),
    WAYS_OF("packets", N, PUSH_HIGH, "packets", "frames",
         "IN_PKTS", "OUT_PKTS", get_count, PACKETS),
    WAYS_OF("last", N, PUSH_HIGH, "bytes", "since the last update",
         NULL, NULL, get_count, NEW_BYTES),
    {"icmp", PUSH_TABLE, PUSH_HIGH, "", "type and code", NULL,
     is_icmp, 0, 0, &icmp_rows, NULL},
    {"flow_goodput.low", F, PUSH_HIGH, "", "headers outweigh data", NULL,
     has_low_goodput, 0, 0, NULL, NULL},
    {"tcp.seq_problems", F, PUSH_HIGH, "", "something lost or repeated", NULL,
     has_seq_problems, 0, 0, NULL, NULL},
    {"tcp.nw_latency.client", D, PUSH_HIGH, "ms", "SYN-ACK to ACK",
     "CLIENT_NW_LATENCY_MS", get_nw_latency, WAY_SENT, 0, NULL, NULL},
    {"tcp.nw_latency.server", D, PUSH_HIGH, "ms", "SYN to SYN-ACK",
     "SERVER_NW_LATENCY_MS", get_nw_latency, WAY_RCVD, 0, NULL, NULL},
    {"tcp.appl_latency", D, PUSH_HIGH, "ms", "request to first answer byte",
     "APPL_LATENCY_MS", get_appl_latency, 0, 0, NULL, NULL},
    {"tcp.max_thpt.cli2srv", D, PUSH_HIGH, "bit/s", "window by round trip",
     NULL, get_max_throughput, WAY_SENT, 0, NULL, NULL},
    {"tcp.max_thpt.srv2cli", D, PUSH_HIGH, "bit/s", "window by round trip",
     NULL, get_max_throughput, WAY_RCVD, 0, NULL, NULL},
    WAYS_OF("retransmissions", N, PUSH_HIGH, "packets", "by that side",
         "RETRANSMITTED_IN_PKTS", "RETRANSMITTED_OUT_PKTS",
         get_trouble, TCP_RETRANSMISSION),
    WAYS_OF("out_of_order", N, PUSH_HIGH, "packets", "by that side",
         "OOORDER_IN_PKTS", "OOORDER_OUT_PKTS", get_trouble, TCP_OUT_OF_ORDER),
    WAYS_OF("lost", N, PUSH_HIGH, "gaps", "in what it sent",
         "LOST_IN_PKTS", "LOST_OUT_PKTS", get_trouble, TCP_LOST),
    WAYS_OF("tcp_flags", N, PUSH_HIGH, "bits", "seen of it",
         "CLIENT_TCP_FLAGS", "SERVER_TCP_FLAGS", get_tcp_flags, 0),
    {"tcp_established", F, PUSH_HIGH, "", "the handshake was completed", NULL,
     is_established, 0, 0, NULL, NULL},
    {"host_server_name", T, PUSH_HIGH, "", "SNI, Host header", NULL,
     get_server_name, 0, 0, NULL, NULL},
    {"bittorrent_hash", T, PUSH_HIGH, "", "what is shared, in hex",
     "BITTORRENT_HASH", get_attr, 0, ATTR_BITTORRENT_HASH, NULL, NULL},
    {"info", T, PUSH_HIGH, "", "what it is about", NULL,
     get_info, 0, 0, NULL, NULL},
    {"protos.http.last_method", T, PUSH_HIGH, "", "of the first request",
     "HTTP_METHOD", get_attr, 0, ATTR_HTTP_METHOD, NULL, NULL},
    {"protos.http.last_return_code", N, PUSH_HIGH, "", "latest response",
     "HTTP_RET_CODE", get_attr_number, 0, ATTR_HTTP_RET_CODE, NULL, NULL},
    {"protos.http.last_url", T, PUSH_HIGH, "", "of the first request",
     "HTTP_URL", get_attr, 0, ATTR_HTTP_URL, NULL, NULL},
    {"protos.http.server_name", T, PUSH_HIGH, "", "SNI, Host header", NULL,
     get_server_name, 0, 0, NULL, NULL},
    {"protos.dns.last_query", T, PUSH_HIGH, "", "name asked for", "DNS_QUERY",
     get_attr, 0, ATTR_DNS_QUERY, NULL, NULL},
    {"protos.ssh.client_signature", T, PUSH_HIGH, "", "", NULL,
     get_attr, 0, ATTR_SSH_CLIENT, NULL, NULL},
    {"protos.ssh.server_signature", T, PUSH_HIGH, "", "", NULL,
     get_attr, 0, ATTR_SSH_SERVER, NULL, NULL},
    {"protos.ssl.certificate", T, PUSH_HIGH, "", "name the client asks for",
     "SSL_SERVER_NAME", get_attr, 0, ATTR_TLS_SERVER_NAME, NULL, NULL},
    {"protos.ssl.server_certificate", T, PUSH_HIGH, "", "common name", NULL,
     get_certificate, 0, 0, NULL, NULL},
    {"tls", PUSH_TABLE, PUSH_HIGH, "", "version and fingerprints", NULL,
     has_tls, 0, 0, &tls_rows, NULL},
    {"risks", PUSH_LIST, PUSH_HIGH, "", "texts of nDPI's risks", NULL,
     NULL, 0, 0, NULL, push_risks},
    {"throughput_bps", D, PUSH_HIGH, "bytes/s", "in the last second", NULL,
     get_throughput, 0, 0, NULL, NULL},
    {"top_throughput_bps", D, PUSH_HIGH, "bytes/s", "most in a second", NULL,
     get_top_throughput, 0, 0, NULL, NULL},
    {"throughput_trend_bps", N, PUSH_HIGH, "", "1 up, 2 down, 3 stable", NULL,
     get_trend, 0, 0, NULL, NULL},
    {"interarrival.cli2srv", PUSH_TABLE, PUSH_HIGH, "", "pauses", NULL,
     NULL, 0, 0, &gap_sent_rows, NULL},
    {"interarrival.srv2cli", PUSH_TABLE, PUSH_HIGH, "", "pauses", NULL,
     NULL, 0, 0, &gap_rcvd_rows, NULL},

    WAYS_OF("goodput_bytes.last", N, PUSH_HIGHER, "bytes", "as bytes.last",
         NULL, NULL, get_count, NEW_GOODPUT),
    ENDS("latitude", D, PUSH_HIGHER, "degrees", "north positive",
         NULL, NULL, get_place, 0),
    ENDS("longitude", D, PUSH_HIGHER, "degrees", "east positive",
         NULL, NULL, get_place, 1),

    ENDS("private", F, PUSH_MAX, "", "not routed publicly",
         NULL, NULL, is_private, 0),
    ENDS("country", T, PUSH_MAX, "", "ISO 3166-1",
         "SRC_IP_COUNTRY", "DST_IP_COUNTRY", get_country, 0),
    ENDS("city", T, PUSH_MAX, "", "name of the place",
         NULL, NULL, get_city, 0),
};
/* clang-format on */

const struct push_rows *fields_flow(void)
{
    static const struct push_rows rows = PUSH_ROWS(flow_fields);

    return &rows;
}

void fields_of_flow(const struct iface *iface, uint32_t index,
                    struct push_source *source)
{
    source->iface = iface;
    source->index = index;
    source->flow = flows_at(&iface->flows, index);
    source->tcp = flows_tcp(&iface->flows, source->flow);
}
