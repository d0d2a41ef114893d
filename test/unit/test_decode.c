/* test_decode: what holds for every frame. SPDX-License-Identifier: MIT */
#include "frame.h"

#define ETHERNET 1

static struct build tcp_frame(size_t payload)
{
    struct build b = {.len = 0};
    size_t ip;

    put_ether(&b, 0x0800);
    ip = put_ip4(&b, IP_PROTO_TCP, 1);
    put_tcp(&b, 50000, 443, TCP_FLAG_ACK | TCP_FLAG_PSH, payload);
    end_ip4(&b, ip);
    return b;
}

static void every_field_of_a_tcp_packet_is_filled(void **state)
{
    struct build b = tcp_frame(100);
    struct bench bench;
    const struct packet *p;
    (void)state;

    bench_open(&bench, ETHERNET, 0);
    bench.when_us = INT64_C(1234567890123456);
    p = bench_cut(&bench, &b, b.len, b.len + 4);
    assert_ptr_equal(p->l3, bench.bytes + 14);
    assert_int_equal(p->l3_len, 140);
    assert_ptr_equal(p->l4, bench.bytes + 34);
    assert_int_equal(p->l4_len, 120);
    assert_ptr_equal(p->payload, bench.bytes + 54);
    assert_int_equal(p->payload_len, 100);
    assert_int_equal(p->payload_wire_len, 100);
    assert_true(p->when_us == bench.when_us);
    assert_int_equal(p->wire_len, b.len + 4);
    assert_addr(&p->src, "10.0.0.1");
    assert_addr(&p->dst, "10.0.1.1");
    assert_int_equal(p->src_port, 50000);
    assert_int_equal(p->dst_port, 443);
    assert_int_equal(p->vlan, 0);
    assert_int_equal(p->ip_version, 4);
    assert_int_equal(p->l4_proto, IP_PROTO_TCP);
    assert_int_equal(p->ttl, 64);
    assert_int_equal(p->kind, L3_IPV4);
    assert_int_equal(p->malformed, MALFORMED_NONE);
    assert_true(p->has_mac);
    assert_false(p->is_fragment);
    assert_false(p->is_tunneled);
    assert_memory_equal(p->src_mac, MAC_A, MAC_SIZE);
    assert_memory_equal(p->dst_mac, MAC_B, MAC_SIZE);
    assert_int_equal(p->tcp.seq, 0x01020304);
    assert_int_equal(p->tcp.ack, 0x05060708);
    assert_int_equal(p->tcp.window, 4096);
    assert_int_equal(p->tcp.flags, TCP_FLAG_ACK | TCP_FLAG_PSH);
    assert_int_equal(p->tcp.window_scale, 0xff);
    assert_int_equal(p->icmp.type, 0);
    assert_int_equal(p->icmp.code, 0);
    assert_int_equal(p->arp.op, 0);
    assert_true(addr_is_zero(&p->arp.sender_ip));
    assert_true(mac_is_zero(p->arp.sender_mac));
    bench_close(&bench);
}

static void a_frame_cut_anywhere_is_not_read_beyond(void **state)
{
    struct build b = tcp_frame(20);
    struct bench bench;
    (void)state;

    bench_open(&bench, ETHERNET, 0);
    bench_cut_everywhere(&bench, &b, 14 + 20 + 20);
    bench_close(&bench);
}

