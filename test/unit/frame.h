/* frame: frames by hand, for tests. SPDX-License-Identifier: MIT */
#ifndef KELVIN_TEST_FRAME_H
#define KELVIN_TEST_FRAME_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../packet_check.h"
#include "core/util/mem.h"

/*
 * A frame is written from its first byte on. Headers with a length are begun
 * and ended: `at = put_ip4(...); ...; end_ip4(b, at);` sets the length.
 */
struct build {
    uint8_t bytes[4096];
    size_t len;
};

static inline void put(struct build *b, const void *bytes, size_t len)
{
    assert_true(b->len + len <= sizeof(b->bytes));
    memcpy(b->bytes + b->len, bytes, len);
    b->len += len;
}

static inline void put8(struct build *b, unsigned value)
{
    put(b, &(uint8_t){(uint8_t)value}, 1);
}

static inline void put16(struct build *b, unsigned value)
{
    put8(b, value >> 8);
    put8(b, value);
}

static inline void put32(struct build *b, uint32_t value)
{
    put16(b, value >> 16);
    put16(b, value & 0xffff);
}

static inline void put_zeros(struct build *b, size_t len)
{
    while (len-- > 0)
        put8(b, 0);
}

static inline void set16(struct build *b, size_t at, size_t value)
{
    b->bytes[at] = (uint8_t)(value >> 8);
    b->bytes[at + 1] = (uint8_t)value;
}

#define MAC_A "\x02\x00\x00\x00\x00\x0a"
#define MAC_B "\x02\x00\x00\x00\x00\x0b"

/* From MAC_A to MAC_B. */
static inline void put_ether(struct build *b, unsigned type)
{
    put(b, MAC_B, 6);
    put(b, MAC_A, 6);
    put16(b, type);
}

/* 10.0.0.`net` to 10.0.1.`net`. */
static inline size_t put_ip4(struct build *b, unsigned proto, unsigned net)
{
    size_t at = b->len;

    put(b, "\x45\x00\x00\x00\x12\x34\x00\x00\x40", 9);
    put8(b, proto);
    put16(b, 0);
    put(b, "\x0a\x00\x00", 3);
    put8(b, net);
    put(b, "\x0a\x00\x01", 3);
    put8(b, net);
    return at;
}

static inline void end_ip4(struct build *b, size_t at)
{
    set16(b, at + 2, b->len - at);
}

/* Flags and offset in eights of a packet begun at `at`. */
static inline void set_fragment(struct build *b, size_t at, unsigned offset,
                                int more)
{
    set16(b, at + 6, offset | (more ? 0x2000 : 0));
}

