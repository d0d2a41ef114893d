/* test_host: the numbers of one host. SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "core/model/flows.h"
#include "core/model/host.h"
#include "model.h"

#define NOW_S 1700000000u

static int make_host(void **state)
{
    struct host *host = calloc(1, sizeof(*host));

    host->addr = addr_of("192.0.2.7");
    host->local = calloc(1, sizeof(*host->local));
    *state = host;
    return 0;
}

static int free_host(void **state)
{
    struct host *host = *state;

    host_clear(host);
    free(host);
    return 0;
}

/* The client sent 3 packets, the server answered with 2. */
static struct delta delta_of(uint16_t app, uint32_t now_s)
{
    struct delta delta = {
        .traffic = {{3, 300}, {2, 2000}},
        .trouble = {{1, 2, 3}, {4, 5, 6}},
        .app_traffic = {{3, 300}, {2, 2000}},
        .has_app = true,
        .is_new_app = true,
        .app = app,
        .l4 = L4_TCP,
        .now_s = now_s,
    };

    delta.classes[WAY_SENT][SIZE_64] = 3;
    delta.classes[WAY_RCVD][SIZE_1024] = 2;
    return delta;
}

static void assert_traffic(struct traffic traffic, uint64_t packets,
                           uint64_t bytes)
{
    assert_int_equal(traffic.packets, packets);
    assert_int_equal(traffic.bytes, bytes);
}

static void a_client_sends_what_the_flow_sent(void **state)
{
    struct host *host = *state;
    struct delta delta = delta_of(7, NOW_S);

    host_add(host, &delta, WAY_SENT);
    assert_traffic(host_l4(host, L4_TCP, WAY_SENT), 3, 300);
    assert_traffic(host_l4(host, L4_TCP, WAY_RCVD), 2, 2000);
    assert_traffic(host_app(host, 7)->traffic[WAY_SENT], 3, 300);
    assert_int_equal(host_class(host, WAY_SENT, SIZE_64), 3);
    assert_int_equal(host_class(host, WAY_RCVD, SIZE_1024), 2);
    assert_int_equal(host->trouble[0], 1);
    assert_int_equal(host->trouble[2], 3);
    assert_int_equal(host->last_s, NOW_S);
}

static void a_server_sends_what_the_flow_received(void **state)
{
    struct host *host = *state;
    struct delta delta = delta_of(7, NOW_S);

    host_add(host, &delta, WAY_RCVD);
    assert_traffic(host_l4(host, L4_TCP, WAY_SENT), 2, 2000);
    assert_traffic(host_l4(host, L4_TCP, WAY_RCVD), 3, 300);
    assert_traffic(host_app(host, 7)->traffic[WAY_SENT], 2, 2000);
    assert_int_equal(host_class(host, WAY_SENT, SIZE_1024), 2);
    assert_int_equal(host_class(host, WAY_RCVD, SIZE_64), 3);
    assert_int_equal(host->trouble[0], 4);
    assert_int_equal(host->trouble[2], 6);
}

static void groups_add_up_to_the_total(void **state)
{
    struct host *host = *state;

    for (enum l4_group group = 0; group < L4_GROUPS; group++) {
        struct delta delta = delta_of(1, NOW_S);

        delta.l4 = (uint8_t)group;
        host_add(host, &delta, WAY_SENT);
    }
    assert_traffic(host_traffic(host, WAY_SENT), 12, 1200);
    assert_traffic(host_traffic(host, WAY_RCVD), 8, 8000);
    assert_traffic(host_l4(host, L4_ICMP, WAY_SENT), 3, 300);
}

