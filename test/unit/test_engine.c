/* test_engine: what packets leave behind, and the clock.
 * SPDX-License-Identifier: MIT */
#include "core/packet/names.h"
#include "traffic.h"

static struct traffic_bed bed;

static int open_bed(void **state)
{
    (void)state;
    traffic_open(&bed, NULL);
    return 0;
}

static int close_bed(void **state)
{
    (void)state;
    traffic_close(&bed);
    return 0;
}

/* The flow that put_ip4_udp() of this `net` makes. */
static struct flow *flow_of_udp(unsigned net)
{
    uint32_t cursor = 0;
    uint32_t index;

    while ((index = flows_next(&bed.iface->flows, &cursor)) != POOL_NONE) {
        struct flow *flow = flows_at(&bed.iface->flows, index);

        if (flow->key.addr[0].bytes[15] == net)
            return flow;
    }
    fail();
    return NULL;
}

/* nDPI may know better later: it names an address's owner first, then what
 * the first message says. */
static void an_application_that_changes_is_counted_once(void **state)
{
    (void)state;
    traffic_udp(&bed, 1);
    flow_of_udp(1)->app = 91;
    bed.now_us += 2 * SECOND_US;
    traffic_udp(&bed, 2);
    flow_of_udp(1)->app = 126;
    engine_flush(bed.engine);
    for (unsigned app = 0; app < DPI_APPS; app++)
        assert_int_equal(bed.iface->apps[app].active_flows, 0);
}

/* A TCP segment of net 1, to this port of the server or from it. */
static void send_bytes(unsigned port, bool from_server, uint32_t seq,
                       unsigned flags, const void *bytes, size_t len)
{
    struct build b = {0};
    size_t ip, tcp;

    put_ether(&b, 0x0800);
    ip = put_ip4(&b, IP_PROTO_TCP, 1);
    tcp = b.len;
    if (from_server)
        put_tcp(&b, port, 40000, flags, 0);
    else
        put_tcp(&b, 40000, port, flags, 0);
    set16(&b, tcp + 4, seq >> 16);
    set16(&b, tcp + 6, seq & 0xffff);
    put(&b, bytes, len);
    end_ip4(&b, ip);
    if (from_server)
        traffic_turn(&b);
    traffic_frame(&bed, &b);
    bed.now_us += 1000;
}

static void send_tcp(bool from_server, uint32_t seq, unsigned flags,
                     const char *text)
{
    send_bytes(80, from_server, seq, flags, text, strlen(text));
}

/* The host 10.0.0.1 or 10.0.1.1, which must be known. */
static const struct host *host_of(const char *text)
{
    struct addr addr;
    uint32_t index;

    assert_true(addr_parse(text, &addr));
    index = hosts_find(&bed.iface->hosts, &addr, 0);
    assert_int_not_equal(index, POOL_NONE);
    return hosts_at(&bed.iface->hosts, index);
}

static void send_request(const char *host, bool is_answered)
{
    char text[256];

    send_tcp(false, 100, TCP_FLAG_SYN, "");
    if (is_answered)
        send_tcp(true, 200, TCP_FLAG_SYN | TCP_FLAG_ACK, "");
    snprintf(text, sizeof(text),
             "GET / HTTP/1.1\r\nHost: %s\r\nUser-Agent: Mozilla/5.0 (X11; "
             "Linux x86_64)\r\n\r\n",
             host);
    send_tcp(false, 101, TCP_FLAG_ACK, text);
    if (is_answered)
        send_tcp(true, 201, TCP_FLAG_ACK,
                 "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n");
    engine_flush(bed.engine);
}

static void requests_name_servers_and_systems(void **state)
{
    const struct host *client;

    (void)state;
    send_request("www.example.org:80", true);
    assert_string_equal(host_of("10.0.1.1")->name, "www.example.org");
    assert_int_equal(host_of("10.0.1.1")->name_source, NAME_SERVER);
    client = host_of("10.0.0.1");
    assert_null(client->name);
    assert_int_not_equal(client->os_group, POOL_NONE);
    assert_string_equal(groups_at(&bed.iface->groups, client->os_group)->name,
                        "Linux");
}

