/* test_decode_link: link layers and tags. SPDX-License-Identifier: MIT */
#include "frame.h"

#define ETHERNET 1
#define IEEE80211 105
#define NFLOG 239

/* A link header, written as a string, before put_ip4_udp() or its IPv6 twin;
 * every byte of it is needed. */
struct link_row {
    int link;
    bool v6;
    size_t len;
    const char *header;
    uint16_t vlan;
    const char *src_mac; /* NULL: no addresses */
    const char *dst_mac;
};

#define ROW(link, v6, header, ...)                        \
    {                                                     \
        link, v6, sizeof(header) - 1, header, __VA_ARGS__ \
    }
#define MACS MAC_B MAC_A
#define LLC_SNAP "\xaa\xaa\x03\0\0\0"
#define NOBODY "\0\0\0\0\0\0"
#define ALL "\xff\xff\xff\xff\xff\xff"

static const struct link_row rows[] = {
    ROW(1, 0, MACS "\x08\x00", 0, MAC_A, MAC_B),
    ROW(1, 1, MACS "\x86\xdd", 0, MAC_A, MAC_B),
    /* VLAN: outermost id; priority tags have none */
    ROW(1, 0, MACS "\x81\x00\x60\x0a\x08\x00", 10, MAC_A, MAC_B),
    ROW(1, 1, MACS "\x88\xa8\x0f\xff\x86\xdd", 4095, MAC_A, MAC_B),
    ROW(1, 0, MACS "\x88\xa8\x00\x05\x81\x00\x00\x06\x08\x00", 5, MAC_A, MAC_B),
    ROW(1, 0, MACS "\x91\x00\x20\x00\x81\x00\x00\x07\x08\x00", 7, MAC_A, MAC_B),
    ROW(1, 0, MACS "\x81\x00\xe0\x00\x08\x00", 0, MAC_A, MAC_B),
    /* 802.3 with LLC and SNAP, also behind a tag */
    ROW(1, 0, MACS "\x00\x2e" LLC_SNAP "\x08\x00", 0, MAC_A, MAC_B),
    ROW(1, 0, MACS "\x00\x2e\xaa\xaa\x03\x00\x00\xf8\x08\x00", 0, MAC_A, MAC_B),
    ROW(1, 0, MACS "\x81\x00\x00\x09\x00\x2e" LLC_SNAP "\x08\x00", 9, MAC_A,
        MAC_B),
    /* MPLS */
    ROW(1, 0, MACS "\x88\x47\x00\x01\x01\x40", 0, MAC_A, MAC_B),
    ROW(1, 1, MACS "\x88\x48\x00\x01\x00\x40\x00\x02\x01\x40", 0, MAC_A, MAC_B),
    ROW(1, 0, MACS "\x88\x47\x00\x01\x01\x40\0\0\0\0" MAC_A MAC_B "\x08\x00", 0,
        MAC_A, MAC_B),
    ROW(1, 0, MACS "\x88\x47\x00\x01\x01\x40" MAC_A MAC_B "\x08\x00", 0, MAC_A,
        MAC_B),
    ROW(1, 0,
        MACS "\x88\x47\x00\x01\x01\x40"
             "\x52\0\0\0\0\1\x52\0\0\0\0\2\x08\x00",
        0, MAC_A, MAC_B),
    /* PPPoE session, with its length 40 or 60 */
    ROW(1, 0, MACS "\x88\x64\x11\x00\x00\x01\x00\x28\x00\x21", 0, MAC_A, MAC_B),
    ROW(1, 1, MACS "\x88\x64\x11\x00\x00\x01\x00\x3c\x00\x57", 0, MAC_A, MAC_B),
    ROW(51, 0, "\x11\x00\x00\x01\x00\x28\x00\x21", 0, NULL, NULL),
    /* PPP with and without address and control, short protocol, MPLS */
    ROW(9, 0, "\xff\x03\x00\x21", 0, NULL, NULL),
    ROW(9, 1, "\x00\x57", 0, NULL, NULL),
    ROW(9, 0, "\x21", 0, NULL, NULL),
    ROW(9, 0, "\xff\x03\x02\x81\x00\x01\x01\x40", 0, NULL, NULL),
    ROW(50, 0, "\xff\x03\x00\x21", 0, NULL, NULL),
    ROW(50, 0, "\x0f\x00\x08\x00", 0, NULL, NULL),
    ROW(104, 1, "\x8f\x00\x86\xdd", 0, NULL, NULL),
    /* BSD loopback in both byte orders, and with each one's AF_INET6 */
    ROW(0, 0, "\x02\0\0\0", 0, NULL, NULL),
    ROW(0, 0, "\0\0\0\x02", 0, NULL, NULL),
    ROW(0, 1, "\x0a\0\0\0", 0, NULL, NULL),
    ROW(0, 1, "\x18\0\0\0", 0, NULL, NULL),
    ROW(0, 1, "\x1c\0\0\0", 0, NULL, NULL),
    ROW(0, 1, "\0\0\0\x1e", 0, NULL, NULL),
    ROW(108, 0, "\0\0\0\x02", 0, NULL, NULL),
    ROW(108, 1, "\0\0\0\x18", 0, NULL, NULL),
    /* Raw */
    ROW(12, 0, "", 0, NULL, NULL),
    ROW(14, 1, "", 0, NULL, NULL),
    ROW(101, 1, "", 0, NULL, NULL),
    ROW(228, 0, "", 0, NULL, NULL),
    ROW(229, 1, "", 0, NULL, NULL),
    /* Linux cooked: the sender's address only; broadcast; no Ethernet */
    ROW(113, 0, "\0\x04\0\x01\0\x06" MAC_A "\0\0\x08\0", 0, MAC_A, NOBODY),
    ROW(113, 1, "\0\x01\0\x01\0\x06" MAC_A "\0\0\x86\xdd", 0, MAC_A, ALL),
    ROW(113, 0, "\0\0\x03\x04\0\x06" NOBODY "\0\0\x08\0", 0, NULL, NULL),
    ROW(113, 0, "\0\0\0\x01\0\x06" MAC_A "\0\0\x81\0\0\x03\x08\0", 3, MAC_A,
        NOBODY),
    ROW(113, 0, "\0\0\0\x01\0\x06" MAC_A "\0\0\0\x04" LLC_SNAP "\x08\0", 0,
        MAC_A, NOBODY),
    ROW(276, 0, "\x08\0\0\0\0\0\0\x02\0\x01\0\x06" MAC_A "\0\0", 0, MAC_A,
        NOBODY),
    ROW(276, 1, "\x86\xdd\0\0\0\0\0\x02\0\x01\x01\x06" MAC_A "\0\0", 0, MAC_A,
        ALL),
    /* 802.11: to the access point, from it, neither, QoS, four addresses */
    ROW(105, 0, "\x08\x01\0\0" ALL MAC_A MAC_B "\0\0" LLC_SNAP "\x08\0", 0,
        MAC_A, MAC_B),
    ROW(105, 0, "\x08\x02\0\0" MAC_B ALL MAC_A "\0\0" LLC_SNAP "\x08\0", 0,
        MAC_A, MAC_B),
    ROW(105, 1, "\x08\0\0\0" MAC_B MAC_A ALL "\0\0" LLC_SNAP "\x86\xdd", 0,
        MAC_A, MAC_B),
    ROW(105, 0, "\x88\x01\0\0" ALL MAC_A MAC_B "\0\0\0\0" LLC_SNAP "\x08\0", 0,
        MAC_A, MAC_B),
    ROW(105, 0,
        "\x88\x81\0\0" ALL MAC_A MAC_B "\0\0\0\0\0\0\0\0" LLC_SNAP "\x08\0", 0,
        MAC_A, MAC_B),
    ROW(105, 0,
        "\x88\x03\0\0" ALL ALL MAC_B "\0\0" MAC_A "\0\0" LLC_SNAP "\x08\0", 0,
        MAC_A, MAC_B),
    /* QoS with several packets in one frame: the first is 46 bytes long */
    ROW(105, 0,
        "\x88\x01\0\0" ALL MAC_A MAC_B "\0\0\x80\0" MAC_B MAC_A
        "\0\x2e" LLC_SNAP "\x08\0",
        0, MAC_A, MAC_B),
    /* Radiotap: no fields; time and flags with padding; two words of bits */
    ROW(127, 0,
        "\0\0\x08\0\0\0\0\0\x08\x01\0\0" ALL MAC_A MAC_B "\0\0" LLC_SNAP
        "\x08\0",
        0, MAC_A, MAC_B),
    ROW(127, 0,
        "\0\0\x12\0\x03\0\0\0\1\2\3\4\5\6\7\x8\x20\0\x88\x01\0\0" ALL MAC_A
            MAC_B "\0\0\0\0\0\0" LLC_SNAP "\x08\0",
        0, MAC_A, MAC_B),
    ROW(127, 0,
        "\0\0\x0e\0\x02\0\0\x80\0\0\0\0\x20\0\x88\x01\0\0" ALL MAC_A MAC_B
        "\0\0\0\0\0\0" LLC_SNAP "\x08\0",
        0, MAC_A, MAC_B),
};

