/* test_capture: files, pipes, lists, interfaces. SPDX-License-Identifier: MIT
 */
#include "core/run/capture.h"
#include "core/run/capture_internal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

#include "core/util/log.h"

/* ---- a file in memory ---- */

struct image {
    uint8_t bytes[1 << 20];
    size_t len;
    bool is_big; /* byte order of numbers */
};

static void put(struct image *image, const void *bytes, size_t len)
{
    assert_true(image->len + len <= sizeof(image->bytes));
    memcpy(image->bytes + image->len, bytes, len);
    image->len += len;
}

static void put_number(struct image *image, uint64_t number, unsigned size)
{
    uint8_t bytes[8];

    for (unsigned i = 0; i < size; i++)
        bytes[image->is_big ? size - 1 - i : i] = (uint8_t)(number >> 8 * i);
    put(image, bytes, size);
}

static void put16(struct image *image, uint32_t number)
{
    put_number(image, number, 2);
}

static void put32(struct image *image, uint32_t number)
{
    put_number(image, number, 4);
}

static void pcap_begin(struct image *image, bool is_big, uint32_t magic,
                       uint32_t link)
{
    image->len = 0;
    image->is_big = is_big;
    put32(image, magic);
    put16(image, 2);
    put16(image, 4);
    put_number(image, 0, 8);
    put32(image, 65535);
    put32(image, link);
}

/* Ethernet, IPv4, UDP 10.0.0.1:1000 > 10.0.0.2:53, 42 bytes. */
static const uint8_t udp_frame[] = {
    2,    0, 0,  0,  0, 2, 2,    0,    0,  0,  0,    1,    8,  0,
    0x45, 0, 0,  28, 0, 1, 0,    0,    64, 17, 0x66, 0xcd, 10, 0,
    0,    1, 10, 0,  0, 2, 0x03, 0xe8, 0,  53, 0,    8,    0,  0,
};

/* The same for TCP, port 80, without its last bytes. */
static const uint8_t tcp_frame[] = {
    2, 0,  0, 0, 0,  2, 2, 0, 0,  0, 0,    1, 8,  0, 0x45, 0, 0,    40,
    0, 1,  0, 0, 64, 6, 0, 0, 10, 0, 0,    1, 10, 0, 0,    2, 0x03, 0xe8,
    0, 80, 0, 0, 0,  0, 0, 0, 0,  0, 0x50, 2, 0,  0, 0,    0, 0,    0,
};

static void pcap_frame(struct image *image, uint32_t second, uint32_t fraction,
                       const void *bytes, uint32_t len)
{
    put32(image, second);
    put32(image, fraction);
    put32(image, len);
    put32(image, len + 100);
    put(image, bytes, len);
}

/* A block around `body`, padded. */
static void ng_block(struct image *image, uint32_t type, const void *body,
                     size_t len)
{
    uint32_t size = (uint32_t)(12 + (len + 3) / 4 * 4);

    put32(image, type);
    put32(image, size);
    put(image, body, len);
    put(image, "\0\0\0", (4 - len % 4) % 4);
    put32(image, size);
}

static void ng_section(struct image *image, bool is_big)
{
    struct image body = {.is_big = is_big};

    image->is_big = is_big;
    put32(&body, 0x1a2b3c4d);
    put16(&body, 1);
    put16(&body, 0);
    put_number(&body, UINT64_MAX, 8);
    ng_block(image, 0x0a0d0d0a, body.bytes, body.len);
}

/* `resolution` -1: none given; `offset` 0: none. */
static void ng_interface(struct image *image, uint32_t link, int resolution,
                         int64_t offset)
{
    struct image body = {.is_big = image->is_big};

    put16(&body, link);
    put16(&body, 0);
    put32(&body, 0);
    put16(&body, 2); /* if_name, to be passed over */
    put16(&body, 4);
    put(&body, "eth0", 4);
    if (resolution >= 0) {
        put16(&body, 9);
        put16(&body, 1);
        put_number(&body, (uint64_t)resolution, 1);
        put(&body, "\0\0\0", 3);
    }
    if (offset != 0) {
        put16(&body, 14);
        put16(&body, 8);
        put_number(&body, (uint64_t)offset, 8);
    }
    put32(&body, 0);
    ng_block(image, 1, body.bytes, body.len);
}

static void ng_enhanced(struct image *image, uint32_t iface, uint64_t ticks,
                        const void *bytes, uint32_t len)
{
    struct image body = {.is_big = image->is_big};

    put32(&body, iface);
    put32(&body, (uint32_t)(ticks >> 32));
    put32(&body, (uint32_t)ticks);
    put32(&body, len);
    put32(&body, len + 100);
    put(&body, bytes, len);
    put(&body, "\0\0\0", (4 - len % 4) % 4);
    put(&body, "\0\1\0\3abc\0\0\0\0\0", 12); /* a comment, end of options */
    ng_block(image, 6, body.bytes, body.len);
}

/* ---- what came out ---- */

#define MAX_SEEN 4096

struct seen {
    int64_t when_us;
    uint32_t captured, wire;
    int link;
    uint8_t first; /* byte */
    uint8_t last;
};

