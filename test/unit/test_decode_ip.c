/* test_decode_ip: IP and transport headers. SPDX-License-Identifier: MIT */
#include "frame.h"

#define RAW 101

static void ip4_headers_that_lie_have_their_reason(void **state)
{
    static const struct {
        size_t at; /* byte of put_ip4_udp(), 38 long, set to `value` */
        uint8_t value;
        enum malformed reason;
        bool has_ports;
    } rows[] = {
        {0, 0x55, MALFORMED_IP_VERSION, false},
        {0, 0x44, MALFORMED_IP_LENGTH, false}, /* header of 16 */
        {0, 0x40, MALFORMED_IP_LENGTH, false},
        {0, 0x4f, MALFORMED_IP_LENGTH, false}, /* longer than the packet */
        {3, 0, MALFORMED_IP_LENGTH, false},
        {3, 19, MALFORMED_IP_LENGTH, false},
        {3, 20, MALFORMED_UDP, false},
        {3, 27, MALFORMED_UDP, true},
        {3, 37, MALFORMED_UDP, true},       /* UDP says more than IP */
        {3, 39, MALFORMED_IP_LENGTH, true}, /* IP says more than the link */
        {2, 255, MALFORMED_IP_LENGTH, true},
        {25, 7, MALFORMED_UDP, true},
        {25, 0, MALFORMED_UDP, true},
        {25, 8, MALFORMED_NONE, true},
        {25, 19, MALFORMED_UDP, true},
        {24, 255, MALFORMED_UDP, true},
    };
    (void)state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct build b = {.len = 0};
        struct packet p;

        put_ip4_udp(&b, 1);
        b.bytes[rows[i].at] = rows[i].value;
        p = decode_once(&b, RAW);
        assert_int_equal(p.malformed, rows[i].reason);
        assert_int_equal(p.src_port, rows[i].has_ports ? 1111 : 0);
        if (rows[i].reason == MALFORMED_IP_VERSION)
            continue;
        assert_addr(&p.src, "10.0.0.1");
        assert_int_equal(p.l4_proto, IP_PROTO_UDP);
    }
}

static void ip4_options_are_stepped_over(void **state)
{
    struct build b = {.len = 0};
    struct bench bench;
    const struct packet *p;
    size_t udp;
    (void)state;

    put_ip4(&b, IP_PROTO_UDP, 1);
    b.bytes[0] = 0x4f;
    put_zeros(&b, 40);
    udp = put_udp(&b, 1111, 2222);
    put_zeros(&b, 10);
    end_udp(&b, udp);
    end_ip4(&b, 0);
    bench_open(&bench, RAW, 0);
    p = bench_whole(&bench, &b);
    assert_udp(p, 1);
    assert_ptr_equal(p->l4, bench.bytes + 60);
    bench_cut_everywhere(&bench, &b, 68);
    p = bench_cut(&bench, &b, 59, b.len);
    assert_int_equal(p->malformed, MALFORMED_IP_SHORT);
    assert_addr(&p->dst, "10.0.1.1");
    bench_close(&bench);
}

static void the_link_says_which_version(void **state)
{
    struct build four = {.len = 0}, six = {.len = 0};
    (void)state;

    put_ip4_udp(&four, 1);
    put_ip6_udp(&six, 1);
    assert_int_equal(decode_once(&four, 229).malformed, MALFORMED_IP_SHORT);
    put_zeros(&four, 10);
    assert_int_equal(decode_once(&four, 229).malformed, MALFORMED_IP_VERSION);
    assert_int_equal(decode_once(&six, 228).malformed, MALFORMED_IP_VERSION);
}

/* Captured before the network card cut it up: the length is 0. */
static void offloaded_packets_are_as_long_as_the_frame(void **state)
{
    struct build b = {.len = 0};
    struct packet p;
    (void)state;

    put_ip4(&b, IP_PROTO_TCP, 1);
    put_tcp(&b, 1, 2, TCP_FLAG_ACK, 3000);
    p = decode_once(&b, RAW);
    assert_int_equal(p.malformed, MALFORMED_NONE);
    assert_int_equal(p.payload_wire_len, 3000);

    b.len = 0;
    put_ip6(&b, IP_PROTO_TCP, 1);
    put_tcp(&b, 1, 2, TCP_FLAG_ACK, 3000);
    p = decode_once(&b, RAW);
    assert_int_equal(p.malformed, MALFORMED_NONE);
    assert_int_equal(p.payload_wire_len, 3000);
}

