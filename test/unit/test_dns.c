/* test_dns: messages of DNS, honest and lying. SPDX-License-Identifier: MIT */
#include "frame.h"

#include "core/packet/dns.h"

#define HEADER(flags, qd, an, ns, ar) \
    "\x12\x34" flags "\x00" qd "\x00" an "\x00" ns "\x00" ar
#define EXAMPLE   \
    "\x07"        \
    "Example\x03" \
    "COM\x00"
#define IN_A "\x00\x01\x00\x01"

static bool parse(struct dns *dns, const char *bytes, size_t len)
{
    return dns_parse(dns, bytes, len);
}
#define PARSE(dns, text) parse(dns, text, sizeof(text) - 1)

static void query(void **state)
{
    struct dns dns;
    struct dns_record record;

    (void)state;
    assert_true(PARSE(&dns, HEADER("\x01\x00", "\x01", "\x00", "\x00", "\x00")
                                EXAMPLE IN_A));
    assert_int_equal(dns.id, 0x1234);
    assert_false(dns.is_response);
    assert_int_equal(dns.opcode, 0);
    assert_string_equal(dns.question.name, "example.com");
    assert_int_equal(dns.question.type, DNS_TYPE_A);
    assert_int_equal(dns.question.class, 1);
    assert_false(dns_next(&dns, &record));
}

/* example.com CNAME www.example.com; www.example.com A; and an AAAA. */
static const char answer[] =
    HEADER("\x81\x80", "\x01", "\x03", "\x00", "\x00") EXAMPLE IN_A
    "\xc0\x0c\x00\x05\x00\x01\x00\x00\x00\x3c\x00\x06\x03www\xc0"
    "\x0c\xc0\x29\x00\x01\x00\x01\x00\x00\x01\x00\x00\x04\xc0\x00\x02\x01"
    "\xc0\x29\x00\x1c\x80\x01\x00\x00\x01\x00\x00\x10\x20\x01\x0d\xb8\x00\x00"
    "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x05";

static void answers(void **state)
{
    char text[ADDR_TEXT_SIZE];
    struct dns_record record;
    struct dns dns;

    (void)state;
    assert_true(parse(&dns, answer, sizeof(answer) - 1));
    assert_true(dns.is_response);
    assert_true(dns_next(&dns, &record));
    assert_string_equal(record.name, "example.com");
    assert_string_equal(record.target, "www.example.com");
    assert_int_equal(record.ttl, 60);
    assert_false(record.has_addr);
    assert_true(dns_next(&dns, &record));
    assert_string_equal(record.name, "www.example.com");
    assert_string_equal(record.target, "");
    assert_true(record.has_addr);
    assert_string_equal(addr_format(&record.addr, text), "192.0.2.1");
    assert_true(dns_next(&dns, &record));
    assert_int_equal(record.class, 1);
    assert_string_equal(addr_format(&record.addr, text), "2001:db8::5");
    assert_int_equal(record.section, DNS_SECTION_ANSWER);
    assert_false(dns_next(&dns, &record));
    assert_false(dns_next(&dns, &record));
}

static void every_cut_is_survived(void **state)
{
    struct dns_record record;

    (void)state;
    for (size_t len = 0; len < sizeof(answer) - 1; len++) {
        char *exact = mem_alloc(len + 1);
        unsigned records = 0;
        struct dns dns;

        memcpy(exact, answer, len);
        if (dns_parse(&dns, exact, len))
            while (dns_next(&dns, &record))
                records++;
        assert_true(records < 3);
        free(exact);
    }
}

static void tcp(void **state)
{
    char segment[sizeof(answer) + 1] = {0, sizeof(answer) - 1};
    struct dns_record record;
    struct dns dns;

    (void)state;
    memcpy(segment + 2, answer, sizeof(answer) - 1);
    assert_true(dns_parse_tcp(&dns, segment, sizeof(segment)));
    assert_string_equal(dns.question.name, "example.com");
    assert_true(dns_next(&dns, &record));
    /* A segment may hold less than the message, or more. */
    assert_true(dns_parse_tcp(&dns, segment, 40));
    assert_true(dns_parse_tcp(&dns,
                              "\x00\x0cxx\x00\x00\x00\x00\x00\x00\x00"
                              "\x00\x00\x00garbage",
                              21));
    assert_int_equal(dns.len, 12);
    assert_false(dns_parse_tcp(&dns, "\x00", 1));
    assert_false(dns_parse_tcp(&dns, segment, 0));
}

static void sections_in_order(void **state)
{
#define RECORD "\x00\x00\x01\x00\x01\x00\x00\x00\x01\x00\x04\x0a\x00\x00\x01"
    static const enum dns_section want[] = {
        DNS_SECTION_AUTHORITY, DNS_SECTION_ADDITIONAL, DNS_SECTION_ADDITIONAL};
    struct dns_record record;
    struct dns dns;

    (void)state;
    assert_true(PARSE(&dns, HEADER("\x84\x00", "\x00", "\x00", "\x01", "\x02")
                                RECORD RECORD RECORD));
    assert_int_equal(dns.question.type, 0);
    for (size_t i = 0; i < 3; i++) {
        assert_true(dns_next(&dns, &record));
        assert_int_equal(record.section, want[i]);
        assert_string_equal(record.name, "");
    }
    assert_false(dns_next(&dns, &record));
}

