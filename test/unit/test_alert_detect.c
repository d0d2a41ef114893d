/* test_alert_detect: what is told, and what is not. SPDX-License-Identifier:
 * MIT */
#include "core/model/alert_detect.h"
#include "model.h"
#include "traffic.h"

#define EVENTS_MAX 4096
#define SYN 0x02
#define ACK 0x10
#define SYNACK 0x12
#define RST 0x14

struct ears {
    struct observer observer;
    unsigned count;
    struct alert_event events[EVENTS_MAX];
};

struct bed {
    struct traffic_bed traffic;
    struct ears ears;
    struct alert_config config;
};

static void hear(void *arg, const struct iface *iface,
                 const struct alert_event *event)
{
    struct ears *ears = arg;

    assert_non_null(iface);
    assert_non_null(event->vendor);
    assert_true(ears->count < EVENTS_MAX);
    ears->events[ears->count++] = *event;
}

static void turn(struct bed *bed, bool is_on)
{
    bed->config.is_on = is_on;
    engine_set_alerts(bed->traffic.engine, &bed->config);
}

/* With room for so many flows and hosts, and hashes that deserve the name. */
static void rebuild(struct bed *bed, uint32_t room)
{
    struct engine_config config = *engine_config(bed->traffic.engine);

    config.max_flows = room;
    config.max_hosts = room;
    memcpy(config.seed, test_key.word, sizeof(config.seed));
    engine_free(bed->traffic.engine);
    bed->traffic.engine = engine_new(&config);
    assert_non_null(bed->traffic.engine);
    engine_observe(bed->traffic.engine, &bed->ears.observer);
    bed->traffic.iface = engine_add_iface(bed->traffic.engine, "file", false);
}

static int setup(void **state)
{
    struct bed *bed = mem_calloc(1, sizeof(*bed));

    traffic_open(&bed->traffic, NULL);
    bed->ears.observer = (struct observer){.alert = hear, .arg = &bed->ears};
    rebuild(bed, 1024);
    alert_config_preset(&bed->config);
    turn(bed, true);
    *state = bed;
    return 0;
}

static int teardown(void **state)
{
    struct bed *bed = *state;

    traffic_close(&bed->traffic);
    free(bed);
    return 0;
}

/* How many of this kind and action were told. */
static unsigned told(const struct bed *bed, enum alert_kind kind,
                     enum alert_action action)
{
    unsigned count = 0;

    for (unsigned i = 0; i < bed->ears.count; i++)
        count += bed->ears.events[i].kind == kind &&
                 bed->ears.events[i].action == action;
    return count;
}

static const struct alert_event *first(const struct bed *bed,
                                       enum alert_kind kind)
{
    for (unsigned i = 0; i < bed->ears.count; i++)
        if (bed->ears.events[i].kind == kind)
            return &bed->ears.events[i];
    fail_msg("%s was not told", alert_kind_row(kind)->id);
    return NULL;
}

/* A segment from 10.x.y.z to 10.200.x.y; the payload is zeros. */
static void tcp(struct bed *bed, uint32_t from, uint32_t to, unsigned sport,
                unsigned dport, unsigned flags, size_t payload, bool back)
{
    struct build b = {0};
    size_t ip;

    put_ether(&b, 0x0800);
    ip = put_ip4(&b, IP_PROTO_TCP, 1);
    b.bytes[ip + 13] = (uint8_t)(from >> 16);
    b.bytes[ip + 14] = (uint8_t)(from >> 8);
    b.bytes[ip + 15] = (uint8_t)from;
    b.bytes[ip + 17] = 200;
    b.bytes[ip + 18] = (uint8_t)(to >> 8);
    b.bytes[ip + 19] = (uint8_t)to;
    if (back)
        put_tcp(&b, dport, sport, flags, payload);
    else
        put_tcp(&b, sport, dport, flags, payload);
    end_ip4(&b, ip);
    if (back)
        traffic_turn(&b);
    traffic_frame(&bed->traffic, &b);
}

/* A frame in each second, of nobody who matters, to let time pass. */
static void pass(struct bed *bed, unsigned seconds)
{
    while (seconds-- > 0) {
        bed->traffic.now_us += SECOND_US;
        traffic_udp(&bed->traffic, 250);
    }
}

static unsigned next_port(unsigned *port)
{
    *port = *port < 60000 ? *port + 1 : 1024;
    return *port;
}

