/* test_flow: what a flow says of itself. SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "core/model/flow.h"
#include "core/packet/dpi.h"
#include "model.h"

#define SECOND_US INT64_C(1000000)
#define START_US (INT64_C(1700000000) * SECOND_US)

/* A flow whose client answered with `packets` between two times after its
 * start, and which lasts to the later of these and `last_us`. */
static struct flow flow_of_times(uint32_t packets, int64_t first_us,
                                 int64_t way_last_us, int64_t last_us)
{
    return (struct flow){
        .total = {{packets, 100}},
        .first_us = START_US,
        .last_us = START_US + last_us,
        .flags = FLOW_SWAPPED,
        .answered_us = (uint32_t)(START_US + first_us),
        .way_last_us = {(uint32_t)(START_US + way_last_us)},
    };
}

static void mean_inter_arrival_times(void **state)
{
    static const struct {
        uint32_t packets;
        int64_t first_us;
        int64_t way_last_us;
        int64_t last_us;
        uint32_t expected;
    } cases[] = {
        {0, 0, 0, 0, 0},
        {1, 0, 0, 100, 0},
        {2, 0, 100, 100, 100},
        {4, 50, 110, 1000, 20},
        {3, 5, 5, 5, 0},
        /* longer than 32 bits of microseconds, 71 minutes */
        {101, 0, 10000 * SECOND_US, 10000 * SECOND_US, 100 * SECOND_US},
        {101, 60 * SECOND_US, 10060 * SECOND_US, 10100 * SECOND_US,
         100 * SECOND_US},
        {2, 0, 100000 * SECOND_US, 100000 * SECOND_US, UINT32_MAX},
        {2, 10, 5, 10, 0}, /* the clock was set back */
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct flow flow =
            flow_of_times(cases[i].packets, cases[i].first_us,
                          cases[i].way_last_us, cases[i].last_us);

        assert_int_equal(flow_iat_avg_us(&flow, WAY_SENT), cases[i].expected);
    }
}

static void the_first_way_began_with_the_flow(void **state)
{
    struct flow flow = flow_of_times(11, 50, 100, 200);

    (void)state;
    assert_int_equal(flow_iat_avg_us(&flow, WAY_SENT), 5);
    flow.flags = 0; /* now the client's was the first packet of all */
    assert_int_equal(flow_iat_avg_us(&flow, WAY_SENT), 10);
}

static void throughput_is_that_of_the_last_tick(void **state)
{
    static const struct {
        float bytes; /* 0: none came, so nobody visits the flow */
        float peak;
        enum trend trend;
    } ticks[] = {
        {1000, 1000, TREND_UNKNOWN}, {1050, 1050, TREND_STABLE},
        {2000, 2000, TREND_UP},      {1900, 2000, TREND_STABLE},
        {500, 2000, TREND_DOWN},     {0, 2000, TREND_DOWN},
        {0, 2000, TREND_STABLE},     {500, 2000, TREND_UP},
        {3000, 3000, TREND_UP},      {0, 3000, TREND_DOWN},
    };
    struct flow flow = {0};

    (void)state;
    assert_int_equal(flow_trend(&flow, 0), TREND_UNKNOWN);
    for (uint32_t i = 0; i < sizeof(ticks) / sizeof(*ticks); i++) {
        uint32_t tick = i + 7;

        if (ticks[i].bytes > 0)
            flow_tick(&flow, tick, ticks[i].bytes);
        assert_float_equal(flow_bytes_per_s(&flow, tick), ticks[i].bytes, 0);
        assert_float_equal(flow.peak_bytes_per_s, ticks[i].peak, 0);
        assert_int_equal(flow_trend(&flow, tick), ticks[i].trend);
    }
}

static void low_goodput_is_below_two_fifths(void **state)
{
    struct flow flow = {.total = {{10, 600}, {10, 400}}};

    (void)state;
    assert_true(flow_has_low_goodput(&flow));
    flow.goodput[WAY_SENT] = 300;
    flow.goodput[WAY_RCVD] = 99;
    assert_true(flow_has_low_goodput(&flow));
    flow.goodput[WAY_RCVD] = 100;
    assert_false(flow_has_low_goodput(&flow));
}

