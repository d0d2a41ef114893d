/* test_flows: storage, look-up and order. SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "core/model/flows.h"
#include "model.h"

#define CAP 64

static int make_flows(void **state)
{
    struct flows *flows = calloc(1, sizeof(*flows));

    flows_init(flows, CAP, &test_key);
    *state = flows;
    return 0;
}

static int clear_flows(void **state)
{
    flows_clear(*state);
    free(*state);
    return 0;
}

static struct flow_key key_of(const char *client, uint16_t client_port,
                              const char *server, uint16_t server_port,
                              uint8_t l4_proto)
{
    struct flow_key key = {
        .addr = {addr_of(client), addr_of(server)},
        .port = {client_port, server_port},
        .l4_proto = l4_proto,
    };

    key.ip_version = addr_is_v4(&key.addr[0]) ? 4 : 6;
    return key;
}

static struct flow_key reversed(const struct flow_key *key)
{
    struct flow_key back = *key;

    back.addr[0] = key->addr[1];
    back.addr[1] = key->addr[0];
    back.port[0] = key->port[1];
    back.port[1] = key->port[0];
    return back;
}

static uint32_t add(struct flows *flows, const struct flow_key *key)
{
    return flows_add(flows, key, flows_hash(flows, key));
}

/* A flow of its own address, last seen at `last_us`. */
static uint32_t add_numbered(struct flows *flows, uint32_t number,
                             uint8_t l4_proto, int64_t last_us)
{
    struct flow_key key = {
        .addr = {addr_numbered(number), addr_numbered(1)},
        .port = {1024, 80},
        .l4_proto = l4_proto,
        .ip_version = 4,
    };
    uint32_t index = add(flows, &key);

    assert_int_not_equal(index, POOL_NONE);
    flows_at(flows, index)->last_us = last_us;
    return index;
}

static uint32_t find(const struct flows *flows, const struct flow_key *key,
                     bool *from_server)
{
    return flows_find(flows, key, flows_hash(flows, key), from_server);
}

static void keys_of_packets(void **state)
{
    struct packet packet = {
        .src = addr_of("192.0.2.1"),
        .dst = addr_of("192.0.2.2"),
        .src_port = 1234,
        .dst_port = 53,
        .vlan = 7,
        .ip_version = 4,
        .l4_proto = IP_PROTO_UDP,
    };
    struct flow_key key;

    (void)state;
    assert_true(flow_key_of(&packet, &key));
    assert_true(addr_equal(&key.addr[0], &packet.src));
    assert_true(addr_equal(&key.addr[1], &packet.dst));
    assert_int_equal(key.port[0], 1234);
    assert_int_equal(key.port[1], 53);
    assert_int_equal(key.vlan, 7);
    assert_int_equal(key.l4_proto, IP_PROTO_UDP);
    assert_int_equal(key.ip_version, 4);
    packet.ip_version = 0;
    assert_false(flow_key_of(&packet, &key));
}

static void both_directions_are_one_flow(void **state)
{
    struct flows *flows = *state;
    struct flow_key keys[] = {
        key_of("10.0.0.1", 40000, "10.0.0.2", 80, IP_PROTO_TCP),
        key_of("10.0.0.2", 40000, "10.0.0.1", 80, IP_PROTO_TCP),
        key_of("10.0.0.2", 1, "10.0.0.2", 2, IP_PROTO_UDP),
        key_of("10.0.0.9", 0, "10.0.0.1", 0, IP_PROTO_ICMP),
        key_of("2001:db8::1", 5, "2001:db8::2", 6, IP_PROTO_UDP),
        key_of("2001:db8::2", 5, "2001:db8::1", 6, IP_PROTO_UDP),
        key_of("2001:db8:1::1", 5, "2001:db8::1", 5, IP_PROTO_UDP),
        key_of("fe80::1", 9, "fe80::1", 8, IP_PROTO_TCP),
    };
    uint32_t indexes[sizeof(keys) / sizeof(*keys)];

    for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
        indexes[i] = add(flows, &keys[i]);
    for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
        struct flow_key back = reversed(&keys[i]);
        bool from_server = true;

        assert_int_equal(flows_hash(flows, &keys[i]), flows_hash(flows, &back));
        assert_int_equal(find(flows, &keys[i], &from_server), indexes[i]);
        assert_false(from_server);
        assert_int_equal(find(flows, &back, &from_server), indexes[i]);
        assert_true(from_server);
    }
}

