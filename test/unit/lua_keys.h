/* lua_keys: the keys of the contract, or why not. SPDX-License-Identifier: MIT
 */
#ifndef KELVIN_TEST_LUA_KEYS_H
#define KELVIN_TEST_LUA_KEYS_H

#include <stddef.h>

/* Reasons for keys that are not there yet, or never. */
#define ALERTS "comes with the alerts"
#define POOLS "comes with host pools"
#define DUMP "comes with the dumping of packets"
#define PROBE "kelvin collects from no probes"
#define INLINE "no packets pass through kelvin"
#define PRO "of ntopng's commercial edition"
#define SECONDS "the engine keeps packets of one second, no trend of them"
#define WAY_RATES "flows keep the throughput of both ways in one"
#define LISTS "the engine has no lists of unsafe hosts"
#define SITES "the engine keeps no visited sites"
#define GROUP_APPS "groups keep no counters by application"

struct key {
    const char *key;
    const char *type; /* "integer", "float", or as Lua's type() */
    const char *why;  /* NULL: it is there; else it must not be */
};

/* One table of the contract: how to get one, and its keys. */
struct section {
    const char *name;
    const char *expression;
    const struct key *keys;
    size_t count;
};

#define SECTION(name, expression, keys)                          \
    {                                                            \
        name, expression, keys, sizeof(keys) / sizeof((keys)[0]) \
    }

static const struct key stats_keys[] = {
    {"name", "string", NULL},
    {"description", "string", NULL},
    {"scalingFactor", "integer", NULL},
    {"id", "integer", NULL},
    {"isView", "boolean", NULL},
    {"seen.last", "integer", NULL},
    {"sprobe", "boolean", NULL},
    {"inline", "boolean", NULL},
    {"vlan", "boolean", NULL},
    {"has_macs", "boolean", NULL},
    {"remote.name", "string", PROBE},
    {"remote.if_addr", "string", PROBE},
    {"probe.ip", "string", PROBE},
    {"probe.public_ip", "string", PROBE},
    {"stats", "table", NULL},
    {"stats_since_reset", "table", NULL},
    {"remote_pps", "integer", PROBE},
    {"remote_bps", "integer", PROBE},
    {"ICMPv4", "table", "interfaces keep no ICMP counters by type"},
    {"ICMPv6", "table", "interfaces keep no ICMP counters by type"},
    {"arp.requests", "integer", NULL},
    {"arp.replies", "integer", NULL},
    {"type", "string", NULL},
    {"speed", "integer", "files have none"},
    {"mtu", "integer", "files have none"},
    {"alertLevel", "integer", ALERTS},
    {"ip_addresses", "string", "files have none"},
    {"anomalies", "table", NULL},
    {"tcpFlowStats", "table", NULL},
    {"eth", "table", NULL},
    {"localstats", "table", NULL},
    {"ndpi", "table", NULL},
    {"pktSizeDistribution", "table", NULL},
    {"tcpPacketStats", "table", NULL},
    {"pkt_dumper", "table", DUMP},
    {"profiles", "table", PRO},
    {"zmqRecvStats", "table", PROBE},
    {"bridge.device_a", "string", PRO},
};

static const struct key stats_stats_keys[] = {
    {"packets", "integer", NULL},
    {"bytes", "integer", NULL},
    {"flows", "integer", NULL},
    {"hosts", "integer", NULL},
    {"local_hosts", "integer", NULL},
    {"http_hosts", "integer", NULL},
    {"drops", "integer", NULL},
    {"devices", "integer", NULL},
    {"flow_export_count", "integer", "comes with the export queue"},
    {"flow_export_drops", "integer", "comes with the export queue"},
    {"flow_export_rate", "float", "comes with the export queue"},
};

static const struct key reset_keys[] = {
    {"packets", "integer", NULL},
    {"bytes", "integer", NULL},
    {"drops", "integer", NULL},
};

static const struct key flow_states_keys[] = {
    {"numSynFlows", "integer", NULL},
    {"numEstablishedFlows", "integer", NULL},
    {"numResetFlows", "integer", NULL},
    {"numFinFlows", "integer", NULL},
};

static const struct key flows_status_keys[] = {
    {"RST", "integer", NULL},
    {"SYN", "integer", NULL},
    {"Established", "integer", NULL},
    {"FIN", "integer", NULL},
};