struct sink {
    struct loop *loop;
    struct seen frames[MAX_SEEN];
    unsigned count;
    unsigned work_left; /* turns that `work` asks for before any frame */
    unsigned rests;     /* that it asks for before all else */
    unsigned last;
    unsigned refusals;    /* of each frame, each with work to be done */
    unsigned refused;     /* how often the next one was */
    unsigned others;      /* calls of another part of the program */
    unsigned others_wait; /* of them before the first frame */
    int ended;
    bool failed;
    struct capture *close_in_ended;
};

static bool on_packet(void *arg, const struct frame *frame)
{
    struct sink *sink = arg;
    struct seen *seen = &sink->frames[sink->count % MAX_SEEN];

    assert_int_equal(sink->ended, 0);
    assert_int_equal(sink->work_left, 0);
    if (sink->refused < sink->refusals) {
        sink->refused++;
        sink->work_left = 3;
        return false;
    }
    sink->refused = 0;
    if (sink->count == 0)
        sink->others_wait = sink->others;
    sink->count++;
    *seen = (struct seen){.when_us = frame->when_us,
                          .captured = frame->captured_len,
                          .wire = frame->wire_len,
                          .link = frame->link_type};
    if (frame->captured_len > 0) {
        seen->first = frame->bytes[0];
        seen->last = frame->bytes[frame->captured_len - 1];
    }
    return true;
}

static enum capture_turn on_work(void *arg)
{
    struct sink *sink = arg;

    if (sink->rests > 0) {
        sink->rests--;
        return CAPTURE_REST;
    }
    if (sink->work_left == 0)
        return CAPTURE_READ;
    sink->work_left--;
    return CAPTURE_WORK;
}

static void on_last(void *arg)
{
    struct sink *sink = arg;

    assert_int_equal(sink->last++, 0);
    assert_int_equal(sink->ended, 0);
    sink->work_left = 3;
}

static void on_ended(void *arg, bool failed)
{
    struct sink *sink = arg;

    assert_int_equal(sink->last, 1);
    assert_int_equal(sink->work_left, 0);
    sink->ended++;
    sink->failed = failed;
    capture_close(sink->close_in_ended);
    loop_stop(sink->loop);
}

static char folder[] = "/tmp/kelvin-test-XXXXXX";
static char path[sizeof(folder) + 32];
static char error[CAPTURE_ERROR_SIZE];
static struct image image;
static struct sink sink;

static const char *in_folder(const char *name)
{
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    return path;
}

static const char *write_file(const char *name, const void *bytes, size_t len)
{
    int fd = open(in_folder(name), O_WRONLY | O_CREAT | O_TRUNC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, len), len);
    close(fd);
    return path;
}

static void sink_reset(struct loop *loop)
{
    memset(&sink, 0, sizeof(sink));
    sink.loop = loop;
}

static const struct capture_handler handler = {
    .packet = on_packet,
    .work = on_work,
    .last = on_last,
    .ended = on_ended,
    .arg = &sink,
};

/* Read a whole source into `sink`. @return false: it did not open. */
static bool read_all(const char *name, const char *filter)
{
    struct capture_config config = {.name = name, .filter = filter};
    struct loop *loop = loop_new();
    struct capture *capture = capture_open(&config, error);

    sink_reset(loop);
    if (capture != NULL) {
        capture_start(capture, loop, &handler);
        assert_int_equal(loop_run(loop), 0);
        assert_int_equal(sink.ended, 1);
        assert_false(capture_is_up(capture));
    }
    capture_close(capture);
    loop_free(loop);
    return capture != NULL;
}

static void read_image(void)
{
    assert_true(read_all(write_file("image", image.bytes, image.len), NULL));
}

#define SECOND INT64_C(1000000)

static void check_frame(unsigned index, int64_t when_us, uint32_t captured,
                        uint32_t wire, int link)
{
    const struct seen *seen = &sink.frames[index];

    assert_true(index < sink.count);
    assert_true(seen->when_us == when_us);
    assert_int_equal(seen->captured, captured);
    assert_int_equal(seen->wire, wire);
    assert_int_equal(seen->link, link);
}

/* ---- pcap ---- */

static void pcap_of_all_kinds(void **state)
{
    (void)state;
    for (int big = 0; big < 2; big++) {
        pcap_begin(&image, big, 0xa1b2c3d4, 1);
        pcap_frame(&image, 1500000000, 999999, "abc", 3);
        pcap_frame(&image, 0, 0, "", 0);
        pcap_frame(&image, 0xffffffff, 5, "z", 1);
        read_image();
        assert_false(sink.failed);
        assert_int_equal(sink.count, 3);
        check_frame(0, 1500000000 * SECOND + 999999, 3, 103, 1);
        check_frame(1, 0, 0, 100, 1);
        check_frame(2, 0xffffffff * SECOND + 5, 1, 101, 1);
        assert_int_equal(sink.frames[0].first, 'a');
        assert_int_equal(sink.frames[0].last, 'c');

        pcap_begin(&image, big, 0xa1b23c4d, 101); /* nanoseconds, RAW */
        pcap_frame(&image, 7, 123456789, "abc", 3);
        read_image();
        check_frame(0, 7 * SECOND + 123456, 3, 103, 12);

        pcap_begin(&image, big, 0xa1b2cd34, 113); /* Kuznetzov */
        put32(&image, 7);
        put32(&image, 8);
        put32(&image, 1);
        put32(&image, 2);
        put_number(&image, 99, 8);
        put(&image, "q", 1);
        read_image();
        assert_false(sink.failed);
        check_frame(0, 7 * SECOND + 8, 1, 2, 113);
        assert_int_equal(sink.frames[0].first, 'q');
    }
}