/* A connection with data and nothing wrong. */
static void healthy(struct flow *flow, struct tcp *tcp)
{
    *flow = (struct flow){
        .key = {.l4_proto = IP_PROTO_TCP},
        .last_us = START_US,
        .total = {{20, 10000}, {20, 10000}},
        .goodput = {9000, 9000},
    };
    *tcp = (struct tcp){
        .state = TCP_STATE_ESTABLISHED,
        .side = {{.flags = TCP_FLAG_SYN | TCP_FLAG_ACK},
                 {.flags = TCP_FLAG_SYN | TCP_FLAG_ACK}},
    };
}

static void connections_with_data(void **state)
{
    uint32_t taken[TCP_TROUBLE_COUNT];
    struct flow flow;
    struct tcp tcp;

    (void)state;
    healthy(&flow, &tcp);
    assert_int_equal(flow_status(&flow, &tcp, START_US), FLOW_STATUS_NORMAL);
    flow.goodput[0] = flow.goodput[1] = 1000;
    assert_int_equal(flow_status(&flow, &tcp, START_US),
                     FLOW_STATUS_LOW_GOODPUT);
    flow.last_us = START_US;
    tcp.state = TCP_STATE_ESTABLISHED;
    assert_int_equal(flow_status(&flow, &tcp, START_US + 10 * SECOND_US),
                     FLOW_STATUS_LOW_GOODPUT);
    assert_int_equal(flow_status(&flow, &tcp, START_US + 11 * SECOND_US),
                     FLOW_STATUS_SLOW_DATA);
    tcp.state = TCP_STATE_CLOSED; /* it is done, not slow */
    assert_int_equal(flow_status(&flow, &tcp, START_US + 11 * SECOND_US),
                     FLOW_STATUS_LOW_GOODPUT);
    tcp.appl_us = 6 * SECOND_US; /* a time as long as there is no answer */
    assert_int_equal(flow_status(&flow, &tcp, START_US),
                     FLOW_STATUS_LOW_GOODPUT);
    tcp.answer_seen = true;
    assert_int_equal(flow_status(&flow, &tcp, START_US),
                     FLOW_STATUS_SLOW_HEADER);
    tcp.client_us = 3 * SECOND_US;
    tcp.handshake_done = true;
    assert_int_equal(flow_status(&flow, &tcp, START_US), FLOW_STATUS_SLOW_TCP);
    tcp.side[0].fresh[TCP_RETRANSMISSION] = 2;
    tcp.side[1].fresh[TCP_LOST] = 2;
    assert_int_equal(flow_status(&flow, &tcp, START_US), FLOW_STATUS_SLOW_TCP);
    tcp_take(&tcp, true, taken);
    assert_int_equal(taken[TCP_LOST], 2);
    assert_int_equal(tcp.side[1].fresh[TCP_LOST], 0);
    tcp.side[1].fresh[TCP_LOST] = 1;
    assert_int_equal(tcp_trouble(&tcp, true, TCP_LOST), 3);
    assert_int_equal(flow_status(&flow, &tcp, START_US),
                     FLOW_STATUS_TCP_ISSUES);
    tcp_clear(&tcp);
}

static void certificates_of_another_name(void **state)
{
    struct flow flow;
    struct tcp tcp;

    (void)state;
    healthy(&flow, &tcp);
    for (unsigned risk = 0; risk < 64; risk++) {
        bool is_mismatch =
            strcmp(dpi_risk_name(risk), "TLS Certificate Mismatch") == 0;

        attrs_set_number(&flow.attrs, ATTR_RISKS, UINT64_C(1) << risk);
        assert_int_equal(flow_status(&flow, &tcp, START_US),
                         is_mismatch ? FLOW_STATUS_CERTIFICATE
                                     : FLOW_STATUS_NORMAL);
    }
    free(flow.attrs);
}