static const struct key eth_keys[] = {
    {"IPv4_bytes", "integer", NULL},  {"IPv4_packets", "integer", NULL},
    {"IPv6_bytes", "integer", NULL},  {"IPv6_packets", "integer", NULL},
    {"ARP_bytes", "integer", NULL},   {"ARP_packets", "integer", NULL},
    {"MPLS_bytes", "integer", NULL},  {"MPLS_packets", "integer", NULL},
    {"other_bytes", "integer", NULL}, {"other_packets", "integer", NULL},
    {"bytes", "integer", NULL},       {"packets", "integer", NULL},
};

static const struct key locality_keys[] = {
    {"local2local", "integer", NULL},
    {"local2remote", "integer", NULL},
    {"remote2local", "integer", NULL},
    {"remote2remote", "integer", NULL},
};

static const struct key app_keys[] = {
    {"breed", "string", NULL},         {"packets.sent", "integer", NULL},
    {"packets.rcvd", "integer", NULL}, {"bytes.sent", "integer", NULL},
    {"bytes.rcvd", "integer", NULL},   {"duration", "integer", NULL},
};

static const struct key size_keys[] = {
    {"upTo64", "integer", NULL},   {"upTo128", "integer", NULL},
    {"upTo256", "integer", NULL},  {"upTo512", "integer", NULL},
    {"upTo1024", "integer", NULL}, {"upTo1518", "integer", NULL},
    {"upTo2500", "integer", NULL}, {"upTo6500", "integer", NULL},
    {"upTo9000", "integer", NULL}, {"above9000", "integer", NULL},
    {"syn", "integer", NULL},      {"synack", "integer", NULL},
    {"finack", "integer", NULL},   {"rst", "integer", NULL},
};

static const struct key trouble_keys[] = {
    {"retransmissions", "integer", NULL},
    {"out_of_order", "integer", NULL},
    {"lost", "integer", NULL},
};

static const struct key network_keys[] = {
    {"ingress", "integer", NULL},
    {"egress", "integer", NULL},
    {"inner", "integer", NULL},
    {"network_id", "integer", NULL},
};

static const struct key group_keys[] = {
    {"name", "string", NULL},
    {"id", "integer", NULL},
    {"bytes.sent", "integer", NULL},
    {"bytes.rcvd", "integer", NULL},
    {"seen.first", "integer", NULL},
    {"seen.last", "integer", NULL},
    {"num_hosts", "integer", NULL},
    {"num_alerts", "integer", ALERTS},
    {"throughput_bps", "float", NULL},
    {"throughput_pps", "float", NULL},
    {"throughput_trend_bps_diff", "float", NULL},
    {"country", "string", NULL},
};