static void pcap_before_2_4_may_swap_lengths(void **state)
{
    (void)state;
    pcap_begin(&image, false, 0xa1b2c3d4, 1);
    image.bytes[6] = 3;
    put32(&image, 1);
    put32(&image, 0);
    put32(&image, 60); /* on the wire */
    put32(&image, 2);  /* captured */
    put(&image, "ab", 2);
    read_image();
    assert_false(sink.failed);
    check_frame(0, SECOND, 2, 60, 1);
}

static void a_wire_length_is_at_least_the_captured(void **state)
{
    (void)state;
    pcap_begin(&image, false, 0xa1b2c3d4, 1);
    put32(&image, 1);
    put32(&image, 0);
    put32(&image, 2);
    put32(&image, 0);
    put(&image, "ab", 2);
    read_image();
    check_frame(0, SECOND, 2, 2, 1);
}

static void the_link_type_may_carry_an_fcs(void **state)
{
    (void)state;
    pcap_begin(&image, false, 0xa1b2c3d4, 0x44000001);
    pcap_frame(&image, 1, 0, "a", 1);
    read_image();
    check_frame(0, SECOND, 1, 101, 1);
}

static void nflog_of_the_other_order_is_swapped(void **state)
{
    static const uint8_t frame[] = {2, 0, 0, 5, 0, 5, 0, 1, 'a', 0,
                                    0, 0, 0, 8, 0, 9, 1, 2, 3,   4};
    (void)state;
    pcap_begin(&image, true, 0xa1b2c3d4, 239);
    pcap_frame(&image, 1, 0, frame, sizeof(frame));
    pcap_frame(&image, 1, 0, frame, 3); /* too short to have any */
    pcap_frame(&image, 1, 0, frame, 6); /* cut within a header */
    pcap_frame(&image, 1, 0, "\2\0\0\5\0\0\0\1\0\377\0\1", 12); /* size 0 */
    read_image();
    assert_false(sink.failed);
    assert_int_equal(sink.count, 4);
    check_frame(0, SECOND, sizeof(frame), sizeof(frame) + 100, 239);
    assert_int_equal(sink.frames[0].last, 4);
}

/* Whatever the cut, the frames before it count, and the end is noticed. */
static void a_pcap_cut_at_every_byte(void **state)
{
    size_t ends[3], len;

    (void)state;
    pcap_begin(&image, false, 0xa1b2c3d4, 1);
    for (int i = 0; i < 3; i++) {
        pcap_frame(&image, 1, 0, udp_frame, (uint32_t)(4 + i * 8));
        ends[i] = image.len;
    }
    len = image.len;
    for (size_t cut = 0; cut <= len; cut++) {
        unsigned whole = (cut >= ends[0]) + (cut >= ends[1]) + (cut >= ends[2]);
        bool opened = read_all(write_file("image", image.bytes, cut), NULL);

        assert_int_equal(opened, cut >= 24);
        if (!opened)
            continue;
        assert_int_equal(sink.count, whole);
        assert_int_equal(sink.failed, cut != 24 && cut != ends[0] &&
                                          cut != ends[1] && cut != ends[2]);
    }
}

static void a_frame_of_impossible_length_ends_a_pcap(void **state)
{
    (void)state;
    pcap_begin(&image, false, 0xa1b2c3d4, 1);
    pcap_frame(&image, 1, 0, "a", 1);
    put_number(&image, 1, 8);
    put32(&image, 262145);
    put32(&image, 262145);
    put(&image, udp_frame, sizeof(udp_frame));
    read_image();
    assert_int_equal(sink.count, 1);
    assert_true(sink.failed);
}

static void the_largest_frames_pass(void **state)
{
    static uint8_t bytes[262144];

    (void)state;
    bytes[262143] = 9;
    pcap_begin(&image, false, 0xa1b2c3d4, 1);
    for (int i = 0; i < 3; i++)
        pcap_frame(&image, 1, 0, bytes, sizeof(bytes));
    read_image();
    assert_int_equal(sink.count, 3);
    assert_false(sink.failed);
    assert_int_equal(sink.frames[2].last, 9);
}

/* ---- pcapng ---- */

