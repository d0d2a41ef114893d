/* test_host_filter: expressions over hosts. SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "core/model/host_filter.h"
#include "traffic.h"

/* Servers are in Norway and in AS 64500. */
static bool find_place(void *arg, const struct addr *addr, struct geo_info *out)
{
    (void)arg;
    *out =
        (struct geo_info){.country = "NO", .asn = 64500, .as_name = "Example"};
    return addr->bytes[14] == 1;
}

/*
 * Eight hosts: 10.0.0.1 and 10.0.1.1 with one datagram of 52 bytes, 10.0.0.2
 * and 10.0.1.2 with three, of Google over TLS; 10.0.0.4 and 10.0.1.4 in VLAN
 * 5; 2001:db8::1 and 2001:db8::1:1. 10.0.1.1 has a name.
 */
static int bed_make(void **state)
{
    static const struct locator locator = {.locate = find_place};
    struct traffic_bed *bed = mem_calloc(1, sizeof(*bed));
    struct build b = {0};
    struct addr addr;
    struct flows *flows;
    uint32_t cursor = 0;
    uint32_t index;

    traffic_open(bed, &locator);
    flows = &bed->iface->flows;
    traffic_udp(bed, 1);
    for (int i = 0; i < 3; i++)
        traffic_udp(bed, 2);
    put_ether(&b, 0x8100);
    put16(&b, 5);
    put16(&b, 0x0800);
    put_ip4_udp(&b, 4);
    traffic_frame(bed, &b);
    b.len = 0;
    put_ether(&b, 0x86dd);
    put_ip6_udp(&b, 1);
    traffic_frame(bed, &b);
    while ((index = flows_next(flows, &cursor)) != POOL_NONE) {
        struct flow *flow = flows_at(flows, index);

        flow->flags |= FLOW_DPI_DONE;
        if (flow->key.addr[0].bytes[15] == 2)
            flow->app = 126; /* Google, as nDPI counts */
    }
    bed->now_us += SECOND_US;
    iface_tick(bed->iface, bed->now_us);
    while (iface_work(bed->iface, 1024))
        ;
    assert_true(addr_parse("10.0.1.1", &addr));
    index = hosts_find(&bed->iface->hosts, &addr, 0);
    assert_int_not_equal(index, POOL_NONE);
    host_learn_name(hosts_at(&bed->iface->hosts, index), NAME_DNS,
                    "www.example.org");
    *state = bed;
    return 0;
}

static int bed_remove(void **state)
{
    traffic_close(*state);
    free(*state);
    return 0;
}

/* How many hosts an expression is true for; -1 when it is refused. */
static int count(struct traffic_bed *bed, const char *text,
                 struct strbuf *error)
{
    struct host_filter *filter =
        host_filter_new(text, engine_dpi(bed->engine), error);
    uint32_t cursor = 0;
    uint32_t index;
    int found = 0;

    if (filter == NULL)
        return -1;
    while ((index = hosts_next(&bed->iface->hosts, &cursor)) != POOL_NONE)
        found += host_filter_matches(filter, bed->iface, index);
    host_filter_free(filter);
    return found;
}

static void finds_hosts(void **state)
{
    static const struct {
        const char *text;
        int hosts;
    } rows[] = {
        {"", 8},
        {"ip=10.0.0.1", 1},
        {"ip 10.0.0.1", 1},
        {"ip!=10.0.0.1", 7},
        {"ip in (10.0.0.1, 10.0.1.0/24)", 4},
        {"net=10.0.1.0/24", 3},
        {"net=0.0.0.0/0", 6},
        {"host 10.0.0.0/16 and bytes > 60", 2},
        {"host www.example.org", 1},
        {"host~EXAMPLE", 1},
        {"host~10.0.", 5},
        {"name~example", 1},
        {"mac=02:00:00:00:00:0a", 4},
        {"local", 6},
        {"not local", 2},
        {"localhost=no", 2},
        {"network=-1", 2},
        {"local_network_id>=0", 6},
        {"vlan=5", 2},
        {"version=6", 2},
        {"country=no", 3},
        {"country in (NO,SE)", 3},
        {"asn=64500", 3},
        {"asname=example", 3},
        {"app Google", 2},
        {"app=126", 2},
        {"app=Unknown", 6},
        {"app=TLS", 0},
        {"not app in (TLS, Google)", 6},
        {"packets=3", 2},
        {"packets.sent=3", 1},
        {"bytes=156", 2},
        {"bytes.rcvd=156", 1},
        {"flows=1", 8},
        {"active_flows.as_client=1", 4},
        {"udp.packets.sent>0", 4},
        {"tcp.packets.sent=0", 8},
        {"criteria.upload>100", 1},
        {"seen.last>0 and duration>=1", 8},
        {"throughput_bps>=0.5 or throughput_bps<0.5", 8},
        {"privatehost", 6},
        {"tcp.packets.lost=0", 8},
        {"latitude=0", 8},
    };
    struct strbuf error;

    strbuf_init(&error, 256);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int found = count(*state, rows[i].text, &error);

        if (found != rows[i].hosts)
            fail_msg("%s: %d, not %d (%s)", rows[i].text, found, rows[i].hosts,
                     error.text);
    }
    strbuf_free(&error);
}

static void says_where_it_is_wrong(void **state)
{
    static const struct {
        const char *text;
        const char *error;
    } rows[] = {
        {"port=1", "unknown name at character 1: port=1"},
        {"cli.ip=10.0.0.1", "unknown name at character 1"},
        {"vlan=5 and bytes.sent", "no operator (= != < <= > >= ~ in) at the"},
        {"app~Goo", "this name is no text at character 4: ~Goo"},
        {"app=nosuchapp", "unknown application at character 5: nosuchapp"},
        {"host<1", "this name has no order at character 5: <1"},
        {"ndpi=1", "this name is a table at character 1: ndpi=1"},
        {"criteria", "this name is a table"},
        {"local maybe", "neither yes nor no at character 7: maybe"},
        {"local) ", "neither \"and\" nor \"or\" at character 6"},
    };
    struct strbuf error;

    strbuf_init(&error, 256);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        strbuf_reset(&error);
        if (count(*state, rows[i].text, &error) != -1)
            fail_msg("accepted: %s", rows[i].text);
        if (strstr(error.text, rows[i].error) == NULL)
            fail_msg("%s: %s", rows[i].text, error.text);
    }
    strbuf_free(&error);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(finds_hosts, bed_make, bed_remove),
        cmocka_unit_test_setup_teardown(says_where_it_is_wrong, bed_make,
                                        bed_remove),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
