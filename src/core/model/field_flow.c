/* field_flow: what a flow can tell. SPDX-License-Identifier: MIT */
#include "core/model/field_internal.h"

/* clang-format off */
#define N FIELD_NUMBER
#define M FIELD_THOUSANDTHS
#define D FIELD_DECIMAL
#define T FIELD_TEXT
#define F FIELD_FLAG
#define BOTH FIELD_BOTH

/* A row for each end, and for each way. */
#define ENDS(key, type, level, unit, help, record, record2, get, detail)      \
    FIELD("cli." key, type, level, unit, help, record, get, WAY_SENT,         \
          detail),                                                            \
    FIELD("srv." key, type, level, unit, help, record2, get, WAY_RCVD, detail)
#define WAYS_OF(key, type, level, unit, help, record, record2, get, detail)   \
    FIELD("cli2srv." key, type, level, unit, help, record,                    \
          get, WAY_SENT, detail),                                             \
    FIELD("srv2cli." key, type, level, unit, help, record2,                   \
          get, WAY_RCVD, detail)
/* In records alone. */
#define RECORD(key, type, unit, help, get, way, detail)                       \
    FIELD(NULL, type, FIELD_BY_NAME, unit, help, key, get, way, detail)

static const struct field icmp_fields[] = {
    FIELD("type", N, FIELD_BASIC, "", "of the client's latest packet", NULL,
          field_flow_icmp, 0, 0),
    FIELD("code", N, FIELD_BASIC, "", "of the same packet", NULL,
          field_flow_icmp, 0, 1),
};
static const struct field_rows icmp_rows = FIELD_ROWS(icmp_fields);

#define GAPS(way)                                                             \
    FIELD("min", N, FIELD_BASIC, "ms", "shortest pause", NULL,                \
          field_flow_interarrival, way, 0),                                   \
    FIELD("max", N, FIELD_BASIC, "ms", "longest pause", NULL,                 \
          field_flow_interarrival, way, 1),                                   \
    FIELD("avg", N, FIELD_BASIC, "ms", "mean pause", NULL,                    \
          field_flow_interarrival, way, 2)

static const struct field gap_sent_fields[] = {GAPS(WAY_SENT)};
static const struct field_rows gap_sent_rows = FIELD_ROWS(gap_sent_fields);
static const struct field gap_rcvd_fields[] = {GAPS(WAY_RCVD)};
static const struct field_rows gap_rcvd_rows = FIELD_ROWS(gap_rcvd_fields);

static const struct field tls_fields[] = {
    FIELD("ja3.client", T, FIELD_BASIC, "", "JA3 fingerprint of the client",
          "JA3C_HASH", field_flow_attr, 0, ATTR_TLS_JA3C),
    FIELD("ja3.server", T, FIELD_BASIC, "", "JA3 fingerprint of the server",
          "JA3S_HASH", field_flow_attr, 0, ATTR_TLS_JA3S),
    FIELD("version", T, FIELD_BASIC, "", "as in TLSv1.2",
          "TLS_VERSION", field_flow_attr, 0, ATTR_TLS_VERSION),
    FIELD("alpn", T, FIELD_BASIC, "", "protocols that the client offers",
          NULL, field_flow_attr, 0, ATTR_TLS_ALPN),
};
static const struct field_rows tls_rows = FIELD_ROWS(tls_fields);

