/* test_lua_interface: what interface.* tells. SPDX-License-Identifier: MIT */
#include "lua_traffic.h"

static void run(void **state, const char *text)
{
    struct lua_bed *bed = *state;

    script_run(&bed->script, text);
}

static void interfaces_are_named_and_selected(void **state)
{
    run(state,
        "local names = interface.getIfNames()\n"
        "assert(names['0'] == 'test.pcap' and names['1'] == 'second')\n"
        "assert(interface.getDefaultIfName() == 'test.pcap')\n"
        "assert(interface.name2id('second') == 1)\n"
        "assert(interface.name2id() == 0 and interface.name2id('x') == -1)\n"
        "assert(interface.getStats().id == 0)\n"
        "assert(interface.select('second') == true)\n"
        "assert(interface.getStats().name == 'second')\n"
        "assert(interface.select('eth77') == false)\n"
        "assert(interface.select({}) == false)\n"
        "assert(interface.select('2') == false)\n"
        "assert(interface.select('99999999999999999999') == false)\n"
        "assert(interface.getStats().name == 'second')\n"
        "assert(interface.select('0') and interface.getStats().id == 0)\n"
        "assert(interface.select(1) and interface.getStats().id == 1)\n"
        "assert(interface.select('any') and interface.getStats().id == 0)\n"
        "assert(interface.select() == true)\n"
        "assert(interface.setActiveInterfaceId(1) == 'second')\n"
        "assert(interface.setActiveInterfaceId(2) == nil)\n"
        "assert(interface.isPacketInterface())\n"
        "assert(interface.isPcapDumpInterface())\n"
        "assert(interface.isBridgeInterface() == false)\n"
        "assert(interface.isBridgeInterface(9) == nil)\n");
}

static void a_file_runs_until_it_is_read(void **state)
{
    struct lua_bed *bed = *state;

    run(state, "assert(interface.isRunning() and not interface.isIdle())\n"
               "assert(select('#', interface.isIdle()) == 0)\n");
    iface_end(bed->traffic.iface, true);
    run(state, "assert(interface.isIdle() and not interface.isRunning())\n"
               "assert(select('#', interface.isRunning()) == 0)\n");
}

static void totals_are_those_of_the_traffic(void **state)
{
    run(state, "local s = interface.getStats()\n"
               "assert(s.stats.packets == 16, s.stats.packets)\n"
               "assert(s.stats.flows == 9)\n"
               "assert(s.stats.hosts == 16, s.stats.hosts)\n"
               "assert(s.stats.local_hosts == 13, s.stats.local_hosts)\n"
               "assert(s.stats.devices == 4, s.stats.devices)\n"
               "assert(s['arp.requests'] == 1 and s['arp.replies'] == 0)\n"
               "assert(s['seen.last'] == 1600000001)\n"
               "assert(s.vlan and s.has_macs and not s.isView)\n"
               "assert(s.type == 'pcap dump' and s.ip_addresses == nil)\n"
               "assert(s.eth.packets == 16 and s.eth.ARP_packets == 1)\n"
               "assert(s.eth.IPv6_packets == 1 and s.eth.IPv6_bytes == 72)\n"
               "assert(s.eth.bytes == s.stats.bytes)\n"
               "local t = s.tcpFlowStats\n"
               "assert(t.numSynFlows == 1 and t.numEstablishedFlows == 1)\n"
               "assert(t.numResetFlows == 1 and t.numFinFlows == 0)\n"
               "local f = interface.getFlowsStatus()\n"
               "assert(f.SYN == 1 and f.Established == 1 and f.RST == 1)\n"
               "assert(f.FIN == 0)\n"
               "assert(s.localstats.packets.local2local == 12)\n"
               "assert(s.localstats.packets.local2remote == 1)\n"
               "assert(s.localstats.packets.remote2remote == 1)\n"
               "assert(s.pktSizeDistribution.syn == 3)\n"
               "assert(s.pktSizeDistribution.upTo64 > 0)\n"
               "assert(s.ndpi.HTTP['packets.sent'] == 3)\n"
               "assert(s.ndpi.HTTP['packets.rcvd'] == 2)\n"
               "assert(s.ndpi.HTTP.breed == 'Acceptable')\n"
               "assert(math.type(s.stats.bytes) == 'integer')\n"
               "assert(next(s.anomalies) == nil)\n");
}

static void counters_begin_anew(void **state)
{
    run(state, "local s = interface.getStats().stats_since_reset\n"
               "assert(s.packets == 16 and s.drops == 0)\n"
               "assert(interface.resetCounters() == true)\n"
               "assert(interface.getStats().stats_since_reset.packets == 16)\n"
               "assert(interface.resetCounters(false) == true)\n"
               "local s = interface.getStats()\n"
               "assert(s.stats_since_reset.packets == 0)\n"
               "assert(s.stats_since_reset.bytes == 0)\n"
               "assert(s.stats.packets == 16)\n");
}