static const size_t row_count = sizeof(rows) / sizeof(rows[0]);

static struct build row_frame(const struct link_row *row)
{
    struct build b = {.len = 0};

    put(&b, row->header, row->len);
    if (row->v6)
        put_ip6_udp(&b, 9);
    else
        put_ip4_udp(&b, 9);
    return b;
}

static void every_link_layer_leads_to_its_packet(void **state)
{
    (void)state;

    for (size_t i = 0; i < row_count; i++) {
        struct build b = row_frame(&rows[i]);
        struct packet p = decode_once(&b, rows[i].link);

        assert_udp(&p, 9);
        assert_int_equal(p.ip_version, rows[i].v6 ? 6 : 4);
        assert_int_equal(p.kind, rows[i].v6 ? L3_IPV6 : L3_IPV4);
        assert_int_equal(p.vlan, rows[i].vlan);
        assert_false(p.is_tunneled);
        assert_int_equal(p.has_mac, rows[i].src_mac != NULL);
        if (!rows[i].src_mac)
            continue;
        assert_memory_equal(p.src_mac, rows[i].src_mac, MAC_SIZE);
        assert_memory_equal(p.dst_mac, rows[i].dst_mac, MAC_SIZE);
    }
}

/* A pseudowire's inside is a guess: cut, it is not IP but not malformed. */
static bool is_pseudowire(const struct link_row *row)
{
    return row->link == ETHERNET && row->header[12] == (char)0x88 &&
           row->header[13] == 0x47 && row->len >= 32;
}