/* Whichever order they come in. */
static void groups_stay_apart(void **state)
{
    static const uint8_t groups[] = {L4_OTHER, L4_TCP, L4_ICMP, L4_TCP,
                                     L4_UDP,   L4_UDP, L4_TCP};
    struct host *host = *state;
    struct traffic more = {10, 1000};

    for (size_t i = 0; i < sizeof(groups); i++) {
        struct delta delta = delta_of(1, NOW_S);

        delta.l4 = groups[i];
        host_add(host, &delta, WAY_SENT);
    }
    host_add_l4(host, L4_ICMP, WAY_RCVD, &more);
    assert_traffic(host_l4(host, L4_TCP, WAY_SENT), 9, 900);
    assert_traffic(host_l4(host, L4_UDP, WAY_SENT), 6, 600);
    assert_traffic(host_l4(host, L4_ICMP, WAY_SENT), 3, 300);
    assert_traffic(host_l4(host, L4_ICMP, WAY_RCVD), 12, 3000);
    assert_traffic(host_l4(host, L4_OTHER, WAY_RCVD), 2, 2000);
    assert_traffic(host_traffic(host, WAY_SENT), 21, 2100);
}

static void nothing_is_no_group(void **state)
{
    struct host *host = *state;
    struct traffic none = {0, 0};

    host_add_l4(host, L4_UDP, WAY_SENT, &none);
    assert_int_equal(host->l4_groups, 0);
    assert_traffic(host_l4(host, L4_UDP, WAY_SENT), 0, 0);
    assert_traffic(host_traffic(host, WAY_SENT), 0, 0);
}

static void classes_count_beyond_a_byte(void **state)
{
    struct host *host = *state;
    struct delta delta = delta_of(1, NOW_S);

    delta.classes[WAY_SENT][FLAGS_RST] = 255;
    for (int i = 0; i < 1000; i++)
        host_add(host, &delta, WAY_SENT);
    assert_int_equal(host_class(host, WAY_SENT, SIZE_64), 3000);
    assert_int_equal(host_class(host, WAY_RCVD, SIZE_1024), 2000);
    assert_int_equal(host_class(host, WAY_SENT, FLAGS_RST), 255000);
    assert_int_equal(host_class(host, WAY_RCVD, FLAGS_RST), 0);
    host_add_class(host, WAY_RCVD, FLAGS_RST, UINT32_MAX);
    assert_int_equal(host_class(host, WAY_RCVD, FLAGS_RST), UINT32_MAX);
    host_add_class(host, WAY_SENT, FLAGS_RST, UINT32_MAX);
    assert_int_equal(host_class(host, WAY_SENT, FLAGS_RST), 254999);
}

/* Many flows of one tick make one second's rate. */
static void flows_of_a_tick_are_one_rate(void **state)
{
    struct host *host = *state;
    struct delta delta = delta_of(1, NOW_S);

    for (int i = 0; i < 5; i++)
        host_add(host, &delta, i % 2 == 0 ? WAY_SENT : WAY_RCVD);
    assert_int_equal(rate_bytes_per_s(&host->rate, NOW_S + 1), 5 * 2300);
    assert_int_equal(rate_packets_per_s(&host->rate, NOW_S + 1), 25);
}

static void undecided_flows_have_no_application(void **state)
{
    struct host *host = *state;
    struct delta delta = delta_of(7, NOW_S);

    delta.has_app = false;
    host_add(host, &delta, WAY_SENT);
    assert_int_equal(host->apps_count, 0);
    assert_null(host_app(host, 7));
    assert_null(host_app(host, 0));
}

static void applications_stay_sorted(void **state)
{
    static const uint16_t apps[] = {300, 7, 511, 0, 91, 5, 300, 7, 7};
    struct host *host = *state;

    for (size_t i = 0; i < sizeof(apps) / sizeof(*apps); i++) {
        struct delta delta = delta_of(apps[i], NOW_S);

        host_add(host, &delta, WAY_SENT);
    }
    assert_int_equal(host->apps_count, 6);
    for (unsigned i = 1; i < host->apps_count; i++)
        assert_true(host->apps[i - 1].app < host->apps[i].app);
    assert_int_equal(host_app(host, 7)->flows, 3);
    assert_traffic(host_app(host, 7)->traffic[WAY_RCVD], 6, 6000);
    assert_int_equal(host_app(host, 300)->flows, 2);
    assert_null(host_app(host, 8));
    assert_null(host_app(host, 512));
}

