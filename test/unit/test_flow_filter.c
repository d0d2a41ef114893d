/* test_flow_filter: expressions over flows. SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "core/model/flow_filter.h"
#include "traffic.h"

/* Servers are in Norway and in AS 64500. */
static bool find_place(void *arg, const struct addr *addr, struct geo_info *out)
{
    (void)arg;
    *out =
        (struct geo_info){.country = "NO", .asn = 64500, .as_name = "Example"};
    return addr->bytes[14] == 1;
}

static void send_tcp(struct traffic_bed *bed, unsigned net, unsigned flags,
                     size_t payload, bool from_server)
{
    struct build b = {0};
    size_t ip;

    put_ether(&b, 0x0800);
    ip = put_ip4(&b, IP_PROTO_TCP, net);
    if (from_server)
        put_tcp(&b, 443, 40000, flags, payload);
    else
        put_tcp(&b, 40000, 443, flags, payload);
    end_ip4(&b, ip);
    if (from_server)
        traffic_turn(&b);
    traffic_frame(bed, &b);
}

static struct flow *flow_of(struct traffic_bed *bed, unsigned client_net,
                            uint8_t l4_proto)
{
    struct flows *flows = &bed->iface->flows;
    uint32_t cursor = 0;
    uint32_t index;

    while ((index = flows_next(flows, &cursor)) != POOL_NONE) {
        struct flow *flow = flows_at(flows, index);

        if (flow->key.ip_version == 4 && flow->key.l4_proto == l4_proto &&
            flow->key.addr[0].bytes[15] == client_net)
            return flow;
    }
    fail_msg("no flow");
    return NULL;
}

/*
 * Seven flows:
 *   UDP 10.0.0.1:1111 to 10.0.1.1:2222, one frame of 52 bytes
 *   UDP 10.0.0.2:1111 to 10.0.1.2:2222, three frames over four seconds; DNS
 *   UDP 10.0.0.4:1111 to 10.0.1.4:2222 in VLAN 5
 *   UDP 2001:db8::1 to 2001:db8::1:1
 *   TCP 10.0.0.1:40000 to 10.0.1.1:443, established; TLS.Google, a name
 *   TCP 10.0.0.6:40000 to 10.0.1.6:443, a SYN
 *   ICMP 10.0.0.7 to 10.0.1.7, which is an application, too
 */
static int bed_make(void **state)
{
    static const struct locator locator = {.locate = find_place};
    struct traffic_bed *bed = mem_calloc(1, sizeof(*bed));
    struct build b = {0};
    struct flow *flow;
    size_t ip;

    traffic_open(bed, &locator);
    traffic_udp(bed, 1);
    traffic_udp(bed, 2);
    put_ether(&b, 0x8100);
    put16(&b, 5);
    put16(&b, 0x0800);
    put_ip4_udp(&b, 4);
    traffic_frame(bed, &b);
    b.len = 0;
    put_ether(&b, 0x86dd);
    put_ip6_udp(&b, 1);
    traffic_frame(bed, &b);
    send_tcp(bed, 1, TCP_FLAG_SYN, 0, false);
    send_tcp(bed, 1, TCP_FLAG_SYN | TCP_FLAG_ACK, 0, true);
    send_tcp(bed, 1, TCP_FLAG_ACK, 0, false);
    send_tcp(bed, 1, TCP_FLAG_ACK, 2000, false);
    send_tcp(bed, 6, TCP_FLAG_SYN, 0, false);
    b.len = 0;
    put_ether(&b, 0x0800);
    ip = put_ip4(&b, IP_PROTO_ICMP, 7);
    put(&b, "\x08\x00\x00\x00\x00\x01\x00\x01", 8);
    end_ip4(&b, ip);
    traffic_frame(bed, &b);
    for (int i = 0; i < 2; i++) {
        bed->now_us += 2 * SECOND_US;
        traffic_udp(bed, 2);
    }
    flow = flow_of(bed, 1, IP_PROTO_TCP);
    flow->master = 91; /* TLS, as nDPI counts */
    flow->app = 126;   /* Google */
    attrs_set_text(&flow->attrs, ATTR_TLS_SERVER_NAME, "www.example.org", 15);
    flow_of(bed, 2, IP_PROTO_UDP)->app = 5; /* DNS */
    *state = bed;
    return 0;
}

static int bed_remove(void **state)
{
    traffic_close(*state);
    free(*state);
    return 0;
}

/* How many flows an expression is true for; -1 when it is refused. */
static int count(struct traffic_bed *bed, const char *text,
                 struct strbuf *error)
{
    struct flow_filter *filter =
        flow_filter_new(text, engine_dpi(bed->engine), error);
    uint32_t cursor = 0;
    uint32_t index;
    int found = 0;