static void many_records_are_bounded(void **state)
{
    uint8_t message[12 + 200 * 15] = {0};
    struct dns_record record;
    struct dns dns;
    unsigned read = 0;

    (void)state;
    message[2] = 0x84;
    message[6] = 0xff;
    message[7] = 0xff;
    for (size_t i = 0; i < 200; i++)
        memcpy(message + 12 + 15 * i, RECORD, 15);
    assert_true(dns_parse(&dns, message, sizeof(message)));
    while (dns_next(&dns, &record))
        read++;
    assert_int_equal(read, DNS_RECORDS_MAX);
}

static void names_that_lie(void **state)
{
    struct dns dns;

    (void)state;
#define Q HEADER("\x01\x00", "\x01", "\x00", "\x00", "\x00")
    assert_false(PARSE(&dns, Q "\xc0\x0c" IN_A));      /* to itself */
    assert_false(PARSE(&dns, Q "\xc0\x0e\x00" IN_A));  /* forward */
    assert_false(PARSE(&dns, Q "\x01z\xc0\x0c" IN_A)); /* a loop */
    assert_false(PARSE(&dns, Q "\x80\x00" IN_A));      /* reserved */
    assert_false(PARSE(&dns, Q "\x40\x00" IN_A));      /* reserved */
    assert_false(PARSE(&dns, Q "\x09short\x00" IN_A)); /* past end */
    assert_false(PARSE(&dns, Q "\xff"));               /* cut pointer */
    assert_false(PARSE(&dns, Q EXAMPLE "\x00\x01"));   /* no class */
    assert_true(PARSE(&dns, Q "\x00" IN_A));           /* the root */
    assert_string_equal(dns.question.name, "");
}

static void names_of_255_bytes(void **state)
{
    uint8_t message[12 + 300] = {[5] = 1};
    struct dns dns;

    (void)state;
    memset(message + 12, 'a', 300);
    message[12] = message[76] = message[140] = 63;
    message[204] = 61; /* 3 * 64 + 62 + 1 = 255 */
    message[266] = 0;
    assert_true(dns_parse(&dns, message, sizeof(message)));
    assert_int_equal(strlen(dns.question.name), 253);
    message[204] = 62;
    message[266] = 'a';
    message[267] = 0;
    assert_false(dns_parse(&dns, message, sizeof(message)));
}

/* 100 names, each a pointer to the one before: honest messages jump twice. */
static void long_chain_of_pointers(void **state)
{
    uint8_t message[400] = {[2] = 0x80, [5] = 1};
    struct dns dns;

    (void)state;
    message[7] = 1;
    for (unsigned i = 0; i < 100; i++) {
        message[17 + 2 * i] = 0xc0;
        message[18 + 2 * i] = (uint8_t)(i == 0 ? 12 : 15 + 2 * i);
    }
    assert_true(dns_parse(&dns, message, 220));
    dns.next = 17 + 2 * 99;
    assert_false(dns_next(&dns, &(struct dns_record){0}));
}

static void hostile_labels_are_clean(void **state)
{
    struct dns dns;

    (void)state;
    assert_true(PARSE(&dns, Q "\x05"
                              "a.\0\x1b\xff\x04"
                              "\xc3\x84<>\x00" IN_A));
    assert_string_equal(dns.question.name, "a????.\xc3\x84<>");
}

static void reverse_names(void **state)
{
    static const struct {
        const char *name;
        const char *addr; /* NULL: none */
    } rows[] = {
        {"4.3.2.1.in-addr.arpa", "1.2.3.4"},
        {"4.3.2.1.IN-ADDR.ARPA.", "1.2.3.4"},
        {"255.255.255.255.in-addr.arpa", "255.255.255.255"},
        {"5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2."
         "ip6.arpa",
         "2001:db8::5"},
        {"3.2.1.in-addr.arpa", NULL},
        {"5.4.3.2.1.in-addr.arpa", NULL},
        {"256.3.2.1.in-addr.arpa", NULL},
        {"4.3.2.1.in-addr.arpa.evil", NULL},
        {"4.3.2.1.in-addr.arp", NULL},
        {"4..2.1.in-addr.arpa", NULL},
        {"4.3.2.-1.in-addr.arpa", NULL},
        {"5.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa", NULL},
        {"b._dns-sd._udp.0.1.168.192.in-addr.arpa", NULL},
        {"in-addr.arpa", NULL},
        {"5.0", NULL},
        {"5", NULL},
        {"", NULL},
    };
    char text[ADDR_TEXT_SIZE];
    struct addr addr;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        bool ok = dns_reverse_addr(rows[i].name, &addr);

        assert_int_equal(ok, rows[i].addr != NULL);
        if (ok)
            assert_string_equal(addr_format(&addr, text), rows[i].addr);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(query),
        cmocka_unit_test(answers),
        cmocka_unit_test(every_cut_is_survived),
        cmocka_unit_test(tcp),
        cmocka_unit_test(sections_in_order),
        cmocka_unit_test(many_records_are_bounded),
        cmocka_unit_test(names_that_lie),
        cmocka_unit_test(names_of_255_bytes),
        cmocka_unit_test(long_chain_of_pointers),
        cmocka_unit_test(hostile_labels_are_clean),
        cmocka_unit_test(reverse_names),
    };

    return cmocka_run_group_tests_name("dns", tests, NULL, NULL);
}