static void jumbograms_have_their_length_in_an_option(void **state)
{
    struct build b = {.len = 0};
    struct bench bench;
    const struct packet *p;
    (void)state;

    put_ip6(&b, 0, 1);
    put8(&b, IP_PROTO_TCP);
    put(&b, "\0\xc2\x04\0\x01\x11\x70", 7); /* 70000 */
    put_tcp(&b, 1, 2, TCP_FLAG_ACK, 100);
    bench_open(&bench, RAW, 0);
    p = bench_cut(&bench, &b, b.len, 40 + 70000);
    assert_int_equal(p->malformed, MALFORMED_NONE);
    assert_int_equal(p->payload_wire_len, 70000 - 8 - 20);
    assert_int_equal(p->payload_len, 100);
    p = bench_cut(&bench, &b, b.len, 40 + 69999);
    assert_int_equal(p->malformed, MALFORMED_IP_LENGTH);
    /* Long by the frame alone; short, it really has no payload. */
    b.bytes[42] = 0x1e;
    p = bench_cut(&bench, &b, b.len, 40 + 69999);
    assert_int_equal(p->payload_wire_len, 69999 - 8 - 20);
    p = bench_whole(&bench, &b);
    assert_int_equal(p->malformed, MALFORMED_IP_EXTENSION);
    set16(&b, 44, 0xffff);
    set16(&b, 46, 0xffff);
    b.bytes[42] = 0xc2;
    p = bench_whole(&bench, &b);
    assert_int_equal(p->malformed, MALFORMED_IP_LENGTH);
    assert_int_equal(p->payload_wire_len, 100);
    bench_close(&bench);
}

/* An extension header of `size` bytes, AH's length included. */
static void put_extension(struct build *b, unsigned type, unsigned next,
                          size_t size)
{
    put8(b, next);
    put8(b, (unsigned)(type == IP_PROTO_AH ? size / 4 - 2 : size / 8 - 1));
    put_zeros(b, size - 2);
}

static void ip6_extension_headers_are_stepped_over(void **state)
{
    static const uint8_t types[] = {0, 60, 43, IP_PROTO_AH, 135, 139, 140, 60};
    const size_t count = sizeof(types) / sizeof(types[0]);
    struct build b = {.len = 0};
    struct bench bench;
    const struct packet *p;
    size_t udp;
    (void)state;

    put_ip6(&b, types[0], 1);
    for (size_t i = 0; i < count; i++)
        put_extension(&b, types[i], i + 1 < count ? types[i + 1] : IP_PROTO_UDP,
                      types[i] == IP_PROTO_AH ? 12 : 8 * (i % 3 + 1));
    udp = put_udp(&b, 1111, 2222);
    put_zeros(&b, 10);
    end_udp(&b, udp);
    end_ip6(&b, 0);
    bench_open(&bench, RAW, 0);
    p = bench_whole(&bench, &b);
    assert_udp(p, 1);
    assert_int_equal(p->ttl, 61);
    assert_ptr_equal(p->l4, bench.bytes + udp);
    bench_cut_everywhere(&bench, &b, udp + 8);
    p = bench_cut(&bench, &b, udp - 1, b.len);
    assert_int_equal(p->malformed, MALFORMED_IP_EXTENSION);
    assert_addr(&p->src, "2001:db8::1");
    b.bytes[41] = 255; /* the first one is longer than the packet */
    p = bench_whole(&bench, &b);
    assert_int_equal(p->malformed, MALFORMED_IP_EXTENSION);
    bench_close(&bench);
}