/* So many SYNs in each of some seconds, from one host to another. */
static void flood(struct bed *bed, unsigned each, unsigned seconds)
{
    static unsigned port = 1024;

    while (seconds-- > 0) {
        for (unsigned i = 0; i < each; i++)
            tcp(bed, 7, 9, next_port(&port), 80, SYN, 0, false);
        pass(bed, 1);
    }
}

static void limit(struct bed *bed, uint32_t flows, uint32_t syns)
{
    bed->config.limits =
        (struct alert_limits){.per_s = {flows, flows, syns, syns}};
    turn(bed, true);
}

static void nothing_is_told_unless_on(void **state)
{
    struct bed *bed = *state;

    limit(bed, 1, 1);
    turn(bed, false);
    flood(bed, 20, 5);
    assert_int_equal(bed->ears.count, 0);
}

static void syn_flood_is_told_of_both_ends(void **state)
{
    struct bed *bed = *state;
    const struct alert_event *event;
    char text[ADDR_TEXT_SIZE];

    limit(bed, 0, 10);
    flood(bed, 20, 3);
    pass(bed, 1);
    assert_int_equal(told(bed, ALERT_SYN_ATTACKER, ALERT_ENGAGE), 1);
    assert_int_equal(told(bed, ALERT_SYN_VICTIM, ALERT_ENGAGE), 1);
    assert_int_equal(bed->ears.count, 2);
    event = first(bed, ALERT_SYN_ATTACKER);
    assert_string_equal(addr_format(&event->addr, text), "10.0.0.7");
    assert_int_equal(event->limit, 10);
    assert_int_equal(event->value, 20);
    event = first(bed, ALERT_SYN_VICTIM);
    assert_string_equal(addr_format(&event->addr, text), "10.200.0.9");
}

static void flood_goes_on_untold_and_is_released(void **state)
{
    struct bed *bed = *state;

    limit(bed, 0, 10);
    flood(bed, 20, 10);
    pass(bed, ALERT_QUIET_S - 2);
    assert_int_equal(told(bed, ALERT_SYN_ATTACKER, ALERT_RELEASE), 0);
    pass(bed, 4);
    assert_int_equal(told(bed, ALERT_SYN_ATTACKER, ALERT_ENGAGE), 1);
    assert_int_equal(told(bed, ALERT_SYN_ATTACKER, ALERT_RELEASE), 1);
    assert_int_equal(told(bed, ALERT_SYN_VICTIM, ALERT_RELEASE), 1);
    flood(bed, 20, 4);
    assert_int_equal(told(bed, ALERT_SYN_ATTACKER, ALERT_ENGAGE), 2);
}

static void short_burst_is_no_flood(void **state)
{
    struct bed *bed = *state;

    limit(bed, 10, 10);
    for (int i = 0; i < 5; i++) {
        flood(bed, 20, ALERT_FLOOD_SECONDS - 1);
        pass(bed, 3);
    }
    assert_int_equal(bed->ears.count, 0);
}

static void what_is_at_the_limit_is_no_flood(void **state)
{
    struct bed *bed = *state;

    limit(bed, 10, 10);
    flood(bed, 10, 10);
    assert_int_equal(bed->ears.count, 0);
}

static void connections_are_no_syn_flood(void **state)
{
    struct bed *bed = *state;

    limit(bed, 0, 10);
    for (unsigned second = 0; second < 6; second++) {
        for (unsigned port = 0; port < 20; port++) {
            unsigned from = 2000 + second * 20 + port;

            tcp(bed, 7, 9, from, 80, SYN, 0, false);
            tcp(bed, 7, 9, from, 80, SYNACK, 0, true);
            tcp(bed, 7, 9, from, 80, ACK, 0, false);
            tcp(bed, 7, 9, from, 80, ACK, 10, false);
        }
        pass(bed, 1);
    }
    assert_int_equal(bed->ears.count, 0);
}

static void flow_flood_is_told(void **state)
{
    struct bed *bed = *state;

    flood(bed, ALERT_PRESET_FLOWS_PER_S + 1, 4);
    assert_int_equal(told(bed, ALERT_FLOW_ATTACKER, ALERT_ENGAGE), 1);
    assert_int_equal(told(bed, ALERT_FLOW_VICTIM, ALERT_ENGAGE), 1);
    assert_int_equal(first(bed, ALERT_FLOW_VICTIM)->limit,
                     ALERT_PRESET_FLOWS_PER_S);
    assert_int_equal(bed->ears.count, 2);
}

