/* test_decode_frag: fragments of IP packets. SPDX-License-Identifier: MIT */
#include "frame.h"

#define RAW 101
#define SECOND INT64_C(1000000)

/* A fragment of a UDP packet from port 1111 to 2222, with `len` bytes; the
 * first one begins with the ports. `offset` is in eights. */
static struct build fragment4(unsigned id, unsigned offset, int more,
                              size_t len)
{
    struct build b = {.len = 0};

    put_ip4(&b, IP_PROTO_UDP, 1);
    set16(&b, 4, id);
    set_fragment(&b, 0, offset, more);
    if (offset == 0) {
        put_udp(&b, 1111, 2222);
        set16(&b, 24, 4000); /* of the whole datagram */
        len -= 8;
    }
    put_zeros(&b, len);
    end_ip4(&b, 0);
    return b;
}

static void put_fragment6(struct build *b, unsigned next, uint32_t id,
                          unsigned offset, int more)
{
    put8(b, next);
    put8(b, 0);
    put16(b, offset << 3 | (more ? 1 : 0));
    put32(b, id);
}

static void assert_later(const struct packet *p, uint16_t src_port,
                         uint32_t wire_len)
{
    assert_int_equal(p->malformed, MALFORMED_NONE);
    assert_true(p->is_fragment);
    assert_int_equal(p->l4_proto, IP_PROTO_UDP);
    assert_int_equal(p->src_port, src_port);
    assert_int_equal(p->dst_port, src_port ? 2222 : 0);
    assert_null(p->l4);
    assert_null(p->payload);
    assert_int_equal(p->payload_len, 0);
    assert_int_equal(p->payload_wire_len, wire_len);
}

static void later_fragments_have_the_ports_of_the_first(void **state)
{
    struct build first = fragment4(7, 0, 1, 808);
    struct build second = fragment4(7, 101, 1, 800);
    struct build last = fragment4(7, 201, 0, 33);
    struct build other = fragment4(8, 101, 0, 100);
    struct bench bench;
    const struct packet *p;
    (void)state;

    bench_open(&bench, RAW, 0);
    assert_later(bench_whole(&bench, &second), 0, 800); /* too early */
    p = bench_whole(&bench, &first);
    assert_int_equal(p->malformed, MALFORMED_NONE);
    assert_true(p->is_fragment);
    assert_int_equal(p->src_port, 1111);
    assert_int_equal(p->payload_len, 800);
    assert_int_equal(p->payload_wire_len, 800);
    assert_later(bench_whole(&bench, &last), 1111, 33);
    assert_later(bench_whole(&bench, &second), 1111, 800);
    assert_later(bench_cut(&bench, &second, 20, second.len), 1111, 800);
    assert_later(bench_whole(&bench, &other), 0, 100);
    bench_close(&bench);
}

static void a_new_packet_with_an_old_id_counts(void **state)
{
    struct build first = fragment4(7, 0, 1, 808);
    struct build later = fragment4(7, 101, 0, 8);
    struct bench bench;
    (void)state;

    bench_open(&bench, RAW, 0);
    bench_whole(&bench, &first);
    set16(&first, 20, 3333);
    bench_whole(&bench, &first);
    assert_later(bench_whole(&bench, &later), 3333, 8);
    bench_close(&bench);
}

static void fragments_are_told_apart_by_proto_and_addresses(void **state)
{
    struct build first = fragment4(7, 0, 1, 808);
    struct build later = fragment4(7, 101, 0, 8);
    struct bench bench;
    (void)state;

    bench_open(&bench, RAW, 0);
    bench_whole(&bench, &first);
    later.bytes[9] = IP_PROTO_UDPLITE;
    assert_int_equal(bench_whole(&bench, &later)->src_port, 0);
    later.bytes[9] = IP_PROTO_UDP;
    later.bytes[15]++;
    assert_int_equal(bench_whole(&bench, &later)->src_port, 0);
    later.bytes[15]--;
    later.bytes[19]++;
    assert_int_equal(bench_whole(&bench, &later)->src_port, 0);
    later.bytes[19]--;
    assert_int_equal(bench_whole(&bench, &later)->src_port, 1111);
    bench_close(&bench);
}

static void ports_are_forgotten_after_thirty_seconds(void **state)
{
    struct build first = fragment4(7, 0, 1, 808);
    struct build later = fragment4(7, 101, 0, 8);
    struct bench bench;
    (void)state;

    bench_open(&bench, RAW, 0);
    bench.when_us = 1000 * SECOND;
    bench_whole(&bench, &first);
    bench.when_us = 1030 * SECOND;
    assert_later(bench_whole(&bench, &later), 1111, 8);
    bench.when_us = 970 * SECOND; /* the clock jumped back */
    assert_later(bench_whole(&bench, &later), 1111, 8);
    bench.when_us = 1030 * SECOND + 1;
    assert_later(bench_whole(&bench, &later), 0, 8);
    bench.when_us = 970 * SECOND - 1;
    assert_later(bench_whole(&bench, &later), 0, 8);
    bench.when_us = INT64_MIN;
    assert_later(bench_whole(&bench, &later), 0, 8);
    bench_whole(&bench, &first);
    bench.when_us = INT64_MAX;
    assert_later(bench_whole(&bench, &later), 0, 8);
    bench_close(&bench);
}