static void ip6_chains_have_a_bound(void **state)
{
    (void)state;

    for (int count = 15; count <= 18; count++) {
        struct build b = {.len = 0};
        struct packet p;

        put_ip6(&b, 60, 1);
        for (int i = 1; i <= count; i++)
            put_extension(&b, 60, i < count ? 60 : IP_PROTO_TCP, 8);
        put_tcp(&b, 1, 2, 0, 0);
        end_ip6(&b, 0);
        p = decode_once(&b, RAW);
        assert_int_equal(p.malformed,
                         count <= 16 ? MALFORMED_NONE : MALFORMED_IP_EXTENSION);
    }
}

static void no_next_header_means_no_payload(void **state)
{
    struct build b = {.len = 0};
    struct packet p;
    (void)state;

    put_ip6(&b, 59, 1);
    put_zeros(&b, 6);
    p = decode_once(&b, RAW);
    assert_int_equal(p.malformed, MALFORMED_NONE);
    assert_int_equal(p.l4_proto, 59);
    assert_null(p.l4);
}

static void tcp_data_offsets_are_checked(void **state)
{
    static const struct {
        uint8_t offset;
        enum malformed reason;
    } rows[] = {
        {0x00, MALFORMED_TCP},  {0x40, MALFORMED_TCP}, {0x50, MALFORMED_NONE},
        {0x60, MALFORMED_NONE}, {0x70, MALFORMED_TCP}, {0xf0, MALFORMED_TCP},
    };
    (void)state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct build b = {.len = 0};
        struct packet p;

        put_ip4(&b, IP_PROTO_TCP, 1);
        put_tcp(&b, 1111, 2222, TCP_FLAG_SYN, 4);
        b.bytes[32] = rows[i].offset;
        end_ip4(&b, 0);
        p = decode_once(&b, RAW);
        assert_int_equal(p.malformed, rows[i].reason);
        assert_int_equal(p.src_port, 1111);
        assert_int_equal(p.l4 != NULL, rows[i].reason == MALFORMED_NONE);
        assert_int_equal(p.tcp.flags, rows[i].reason == MALFORMED_NONE ? 2 : 0);
    }
}

static void the_window_scale_of_a_syn_is_found(void **state)
{
    static const struct {
        const char *options;
        uint8_t flags;
        uint8_t scale;
    } rows[] = {
        {"\x02\x04\x05\xb4\x01\x03\x03\x07", TCP_FLAG_SYN, 7},
        {"\x03\x03\x00\x01\x01\x01\x01\x01", TCP_FLAG_SYN | TCP_FLAG_ACK, 0},
        {"\x01\x01\x01\x01\x01\x03\x03\xff", TCP_FLAG_SYN, 14},
        {"\x03\x03\x07\x01\x01\x01\x01\x01", TCP_FLAG_ACK, 0xff},
        {"\x00\x01\x01\x01\x01\x03\x03\x07", TCP_FLAG_SYN, 0xff},
        {"\x02\x00\x01\x01\x01\x03\x03\x07", TCP_FLAG_SYN, 0xff},
        {"\x02\x01\x01\x01\x01\x03\x03\x07", TCP_FLAG_SYN, 0xff},
        {"\x01\x01\x01\x01\x01\x01\x03\x03", TCP_FLAG_SYN, 0xff},
        {"\x01\x01\x01\x01\x01\x01\x01\x03", TCP_FLAG_SYN, 0xff},
        {"\x03\x04\x07\x01\x01\x03\x03\x07", TCP_FLAG_SYN, 7},
        {"\x08\xff\x07\x01\x01\x03\x03\x07", TCP_FLAG_SYN, 0xff},
    };
    (void)state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct build b = {.len = 0};
        struct packet p;

        put_ip4(&b, IP_PROTO_TCP, 1);
        put_tcp(&b, 1, 2, rows[i].flags, 0);
        put(&b, rows[i].options, 8);
        b.bytes[32] = 0x70;
        end_ip4(&b, 0);
        p = decode_once(&b, RAW);
        assert_int_equal(p.malformed, MALFORMED_NONE);
        assert_int_equal(p.tcp.window_scale, rows[i].scale);
    }
}