static void every_link_layer_can_be_cut_anywhere(void **state)
{
    (void)state;

    for (size_t i = 0; i < row_count; i++) {
        struct build b = row_frame(&rows[i]);
        size_t ip = rows[i].v6 ? 40 : 20;
        struct bench bench;

        if (is_pseudowire(&rows[i]))
            continue;
        bench_open(&bench, rows[i].link, 0);
        bench_cut_everywhere(&bench, &b, rows[i].len + ip + 8);
        bench_close(&bench);
    }
}

static void a_cut_pseudowire_is_counted_as_mpls(void **state)
{
    struct build b = {.len = 0};
    struct bench bench;
    (void)state;

    put(&b, MACS "\x88\x47\x00\x01\x01\x40\0\0\0\0" MACS "\x08\x00", 36);
    put_ip4_udp(&b, 1);
    bench_open(&bench, ETHERNET, 0);
    for (size_t len = 19; len < 36 + 20; len++) {
        const struct packet *p = bench_cut(&bench, &b, len, b.len);

        assert_int_equal(p->kind, L3_MPLS_OTHER);
        assert_int_equal(p->malformed, MALFORMED_NONE);
    }
    bench_close(&bench);
}

/* Frames with nothing for us, that are not malformed, or are. */
struct other_row {
    int link;
    size_t len;
    const char *bytes;
    enum l3_kind kind;
    enum malformed malformed;
};