static void a_flood_pushes_out_the_oldest_only(void **state)
{
    const unsigned kept = 1024;
    const unsigned flood = 5000;
    struct bench bench;
    (void)state;

    bench_open(&bench, RAW, 0);
    for (unsigned id = 0; id < flood; id++) {
        struct build first = fragment4(id, 0, 1, 16);

        bench_whole(&bench, &first);
    }
    for (unsigned id = 0; id < flood; id++) {
        struct build later = fragment4(id, 2, 0, 8);

        assert_later(bench_whole(&bench, &later), id < flood - kept ? 0 : 1111,
                     8);
    }
    bench_close(&bench);
}

static void impossible_fragments_are_malformed(void **state)
{
    static const struct {
        unsigned offset, len;
        int more;
        enum malformed reason;
    } rows[] = {
        {0, 809, 1, MALFORMED_IP_FRAGMENT}, /* not a multiple of eight */
        {0, 4, 1, MALFORMED_IP_FRAGMENT},
        {100, 801, 1, MALFORMED_IP_FRAGMENT},
        {100, 801, 0, MALFORMED_NONE},
        {8191, 7, 0, MALFORMED_NONE},
        {8191, 8, 0, MALFORMED_IP_FRAGMENT}, /* passes 64 KiB */
        {8191, 1480, 1, MALFORMED_IP_FRAGMENT},
        {100, 0, 0, MALFORMED_NONE},
    };
    (void)state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        unsigned len = rows[i].len < 8 && rows[i].offset == 0 ? 8 : rows[i].len;
        struct build b = fragment4(7, rows[i].offset, rows[i].more, len);

        b.len -= len - rows[i].len;
        end_ip4(&b, 0);
        assert_int_equal(decode_once(&b, RAW).malformed, rows[i].reason);
    }
}

/* RFC 1858: a first fragment too short for the header, or a second one that
 * writes over it, gets flags past filters. */
static void tiny_and_overlapping_tcp_fragments_are_malformed(void **state)
{
    struct build tiny = {.len = 0};
    struct build later = {.len = 0};
    struct bench bench;
    const struct packet *p;
    (void)state;

    put_ip4(&tiny, IP_PROTO_TCP, 1);
    set_fragment(&tiny, 0, 0, 1);
    put_tcp(&tiny, 1111, 2222, TCP_FLAG_SYN, 0);
    tiny.len = 28;
    end_ip4(&tiny, 0);
    put_ip4(&later, IP_PROTO_TCP, 1);
    set_fragment(&later, 0, 1, 0);
    put_zeros(&later, 40);
    end_ip4(&later, 0);

    bench_open(&bench, RAW, 0);
    p = bench_whole(&bench, &later); /* whatever the first one was */
    assert_int_equal(p->malformed, MALFORMED_IP_FRAGMENT);
    p = bench_whole(&bench, &tiny);
    assert_int_equal(p->malformed, MALFORMED_IP_FRAGMENT);
    assert_int_equal(p->src_port, 1111);
    assert_int_equal(p->dst_port, 2222);
    assert_null(p->l4);
    p = bench_whole(&bench, &later);
    assert_int_equal(p->malformed, MALFORMED_IP_FRAGMENT);
    assert_int_equal(p->src_port, 1111);
    set_fragment(&later, 0, 3, 0);
    p = bench_whole(&bench, &later);
    assert_int_equal(p->malformed, MALFORMED_NONE);
    assert_int_equal(p->src_port, 1111);
    bench_close(&bench);
}

static void fragments_over_tcp_options_are_malformed(void **state)
{
    struct build first = {.len = 0};
    struct build later = {.len = 0};
    struct bench bench;
    (void)state;

    put_ip4(&first, IP_PROTO_TCP, 1);
    set_fragment(&first, 0, 0, 1);
    put_tcp(&first, 1111, 2222, TCP_FLAG_ACK, 20);
    first.bytes[32] = 0xa0; /* forty bytes of header */
    end_ip4(&first, 0);
    put_ip4(&later, IP_PROTO_TCP, 1);
    put_zeros(&later, 8);
    end_ip4(&later, 0);
    bench_open(&bench, RAW, 0);
    assert_int_equal(bench_whole(&bench, &first)->malformed, MALFORMED_NONE);
    set_fragment(&later, 0, 4, 0);
    assert_int_equal(bench_whole(&bench, &later)->malformed,
                     MALFORMED_IP_FRAGMENT);
    set_fragment(&later, 0, 5, 0);
    assert_int_equal(bench_whole(&bench, &later)->malformed, MALFORMED_NONE);
    bench_close(&bench);
}