static void limit_of_zero_is_never_passed(void **state)
{
    struct bed *bed = *state;

    limit(bed, 0, 0);
    flood(bed, 100, 5);
    assert_int_equal(bed->ears.count, 0);
}

static void host_has_limits_of_its_own(void **state)
{
    struct bed *bed = *state;
    struct alert_limits tight = {.per_s = {5, 5, 0, 0}};
    struct alert_limits never = {{0}};
    struct addr attacker;
    struct addr victim;

    assert_true(addr_parse("10.0.0.7", &attacker));
    assert_true(addr_parse("10.200.0.9", &victim));
    /* Before it is there, and while it is. */
    assert_true(
        engine_set_alert_limits(bed->traffic.engine, &attacker, 0, &tight));
    flood(bed, 10, 4);
    assert_int_equal(told(bed, ALERT_FLOW_ATTACKER, ALERT_ENGAGE), 1);
    assert_int_equal(bed->ears.count, 1);
    assert_true(
        engine_set_alert_limits(bed->traffic.engine, &victim, 0, &tight));
    flood(bed, 10, 4);
    assert_int_equal(told(bed, ALERT_FLOW_VICTIM, ALERT_ENGAGE), 1);
    assert_true(
        engine_set_alert_limits(bed->traffic.engine, &attacker, 0, NULL));
    assert_true(
        engine_set_alert_limits(bed->traffic.engine, &victim, 0, &never));
    flood(bed, 24, ALERT_QUIET_S + 2);
    assert_int_equal(told(bed, ALERT_FLOW_ATTACKER, ALERT_RELEASE), 1);
    assert_int_equal(told(bed, ALERT_FLOW_VICTIM, ALERT_RELEASE), 1);
    assert_int_equal(told(bed, ALERT_FLOW_VICTIM, ALERT_ENGAGE), 1);
}

static void rules_are_bounded(void **state)
{
    struct alert_rules *rules = alert_rules_new();
    struct alert_limits limits = {{1, 2, 3, 4}};

    (void)state;
    for (uint32_t i = 0; i < 2 * ALERT_HOSTS_CONFIGURED; i++) {
        /* In an order that is neither rising nor falling. */
        uint32_t number = i * 2654435761u;
        uint8_t bytes[4] = {10, (uint8_t)(number >> 24),
                            (uint8_t)(number >> 16), (uint8_t)(number >> 8)};
        struct addr addr = addr_from_v4(bytes);
        bool has_room = i < ALERT_HOSTS_CONFIGURED;

        assert_true(alert_rules_find(rules, &addr, 3) == NULL);
        assert_true(alert_rules_set(rules, &addr, 3, &limits) == has_room);
        assert_true((alert_rules_find(rules, &addr, 3) != NULL) == has_room);
        assert_true(alert_rules_find(rules, &addr, 4) == NULL);
        assert_true(alert_rules_set(rules, &addr, 4, NULL));
    }
    alert_rules_free(rules);
}

static void refuse(struct bed *bed, uint32_t to, unsigned port)
{
    tcp(bed, 7, to, 50000, port, SYN, 0, false);
    tcp(bed, 7, to, 50000, port, RST, 0, true);
}

static void scan_of_ports_is_told(void **state)
{
    struct bed *bed = *state;

    limit(bed, 0, 0);
    engine_set_flow_timeout(bed->traffic.engine, FLOW_TCP_CLOSED, 1);
    pass(bed, 60 - START_US / SECOND_US % 60); /* a minute begins */
    for (unsigned port = 1; port <= 120; port++)
        refuse(bed, 9, port);
    pass(bed, 3);
    assert_int_equal(told(bed, ALERT_SCAN, ALERT_ENGAGE), 1);
    assert_int_equal(first(bed, ALERT_SCAN)->value, ALERT_SCAN_TARGETS);
    pass(bed, ALERT_QUIET_S);
    assert_int_equal(told(bed, ALERT_SCAN, ALERT_RELEASE), 1);
    assert_int_equal(bed->ears.count, 2);
}