static void networks_have_their_traffic(void **state)
{
    run(state,
        "local all = interface.getNetworksStats()\n"
        "local net = all['10.0.0.0/8']\n"
        "assert(net.egress == 52 and net.ingress == 0, net.egress)\n"
        "assert(net.inner > 500 and net.network_id >= 0)\n"
        "for name in pairs(all) do assert(name == '10.0.0.0/8', name) end\n");
}

static void applications_are_listed(void **state)
{
    run(state,
        "local http = interface.getnDPIProtoId('HTTP')\n"
        "assert(http == 7 and interface.getnDPIProtoId('nosuch') == -1)\n"
        "assert(interface.getnDPIProtoId() == -1)\n"
        "assert(interface.getnDPIProtoName(7) == 'HTTP')\n"
        "assert(interface.getnDPIProtoName(65535) == "
        "'Host-to-Host Contact')\n"
        "assert(interface.getnDPIProtoName(-1) == nil)\n"
        "assert(interface.getnDPIProtoName(1 << 40) == nil)\n"
        "assert(interface.getnDPIProtoName('7') == nil)\n"
        "assert(interface.getnDPIProtoBreed(7) == 'Acceptable')\n"
        "assert(interface.getnDPIProtoBreed(65535) == "
        "'Unrated-to-Host Contact')\n"
        "local c = interface.getnDPIProtoCategory(7)\n"
        "assert(c.name == 'Web' and c.id == 5, c.id)\n"
        "assert(interface.getnDPIProtoCategory(512) == nil)\n"
        "assert(interface.getnDPIProtocols().HTTP == '7')\n"
        "local web = interface.getnDPIProtocols(5)\n"
        "assert(web.HTTP == '7' and web.DNS == nil)\n"
        "assert(interface.getnDPICategories().Web == '5')\n"
        "local n = interface.getnDPIFlowsCount()\n"
        "assert(n.HTTP == 1, n.HTTP)\n"
        "assert(n.DNS == 1 and n.FTP == nil)\n"
        "local s = interface.getFlowsStats()\n"
        "assert(s.num_flows == 9 and s.protos.HTTP > 300)\n"
        "assert(s.breeds.Acceptable >= s.protos.HTTP)\n"
        "assert(interface.getnDPIStats().ndpi.HTTP['packets.sent'] == 3)\n"
        "local h = interface.getnDPIStats('10.0.0.1')\n"
        "assert(h.ndpi.HTTP['packets.sent'] == 3 and h.ip == nil)\n"
        "assert(interface.getnDPIStats('10.0.0.99') == nil)\n"
        "assert(interface.getnDPIStats('10.0.0.4', 5).ndpi)\n"
        "assert(interface.getnDPIStats('10.0.0.4') == nil)\n");
}

static void flows_tell_all(void **state)
{
    run(state,
        "local r = interface.getFlowsInfo('10.0.0.1',\n"
        "    {detailsLevel = 'max', sortColumn = 'column_bytes'})\n"
        "assert(r.numFlows == 2 and #r.flows == 2)\n"
        "local f = r.flows[2]\n"
        "assert(f['cli.ip'] == '10.0.0.1' and f['srv.ip'] == '10.0.1.1')\n"
        "assert(f['cli.key'] == 0x0a000001 and f['srv.port'] == 80)\n"
        "assert(f['proto.l4'] == 'TCP' and f['proto.14'] == 'TCP')\n"
        "assert(f['proto.ndpi'] == 'HTTP' and f['proto.ndpi_id'] == 7)\n"
        "assert(f['cli2srv.packets'] == 3 and f['srv2cli.packets'] == 2)\n"
        "assert(f.packets == 5)\n"
        "assert(f.bytes == f['cli2srv.bytes'] + f['srv2cli.bytes'])\n"
        "assert(f.goodput_bytes == 87, f.goodput_bytes)\n"
        "assert(f.tcp_established == true)\n"
        "assert(f['tcp.nw_latency.server'] == 2.0)\n"
        "assert(f['tcp.nw_latency.client'] == 1.0)\n"
        "assert(f['tcp.max_thpt.cli2srv'] == 4096 * 8 / 0.003)\n"
        "assert(f.host_server_name == 'www.example.org')\n"
        "assert(f['protos.http.last_method'] == 'GET')\n"
        "assert(f['protos.http.last_return_code'] == 404)\n"
        "assert(f['protos.http.last_url'] == '/a')\n"
        "assert(f.info == '/a' and f['srv.country'] == 'NO')\n"
        "assert(f['srv.city'] == 'Oslo' and f['cli.city'] == '')\n"
        "assert(f['srv.latitude'] == 59.5 and f['cli.latitude'] == nil)\n"
        "assert(f['cli.mac'] == '02:00:00:00:00:0A')\n"
        "assert(f['srv.private'] and f['cli.allowed_host'])\n"
        "assert(f['seen.first'] == 1600000000 and f.duration == 0)\n"
        "assert(f['interarrival.srv2cli'].max == 1)\n"
        "assert(f['flow.idle'] == false and f.icmp == nil)\n"
        "assert(f['cli2srv.tcp_flags'] == 0x1a)\n"
        "assert(type(f.risks) == 'table')\n"
        "assert(r.flows[1].tcp_established == nil)\n"
        "local icmp = interface.getFlowsInfo('10.0.0.8',\n"
        "    {detailedResults = true}).flows[1]\n"
        "assert(icmp.icmp.type == 8 and icmp.icmp.code == 0)\n"
        "assert(icmp['proto.l4'] == 'ICMP')\n");
}

