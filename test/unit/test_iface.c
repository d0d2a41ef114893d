/* test_iface: seconds of an interface's clock. SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "core/model/iface.h"
#include "model.h"
#include "traffic.h"

#define UDP_LEN 52 /* of a frame of traffic_udp() */

/* More flows than a tick does at once, and than a slice of engine_work(). */
#define MANY 300

static int open_bed(void **state)
{
    struct traffic_bed *bed = calloc(1, sizeof(*bed));

    traffic_open(bed, NULL);
    *state = bed;
    return 0;
}

static int close_bed(void **state)
{
    traffic_close(*state);
    free(*state);
    return 0;
}

/* The only flow. */
static const struct flow *the_flow(const struct traffic_bed *bed)
{
    uint32_t cursor = 0;
    uint32_t index = flows_next(&bed->iface->flows, &cursor);

    assert_int_not_equal(index, POOL_NONE);
    assert_int_equal(flows_next(&bed->iface->flows, &cursor), POOL_NONE);
    return flows_at(&bed->iface->flows, index);
}

static float throughput(const struct traffic_bed *bed)
{
    return flow_bytes_per_s(the_flow(bed), iface_rated_tick(bed->iface));
}

static enum trend trend(const struct traffic_bed *bed)
{
    return flow_trend(the_flow(bed), iface_rated_tick(bed->iface));
}

/* Frames of one flow, a microsecond apart from now on. */
static void burst(struct traffic_bed *bed, unsigned frames)
{
    for (unsigned i = 0; i < frames; i++) {
        traffic_udp(bed, 1);
        bed->now_us++;
    }
}

static void next_second(struct traffic_bed *bed)
{
    bed->now_us += SECOND_US - bed->now_us % SECOND_US;
    assert_true(iface_catch_up(bed->iface, bed->now_us));
}

static void a_second_of_many_packets_is_whole(void **state)
{
    struct traffic_bed *bed = *state;

    burst(bed, 1000); /* eight-bit counters were full three times */
    assert_float_equal(throughput(bed), 0, 0);
    assert_int_equal(trend(bed), TREND_UNKNOWN);
    next_second(bed);
    assert_float_equal(throughput(bed), 1000 * UDP_LEN, 0);
    assert_float_equal(the_flow(bed)->peak_bytes_per_s, 1000 * UDP_LEN, 0);
    burst(bed, 300); /* and what comes now is not of that second */
    assert_float_equal(throughput(bed), 1000 * UDP_LEN, 0);
    next_second(bed);
    assert_float_equal(throughput(bed), 300 * UDP_LEN, 0);
    assert_int_equal(trend(bed), TREND_DOWN);
    assert_float_equal(the_flow(bed)->peak_bytes_per_s, 1000 * UDP_LEN, 0);
}

static void an_idle_second_is_zero(void **state)
{
    struct traffic_bed *bed = *state;

    burst(bed, 10);
    next_second(bed);
    burst(bed, 10);
    next_second(bed);
    assert_int_equal(trend(bed), TREND_STABLE);
    next_second(bed);
    assert_float_equal(throughput(bed), 0, 0);
    assert_int_equal(trend(bed), TREND_DOWN);
    next_second(bed);
    assert_int_equal(trend(bed), TREND_STABLE);
    burst(bed, 1);
    next_second(bed);
    assert_float_equal(throughput(bed), UDP_LEN, 0);
    assert_int_equal(trend(bed), TREND_UP);
}

static void silence_does_not_thin_out_the_second_before(void **state)
{
    struct traffic_bed *bed = *state;

    burst(bed, 100);
    bed->now_us += 30 * SECOND_US;
    next_second(bed);
    assert_float_equal(throughput(bed), 0, 0);
    assert_float_equal(the_flow(bed)->peak_bytes_per_s, 100 * UDP_LEN, 0);
}

static float ended_with_peak;

static void note_peak(void *arg, const struct iface *iface,
                      const struct flow *flow, const struct flow_mark *mark,
                      bool is_partial)
{
    (void)arg;
    (void)iface;
    (void)mark;
    (void)is_partial;
    ended_with_peak = flow->peak_bytes_per_s;
}

static void a_flow_of_less_than_a_second_has_a_peak(void **state)
{
    static const struct observer observer = {.flow_record = note_peak};
    struct traffic_bed *bed = *state;

    engine_observe(bed->engine, &observer);
    burst(bed, 300);
    engine_flush(bed->engine);
    assert_float_equal(ended_with_peak, 300 * UDP_LEN, 0);
}

