/* test_decode_tunnel: packets inside packets. SPDX-License-Identifier: MIT */
#include "frame.h"

#define ETHERNET 1
#define RAW 101
#define VXLAN_PORT 4789
#define MACS "\2\0\0\0\0\2\2\0\0\0\0\1"
/* Three addresses and the sequence number of 802.11. */
#define ADDRS MACS "\2\0\0\0\0\3\0\0"
#define LLC_SNAP "\xaa\xaa\x03\0\0\0"

/* A tunnel header, written as a string, between an IPv4 packet of net 1 (with
 * UDP ports 3333 to `port` unless that is 0) and an IP packet of net 2. */
struct tunnel_row {
    const char *what;
    uint8_t proto;
    uint16_t port;
    bool v6; /* what is inside */
    size_t len;
    const char *header;
};

#define IN_IP(what, proto, v6, header)                 \
    {                                                  \
        what, proto, 0, v6, sizeof(header) - 1, header \
    }
#define IN_UDP(what, port, v6, header)                           \
    {                                                            \
        what, IP_PROTO_UDP, port, v6, sizeof(header) - 1, header \
    }
#define IN_GRE(what, v6, header) IN_IP(what, IP_PROTO_GRE, v6, header)

static const struct tunnel_row rows[] = {
    IN_IP("IPv4 in IPv4", IP_PROTO_IPIP, 0, ""),
    IN_IP("IPv6 in IPv4", IP_PROTO_IPV6, 1, ""),
    IN_GRE("GRE", 0, "\0\0\x08\0"),
    IN_GRE("GRE, IPv6", 1, "\0\0\x86\xdd"),
    IN_GRE("GRE, checksum", 0, "\x80\0\x08\0\1\2\0\0"),
    IN_GRE("GRE, key", 0, "\x20\0\x08\0\1\2\3\4"),
    IN_GRE("GRE, sequence", 0, "\x10\0\x08\0\1\2\3\4"),
    IN_GRE("GRE, all three", 0, "\xb0\0\x08\0\1\2\0\0\1\2\3\4\1\2\3\4"),
    IN_GRE("GRE, source routes", 0,
           "\x40\0\x08\0\0\0\0\0\x08\0\0\x04\1\2\3\4\0\0\0\0"),
    IN_GRE("GRE, everything", 1,
           "\xf0\0\x86\xdd\0\0\0\0\1\2\3\4\1\2\3\4\0\0\0\0"),
    IN_GRE("GRE, Ethernet", 0, "\0\0\x65\x58" MACS "\x08\0"),
    IN_GRE("GRE, Ethernet with tag", 0,
           "\0\0\x65\x58" MACS "\x81\0\0\x09\x08\0"),
    IN_GRE("GRE, MPLS", 0, "\0\0\x88\x47\0\0\x11\x40"),
    IN_GRE("PPTP", 0, "\x30\x01\x88\x0b\0\x2a\0\x01\0\0\0\1\xff\x03\0\x21"),
    IN_GRE("PPTP, acknowledgement", 1,
           "\x30\x81\x88\x0b\0\x2a\0\x01\0\0\0\1\0\0\0\1\x57"),
    IN_GRE("ERSPAN I", 0, "\0\0\x88\xbe" MACS "\x08\0"),
    IN_GRE("ERSPAN II", 0,
           "\x10\0\x88\xbe\0\0\0\1\x10\1\0\0\0\0\0\0" MACS "\x08\0"),
    IN_GRE("ERSPAN III", 1,
           "\x10\0\x22\xeb\0\0\0\1\x20\1\0\0\0\0\0\0\0\0\0\0" MACS "\x86\xdd"),
    IN_GRE(
        "ERSPAN III, subheader", 0,
        "\x10\0\x22\xeb\0\0\0\1\x20\1\0\0\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\0" MACS
        "\x08\0"),
    IN_GRE("ERSPAN III, IP", 0,
           "\x10\0\x22\xeb\0\0\0\1\x20\1\0\0\0\0\0\0\0\0\x08\0"),
    IN_UDP("VXLAN", 4789, 0, "\x08\0\0\0\0\0\x2a\0" MACS "\x08\0"),
    IN_UDP("VXLAN, policy", 4789, 1, "\x88\0\0\1\0\0\x2a\0" MACS "\x86\xdd"),
    IN_UDP("VXLAN, Linux", 8472, 0, "\x08\0\0\0\0\0\x2a\0" MACS "\x08\0"),
    IN_UDP("GTP-U", 2152, 0, "\x30\xff\0\x26\0\0\0\1"),
    IN_UDP("GTP-U, sequence", 2152, 0, "\x32\xff\0\x2a\0\0\0\1\0\1\0\0"),
    IN_UDP("GTP-U, extensions", 2152, 1,
           "\x34\xff\0\x4a\0\0\0\1\0\0\0\x85\1\0\0\xc0\x02\0\0\0\0\0\0\0"),
    IN_UDP("CAPWAP, 802.3", 5247, 0, "\0\x10\0\0\0\0\0\0" MACS "\x08\0"),
    IN_UDP("CAPWAP, 802.11", 5247, 0,
           "\0\x10\x03\0\0\0\0\0\x08\1\0\0" ADDRS LLC_SNAP "\x08\0"),
    IN_UDP("CAPWAP, swapped QoS", 5247, 1,
           "\0\x20\x03\x10\0\0\0\0\x04\1\2\3\4\0\0\0\1\x88\0\0" ADDRS
           "\0\0" LLC_SNAP "\x86\xdd"),
    IN_UDP("CAPWAP, first fragment", 5247, 0,
           "\0\x10\0\x80\0\1\0\0" MACS "\x08\0"),
    IN_UDP("TZSP", 37008, 0, "\1\0\0\1\1" MACS "\x08\0"),
    IN_UDP("TZSP, tags", 37008, 0,
           "\1\1\0\1\0\x0a\1\x2a\x0b\0\0\1" MACS "\x08\0"),
    IN_UDP("TZSP, 802.11", 37008, 1,
           "\1\0\0\x12\1\x08\2\0\0" ADDRS LLC_SNAP "\x86\xdd"),
};