static void requests_to_an_address_name_nobody(void **state)
{
    (void)state;
    send_request("10.0.1.1:80", true);
    assert_null(host_of("10.0.1.1")->name);
}

static void requests_without_answer_name_nobody(void **state)
{
    (void)state;
    send_request("www.example.org", false);
    assert_null(host_of("10.0.1.1")->name);
}

static void responses_are_counted_by_class(void **state)
{
    const struct http_counters *http;

    (void)state;
    send_request("www.example.org", true);
    send_tcp(false, 900, TCP_FLAG_SYN, "");
    send_tcp(true, 200, TCP_FLAG_ACK, "HTTP/1.1 404 Not Found\r\n\r\n");
    send_tcp(true, 300, TCP_FLAG_ACK, "HTTP/1.1 1:0 Odd\r\n\r\n");
    send_tcp(true, 400, TCP_FLAG_ACK, "HTTP/1.1 999 Odd\r\n\r\n");
    http = host_http(host_of("10.0.1.1"), WAY_RCVD);
    assert_int_equal(http->requests, 1);
    assert_int_equal(http->by_method[0], 1);
    assert_int_equal(http->responses, 2);
    assert_int_equal(http->by_class[1], 1);
    assert_int_equal(http->by_class[3], 1);
    http = host_http(host_of("10.0.0.1"), WAY_SENT);
    assert_int_equal(http->requests, 1);
    assert_int_equal(http->responses, 2);
}

#define DNS_QUESTION "\1a\4test\0\0\1\0\1"
#define DNS_QUERY "\0\7\1\0\0\1\0\0\0\0\0\0" DNS_QUESTION
#define DNS_ANSWER                              \
    "\0\7\x81\x80\0\1\0\1\0\0\0\0" DNS_QUESTION \
    "\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\x0a\0\1\1"

static void dns_over_tcp_is_counted_and_learned(void **state)
{
    const struct host *client, *server;

    (void)state;
    send_bytes(53, false, 1, TCP_FLAG_ACK, "\0\x18" DNS_QUERY, 26);
    send_bytes(53, true, 1, TCP_FLAG_ACK, "\0\x28" DNS_ANSWER, 42);
    /* the midst of a zone transfer */
    send_bytes(53, true, 43, TCP_FLAG_ACK, DNS_ANSWER, 40);
    client = host_of("10.0.0.1");
    server = host_of("10.0.1.1");
    assert_int_equal(host_dns(client, WAY_SENT)->queries, 1);
    assert_int_equal(host_dns(client, WAY_SENT)->by_type[0], 1);
    assert_int_equal(host_dns(client, WAY_RCVD)->replies_ok, 1);
    assert_int_equal(host_dns(server, WAY_RCVD)->queries, 1);
    assert_int_equal(host_dns(server, WAY_SENT)->replies_ok, 1);
    assert_string_equal(server->name, "a.test");
}

static unsigned flows_now(void)
{
    return bed.iface->flows.pool.count;
}

/* One frame by UDP is enough for the clock to go on. */
static void pass_seconds(int64_t seconds, unsigned net)
{
    for (int64_t i = 0; i < seconds; i++) {
        bed.now_us += SECOND_US;
        traffic_udp(&bed, net);
    }
}

static void a_clock_set_back_delays_all_flows_at_once(void **state)
{
    (void)state;
    bed.now_us += 86400 * SECOND_US;
    for (unsigned net = 1; net <= 5; net++)
        traffic_udp(&bed, net);
    bed.now_us -= 86400 * SECOND_US;
    pass_seconds(599, 9);
    assert_int_equal(flows_now(), 6);
    pass_seconds(4, 9);
    assert_int_equal(flows_now(), 1);
}

static void a_clock_set_back_begins_flows_anew(void **state)
{
    (void)state;
    bed.now_us += 86400 * SECOND_US;
    traffic_udp(&bed, 1);
    bed.now_us -= 86400 * SECOND_US;
    pass_seconds(602, 1);
    assert_int_equal(flows_now(), 1);
    assert_int_equal(bed.iface->counters.flows, 2);
    assert_true(flow_of_udp(1)->first_us == START_US + SECOND_US);
    assert_true(flow_of_udp(1)->last_us == bed.now_us);
    assert_int_equal(bed.iface->counters.records, 3); /* two are partial */
}