static void pcapng_of_both_orders_and_clocks(void **state)
{
    (void)state;
    for (int big = 0; big < 2; big++) {
        image.len = 0;
        ng_section(&image, big);
        ng_interface(&image, 1, -1, 0);
        ng_interface(&image, 101, 9, 0);
        ng_interface(&image, 113, 0x80 | 10, 0);
        ng_interface(&image, 1, 3, 1000);
        ng_interface(&image, 1, 0, -100);
        ng_enhanced(&image, 0, 1500000000 * SECOND + 1, "abc", 3);
        ng_enhanced(&image, 1, UINT64_C(1500000000123456789), "abcd", 4);
        ng_enhanced(&image, 2, 1024 * 7 + 512, "", 0);
        ng_enhanced(&image, 3, 2500, "x", 1);
        ng_enhanced(&image, 4, 50, "x", 1);
        ng_enhanced(&image, 0, UINT64_MAX, "x", 1);
        read_image();
        assert_false(sink.failed);
        assert_int_equal(sink.count, 6);
        check_frame(0, 1500000000 * SECOND + 1, 3, 103, 1);
        check_frame(1, 1500000000 * SECOND + 123456, 4, 104, 12);
        check_frame(2, 7 * SECOND + 500000, 0, 100, 113);
        check_frame(3, 1002 * SECOND + 500000, 1, 101, 1);
        check_frame(4, 0, 1, 101, 1); /* before 1970 */
        check_frame(5, INT64_C(32503680000) * SECOND, 1, 101, 1); /* 3000 */
        assert_int_equal(sink.frames[1].last, 'd');
    }
}

static void pcapng_sections_are_on_their_own(void **state)
{
    (void)state;
    image.len = 0;
    ng_section(&image, false);
    ng_interface(&image, 101, -1, 0);
    ng_enhanced(&image, 0, 1, "a", 1);
    ng_section(&image, true);
    ng_interface(&image, 1, -1, 0);
    ng_enhanced(&image, 0, 2, "b", 1);
    ng_section(&image, false);
    ng_enhanced(&image, 0, 3, "c", 1); /* its interface was the last one's */
    read_image();
    assert_int_equal(sink.count, 2);
    check_frame(0, 1, 1, 101, 12);
    check_frame(1, 2, 1, 101, 1);
    assert_true(sink.failed);
}

static void pcapng_blocks_of_other_kinds(void **state)
{
    static uint8_t junk[600000];
    struct image body = {.is_big = false};

    (void)state;
    image.len = 0;
    ng_section(&image, false);
    ng_block(&image, 0x0bad, junk, sizeof(junk)); /* larger than the window */
    ng_interface(&image, 1, -1, 0);
    ng_enhanced(&image, 0, 5, "a", 1);
    ng_block(&image, 4, junk, 100); /* names */
    put32(&body, 3);
    put(&body, "xyz", 3);
    ng_block(&image, 3, body.bytes, body.len); /* simple */
    body.len = 0;
    put16(&body, 0);
    put16(&body, 0xffff);
    put32(&body, 0);
    put32(&body, 9);
    put32(&body, 2);
    put32(&body, 60);
    put(&body, "qr", 2);
    ng_block(&image, 2, body.bytes, body.len); /* obsolete */
    ng_block(&image, 5, junk, 0);              /* statistics, empty */
    read_image();
    assert_false(sink.failed);
    assert_int_equal(sink.count, 3);
    check_frame(1, 5, 3, 3, 1); /* no time of its own */
    check_frame(2, 9, 2, 60, 1);
}

static void pcapng_cut_at_every_byte(void **state)
{
    size_t len;

    (void)state;
    image.len = 0;
    ng_section(&image, true);
    ng_interface(&image, 1, 9, 7);
    for (int i = 0; i < 3; i++)
        ng_enhanced(&image, 0, 5, udp_frame, sizeof(udp_frame));
    len = image.len;
    for (size_t cut = 0; cut <= len; cut++) {
        if (!read_all(write_file("image", image.bytes, cut), NULL)) {
            assert_true(cut < 28);
            continue;
        }
        assert_true(sink.count <= 3);
        assert_true(sink.failed || cut == len || cut == 28 || cut > 60);
    }
    assert_int_equal(sink.count, 3);
    assert_false(sink.failed);
}

static void corrupt_pcapng_ends_with_a_failure(void **state)
{
    /* Words in little-endian order behind a section and an interface. */
    static const uint32_t cases[][10] = {
        {6, 0, 0},                           /* block length 0 */
        {6, 11, 0},                          /* less than the least */
        {6, 34, 0, 0, 0, 0, 0, 0, 0, 0},     /* not a multiple of 4 */
        {6, 28, 0, 0, 0, 0, 0, 28},          /* no room for its fields */
        {6, 36, 7, 0, 0, 0, 0, 0, 36},       /* an interface not described */
        {6, 36, 0, 0, 0, 100, 100, 0, 36},   /* captured beyond the block */
        {6, 0xfffffff0, 0, 0, 0, 262145, 0}, /* and beyond reason */
        {3, 12, 12},                         /* simple without a length */
        {1, 16, 0, 16},                      /* interface without fields */
        {1, 0x7ffffffc, 0, 0},               /* of two gigabytes */
        {0x0a0d0d0a, 28, 0x12345678, 1},     /* no byte order */
        {0x0a0d0d0a, 28, 0x1a2b3c4d, 9},     /* no such version */
        {0x0a0d0d0a, 16, 0x1a2b3c4d, 1},     /* too short */
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        image.len = 0;
        ng_section(&image, false);
        ng_interface(&image, 1, -1, 0);
        ng_enhanced(&image, 0, 5, "a", 1);
        for (size_t word = 0; word < 10; word++)
            put32(&image, cases[i][word]);
        read_image();
        assert_int_equal(sink.count, 1);
        assert_true(sink.failed);
    }
    image.len = 0;
    ng_section(&image, false);
    ng_interface(&image, 1, 0x80 | 64, 0);
    assert_false(read_all(write_file("image", image.bytes, image.len), NULL));
    assert_non_null(strstr(error, "clock"));
}