static void seconds_with_activity_count_once(void **state)
{
    static const uint32_t seconds[] = {0, 0, 1, 1, 5, 100};
    struct host *host = *state;

    for (size_t i = 0; i < sizeof(seconds) / sizeof(*seconds); i++) {
        struct delta delta = delta_of(7, NOW_S + seconds[i]);

        delta.is_new_app = i == 0;
        host_add(host, &delta, WAY_SENT);
    }
    assert_int_equal(host_app(host, 7)->duration_s, 4);
    assert_int_equal(host_app(host, 7)->last_s, NOW_S + 100);
    assert_int_equal(host_app(host, 7)->flows, 1);
}

static void better_sources_name_a_host(void **state)
{
    struct host *host = *state;
    char text[ADDR_TEXT_SIZE];

    assert_string_equal(host_label(host, text), "192.0.2.7");
    host_learn_name(host, NAME_SERVER, "cdn.example");
    assert_string_equal(host_label(host, text), "cdn.example");
    host_learn_name(host, NAME_DHCP, "laptop");
    host_learn_name(host, NAME_DNS, "other.example");
    assert_string_equal(host_label(host, text), "laptop");
    host_learn_name(host, NAME_DHCP, "laptop-2");
    assert_string_equal(host_label(host, text), "laptop-2");
    assert_int_equal(host->name_source, NAME_DHCP);
}

static void a_name_keeps_its_best_source(void **state)
{
    struct host *host = *state;

    host_learn_name(host, NAME_DNS, "printer");
    host_learn_name(host, NAME_DHCP, "printer");
    host_learn_name(host, NAME_MDNS, "impostor");
    assert_string_equal(host->name, "printer");
}

static void names_are_clean_and_short(void **state)
{
    struct host *host = *state;
    char longer[300];

    host_learn_name(host, NAME_DHCP, NULL);
    host_learn_name(host, NAME_DHCP, "");
    assert_null(host->name);
    assert_int_equal(host->name_source, NAME_NONE);
    host_learn_name(host, NAME_DNS, "a\x1b[2J\xff.b\n");
    assert_string_equal(host->name, "a?[2J?.b?");
    memset(longer, 'x', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    memcpy(longer + 126, "\xc3\xa4", 2); /* would be cut in two */
    host_learn_name(host, NAME_DNS, longer);
    assert_int_equal(strlen(host->name), 126);
}

/* HyperLogLog of 64 registers errs by 13 %; three times that is allowed. */
static void contacts_are_estimated(void **state)
{
    static const uint32_t counts[] = {0, 1, 2, 10, 64, 200, 1000, 50000};
    struct flows flows;

    flows_init(&flows, 1, &test_key);
    for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
        struct host *host = *state;
        uint32_t estimate;

        memset(host->local, 0, sizeof(*host->local));
        for (uint32_t n = 0; n < counts[i]; n++) {
            struct addr peer = addr_numbered(n);

            host_contact(host, WAY_SENT, flows_addr_hash(&flows, &peer));
            host_contact(host, WAY_SENT, flows_addr_hash(&flows, &peer));
        }
        estimate = host_contacts(host, WAY_SENT);
        if (counts[i] <= 2)
            assert_int_equal(estimate, counts[i]);
        else
            assert_in_range(estimate, counts[i] * 61 / 100,
                            counts[i] * 139 / 100);
        assert_int_equal(host_contacts(host, WAY_RCVD), 0);
    }
    flows_clear(&flows);
}

static void extreme_hashes_are_contacts_too(void **state)
{
    struct host *host = *state;

    host_contact(host, WAY_RCVD, 0);
    host_contact(host, WAY_RCVD, UINT64_MAX);
    host_contact(host, WAY_RCVD, UINT64_C(1) << 63);
    assert_int_equal(host->local->contacts[WAY_RCVD][0], 59);
    assert_int_equal(host->local->contacts[WAY_RCVD][63], 1);
    assert_int_equal(host_contacts(host, WAY_RCVD), 2);
}