    if (filter == NULL)
        return -1;
    while ((index = flows_next(&bed->iface->flows, &cursor)) != POOL_NONE)
        found += flow_filter_matches(filter, bed->iface,
                                     flows_at(&bed->iface->flows, index));
    flow_filter_free(filter);
    return found;
}

static void finds_flows(void **state)
{
    static const struct {
        const char *text;
        int flows;
    } rows[] = {
        {"", 7},
        {"  ", 7},
        {"ip=10.0.0.1", 2},
        {"IP == 10.0.1.1", 2},
        {"cli.ip=10.0.1.1", 0},
        {"srv.ip=10.0.1.1", 2},
        {"ip!=10.0.0.1", 5},
        {"ip=2001:db8::1", 1},
        {"net=10.0.0.0/8", 6},
        {"srv.net=10.0.1.4/30", 3},
        {"net=2001:db8::/32", 1},
        {"net=0.0.0.0/0", 6},
        {"net=::/0", 7},
        {"net=10.0.0.7", 1},
        {"port=443", 2},
        {"srv.port<=443 and port>0", 2},
        {"port!=443", 5},
        {"cli.port>2000", 2},
        {"mac=02:00:00:00:00:0a", 7},
        {"srv.mac=02:00:00:00:00:0a", 0},
        {"host=10.0.0.1", 2},
        {"host~10.0.1.", 6},
        {"country=no", 6},
        {"cli.country=NO", 0},
        {"srv.asn=64500", 6},
        {"asn>0 and asn<64500", 6}, /* either end for each: 0 is below */
        {"local=yes", 6},
        {"not local=yes", 1},
        {"network=-1", 1},
        {"vlan=5", 1},
        {"vlan!=0", 1},
        {"version=6", 1},
        {"proto=tcp", 2},
        {"proto=17", 4},
        {"proto!=UDP and proto!=TCP", 1},
        {"app=tls", 1},
        {"app=Google", 1},
        {"app=126", 1},
        {"app=0", 4},
        {"app=Unknown", 4},
        {"app~s.goo", 1},
        {"info~EXAMPLE", 1},
        {"info=www.example.org", 1},
        {"info=\"\"", 6},
        {"bytes>1000", 1},
        {"bytes>1k", 1},
        {"bytes<1M", 7},
        {"bytes=156", 1},
        {"packets>=3", 2},
        {"srv2cli.packets=1", 1},
        {"goodput>0 and proto=TCP", 1},
        {"duration=4", 1},
        {"duration<4", 6},
        {"established=yes", 1},
        {"proto=tcp and established=no", 1},
        {"status=5", 1},
        {"retransmissions=0", 7},
        {"ip=10.0.0.1 and (port=443 or app=DNS) and not vlan=5", 1},
        {"vlan=5 or port=443 or version=6", 4},
        {"vlan=5 or port=443 and established=yes", 2},
        {"(vlan=5 or port=443) and established=yes", 1},
        {"not not vlan=5", 1},
        {"not (vlan=5 or port=443)", 4},
        {"not vlan!=5", 1},
        {"NOT vlan=5 AND Proto=Udp", 3},
        {"vlan 5", 1},
        {"not vlan 5 and app tls", 1},
        {"host 10.0.1.0/24 and app TLS and bytes > 1k", 1},
        {"host 10.0.0.1", 2},
        {"srv.host 10.0.1.1", 2},
        {"host 2001:db8::/32", 1},
        {"ip in 10.0.0.0/8", 6},
        {"ip not in 10.0.0.0/8", 1},
        {"srv.ip in (10.0.1.1, 10.0.1.2,10.0.1.4)", 4},
        {"srv.ip in (10.0.1.0/30, 2001:db8::1:1/128)", 4},
        {"port in (443)", 2},
        {"port in (53,443)", 2},
        {"port not in (53,443)", 5},
        {"not port in (53,443)", 5},
        {"vlan in 5 or port in (443)", 3},
        {"app in (TLS, DNS)", 2},
        {"proto in (tcp, icmp)", 3},
        {"info in (\"a,b\", www.example.org)", 1},
        {"established", 1},
        {"not established", 6},
        {"established and port=443", 1},
        {"(established)", 1},
        {"established or vlan=5", 2},
        {"local", 6},
        {"not local", 1},
        {"srv.local and cli.local", 6},
        {"bytes>=0.156k and bytes<=0.156k", 1},
        {"bytes<1.5M", 7},
        /* Keys of the tables of scripts and of records. */
        {"IN_BYTES=156", 1},
        {"L4_DST_PORT=443", 2},
        {"proto.l4=TCP", 2},
        {"proto.ndpi~google", 1},
        {"L7_PROTO_NAME=TLS.Google", 1},
        {"cli.port=40000", 2},
        {"tcp.seq_problems", 0},
        {"host_server_name~example", 1},
        {"protos.ssl.certificate=www.example.org", 1},
        {"icmp.type=8", 1},
        {"seen.last>1", 7},
        {"goodput_bytes>1k", 1},
        {"tcp.nw_latency.client=0", 7},
        {"tcp.nw_latency.client>0.5", 0},
        {"throughput_bps>=0", 7},
        {"flow.idle", 0},
        {"country=NO or cli.country=NO", 6},
        {"latitude=0", 7},
    };
    struct strbuf error;

    strbuf_init(&error, 256);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int found = count(*state, rows[i].text, &error);

        if (found != rows[i].flows)
            print_error("%s: %d, not %d (%s)\n", rows[i].text, found,
                        rows[i].flows, error.text);
        assert_int_equal(found, rows[i].flows);
    }
    strbuf_free(&error);
}

