/* test_tcp: connections from outside. SPDX-License-Identifier: MIT */
#include <string.h>

#include "core/packet/tcp.h"
#include "model.h"

#define SYN TCP_FLAG_SYN
#define ACK TCP_FLAG_ACK
#define RST TCP_FLAG_RST
#define CLIENT 1000000u
#define SERVER 4294960000u /* it wraps around after 7296 bytes */

struct line {
    struct tcp tcp;
    int64_t now_us;
    uint16_t window;
    uint8_t scale; /* of both ends; 0xff: no option */
};

static void send(struct line *line, bool from_server, uint8_t flags,
                 uint32_t seq, uint32_t ack, uint32_t len)
{
    struct packet packet = {
        .when_us = line->now_us += 1000,
        .payload_wire_len = len,
        .tcp = {.seq = seq,
                .ack = ack,
                .window = line->window,
                .flags = flags,
                .window_scale = line->scale},
    };

    (void)tcp_segment(&line->tcp, &packet, from_server);
}

/* A handshake, a request of 100 bytes and an answer of 8000. */
static struct line connection(uint16_t window, uint8_t scale)
{
    struct line line = {
        .now_us = INT64_C(1700000000000000), .window = window, .scale = scale};

    tcp_start(&line.tcp);
    send(&line, false, SYN, CLIENT, 0, 0);
    send(&line, true, SYN | ACK, SERVER, CLIENT + 1, 0);
    send(&line, false, ACK, CLIENT + 1, SERVER + 1, 0);
    send(&line, false, ACK, CLIENT + 1, SERVER + 1, 100);
    send(&line, true, ACK, SERVER + 1, CLIENT + 101, 8000);
    assert_int_equal(line.tcp.state, TCP_STATE_ESTABLISHED);
    return line;
}

static void a_reset_ends_a_connection_from_either_end(void **state)
{
    struct line line = connection(1000, 0xff);

    (void)state;
    send(&line, true, RST, SERVER + 8001, 0, 0);
    assert_int_equal(line.tcp.state, TCP_STATE_RESET);
    assert_true(line.tcp.reset_by_server);
    line = connection(1000, 0xff);
    send(&line, false, RST | ACK, CLIENT + 101, SERVER + 8001, 0);
    assert_int_equal(line.tcp.state, TCP_STATE_RESET);
    assert_false(line.tcp.reset_by_server);
}

/* What the receiver has, and what we did not see, is not known for sure. */
static void a_reset_within_a_window_is_believed(void **state)
{
    static const struct {
        uint16_t window;
        uint8_t scale;
        int64_t distance; /* from the server's next byte */
        bool is_believed;
    } cases[] = {
        {1000, 0xff, 0, true},
        {1000, 0xff, -8000, true},
        {1000, 0xff, 65535, true},
        {1000, 0xff, -65535, true},
        {1000, 0xff, 65536, false},
        {1000, 0xff, -65536, false},
        {0, 0xff, 1, true},
        {65535, 0, 65536, false},
        {65535, 4, 1048560, true},
        {65535, 4, 1048561, false},
        {65535, 4, -1048561, false},
        {65535, 14, 1073725440, true},
        {65535, 14, 1073725441, false},
        {65535, 0xff, INT32_MAX, false},
        {65535, 0xff, INT32_MIN, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct line line = connection(cases[i].window, cases[i].scale);
        uint32_t next = SERVER + 8001;

        send(&line, true, RST, next + (uint32_t)cases[i].distance, 0, 0);
        assert_int_equal(line.tcp.state, cases[i].is_believed
                                             ? TCP_STATE_RESET
                                             : TCP_STATE_ESTABLISHED);
        assert_true((line.tcp.side[1].flags & RST) != 0); /* it was seen */
        if (cases[i].is_believed)
            continue;
        /* It left no trace: the connection goes on without a gap. */
        send(&line, true, ACK, next, CLIENT + 101, 500);
        assert_int_equal(tcp_trouble(&line.tcp, true, TCP_LOST), 0);
        assert_int_equal(tcp_trouble(&line.tcp, true, TCP_RETRANSMISSION), 0);
        assert_int_equal(line.tcp.side[1].next_seq, next + 500);
    }
}

/* A closed port answers with number zero. */
static void a_refusal_is_believed(void **state)
{
    struct line line = {.window = 1000, .scale = 7};

    (void)state;
    tcp_start(&line.tcp);
    send(&line, false, SYN, CLIENT, 0, 0);
    send(&line, true, RST | ACK, 0, CLIENT + 1, 0);
    assert_int_equal(line.tcp.state, TCP_STATE_RESET);
}

/* Picked up in the middle, nobody knows how the windows are scaled. */
static void without_a_handshake_the_largest_window_counts(void **state)
{
    struct line line = {.window = 65535, .scale = 0xff};

    (void)state;
    tcp_start(&line.tcp);
    send(&line, false, ACK, CLIENT, SERVER, 100);
    send(&line, true, ACK, SERVER, CLIENT + 100, 100);
    send(&line, true, RST, SERVER + 100 + 1073725441, 0, 0);
    assert_int_equal(line.tcp.state, TCP_STATE_ESTABLISHED);
    send(&line, true, RST, SERVER + 100 + 1073725440, 0, 0);
    assert_int_equal(line.tcp.state, TCP_STATE_RESET);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reset_ends_a_connection_from_either_end),
        cmocka_unit_test(a_reset_within_a_window_is_believed),
        cmocka_unit_test(a_refusal_is_believed),
        cmocka_unit_test(without_a_handshake_the_largest_window_counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