static void an_end_may_talk_with_itself(void **state)
{
    struct flows *flows = *state;
    struct flow_key key = key_of("127.0.0.1", 7, "127.0.0.1", 7, IP_PROTO_UDP);
    uint32_t index = add(flows, &key);
    bool from_server = true;

    assert_int_equal(find(flows, &key, &from_server), index);
    assert_false(from_server);
}

/* Even when the hash is the same, as chance may have it. */
static void every_part_of_the_key_counts(void **state)
{
    struct flows *flows = *state;
    struct flow_key key = key_of("10.0.0.1", 1, "10.0.0.2", 2, IP_PROTO_TCP);
    struct flow_key others[8];
    uint32_t hash = flows_hash(flows, &key);
    bool from_server;

    add(flows, &key);
    for (size_t i = 0; i < 8; i++)
        others[i] = key;
    others[0].addr[0].bytes[15]++;
    others[1].addr[1].bytes[15]--;
    others[2].port[0]++;
    others[3].port[1]++;
    others[4].vlan = 1;
    others[5].l4_proto = IP_PROTO_UDP;
    others[6].ip_version = 6; /* a mapped address in IPv6 is another host */
    others[7].port[0] = 2;    /* addresses as they were, ports exchanged */
    others[7].port[1] = 1;
    for (size_t i = 0; i < 8; i++) {
        assert_int_equal(flows_find(flows, &others[i], hash, &from_server),
                         POOL_NONE);
        assert_int_not_equal(flows_hash(flows, &others[i]), hash);
    }
}

/* A sender of IPv6 chooses addresses and ports that would cancel out where
 * bits of one share a place with bits of the other. */
static void ports_do_not_cancel_addresses(void **state)
{
    struct flows *flows = *state;
    struct flow_key key = key_of("2001:db8::1", 0, "2001:db8::2", 443, 6);
    uint32_t first = flows_hash(flows, &key);

    for (unsigned word = 0; word < 8; word++)
        for (uint16_t port = 1; port < 2000; port += 17) {
            struct flow_key aimed = key;

            aimed.port[0] = port;
            aimed.addr[0].bytes[word * 2] ^= (uint8_t)(port >> 8);
            aimed.addr[0].bytes[word * 2 + 1] ^= (uint8_t)port;
            assert_int_not_equal(flows_hash(flows, &aimed), first);
            aimed = key;
            aimed.port[0] = port;
            aimed.addr[0].bytes[word * 2] ^= (uint8_t)port;
            aimed.addr[0].bytes[word * 2 + 1] ^= (uint8_t)(port >> 8);
            assert_int_not_equal(flows_hash(flows, &aimed), first);
        }
}

/* Neighbouring ports and addresses spread over the low bits, which choose
 * slots: of 4096 slots about e^-1 stay empty. */
static void neighbours_spread(void **state)
{
    static const char *const servers[] = {"192.0.2.1", "2001:db8::1"};
    struct flows *flows = *state;

    for (size_t s = 0; s < 2; s++)
        for (int by_port = 0; by_port < 2; by_port++) {
            struct flow_key key =
                key_of(servers[s], 0, servers[s], 80, IP_PROTO_TCP);
            bool used[4096] = {false};
            unsigned empty = 4096;

            for (uint16_t i = 0; i < 4096; i++) {
                bool *slot;

                if (by_port) {
                    key.port[0] = i;
                } else {
                    key.addr[0].bytes[14] = (uint8_t)(i >> 8);
                    key.addr[0].bytes[15] = (uint8_t)i;
                }
                slot = &used[flows_hash(flows, &key) % 4096];
                empty -= !*slot;
                *slot = true;
            }
            assert_in_range(empty, 0, 1750);
        }
}

