/* test_lua_time: throughput and missing functions. SPDX-License-Identifier: MIT
 */
#include "lua_traffic.h"

/* Frames of 52 bytes of one flow, in one second after the bed's. */
static void send_in_second(struct lua_bed *bed, unsigned second, unsigned count)
{
    bed->traffic.now_us = START_US + second * SECOND_US;
    for (unsigned i = 0; i < count; i++)
        traffic_udp(&bed->traffic, 1);
}

/* Five frames, then ten, and the second after is asked about. */
static void throughput_is_that_of_the_last_second(void **state)
{
    struct lua_bed *bed = *state;

    send_in_second(bed, 2, 5);
    send_in_second(bed, 3, 10);
    send_in_second(bed, 4, 1);
    script_run(&bed->script,
               "local f = interface.getFlowsInfo(nil, {maxHits = 1,\n"
               "    sortColumn = 'column_thpt', a2zSortOrder = false})\n"
               "    .flows[1]\n"
               "assert(f['cli.ip'] == '10.0.0.1' and f['srv.port'] == 2222)\n"
               "assert(f.throughput_bps == 520.0, f.throughput_bps)\n"
               "assert(f.top_throughput_bps == 520.0)\n"
               "assert(f.throughput_trend_bps == 1)\n");
    /* What ticks hand over counts for the second that they begin. */
    send_in_second(bed, 5, 1);
    script_run(&bed->script,
               "local h = interface.getHostInfo('10.0.0.1')\n"
               "assert(h.throughput_bps == 520.0, h.throughput_bps)\n"
               "assert(h.last_throughput_bps == 260.0)\n"
               "assert(h.throughput_trend_bps == 1)\n"
               "assert(h.throughput_trend_bps_diff == 260.0)\n"
               "assert(h.throughput_pps == 10.0)\n"
               "local m = interface.getMacsInfo('column_thpt', 1, 0, false)\n"
               "    .macs[1]\n"
               "assert(m.throughput_bps == 520.0)\n"
               "local a = interface.getASInfo(64500)\n"
               "assert(a.throughput_bps == 520.0 and a.throughput_pps == 10)\n"
               "local g = interface.getGroupedHosts(true, 'column_country',\n"
               "                                    'NO')[1]\n"
               "assert(g.throughput_bps == 520.0)\n"
               "assert(g.throughput_trend_bps_diff == 260.0)\n");
}

static void silence_is_zero(void **state)
{
    struct lua_bed *bed = *state;

    send_in_second(bed, 2, 5);
    bed->traffic.now_us = START_US + 4 * SECOND_US;
    lua_bed_tcp(bed, 6, TCP_FLAG_SYN, "", false);
    bed->traffic.now_us = START_US + 5 * SECOND_US;
    lua_bed_tcp(bed, 6, TCP_FLAG_SYN, "", false);
    script_run(&bed->script,
               "local f = interface.getFlowsInfo('10.0.1.1',\n"
               "    {filter = 'port=2222', detailsLevel = 'high'}).flows[1]\n"
               "assert(f.throughput_bps == 0.0, f.throughput_bps)\n"
               "assert(f.top_throughput_bps == 260.0)\n"
               "local h = interface.getHostInfo('10.0.0.1')\n"
               "assert(h.throughput_bps == 0.0)\n");
}

static void flows_are_idle_after_their_time(void **state)
{
    struct lua_bed *bed = *state;
    char text[128];

    /* The bed's time-outs are ten minutes. */
    bed->traffic.iface->now_us = START_US + 599 * SECOND_US;
    for (int idle = 0; idle < 2; idle++) {
        snprintf(text, sizeof(text),
                 "assert(interface.getFlowsInfo('10.0.0.8').flows[1]"
                 "['flow.idle'] == %s)",
                 idle != 0 ? "true" : "false");
        script_run(&bed->script, text);
        bed->traffic.iface->now_us += 2 * SECOND_US;
    }
}

static void what_cannot_be_says_why(void **state)
{
    struct lua_bed *bed = *state;

    script_run(&bed->script,
               "for i = 1, 2 do\n"
               "    local r, why = interface.findPidFlows(7)\n"
               "    assert(r == nil and why == 'flows know no processes')\n"
               "end\n"
               "assert(interface.getSNMPStats == nil)\n");
}

#define TEST(name) \
    cmocka_unit_test_setup_teardown(name, lua_bed_make, lua_bed_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(throughput_is_that_of_the_last_second),
        TEST(silence_is_zero),
        TEST(flows_are_idle_after_their_time),
        TEST(what_cannot_be_says_why),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