static const size_t row_count = sizeof(rows) / sizeof(rows[0]);

static struct build row_packet(const struct tunnel_row *row)
{
    struct build b = {.len = 0};
    size_t udp = 0;

    put_ip4(&b, row->proto, 1);
    if (row->port)
        udp = put_udp(&b, 3333, row->port);
    put(&b, row->header, row->len);
    if (row->v6)
        put_ip6_udp(&b, 2);
    else
        put_ip4_udp(&b, 2);
    if (row->port)
        end_udp(&b, udp);
    end_ip4(&b, 0);
    return b;
}

static void assert_outer(const struct packet *p, const struct tunnel_row *row)
{
    assert_addr(&p->src, "10.0.0.1");
    assert_int_equal(p->l4_proto, row->proto);
    assert_int_equal(p->dst_port, row->port);
    assert_false(p->is_tunneled);
    assert_int_equal(p->vlan, 0);
    assert_int_equal(p->tcp.window_scale, 0xff);
}

static void every_tunnel_leads_to_its_inside(void **state)
{
    (void)state;

    for (size_t i = 0; i < row_count; i++) {
        struct build b = row_packet(&rows[i]);
        struct packet p = decode_once(&b, RAW);

        if (!p.is_tunneled)
            print_error("%s is not entered\n", rows[i].what);
        assert_udp(&p, 2);
        assert_true(p.is_tunneled);
        assert_int_equal(p.ip_version, rows[i].v6 ? 6 : 4);
        assert_int_equal(p.kind, L3_IPV4);
    }
}

static void tunnels_stay_closed_on_demand(void **state)
{
    (void)state;

    for (size_t i = 0; i < row_count; i++) {
        struct build b = row_packet(&rows[i]);
        struct bench bench;
        const struct packet *p;

        bench_open(&bench, RAW, 1);
        p = bench_whole(&bench, &b);
        assert_int_equal(p->malformed, MALFORMED_NONE);
        assert_outer(p, &rows[i]);
        assert_non_null(p->l4);
        assert_int_equal(p->payload_wire_len,
                         b.len - 20 - (rows[i].port ? 8 : 0));
        bench_close(&bench);
    }
}

/* Up to the inner addresses the outer packet is reported, then the inner. */
static void tunnels_can_be_cut_anywhere(void **state)
{
    (void)state;

    for (size_t i = 0; i < row_count; i++) {
        struct build b = row_packet(&rows[i]);
        size_t inner = b.len - 18;
        struct bench bench;

        bench_open(&bench, RAW, 0);
        for (size_t len = 28; len < b.len; len++) {
            const struct packet *p = bench_cut(&bench, &b, len, b.len);

            if (len < inner) {
                assert_outer(p, &rows[i]);
                assert_true(!rows[i].port || p->malformed == MALFORMED_NONE);
                assert_true(p->malformed == MALFORMED_NONE ||
                            p->malformed == MALFORMED_TUNNEL);
            } else {
                assert_true(p->is_tunneled);
                assert_int_equal(p->malformed, len < inner + 8
                                                   ? MALFORMED_UDP
                                                   : MALFORMED_NONE);
            }
            bench_cut(&bench, &b, len, len);
        }
        bench_close(&bench);
    }
}