static void scan_of_hosts_without_answers_is_told(void **state)
{
    struct bed *bed = *state;

    limit(bed, 0, 0);
    engine_set_flow_timeout(bed->traffic.engine, FLOW_TCP_OPENING, 5);
    pass(bed, 60 - START_US / SECOND_US % 60);
    for (unsigned host = 1; host <= 120; host++)
        tcp(bed, 7, host, 50000, 22, SYN, 0, false);
    pass(bed, 7);
    assert_int_equal(told(bed, ALERT_SCAN, ALERT_ENGAGE), 1);
    assert_int_equal(bed->ears.count, 1);
}

static void one_dead_server_is_no_scan(void **state)
{
    struct bed *bed = *state;

    limit(bed, 0, 0);
    engine_set_flow_timeout(bed->traffic.engine, FLOW_TCP_CLOSED, 1);
    for (unsigned port = 1; port <= 400; port++) {
        tcp(bed, 7, 9, 2000 + port, 80, SYN, 0, false);
        tcp(bed, 7, 9, 2000 + port, 80, RST, 0, true);
    }
    pass(bed, 3);
    assert_int_equal(bed->ears.count, 0);
}

static void dawdle(struct bed *bed, unsigned port)
{
    tcp(bed, 7, 9, port, 80, SYN, 0, false);
    tcp(bed, 7, 9, port, 80, SYNACK, 0, true);
    tcp(bed, 7, 9, port, 80, ACK, 1, false);
    tcp(bed, 7, 9, port, 80, RST, 0, false);
}

static void slow_client_is_told(void **state)
{
    struct bed *bed = *state;

    limit(bed, 0, 0);
    engine_set_flow_timeout(bed->traffic.engine, FLOW_TCP_CLOSED, 1);
    pass(bed, 60 - START_US / SECOND_US % 60);
    for (unsigned i = 0; i < ALERT_SLOW_FLOWS - 1; i++)
        dawdle(bed, 2000 + i);
    pass(bed, 3);
    assert_int_equal(bed->ears.count, 0);
    dawdle(bed, 3000);
    pass(bed, 3);
    assert_int_equal(told(bed, ALERT_SLOW_CLIENT, ALERT_ENGAGE), 1);
    pass(bed, ALERT_QUIET_S);
    assert_int_equal(told(bed, ALERT_SLOW_CLIENT, ALERT_RELEASE), 1);
    assert_int_equal(bed->ears.count, 2);
}

/* Thousands of sources, each over its limit: those that are watched are
 * bounded, and the one victim is found among them. */
static void attackers_beyond_the_bound_are_counted(void **state)
{
    struct bed *bed = *state;
    struct alert_detect_counters counters;
    unsigned engaged;

    rebuild(bed, 65536);
    limit(bed, 1, 0);
    for (unsigned second = 0; second < 4; second++) {
        for (unsigned from = 0; from < 2 * ALERT_WATCHES; from++)
            for (unsigned i = 0; i < 2; i++)
                tcp(bed, 1000 + from, 9, 2000 + second, 100 + i, SYN, 0, false);
        pass(bed, 1);
    }
    counters = alert_detect_counters(bed->traffic.iface);
    assert_int_equal(counters.hosts.watched, ALERT_WATCHES);
    assert_int_equal(told(bed, ALERT_FLOW_VICTIM, ALERT_ENGAGE), 1);
    engaged = told(bed, ALERT_FLOW_ATTACKER, ALERT_ENGAGE);
    assert_true(engaged < ALERT_WATCHES);
    assert_int_equal(counters.hosts.engaged, engaged + 1);
    pass(bed, ALERT_QUIET_S + 2);
    assert_int_equal(told(bed, ALERT_FLOW_ATTACKER, ALERT_RELEASE), engaged);
    pass(bed, 200);
    counters = alert_detect_counters(bed->traffic.iface);
    assert_int_equal(counters.hosts.watched, 0);
    assert_int_equal(counters.hosts.engaged, 0);
}

static void full_table_is_told_until_a_quiet_minute(void **state)
{
    struct bed *bed = *state;

    limit(bed, 0, 0);
    flood(bed, 1200, 1);
    pass(bed, 1);
    assert_int_equal(told(bed, ALERT_FLOWS_FULL, ALERT_ENGAGE), 1);
    assert_true(first(bed, ALERT_FLOWS_FULL)->value >= 176);
    assert_int_equal(first(bed, ALERT_FLOWS_FULL)->limit, 1024);
    flood(bed, 1, 30);
    pass(bed, ALERT_QUIET_S - 5);
    assert_int_equal(told(bed, ALERT_FLOWS_FULL, ALERT_RELEASE), 0);
    pass(bed, 10);
    assert_int_equal(told(bed, ALERT_FLOWS_FULL, ALERT_RELEASE), 1);
}