static void is_full_at_its_cap(void **state)
{
    struct flows *flows = *state;
    struct flow_key key = key_of("10.9.9.9", 1, "10.9.9.8", 2, IP_PROTO_TCP);

    for (uint32_t i = 0; i < CAP; i++)
        add_numbered(flows, i, IP_PROTO_TCP, i);
    assert_int_equal(add(flows, &key), POOL_NONE);
    flows_remove(flows, flows_victim(flows));
    assert_int_not_equal(add(flows, &key), POOL_NONE);
    assert_int_equal(flows->pool.count, CAP);
    assert_int_equal(flows->tcp.count, CAP);
}

static void a_new_flow_is_blank(void **state)
{
    struct flows *flows = *state;
    uint32_t tcp = add_numbered(flows, 5, IP_PROTO_TCP, 0);
    uint32_t udp = add_numbered(flows, 6, IP_PROTO_UDP, 0);
    const struct flow *flow = flows_at(flows, tcp);

    assert_int_equal(flow->class, FLOW_TCP_OPENING);
    assert_non_null(flows_tcp(flows, flow));
    assert_int_equal(flows_tcp(flows, flow)->state, TCP_STATE_OPENING);
    assert_int_equal(flow->host[0], POOL_NONE);
    assert_int_equal(flow->device[1], POOL_NONE);
    assert_int_equal(flow->dpi, POOL_NONE);
    assert_int_equal(flow->news, POOL_NONE);
    assert_int_equal(flow->flags, 0);
    assert_int_equal(flows_at(flows, udp)->class, FLOW_UDP);
    assert_null(flows_tcp(flows, flows_at(flows, udp)));
}

static void removing_gives_back_all_parts(void **state)
{
    struct flows *flows = *state;
    struct flow_key key = key_of("10.0.0.1", 1, "10.0.0.2", 2, IP_PROTO_TCP);
    uint32_t index = add(flows, &key);
    struct flow *flow = flows_at(flows, index);
    bool from_server;

    attrs_set_text(&flow->attrs, ATTR_HTTP_HOST, "example.org", 11);
    flows_set_mark(flows, index)->records = 7;
    assert_int_equal(flows_mark(flows, index)->records, 7);
    assert_int_equal(flows->marks.count, 1);
    flows_remove(flows, index);
    assert_int_equal(flows->pool.count, 0);
    assert_int_equal(flows->tcp.count, 0);
    assert_int_equal(flows->marks.count, 0);
    assert_int_equal(find(flows, &key, &from_server), POOL_NONE);
    assert_int_equal(flows->idle[FLOW_TCP_OPENING].head, POOL_NONE);
}

/* What is left at the end is freed by flows_clear(): the leak checker of
 * `make asan` looks. */
static void clearing_frees_what_flows_have(void **state)
{
    struct flows *flows = *state;
    uint32_t index = add_numbered(flows, 1, IP_PROTO_UDP, 0);

    attrs_set_text(&flows_at(flows, index)->attrs, ATTR_DNS_QUERY, "a", 1);
}

/* How many there are, if the list is whole. */
static unsigned length(const struct list *list)
{
    uint32_t before = POOL_NONE;
    unsigned n = 0;

    for (uint32_t i = list->head; i != POOL_NONE;
         i = list_link(list, i)->next) {
        assert_int_equal(list_link(list, i)->prev, before);
        before = i;
        n++;
    }
    assert_int_equal(list->tail, before);
    return n;
}

static void a_flow_is_touched_once(void **state)
{
    struct flows *flows = *state;
    uint32_t a = add_numbered(flows, 1, IP_PROTO_UDP, 0);
    uint32_t b = add_numbered(flows, 2, IP_PROTO_UDP, 0);

    assert_null(flows_news(flows, flows_at(flows, b)));
    flows_touch(flows, b)->packets[WAY_SENT]++;
    flows_touch(flows, a);
    flows_touch(flows, b)->packets[WAY_SENT]++;
    assert_int_equal(flows_news(flows, flows_at(flows, b))->flow, b);
    assert_int_equal(flows_news(flows, flows_at(flows, b))->packets[0], 2);
    assert_int_equal(flows->touched.head, flows_at(flows, b)->news);
    assert_int_equal(flows->touched.tail, flows_at(flows, a)->news);
    assert_int_equal(length(&flows->touched), 2);
    flows_untouch(flows, a);
    flows_untouch(flows, a);
    flows_untouch(flows, b);
    assert_int_equal(flows->touched.head, POOL_NONE);
    assert_false(flow_is_touched(flows_at(flows, a)));
    assert_int_equal(flows->news.count, 0);
}