/* ---- gzip ---- */

static const char *write_gzip(const char *name, const void *bytes, size_t len,
                              const char *mode)
{
    gzFile file = gzopen(in_folder(name), mode);

    assert_non_null(file);
    assert_int_equal(gzwrite(file, bytes, (unsigned)len), len);
    assert_int_equal(gzclose(file), Z_OK);
    return path;
}

static void make_many(unsigned count)
{
    pcap_begin(&image, false, 0xa1b2c3d4, 1);
    for (unsigned i = 0; i < count; i++)
        pcap_frame(&image, i, 0, i % 3 ? udp_frame : tcp_frame,
                   i % 3 ? sizeof(udp_frame) : sizeof(tcp_frame));
}

static void gzip_is_inflated(void **state)
{
    (void)state;
    make_many(4000);
    assert_true(
        read_all(write_gzip("c.gz", image.bytes, image.len, "wb"), NULL));
    assert_int_equal(sink.count, 4000);
    assert_false(sink.failed);
    /* Two members that divide a frame, and zeros behind them. */
    write_gzip("c.gz", image.bytes, 1001, "wb");
    write_gzip("c.gz", image.bytes + 1001, image.len - 1001, "ab");
    assert_int_equal(truncate(path, 500000), 0);
    assert_true(read_all(path, NULL));
    assert_int_equal(sink.count, 4000);
    assert_false(sink.failed);
}

static void bad_gzip_counts_up_to_there(void **state)
{
    struct stat about;
    int fd;

    (void)state;
    make_many(4000);
    write_gzip("c.gz", image.bytes, image.len, "wb0");
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(truncate(path, about.st_size - 100), 0);
    assert_true(read_all(path, NULL));
    assert_true(sink.failed);
    assert_in_range(sink.count, 3900, 4000);
    /* All there, but not what the checksum says. */
    write_gzip("c.gz", image.bytes, image.len, "wb0");
    fd = open(path, O_WRONLY);
    assert_int_equal(pwrite(fd, "\377\377\377\377\377", 5, 100000), 5);
    close(fd);
    assert_true(read_all(path, NULL));
    assert_true(sink.failed);
    /* A member that says it is gzip and is not. */
    assert_false(
        read_all(write_file("c.gz", "\x1f\x8bxxxxxxxxxxxx", 14), NULL));
    assert_non_null(strstr(error, "gzip"));
}

/* ---- what is no capture ---- */

static void what_is_no_capture_is_refused(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        const char *words;
    } cases[] = {
        {"", 0, "is empty"},
        {"\xd4\xc3", 2, "truncated in its header"},
        {"hello, world", 12, "is not a capture"},
        {"\xd4\xc3\xb2\xa1\x63\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 24,
         "unknown version"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        assert_false(
            read_all(write_file("bad", cases[i].bytes, cases[i].len), NULL));
        assert_non_null(strstr(error, cases[i].words));
        assert_non_null(strstr(error, "bad"));
    }
    assert_false(read_all(folder, NULL));
    assert_non_null(strstr(error, "is a directory"));
    assert_false(read_all("no/such.pcap", NULL));
    assert_non_null(strstr(error, "No such file"));
    assert_false(read_all("no-such-if0", NULL));
    assert_non_null(strstr(error, "interfaces here: "));
    assert_non_null(strstr(error, "lo"));
}

/* ---- filters ---- */

static void filters_apply_to_files(void **state)
{
    (void)state;
    make_many(300);
    write_file("f", image.bytes, image.len);
    assert_true(read_all(path, "udp port 53"));
    assert_int_equal(sink.count, 200);
    assert_true(read_all(path, "host 10.9.9.9"));
    assert_int_equal(sink.count, 0);
    assert_false(sink.failed);
}

static void a_bad_filter_is_shown_with_its_place(void **state)
{
    (void)state;
    make_many(1);
    write_file("f", image.bytes, image.len);
    assert_false(read_all(path, "udp port 53 adn tcp"));
    assert_non_null(strstr(error, "'udp port 53 adn tcp'"));
    assert_non_null(strstr(error, "character 12 ('adn tcp')"));
    assert_false(read_all(path, "&&"));
    assert_non_null(strstr(error, "character 1 ('&&')"));
}

/* Each link type has its own program; where the filter makes no sense, its
 * frames match nothing, and the others go on. */
static void filters_follow_the_link_type(void **state)
{
    (void)state;
    image.len = 0;
    ng_section(&image, false);
    ng_interface(&image, 1, -1, 0);
    ng_interface(&image, 101, -1, 0);
    ng_enhanced(&image, 0, 1, udp_frame, sizeof(udp_frame));
    ng_enhanced(&image, 1, 2, udp_frame + 14, sizeof(udp_frame) - 14);
    ng_enhanced(&image, 0, 3, tcp_frame, sizeof(tcp_frame));
    write_file("f", image.bytes, image.len);
    assert_true(read_all(path, "udp"));
    assert_int_equal(sink.count, 2);
    assert_int_equal(sink.frames[1].link, 12);
    assert_true(read_all(path, "ether host 2:0:0:0:0:1"));
    assert_int_equal(sink.count, 2);
    assert_int_equal(sink.frames[1].when_us, 3);
    assert_false(sink.failed);
}