static void drops_are_told_by_their_share(void **state)
{
    struct bed *bed = *state;
    struct iface_drops drops = {0};

    limit(bed, 0, 0);
    pass(bed, 5);
    drops.kernel = ALERT_SHARE_PACKETS - 1;
    iface_lost(bed->traffic.iface, &drops);
    pass(bed, 2);
    assert_int_equal(bed->ears.count, 0);
    drops.interface = 1;
    iface_lost(bed->traffic.iface, &drops);
    pass(bed, 1);
    assert_int_equal(told(bed, ALERT_DROPS, ALERT_ENGAGE), 1);
    assert_int_equal(first(bed, ALERT_DROPS)->value, 93); /* 100 of 107 */
    pass(bed, 110);
    assert_int_equal(told(bed, ALERT_DROPS, ALERT_RELEASE), 0);
    pass(bed, 14);
    assert_int_equal(told(bed, ALERT_DROPS, ALERT_RELEASE), 1);
}

static void malformed_bursts_are_told(void **state)
{
    struct bed *bed = *state;
    struct build b = {0};

    limit(bed, 0, 0);
    pass(bed, 5);
    put_ether(&b, 0x0800);
    put8(&b, 0x45);
    for (unsigned i = 0; i < ALERT_SHARE_PACKETS; i++)
        traffic_frame(&bed->traffic, &b);
    pass(bed, 1);
    assert_int_equal(told(bed, ALERT_MALFORMED, ALERT_ENGAGE), 1);
    pass(bed, 122);
    assert_int_equal(told(bed, ALERT_MALFORMED, ALERT_RELEASE), 1);
    assert_int_equal(bed->ears.count, 2);
}

static void link_is_told_also_when_alerts_come_on(void **state)
{
    struct bed *bed = *state;

    engine_set_link(bed->traffic.iface, false); /* no time yet */
    assert_int_equal(bed->ears.count, 0);
    pass(bed, 1);
    engine_set_link(bed->traffic.iface, false);
    engine_set_link(bed->traffic.iface, false);
    assert_int_equal(told(bed, ALERT_LINK_DOWN, ALERT_ENGAGE), 1);
    pass(bed, 2);
    turn(bed, false);
    pass(bed, 2);
    assert_int_equal(told(bed, ALERT_LINK_DOWN, ALERT_RELEASE), 1);
    turn(bed, true);
    pass(bed, 2);
    assert_int_equal(told(bed, ALERT_LINK_DOWN, ALERT_ENGAGE), 2);
    engine_set_link(bed->traffic.iface, true);
    engine_set_link(bed->traffic.iface, true);
    assert_int_equal(told(bed, ALERT_LINK_DOWN, ALERT_RELEASE), 2);
}

static void what_is_on_is_told_again_when_asked(void **state)
{
    struct bed *bed = *state;
    struct alert_event once;

    limit(bed, 10, 10);
    flood(bed, 1200, 5);
    assert_int_equal(bed->ears.count, 5);
    once = *first(bed, ALERT_SYN_VICTIM);
    engine_retell_alerts(bed->traffic.engine);
    assert_int_equal(bed->ears.count, 10);
    for (unsigned i = 5; i < 10; i++) {
        assert_int_equal(bed->ears.events[i].action, ALERT_ENGAGE);
        if (bed->ears.events[i].kind == ALERT_SYN_VICTIM)
            assert_int_equal(bed->ears.events[i].limit, once.limit);
    }
    assert_int_equal(told(bed, ALERT_SYN_VICTIM, ALERT_ENGAGE), 2);
}

static void turning_off_releases_all(void **state)
{
    struct bed *bed = *state;

    limit(bed, 10, 10);
    flood(bed, 1200, 5);
    assert_int_equal(bed->ears.count, 5);
    turn(bed, false);
    assert_int_equal(bed->ears.count, 10);
    pass(bed, 2);
    assert_int_equal(bed->ears.count, 10);
    for (unsigned i = 5; i < 10; i++)
        assert_int_equal(bed->ears.events[i].action, ALERT_RELEASE);
}