/* Whichever is taken off, from whichever place of the two lists, both lists
 * stay whole. */
static void leaves_the_list_that_it_is_on(void **state)
{
    struct flows *flows = *state;
    uint32_t index[6];

    for (uint32_t i = 0; i < 6; i++)
        index[i] = add_numbered(flows, i, IP_PROTO_UDP, 0);
    for (uint32_t out = 0; out < 6; out++) {
        for (uint32_t i = 0; i < 3; i++)
            flows_touch(flows, index[i]);
        flows_roll(flows);
        for (uint32_t i = 3; i < 6; i++)
            flows_touch(flows, index[i]);
        flows_untouch(flows, index[out]);
        assert_int_equal(length(&flows->rolling), out < 3 ? 2 : 3);
        assert_int_equal(length(&flows->touched), out < 3 ? 3 : 2);
        for (uint32_t i = 0; i < 6; i++)
            flows_untouch(flows, index[i]);
        assert_int_equal(flows->rolling.head, POOL_NONE);
        assert_int_equal(flows->rolling.tail, POOL_NONE);
        assert_int_equal(flows->touched.head, POOL_NONE);
        assert_int_equal(flows->touched.tail, POOL_NONE);
    }
}

static void refreshing_moves_to_the_lively_end(void **state)
{
    struct flows *flows = *state;
    uint32_t a = add_numbered(flows, 1, IP_PROTO_TCP, 0);
    uint32_t b = add_numbered(flows, 2, IP_PROTO_TCP, 0);

    assert_int_equal(flows->idle[FLOW_TCP_OPENING].head, a);
    flows_refresh(flows, a, FLOW_TCP_OPENING);
    assert_int_equal(flows->idle[FLOW_TCP_OPENING].head, b);
    assert_int_equal(flows->idle[FLOW_TCP_OPENING].tail, a);
    flows_refresh(flows, b, FLOW_TCP_ESTABLISHED);
    assert_int_equal(flows->idle[FLOW_TCP_OPENING].head, a);
    assert_int_equal(flows->idle[FLOW_TCP_ESTABLISHED].head, b);
    assert_int_equal(flows_at(flows, b)->class, FLOW_TCP_ESTABLISHED);
}

static void victims_come_in_order(void **state)
{
    struct flows *flows = *state;
    uint32_t established = add_numbered(flows, 1, IP_PROTO_TCP, 1);
    uint32_t other = add_numbered(flows, 2, IP_PROTO_OSPF, 20);
    uint32_t icmp = add_numbered(flows, 3, IP_PROTO_ICMP, 19);
    uint32_t udp = add_numbered(flows, 4, IP_PROTO_UDP, 21);
    uint32_t closed = add_numbered(flows, 5, IP_PROTO_TCP, 50);
    uint32_t young = add_numbered(flows, 6, IP_PROTO_TCP, 60);
    uint32_t old = add_numbered(flows, 7, IP_PROTO_TCP, 40);
    const uint32_t order[] = {closed, young, old,        icmp,
                              other,  udp,   established};

    flows_refresh(flows, established, FLOW_TCP_ESTABLISHED);
    flows_refresh(flows, closed, FLOW_TCP_CLOSED);
    /* `young` is at the idle end of its list, and that is what counts. */
    for (size_t i = 0; i < sizeof(order) / sizeof(*order); i++) {
        assert_int_equal(flows_victim(flows), order[i]);
        flows_remove(flows, order[i]);
    }
    assert_int_equal(flows_victim(flows), POOL_NONE);
}

static void victims_are_untouched_if_possible(void **state)
{
    struct flows *flows = *state;
    uint32_t index[8];

    for (uint32_t i = 0; i < 8; i++)
        index[i] = add_numbered(flows, i, IP_PROTO_UDP, i);
    flows_touch(flows, index[0]);
    flows_touch(flows, index[1]);
    assert_int_equal(flows_victim(flows), index[2]);
    for (uint32_t i = 0; i < 8; i++)
        flows_touch(flows, index[i]);
    assert_int_equal(flows_victim(flows), index[0]);
    for (uint32_t i = 0; i < 8; i++)
        flows_untouch(flows, index[i]);
}