static void connections_without_data(void **state)
{
    static const struct {
        uint8_t asked;
        uint8_t answered;
        enum tcp_state tcp_state;
        int64_t silence_us;
        enum flow_status expected;
    } cases[] = {
        {TCP_FLAG_SYN, 0, TCP_STATE_OPENING, 0, FLOW_STATUS_NORMAL},
        {TCP_FLAG_SYN, 0, TCP_STATE_OPENING, 4 * SECOND_US,
         FLOW_STATUS_SYN_PROBING},
        {TCP_FLAG_SYN | TCP_FLAG_RST, 0, TCP_STATE_RESET, 0,
         FLOW_STATUS_SYN_PROBING},
        {TCP_FLAG_SYN, TCP_FLAG_RST | TCP_FLAG_ACK, TCP_STATE_RESET, 0,
         FLOW_STATUS_REFUSED},
        {TCP_FLAG_SYN | TCP_FLAG_RST, TCP_FLAG_SYN | TCP_FLAG_ACK,
         TCP_STATE_RESET, 0, FLOW_STATUS_TCP_PROBING},
        {TCP_FLAG_SYN | TCP_FLAG_ACK, TCP_FLAG_SYN | TCP_FLAG_ACK,
         TCP_STATE_ESTABLISHED, 9 * SECOND_US, FLOW_STATUS_NORMAL},
        {TCP_FLAG_FIN | TCP_FLAG_PSH, 0, TCP_STATE_ESTABLISHED, 0,
         FLOW_STATUS_TCP_PROBING},
        {0, TCP_FLAG_RST, TCP_STATE_RESET, 0, FLOW_STATUS_TCP_PROBING},
        {TCP_FLAG_ACK, TCP_FLAG_ACK, TCP_STATE_ESTABLISHED, 0,
         FLOW_STATUS_NORMAL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct flow flow = {.last_us = START_US, .total = {{1, 60}}};
        struct tcp tcp = {
            .state = (uint8_t)cases[i].tcp_state,
            .side = {{.flags = cases[i].asked}, {.flags = cases[i].answered}},
        };

        assert_int_equal(
            flow_status(&flow, &tcp, START_US + cases[i].silence_us),
            cases[i].expected);
    }
}

static void other_protocols_are_normal(void **state)
{
    struct flow flow = {.key = {.l4_proto = IP_PROTO_UDP}};

    (void)state;
    assert_int_equal(flow_status(&flow, NULL, START_US), FLOW_STATUS_NORMAL);
}

static void each_status_has_a_name(void **state)
{
    (void)state;
    for (enum flow_status status = 0; status < FLOW_STATUSES; status++)
        assert_non_null(flow_status_name(status));
    assert_string_equal(flow_status_name(FLOW_STATUS_NORMAL), "normal");
    assert_string_equal(flow_status_name(FLOW_STATUSES), "unknown");
}

static enum flow_class class_of(uint8_t l4_proto, enum tcp_state tcp_state)
{
    struct flow flow = {.key = {.l4_proto = l4_proto}};
    struct tcp tcp = {.state = (uint8_t)tcp_state};

    return flow_class_of(&flow, l4_proto == IP_PROTO_TCP ? &tcp : NULL);
}

static void classes_follow_protocol_and_state(void **state)
{
    (void)state;
    assert_int_equal(class_of(IP_PROTO_TCP, TCP_STATE_OPENING),
                     FLOW_TCP_OPENING);
    assert_int_equal(class_of(IP_PROTO_TCP, TCP_STATE_ESTABLISHED),
                     FLOW_TCP_ESTABLISHED);
    assert_int_equal(class_of(IP_PROTO_TCP, TCP_STATE_CLOSING),
                     FLOW_TCP_ESTABLISHED);
    assert_int_equal(class_of(IP_PROTO_TCP, TCP_STATE_CLOSED), FLOW_TCP_CLOSED);
    assert_int_equal(class_of(IP_PROTO_TCP, TCP_STATE_RESET), FLOW_TCP_CLOSED);
    assert_int_equal(class_of(IP_PROTO_UDP, 0), FLOW_UDP);
    assert_int_equal(class_of(IP_PROTO_ICMP, 0), FLOW_ICMP);
    assert_int_equal(class_of(IP_PROTO_ICMPV6, 0), FLOW_ICMP);
    assert_int_equal(class_of(IP_PROTO_SCTP, 0), FLOW_OTHER);
    assert_int_equal(class_of(0, 0), FLOW_OTHER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mean_inter_arrival_times),
        cmocka_unit_test(the_first_way_began_with_the_flow),
        cmocka_unit_test(throughput_is_that_of_the_last_tick),
        cmocka_unit_test(low_goodput_is_below_two_fifths),
        cmocka_unit_test(connections_with_data),
        cmocka_unit_test(certificates_of_another_name),
        cmocka_unit_test(connections_without_data),
        cmocka_unit_test(other_protocols_are_normal),
        cmocka_unit_test(each_status_has_a_name),
        cmocka_unit_test(classes_follow_protocol_and_state),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
