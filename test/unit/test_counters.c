/* test_counters: sizes, rates and trends. SPDX-License-Identifier: MIT */
#include "core/model/counters.h"
#include "core/packet/packet.h"
#include "model.h"

static void sizes_have_their_class(void **state)
{
    static const struct {
        uint32_t wire_len;
        enum packet_class class;
    } cases[] = {
        {0, SIZE_64},
        {64, SIZE_64},
        {65, SIZE_128},
        {128, SIZE_128},
        {129, SIZE_256},
        {256, SIZE_256},
        {257, SIZE_512},
        {512, SIZE_512},
        {513, SIZE_1024},
        {1024, SIZE_1024},
        {1025, SIZE_1518},
        {1518, SIZE_1518},
        {1519, SIZE_2500},
        {2500, SIZE_2500},
        {2501, SIZE_6500},
        {6500, SIZE_6500},
        {6501, SIZE_9000},
        {9000, SIZE_9000},
        {9001, SIZE_ABOVE_9000},
        {UINT32_MAX, SIZE_ABOVE_9000},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        assert_int_equal(packet_size_class(cases[i].wire_len), cases[i].class);
}

static void protocols_have_their_group(void **state)
{
    (void)state;
    assert_int_equal(l4_group(IP_PROTO_TCP), L4_TCP);
    assert_int_equal(l4_group(IP_PROTO_UDP), L4_UDP);
    assert_int_equal(l4_group(IP_PROTO_ICMP), L4_ICMP);
    assert_int_equal(l4_group(IP_PROTO_ICMPV6), L4_ICMP);
    assert_int_equal(l4_group(IP_PROTO_SCTP), L4_OTHER);
    assert_int_equal(l4_group(0), L4_OTHER);
    assert_int_equal(l4_group(255), L4_OTHER);
}

/* Rates are whole numbers of at most 24 bits here: exact as float. */
static void assert_rate(const struct rate *rate, uint32_t now_s, uint32_t bytes,
                        uint32_t packets)
{
    assert_int_equal(rate_bytes_per_s(rate, now_s), bytes);
    assert_int_equal(rate_packets_per_s(rate, now_s), packets);
}

static void a_second_counts_once_it_is_over(void **state)
{
    struct rate rate = {0};

    (void)state;
    assert_rate(&rate, 1000, 0, 0);
    rate_add(&rate, 1000, 300, 3);
    assert_rate(&rate, 1000, 0, 0);
    rate_add(&rate, 1000, 700, 1); /* another flow in the same tick */
    assert_rate(&rate, 1000, 0, 0);
    assert_rate(&rate, 1001, 1000, 4); /* before and in the next tick */
    rate_add(&rate, 1001, 50, 1);
    assert_rate(&rate, 1001, 1000, 4);
    assert_rate(&rate, 1002, 50, 1);
}

static void silence_is_zero(void **state)
{
    struct rate rate = {0};

    (void)state;
    rate_add(&rate, 1000, 500, 5);
    assert_rate(&rate, 1002, 0, 0);
    assert_rate(&rate, 9999, 0, 0);
    rate_add(&rate, 1005, 70, 7);
    assert_rate(&rate, 1005, 0, 0);
    assert_rate(&rate, 1006, 70, 7);
}

static void trends_compare_whole_seconds(void **state)
{
    struct rate rate = {0};

    (void)state;
    assert_int_equal(rate_trend(&rate, 1000), TREND_UNKNOWN);
    rate_add(&rate, 1000, 1000, 1);
    assert_int_equal(rate_trend(&rate, 1000), TREND_UNKNOWN);
    assert_int_equal(rate_trend(&rate, 1001), TREND_UNKNOWN);
    assert_int_equal(rate_trend(&rate, 1002), TREND_DOWN);
    rate_add(&rate, 1001, 1099, 1);
    assert_int_equal(rate_trend(&rate, 1002), TREND_STABLE);
    rate_add(&rate, 1002, 1300, 1);
    assert_int_equal(rate_trend(&rate, 1002), TREND_STABLE);
    assert_int_equal(rate_trend(&rate, 1003), TREND_UP);
    rate_add(&rate, 1003, 1, 1); /* the tick has only begun */
    assert_int_equal(rate_trend(&rate, 1003), TREND_UP);
    rate_add(&rate, 1003, 999, 1);
    assert_int_equal(rate_trend(&rate, 1004), TREND_DOWN);
    assert_int_equal(rate_trend(&rate, 1005), TREND_DOWN);
    assert_int_equal(rate_trend(&rate, 1006), TREND_STABLE); /* of silence */
    rate_add(&rate, 1008, 5, 1);
    assert_int_equal(rate_trend(&rate, 1009), TREND_UP);
}

static void the_peak_is_of_any_second(void **state)
{
    struct rate rate = {0};

    (void)state;
    rate_add(&rate, 1000, 500, 1);
    rate_add(&rate, 1000, 500, 1);
    assert_int_equal(rate.peak_bytes_per_s, 1000);
    rate_add(&rate, 1001, 900, 1);
    assert_int_equal(rate.peak_bytes_per_s, 1000);
    rate_add(&rate, 1007, 1500, 1);
    assert_int_equal(rate.peak_bytes_per_s, 1500);
}

static void a_clock_set_back_starts_anew(void **state)
{
    struct rate rate = {0};

    (void)state;
    rate_add(&rate, 2000000000, 500, 5);
    assert_rate(&rate, 1000, 0, 0);
    rate_add(&rate, 1000, 40, 4);
    assert_rate(&rate, 1000, 0, 0);
    assert_rate(&rate, 1001, 40, 4);
    rate_add(&rate, 1001, 60, 6);
    assert_rate(&rate, 1001, 40, 4);
    assert_int_equal(rate_trend(&rate, 1002), TREND_UP);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_have_their_class),
        cmocka_unit_test(protocols_have_their_group),
        cmocka_unit_test(a_second_counts_once_it_is_over),
        cmocka_unit_test(silence_is_zero),
        cmocka_unit_test(trends_compare_whole_seconds),
        cmocka_unit_test(the_peak_is_of_any_second),
        cmocka_unit_test(a_clock_set_back_starts_anew),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