static void other_things_on_tunnel_ports_stay_what_they_are(void **state)
{
    (void)state;

    for (size_t i = 0; i < row_count; i++) {
        struct build b = row_packet(&rows[i]);
        size_t ip = b.len - (rows[i].v6 ? 58 : 38);
        struct packet p;

        if (!rows[i].port)
            continue;
        b.bytes[ip] = 0x55; /* no such version */
        p = decode_once(&b, RAW);
        assert_int_equal(p.malformed, MALFORMED_NONE);
        assert_outer(&p, &rows[i]);
        assert_int_equal(p.payload_len, b.len - 28);
        /* The length inside says more than there is. */
        b.bytes[ip] = rows[i].v6 ? 0x60 : 0x45;
        b.bytes[ip + (rows[i].v6 ? 5 : 3)]++;
        if (b.bytes[31] & 0x80) /* a CAPWAP fragment may say so */
            continue;
        p = decode_once(&b, RAW);
        assert_int_equal(p.malformed, MALFORMED_NONE);
        assert_outer(&p, &rows[i]);
    }
}

/* Headers that are not what their port or protocol promises. */
static void headers_that_are_not_understood_are_left_alone(void **state)
{
    static const struct tunnel_row others[] = {
        IN_GRE("GRE version 2", 0, "\0\2\x08\0"),
        IN_GRE("GRE version 1 without PPP", 0, "\x20\1\x08\0\0\0\0\0"),
        IN_GRE("PPTP acknowledgement", 0, "\x20\x81\x88\x0b\0\0\0\1\0\0\0\1"),
        IN_GRE("PPTP compressed", 0, "\x30\1\x88\x0b\0\0\0\1\0\0\0\1\0\xfd"),
        IN_GRE("GRE keep-alive", 0, "\0\0\0\0"),
        IN_GRE("GRE, ARP", 0, "\0\0\x08\x06"),
        IN_UDP("VXLAN without id", 4789, 0, "\0\0\0\0\0\0\x2a\0" MACS "\x08\0"),
        IN_UDP("VXLAN, reserved", 4789, 0,
               "\x08\0\0\0\0\0\x2a\1" MACS "\x08\0"),
        IN_UDP("VXLAN, ARP", 4789, 0, "\x08\0\0\0\0\0\1\0" MACS "\x08\x06"),
        IN_UDP("GTP-U echo", 2152, 0, "\x30\1\0\x26\0\0\0\1"),
        IN_UDP("GTP-U version 2", 2152, 0, "\x50\xff\0\x26\0\0\0\1"),
        IN_UDP("GTP'", 2152, 0, "\x20\xff\0\x26\0\0\0\1"),
        IN_UDP("GTP-U too long", 2152, 0, "\x30\xff\0\x27\0\0\0\1"),
        IN_UDP("GTP-U, empty extension", 2152, 0,
               "\x34\xff\0\x2a\0\0\0\1\0\0\0\x85\0"),
        IN_UDP("CAPWAP, DTLS", 5247, 0, "\1\x10\0\0\0\0\0\0" MACS "\x08\0"),
        IN_UDP("CAPWAP, keep-alive", 5247, 0,
               "\0\x10\0\x08\0\0\0\0" MACS "\x08\0"),
        IN_UDP("CAPWAP, short header", 5247, 0,
               "\0\x08\0\0\0\0\0\0" MACS "\x08\0"),
        IN_UDP("CAPWAP, later fragment", 5247, 0,
               "\0\x10\0\x80\0\1\0\x08" MACS "\x08\0"),
        IN_UDP("TZSP keep-alive", 37008, 0, "\1\4\0\1\1" MACS "\x08\0"),
        IN_UDP("TZSP version 2", 37008, 0, "\2\0\0\1\1" MACS "\x08\0"),
        IN_UDP("TZSP, no such frame", 37008, 0, "\1\0\0\x77\1" MACS "\x08\0"),
    };
    (void)state;

    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        struct build b = row_packet(&others[i]);
        struct packet p = decode_once(&b, RAW);

        if (p.is_tunneled)
            print_error("%s is entered\n", others[i].what);
        assert_int_equal(p.malformed, MALFORMED_NONE);
        assert_outer(&p, &others[i]);
    }
}