/* ---- order and progress ---- */

static void work_goes_before_reading_and_end(void **state)
{
    struct capture_config config = {.name = path};
    struct loop *loop = loop_new();
    struct capture *capture;
    uint64_t done, total;

    (void)state;
    make_many(3);
    write_file("w", image.bytes, image.len);
    capture = capture_open(&config, error);
    assert_non_null(capture);
    assert_true(capture_is_file(capture));
    assert_true(capture_is_up(capture));
    assert_string_equal(capture_name(capture), path);
    assert_int_equal(capture_link_type(capture), 1);
    sink_reset(loop);
    sink.work_left = 5; /* on_packet() asserts that it is 0 */
    capture_start(capture, loop, &handler);
    loop_run(loop);
    assert_int_equal(sink.count, 3);
    assert_int_equal(sink.ended, 1);
    capture_progress(capture, &done, &total);
    assert_int_equal(done, image.len);
    assert_int_equal(total, image.len);
    capture_close(capture);
    loop_free(loop);
}

static void resume(void *arg)
{
    assert_int_equal(sink.count, 0);
    capture_resume(arg);
}

/* Nothing is read, and nothing is asked, until it is resumed. */
static void a_file_may_rest(void **state)
{
    struct capture_config config = {.name = path};
    struct loop *loop = loop_new();
    struct loop_source *timer;
    struct capture *capture;
    uint64_t turns;

    (void)state;
    make_many(3);
    write_file("w", image.bytes, image.len);
    capture = capture_open(&config, error);
    sink_reset(loop);
    sink.rests = 2;
    capture_start(capture, loop, &handler);
    capture_resume(capture); /* it does not rest yet */
    timer = loop_every(loop, 20000, LOOP_TICK, resume, capture);
    turns = loop_turns(loop);
    loop_run(loop);
    assert_int_equal(sink.rests, 0);
    assert_int_equal(sink.count, 3);
    assert_int_equal(sink.ended, 1);
    assert_true(loop_turns(loop) - turns < 40);
    loop_source_free(timer);
    capture_close(capture);
    loop_free(loop);
}

/* Each frame twice, and each time there is work of three turns; those that
 * the filter drops are not offered. */
static void refused_frames_come_again_after_work(void **state)
{
    struct capture_config config = {.name = path, .filter = "udp"};
    struct loop *loop = loop_new();
    struct capture_stats stats;
    struct capture *capture;

    (void)state;
    make_many(30);
    write_file("w", image.bytes, image.len);
    capture = capture_open(&config, error);
    assert_non_null(capture);
    sink_reset(loop);
    sink.refusals = 2;
    capture_start(capture, loop, &handler);
    loop_run(loop);
    assert_int_equal(sink.count, 20);
    assert_int_equal(sink.ended, 1);
    assert_int_equal(sink.refused, 0);
    capture_stats(capture, &stats);
    assert_int_equal(stats.frames, 20);
    for (unsigned i = 0; i < 20; i++)
        assert_int_equal(sink.frames[i].when_us,
                         (i / 2 * 3 + 1 + i % 2) * SECOND);
    capture_close(capture);
    loop_free(loop);
}

static void it_may_be_closed_when_it_ended(void **state)
{
    struct capture_config config = {.name = path};
    struct loop *loop = loop_new();

    (void)state;
    make_many(3);
    write_file("w", image.bytes, image.len);
    sink_reset(loop);
    sink.close_in_ended = capture_open(&config, error);
    capture_start(sink.close_in_ended, loop, &handler);
    loop_run(loop);
    assert_int_equal(sink.ended, 1);
    loop_free(loop);
}

static void on_other(void *arg)
{
    struct sink *to = arg;

    to->others++;
}

/* A file at full speed leaves the loop to others. */
static void reading_is_sliced(void **state)
{
    struct capture_config config = {.name = path};
    struct loop *loop = loop_new();
    struct loop_source *other;
    struct capture *capture;

    (void)state;
    make_many(10000);
    write_file("s", image.bytes, image.len);
    capture = capture_open(&config, error);
    sink_reset(loop);
    capture_start(capture, loop, &handler);
    other = loop_every(loop, 1, LOOP_PAGE, on_other, &sink);
    loop_run(loop);
    assert_int_equal(sink.count, 10000);
    assert_true(sink.others >= 4);
    loop_source_free(other);
    capture_close(capture);
    loop_free(loop);
}

/* ---- pipes ---- */

/* Write `len` bytes in bits of `step`, from a child. */
static pid_t write_slowly(int fd, const void *bytes, size_t len, size_t step,
                          useconds_t pause)
{
    pid_t child = fork();

    if (child != 0)
        return child;
    usleep(pause * 20);
    for (size_t at = 0; at < len; at += step) {
        size_t part = len - at < step ? len - at : step;

        if (write(fd, (const uint8_t *)bytes + at, part) < 0)
            _exit(1);
        usleep(pause);
    }
    close(fd);
    _exit(0);
}