/* As ARP, from a MAC of this number; live interfaces tick by the wall. */
static void device(struct bed *bed, struct iface *iface, unsigned number,
                   unsigned first_byte)
{
    struct build b = {0};
    struct frame frame = {.bytes = b.bytes, .link_type = 1};

    put(&b, "\xff\xff\xff\xff\xff\xff", 6);
    for (unsigned twice = 0; twice < 2; twice++) {
        if (twice == 1)
            put(&b, "\x08\x06\x00\x01\x08\x00\x06\x04\x00\x01", 10);
        put8(&b, first_byte);
        put8(&b, 0);
        put32(&b, number);
    }
    put(&b, "\x0a\x00\x00\x05\x00\x00\x00\x00\x00\x00\x0a\x00\x00\x06", 14);
    frame.captured_len = frame.wire_len = (uint32_t)b.len;
    frame.when_us = bed->traffic.now_us;
    engine_frame(iface, &frame);
}

static void tick(struct bed *bed, unsigned seconds)
{
    while (seconds-- > 0) {
        bed->traffic.now_us += SECOND_US;
        engine_tick(bed->traffic.engine, bed->traffic.now_us);
        while (engine_work(bed->traffic.engine))
            continue;
    }
}

static void new_device_is_told_once(void **state)
{
    struct bed *bed = *state;
    struct iface *live = engine_add_iface(bed->traffic.engine, "eth0", true);
    char text[ADDR_TEXT_SIZE];
    uint8_t mac[MAC_SIZE] = {0, 0, 0, 0, 0, 2};

    tick(bed, 1);
    device(bed, live, 1, 0);
    tick(bed, ALERT_LEARN_S);
    assert_int_equal(bed->ears.count, 0);
    device(bed, live, 2, 0);
    device(bed, live, 2, 0);
    device(bed, live, 1, 0);
    assert_int_equal(told(bed, ALERT_NEW_DEVICE, ALERT_ONCE), 1);
    assert_memory_equal(bed->ears.events[0].mac, mac, MAC_SIZE);
    assert_string_equal(addr_format(&bed->ears.events[0].addr, text),
                        "10.0.0.5");
    /* Forgotten after an hour of silence, but known. */
    tick(bed, 3700);
    assert_int_equal(live->devices.pool.count, 0);
    device(bed, live, 2, 0);
    assert_int_equal(bed->ears.count, 1);
    device(bed, live, 3, 1); /* a group is no device */
    assert_int_equal(bed->ears.count, 1);
    device(bed, bed->traffic.iface, 4, 0); /* nor is a file watched */
    assert_int_equal(bed->ears.count, 1);
}

static void floods_of_devices_are_limited(void **state)
{
    struct bed *bed = *state;
    struct iface *live = engine_add_iface(bed->traffic.engine, "eth0", true);

    tick(bed, 1 + ALERT_LEARN_S);
    for (unsigned i = 1; i <= 1000; i++)
        device(bed, live, i, 2);
    assert_int_equal(bed->ears.count, ALERT_RANDOM_DEVICES_BURST);
    for (unsigned i = 1; i <= 1000; i++)
        device(bed, live, i, 0);
    assert_int_equal(bed->ears.count,
                     ALERT_RANDOM_DEVICES_BURST + ALERT_DEVICES_BURST);
    assert_int_equal(alert_detect_counters(live).devices_left_out,
                     2000 - bed->ears.count);
    tick(bed, 2 * ALERT_DEVICES_EACH_S);
    for (unsigned i = 2000; i < 3000; i++)
        device(bed, live, i, 0);
    assert_int_equal(bed->ears.count,
                     ALERT_RANDOM_DEVICES_BURST + ALERT_DEVICES_BURST + 2);
}