/* One frame each of many flows, given to the interface now. */
static void many_flows(const struct traffic_bed *bed)
{
    struct build b = {0};
    struct frame frame = {.when_us = bed->now_us, .link_type = 1};

    put_ether(&b, 0x0800);
    put_ip4_udp(&b, 1);
    frame.bytes = b.bytes;
    frame.captured_len = frame.wire_len = (uint32_t)b.len;
    for (unsigned i = 0; i < MANY; i++) {
        b.bytes[34] = (uint8_t)(40 + (i >> 8)); /* the port of the client */
        b.bytes[35] = (uint8_t)i;
        engine_frame(bed->iface, &frame);
    }
}

static uint32_t flows_rated(const struct traffic_bed *bed, uint32_t tick)
{
    uint32_t cursor = 0;
    uint32_t count = 0;
    uint32_t index;

    while ((index = flows_next(&bed->iface->flows, &cursor)) != POOL_NONE)
        count += flows_at(&bed->iface->flows, index)->rated_tick == tick;
    return count;
}

static void a_busy_tick_of_a_file_goes_before_the_next_frame(void **state)
{
    struct traffic_bed *bed = *state;
    unsigned turns = 0;

    many_flows(bed);
    bed->now_us += 5 * SECOND_US;
    while (!iface_catch_up(bed->iface, bed->now_us)) {
        assert_true(flows_rated(bed, bed->iface->tick) < MANY);
        assert_int_equal(bed->iface->now_us, START_US + SECOND_US);
        (void)engine_work(bed->engine);
        turns++;
    }
    assert_true(turns > 1);
    assert_int_equal(flows_rated(bed, 1), MANY);
    assert_int_equal(bed->iface->tick, 2); /* silence is one */
    assert_int_equal(bed->iface->now_us, bed->now_us);
}

static void a_frame_may_come_before_the_work_is_done(void **state)
{
    struct traffic_bed *bed = *state;

    many_flows(bed);
    bed->now_us += SECOND_US;
    assert_false(iface_catch_up(bed->iface, bed->now_us));
    many_flows(bed); /* the first one finds it undone */
    assert_false(bed->iface->is_ticking);
    assert_int_equal(flows_rated(bed, 1), MANY);
    for (uint32_t index = 1; index <= MANY; index++)
        assert_float_equal(
            flow_bytes_per_s(flows_at(&bed->iface->flows, index), 1), UDP_LEN,
            0);
}

static void a_live_tick_waits_for_the_one_before(void **state)
{
    struct traffic_bed *bed = *state;
    struct iface *file = bed->iface;
    int64_t now_us = START_US + SECOND_US;

    bed->iface = engine_add_iface(bed->engine, "live0", true);
    many_flows(bed);
    engine_tick(bed->engine, now_us);
    assert_true(bed->iface->is_ticking);
    assert_int_equal(iface_rated_tick(bed->iface), 0);
    many_flows(bed);
    for (int i = 0; i < 3; i++) {
        now_us += SECOND_US;
        engine_tick(bed->engine, now_us);
        assert_int_equal(bed->iface->now_us, now_us); /* the clock goes on */
        assert_int_equal(bed->iface->tick, 1);
    }
    while (engine_work(bed->engine))
        continue;
    assert_int_equal(iface_rated_tick(bed->iface), 1);
    assert_int_equal(flows_rated(bed, 1), MANY);
    many_flows(bed);
    engine_tick(bed->engine, now_us + SECOND_US);
    assert_int_equal(bed->iface->tick, 2);
    assert_int_equal(bed->iface->tick_interval_us, 4 * SECOND_US);
    while (engine_work(bed->engine))
        continue;
    /* Two packets of each flow in four seconds. */
    assert_float_equal(flow_bytes_per_s(flows_at(&bed->iface->flows, 1), 2),
                       2 * UDP_LEN / 4.0, 0);
    assert_int_equal(bed->iface->flows.news.count, 0);
    bed->iface = file;
}

/* All are rolled up, and have news again before their silence is looked at:
 * whoever asks for work must not be told for ever that there is some. */
static void a_tick_ends_however_busy_all_flows_are(void **state)
{
    struct traffic_bed *bed = *state;
    struct iface *file = bed->iface;
    unsigned slices = 0;

    bed->iface = engine_add_iface(bed->engine, "live0", true);
    many_flows(bed);
    engine_tick(bed->engine, START_US + SECOND_US);
    while (bed->iface->flows.rolling.head != POOL_NONE)
        (void)engine_work(bed->engine);
    many_flows(bed);
    bed->iface->is_ticking = true; /* as when that was the budget's end */
    while (engine_work(bed->engine))
        assert_in_range(++slices, 1, 100);
    engine_tick(bed->engine, START_US + 2 * SECOND_US);
    assert_int_equal(bed->iface->tick, 2);
    bed->iface = file;
}

