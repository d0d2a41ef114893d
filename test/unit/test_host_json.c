/* test_host_json: hosts as they are kept. SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "core/run/host_json.h"
#include "core/run/iface_json.h"
#include "traffic.h"

/* A local host that has done something of everything. */
static struct host *busy_host(struct traffic_bed *bed)
{
    struct addr addr;
    uint32_t index;
    struct host *host;

    traffic_udp(bed, 1);
    engine_flush(bed->engine);
    assert_true(addr_parse("10.0.1.1", &addr));
    index = hosts_find(&bed->iface->hosts, &addr, 0);
    assert_int_not_equal(index, POOL_NONE);
    host = hosts_at(&bed->iface->hosts, index);
    assert_non_null(host->local);
    host_learn_name(host, NAME_MDNS, "laptop \"of\" \xc3\xa9va");
    host->trouble[0] = 7;
    host_add_class(host, WAY_RCVD, FLAGS_RST, 3);
    host_add_class(host, WAY_SENT, SIZE_9000, 70000);
    host->low_goodput_flows[WAY_RCVD] = 2;
    host_count_dns(host, WAY_SENT)->queries = 5;
    host_count_dns(host, WAY_SENT)->by_type[7] = 4;
    host_count_http(host, WAY_RCVD)->by_class[3] = 9;
    host_contact(host, WAY_SENT, 0x123456789abcdef0);
    return host;
}

static char *write_host(const struct traffic_bed *bed, const struct host *host,
                        size_t *len)
{
    struct json *json = json_new();
    char *text;

    host_json_write(json, bed->iface, host);
    text = strdup(json_text_of(json, len));
    json_free(json);
    return text;
}

static struct host blank(const struct host *like)
{
    struct host host = {.addr = like->addr, .flags = like->flags};

    host.first_s = like->first_s + 1000;
    host.last_s = like->last_s;
    host.device = like->device;
    host.local = calloc(1, sizeof(*host.local));
    host.local->day = like->local->day;
    return host;
}

static void free_blank(struct host *host)
{
    host_clear(host);
}

static void what_is_kept_comes_back(void **state)
{
    struct traffic_bed bed;
    struct host again;
    const struct host *host;
    char *text, *second;
    size_t len;

    (void)state;
    traffic_open(&bed, NULL);
    host = busy_host(&bed);
    again = blank(host);
    text = write_host(&bed, host, &len);
    assert_true(host_json_restore(bed.iface, &again, text, len));
    second = write_host(&bed, &again, &len);
    assert_string_equal(second, text);
    assert_string_equal(again.name, host->name);
    assert_int_equal(again.name_source, NAME_MDNS);
    assert_int_equal(host_contacts(&again, WAY_SENT),
                     host_contacts(host, WAY_SENT));
    assert_true(again.apps_count > 0);
    free(second);
    free(text);
    free_blank(&again);
    traffic_close(&bed);
}

static void what_was_counted_meanwhile_is_added_to(void **state)
{
    struct traffic_bed bed;
    struct host *host;
    struct traffic before, after;
    char *text;
    size_t len;

    (void)state;
    traffic_open(&bed, NULL);
    host = busy_host(&bed);
    before = host_traffic(host, WAY_RCVD);
    assert_true(before.packets > 0);
    text = write_host(&bed, host, &len);
    assert_true(host_json_restore(bed.iface, host, text, len));
    after = host_traffic(host, WAY_RCVD);
    assert_int_equal(after.packets, 2 * before.packets);
    assert_int_equal(after.bytes, 2 * before.bytes);
    assert_int_equal(host->trouble[0], 14);
    assert_int_equal(host_dns(host, WAY_SENT)->queries, 10);
    assert_int_equal(host_contacts(host, WAY_SENT), 1); /* the same peer */
    free(text);
    traffic_close(&bed);
}

/* As the old program wrote it: no version, and things of its own. */
static void an_old_entry_is_read(void **state)
{
    static const char text[] =
        "{\"mac_address\":\"02:00:00:00:00:01\",\"seen.first\":1500000000,"
        "\"seen.last\":1500000100,\"symbolic_name\":\"printer\","
        "\"ip\":{\"ipVersion\":4,\"localHost\":true,\"ip\":\"10.0.1.1\"},"
        "\"tcp_sent\":{\"packets\":10,\"bytes\":1000},"
        "\"udp_rcvd\":{\"packets\":2,\"bytes\":200},"
        "\"pktStats.sent\":{\"upTo64\":10,\"syn\":1},"
        "\"tcpPacketStats\":{\"pktRetr\":3},"
        "\"flows.as_client\":4,\"throughput_trend_bps\":\"Up\","
        "\"ndpiStats\":{\"TLS\":{\"duration\":5,\"bytes\":{\"sent\":900,"
        "\"rcvd\":1},\"packets\":{\"sent\":9,\"rcvd\":1}},"
        "\"NoSuchApp\":{\"duration\":5}}}";
    struct traffic_bed bed;
    const struct host_app *app;
    struct host host;

    (void)state;
    traffic_open(&bed, NULL);
    host = blank(busy_host(&bed));
    assert_true(host_json_restore(bed.iface, &host, text, sizeof(text) - 1));
    assert_int_equal(host.first_s, 1500000000);
    assert_string_equal(host.name, "printer");
    assert_int_equal(host_l4(&host, L4_TCP, WAY_SENT).packets, 10);
    assert_int_equal(host_l4(&host, L4_UDP, WAY_RCVD).bytes, 200);
    assert_int_equal(host_class(&host, WAY_SENT, SIZE_64), 10);
    assert_int_equal(host_class(&host, WAY_SENT, FLAGS_SYN), 1);
    assert_int_equal(host.trouble[0], 3);
    assert_int_equal(host.total_flows[WAY_SENT], 4);
    assert_int_equal(host.apps_count, 1);
    app = &host.apps[0];
    assert_int_equal(app->app, dpi_app_id(engine_dpi(bed.engine), "TLS"));
    assert_int_equal(app->duration_s, 5);
    assert_int_equal(app->traffic[WAY_SENT].bytes, 900);
    free_blank(&host);
    traffic_close(&bed);
}