static const struct key host_keys[] = {
    {"ip", "string", NULL},
    {"ipkey", "integer", NULL},
    {"mac", "string", NULL},
    {"localhost", "boolean", NULL},
    {"bytes.sent", "integer", NULL},
    {"bytes.rcvd", "integer", NULL},
    {"privatehost", "boolean", NULL},
    {"num_alerts", "integer", NULL},
    {"name", "string", NULL},
    {"local_network_id", "integer", NULL},
    {"local_network_name", "string", NULL},
    {"systemhost", "boolean", NULL},
    {"is_blacklisted", "boolean", NULL},
    {"childSafe", "boolean", LISTS},
    {"source_id", "integer", PROBE},
    {"asn", "integer", NULL},
    {"asname", "string", NULL},
    {"host_pool_id", "integer", POOLS},
    {"os", "string", NULL},
    {"continent", "string", NULL},
    {"country", "string", NULL},
    {"active_flows.as_client", "integer", NULL},
    {"active_flows.as_server", "integer", NULL},
    {"active_http_hosts", "integer", NULL},
    {"has_blocking_quota", "boolean", PRO},
    {"has_blocking_shaper", "boolean", PRO},
    {"tcp.packets.retransmissions", "integer", NULL},
    {"tcp.packets.out_of_order", "integer", NULL},
    {"tcp.packets.lost", "integer", NULL},
    {"criteria", "table", NULL},
    {"seen.first", "integer", NULL},
    {"seen.last", "integer", NULL},
    {"duration", "integer", NULL},
    {"httpbl", "string", LISTS},
    {"dump_host_traffic", "boolean", DUMP},
    {"vlan", "integer", NULL},
    {"throughput_bps", "float", NULL},
    {"last_throughput_bps", "float", NULL},
    {"throughput_trend_bps", "integer", NULL},
    {"throughput_trend_bps_diff", "float", NULL},
    {"throughput_pps", "float", NULL},
    {"last_throughput_pps", "float", SECONDS},
    {"throughput_trend_pps", "integer", SECONDS},
    {"packets.sent", "integer", NULL},
    {"packets.rcvd", "integer", NULL},
    {"ICMPv4", "table", NULL},
    {"tcp.packets.sent", "integer", NULL},
    {"tcp.packets.rcvd", "integer", NULL},
    {"tcp.bytes.sent", "integer", NULL},
    {"tcp.bytes.rcvd", "integer", NULL},
    {"tcp.packets.seq_problems", "boolean", NULL},
    {"udp.packets.sent", "integer", NULL},
    {"udp.packets.rcvd", "integer", NULL},
    {"udp.bytes.sent", "integer", NULL},
    {"udp.bytes.rcvd", "integer", NULL},
    {"icmp.packets.sent", "integer", NULL},
    {"icmp.packets.rcvd", "integer", NULL},
    {"icmp.bytes.sent", "integer", NULL},
    {"icmp.bytes.rcvd", "integer", NULL},
    {"other_ip.packets.sent", "integer", NULL},
    {"other_ip.packets.rcvd", "integer", NULL},
    {"other_ip.bytes.sent", "integer", NULL},
    {"other_ip.bytes.rcvd", "integer", NULL},
    {"total_activity_time", "integer", "hosts keep active minutes only"},
    {"info", "string", "hosts keep no mDNS texts"},
    {"latitude", "float", NULL},
    {"longitude", "float", NULL},
    {"city", "string", NULL},
    {"flows.as_client", "integer", NULL},
    {"flows.as_server", "integer", NULL},
    {"drop_all_host_traffic", "boolean", INLINE},
    {"bridge.ingress_drops.bytes", "integer", INLINE},
    {"bridge.ingress_drops.packets", "integer", INLINE},
    {"bridge.egress_drops.bytes", "integer", INLINE},
    {"bridge.egress_drops.packets", "integer", INLINE},
    {"low_goodput_flows.as_client", "integer", NULL},
    {"low_goodput_flows.as_server", "integer", NULL},
    {"sites", "string", SITES},
    {"sites.old", "string", SITES},
    {"categories", "table", LISTS},
    {"ndpi", "table", NULL},
    {"json", "string", NULL},
    {"pktStats.sent", "table", NULL},
    {"pktStats.recv", "table", NULL},
    {"http", "table", NULL},
    {"anomalies", "table", ALERTS},
    {"names", "table", NULL},
    {"is_multicast", "boolean", NULL},
    {"is_broadcast", "boolean", NULL},
};

static const struct key criteria_keys[] = {
    {"upload", "integer", NULL},        {"download", "integer", NULL},
    {"unknown", "integer", NULL},       {"incomingflows", "integer", NULL},
    {"outgoingflows", "integer", NULL},
};

static const struct key icmp_keys[] = {
    {"sent", "integer", NULL},
    {"rcvd", "integer", NULL},
    {"last_host_sent_peer", "string", "hosts keep no ICMP peers"},
    {"last_host_rcvd_peer", "string", "hosts keep no ICMP peers"},
};

static const struct key dns_keys[] = {
    {"num_queries", "integer", NULL},
    {"num_replies_ok", "integer", NULL},
    {"num_replies_error", "integer", NULL},
    {"queries", "table", NULL},
};

static const struct key dns_type_keys[] = {
    {"num_a", "integer", NULL},     {"num_ns", "integer", NULL},
    {"num_cname", "integer", NULL}, {"num_soa", "integer", NULL},
    {"num_ptr", "integer", NULL},   {"num_mx", "integer", NULL},
    {"num_txt", "integer", NULL},   {"num_aaaa", "integer", NULL},
    {"num_any", "integer", NULL},   {"num_other", "integer", NULL},
};

static const struct key http_keys[] = {
    {"sender", "table", NULL},
    {"receiver", "table", NULL},
    {"virtual_hosts", "table", NULL},
};

static const struct key http_way_keys[] = {
    {"query", "table", NULL},
    {"response", "table", NULL},
    {"rate", "table", "hosts keep no rates of HTTP"},
};