/* Rows with keys in records are in the order of the contract's table. */
static const struct field fields[] = {
    ENDS("mac", T, FIELD_HIGH, "", "MAC address, zero unknown",
         "IN_SRC_MAC", "OUT_DST_MAC", field_flow_mac, 0),
    RECORD("IPV4_SRC_ADDR", T, "", "address of the client",
           field_flow_ip_of_version, WAY_SENT, 4),
    RECORD("IPV4_DST_ADDR", T, "", "address of the server",
           field_flow_ip_of_version, WAY_RCVD, 4),
    RECORD("IPV6_SRC_ADDR", T, "", "address of the client",
           field_flow_ip_of_version, WAY_SENT, 6),
    RECORD("IPV6_DST_ADDR", T, "", "address of the server",
           field_flow_ip_of_version, WAY_RCVD, 6),
    ENDS("port", N, FIELD_BASIC, "", "0 without ports",
         "L4_SRC_PORT", "L4_DST_PORT", field_flow_port, 0),
    RECORD("PROTOCOL", N, "", "IP protocol number",
           field_flow_l4_number, 0, 0),
    FIELD("proto.ndpi_id", N, FIELD_HIGH, "",
          "application as nDPI counts, 0 unknown", "L7_PROTO",
          field_flow_app, 0, 0),
    RECORD("L7_PROTO_NAME", T, "", "application, as in TLS.Amazon",
           field_flow_app_name, 0, 0),
    RECORD("TCP_FLAGS", N, "bits", "TCP flags seen in both directions",
           field_flow_tcp_flags, BOTH, 0),
    WAYS_OF("tcp_flags", N, FIELD_HIGH, "bits", "TCP flags seen of it",
            "CLIENT_TCP_FLAGS", "SERVER_TCP_FLAGS", field_flow_tcp_flags, 0),
    FIELD("cli2srv.packets", N, FIELD_HIGH, "packets",
          "from client to server", "IN_PKTS", field_flow_packets, WAY_SENT, 0),
    FIELD("cli2srv.bytes", N, FIELD_HIGH, "bytes",
          "frames from client to server", "IN_BYTES",
          field_flow_bytes, WAY_SENT, 0),
    FIELD("srv2cli.packets", N, FIELD_HIGH, "packets",
          "from server to client", "OUT_PKTS", field_flow_packets, WAY_RCVD, 0),
    FIELD("srv2cli.bytes", N, FIELD_HIGH, "bytes",
          "frames from server to client", "OUT_BYTES",
          field_flow_bytes, WAY_RCVD, 0),
    FIELD("seen.first", N, FIELD_HIGH, "s", "first packet, since 1970",
          "FIRST_SWITCHED", field_flow_first, 0, 0),
    FIELD("seen.last", N, FIELD_HIGH, "s", "last packet, since 1970",
          "LAST_SWITCHED", field_flow_last, 0, 0),
    FIELD("tcp.nw_latency.client", M, FIELD_HIGH, "ms",
          "SYN-ACK to ACK", "CLIENT_NW_LATENCY_MS",
          field_flow_nw_latency, WAY_SENT, 0),
    FIELD("tcp.nw_latency.server", M, FIELD_HIGH, "ms",
          "SYN to SYN-ACK", "SERVER_NW_LATENCY_MS",
          field_flow_nw_latency, WAY_RCVD, 0),
    FIELD("tcp.appl_latency", M, FIELD_HIGH, "ms",
          "request to first answer byte", "APPL_LATENCY_MS",
          field_flow_appl_latency, 0, 0),
    WAYS_OF("retransmissions", N, FIELD_HIGH, "packets", "by that side",
            "RETRANSMITTED_IN_PKTS", "RETRANSMITTED_OUT_PKTS",
            field_flow_trouble, TCP_RETRANSMISSION),
    WAYS_OF("out_of_order", N, FIELD_HIGH, "packets", "by that side",
            "OOORDER_IN_PKTS", "OOORDER_OUT_PKTS",
            field_flow_trouble, TCP_OUT_OF_ORDER),
    WAYS_OF("lost", N, FIELD_HIGH, "gaps", "in what it sent",
            "LOST_IN_PKTS", "LOST_OUT_PKTS", field_flow_trouble, TCP_LOST),
    FIELD("vlan", N, FIELD_HIGH, "", "VLAN id, 0 untagged",
          "SRC_VLAN", field_flow_vlan, 0, 0),
    ENDS("country", T, FIELD_MAX, "", "ISO 3166-1",
         "SRC_IP_COUNTRY", "DST_IP_COUNTRY", field_flow_country, 0),
    RECORD("SRC_IP_LOCATION", FIELD_PLACE, "degrees", "where the client is",
           field_flow_place, WAY_SENT, 0),
    RECORD("DST_IP_LOCATION", FIELD_PLACE, "degrees", "where the server is",
           field_flow_place, WAY_RCVD, 0),
    FIELD("proto.ndpi_cat", T, FIELD_HIGH, "", "category of the application",
          "category", field_flow_category, 0, 0),
    RECORD("NTOPNG_INSTANCE_NAME", T, "", "who measured",
           field_flow_instance, 0, 0),
    RECORD("INTERFACE", T, "", "where it was measured",
           field_flow_iface, 0, 0),
    RECORD("HTTP_HOST", T, "", "of the first request",
           field_flow_attr, 0, ATTR_HTTP_HOST),
    FIELD("protos.http.last_url", T, FIELD_HIGH, "", "of the first request",
          "HTTP_URL", field_flow_attr, 0, ATTR_HTTP_URL),
    FIELD("protos.http.last_method", T, FIELD_HIGH, "", "of the first request",
          "HTTP_METHOD", field_flow_attr, 0, ATTR_HTTP_METHOD),
    FIELD("protos.http.last_return_code", N, FIELD_HIGH, "",
          "of the latest response", "HTTP_RET_CODE",
          field_flow_attr_number, 0, ATTR_HTTP_RET_CODE),
    FIELD("protos.dns.last_query", T, FIELD_HIGH, "", "name asked for",
          "DNS_QUERY", field_flow_attr, 0, ATTR_DNS_QUERY),
    RECORD("DNS_QUERY_TYPE", N, "", "type asked for",
           field_flow_attr_number, 0, ATTR_DNS_QUERY_TYPE),
    RECORD("DNS_RET_CODE", N, "", "code of the answer",
           field_flow_attr_number, 0, ATTR_DNS_RET_CODE),
    FIELD("protos.ssl.certificate", T, FIELD_HIGH, "",
          "TLS server name of the client", "SSL_SERVER_NAME",
          field_flow_attr, 0, ATTR_TLS_SERVER_NAME),
    FIELD_OF_ROWS("tls", FIELD_HIGH, "version and fingerprints",
          field_flow_has_tls, &tls_rows),
    FIELD("bittorrent_hash", T, FIELD_HIGH, "", "what is shared, in hex",
          "BITTORRENT_HASH", field_flow_attr, 0, ATTR_BITTORRENT_HASH),
    RECORD("ntop_timestamp", T, "", "LAST_SWITCHED in UTC, ISO 8601",
           field_flow_timestamp, 0, 0),
    RECORD("FLOW_ID", T, "", "unique, the same when sent again",
           field_flow_record_id, 0, 0),

    ENDS("ip", T, FIELD_BASIC, "", "address",
         NULL, NULL, field_flow_ip, 0),
    ENDS("key", N, FIELD_BASIC, "", "address as number",
         NULL, NULL, field_flow_ip_number, 0),
    FIELD("bytes", N, FIELD_BASIC, "bytes", "frames of both directions", NULL,
          field_flow_count, BOTH, COUNT_BYTES),
    FIELD("goodput_bytes", N, FIELD_BASIC, "bytes", "payload of both", NULL,
          field_flow_count, BOTH, COUNT_GOODPUT),
    FIELD("flow.idle", F, FIELD_BASIC, "", "silent for its time-out", NULL,
          field_flow_is_idle, 0, 0),
    FIELD("flow.status", N, FIELD_BASIC, "", "0 is normal, see the manual",
          NULL, field_flow_status, 0, 0),
    FIELD("ntopng.key", N, FIELD_BASIC, "", "unique among live flows", NULL,
          field_flow_key, 0, 0),

    ENDS("host", T, FIELD_HIGH, "", "name or address",
         NULL, NULL, field_flow_host, 0),
    ENDS("systemhost", F, FIELD_HIGH, "", "an address of this machine",
         NULL, NULL, field_flow_is_system, 0),
    ENDS("allowed_host", F, FIELD_HIGH, "", "the user may see it",
         NULL, NULL, field_flow_is_seen, 0),
    ENDS("network_id", N, FIELD_HIGH, "", "local network, -1 remote",
         NULL, NULL, field_flow_network, 0),
    FIELD("proto.l4", T, FIELD_HIGH, "", "TCP, UDP, ICMP ...", NULL,
          field_flow_l4, 0, 0),
    FIELD("proto.14", T, FIELD_HIGH, "", "alias of proto.l4", NULL,
          field_flow_l4, 0, 0),
    FIELD("proto.ndpi", T, FIELD_HIGH, "", "application, as in TLS.Amazon",
          NULL, field_flow_app_name_shown, 0, 0),
    FIELD("proto.ndpi_breed", T, FIELD_HIGH, "", "how good it is", NULL,
          field_flow_breed, 0, 0),
    FIELD("bytes.last", N, FIELD_HIGH, "bytes", "since the last update", NULL,
          field_flow_count, BOTH, COUNT_NEW_BYTES),
    FIELD("goodput_bytes.last", N, FIELD_HIGH, "bytes",
          "since the last update", NULL,
          field_flow_count, BOTH, COUNT_NEW_GOODPUT),
    FIELD("packets.last", N, FIELD_HIGH, "packets", "since the last update",
          NULL, field_flow_count, BOTH, COUNT_NEW_PACKETS),
    FIELD("packets", N, FIELD_HIGH, "packets", "of both directions", NULL,
          field_flow_count, BOTH, COUNT_PACKETS),
    FIELD("duration", N, FIELD_HIGH, "s", "from first to last", NULL,
          field_flow_duration, 0, 0),
    WAYS_OF("goodput_bytes", N, FIELD_HIGH, "bytes", "payload",
            NULL, NULL, field_flow_count, COUNT_GOODPUT),
    WAYS_OF("last", N, FIELD_HIGH, "bytes", "since the last update",
            NULL, NULL, field_flow_count, COUNT_NEW_BYTES),
    FIELD_OF_ROWS("icmp", FIELD_HIGH, "type and code",
          field_flow_is_icmp, &icmp_rows),
    FIELD("flow_goodput.low", F, FIELD_HIGH, "", "headers outweigh data", NULL,
          field_flow_has_low_goodput, 0, 0),
    FIELD("tcp.seq_problems", F, FIELD_HIGH, "", "something lost or repeated",
          NULL, field_flow_has_trouble, 0, 0),
    FIELD("tcp.max_thpt.cli2srv", D, FIELD_HIGH, "bit/s",
          "window by round trip", NULL,
          field_flow_max_throughput, WAY_SENT, 0),
    FIELD("tcp.max_thpt.srv2cli", D, FIELD_HIGH, "bit/s",
          "window by round trip", NULL,
          field_flow_max_throughput, WAY_RCVD, 0),
    FIELD("tcp_established", F, FIELD_HIGH, "", "the handshake was completed",
          NULL, field_flow_is_established, 0, 0),
    FIELD("host_server_name", T, FIELD_HIGH, "", "SNI, Host header", NULL,
          field_flow_server_name, 0, 0),
    FIELD("info", T, FIELD_HIGH, "", "what it is about", NULL,
          field_flow_info, 0, 0),
    FIELD("protos.http.server_name", T, FIELD_HIGH, "", "SNI, Host header",
          NULL, field_flow_server_name, 0, 0),
    FIELD("protos.ssh.client_signature", T, FIELD_HIGH, "",
          "version that the client says", NULL,
          field_flow_attr, 0, ATTR_SSH_CLIENT),
    FIELD("protos.ssh.server_signature", T, FIELD_HIGH, "",
          "version that the server says", NULL,
          field_flow_attr, 0, ATTR_SSH_SERVER),
    FIELD("protos.ssl.server_certificate", T, FIELD_HIGH, "", "common name",
          NULL, field_flow_certificate, 0, 0),
    FIELD_OF_LIST("risks", FIELD_HIGH, "", "texts of nDPI's risks",
          NULL, 0, 0, field_flow_risks),
    FIELD("throughput_bps", D, FIELD_HIGH, "bytes/s", "in the last second",
          NULL, field_flow_throughput, 0, 0),
    FIELD("top_throughput_bps", D, FIELD_HIGH, "bytes/s", "most in a second",
          NULL, field_flow_top_throughput, 0, 0),
    FIELD("throughput_trend_bps", N, FIELD_HIGH, "", "1 up, 2 down, 3 stable",
          NULL, field_flow_trend, 0, 0),
    FIELD_OF_ROWS("interarrival.cli2srv", FIELD_HIGH, "pauses",
          NULL, &gap_sent_rows),
    FIELD_OF_ROWS("interarrival.srv2cli", FIELD_HIGH, "pauses",
          NULL, &gap_rcvd_rows),

    WAYS_OF("goodput_bytes.last", N, FIELD_HIGHER, "bytes", "as bytes.last",
            NULL, NULL, field_flow_count, COUNT_NEW_GOODPUT),
    ENDS("latitude", D, FIELD_HIGHER, "degrees", "north positive",
         NULL, NULL, field_flow_degrees, 0),
    ENDS("longitude", D, FIELD_HIGHER, "degrees", "east positive",
         NULL, NULL, field_flow_degrees, 1),

    ENDS("private", F, FIELD_MAX, "", "not routed publicly",
         NULL, NULL, field_flow_is_private, 0),
    ENDS("city", T, FIELD_MAX, "", "name of the place",
         NULL, NULL, field_flow_city, 0),

    ENDS("asn", N, FIELD_BY_NAME, "", "AS number, 0 unknown",
         NULL, NULL, field_flow_asn, 0),
    ENDS("local", F, FIELD_BY_NAME, "", "in a local network",
         NULL, NULL, field_flow_is_local, 0),
    FIELD("version", N, FIELD_BY_NAME, "", "of IP, 4 or 6", NULL,
          field_flow_version, 0, 0),
    FIELD("retransmissions", N, FIELD_BY_NAME, "packets", "by both sides",
          NULL, field_flow_trouble, BOTH, TCP_RETRANSMISSION),
    FIELD("out_of_order", N, FIELD_BY_NAME, "packets", "by both sides", NULL,
          field_flow_trouble, BOTH, TCP_OUT_OF_ORDER),
    FIELD("lost", N, FIELD_BY_NAME, "gaps", "in what both sent", NULL,
          field_flow_trouble, BOTH, TCP_LOST),
};
/* clang-format on */

const struct field_rows *field_flow(void)
{
    static const struct field_rows rows = FIELD_ROWS(fields);

    return &rows;
}

void field_of_flow(const struct iface *iface, const struct flow *flow,
                   uint32_t index, struct field_source *source)
{
    static const struct flow_mark none;

    source->iface = iface;
    source->flow = flow;
    source->tcp = flows_tcp(&iface->flows, flow);
    source->mark = &none;
    source->index = index;
}