static void says_where_it_is_wrong(void **state)
{
    static const struct {
        const char *text;
        const char *error;
    } rows[] = {
        {"foo=1", "unknown name at character 1: foo=1"},
        {"vlan=5 and foo=1", "unknown name at character 12: foo=1"},
        {"=1", "no name at character 1: =1"},
        {"vlan", "no operator (= != < <= > >= ~ in) at the end"},
        {"vlan=", "no value at the end"},
        {"vlan= )", "no value at character 7: )"},
        {"vlan=x", "no whole number at character 6: x"},
        {"vlan=5x", "no whole number at character 6: 5x"},
        {"vlan=-", "no whole number at character 6: -"},
        {"vlan=5kk", "no whole number at character 6: 5kk"},
        {"bytes>99999999999999999999", "no whole number at character 7: "},
        {"bytes>9999999999999999999", "no whole number at character 7: "},
        {"bytes>9999999999G", "no whole number at character 7: "},
        {"vlan~5", "this name is no text at character 5: ~5"},
        {"ip~10", "this name is no text at character 3: ~10"},
        {"ip<10.0.0.1", "this name has no order at character 3: <10.0.0.1"},
        {"app>TLS", "this name has no order"},
        {"info<a", "this name has no order"},
        {"established>no", "this name has no order"},
        {"ip=10.0.0", "no address at character 4: 10.0.0"},
        {"ip=10.0.0.0/8", "no address at character 4: 10.0.0.0/8"},
        {"ip=", "no value at the end"},
        {"net=10.0.0.0/33", "no network"},
        {"net=10.0.0.0/", "no network"},
        {"net=10.0.0.0/-1", "no network"},
        {"net=10.0.0.0/8/8", "no network"},
        {"net=::/129", "no network"},
        {"net=/8", "no network"},
        {"mac=02:00", "no MAC address"},
        {"proto=nothing", "unknown IP protocol"},
        {"proto=256", "unknown IP protocol"},
        {"app=nosuchapp", "unknown application at character 5: nosuchapp"},
        {"app=512", "unknown application"},
        {"app=-1", "unknown application"},
        {"category=nosuch", "unknown category"},
        {"established=maybe", "neither yes nor no"},
        {"cli.vlan=5", "unknown name at character 1: cli.vlan=5"},
        {"cli.=5", "unknown name"},
        {"info=\"open", "no end of the quotes at character 6: \"open"},
        {"info=\"open\\", "no end of the quotes"},
        {"vlan=5 port=443", "neither \"and\" nor \"or\" at character 8: port"},
        {"vlan=5 and", "no name at the end"},
        {"and vlan=5", "unknown name at character 1: and vlan=5"},
        {"not", "no name at the end"},
        {"()", "no name at character 2: )"},
        {"(vlan=5", "no ) at the end"},
        {"vlan=5)", "neither \"and\" nor \"or\" at character 7: )"},
        {"((vlan=5)", "no ) at the end"},
        {"vlan=5 or or port=1", "unknown name at character 11: or port=1"},
        {"vlan=5 && port=1", "neither \"and\" nor \"or\" at character 8: &&"},
        {"!vlan=5", "no name at character 1: !vlan=5"},
        {"vlan=5;drop", "no whole number"},
        {"vlan=\"5\" x", "neither"},
        {"vlan=\x1b[31m", "no value at character 6: ?[31m"},
        {"vlan=1=2", "neither \"and\" nor \"or\" at character 7: =2"},
        {"bytes> >5", "no value"},
        {"bytes=>5", "no value"},
        {"host='a b'", "neither \"and\" nor \"or\" at character 9: b'"},
        {"%s%n=1", "unknown name at character 1: %s%n=1"},
        {"\"vlan\"=5", "no name"},
        {"version=six", "no whole number"},
        {"duration=1s", "no whole number"},
        {"port=", "no value at the end"},
        {"port=http", "no whole number at character 6: http"},
        {"network=", "no value"},
        {"vlan=5.5", "no whole number at character 6: 5.5"},
        {"vlan=5..5", "no whole number"},
        {"bytes>0.0001k", "no whole number"},
        {"throughput_bps>fast", "no number at character 16: fast"},
        {"vlan and port=1", "no operator"},
        {"vlan in", "no value at the end"},
        {"vlan in (", "no value at the end"},
        {"vlan in ()", "no value at character 10: )"},
        {"vlan in (5", "neither , nor ) at the end"},
        {"vlan in (5 6)", "neither , nor ) at character 12: 6)"},
        {"vlan in (5,)", "no value at character 12: )"},
        {"vlan in (5,x)", "no whole number at character 12: x"},
        {"vlan not 5", "no operator"},
        {"vlan in=5", "no value at character 8: =5"},
        {"ip in (10.0.0.0/33)", "no network at character 8"},
        {"tls=1", "this name is a table at character 1: tls=1"},
        {"risks~a", "this name is a table"},
        {"SRC_IP_LOCATION=1", "this name is a table"},
        {"tls.x=1", "unknown name"},
        {"srv.cli.ip=1", "unknown name"},
        {"established not", "no operator"},
    };
    struct strbuf error;

    strbuf_init(&error, 256);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        strbuf_reset(&error);
        if (count(*state, rows[i].text, &error) != -1)
            fail_msg("accepted: %s", rows[i].text);
        if (strstr(error.text, rows[i].error) == NULL)
            fail_msg("%s: %s", rows[i].text, error.text);
        assert_memory_equal(error.text, "filter: ", 8);
    }
    strbuf_free(&error);
}

