/* test_engine: what packets leave behind, and the clock.
 * SPDX-License-Identifier: MIT */
#include "traffic.h"

static struct traffic_bed bed;

static int open_bed(void **state)
{
    (void)state;
    traffic_open(&bed, NULL);
    return 0;
}

static int close_bed(void **state)
{
    (void)state;
    traffic_close(&bed);
    return 0;
}

/* The flow that put_ip4_udp() of this `net` makes. */
static struct flow *flow_of_udp(unsigned net)
{
    uint32_t cursor = 0;
    uint32_t index;

    while ((index = flows_next(&bed.iface->flows, &cursor)) != POOL_NONE) {
        struct flow *flow = flows_at(&bed.iface->flows, index);

        if (flow->key.addr[0].bytes[15] == net)
            return flow;
    }
    fail();
    return NULL;
}

/* nDPI may know better later: it names an address's owner first, then what
 * the first message says. */
static void an_application_that_changes_is_counted_once(void **state)
{
    (void)state;
    traffic_udp(&bed, 1);
    flow_of_udp(1)->app = 91;
    bed.now_us += 2 * SECOND_US;
    traffic_udp(&bed, 2);
    flow_of_udp(1)->app = 126;
    engine_flush(bed.engine);
    for (unsigned app = 0; app < DPI_APPS; app++)
        assert_int_equal(bed.iface->apps[app].active_flows, 0);
}

#define ENGINE_TEST(name) \
    cmocka_unit_test_setup_teardown(name, open_bed, close_bed)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ENGINE_TEST(an_application_that_changes_is_counted_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