/* The first flow of a host of the bed. */
static struct flow *flow_with(struct lua_bed *bed, const char *client)
{
    struct flows *flows = &bed->traffic.iface->flows;
    struct addr addr;
    uint32_t cursor = 0;
    uint32_t index;

    assert_true(addr_parse(client, &addr));
    while ((index = flows_next(flows, &cursor)) != POOL_NONE)
        if (addr_equal(&flows_at(flows, index)->key.addr[0], &addr))
            return flows_at(flows, index);
    fail_msg("no flow of %s", client);
    return NULL;
}

/* What dissection found of other protocols. */
static void flows_tell_what_they_are_about(void **state)
{
    static const struct {
        const char *client;
        enum attr attr;
        const char *text;
    } rows[] = {
        {"10.0.0.2", ATTR_DNS_QUERY, "a.example"},
        {"10.0.0.6", ATTR_TLS_SERVER_NAME, "b.example"},
        {"10.0.0.6", ATTR_TLS_VERSION, "TLSv1.2"},
        {"10.0.0.6", ATTR_TLS_ALPN, "h2"},
        {"10.0.0.6", ATTR_TLS_JA3C, "aa"},
        {"10.0.0.6", ATTR_TLS_JA3S, "bb"},
        {"10.0.0.6", ATTR_TLS_SUBJECT, "C=NO, CN=c.example, O=C"},
        {"10.0.0.7", ATTR_SSH_CLIENT, "SSH-2.0-x"},
        {"10.0.0.7", ATTR_SSH_SERVER, "SSH-2.0-y"},
        {"10.0.0.9", ATTR_BITTORRENT_HASH, "cc"},
    };
    struct lua_bed *bed = *state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        attrs_set_text(&flow_with(bed, rows[i].client)->attrs, rows[i].attr,
                       rows[i].text, strlen(rows[i].text));
    attrs_set_number(&flow_with(bed, "10.0.0.9")->attrs, ATTR_RISKS, 3);
    run(state, "local function of(host)\n"
               "    return interface.getFlowsInfo(host,\n"
               "        {detailsLevel = 'high'}).flows[1]\n"
               "end\n"
               "local dns = of('10.0.0.2')\n"
               "assert(dns.info == 'a.example')\n"
               "assert(dns['protos.dns.last_query'] == 'a.example')\n"
               "local tls = of('10.0.0.6')\n"
               "assert(tls.info == 'b.example')\n"
               "assert(tls.host_server_name == 'b.example')\n"
               "assert(tls['protos.ssl.certificate'] == 'b.example')\n"
               "assert(tls['protos.ssl.server_certificate'] == 'c.example')\n"
               "assert(tls.tls.version == 'TLSv1.2' and tls.tls.alpn == 'h2')\n"
               "assert(tls.tls['ja3.client'] == 'aa')\n"
               "assert(tls.tls['ja3.server'] == 'bb')\n"
               "local ssh = of('10.0.0.7')\n"
               "assert(ssh.info == 'SSH-2.0-x' and ssh.tls == nil)\n"
               "assert(ssh['protos.ssh.server_signature'] == 'SSH-2.0-y')\n"
               "local bt = of('10.0.0.9')\n"
               "assert(bt.info == 'cc' and bt.bittorrent_hash == 'cc')\n"
               "assert(#bt.risks == 2 and type(bt.risks[1]) == 'string')\n");
}

