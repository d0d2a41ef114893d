/* test_record: what a record says of its flow. SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "core/model/field.h"
#include "core/util/json.h"
#include "export/record.h"
#include "traffic.h"

#define RECORDS_MAX 16

struct bed {
    struct traffic_bed traffic;
    struct observer observer;
    struct recorder *recorder;
    char *records[RECORDS_MAX];
    unsigned count;
    bool has_places;
};

static void keep_record(void *arg, const struct iface *iface,
                        const struct flow *flow, const struct flow_mark *mark,
                        bool is_partial)
{
    struct bed *bed = arg;
    const char *text;
    size_t len;

    (void)is_partial;
    assert_true(bed->count < RECORDS_MAX);
    text = recorder_write(bed->recorder, iface, flow, mark, &len);
    assert_int_equal(strlen(text), len);
    bed->records[bed->count++] = mem_strdup(text);
}

/* Clients are in Norway, servers are somewhere in the south-west. */
static bool find_place(void *arg, const struct addr *addr, struct geo_info *out)
{
    static const struct geo_info north = {
        .country = "NO",
        .has_location = true,
        .latitude = 59.91273,
        .longitude = 10.74609,
    };
    static const struct geo_info south = {
        .country = "AR",
        .has_location = true,
        .latitude = -0.00004,
        .longitude = -58.38,
    };
    const struct bed *bed = arg;

    *out = addr->bytes[14] == 0 ? north : south;
    return bed->has_places;
}

static int bed_make(void **state)
{
    static struct locator locator;
    static const struct hash_key nonce = {{7, 6, 5, 4, 3, 2, 1}};
    struct bed *bed = mem_calloc(1, sizeof(*bed));

    locator = (struct locator){.locate = find_place, .arg = bed};
    traffic_open(&bed->traffic, &locator);
    bed->recorder = recorder_new(bed->traffic.engine, &nonce);
    bed->observer = (struct observer){.flow_record = keep_record, .arg = bed};
    engine_observe(bed->traffic.engine, &bed->observer);
    *state = bed;
    return 0;
}

static int bed_remove(void **state)
{
    struct bed *bed = *state;

    traffic_close(&bed->traffic);
    recorder_free(bed->recorder);
    for (unsigned i = 0; i < bed->count; i++)
        free(bed->records[i]);
    free(bed);
    return 0;
}

/* The only record, when all flows have ended. */
static const char *only_record(struct bed *bed)
{
    engine_flush(bed->traffic.engine);
    assert_int_equal(bed->count, 1);
    return bed->records[0];
}

/* The text of a value, up to the next comma or brace. */
static const char *value_of(const char *record, const char *key)
{
    static char value[128];
    char quoted[64];
    const char *at;

    snprintf(quoted, sizeof(quoted), "\"%s\":", key);
    at = strstr(record, quoted);
    if (at == NULL)
        return NULL;
    at += strlen(quoted);
    snprintf(value, sizeof(value), "%.*s", (int)strcspn(at, ",}"), at);
    return value;
}

static void assert_value(const char *record, const char *key, const char *text)
{
    const char *value = value_of(record, key);

    if (value == NULL || strcmp(value, text) != 0)
        fail_msg("%s is %s, not %s, in %s", key, value ? value : "missing",
                 text, record);
}

static void assert_number(const char *record, const char *key, uint64_t number)
{
    char text[32];

    snprintf(text, sizeof(text), "%llu", (unsigned long long)number);
    assert_value(record, key, text);
}