#define OTHER(link, bytes, kind, why)                         \
    {                                                         \
        link, sizeof(bytes) - 1, bytes, kind, MALFORMED_##why \
    }
#define TAG "\x81\x00\x00\x01"
#define LABEL "\0\0\0\0"

static const struct other_row others[] = {
    OTHER(1, MACS "\x88\xcc\0\0", L3_OTHER, NONE),           /* LLDP */
    OTHER(1, MACS "\x00\x04\x42\x42\x03\0", L3_OTHER, NONE), /* STP */
    OTHER(1, MACS "\x00\x08\xaa\xaa\x03\0\0\x0c\x20\0", L3_OTHER, NONE),
    OTHER(1, MACS "\x00\x05\x42\x42\x03\0", L3_OTHER, LINK_SHORT),
    OTHER(1, MACS "\x00\x02\x42\x42\x03\0", L3_OTHER, LINK_SHORT),
    OTHER(1, MACS "\x88\x63\x11\x09\0\0\0\0", L3_OTHER, NONE),
    OTHER(1, MACS "\x88\x64\x11\0\0\x01\0\x04\xc0\x21\x09\0", L3_OTHER, NONE),
    OTHER(1, MACS "\x88\x64\x11\0\0\x01\0\x05\xc0\x21\x09\0", L3_OTHER, VLAN),
    OTHER(1, MACS "\x88\x64\x11\0\0\x01\0\x04", L3_OTHER, VLAN),
    OTHER(1, MACS "\x88\x47\0\0\x01\x40", L3_MPLS_OTHER, VLAN),
    OTHER(1, MACS "\x88\x47\0\0\x01\x40\x10\0\0\0", L3_MPLS_OTHER, NONE),
    OTHER(1, MACS "\x88\x47\0\0\0\x40", L3_MPLS_OTHER, VLAN),
    OTHER(1, MACS TAG TAG TAG TAG TAG TAG TAG TAG "\x88\xcc", L3_OTHER, NONE),
    OTHER(1, MACS TAG TAG TAG TAG TAG TAG TAG TAG TAG "\x88\xcc", L3_OTHER,
          VLAN),
    OTHER(1,
          MACS "\x88\x47" LABEL LABEL LABEL LABEL LABEL LABEL LABEL LABEL LABEL
              LABEL LABEL LABEL LABEL LABEL LABEL LABEL "\0\0\x01\0",
          L3_MPLS_OTHER, VLAN),
    OTHER(1, MACS "\x08\x00\x60", L3_IPV4, IP_SHORT),
    OTHER(0, "\x07\0\0\0\0", L3_OTHER, NONE),
    OTHER(9, "\xc0\x21\x01", L3_OTHER, NONE),
    OTHER(101, "\x50", L3_OTHER, IP_VERSION),
    OTHER(101, "", L3_OTHER, IP_SHORT),
    /* Cooked: a CAN frame, Novell's raw 802.3, netlink */
    OTHER(113, "\0\0\x01\x18\0\0\0\0\0\0\0\0\0\0\0\x0c\1\2\3\4", L3_OTHER,
          NONE),
    OTHER(113, "\0\0\0\x01\0\6" MAC_A "\0\0\0\x01\xff\xff\0\x22", L3_OTHER,
          NONE),
    OTHER(276,
          "\0\0\0\0\0\0\0\x01\x03\x38\4\0\0\0\0\0\0\0\0\0\x14\0\0\0",
          L3_OTHER, NONE),
    /* 802.11: beacon, acknowledgement, no data, encrypted */
    OTHER(105, "\x80\0\0\0" ALL MAC_A MAC_A "\0\0", L3_OTHER, NONE),
    OTHER(105, "\xd4\0\0\0" MAC_A, L3_OTHER, NONE),
    OTHER(105, "\x48\x01\0\0" MAC_A MAC_A MAC_A "\0\0", L3_OTHER, NONE),
    OTHER(105, "\xc8\x01\0\0" MAC_A MAC_A MAC_A "\0\0\0\0", L3_OTHER, NONE),
    OTHER(105, "\x08\x41\0\0" MAC_A MAC_A MAC_A "\0\0\x01\x02\x03", L3_OTHER,
          NONE),
    OTHER(127, "\0\0\x07\0\0\0\0\0\x80\0", L3_OTHER, LINK_SHORT),
    OTHER(127, "\0\0\xff\xff\0\0\0\0\x80\0", L3_OTHER, LINK_SHORT),
};