static void each_header_that_is_cut_has_its_reason(void **state)
{
    static const struct {
        size_t len;
        enum malformed reason;
    } rows[] = {
        {0, MALFORMED_LINK_SHORT}, {13, MALFORMED_LINK_SHORT},
        {14, MALFORMED_IP_SHORT},  {33, MALFORMED_IP_SHORT},
        {34, MALFORMED_TCP},       {37, MALFORMED_TCP},
        {38, MALFORMED_TCP},       {53, MALFORMED_TCP},
        {54, MALFORMED_NONE},      {60, MALFORMED_NONE},
    };
    struct build b = tcp_frame(20);
    struct bench bench;
    (void)state;

    bench_open(&bench, ETHERNET, 0);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct packet *p = bench_cut(&bench, &b, rows[i].len, b.len);

        assert_int_equal(p->malformed, rows[i].reason);
        assert_int_equal(p->ip_version, rows[i].len < 34 ? 0 : 4);
        assert_int_equal(p->src_port, rows[i].len < 38 ? 0 : 50000);
        assert_int_equal(p->l4 != NULL, rows[i].len >= 54);
        assert_int_equal(p->payload_wire_len, rows[i].len < 54 ? 0 : 20);
    }
    bench_close(&bench);
}

static void padding_is_not_payload(void **state)
{
    struct build b = tcp_frame(0);
    struct packet p;
    (void)state;

    put_zeros(&b, 6);
    p = decode_once(&b, ETHERNET);
    assert_int_equal(p.malformed, MALFORMED_NONE);
    assert_int_equal(p.l3_len, 40);
    assert_int_equal(p.payload_len, 0);
    assert_int_equal(p.payload_wire_len, 0);
}

static void goodput_is_counted_behind_the_snap_length(void **state)
{
    struct build b = tcp_frame(1000);
    struct bench bench;
    const struct packet *p;
    (void)state;

    bench_open(&bench, ETHERNET, 0);
    p = bench_cut(&bench, &b, 96, b.len);
    assert_int_equal(p->malformed, MALFORMED_NONE);
    assert_int_equal(p->l3_len, 96 - 14);
    assert_int_equal(p->payload_len, 96 - 54);
    assert_int_equal(p->payload_wire_len, 1000);
    bench_close(&bench);
}

static void a_capture_that_holds_more_than_it_says_is_read(void **state)
{
    struct build b = tcp_frame(100);
    struct bench bench;
    const struct packet *p;
    (void)state;

    bench_open(&bench, ETHERNET, 0);
    p = bench_cut(&bench, &b, b.len, 20);
    assert_int_equal(p->malformed, MALFORMED_NONE);
    assert_int_equal(p->payload_len, 100);
    assert_int_equal(p->wire_len, 20);
    bench_close(&bench);
}

static void unknown_link_types_are_said_to_be(void **state)
{
    struct build b = tcp_frame(0);
    struct packet p = decode_once(&b, 147);
    (void)state;

    assert_int_equal(p.malformed, MALFORMED_LINK_TYPE);
    assert_int_equal(p.kind, L3_OTHER);
    assert_false(decode_knows_link(147));
    assert_false(decode_knows_link(-1));
    assert_true(decode_knows_link(ETHERNET));
    assert_true(decode_knows_link(276));
}

static void every_reason_has_a_name_of_its_own(void **state)
{
    (void)state;

    for (int i = 0; i < MALFORMED_COUNT; i++) {
        assert_non_null(malformed_name(i));
        for (int j = 0; j < i; j++)
            assert_string_not_equal(malformed_name(i), malformed_name(j));
    }
    assert_string_equal(malformed_name(MALFORMED_IP_LENGTH), "ip-length");
    assert_string_equal(malformed_name(MALFORMED_COUNT), "unknown");
}

static void freeing_no_decoder_is_allowed(void **state)
{
    (void)state;

    decoder_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_of_a_tcp_packet_is_filled),
        cmocka_unit_test(a_frame_cut_anywhere_is_not_read_beyond),
        cmocka_unit_test(each_header_that_is_cut_has_its_reason),
        cmocka_unit_test(padding_is_not_payload),
        cmocka_unit_test(goodput_is_counted_behind_the_snap_length),
        cmocka_unit_test(a_capture_that_holds_more_than_it_says_is_read),
        cmocka_unit_test(unknown_link_types_are_said_to_be),
        cmocka_unit_test(every_reason_has_a_name_of_its_own),
        cmocka_unit_test(freeing_no_decoder_is_allowed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