static void datagram_has_a_whole_record(void **state)
{
    struct bed *bed = *state;
    const char *record;
    char *id;

    traffic_udp(&bed->traffic, 1);
    record = only_record(bed);
    id = strstr(record, "\"FLOW_ID\":");
    assert_non_null(id);
    *id = '\0';
    assert_string_equal(
        record,
        "{\"IN_SRC_MAC\":\"02:00:00:00:00:0A\","
        "\"OUT_DST_MAC\":\"02:00:00:00:00:0B\","
        "\"IPV4_SRC_ADDR\":\"10.0.0.1\",\"IPV4_DST_ADDR\":\"10.0.1.1\","
        "\"L4_SRC_PORT\":1111,\"L4_DST_PORT\":2222,\"PROTOCOL\":17,"
        "\"L7_PROTO\":0,\"L7_PROTO_NAME\":\"Unknown\","
        "\"IN_PKTS\":1,\"IN_BYTES\":52,\"OUT_PKTS\":0,\"OUT_BYTES\":0,"
        "\"FIRST_SWITCHED\":1600000000,\"LAST_SWITCHED\":1600000000,"
        "\"category\":\"Unspecified\",\"NTOPNG_INSTANCE_NAME\":\"probe\","
        "\"INTERFACE\":\"test.pcap\","
        "\"ntop_timestamp\":\"2020-09-13T12:26:40.0Z\",");
}

static void ipv6_and_vlan_have_their_keys(void **state)
{
    struct bed *bed = *state;
    struct build b = {0};
    const char *record;

    put_ether(&b, 0x8100);
    put16(&b, 0x2064);
    put16(&b, 0x86dd);
    put_ip6_udp(&b, 5);
    traffic_frame(&bed->traffic, &b);
    record = only_record(bed);
    assert_value(record, "IPV6_SRC_ADDR", "\"2001:db8::5\"");
    assert_value(record, "IPV6_DST_ADDR", "\"2001:db8::1:5\"");
    assert_value(record, "SRC_VLAN", "100");
    assert_null(strstr(record, "IPV4"));
}

/* A handshake of 20 ms to the server and 5.5 ms to the client, a request and
 * its answer after 1.007 ms. */
static void converse(struct traffic_bed *traffic)
{
    static const struct {
        bool is_answer;
        uint8_t flags;
        uint8_t payload;
        uint32_t after_us;
    } steps[] = {
        {false, 0x02, 0, 0},   {true, 0x12, 0, 20000}, {false, 0x10, 0, 5500},
        {false, 0x18, 9, 100}, {true, 0x18, 9, 1007},
    };

    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        bool is_answer = steps[i].is_answer;
        struct build b = {0};
        size_t ip;

        put_ether(&b, 0x0800);
        ip = put_ip4(&b, IP_PROTO_TCP, 3);
        put_tcp(&b, is_answer ? 50001 : 40001, is_answer ? 40001 : 50001,
                steps[i].flags, steps[i].payload);
        end_ip4(&b, ip);
        if (is_answer)
            traffic_turn(&b);
        traffic->now_us += steps[i].after_us;
        traffic_frame(traffic, &b);
    }
}

static void connection_has_the_keys_of_tcp(void **state)
{
    struct bed *bed = *state;
    const char *record;

    converse(&bed->traffic);
    record = only_record(bed);
    assert_value(record, "IPV4_SRC_ADDR", "\"10.0.0.3\"");
    assert_number(record, "L4_SRC_PORT", 40001);
    assert_number(record, "TCP_FLAGS", 0x1a);
    assert_number(record, "CLIENT_TCP_FLAGS", 0x1a);
    assert_number(record, "SERVER_TCP_FLAGS", 0x1a);
    assert_number(record, "IN_PKTS", 3);
    assert_number(record, "OUT_PKTS", 2);
    assert_value(record, "SERVER_NW_LATENCY_MS", "20.000");
    assert_value(record, "CLIENT_NW_LATENCY_MS", "5.500");
    assert_value(record, "APPL_LATENCY_MS", "1.007");
    assert_non_null(value_of(record, "RETRANSMITTED_IN_PKTS"));
    assert_non_null(value_of(record, "LOST_OUT_PKTS"));
}