static void probing_flows_are_told_if_wanted(void **state)
{
    struct bed *bed = *state;

    limit(bed, 0, 0);
    tcp(bed, 7, 9, 1000, 80, SYN, 0, false);
    pass(bed, 5);
    engine_flush(bed->traffic.engine);
    assert_int_equal(bed->ears.count, 0);
    bed->config.probing = true;
    turn(bed, true);
    tcp(bed, 7, 9, 1000, 80, SYN, 0, false);
    pass(bed, 5);
    engine_flush(bed->traffic.engine);
    assert_int_equal(told(bed, ALERT_FLOW_PROBING, ALERT_ONCE), 1);
    assert_non_null(bed->ears.events[0].flow);
    assert_non_null(bed->ears.events[0].tcp);
    for (unsigned i = 0; i < 1000; i++)
        tcp(bed, 7, 9, 2000 + i, 80, SYN, 0, false);
    pass(bed, 5);
    engine_flush(bed->traffic.engine);
    assert_int_equal(told(bed, ALERT_FLOW_PROBING, ALERT_ONCE),
                     1 + ALERT_FLOWS_PER_TICK);
    assert_int_equal(alert_detect_counters(bed->traffic.iface).flows_left_out,
                     1000 - ALERT_FLOWS_PER_TICK);
}

/* nDPI's risk 10, which no frame that is made by hand here has. */
static void certificates_of_others_are_told_if_wanted(void **state)
{
    struct bed *bed = *state;

    limit(bed, 0, 0);
    for (unsigned wanted = 0; wanted < 2; wanted++) {
        struct flows *flows = &bed->traffic.iface->flows;
        uint32_t cursor = 0;
        uint32_t index;

        bed->config.certificates = wanted == 1;
        turn(bed, true);
        dawdle(bed, 2000);
        index = flows_next(flows, &cursor);
        attrs_set_number(&flows_at(flows, index)->attrs, ATTR_RISKS,
                         UINT64_C(1) << 10);
        engine_flush(bed->traffic.engine);
        assert_int_equal(bed->ears.count, wanted);
    }
    assert_int_equal(told(bed, ALERT_FLOW_CERTIFICATE, ALERT_ONCE), 1);
}

/* Nothing stays engaged for a day because a broken clock said tomorrow. */
static void clock_that_is_set_back_releases(void **state)
{
    struct bed *bed = *state;

    limit(bed, 0, 10);
    flood(bed, 20, 4);
    assert_int_equal(told(bed, ALERT_SYN_ATTACKER, ALERT_ENGAGE), 1);
    bed->traffic.now_us -= 86400 * SECOND_US;
    pass(bed, ALERT_QUIET_S + 5);
    assert_int_equal(told(bed, ALERT_SYN_ATTACKER, ALERT_RELEASE), 1);
}

static void kinds_are_described(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind < ALERT_KINDS; kind++) {
        const struct alert_kind_row *row =
            alert_kind_row((enum alert_kind)kind);

        assert_non_null(row->id);
        assert_non_null(row->text);
        for (unsigned other = 0; other < kind; other++)
            assert_string_not_equal(row->id,
                                    alert_kind_row((enum alert_kind)other)->id);
    }
    assert_string_equal(alert_type_name(ALERT_TYPE_FLOW), "flow misbehaviour");
    assert_string_equal(alert_type_name(99), "other");
    assert_string_equal(alert_severity_name(-1), "other");
    assert_string_equal(alert_entity_name(ALERT_OF_DEVICE), "device");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(nothing_is_told_unless_on),
        TEST(syn_flood_is_told_of_both_ends),
        TEST(flood_goes_on_untold_and_is_released),
        TEST(short_burst_is_no_flood),
        TEST(what_is_at_the_limit_is_no_flood),
        TEST(connections_are_no_syn_flood),
        TEST(flow_flood_is_told),
        TEST(limit_of_zero_is_never_passed),
        TEST(host_has_limits_of_its_own),
        TEST(rules_are_bounded),
        TEST(scan_of_ports_is_told),
        TEST(scan_of_hosts_without_answers_is_told),
        TEST(one_dead_server_is_no_scan),
        TEST(slow_client_is_told),
        TEST(attackers_beyond_the_bound_are_counted),
        TEST(full_table_is_told_until_a_quiet_minute),
        TEST(drops_are_told_by_their_share),
        TEST(malformed_bursts_are_told),
        TEST(link_is_told_also_when_alerts_come_on),
        TEST(what_is_on_is_told_again_when_asked),
        TEST(turning_off_releases_all),
        TEST(new_device_is_told_once),
        TEST(floods_of_devices_are_limited),
        TEST(probing_flows_are_told_if_wanted),
        TEST(certificates_of_others_are_told_if_wanted),
        TEST(clock_that_is_set_back_releases),
        TEST(kinds_are_described),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