static void flows_are_filtered(void **state)
{
    run(state,
        "local function count(page, host)\n"
        "    local r = interface.getFlowsInfo(host, page)\n"
        "    assert(r.numFlows == #r.flows)\n"
        "    return r.numFlows\n"
        "end\n"
        "local rows = {\n"
        "    {9, {}}, {9, nil}, {9, 7}, {9, {sortColumn = 'nosuch'}},\n"
        "    {1, {l7protoFilter = 7}}, {0, {l7protoFilter = 70000}},\n"
        "    {9, {l7protoFilter = '7'}},\n"
        "    {3, {portFilter = 80}}, {5, {portFilter = 1111}},\n"
        "    {1, {vlanIdFilter = 5}}, {8, {vlanIdFilter = 0}},\n"
        "    {1, {ipVersion = 6}}, {8, {ipVersion = 4}},\n"
        "    {8, {clientMode = 'local'}}, {1, {clientMode = 'remote'}},\n"
        "    {7, {clientMode = 'local', serverMode = 'local'}},\n"
        "    {9, {clientMode = 'x'}},\n"
        "    {8, {unicast = true}}, {1, {unicast = false}},\n"
        "    {7, {unidirectional = true}}, {2, {unidirectional = false}},\n"
        "    {7, {countryFilter = 'no'}}, {0, {countryFilter = 'SE'}},\n"
        "    {2, {hostFilter = '10.0.0.1'}}, {0, {hostFilter = '10.0.0.4'}},\n"
        "    {1, {hostFilter = '10.0.0.4@5'}}, {0, {hostFilter = 'x'}},\n"
        "    {2, {}, '10.0.0.1'}, {0, {}, '10.0.0.99'}, {0, {}, 'nonsense'},\n"
        "    {1, {filter = 'app=HTTP'}}, {9, {filter = ''}},\n"
        "    {1, {filter = 'vlan=5', countryFilter = 'NO'}},\n"
        "    {2, {alertedFlows = true}},\n"
        "}\n"
        "for i, row in ipairs(rows) do\n"
        "    local n = count(row[2], row[3])\n"
        "    assert(n == row[1], i .. ': ' .. n)\n"
        "end\n"
        "local id = interface.getNetworksStats()['10.0.0.0/8'].network_id\n"
        "assert(count({LocalNetworkFilter = id}) == 8)\n"
        "assert(count({LocalNetworkFilter = 77}) == 0)\n"
        "local r, why = interface.getFlowsInfo(nil, {filter = 'vlan=5 x'})\n"
        "assert(r == nil)\n"
        "assert(why:find('at character 8: x', 1, true), why)\n");
}

static void flows_have_keys(void **state)
{
    run(state,
        "local seen = {}\n"
        "for _, f in ipairs(interface.getFlowsInfo().flows) do\n"
        "    local key = f['ntopng.key']\n"
        "    assert(not seen[key] and key > 0 and key < 1 << 53)\n"
        "    seen[key] = true\n"
        "    local found = interface.findFlowByKey(key)\n"
        "    assert(found['cli.ip'] == f['cli.ip'])\n"
        "    assert(found['srv.port'] == f['srv.port'])\n"
        "end\n"
        "local key = interface.getFlowKey('10.0.0.1', 40000,\n"
        "                                 '10.0.1.1', 80, 6)\n"
        "assert(interface.findFlowByKey(key)['proto.ndpi'] == 'HTTP')\n"
        "assert(interface.getFlowKey('10.0.1.1', 80,\n"
        "                            '10.0.0.1', 40000, 6) == key)\n"
        "assert(interface.getFlowKey('10.0.0.4@5', 1111,\n"
        "                            '10.0.1.4@5', 2222, 17))\n"
        "assert(not interface.getFlowKey('10.0.0.4@5', 1111,\n"
        "                                '10.0.1.4', 2222, 17))\n"
        "assert(not interface.getFlowKey('10.0.0.1', 1, '10.0.1.1', 80, 6))\n"
        "assert(not interface.getFlowKey('10.0.0.1'))\n"
        "assert(interface.getFlowKey('2001:db8::1', 1111,\n"
        "                            '2001:db8::1:1', 2222, 17))\n"
        "for _, bad in ipairs{0, -1, key + 1000, key ~ 1 << 32, 1 << 62,\n"
        "                     math.mininteger, 0/0, 'x', {}} do\n"
        "    assert(interface.findFlowByKey(bad) == nil)\n"
        "end\n"
        "assert(interface.findFlowByKey() == nil)\n"
        "assert(interface.findFlowByKey(key + 0.0))\n"
        "KEY = key\n");
}

static void a_key_dies_with_its_flow(void **state)
{
    struct lua_bed *bed = *state;

    flows_have_keys(state);
    engine_flush(bed->traffic.engine);
    lua_bed_tcp(bed, 1, TCP_FLAG_SYN, "", false);
    run(state, "assert(interface.findFlowByKey(KEY) == nil)\n"
               "local key = interface.getFlowKey('10.0.0.1', 40000,\n"
               "                                 '10.0.1.1', 80, 6)\n"
               "assert(key and key ~= KEY)\n");
}