/* Refused whole: the host stays as it is. */
static void garbage_is_refused(void **state)
{
    static const char *const rows[] = {
        "",
        "null",
        "[]",
        "\"text\"",
        "{}",
        "{\"ip\":\"10.0.1.1\"}",
        "{\"ip\":{\"ip\":17}}",
        "{\"ip\":{\"ip\":\"10.0.1.2\"}}",
        "{\"ip\":{\"ip\":\"nonsense\"}}",
        "{\"v\":2,\"ip\":{\"ip\":\"10.0.1.1\"}}",
        "{\"v\":\"1\",\"ip\":{\"ip\":\"10.0.1.1\"}}",
        "{\"v\":1,\"ip\":{\"ip\":\"10.0.1.1\"}",
    };
    struct traffic_bed bed;
    struct host *host;
    char *before, *after;
    size_t len;

    (void)state;
    traffic_open(&bed, NULL);
    host = busy_host(&bed);
    before = write_host(&bed, host, &len);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_false(
            host_json_restore(bed.iface, host, rows[i], strlen(rows[i])));
    after = write_host(&bed, host, &len);
    assert_string_equal(after, before);
    free(before);
    free(after);
    traffic_close(&bed);
}

/* Wrong in parts: those count as nothing, and nothing overflows. */
static void wrong_parts_are_nothing(void **state)
{
    static const char text[] =
        "{\"v\":1,\"ip\":{\"ip\":\"10.0.1.1\"},\"seen.first\":-5,"
        "\"symbolic_name\":[],\"name_source\":99,"
        "\"tcp_sent\":{\"packets\":-1,\"bytes\":1e30},"
        "\"udp_sent\":{\"packets\":18446744073709551615,\"bytes\":\"1\"},"
        "\"icmp_sent\":7,\"pktStats.sent\":{\"upTo64\":1152921504606846975},"
        "\"flows.as_client\":{},\"ndpiStats\":[1,2],"
        "\"activity\":{\"day\":\"x\",\"minutes\":\"zz\"},"
        "\"contacts\":{\"sent\":\"00\",\"rcvd\":7},"
        "\"dns\":[],\"http\":{\"sender\":{\"total\":4294967296}}}";
    struct traffic_bed bed;
    struct host host;

    (void)state;
    traffic_open(&bed, NULL);
    host = blank(busy_host(&bed));
    assert_true(host_json_restore(bed.iface, &host, text, sizeof(text) - 1));
    assert_null(host.name);
    assert_int_equal(host_traffic(&host, WAY_SENT).packets, 0);
    assert_int_equal(host_traffic(&host, WAY_SENT).bytes, 0);
    assert_int_equal(host_class(&host, WAY_SENT, SIZE_64), UINT32_MAX);
    assert_int_equal(host.total_flows[WAY_SENT], 0);
    assert_int_equal(host.apps_count, 0);
    assert_int_equal(host_http(&host, WAY_SENT)->requests, UINT32_MAX);
    assert_int_equal(host_contacts(&host, WAY_SENT), 0);
    free_blank(&host);
    traffic_close(&bed);
}

/* --- Interfaces --- */

static void totals_come_back_as_they_were(void **state)
{
    struct traffic_bed bed;
    struct iface_past *past = calloc(1, sizeof(*past));
    struct iface_past *back = calloc(1, sizeof(*back));
    struct json *json = json_new();
    const char *text;
    size_t len;

    (void)state;
    traffic_open(&bed, NULL);
    past->since_s = 1500000000;
    past->counters.all = (struct traffic){7, UINT64_C(1) << 40};
    past->counters.l3[L3_ARP] = (struct traffic){3, 180};
    past->counters.locality[REMOTE_TO_LOCAL] = (struct traffic){1, 2};
    past->counters.classes[SIZE_9000] = 5;
    past->counters.trouble[2] = 6;
    past->counters.arp_replies = 8;
    past->counters.flows = 9;
    past->apps[5].traffic[WAY_RCVD] = (struct traffic){10, 11};
    past->apps[5].flows = 12;
    past->apps[5].duration_s = 13;
    iface_json_write(json, bed.iface, past);
    text = json_text_of(json, &len);
    assert_true(iface_json_read(bed.iface, text, len, back));
    assert_memory_equal(back, past, sizeof(*past));
    assert_false(iface_json_read(bed.iface, text, len - 1, back));

    /* This run's counters are beside them. */
    traffic_udp(&bed, 1);
    iface_remember(bed.iface, past);
    iface_sum(bed.iface, &back->counters);
    assert_int_equal(back->counters.all.packets, 8);
    assert_int_equal(bed.iface->counters.all.packets, 1);
    iface_sum_app(bed.iface, 5, &back->apps[5]);
    assert_int_equal(back->apps[5].traffic[WAY_RCVD].bytes, 11);
    json_free(json);
    free(past);
    free(back);
    traffic_close(&bed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_kept_comes_back),
        cmocka_unit_test(what_was_counted_meanwhile_is_added_to),
        cmocka_unit_test(an_old_entry_is_read),
        cmocka_unit_test(garbage_is_refused),
        cmocka_unit_test(wrong_parts_are_nothing),
        cmocka_unit_test(totals_come_back_as_they_were),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