static const struct key http_query_keys[] = {
    {"total", "integer", NULL},    {"num_get", "integer", NULL},
    {"num_post", "integer", NULL}, {"num_head", "integer", NULL},
    {"num_put", "integer", NULL},  {"num_other", "integer", NULL},
};

static const struct key http_response_keys[] = {
    {"total", "integer", NULL},   {"num_1xx", "integer", NULL},
    {"num_2xx", "integer", NULL}, {"num_3xx", "integer", NULL},
    {"num_4xx", "integer", NULL}, {"num_5xx", "integer", NULL},
};

static const struct key normal_flow_keys[] = {
    {"cli.ip", "string", NULL},
    {"srv.ip", "string", NULL},
    {"cli.key", "integer", NULL},
    {"srv.key", "integer", NULL},
    {"cli.port", "integer", NULL},
    {"srv.port", "integer", NULL},
    {"bytes", "integer", NULL},
    {"goodput_bytes", "integer", NULL},
    {"flow.idle", "boolean", NULL},
    {"flow.status", "integer", NULL},
    {"ntopng.key", "integer", NULL},
    {"vlan", "integer", "of higher levels"},
    {"packets", "integer", "of higher levels"},
    {"cli.country", "string", "of higher levels"},
};

static const struct key flow_keys[] = {
    {"cli.host", "string", NULL},
    {"srv.host", "string", NULL},
    {"cli.source_id", "integer", PROBE},
    {"srv.source_id", "integer", PROBE},
    {"cli.mac", "string", NULL},
    {"srv.mac", "string", NULL},
    {"cli.systemhost", "boolean", NULL},
    {"srv.systemhost", "boolean", NULL},
    {"cli.allowed_host", "boolean", NULL},
    {"srv.allowed_host", "boolean", NULL},
    {"cli.network_id", "integer", NULL},
    {"srv.network_id", "integer", NULL},
    {"cli.pool_id", "integer", POOLS},
    {"srv.pool_id", "integer", POOLS},
    {"vrfId", "integer", PROBE},
    {"vlan", "integer", NULL},
    {"proto.l4", "string", NULL},
    {"proto.14", "string", NULL},
    {"proto.ndpi", "string", NULL},
    {"proto.ndpi_id", "integer", NULL},
    {"proto.ndpi_breed", "string", NULL},
    {"proto.ndpi_cat", "string", NULL},
    {"category", "table", LISTS},
    {"profile", "string", PRO},
    {"bytes.last", "integer", NULL},
    {"goodput_bytes.last", "integer", NULL},
    {"packets.last", "integer", NULL},
    {"packets", "integer", NULL},
    {"seen.first", "integer", NULL},
    {"seen.last", "integer", NULL},
    {"duration", "integer", NULL},
    {"cli2srv.bytes", "integer", NULL},
    {"srv2cli.bytes", "integer", NULL},
    {"cli2srv.goodput_bytes", "integer", NULL},
    {"srv2cli.goodput_bytes", "integer", NULL},
    {"cli2srv.packets", "integer", NULL},
    {"srv2cli.packets", "integer", NULL},
    {"cli2srv.last", "integer", NULL},
    {"srv2cli.last", "integer", NULL},
    {"flow_goodput.low", "boolean", NULL},
    {"verdict.pass", "boolean", PRO},
    {"dump.disk", "boolean", DUMP},
    {"tcp.seq_problems", "boolean", NULL},
    {"tcp.nw_latency.client", "float", NULL},
    {"tcp.nw_latency.server", "float", NULL},
    {"tcp.appl_latency", "float", NULL},
    {"tcp.max_thpt.cli2srv", "float", NULL},
    {"tcp.max_thpt.srv2cli", "float", NULL},
    {"cli2srv.retransmissions", "integer", NULL},
    {"srv2cli.retransmissions", "integer", NULL},
    {"cli2srv.out_of_order", "integer", NULL},
    {"srv2cli.out_of_order", "integer", NULL},
    {"cli2srv.lost", "integer", NULL},
    {"srv2cli.lost", "integer", NULL},
    {"cli2srv.tcp_flags", "integer", NULL},
    {"srv2cli.tcp_flags", "integer", NULL},
    {"tcp_established", "boolean", NULL},
    {"host_server_name", "string", NULL},
    {"bittorrent_hash", "string", NULL},
    {"info", "string", NULL},
    {"protos.http.last_method", "string", NULL},
    {"protos.http.last_return_code", "integer", NULL},
    {"protos.http.last_url", "string", NULL},
    {"protos.http.server_name", "string", NULL},
    {"protos.dns.last_query", "string", NULL},
    {"protos.ssh.client_signature", "string", NULL},
    {"protos.ssh.server_signature", "string", NULL},
    {"protos.ssl.certificate", "string", NULL},
    {"protos.ssl.server_certificate", "string", NULL},
    {"shaper.cli2srv_ingress", "integer", PRO},
    {"shaper.cli2srv_egress", "integer", PRO},
    {"shaper.srv2cli_ingress", "integer", PRO},
    {"shaper.srv2cli_egress", "integer", PRO},
    {"cli.quota_applied_proto", "string", PRO},
    {"srv.quota_applied_proto", "string", PRO},
    {"cli.quota_is_category", "boolean", PRO},
    {"srv.quota_is_category", "boolean", PRO},
    {"moreinfo.json", "string", PROBE},
    {"client_process", "table", PROBE},
    {"server_process", "table", PROBE},
    {"throughput_bps", "float", NULL},
    {"top_throughput_bps", "float", NULL},
    {"throughput_pps", "float", "flows keep no packets a second"},
    {"top_throughput_pps", "float", "flows keep no packets a second"},
    {"throughput_trend_bps", "integer", NULL},
    {"throughput_trend_pps", "integer", SECONDS},
    {"throughput_cli2srv_bps", "float", WAY_RATES},
    {"throughput_srv2cli_bps", "float", WAY_RATES},
    {"throughput_cli2srv_pps", "float", WAY_RATES},
    {"throughput_srv2cli_pps", "float", WAY_RATES},
    {"interarrival.cli2srv", "table", NULL},
    {"interarrival.srv2cli", "table", NULL},
    {"cli2srv.goodput_bytes.last", "integer", NULL},
    {"srv2cli.goodput_bytes.last", "integer", NULL},
    {"srv.latitude", "float", NULL},
    {"srv.longitude", "float", NULL},
    {"cli.private", "boolean", NULL},
    {"srv.private", "boolean", NULL},
    {"cli.country", "string", NULL},
    {"cli.city", "string", NULL},
    {"srv.country", "string", NULL},
    {"srv.city", "string", NULL},
    {"tls", "table", NULL},
    {"risks", "table", NULL},
};