/* A whole second in a silence: it is halted at once work is done. */
static void a_clock_halts_where_it_is_told(void **state)
{
    struct traffic_bed *bed = *state;
    struct iface *iface = bed->iface;
    int64_t late_us = START_US + 100 * SECOND_US + 5;

    iface_halt_at(iface, 0);
    assert_false(iface_is_halted(iface)); /* it has not begun */
    traffic_udp(bed, 1);
    assert_true(iface_is_halted(iface));
    assert_false(iface_catch_up(iface, START_US + 1));
    assert_false(iface_catch_up(iface, late_us));
    assert_int_equal(iface->tick, 0);
    iface_halt_at(iface, START_US + 60 * SECOND_US);
    assert_false(iface_is_halted(iface));
    assert_false(iface_catch_up(iface, late_us));
    assert_true(iface_is_halted(iface));
    assert_int_equal(iface->held_us, late_us);
    assert_int_equal(iface->now_us, START_US + 60 * SECOND_US);
    assert_int_equal(iface->tick, 2); /* the busy second, the silence */
    /* What comes at that second itself is not before it. */
    assert_false(iface_catch_up(iface, START_US + 60 * SECOND_US));
    iface_halt_at(iface, START_US + 120 * SECOND_US);
    assert_true(iface_catch_up(iface, late_us));
    assert_int_equal(iface->now_us, START_US + 100 * SECOND_US);
}

static void a_clock_that_is_set_back_halts(void **state)
{
    struct traffic_bed *bed = *state;

    iface_halt_at(bed->iface, START_US + 60 * SECOND_US);
    traffic_udp(bed, 1);
    bed->now_us = START_US - 7200 * SECOND_US;
    assert_false(iface_catch_up(bed->iface, bed->now_us));
    assert_true(iface_is_halted(bed->iface));
    assert_int_equal(bed->iface->now_us, bed->now_us);
}

/* Who asks for no catching up is not held back for ever. */
static void a_frame_by_force_ends_a_halt(void **state)
{
    struct traffic_bed *bed = *state;

    iface_halt_at(bed->iface, 0);
    traffic_udp(bed, 1);
    bed->now_us += 10 * SECOND_US;
    traffic_udp(bed, 1);
    assert_int_equal(bed->iface->counters.all.packets, 2);
    assert_int_equal(bed->iface->now_us, START_US + 10 * SECOND_US);
}

static void the_end_is_the_end_of_a_second(void **state)
{
    struct traffic_bed *bed = *state;

    iface_end(bed->iface, true);
    assert_int_equal(bed->iface->tick, 0); /* nothing came */
    burst(bed, 10);
    iface_end(bed->iface, true);
    while (engine_work(bed->engine))
        continue;
    assert_true(bed->iface->is_over);
    assert_int_equal(bed->iface->ticked_us, START_US + SECOND_US);
    assert_float_equal(throughput(bed), 10 * UDP_LEN, 0);
}

static void an_end_for_nobody_settles_for_a_halt_alone(void **state)
{
    struct traffic_bed *bed = *state;

    burst(bed, 10);
    iface_end(bed->iface, false);
    iface_halt_at(bed->iface, START_US + 2 * SECOND_US);
    iface_end(bed->iface, false);
    assert_int_equal(bed->iface->tick, 0);
    iface_halt_at(bed->iface, START_US + SECOND_US);
    iface_end(bed->iface, false);
    assert_int_equal(bed->iface->tick, 1);
    assert_true(iface_is_halted(bed->iface));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_bed, close_bed)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_second_of_many_packets_is_whole),
        TEST(an_idle_second_is_zero),
        TEST(silence_does_not_thin_out_the_second_before),
        TEST(a_flow_of_less_than_a_second_has_a_peak),
        TEST(a_busy_tick_of_a_file_goes_before_the_next_frame),
        TEST(a_frame_may_come_before_the_work_is_done),
        TEST(a_live_tick_waits_for_the_one_before),
        TEST(a_tick_ends_however_busy_all_flows_are),
        TEST(a_clock_halts_where_it_is_told),
        TEST(a_clock_that_is_set_back_halts),
        TEST(a_frame_by_force_ends_a_halt),
        TEST(the_end_is_the_end_of_a_second),
        TEST(an_end_for_nobody_settles_for_a_halt_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