static void other_frames_are_counted_or_refused(void **state)
{
    (void)state;

    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        struct build b = {.len = 0};
        struct packet p;

        put(&b, others[i].bytes, others[i].len);
        p = decode_once(&b, others[i].link);
        assert_int_equal(p.malformed, others[i].malformed);
        assert_int_equal(p.kind, others[i].kind);
        assert_int_equal(p.ip_version, 0);
    }
}

static void encrypted_frames_still_have_addresses(void **state)
{
    struct build b = {.len = 0};
    struct packet p;
    (void)state;

    put(&b, "\x88\x41\0\0" ALL MAC_A MAC_B "\0\0\0\0\1\2\3\4\5\6\7\x8", 34);
    p = decode_once(&b, IEEE80211);
    assert_int_equal(p.malformed, MALFORMED_NONE);
    assert_true(p.has_mac);
    assert_memory_equal(p.src_mac, MAC_A, MAC_SIZE);
    assert_memory_equal(p.dst_mac, MAC_B, MAC_SIZE);
}

#define ARP "\x08\x06\0\x01\x08\0\x06\x04\0\x02"

static void arp_tells_who_has_which_address(void **state)
{
    struct build b = {.len = 0};
    struct bench bench;
    const struct packet *p;
    (void)state;

    put(&b, MACS ARP MAC_A "\x0a\0\0\x01" MAC_B "\x0a\0\0\x02", 42);
    bench_open(&bench, ETHERNET, 0);
    p = bench_whole(&bench, &b);
    assert_int_equal(p->malformed, MALFORMED_NONE);
    assert_int_equal(p->kind, L3_ARP);
    assert_int_equal(p->ip_version, 0);
    assert_int_equal(p->arp.op, 2);
    assert_memory_equal(p->arp.sender_mac, MAC_A, MAC_SIZE);
    assert_addr(&p->arp.sender_ip, "10.0.0.1");
    assert_addr(&p->arp.target_ip, "10.0.0.2");
    bench_cut_everywhere(&bench, &b, 42);
    p = bench_cut(&bench, &b, 41, 41);
    assert_int_equal(p->malformed, MALFORMED_ARP);
    assert_int_equal(p->kind, L3_ARP);
    assert_int_equal(p->arp.op, 0);
    bench_close(&bench);
}

static void arp_for_other_networks_is_counted_only(void **state)
{
    struct build b = {.len = 0};
    struct packet p;
    (void)state;

    put(&b, MACS "\x08\x06\0\x06\x08\0\x01\x04\0\x01\1\1\1\1\1\2\2\2\2\2", 32);
    p = decode_once(&b, ETHERNET);
    assert_int_equal(p.malformed, MALFORMED_NONE);
    assert_int_equal(p.kind, L3_ARP);
    assert_int_equal(p.arp.op, 0);
    b.bytes[18] = 255;
    p = decode_once(&b, ETHERNET);
    assert_int_equal(p.malformed, MALFORMED_ARP);
}