static void a_clock_set_back_leaves_no_old_seconds(void **state)
{
    uint32_t now_s = START_US / SECOND_US;

    (void)state;
    traffic_udp(&bed, 1);
    bed.now_us += 7200 * SECOND_US;
    traffic_udp(&bed, 1);
    bed.now_us -= 7200 * SECOND_US;
    traffic_udp(&bed, 1);
    assert_int_equal(iface_second_at(bed.iface, now_s)->packets, 1);
    for (uint32_t s = now_s - IFACE_RING_SECONDS + 1; s < now_s; s++)
        assert_int_equal(iface_second_at(bed.iface, s)->packets, 0);
    assert_null(iface_second_at(bed.iface, now_s + 1));
}

static void hosts_are_seen_when_they_spoke(void **state)
{
    const uint32_t now_s = START_US / SECOND_US;
    const struct host *host;

    (void)state;
    traffic_udp(&bed, 1);
    bed.now_us += 250 * SECOND_US;
    traffic_udp(&bed, 2);
    host = host_of("10.0.0.1");
    assert_in_range(host->first_s, now_s, now_s + 1);
    assert_in_range(host->last_s, now_s, now_s + 1);
    assert_true(rate_bytes_per_s(&host->rate, now_s + 250) == 0);
}

static void note_last(void *arg, const struct iface *iface,
                      const struct host *host)
{
    uint32_t *last_s = arg;

    (void)iface;
    *last_s = host->last_s;
}

/* Its flow ends 600 seconds after the last packet, undecided until then. */
static void the_end_of_a_flow_is_no_sign_of_life(void **state)
{
    const uint32_t now_s = START_US / SECOND_US;
    static uint32_t last_s;
    static const struct observer observer = {.host_gone = note_last,
                                             .arg = &last_s};

    (void)state;
    engine_observe(bed.engine, &observer);
    traffic_udp(&bed, 1);
    flow_of_udp(1)->flags &= (uint16_t)~FLOW_DPI_DONE;
    bed.now_us += 700 * SECOND_US;
    traffic_udp(&bed, 2);
    assert_in_range(last_s, now_s, now_s + 1);
    assert_int_equal(bed.iface->counters.flows_ended, 1);
}

static void send_icmp(bool from_server, unsigned type, unsigned code)
{
    struct build b = {0};
    size_t ip;

    put_ether(&b, 0x0800);
    ip = put_ip4(&b, IP_PROTO_ICMP, 1);
    put8(&b, type);
    put8(&b, code);
    put_zeros(&b, 6);
    end_ip4(&b, ip);
    if (from_server)
        traffic_turn(&b);
    traffic_frame(&bed, &b);
}

/* What a local host counted of one type and code. */
static uint32_t icmp_of(const char *host, unsigned type, unsigned code,
                        enum way way)
{
    const struct icmp_counter *counter;

    for (unsigned i = 0; (counter = host_icmp_at(host_of(host), i)) != NULL;
         i++)
        if (counter->type == type && counter->code == code)
            return counter->packets[way];
    return 0;
}

/* An error comes first, then the one it went to asks three times. */
static void icmp_of_one_flow_has_many_types(void **state)
{
    (void)state;
    send_icmp(false, 3, 3);
    for (int i = 0; i < 3; i++) {
        send_icmp(true, 8, 0);
        if (i > 0)
            send_icmp(false, 0, 0);
    }
    engine_flush(bed.engine);
    assert_int_equal(icmp_of("10.0.0.1", 3, 3, WAY_SENT), 1);
    assert_int_equal(icmp_of("10.0.0.1", 8, 0, WAY_RCVD), 3);
    assert_int_equal(icmp_of("10.0.0.1", 0, 0, WAY_SENT), 2);
    assert_int_equal(icmp_of("10.0.1.1", 3, 3, WAY_RCVD), 1);
    assert_int_equal(icmp_of("10.0.1.1", 8, 0, WAY_SENT), 3);
    assert_int_equal(icmp_of("10.0.1.1", 0, 0, WAY_RCVD), 2);
    assert_int_equal(icmp_of("10.0.1.1", 3, 0, WAY_SENT), 0);
}