static void icmp_fragments_keep_type_and_code(void **state)
{
    struct build first = {.len = 0};
    struct build later = {.len = 0};
    struct bench bench;
    const struct packet *p;
    (void)state;

    put_ip4(&first, IP_PROTO_ICMP, 1);
    set_fragment(&first, 0, 0, 1);
    put(&first, "\x08\x01\0\0\0\0\0\0", 8);
    put_zeros(&first, 800);
    end_ip4(&first, 0);
    put_ip4(&later, IP_PROTO_ICMP, 1);
    set_fragment(&later, 0, 101, 0);
    put_zeros(&later, 10);
    end_ip4(&later, 0);
    bench_open(&bench, RAW, 0);
    bench_whole(&bench, &first);
    p = bench_whole(&bench, &later);
    assert_int_equal(p->icmp.type, 8);
    assert_int_equal(p->icmp.code, 1);
    bench_close(&bench);
}

static void ip6_fragments_work_the_same(void **state)
{
    struct build first = {.len = 0};
    struct build later = {.len = 0};
    struct bench bench;
    const struct packet *p;
    (void)state;

    /* Destination options are inside of what was cut up. */
    put_ip6(&first, 44, 1);
    put_fragment6(&first, 60, 0x12345678, 0, 1);
    put8(&first, IP_PROTO_UDP);
    put_zeros(&first, 7);
    put_udp(&first, 1111, 2222);
    set16(&first, first.len - 4, 4000);
    put_zeros(&first, 800);
    end_ip6(&first, 0);
    put_ip6(&later, 44, 1);
    put_fragment6(&later, 60, 0x12345678, 102, 0);
    put_zeros(&later, 77);
    end_ip6(&later, 0);

    bench_open(&bench, RAW, 0);
    p = bench_whole(&bench, &later);
    assert_int_equal(p->l4_proto, 60);
    assert_int_equal(p->src_port, 0);
    p = bench_whole(&bench, &first);
    assert_int_equal(p->malformed, MALFORMED_NONE);
    assert_int_equal(p->src_port, 1111);
    assert_int_equal(p->payload_len, 800);
    assert_later(bench_whole(&bench, &later), 1111, 77);
    set16(&later, 42, 1 << 3);
    p = bench_whole(&bench, &later); /* over the UDP header */
    assert_int_equal(p->malformed, MALFORMED_IP_FRAGMENT);
    bench_close(&bench);
}

static void ip6_atomic_fragments_are_whole_packets(void **state)
{
    struct build b = {.len = 0};
    struct packet p;
    size_t udp;
    (void)state;

    put_ip6(&b, 44, 1);
    put_fragment6(&b, IP_PROTO_UDP, 1, 0, 0);
    udp = put_udp(&b, 1111, 2222);
    put_zeros(&b, 10);
    end_udp(&b, udp);
    end_ip6(&b, 0);
    p = decode_once(&b, RAW);
    assert_udp(&p, 1);
    assert_false(p.is_fragment);
}

/* What is in the tunnel owns all fragments of the tunnel's packet. */
static void fragments_of_a_tunnel_belong_to_its_inside(void **state)
{
    struct build first = {.len = 0};
    struct build later = {.len = 0};
    struct bench bench;
    const struct packet *p;
    (void)state;

    put_ip4(&first, IP_PROTO_IPV6, 1);
    set_fragment(&first, 0, 0, 1);
    put_ip6(&first, IP_PROTO_UDP, 2);
    set16(&first, 24, 2000); /* much of it is in the next fragment */
    put_udp(&first, 1111, 2222);
    set16(&first, 64, 2000);
    put_zeros(&first, 8);
    end_ip4(&first, 0);
    put_ip4(&later, IP_PROTO_IPV6, 1);
    set_fragment(&later, 0, 7, 0);
    put_zeros(&later, 1000);
    end_ip4(&later, 0);

    bench_open(&bench, RAW, 0);
    p = bench_whole(&bench, &first);
    assert_int_equal(p->malformed, MALFORMED_NONE);
    assert_true(p->is_tunneled);
    assert_addr(&p->src, "2001:db8::2");
    assert_int_equal(p->payload_wire_len, 8);
    p = bench_whole(&bench, &later);
    assert_later(p, 1111, 1000);
    assert_true(p->is_tunneled);
    assert_int_equal(p->ip_version, 6);
    assert_addr(&p->src, "2001:db8::2");
    assert_addr(&p->dst, "2001:db8::1:2");
    bench_close(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(later_fragments_have_the_ports_of_the_first),
        cmocka_unit_test(a_new_packet_with_an_old_id_counts),
        cmocka_unit_test(fragments_are_told_apart_by_proto_and_addresses),
        cmocka_unit_test(ports_are_forgotten_after_thirty_seconds),
        cmocka_unit_test(a_flood_pushes_out_the_oldest_only),
        cmocka_unit_test(impossible_fragments_are_malformed),
        cmocka_unit_test(tiny_and_overlapping_tcp_fragments_are_malformed),
        cmocka_unit_test(fragments_over_tcp_options_are_malformed),
        cmocka_unit_test(icmp_fragments_keep_type_and_code),
        cmocka_unit_test(ip6_fragments_work_the_same),
        cmocka_unit_test(ip6_atomic_fragments_are_whole_packets),
        cmocka_unit_test(fragments_of_a_tunnel_belong_to_its_inside),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