static void a_flood_spares_established_connections(void **state)
{
    struct flows *flows = *state;
    uint32_t good = add_numbered(flows, 1, IP_PROTO_TCP, 0);
    struct flow_key key = flows_at(flows, good)->key;
    bool from_server;

    flows_refresh(flows, good, FLOW_TCP_ESTABLISHED);
    for (uint32_t i = 2; i < 10 * CAP; i++) {
        if (flows->pool.count == CAP) {
            uint32_t victim = flows_victim(flows);

            flows_untouch(flows, victim);
            flows_remove(flows, victim);
        }
        flows_touch(flows, add_numbered(flows, i, IP_PROTO_TCP, i));
    }
    assert_int_equal(find(flows, &key, &from_server), good);
    assert_true(flows->news.count <= CAP);
    while (flows->touched.head != POOL_NONE) {
        const struct flow_news *news =
            pool_at(&flows->news, flows->touched.head);

        flows_untouch(flows, news->flow);
    }
}

static void visits_each_flow_once(void **state)
{
    struct flows *flows = *state;
    uint64_t seen = 0;
    uint32_t cursor = 0;
    uint32_t index;

    for (uint32_t i = 0; i < 40; i++)
        add_numbered(flows, i, IP_PROTO_UDP, i);
    for (uint32_t i = 0; i < 10; i++)
        flows_remove(flows, flows_victim(flows));
    while ((index = flows_next(flows, &cursor)) != POOL_NONE) {
        assert_int_equal(seen >> index & 1, 0);
        seen |= UINT64_C(1) << index;
    }
    assert_int_equal(__builtin_popcountll(seen), 30);
}

#define MANY 20000

static void many_come_and_go(void **state)
{
    static uint32_t index[MANY];
    struct flows flows;
    uint32_t seed = 7;
    uint32_t left = 0;

    (void)state;
    flows_init(&flows, MANY, &test_key);
    for (int step = 0; step < 10 * MANY; step++) {
        uint32_t i = next_random(&seed) % MANY;
        struct flow_key key = {
            .addr = {addr_numbered(i), addr_numbered(1)},
            .port = {1024, 80},
            .l4_proto = IP_PROTO_TCP,
            .ip_version = 4,
        };
        struct flow_key back = reversed(&key);
        bool from_server = false;

        assert_int_equal(find(&flows, &back, &from_server), index[i]);
        if (index[i] != POOL_NONE) {
            assert_true(from_server);
            flows_remove(&flows, index[i]);
            index[i] = POOL_NONE;
            left--;
        } else {
            index[i] = add(&flows, &key);
            left++;
        }
    }
    assert_int_equal(flows.pool.count, left);
    assert_int_equal(flows.tcp.count, left);
    flows_clear(&flows);
}

#define FLOWS_TEST(name) \
    cmocka_unit_test_setup_teardown(name, make_flows, clear_flows)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_of_packets),
        FLOWS_TEST(both_directions_are_one_flow),
        FLOWS_TEST(an_end_may_talk_with_itself),
        FLOWS_TEST(every_part_of_the_key_counts),
        FLOWS_TEST(ports_do_not_cancel_addresses),
        FLOWS_TEST(neighbours_spread),
        FLOWS_TEST(is_full_at_its_cap),
        FLOWS_TEST(a_new_flow_is_blank),
        FLOWS_TEST(removing_gives_back_all_parts),
        FLOWS_TEST(clearing_frees_what_flows_have),
        FLOWS_TEST(a_flow_is_touched_once),
        FLOWS_TEST(leaves_the_list_that_it_is_on),
        FLOWS_TEST(refreshing_moves_to_the_lively_end),
        FLOWS_TEST(victims_come_in_order),
        FLOWS_TEST(victims_are_untouched_if_possible),
        FLOWS_TEST(a_flood_spares_established_connections),
        FLOWS_TEST(visits_each_flow_once),
        cmocka_unit_test(many_come_and_go),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