static void read_slow_pipe(const void *bytes, size_t len, size_t step)
{
    struct capture_config config = {.name = "-"};
    int saved = dup(STDIN_FILENO);
    struct loop *loop = loop_new();
    struct loop_source *other;
    struct capture *capture;
    int pipes[2];

    assert_int_equal(pipe(pipes), 0);
    (void)write_slowly(pipes[1], bytes, len, step, 1000);
    close(pipes[1]);
    assert_true(dup2(pipes[0], STDIN_FILENO) >= 0);
    close(pipes[0]);
    capture = capture_open(&config, error);
    assert_non_null(capture);
    sink_reset(loop);
    other = loop_every(loop, 1000, LOOP_PAGE, on_other, &sink);
    capture_start(capture, loop, &handler);
    loop_run(loop);
    loop_source_free(other);
    capture_close(capture);
    loop_free(loop);
    if (saved >= 0) {
        dup2(saved, STDIN_FILENO);
        close(saved);
    }
}

static void a_slow_pipe_holds_up_nobody(void **state)
{
    static uint8_t bytes[1 << 16];
    ssize_t len;
    int fd;

    (void)state;
    make_many(20);
    read_slow_pipe(image.bytes, image.len, 7);
    assert_int_equal(sink.count, 20);
    assert_false(sink.failed);
    assert_true(sink.others_wait >= 5); /* the loop ran on meanwhile */
    /* Compressed, the first byte alone. */
    write_gzip("p.gz", image.bytes, image.len, "wb");
    fd = open(path, O_RDONLY);
    len = read(fd, bytes, sizeof(bytes));
    close(fd);
    assert_true(len > 0);
    read_slow_pipe(bytes, (size_t)len, 1);
    assert_int_equal(sink.count, 20);
    assert_false(sink.failed);
    /* Cut off, empty, and nonsense: told at the end, not before. */
    read_slow_pipe(image.bytes, image.len - 1, 400);
    assert_int_equal(sink.count, 19);
    assert_true(sink.failed);
    read_slow_pipe("", 0, 1);
    assert_true(sink.failed);
    read_slow_pipe("nonsense", 8, 8);
    assert_true(sink.failed);
}

static void a_fifo_is_waited_for(void **state)
{
    struct capture_config config = {.name = path};
    struct loop *loop = loop_new();
    struct capture *capture;
    pid_t child;

    (void)state;
    make_many(20);
    assert_int_equal(mkfifo(in_folder("fifo"), 0600), 0);
    capture = capture_open(&config, error); /* must not block */
    assert_non_null(capture);
    assert_int_equal(capture_link_type(capture), -1);
    child = fork();
    if (child == 0) {
        int fd;

        usleep(20000);
        fd = open(path, O_WRONLY);
        _exit(write(fd, image.bytes, image.len) < 0);
    }
    sink_reset(loop);
    capture_start(capture, loop, &handler);
    loop_run(loop);
    assert_int_equal(sink.count, 20);
    assert_false(sink.failed);
    assert_int_equal(capture_link_type(capture), 1);
    capture_close(capture);
    loop_free(loop);
}

/* ---- lists ---- */

struct names {
    char text[1024];
    unsigned count;
    unsigned limit;
};

static bool add_name(void *arg, const char *name)
{
    struct names *names = arg;
    size_t len = strlen(names->text);

    snprintf(names->text + len, sizeof(names->text) - len, "%s\n", name);
    return ++names->count != names->limit;
}

static void lists_are_expanded(void **state)
{
    static const char text[] = "# captures\n"
                               "\n"
                               "a.pcap\r\n"
                               "   sub/b c.pcapng  \n"
                               "\t# indented\n"
                               "/abs/c.pcap\n"
                               "lo\n"
                               "-\n"
                               "last";
    struct names names = {.text = ""};
    char wanted[512];

    (void)state;
    write_file("x.list", text, strlen(text));
    assert_int_equal(capture_list_read(path, add_name, &names, error), 0);
    snprintf(wanted, sizeof(wanted),
             "%s/a.pcap\n%s/sub/b c.pcapng\n/abs/c.pcap\nlo\n-\n%s/last\n",
             folder, folder, folder);
    assert_string_equal(names.text, wanted);
    names = (struct names){.limit = 2};
    assert_int_equal(capture_list_read(path, add_name, &names, error), 0);
    assert_int_equal(names.count, 2);
}

static void bad_lists_are_named_with_their_line(void **state)
{
    struct names names = {.text = ""};
    static char line[8192];

    (void)state;
    assert_true(capture_is_list("a.list"));
    assert_false(capture_is_list(".list"));
    assert_false(capture_is_list("a.pcap"));
    write_file("x.list", "a.pcap\n\nb.list\n", 15);
    assert_int_equal(capture_list_read(path, add_name, &names, error), -1);
    assert_non_null(strstr(error, "x.list:3: "));
    assert_int_equal(names.count, 1);
    memset(line, 'x', sizeof(line));
    write_file("x.list", line, sizeof(line));
    assert_int_equal(capture_list_read(path, add_name, &names, error), -1);
    assert_non_null(strstr(error, "x.list:1: "));
    assert_int_equal(
        capture_list_read(in_folder("none.list"), add_name, &names, error), -1);
    assert_non_null(strstr(error, "none.list: No such file"));
}