/* 10.0.0.1 says by LLMNR that `name` has the address. */
static void send_llmnr(const char *name, const char *text)
{
    struct build b = {0};
    struct addr addr;
    size_t ip, udp;

    assert_true(addr_parse(text, &addr));
    put_ether(&b, 0x0800);
    ip = put_ip4(&b, IP_PROTO_UDP, 1);
    udp = put_udp(&b, 5355, 50000);
    put(&b, "\0\1\x80\0\0\0\0\1\0\0\0\0", 12);
    put8(&b, (unsigned)strlen(name));
    put(&b, name, strlen(name) + 1);
    put(&b, "\0\1\0\1\0\0\0\x1e\0\4", 10);
    put(&b, addr.bytes + 12, 4);
    end_udp(&b, udp);
    end_ip4(&b, ip);
    traffic_frame(&bed, &b);
}

static void hosts_name_themselves_and_their_neighbours(void **state)
{
    struct addr addr;

    (void)state;
    traffic_udp(&bed, 2);
    bed.now_us += 2 * SECOND_US;
    send_llmnr("fox", "10.0.0.1");
    send_llmnr("hen", "10.0.0.2");
    send_llmnr("egg", "10.0.0.3");
    send_llmnr("dns", "8.8.8.8");
    engine_flush(bed.engine);
    assert_string_equal(host_of("10.0.0.1")->name, "fox");
    assert_string_equal(host_of("10.0.0.2")->name, "hen");
    /* No host is made of a rumour, but it is remembered. */
    assert_int_equal(bed.iface->hosts.pool.count, 4);
    traffic_udp(&bed, 3);
    engine_flush(bed.engine);
    assert_string_equal(host_of("10.0.0.3")->name, "egg");
    assert_true(addr_parse("8.8.8.8", &addr));
    assert_null(namecache_get(&bed.iface->names, &addr));
}

/* A client of DHCP asks for 10.0.0.9, or says that another has it. */
static void send_dhcp(unsigned type, const char *name)
{
    struct build b = {0};
    size_t ip, udp;

    put_ether(&b, 0x0800);
    ip = put_ip4(&b, IP_PROTO_UDP, 1);
    udp = put_udp(&b, 68, 67);
    put(&b, "\1\1\6\0", 4);
    put_zeros(&b, 24);
    put(&b, MAC_A, 6);
    put_zeros(&b, 202);
    put(&b, "\x63\x82\x53\x63\x35\1", 6);
    put8(&b, type);
    put(&b, "\x32\4\x0a\0\0\x09\x0c", 7);
    put8(&b, (unsigned)strlen(name));
    put(&b, name, strlen(name));
    put8(&b, 255);
    end_udp(&b, udp);
    end_ip4(&b, ip);
    traffic_frame(&bed, &b);
}

/* RFC 2131, 4.4.4: a declined address is in use by somebody else. */
static void only_granted_addresses_get_names(void **state)
{
    (void)state;
    traffic_udp(&bed, 9);
    bed.now_us += 2 * SECOND_US;
    send_dhcp(DHCP_DECLINE, "fox");
    send_dhcp(DHCP_DISCOVER, "fox");
    engine_flush(bed.engine);
    assert_null(host_of("10.0.0.9")->name);
    send_dhcp(DHCP_REQUEST, "fox");
    assert_string_equal(host_of("10.0.0.9")->name, "fox");
}

static void gaps_between_packets_are_measured(void **state)
{
    static const int64_t gaps_us[] = {0, 100, 40, 540 * SECOND_US};
    const struct flow *flow;

    (void)state;
    traffic_udp(&bed, 1);
    for (size_t i = 0; i < sizeof(gaps_us) / sizeof(*gaps_us); i++) {
        bed.now_us += gaps_us[i];
        traffic_udp(&bed, 1);
    }
    flow = flow_of_udp(1);
    assert_int_equal(flow->iat_min_us[WAY_SENT], 0);
    assert_int_equal(flow->iat_max_us[WAY_SENT], 540 * SECOND_US);
}