static void hosts_tell_all(void **state)
{
    run(state,
        "local r = interface.getHostsInfo()\n"
        "assert(r.numHosts == 16)\n"
        "local h = r.hosts['10.0.0.1']\n"
        "assert(h.ip == '10.0.0.1' and h.ipkey == 0x0a000001)\n"
        "assert(h.localhost and h.privatehost and not h.systemhost)\n"
        "assert(h.mac == '02:00:00:00:00:0A')\n"
        "assert(h['active_flows.as_client'] == 2)\n"
        "assert(h['flows.as_client'] == 2 and h['flows.as_server'] == 0)\n"
        "assert(h['packets.sent'] == 4 and h['packets.rcvd'] == 2)\n"
        "assert(h['tcp.packets.sent'] == 3)\n"
        "assert(h['udp.bytes.sent'] == 52)\n"
        "assert(h.local_network_name == '10.0.0.0/8')\n"
        "assert(h.criteria.upload == h['bytes.sent'])\n"
        "assert(h.country == '' and h.continent == '' and h.asn == 0)\n"
        "assert(h['seen.first'] == 1600000000 and h.duration == 2)\n"
        "assert(h.ndpi == nil)\n"
        "local s = r.hosts['10.0.1.1']\n"
        "assert(s.country == 'NO' and s.continent == 'EU')\n"
        "assert(s.asn == 64500 and s.asname == 'Example')\n"
        "assert(s.city == 'Oslo' and s.longitude == 10.25)\n"
        "assert(r.hosts['10.0.0.4@5'].vlan == 5)\n"
        "assert(r.hosts['10.0.0.4'] == nil)\n"
        "assert(r.hosts['239.1.1.9'].is_multicast)\n"
        "assert(r.hosts['2001:db8::1'].localhost == false)\n"
        "assert(r.hosts['2001:db8::1'].criteria == nil)\n"
        "assert(r.hosts['2001:db8::1'].ipkey == 0x20010db8 + 1)\n"
        "local v = interface.getHostInfo('10.0.0.1')\n"
        "assert(v.ndpi.HTTP['bytes.sent'] > 0)\n"
        "assert(v['pktStats.sent'].syn == 1)\n"
        "assert(v['pktStats.recv'].synack == 1)\n"
        "assert(v.http.sender.query.num_get == 1)\n"
        "assert(v.http.sender.response.num_4xx == 1)\n"
        "assert(v.dns == nil)\n"
        "local d = interface.getHostInfo('10.0.0.2')\n"
        "assert(d.dns.sent.num_queries == 1)\n"
        "assert(d.dns.sent.queries.num_a == 1)\n"
        "assert(d.dns.rcvd.num_queries == 0)\n"
        "local i = interface.getHostInfo('10.0.0.8')\n"
        "assert(i.ICMPv4['8,0'].sent == 1 and i.ICMPv6 == nil)\n"
        "assert(interface.getHostInfo('10.0.0.4', 5).vlan == 5)\n"
        "assert(interface.getHostInfo('10.0.0.4@5').vlan == 5)\n"
        "assert(interface.getHostInfo('10.0.0.4@7', 5).vlan == 5)\n"
        "for _, bad in ipairs{'10.0.0.99', '', '@', '10.0.0.1@', 7, {},\n"
        "    '10.0.0.1@x', '10.0.0.1@99999', ('1'):rep(999)} do\n"
        "    assert(interface.getHostInfo(bad) == nil)\n"
        "end\n"
        "assert(interface.getHostInfo() == nil)\n");
}

static void hosts_are_filtered(void **state)
{
    run(state,
        "local function count(...)\n"
        "    return interface.getHostsInfo(false, 'column_ip', 100, 0, true,\n"
        "                                  ...).numHosts\n"
        "end\n"
        "assert(count() == 16 and count('NO') == 6)\n"
        "assert(count('XX') == 0 and count(7) == 16)\n"
        "assert(count(nil, 'Linux') == 0)\n"
        "assert(count(nil, nil, 5) == 2)\n"
        "assert(count(nil, nil, nil, 64500) == 6)\n"
        "assert(count(nil, nil, nil, 0xFFFFFFFF) == 16)\n"
        "assert(count(nil, nil, nil, nil, -1) == 3)\n"
        "assert(count(nil, nil, nil, nil, nil, '02:00:00:00:00:0a') >= 7)\n"
        "assert(count(nil, nil, nil, nil, nil, nil, nil, 6) == 2)\n"
        "assert(count(nil, nil, nil, nil, nil, nil, nil, nil, 7) == 2)\n"
        "assert(count(nil, nil, nil, nil, nil, nil, nil, nil, 1<<40) == 0)\n"
        "assert(interface.getLocalHostsInfo().numHosts == 13)\n"
        "assert(interface.getRemoteHostsInfo().numHosts == 3)\n"
        "assert(interface.getHostsInfo('x', {}, 'y', 'z', 1).numHosts == 16)\n"
        "local h = interface.getHostsInfo(false).hosts['10.0.0.1']\n"
        "assert(h['packets.sent'] == nil and h['bytes.sent'])\n");
}