/* 2001:db8::`net` to 2001:db8::1:`net`. */
static inline size_t put_ip6(struct build *b, unsigned next, unsigned net)
{
    size_t at = b->len;

    put(b, "\x60\x00\x00\x00\x00\x00", 6);
    put8(b, next);
    put8(b, 61);
    put(b, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0", 15);
    put8(b, net);
    put(b, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\1\0", 15);
    put8(b, net);
    return at;
}

static inline void end_ip6(struct build *b, size_t at)
{
    set16(b, at + 4, b->len - at - 40);
}

/* Twenty bytes of header, then `payload` bytes. */
static inline void put_tcp(struct build *b, unsigned src_port,
                           unsigned dst_port, unsigned flags, size_t payload)
{
    put16(b, src_port);
    put16(b, dst_port);
    put32(b, 0x01020304);
    put32(b, 0x05060708);
    put8(b, 0x50);
    put8(b, flags);
    put16(b, 4096);
    put32(b, 0);
    put_zeros(b, payload);
}

static inline size_t put_udp(struct build *b, unsigned src_port,
                             unsigned dst_port)
{
    size_t at = b->len;

    put16(b, src_port);
    put16(b, dst_port);
    put32(b, 0);
    return at;
}

static inline void end_udp(struct build *b, size_t at)
{
    set16(b, at + 4, b->len - at);
}

/* An IPv4 packet with UDP ports 1111 to 2222 and ten bytes. */
static inline void put_ip4_udp(struct build *b, unsigned net)
{
    size_t ip = put_ip4(b, IP_PROTO_UDP, net);
    size_t udp = put_udp(b, 1111, 2222);

    put_zeros(b, 10);
    end_udp(b, udp);
    end_ip4(b, ip);
}

/* The same in IPv6. */
static inline void put_ip6_udp(struct build *b, unsigned net)
{
    size_t ip = put_ip6(b, IP_PROTO_UDP, net);
    size_t udp = put_udp(b, 1111, 2222);

    put_zeros(b, 10);
    end_udp(b, udp);
    end_ip6(b, ip);
}

/* What is decoded is in memory of exactly its size, so that a sanitizer or
 * valgrind sees a byte too far. It lives until the next frame. */
struct bench {
    struct decoder *decoder;
    struct packet packet;
    uint8_t *bytes;
    int64_t when_us;
    int link_type;
};

static inline void bench_open(struct bench *bench, int link_type,
                              int outer_only)
{
    *bench = (struct bench){.decoder = decoder_new(outer_only, 42),
                            .link_type = link_type};
}

static inline void bench_close(struct bench *bench)
{
    decoder_free(bench->decoder);
    free(bench->bytes);
}

/* Decode the first `captured` bytes of a frame that was `wire` long. */
static inline const struct packet *bench_cut(struct bench *bench,
                                             const struct build *b,
                                             size_t captured, size_t wire)
{
    struct frame frame;

    free(bench->bytes);
    bench->bytes = mem_alloc(captured ? captured : 1);
    memcpy(bench->bytes, b->bytes, captured);
    frame.bytes = bench->bytes;
    frame.captured_len = (uint32_t)captured;
    frame.wire_len = (uint32_t)wire;
    frame.when_us = bench->when_us;
    frame.link_type = bench->link_type;
    memset(&bench->packet, 0xa5, sizeof(bench->packet));
    decode(bench->decoder, &frame, &bench->packet);
    packet_check(&frame, &bench->packet);
    return &bench->packet;
}

static inline const struct packet *bench_whole(struct bench *bench,
                                               const struct build *b)
{
    return bench_cut(bench, b, b->len, b->len);
}

/* Cut the frame at every byte, by the snap length and on the wire: the rules
 * of packet_check() hold, and a cut in the headers is malformed. */
static inline void bench_cut_everywhere(struct bench *bench,
                                        const struct build *b, size_t headers)
{
    for (size_t len = 0; len < b->len; len++) {
        uint8_t malformed = bench_cut(bench, b, len, b->len)->malformed;

        if (len < headers)
            assert_int_not_equal(malformed, MALFORMED_NONE);
        else
            assert_int_equal(malformed, MALFORMED_NONE);
        malformed = bench_cut(bench, b, len, len)->malformed;
        if (len < headers)
            assert_int_not_equal(malformed, MALFORMED_NONE);
    }
}

/* Decode one frame with a decoder of its own; @return a copy, whose pointers
 * may be compared with NULL only. */
static inline struct packet decode_once(const struct build *b, int link_type)
{
    struct bench bench;
    struct packet packet;

    bench_open(&bench, link_type, 0);
    packet = *bench_whole(&bench, b);
    bench_close(&bench);
    return packet;
}

static inline void assert_addr(const struct addr *addr, const char *text)
{
    char got[ADDR_TEXT_SIZE];

    assert_string_equal(addr_format(addr, got), text);
}

/* The packet is put_ip4_udp() or put_ip6_udp() of this `net`. */
static inline void assert_udp(const struct packet *packet, unsigned net)
{
    char src[ADDR_TEXT_SIZE];

    assert_int_equal(packet->malformed, MALFORMED_NONE);
    assert_true(packet->ip_version == 4 || packet->ip_version == 6);
    snprintf(src, sizeof(src),
             packet->ip_version == 4 ? "10.0.0.%u" : "2001:db8::%x", net);
    assert_addr(&packet->src, src);
    snprintf(src, sizeof(src),
             packet->ip_version == 4 ? "10.0.1.%u" : "2001:db8::1:%x", net);
    assert_addr(&packet->dst, src);
    assert_int_equal(packet->l4_proto, IP_PROTO_UDP);
    assert_int_equal(packet->src_port, 1111);
    assert_int_equal(packet->dst_port, 2222);
    assert_int_equal(packet->payload_len, 10);
    assert_int_equal(packet->payload_wire_len, 10);
}

#endif