static void dns_tells_what_was_asked(void **state)
{
    struct bed *bed = *state;
    struct build b = {0};
    size_t ip;
    size_t udp;
    const char *record;

    put_ether(&b, 0x0800);
    ip = put_ip4(&b, IP_PROTO_UDP, 4);
    udp = put_udp(&b, 40000, 53);
    put(&b, "\0\7\1\0\0\1\0\0\0\0\0\0", 12);
    put(&b, "\1a\7ex\"mple\0\0\x1c\0\1", 15);
    end_udp(&b, udp);
    end_ip4(&b, ip);
    traffic_frame(&bed->traffic, &b);
    record = only_record(bed);
    assert_number(record, "L7_PROTO", 5);
    assert_value(record, "L7_PROTO_NAME", "\"DNS\"");
    assert_number(record, "DNS_QUERY_TYPE", 28);
    assert_null(value_of(record, "DNS_RET_CODE"));
    assert_null(value_of(record, "TCP_FLAGS"));
}

static void places_are_longitude_and_latitude(void **state)
{
    struct bed *bed = *state;
    const char *record;

    bed->has_places = true;
    traffic_udp(&bed->traffic, 1);
    record = only_record(bed);
    assert_value(record, "SRC_IP_COUNTRY", "\"NO\"");
    assert_value(record, "DST_IP_COUNTRY", "\"AR\"");
    assert_non_null(strstr(record, "\"SRC_IP_LOCATION\":[10.7461,59.9127],"));
    assert_non_null(strstr(record, "\"DST_IP_LOCATION\":[-58.3800,0.0000],"));
}

static void long_flow_tells_differences(void **state)
{
    struct bed *bed = *state;
    uint64_t packets = 0;
    uint64_t last = 1600000000;

    for (int i = 0; i < 100; i++) {
        traffic_udp(&bed->traffic, 1);
        bed->traffic.now_us += 10 * SECOND_US;
    }
    engine_flush(bed->traffic.engine);
    assert_in_range(bed->count, 3, 4);
    for (unsigned i = 0; i < bed->count; i++) {
        const char *record = bed->records[i];
        uint64_t count = strtoull(value_of(record, "IN_PKTS"), NULL, 10);

        assert_number(record, "IN_BYTES", count * 52);
        assert_number(record, "FIRST_SWITCHED", last);
        last = strtoull(value_of(record, "LAST_SWITCHED"), NULL, 10);
        packets += count;
    }
    assert_int_equal(packets, 100);
    assert_int_equal(last, 1600000990);
}

/* "<16 hex digits>-<number>" within quotes. */
static void copy_id(const char *record, char id[64])
{
    const char *value = value_of(record, "FLOW_ID");

    assert_non_null(value);
    strcpy(id, value);
    assert_int_equal(strspn(id + 1, "0123456789abcdef"), 16);
    assert_int_equal(id[17], '-');
    assert_int_equal(strspn(id + 18, "0123456789"), strlen(id) - 19);
}

static void ids_begin_alike_for_one_flow_and_are_unique(void **state)
{
    struct bed *bed = *state;
    char ids[RECORDS_MAX][64];

    for (int i = 0; i < 100; i++) {
        traffic_udp(&bed->traffic, 1);
        bed->traffic.now_us += 10 * SECOND_US;
    }
    engine_flush(bed->traffic.engine);
    traffic_udp(&bed->traffic, 1);
    engine_flush(bed->traffic.engine);
    traffic_udp(&bed->traffic, 1);
    engine_flush(bed->traffic.engine);
    for (unsigned i = 0; i < bed->count; i++)
        copy_id(bed->records[i], ids[i]);
    for (unsigned i = 0; i < bed->count; i++)
        for (unsigned k = 0; k < i; k++)
            assert_string_not_equal(ids[i], ids[k]);
    assert_memory_equal(ids[0], ids[1], 18);
    assert_memory_not_equal(ids[0], ids[bed->count - 2], 18);
}