static const struct key interarrival_keys[] = {
    {"min", "integer", NULL},
    {"max", "integer", NULL},
    {"avg", "integer", NULL},
};

static const struct key tls_keys[] = {
    {"version", "string", NULL},
    {"alpn", "string", NULL},
    {"ja3.client", "string", NULL},
    {"ja3.server", "string", NULL},
};

static const struct key flow_icmp_keys[] = {
    {"type", "integer", NULL},
    {"code", "integer", NULL},
};

static const struct key mac_keys[] = {
    {"mac", "string", NULL},
    {"vlan", "integer", NULL},
    {"bytes.sent", "integer", NULL},
    {"bytes.rcvd", "integer", NULL},
    {"manufacturer", "string", NULL},
    {"arp_requests.sent", "integer", NULL},
    {"arp_requests.rcvd", "integer", NULL},
    {"arp_replies.sent", "integer", NULL},
    {"arp_replies.rcvd", "integer", NULL},
    {"source_mac", "boolean", NULL},
    {"special_mac", "boolean", NULL},
    {"throughput_bps", "float", NULL},
    {"last_throughput_bps", "float", NULL},
    {"throughput_trend_bps", "integer", NULL},
    {"throughput_trend_bps_diff", "float", NULL},
    {"throughput_pps", "float", NULL},
    {"packets.sent", "integer", NULL},
    {"packets.rcvd", "integer", NULL},
    {"seen.first", "integer", NULL},
    {"seen.last", "integer", NULL},
    {"duration", "integer", NULL},
    {"num_hosts", "integer", NULL},
    {"pool", "integer", POOLS},
};