static void hosts_are_found(void **state)
{
    struct lua_bed *bed = *state;
    struct hosts *hosts = &bed->traffic.iface->hosts;
    struct addr addr;

    assert_true(addr_parse("10.0.0.2", &addr));
    host_learn_name(hosts_at(hosts, hosts_find(hosts, &addr, 0)), NAME_DHCP,
                    "Printer");
    run(state, "local r = interface.findHost('pRint')\n"
               "assert(r['10.0.0.2'] == 'Printer')\n"
               "assert(interface.findHost('0.0.4@5')['10.0.0.4@5'] == "
               "'10.0.0.4@5')\n"
               "assert(interface.findHost('02:00:00:00:00:0b')['10.0.1.1'] == "
               "'02:00:00:00:00:0B')\n"
               "local n = 0\n"
               "for _ in pairs(interface.findHost('0')) do n = n + 1 end\n"
               "assert(n == 11)\n"
               "assert(next(interface.findHost('nothing like it')) == nil)\n"
               "assert(interface.findHost() == nil)\n"
               "assert(interface.findHost(('x'):rep(500)) == nil)\n"
               "local h = interface.getHostInfo('10.0.0.2')\n"
               "assert(h.name == 'Printer' and h.names.dhcp == 'Printer')\n");
}

static void activity_is_told(void **state)
{
    run(state, "local m = interface.getHostActivityMap('10.0.0.1')\n"
               "assert(m == '{\"1599999960\":1}', m)\n"
               "assert(interface.getHostActivityMap('2001:db8::1') == nil)\n"
               "assert(interface.getHostActivityMap('x') == nil)\n"
               "local s = interface.similarHostActivity('10.0.0.1')\n"
               "assert(s['10.0.0.2'] == 1.0 and s['10.0.0.1'] == nil)\n"
               "assert(s['10.0.0.4@5'] == 1.0)\n"
               "local c = interface.correlateHostActivity('10.0.0.1')\n"
               "assert(c['10.0.0.2'] > 0.99, c['10.0.0.2'])\n"
               "assert(interface.similarHostActivity('10.9.9.9') == nil)\n"
               "assert(interface.correlateHostActivity() == nil)\n");
}

static void hosts_are_grouped(void **state)
{
    run(state,
        "local function by(column, ...)\n"
        "    local groups = {}\n"
        "    for _, g in ipairs(interface.getGroupedHosts(true, column,\n"
        "                                                 ...)) do\n"
        "        groups[g.id] = g\n"
        "    end\n"
        "    return groups\n"
        "end\n"
        "local g = by('column_country')\n"
        "assert(g.NO.num_hosts == 6 and g.NO.country == 'NO')\n"
        "assert(g['Unknown Country'].num_hosts == 10)\n"
        "g = by('column_asn')\n"
        "assert(g[64500].name == 'Example' and g[0].num_hosts == 10)\n"
        "g = by('column_vlan')\n"
        "assert(g[5].num_hosts == 2 and g[0].num_hosts == 14)\n"
        "g = by('column_local_network_id')\n"
        "assert(g[-1].num_hosts == 3)\n"
        "g = by('column_local_network')\n"
        "assert(g[-1].num_hosts == 3)\n"
        "g = by('column_mac')\n"
        "assert(g['02:00:00:00:00:0A'] and g['02:00:00:00:00:0B'])\n"
        "g = by('column_os')\n"
        "assert(g['Unknown OS'].num_hosts == 16)\n"
        "g = by('column_vlan', 'NO')\n"
        "assert(g[5].num_hosts == 1 and g[0].num_hosts == 5)\n"
        "assert(g[0]['bytes.rcvd'] > 0)\n"
        "assert(g[0]['seen.first'] == 1600000000)\n"
        "assert(interface.getGroupedHosts() == nil)\n"
        "assert(interface.getGroupedHosts(true, 'column_x') == nil)\n");
}

static void devices_and_groups_are_listed(void **state)
{
    run(state,
        "local r = interface.getMacsInfo()\n"
        "assert(r.numMacs == 4 and #r.macs == 4, r.numMacs)\n"
        "local m = r.macs[1]\n"
        "assert(m.mac == '02:00:00:00:00:0A' and m.manufacturer == 'Acme')\n"
        "assert(m.vlan == 0 or m.vlan == 5)\n"
        "assert(m.source_mac and not m.special_mac)\n"
        "assert(interface.getMacInfo('02:00:00:00:00:0A')"
        "['arp_requests.sent'] == 1)\n"
        "assert(interface.getMacInfo('02:00:00:00:00:0a', 5).vlan == 5)\n"
        "assert(interface.getMacInfo('02:00:00:00:00:0a', 6) == nil)\n"
        "assert(interface.getMacInfo('nonsense') == nil)\n"
        "assert(interface.getMacInfo() == nil)\n"
        "assert(interface.getMacsInfo('column_mac', 1).macs[2] == nil)\n"
        "assert(interface.getMacsInfo('column_mac', 9, 0, true, 5).numMacs "
        "== 2)\n"
        "assert(interface.getMacsInfo('column_mac', 9, 0, true, 0, false,\n"
        "    false, 'Acme').numMacs == 2)\n"
        "assert(interface.getMacManufacturers().Acme == 2)\n"
        "assert(interface.getMacManufacturers(5).Acme == 1)\n"
        "assert(next(interface.getMacManufacturers(0, 0)) == nil)\n"
        "local a = interface.getASesInfo()\n"
        "assert(a.numASes == 1 and a.ASes[1].asn == 64500)\n"
        "assert(a.ASes[1].asname == 'Example' and a.ASes[1].num_hosts == 6)\n"
        "assert(interface.getASInfo(64500)['bytes.rcvd'] > 0)\n"
        "assert(interface.getASInfo(1) == nil)\n"
        "assert(interface.getASInfo(-1) == nil)\n"
        "local v = interface.getVLANsInfo()\n"
        "assert(v.numVLANs == 1 and v.VLANs[1].vlan_id == 5)\n"
        "assert(v.VLANs[1].num_hosts == 2)\n"
        "assert(v.VLANs[1]['bytes.sent'] == 56)\n"
        "assert(interface.getVLANInfo(5).vlan == 5)\n"
        "assert(interface.getVLANInfo(6) == nil)\n"
        "interface.select('second')\n"
        "assert(interface.getVLANsInfo() == nil)\n"
        "assert(interface.getASesInfo().numASes == 0)\n");
}