static void long_gaps_are_no_short_ones(void **state)
{
    struct build b = {0};
    size_t ip;

    (void)state;
    put_ether(&b, 0x0800);
    ip = put_ip4(&b, IP_PROTO_UDP, 1);
    put16(&b, 1111);
    put16(&b, 2222);
    put16(&b, 8);
    put16(&b, 0);
    end_ip4(&b, ip);
    traffic_frame(&bed, &b);
    /* The other way keeps the flow alive for 50 minutes. */
    traffic_turn(&b);
    set16(&b, 34, 2222);
    set16(&b, 36, 1111);
    for (int i = 0; i < 6; i++) {
        bed.now_us += 500 * SECOND_US;
        traffic_frame(&bed, &b);
    }
    traffic_udp(&bed, 1);
    assert_int_equal(bed.iface->counters.flows, 1);
    assert_int_equal(flow_of_udp(1)->iat_min_us[WAY_SENT], 3000 * SECOND_US);
    assert_int_equal(flow_of_udp(1)->iat_max_us[WAY_SENT], 3000 * SECOND_US);
}

/* From a service's port to all: a radio's data, not an answer to nobody. */
static void broadcasts_are_no_answers(void **state)
{
    struct build b = {0};
    size_t ip, udp;

    (void)state;
    put_ether(&b, 0x0800);
    ip = put_ip4(&b, IP_PROTO_UDP, 1);
    udp = put_udp(&b, 1000, 40000);
    end_udp(&b, udp);
    end_ip4(&b, ip);
    memset(b.bytes, 0xff, 6);
    traffic_frame(&bed, &b);
    assert_int_equal(flow_of_udp(1)->key.port[0], 1000);
}

static void send_arp(unsigned op, const char *sender)
{
    struct build b = {0};
    struct addr addr;

    assert_true(addr_parse(sender, &addr));
    put_ether(&b, 0x0806);
    put(&b, "\0\1\x08\0\6\4", 6);
    put16(&b, op);
    put(&b, MAC_A, 6);
    put(&b, addr.bytes + 12, 4);
    put_zeros(&b, 6);
    put(&b, "\x0a\0\0\7", 4);
    traffic_frame(&bed, &b);
}

static void probes_do_not_take_a_device_its_address(void **state)
{
    const struct device *device;
    uint32_t index;

    (void)state;
    send_arp(2, "10.0.0.7");
    send_arp(1, "0.0.0.0");
    index = devices_find(&bed.iface->devices, (const uint8_t *)MAC_A, 0);
    assert_int_not_equal(index, POOL_NONE);
    device = devices_at(&bed.iface->devices, index);
    assert_addr(&device->ip, "10.0.0.7");
    assert_int_equal(device->arp_requests[WAY_SENT], 1);
    assert_int_equal(device->arp_replies[WAY_SENT], 1);
}

#define ENGINE_TEST(name) \
    cmocka_unit_test_setup_teardown(name, open_bed, close_bed)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ENGINE_TEST(an_application_that_changes_is_counted_once),
        ENGINE_TEST(requests_name_servers_and_systems),
        ENGINE_TEST(requests_to_an_address_name_nobody),
        ENGINE_TEST(requests_without_answer_name_nobody),
        ENGINE_TEST(responses_are_counted_by_class),
        ENGINE_TEST(dns_over_tcp_is_counted_and_learned),
        ENGINE_TEST(a_clock_set_back_delays_all_flows_at_once),
        ENGINE_TEST(a_clock_set_back_begins_flows_anew),
        ENGINE_TEST(a_clock_set_back_leaves_no_old_seconds),
        ENGINE_TEST(hosts_are_seen_when_they_spoke),
        ENGINE_TEST(the_end_of_a_flow_is_no_sign_of_life),
        ENGINE_TEST(icmp_of_one_flow_has_many_types),
        ENGINE_TEST(hosts_name_themselves_and_their_neighbours),
        ENGINE_TEST(only_granted_addresses_get_names),
        ENGINE_TEST(gaps_between_packets_are_measured),
        ENGINE_TEST(long_gaps_are_no_short_ones),
        ENGINE_TEST(broadcasts_are_no_answers),
        ENGINE_TEST(probes_do_not_take_a_device_its_address),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