static const struct key as_keys[] = {
    {"asn", "integer", NULL},
    {"asname", "string", NULL},
    {"bytes.sent", "integer", NULL},
    {"bytes.rcvd", "integer", NULL},
    {"vlan", "integer", "an AS is in all VLANs"},
    {"throughput_bps", "float", NULL},
    {"throughput_pps", "float", NULL},
    {"packets.sent", "integer", NULL},
    {"packets.rcvd", "integer", NULL},
    {"ndpi", "table", GROUP_APPS},
    {"seen.first", "integer", NULL},
    {"seen.last", "integer", NULL},
    {"duration", "integer", NULL},
    {"num_hosts", "integer", NULL},
};

static const struct key vlan_keys[] = {
    {"vlan_id", "integer", NULL},      {"vlan", "integer", NULL},
    {"throughput_bps", "float", NULL}, {"throughput_pps", "float", NULL},
    {"bytes.sent", "integer", NULL},   {"bytes.rcvd", "integer", NULL},
    {"packets.sent", "integer", NULL}, {"packets.rcvd", "integer", NULL},
    {"ndpi", "table", GROUP_APPS},     {"seen.first", "integer", NULL},
    {"seen.last", "integer", NULL},    {"duration", "integer", NULL},
    {"num_hosts", "integer", NULL},
};

static const struct section sections[] = {
    SECTION("getStats", "interface.getStats()", stats_keys),
    SECTION("stats", "interface.getStats().stats", stats_stats_keys),
    SECTION("since reset", "interface.getStats().stats_since_reset",
            reset_keys),
    SECTION("tcpFlowStats", "interface.getStats().tcpFlowStats",
            flow_states_keys),
    SECTION("getFlowsStatus", "interface.getFlowsStatus()", flows_status_keys),
    SECTION("eth", "interface.getStats().eth", eth_keys),
    SECTION("packets", "interface.getStats().localstats.packets",
            locality_keys),
    SECTION("bytes", "interface.getStats().localstats.bytes", locality_keys),
    SECTION("ndpi", "interface.getStats().ndpi.HTTP", app_keys),
    SECTION("sizes", "interface.getStats().pktSizeDistribution", size_keys),
    SECTION("trouble", "interface.getStats().tcpPacketStats", trouble_keys),
    SECTION("network", "interface.getNetworksStats()['10.0.0.0/8']",
            network_keys),
    SECTION("group", "interface.getGroupedHosts(true, 'column_asn')[1]",
            group_keys),
    SECTION("host", "interface.getHostInfo('10.0.1.1')", host_keys),
    SECTION("criteria", "interface.getHostInfo('10.0.1.1').criteria",
            criteria_keys),
    SECTION("host ndpi", "interface.getHostInfo('10.0.1.1').ndpi.HTTP",
            app_keys),
    SECTION("host sizes", "interface.getHostInfo('10.0.1.1')['pktStats.sent']",
            size_keys),
    SECTION("icmp", "interface.getHostInfo('10.0.0.8').ICMPv4['8,0']",
            icmp_keys),
    SECTION("dns", "interface.getHostInfo('10.0.0.2').dns.sent", dns_keys),
    SECTION("dns types", "interface.getHostInfo('10.0.0.2').dns.rcvd.queries",
            dns_type_keys),
    SECTION("http", "interface.getHostInfo('10.0.1.1').http", http_keys),
    SECTION("http way", "interface.getHostInfo('10.0.1.1').http.sender",
            http_way_keys),
    SECTION("http query", "interface.getHostInfo('10.0.1.1').http.sender.query",
            http_query_keys),
    SECTION("http answers",
            "interface.getHostInfo('10.0.1.1').http.receiver.response",
            http_response_keys),
    SECTION("normal flow", "interface.getFlowsInfo('10.0.0.1').flows[1]",
            normal_flow_keys),
    SECTION("flow", "flow", flow_keys),
    SECTION("interarrival", "flow['interarrival.cli2srv']", interarrival_keys),
    SECTION("tls", "flow.tls", tls_keys),
    SECTION("flow icmp",
            "interface.getFlowsInfo('10.0.0.8', {detailsLevel = 'high'})"
            ".flows[1].icmp",
            flow_icmp_keys),
    SECTION("mac", "interface.getMacInfo('02:00:00:00:00:0a')", mac_keys),
    SECTION("AS",
            "interface.getASesInfo('column_asn', 1, 0, true, true)"
            ".ASes[1]",
            as_keys),
    SECTION("VLAN",
            "interface.getVLANsInfo('column_vlan', 1, 0, true, true)"
            ".VLANs[1]",
            vlan_keys),
};

#endif