/* The two scripts of the talk, with what `--run` loads before them. */
static void the_talks_examples_run(void **state)
{
    run(state,
        "rev = function(a, b) return a > b end\n"
        "function pairsByValues(t, f)\n"
        "    local keys = {}\n"
        "    for k in pairs(t) do keys[#keys + 1] = k end\n"
        "    table.sort(keys, function(a, b) return f(t[a], t[b]) end)\n"
        "    local i = 0\n"
        "    return function()\n"
        "        i = i + 1\n"
        "        return keys[i], t[keys[i]]\n"
        "    end\n"
        "end\n"
        "local hosts = interface.getHostsInfo().hosts\n"
        "local sums = {}\n"
        "for k, v in pairs(hosts) do\n"
        "    sums[k] = v['bytes.sent'] + v['bytes.rcvd']\n"
        "end\n"
        "local first = pairsByValues(sums, rev)()\n"
        "assert(first == '10.0.0.1' or first == '10.0.1.1')\n"
        "interface.select('eth0')\n"
        "local flows = interface.getFlowsInfo('10.0.0.6', pageinfo).flows\n"
        "local total, open = 0, 0\n"
        "for _, f in ipairs(flows) do\n"
        "    f = interface.findFlowByKey(f['ntopng.key'])\n"
        "    if f['proto.14'] == 'TCP' then\n"
        "        total = total + 1\n"
        "        if not f.tcp_established then open = open + 1 end\n"
        "    end\n"
        "end\n"
        "assert(total == 1 and open == 1)\n");
}

static void only_allowed_networks_are_seen(void **state)
{
    lua_bed_restrict(*state, "10.0.0.6,10.0.1.1", NULL);
    run(state,
        "local r = interface.getFlowsInfo()\n"
        "assert(r.numFlows == 3 and #r.flows == 3, r.numFlows)\n"
        "assert(interface.getFlowsInfo('10.0.0.2').numFlows == 0)\n"
        "assert(interface.getFlowsInfo(nil, {filter = 'port=53'}).numFlows "
        "== 0)\n"
        "assert(not interface.getFlowKey('10.0.0.2', 1111,\n"
        "                                '10.0.1.2', 53, 17))\n"
        "assert(interface.getFlowsStats().num_flows == 3)\n"
        "assert(interface.getnDPIFlowsCount().DNS == nil)\n"
        "local h = interface.getHostsInfo()\n"
        "assert(h.numHosts == 2 and h.hosts['10.0.0.6'])\n"
        "assert(h.hosts['10.0.1.1'] and not h.hosts['10.0.0.1'])\n"
        "assert(interface.getHostInfo('10.0.0.1') == nil)\n"
        "assert(interface.getnDPIStats('10.0.0.1') == nil)\n"
        "assert(interface.getHostInfo('10.0.0.6'))\n"
        "assert(interface.getHostActivityMap('10.0.0.1') == nil)\n"
        "assert(interface.findHost('10.0.0.1')['10.0.0.1'] == nil)\n"
        "assert(interface.similarHostActivity('10.0.0.1') == nil)\n"
        "local like = interface.similarHostActivity('10.0.0.6')\n"
        "assert(like['10.0.0.2'] == nil and like['10.0.1.1'])\n"
        "local s = interface.getStats()\n"
        "assert(s.stats.flows == 3 and s.stats.hosts == 2)\n"
        "assert(s.stats.local_hosts == 2)\n"
        "assert(s.tcpFlowStats.numResetFlows == 0)\n"
        "assert(interface.getFlowsStatus().RST == 0)\n"
        "assert(interface.getASInfo(64500).num_hosts == 1)\n"
        "assert(interface.getASesInfo().ASes[1].num_hosts == 1)\n"
        "assert(interface.getVLANsInfo().numVLANs == 0)\n"
        "assert(interface.getVLANInfo(5) == nil)\n"
        "assert(interface.getMacsInfo().numMacs == 2)\n"
        "assert(interface.getMacInfo('02:00:00:00:00:0a', 5) == nil)\n"
        "assert(interface.getMacInfo('02:00:00:00:00:0a'))\n"
        "local g = interface.getGroupedHosts(true, 'column_vlan')\n"
        "assert(#g == 1 and g[1].num_hosts == 2)\n"
        "assert(next(interface.getNetworksStats()) == nil)\n"
        "assert(interface.resetCounters() == nil)\n"
        "local f = interface.getFlowsInfo('10.0.1.1',\n"
        "                                 {detailsLevel = 'high'}).flows[1]\n"
        "assert(f['cli.allowed_host'] == false and f['srv.allowed_host'])\n");
}