/* Any second of a flow, through the row of the table. */
static void assert_time(const struct bed *bed, int64_t second,
                        const char *expected)
{
    struct flow flow = {.first_us = second * SECOND_US,
                        .last_us = second * SECOND_US + 999999};
    const struct field *field =
        field_find(field_flow(), "ntop_timestamp", strlen("ntop_timestamp"));
    struct field_source source;
    struct field_value value;

    field_of_flow(bed->traffic.iface, &flow, POOL_NONE, &source);
    assert_int_equal(field->get(field, &source, &value), FIELD_FOUND);
    assert_string_equal(value.text, expected);
}

static void timestamps_are_those_of_the_calendar(void **state)
{
    const struct bed *bed = *state;
    char expected[64];

    assert_time(bed, 1497300991, "2017-06-12T20:56:31.0Z");
    assert_time(bed, -1, "1970-01-01T00:00:00.0Z");
    assert_time(bed, 9000000000000, "9999-12-31T23:59:59.0Z");
    for (time_t second = 0; second < 253402300800; second += 86400 * 13 + 7) {
        struct tm tm;

        gmtime_r(&second, &tm);
        strftime(expected, sizeof(expected), "%Y-%m-%dT%H:%M:%S.0Z", &tm);
        assert_time(bed, second, expected);
    }
}

static void time_that_goes_backwards_does_not(void **state)
{
    struct bed *bed = *state;
    const char *record;

    traffic_udp(&bed->traffic, 1);
    bed->traffic.now_us -= 30 * SECOND_US;
    traffic_udp(&bed->traffic, 1);
    record = only_record(bed);
    assert_true(strtoull(value_of(record, "FIRST_SWITCHED"), NULL, 10) <=
                1600000000);
    assert_number(record, "LAST_SWITCHED", 1600000000);
    assert_number(record, "IN_PKTS", 2);
}

static void fields_are_documented_once(void **state)
{
    const struct field *fields[FIELDS_EXPORTED_MAX];
    size_t count = fields_exported(fields);

    (void)state;
    assert_true(count > 40);
    for (size_t i = 0; i < count; i++) {
        assert_true(*fields[i]->record != '\0' && *fields[i]->help != '\0');
        assert_non_null(fields[i]->unit);
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(fields[i]->record, fields[k]->record);
    }
}

/* Interfaces may be called anything. */
static void assert_name_comes_through(struct bed *bed, char *name)
{
    char *before = bed->traffic.iface->name;
    struct json_value *root;
    const char *record;
    size_t len;

    bed->traffic.iface->name = name;
    record = recorder_write(bed->recorder, bed->traffic.iface,
                            flows_at(&bed->traffic.iface->flows, 1),
                            &(struct flow_mark){0}, &len);
    bed->traffic.iface->name = before;
    root = json_parse(record, len);
    if (root == NULL)
        fail_msg("no JSON: %s", record);
    assert_string_equal(json_as_text(json_get(root, "INTERFACE")), name);
    json_forget(root);
}

static void special_characters_are_quoted_everywhere(void **state)
{
    struct bed *bed = *state;

    traffic_udp(&bed->traffic, 1);
    for (unsigned len = 0; len <= 19; len++) {
        char name[20] = "";

        memset(name, 'n', len);
        assert_name_comes_through(bed, name);
        for (unsigned at = 0; at < len; at++) {
            for (int c = 1; c < 0x80; c++) {
                name[at] = (char)c;
                assert_name_comes_through(bed, name);
            }
            name[at] = 'n';
        }
        if (len >= 2) {
            memcpy(name + len - 2, "\xc3\xa9", 2);
            assert_name_comes_through(bed, name);
        }
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bed_make, bed_remove)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(datagram_has_a_whole_record),
        TEST(ipv6_and_vlan_have_their_keys),
        TEST(connection_has_the_keys_of_tcp),
        TEST(dns_tells_what_was_asked),
        TEST(places_are_longitude_and_latitude),
        TEST(long_flow_tells_differences),
        TEST(ids_begin_alike_for_one_flow_and_are_unique),
        TEST(timestamps_are_those_of_the_calendar),
        TEST(time_that_goes_backwards_does_not),
        TEST(special_characters_are_quoted_everywhere),
        cmocka_unit_test(fields_are_documented_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