static void text_of(char *text, const char *part, unsigned times,
                    const char *last)
{
    *text = '\0';
    while (times-- > 0)
        text = stpcpy(text, part);
    strcpy(text, last);
}

static void is_bounded(void **state)
{
    char *text = mem_alloc(65536);
    struct strbuf error;

    strbuf_init(&error, 256);
    text_of(text, "(", FILTER_DEPTH_MAX, "vlan=5");
    text_of(text + strlen(text), ")", FILTER_DEPTH_MAX, "");
    assert_int_equal(count(*state, text, &error), 1);
    text_of(text, "not ", FILTER_DEPTH_MAX, "vlan=5");
    assert_int_equal(count(*state, text, &error), 1);
    text_of(text, "vlan=5 or ", FILTER_TESTS_MAX - 1, "vlan=6");
    assert_int_equal(count(*state, text, &error), 1);
    assert_int_equal(error.len, 0);
    text_of(text, "vlan=5 or ", FILTER_TESTS_MAX, "vlan=6");
    assert_int_equal(count(*state, text, &error), -1);
    assert_non_null(strstr(error.text, "too many tests"));
    strbuf_reset(&error);
    text_of(text, "(", FILTER_DEPTH_MAX + 1, "vlan=5");
    assert_int_equal(count(*state, text, &error), -1);
    assert_non_null(strstr(error.text, "too deep"));
    strbuf_reset(&error);
    text_of(text, "vlan in (5", 1, "");
    text_of(text + strlen(text), ",6", FILTER_TESTS_MAX - 1, ")");
    assert_int_equal(count(*state, text, &error), 1);
    text_of(text, "vlan in (5", 1, "");
    text_of(text + strlen(text), ",6", FILTER_TESTS_MAX, ")");
    assert_int_equal(count(*state, text, &error), -1);
    assert_non_null(strstr(error.text, "too many tests"));
    strbuf_reset(&error);
    text_of(text, " ", FILTER_TEXT_MAX + 1, "");
    assert_int_equal(count(*state, text, &error), -1);
    assert_non_null(strstr(error.text, "longer than"));
    text_of(text, "\"", 60000, "");
    assert_int_equal(count(*state, text, &error), -1);
    strbuf_free(&error);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(finds_flows, bed_make, bed_remove),
        cmocka_unit_test_setup_teardown(says_where_it_is_wrong, bed_make,
                                        bed_remove),
        cmocka_unit_test_setup_teardown(is_bounded, bed_make, bed_remove),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