static void only_the_allowed_interface_is_seen(void **state)
{
    lua_bed_restrict(*state, NULL, "second");
    run(state,
        "local names = interface.getIfNames()\n"
        "assert(names['0'] == nil and names['1'] == 'second')\n"
        "assert(interface.getDefaultIfName() == 'second')\n"
        "assert(interface.getStats().name == 'second')\n"
        "assert(interface.getFlowsInfo().numFlows == 0)\n"
        "assert(interface.select('test.pcap') == false)\n"
        "assert(interface.select('0') == false)\n"
        "assert(interface.select(0) == false)\n"
        "assert(interface.name2id('test.pcap') == -1)\n"
        "assert(interface.name2id() == 1)\n"
        "assert(interface.setActiveInterfaceId(0) == nil)\n"
        "assert(interface.isBridgeInterface(0) == nil)\n"
        "assert(interface.select('any') and interface.getStats().id == 1)\n");
}

static void without_an_interface_nothing_breaks(void **state)
{
    lua_bed_restrict(*state, NULL, "nosuch");
    run(state, "for name, f in pairs(interface) do\n"
               "    local ok, result = pcall(f, '10.0.0.1', 'column_vlan')\n"
               "    assert(ok, name)\n"
               "end\n"
               "assert(interface.getStats() == nil)\n"
               "assert(interface.getDefaultIfName() == nil)\n"
               "assert(interface.select() == false)\n");
}

/* Any argument of any type is an answer or nil, never an error. */
static void takes_any_argument(void **state)
{
    run(state,
        "local odd = {false, true, 0, -1, 1.5, 0/0, 1/0, -1/0, 1 << 62,\n"
        "    math.mininteger, '', 'x', '\\0\\255', ('y'):rep(5000),\n"
        "    '10.0.0.1', {}, print, coroutine.create(print), 'column_ip'}\n"
        "local seed = 7\n"
        "local function any()\n"
        "    seed = (seed * 16807) % 2147483647\n"
        "    return odd[seed % (#odd + 1)]\n"
        "end\n"
        "for name, f in pairs(interface) do\n"
        "    for i = 1, 60 do\n"
        "        local ok, why = pcall(f, any(), any(), any(), any(), any(),\n"
        "            any(), any(), any(), any(), any(), any(), any(), any(),\n"
        "            any())\n"
        "        assert(ok, name .. ': ' .. tostring(why))\n"
        "    end\n"
        "end\n"
        "for _, key in ipairs{'sortColumn', 'maxHits', 'toSkip', 'filter',\n"
        "    'a2zSortOrder', 'detailsLevel', 'l7protoFilter', 'portFilter',\n"
        "    'LocalNetworkFilter', 'ipVersion', 'clientMode', 'unicast',\n"
        "    'hostFilter', 'countryFilter', 'vlanIdFilter'} do\n"
        "    for i = 1, #odd do\n"
        "        assert(pcall(interface.getFlowsInfo, nil, {[key] = odd[i]}))\n"
        "    end\n"
        "end\n");
}

#define TEST(name) \
    cmocka_unit_test_setup_teardown(name, lua_bed_make, lua_bed_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(interfaces_are_named_and_selected),
        TEST(a_file_runs_until_it_is_read),
        TEST(totals_are_those_of_the_traffic),
        TEST(counters_begin_anew),
        TEST(networks_have_their_traffic),
        TEST(applications_are_listed),
        TEST(flows_tell_all),
        TEST(flows_tell_what_they_are_about),
        TEST(flows_are_filtered),
        TEST(flows_have_keys),
        TEST(a_key_dies_with_its_flow),
        TEST(hosts_tell_all),
        TEST(hosts_are_filtered),
        TEST(hosts_are_found),
        TEST(activity_is_told),
        TEST(hosts_are_grouped),
        TEST(devices_and_groups_are_listed),
        TEST(the_talks_examples_run),
        TEST(only_allowed_networks_are_seen),
        TEST(only_the_allowed_interface_is_seen),
        TEST(without_an_interface_nothing_breaks),
        TEST(takes_any_argument),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