static void ip_in_ip_without_ip_is_malformed(void **state)
{
    struct build b = {.len = 0};
    struct packet p;
    (void)state;

    put_ip4(&b, IP_PROTO_IPIP, 1);
    put_ip6_udp(&b, 2);
    end_ip4(&b, 0);
    p = decode_once(&b, RAW);
    assert_int_equal(p.malformed, MALFORMED_TUNNEL);
    assert_int_equal(p.l4_proto, IP_PROTO_IPIP);
    assert_addr(&p.src, "10.0.0.1");
}

static void ipv6_carries_both_versions(void **state)
{
    (void)state;

    for (int v6 = 0; v6 <= 1; v6++) {
        struct build b = {.len = 0};
        struct packet p;

        put_ip6(&b, v6 ? IP_PROTO_IPV6 : IP_PROTO_IPIP, 1);
        if (v6)
            put_ip6_udp(&b, 2);
        else
            put_ip4_udp(&b, 2);
        end_ip6(&b, 0);
        p = decode_once(&b, RAW);
        assert_udp(&p, 2);
        assert_true(p.is_tunneled);
        assert_int_equal(p.kind, L3_IPV6);
    }
}

static void link_addresses_are_those_of_the_outermost_frame(void **state)
{
    struct build b = {.len = 0};
    struct bench bench;
    const struct packet *p;
    size_t ip, udp;
    (void)state;

    put_ether(&b, 0x8100);
    put32(&b, 0x00050800); /* VLAN 5 */
    ip = put_ip4(&b, IP_PROTO_UDP, 1);
    udp = put_udp(&b, 3333, VXLAN_PORT);
    put(&b, "\x08\0\0\0\0\0\x2a\0" MACS "\x81\0\0\x09\x08\0", 26);
    put_ip4_udp(&b, 2);
    end_udp(&b, udp);
    end_ip4(&b, ip);
    bench_open(&bench, ETHERNET, 0);
    p = bench_whole(&bench, &b);
    assert_udp(p, 2);
    assert_int_equal(p->vlan, 5);
    assert_memory_equal(p->src_mac, MAC_A, MAC_SIZE);
    assert_ptr_equal(p->l3, bench.bytes + b.len - 38);
    bench_close(&bench);
}

static void replies_from_a_tunnel_port_are_looked_into(void **state)
{
    struct build b = {.len = 0};
    struct packet p;
    size_t udp;
    (void)state;

    put_ip4(&b, IP_PROTO_UDP, 1);
    udp = put_udp(&b, 2152, 40000);
    put(&b, "\x30\xff\0\x26\0\0\0\1", 8);
    put_ip4_udp(&b, 2);
    end_udp(&b, udp);
    end_ip4(&b, 0);
    p = decode_once(&b, RAW);
    assert_udp(&p, 2);
}

/* `depth` tunnels: IPv4 packets of nets 1, 2 ... */
static struct build nested(unsigned depth)
{
    struct build b = {.len = 0};
    size_t ends[16];

    for (unsigned i = 0; i < depth; i++)
        ends[i] = put_ip4(&b, IP_PROTO_IPIP, i + 1);
    put_ip4_udp(&b, depth + 1);
    while (depth-- > 0)
        end_ip4(&b, ends[depth]);
    return b;
}

static void tunnels_in_tunnels_have_a_bound(void **state)
{
    (void)state;

    for (unsigned depth = 1; depth < 12; depth++) {
        struct build b = nested(depth);
        struct packet p = decode_once(&b, RAW);

        if (depth <= 4) {
            assert_udp(&p, depth + 1);
            continue;
        }
        assert_int_equal(p.malformed, MALFORMED_TUNNEL);
        assert_addr(&p.src, "10.0.0.1");
        assert_int_equal(p.l4_proto, IP_PROTO_IPIP);
        assert_false(p.is_tunneled);
        assert_int_equal(p.payload_len, b.len - 20);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_tunnel_leads_to_its_inside),
        cmocka_unit_test(tunnels_stay_closed_on_demand),
        cmocka_unit_test(tunnels_can_be_cut_anywhere),
        cmocka_unit_test(other_things_on_tunnel_ports_stay_what_they_are),
        cmocka_unit_test(headers_that_are_not_understood_are_left_alone),
        cmocka_unit_test(ip_in_ip_without_ip_is_malformed),
        cmocka_unit_test(ipv6_carries_both_versions),
        cmocka_unit_test(link_addresses_are_those_of_the_outermost_frame),
        cmocka_unit_test(replies_from_a_tunnel_port_are_looked_into),
        cmocka_unit_test(tunnels_in_tunnels_have_a_bound),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