static void icmp_counts_by_type_and_code(void **state)
{
    struct host *host = *state;

    host_icmp(host, WAY_SENT, 8, 0, 4);
    host_icmp(host, WAY_RCVD, 0, 0, 3);
    host_icmp(host, WAY_SENT, 8, 0, 1);
    host_icmp(host, WAY_RCVD, 8, 1, 9);
    assert_int_equal(host_icmp_at(host, 0)->type, 8);
    assert_int_equal(host_icmp_at(host, 0)->packets[WAY_SENT], 5);
    assert_int_equal(host_icmp_at(host, 1)->packets[WAY_RCVD], 3);
    assert_int_equal(host_icmp_at(host, 2)->code, 1);
    assert_int_equal(host_icmp_at(host, 2)->packets[WAY_RCVD], 9);
    assert_null(host_icmp_at(host, 3));
}

static void the_last_slot_takes_all_other_icmp(void **state)
{
    struct host *host = *state;
    uint64_t sum = 0;

    for (unsigned type = 0; type < 256; type++)
        host_icmp(host, WAY_SENT, (uint8_t)type, 0, 1);
    for (unsigned i = 0; i < ICMP_SLOTS; i++)
        sum += host_icmp_at(host, i)->packets[WAY_SENT];
    assert_int_equal(sum, 256);
    assert_int_equal(host_icmp_at(host, ICMP_SLOTS - 1)->type, 255);
    assert_int_equal(host_icmp_at(host, ICMP_SLOTS - 1)->packets[WAY_SENT],
                     256 - (ICMP_SLOTS - 1));
}

static unsigned minutes(const struct host *host)
{
    unsigned n = 0;

    for (unsigned i = 0; i < MINUTES_PER_DAY / 8; i++)
        n += (unsigned)__builtin_popcount(host->local->active_minutes[i]);
    return n;
}

static void minutes_of_a_day_are_marked(void **state)
{
    const uint32_t midnight = 19675 * 86400u;
    struct host *host = *state;

    host_active(host, midnight);
    host_active(host, midnight + 59);
    host_active(host, midnight + 60);
    host_active(host, midnight + 86399);
    assert_int_equal(minutes(host), 3);
    assert_int_equal(host->local->active_minutes[0], 3);
    assert_int_equal(host->local->active_minutes[MINUTES_PER_DAY / 8 - 1],
                     0x80);
    host_active(host, midnight + 86400 + 600);
    assert_int_equal(minutes(host), 1);
    assert_int_equal(host->local->active_minutes[1], 4);
}

static void remote_hosts_keep_less(void **state)
{
    struct host remote = {0};

    (void)state;
    host_contact(&remote, WAY_SENT, 1);
    host_icmp(&remote, WAY_SENT, 8, 0, 1);
    assert_null(host_icmp_at(&remote, 0));
    assert_null(host_count_dns(&remote, WAY_SENT));
    assert_null(host_count_http(&remote, WAY_SENT));
    assert_int_equal(host_dns(&remote, WAY_SENT)->queries, 0);
    assert_int_equal(host_http(&remote, WAY_SENT)->requests, 0);
    host_active(&remote, NOW_S);
    assert_int_equal(host_contacts(&remote, WAY_SENT), 0);
}

#define HOST_TEST(name) \
    cmocka_unit_test_setup_teardown(name, make_host, free_host)

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOST_TEST(a_client_sends_what_the_flow_sent),
        HOST_TEST(a_server_sends_what_the_flow_received),
        HOST_TEST(groups_add_up_to_the_total),
        HOST_TEST(groups_stay_apart),
        HOST_TEST(nothing_is_no_group),
        HOST_TEST(classes_count_beyond_a_byte),
        HOST_TEST(flows_of_a_tick_are_one_rate),
        HOST_TEST(undecided_flows_have_no_application),
        HOST_TEST(applications_stay_sorted),
        HOST_TEST(seconds_with_activity_count_once),
        HOST_TEST(better_sources_name_a_host),
        HOST_TEST(a_name_keeps_its_best_source),
        HOST_TEST(names_are_clean_and_short),
        HOST_TEST(contacts_are_estimated),
        HOST_TEST(extreme_hashes_are_contacts_too),
        HOST_TEST(icmp_counts_by_type_and_code),
        HOST_TEST(the_last_slot_takes_all_other_icmp),
        HOST_TEST(minutes_of_a_day_are_marked),
        cmocka_unit_test(remote_hosts_keep_less),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