/* ---- live ---- */

static bool on_live_packet(void *arg, const struct frame *frame)
{
    loop_stop(((struct sink *)arg)->loop);
    return on_packet(arg, frame);
}

static void on_timeout(void *arg)
{
    loop_stop(((struct sink *)arg)->loop);
}

static void counters_wrap_and_fall(void **state)
{
    (void)state;
    assert_int_equal(capture_growth(7, 7), 0);
    assert_int_equal(capture_growth(7, 10), 3);
    assert_int_equal(capture_growth(UINT32_MAX, 4), 5);
    /* A card that had lost 100 frames before is unplugged. */
    assert_int_equal(capture_growth(0, (uint32_t)-100), 0);
    assert_int_equal(capture_growth((uint32_t)-100, (uint32_t)-98), 2);
}

static void frames_of_loopback_arrive(void **state)
{
    struct capture_config config = {.name = "lo",
                                    .filter = "udp dst port 47474"};
    struct capture_handler live = {.packet = on_live_packet, .arg = &sink};
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons(47474),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct capture *capture = capture_open(&config, error);
    struct capture_stats stats;
    struct loop_source *timeout;
    struct loop *loop;
    int fd;

    (void)state;
    if (capture == NULL) {
        assert_non_null(strstr(error, "setcap cap_net_raw"));
        skip(); /* no permission here */
    }
    if (!capture_is_up(capture)) {
        capture_close(capture);
        skip(); /* lo is down in a bare namespace */
    }
    assert_false(capture_is_file(capture));
    loop = loop_new();
    sink_reset(loop);
    capture_start(capture, loop, &live);
    timeout = loop_after(loop, 5 * SECOND, LOOP_TICK, on_timeout, &sink);
    fd = socket(AF_INET, SOCK_DGRAM, 0);
    assert_int_equal(
        sendto(fd, "hello", 5, 0, (struct sockaddr *)&to, sizeof(to)), 5);
    close(fd);
    loop_run(loop);
    assert_true(sink.count >= 1);
    assert_int_equal(sink.frames[0].wire, 14 + 20 + 8 + 5);
    assert_int_equal(sink.frames[0].link, 1);
    assert_true(llabs(sink.frames[0].when_us - loop_wall_us()) < 5 * SECOND);
    capture_stats(capture, &stats);
    assert_int_equal(stats.frames, sink.count);
    assert_int_equal(stats.disappearings, 0);
    loop_source_free(timeout);
    capture_close(capture);
    loop_free(loop);
}

static int make_folder(void **state)
{
    (void)state;
    log_set_verbosity(LOG_LEVEL_ERROR); /* warnings are what is provoked */
    return mkdtemp(folder) != NULL ? 0 : -1;
}

static int remove_folder(void **state)
{
    static const char *const names[] = {"image", "c.gz", "bad",  "f",     "w",
                                        "s",     "p.gz", "fifo", "x.list"};

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        unlink(in_folder(names[i]));
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pcap_of_all_kinds),
        cmocka_unit_test(pcap_before_2_4_may_swap_lengths),
        cmocka_unit_test(a_wire_length_is_at_least_the_captured),
        cmocka_unit_test(the_link_type_may_carry_an_fcs),
        cmocka_unit_test(nflog_of_the_other_order_is_swapped),
        cmocka_unit_test(a_pcap_cut_at_every_byte),
        cmocka_unit_test(a_frame_of_impossible_length_ends_a_pcap),
        cmocka_unit_test(the_largest_frames_pass),
        cmocka_unit_test(pcapng_of_both_orders_and_clocks),
        cmocka_unit_test(pcapng_sections_are_on_their_own),
        cmocka_unit_test(pcapng_blocks_of_other_kinds),
        cmocka_unit_test(pcapng_cut_at_every_byte),
        cmocka_unit_test(corrupt_pcapng_ends_with_a_failure),
        cmocka_unit_test(gzip_is_inflated),
        cmocka_unit_test(bad_gzip_counts_up_to_there),
        cmocka_unit_test(what_is_no_capture_is_refused),
        cmocka_unit_test(filters_apply_to_files),
        cmocka_unit_test(a_bad_filter_is_shown_with_its_place),
        cmocka_unit_test(filters_follow_the_link_type),
        cmocka_unit_test(work_goes_before_reading_and_end),
        cmocka_unit_test(a_file_may_rest),
        cmocka_unit_test(refused_frames_come_again_after_work),
        cmocka_unit_test(it_may_be_closed_when_it_ended),
        cmocka_unit_test(reading_is_sliced),
        cmocka_unit_test(a_slow_pipe_holds_up_nobody),
        cmocka_unit_test(a_fifo_is_waited_for),
        cmocka_unit_test(lists_are_expanded),
        cmocka_unit_test(bad_lists_are_named_with_their_line),
        cmocka_unit_test(counters_wrap_and_fall),
        cmocka_unit_test(frames_of_loopback_arrive),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