/* In little-endian order, as most captures are. */
static void put_tlv(struct build *b, unsigned type, const void *value,
                    size_t len)
{
    put8(b, (len + 4) & 0xff);
    put8(b, (len + 4) >> 8);
    put16(b, type << 8);
    put(b, value, len);
    put_zeros(b, -len & 3);
}

static void the_netfilter_log_is_read(void **state)
{
    struct build b = {.len = 0};
    struct build inside = {.len = 0};
    struct bench bench;
    const struct packet *p;
    size_t before;
    (void)state;

    put_ip6_udp(&inside, 3);
    put(&b, "\x07\0\0\0", 4); /* bridge: the ethertype is in a TLV */
    put_tlv(&b, 1, "\x86\xdd\x03\0", 4);
    put_tlv(&b, 10, "prefix", 7);
    put_tlv(&b, 8, "\0\x06\0\0" MAC_A "\0\0", 12);
    before = b.len + 4;
    put_tlv(&b, 9, inside.bytes, inside.len);
    bench_open(&bench, NFLOG, 0);
    p = bench_whole(&bench, &b);
    assert_udp(p, 3);
    assert_true(p->has_mac);
    assert_memory_equal(p->src_mac, MAC_A, MAC_SIZE);
    for (size_t len = 0; len < b.len; len++) {
        p = bench_cut(&bench, &b, len, b.len);
        assert_int_equal(p->malformed == MALFORMED_NONE, len >= before + 48);
    }
    bench_close(&bench);
}

static void a_netfilter_log_without_ethertype_goes_by_version(void **state)
{
    struct build b = {.len = 0};
    struct build inside = {.len = 0};
    struct packet p;
    (void)state;

    put_ip4_udp(&inside, 4);
    put(&b, "\x02\0\0\0", 4);
    put_tlv(&b, 9, inside.bytes, inside.len);
    p = decode_once(&b, NFLOG);
    assert_udp(&p, 4);
    assert_false(p.has_mac);
}

static void netfilter_logs_of_big_endian_machines_are_read(void **state)
{
    struct build b = {.len = 0};
    struct packet p;
    (void)state;

    put(&b, "\x0a\0\0\0\0\x08\0\x01\x86\xdd\0\0\0\x3e\0\x09", 16);
    put_ip6_udp(&b, 5);
    p = decode_once(&b, NFLOG);
    assert_udp(&p, 5);
}

static void lying_netfilter_logs_are_malformed(void **state)
{
    static const uint16_t sizes[] = {0, 0x0300, 0x0500, 0x0900, 0xffff};
    (void)state;

    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct build b = {.len = 0};
        struct packet p;

        put(&b, "\x02\0\0\0", 4);
        put16(&b, sizes[i]);
        put(&b, "\x0a\0", 2);
        p = decode_once(&b, NFLOG);
        assert_int_equal(p.malformed, MALFORMED_LINK_SHORT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_link_layer_leads_to_its_packet),
        cmocka_unit_test(every_link_layer_can_be_cut_anywhere),
        cmocka_unit_test(a_cut_pseudowire_is_counted_as_mpls),
        cmocka_unit_test(other_frames_are_counted_or_refused),
        cmocka_unit_test(encrypted_frames_still_have_addresses),
        cmocka_unit_test(arp_tells_who_has_which_address),
        cmocka_unit_test(arp_for_other_networks_is_counted_only),
        cmocka_unit_test(the_netfilter_log_is_read),
        cmocka_unit_test(a_netfilter_log_without_ethertype_goes_by_version),
        cmocka_unit_test(netfilter_logs_of_big_endian_machines_are_read),
        cmocka_unit_test(lying_netfilter_logs_are_malformed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