static void tcp_options_may_be_cut_by_the_snap_length(void **state)
{
    struct build b = {.len = 0};
    struct bench bench;
    const struct packet *p;
    (void)state;

    put_ip4(&b, IP_PROTO_TCP, 1);
    put_tcp(&b, 1, 2, TCP_FLAG_SYN, 0);
    put(&b, "\x01\x03\x03\x05\x01\x01\x01\x01", 8);
    b.bytes[32] = 0x70;
    put_zeros(&b, 50);
    end_ip4(&b, 0);
    bench_open(&bench, RAW, 0);
    p = bench_cut(&bench, &b, 44, b.len);
    assert_int_equal(p->malformed, MALFORMED_NONE);
    assert_int_equal(p->tcp.window_scale, 5);
    assert_non_null(p->l4);
    assert_null(p->payload);
    assert_int_equal(p->payload_wire_len, 50);
    p = bench_cut(&bench, &b, 43, b.len);
    assert_int_equal(p->tcp.window_scale, 0xff);
    bench_close(&bench);
}

/* Transport headers by number: how much is needed, ports or type and code. */
static void other_transports_are_known(void **state)
{
    static const struct {
        uint8_t proto;
        uint8_t size;
        bool ports, icmp;
        enum malformed reason;
    } rows[] = {
        {IP_PROTO_UDPLITE, 8, true, false, MALFORMED_UDP},
        {IP_PROTO_SCTP, 12, true, false, MALFORMED_L4},
        {IP_PROTO_ICMP, 8, false, true, MALFORMED_L4},
        {IP_PROTO_ICMPV6, 4, false, true, MALFORMED_L4},
        {IP_PROTO_IGMP, 0, false, false, MALFORMED_NONE},
        {IP_PROTO_ESP, 0, false, false, MALFORMED_NONE},
        {IP_PROTO_AH, 0, false, false, MALFORMED_NONE},
        {IP_PROTO_OSPF, 0, false, false, MALFORMED_NONE},
        {IP_PROTO_VRRP, 0, false, false, MALFORMED_NONE},
        {253, 0, false, false, MALFORMED_NONE},
    };
    (void)state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct build b = {.len = 0};
        struct bench bench;
        const struct packet *p;

        put_ip4(&b, rows[i].proto, 1);
        put16(&b, 0x0304);
        put16(&b, 2222);
        put_zeros(&b, 16);
        end_ip4(&b, 0);
        bench_open(&bench, RAW, 0);
        p = bench_whole(&bench, &b);
        assert_int_equal(p->malformed, MALFORMED_NONE);
        assert_int_equal(p->l4_proto, rows[i].proto);
        assert_int_equal(p->src_port, rows[i].ports ? 0x0304 : 0);
        assert_int_equal(p->dst_port, rows[i].ports ? 2222 : 0);
        assert_int_equal(p->icmp.type, rows[i].icmp ? 3 : 0);
        assert_int_equal(p->icmp.code, rows[i].icmp ? 4 : 0);
        assert_ptr_equal(p->payload, p->l4 + rows[i].size);
        assert_int_equal(p->payload_wire_len, 20 - rows[i].size);
        bench_cut_everywhere(&bench, &b, 20 + rows[i].size);
        if (rows[i].size > 0) {
            p = bench_cut(&bench, &b, 23, b.len);
            assert_int_equal(p->malformed, rows[i].reason);
            assert_null(p->l4);
        }
        bench_close(&bench);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ip4_headers_that_lie_have_their_reason),
        cmocka_unit_test(ip4_options_are_stepped_over),
        cmocka_unit_test(the_link_says_which_version),
        cmocka_unit_test(offloaded_packets_are_as_long_as_the_frame),
        cmocka_unit_test(jumbograms_have_their_length_in_an_option),
        cmocka_unit_test(ip6_extension_headers_are_stepped_over),
        cmocka_unit_test(ip6_chains_have_a_bound),
        cmocka_unit_test(no_next_header_means_no_payload),
        cmocka_unit_test(tcp_data_offsets_are_checked),
        cmocka_unit_test(the_window_scale_of_a_syn_is_found),
        cmocka_unit_test(tcp_options_may_be_cut_by_the_snap_length),
        cmocka_unit_test(other_transports_are_known),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
