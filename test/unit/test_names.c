/* test_names: hosts that introduce themselves. SPDX-License-Identifier: MIT */
#include "frame.h"

#include "core/packet/names.h"
#include "core/packet/os.h"

#define HINTS_MAX 100

struct heard {
    struct host_hint hints[HINTS_MAX];
    unsigned count;
};

static void hear(void *arg, const struct host_hint *hint)
{
    struct heard *heard = arg;

    assert_true(heard->count < HINTS_MAX);
    heard->hints[heard->count++] = *hint;
}

/* What a payload from 192.0.2.7 with these ports tells. */
static const struct heard *listen(uint16_t src_port, uint16_t dst_port,
                                  const void *payload, size_t len)
{
    static struct heard heard;
    struct packet packet = {
        .l4_proto = IP_PROTO_UDP,
        .ip_version = 4,
        .src_port = src_port,
        .dst_port = dst_port,
        .payload_len = (uint32_t)len,
    };
    uint8_t *exact = mem_alloc(len + 1);

    /* A copy of exactly that size: sanitizers see what is read beyond. */
    memcpy(exact, payload, len);
    exact = mem_realloc(exact, len > 0 ? len : 1, 1);
    packet.l4 = packet.payload = exact;
    packet.src = addr_from_v4("\xc0\x00\x02\x07");
    heard.count = 0;
    names_parse(&packet, hear, &heard);
    free(exact);
    return &heard;
}

static void assert_ip(const struct host_hint *hint, const char *want)
{
    char text[ADDR_TEXT_SIZE];

    assert_true(hint->has_ip);
    assert_string_equal(addr_format(&hint->ip, text), want);
}

static void assert_mac(const struct host_hint *hint, const char *want)
{
    char text[MAC_TEXT_SIZE];

    assert_true(hint->has_mac);
    assert_string_equal(mac_format(hint->mac, text), want);
}

/* The fixed part of a DHCP message up to its options. */
static void put_dhcp(struct build *b, unsigned op, uint32_t ciaddr,
                     uint32_t yiaddr)
{
    b->len = 0;
    put8(b, op);
    put8(b, 1);
    put8(b, 6);
    put_zeros(b, 9);
    put32(b, ciaddr);
    put32(b, yiaddr);
    put_zeros(b, 8);
    put(b, "\x00\x11\x22\x33\x44\x55", 6);
    put_zeros(b, 10 + 64 + 128);
    put32(b, 0x63825363);
}

#define PUT(b, text) put(b, text, sizeof(text) - 1)

static void dhcp_request(void **state)
{
    struct build b;
    const struct heard *heard;

    (void)state;
    put_dhcp(&b, 1, 0, 0);
    PUT(&b, "\x35\x01\x03\x00\x00\x32\x04\xc0\x00\x02\x63\x0c\x07laptop\x00"
            "\x37\x04\x01\x03\x06\xff\x3c\x08MSFT 5.0\xff"
            "\x0c\x04late");
    heard = listen(68, 67, b.bytes, b.len);
    assert_int_equal(heard->count, 1);
    assert_int_equal(heard->hints[0].source, HINT_DHCP);
    assert_int_equal(heard->hints[0].dhcp_type, DHCP_REQUEST);
    assert_ip(&heard->hints[0], "192.0.2.99");
    assert_mac(&heard->hints[0], "00:11:22:33:44:55");
    assert_string_equal(heard->hints[0].name, "laptop");
    assert_string_equal(heard->hints[0].fingerprint, "1,3,6,255");
    assert_string_equal(heard->hints[0].info, "MSFT 5.0");
    assert_string_equal(heard->hints[0].os, "Windows");
}

static void dhcp_discover_has_no_address(void **state)
{
    struct build b;
    const struct heard *heard;

    (void)state;
    put_dhcp(&b, 1, 0, 0);
    PUT(&b, "\x35\x01\x01\xff");
    heard = listen(68, 67, b.bytes, b.len);
    assert_int_equal(heard->count, 1);
    assert_false(heard->hints[0].has_ip);
    assert_int_equal(heard->hints[0].dhcp_type, DHCP_DISCOVER);
    assert_null(heard->hints[0].os);
}

static void dhcp_ack_is_about_the_client(void **state)
{
    struct build b;
    const struct heard *heard;

    (void)state;
    put_dhcp(&b, 2, 0, 0xc0000263);
    PUT(&b, "\x35\x01\x05\x0c\x03pc1\x3c\x05Linux\xff");
    heard = listen(67, 68, b.bytes, b.len);
    assert_int_equal(heard->count, 1);
    assert_int_equal(heard->hints[0].dhcp_type, DHCP_ACK);
    assert_ip(&heard->hints[0], "192.0.2.99");
    assert_string_equal(heard->hints[0].name, "pc1");
    assert_string_equal(heard->hints[0].info, "");
    /* An answer to DHCPINFORM has no yiaddr. */
    put_dhcp(&b, 2, 0xc0000264, 0);
    PUT(&b, "\x35\x01\x05\xff");
    assert_ip(&listen(67, 68, b.bytes, b.len)->hints[0], "192.0.2.100");
}

static void dhcp_options_overload_the_text_fields(void **state)
{
    struct build b;
    const struct heard *heard;

    (void)state;
    put_dhcp(&b, 1, 0xc0000201, 0);
    PUT(&b, "\x34\x01\x03\xff");
    memcpy(b.bytes + 108,
           "\x0c\x05"
           "in-it\xff",
           8);
    memcpy(b.bytes + 44, "\x3c\x06udhcp2\xff", 9);
    heard = listen(68, 67, b.bytes, b.len);
    assert_string_equal(heard->hints[0].name, "in-it");
    assert_string_equal(heard->hints[0].os, "Linux");
    assert_int_equal(heard->hints[0].dhcp_type, 0);
    /* Not overloaded, they are not options. */
    b.bytes[b.len - 2] = 0;
    assert_string_equal(listen(68, 67, b.bytes, b.len)->hints[0].name, "");
}

static void dhcp_long_lists_fit(void **state)
{
    struct build b;
    const struct heard *heard;

    (void)state;
    put_dhcp(&b, 1, 0, 0);
    PUT(&b, "\x37\xff");
    for (int i = 0; i < 255; i++)
        put8(&b, 255);
    PUT(&b, "\x0c\xff");
    for (int i = 0; i < 255; i++)
        put8(&b, '<');
    heard = listen(68, 67, b.bytes, b.len);
    assert_int_equal(strlen(heard->hints[0].fingerprint), 4 * 32 - 1);
    assert_int_equal(strlen(heard->hints[0].name), HINT_TEXT_SIZE - 1);
}

static void dhcp_cut_anywhere(void **state)
{
    struct build b;

    (void)state;
    put_dhcp(&b, 1, 0, 0);
    PUT(&b, "\x35\x01\x03\x34\x01\x03\x32\x04\xc0\x00\x02\x63\x0c\x02pc\xff");
    for (size_t len = 0; len < b.len; len++)
        assert_int_equal(listen(68, 67, b.bytes, len)->count, len >= 240);
    b.bytes[236] = 0;
    assert_int_equal(listen(68, 67, b.bytes, b.len)->count, 0);
}

/* The header of a name service packet, a DNS message. */
static void put_dns(struct build *b, unsigned flags, unsigned questions,
                    unsigned answers, unsigned additionals)
{
    b->len = 0;
    put16(b, 0x1234);
    put16(b, flags);
    put16(b, questions);
    put16(b, answers);
    put16(b, 0);
    put16(b, additionals);
}

static void put_netbios(struct build *b, const char *name, unsigned suffix)
{
    size_t len = strlen(name);

    put8(b, 32);
    for (size_t i = 0; i < 16; i++) {
        unsigned c = i == 15 ? suffix : i < len ? (uint8_t)name[i] : ' ';

        put8(b, 'A' + (c >> 4));
        put8(b, 'A' + (c & 15));
    }
    put8(b, 0);
}

static void put_registration(struct build *b, const char *name, unsigned suffix,
                             unsigned flags)
{
    put_dns(b, 0x2910, 1, 0, 1);
    put_netbios(b, name, suffix);
    put32(b, 0x00200001);
    put16(b, 0xc00c);
    put32(b, 0x00200001);
    put32(b, 300000);
    put16(b, 6);
    put16(b, flags);
    put32(b, 0xc0000209);
}

static void netbios_registration(void **state)
{
    struct build b;
    const struct heard *heard;

    (void)state;
    put_registration(&b, "FRED-PC", 0x20, 0);
    heard = listen(137, 137, b.bytes, b.len);
    assert_int_equal(heard->count, 1);
    assert_int_equal(heard->hints[0].source, HINT_NETBIOS);
    assert_string_equal(heard->hints[0].name, "FRED-PC");
    assert_int_equal(heard->hints[0].netbios_suffix, 0x20);
    assert_ip(&heard->hints[0], "192.0.2.9");

    put_registration(&b, "WORKGROUP", 0x00, 0x8000);
    heard = listen(137, 137, b.bytes, b.len);
    assert_string_equal(heard->hints[0].name, "");
    assert_string_equal(heard->hints[0].info, "WORKGROUP");

    /* A user of messenger, the master browser: not a host's name. */
    put_registration(&b, "FRED", 0x03, 0);
    assert_int_equal(listen(137, 137, b.bytes, b.len)->count, 0);
    put_registration(&b, "\x01\x02__MSBROWSE__\x02", 0x01, 0x8000);
    assert_int_equal(listen(137, 137, b.bytes, b.len)->count, 0);
    put_registration(&b, "FRED-PC", 0x00, 0);
    for (size_t len = 0; len < b.len; len++)
        assert_int_equal(listen(137, 137, b.bytes, len)->count, 0);
}

static void netbios_queries_tell_nothing(void **state)
{
    struct build b;

    (void)state;
    put_dns(&b, 0x0110, 1, 0, 0);
    put_netbios(&b, "SERVER", 0x20);
    put32(&b, 0x00200001);
    assert_int_equal(listen(137, 137, b.bytes, b.len)->count, 0);
}

static void netbios_node_status(void **state)
{
    struct build b;
    const struct heard *heard;

    (void)state;
    put_dns(&b, 0x8400, 0, 1, 0);
    put_netbios(&b, "*", 0x00);
    put32(&b, 0x00210001);
    put32(&b, 0);
    put16(&b, 1 + 3 * 18 + 6);
    PUT(&b, "\x03");
    PUT(&b, "WORKGROUP      \x00\x84\x00");
    PUT(&b, "NAS            \x00\x04\x00");
    PUT(&b, "NAS            \x20\x04\x00");
    PUT(&b, "\x00\x11\x32\x01\x02\x03");
    heard = listen(137, 5000, b.bytes, b.len);
    assert_int_equal(heard->count, 1);
    assert_ip(&heard->hints[0], "192.0.2.7");
    assert_mac(&heard->hints[0], "00:11:32:01:02:03");
    assert_string_equal(heard->hints[0].name, "NAS");
    assert_string_equal(heard->hints[0].info, "WORKGROUP");
    /* A count that lies. */
    b.bytes[12 + 34 + 10] = 200;
    assert_int_equal(listen(137, 5000, b.bytes, b.len)->count, 0);
}

static void netbios_datagram(void **state)
{
    struct build b = {.len = 0};
    const struct heard *heard;

    (void)state;
    PUT(&b, "\x11\x02\x00\x01\xc0\x00\x02\x07\x00\x8a\x00\x00\x00\x00");
    put_netbios(&b, "FRED-PC", 0x00);
    heard = listen(138, 138, b.bytes, b.len);
    assert_int_equal(heard->count, 1);
    assert_string_equal(heard->hints[0].name, "FRED-PC");
    assert_ip(&heard->hints[0], "192.0.2.7");
    b.bytes[20] = 'Z';
    assert_int_equal(listen(138, 138, b.bytes, b.len)->count, 0);
    assert_int_equal(listen(138, 138, b.bytes, 40)->count, 0);
}

/* name A 192.0.2.8, in the class that flushes caches. */
static void put_a(struct build *b, const void *name, size_t len, uint32_t ttl)
{
    put(b, name, len);
    put32(b, 0x00018001);
    put32(b, ttl);
    put16(b, 4);
    put32(b, 0xc0000208);
}

#define MAC_LOCAL "\x0aSimons-Mac\x05local"

static void mdns_addresses(void **state)
{
    struct build b;
    const struct heard *heard;

    (void)state;
    put_dns(&b, 0x8400, 0, 2, 1);
    put_a(&b, MAC_LOCAL, sizeof(MAC_LOCAL), 120);
    put_a(&b, MAC_LOCAL, sizeof(MAC_LOCAL), 0);
    put_a(&b,
          "\x03www\x07"
          "example\x03"
          "com",
          17, 120);
    heard = listen(5353, 5353, b.bytes, b.len);
    assert_int_equal(heard->count, 1);
    assert_int_equal(heard->hints[0].source, HINT_MDNS);
    assert_string_equal(heard->hints[0].name, "simons-mac");
    assert_ip(&heard->hints[0], "192.0.2.8");
    /* The same as a query (a probe) is not yet true. */
    b.bytes[2] = 0;
    assert_int_equal(listen(5353, 5353, b.bytes, b.len)->count, 0);
}

static void mdns_device_info(void **state)
{
    struct build b;
    const struct heard *heard;

    (void)state;
    put_dns(&b, 0x8400, 0, 1, 0);
    PUT(&b, "\x03Mac\x0c_device-info\x04_tcp\x05local");
    put8(&b, 0);
    put32(&b, 0x00100001);
    put32(&b, 4500);
    put16(&b, 8 + 21);
    PUT(&b, "\x07txtvers\x14model=MacBookPro11,3");
    heard = listen(5353, 5353, b.bytes, b.len);
    assert_int_equal(heard->count, 1);
    assert_ip(&heard->hints[0], "192.0.2.7");
    assert_string_equal(heard->hints[0].info, "MacBookPro11,3");
    assert_string_equal(heard->hints[0].os, "macOS");
    for (size_t len = 0; len < b.len; len++)
        assert_int_equal(listen(5353, 5353, b.bytes, len)->count, 0);
    b.bytes[b.len - 21] = 0xff; /* the string's length lies */
    assert_int_equal(listen(5353, 5353, b.bytes, b.len)->count, 0);
}

static void llmnr_answer(void **state)
{
    struct build b;
    const struct heard *heard;

    (void)state;
    put_dns(&b, 0x8000, 1, 1, 0);
    PUT(&b, "\x04winx\x00\x00\x01\x00\x01");
    put_a(&b, "\xc0\x0c", 2, 30);
    heard = listen(5355, 50000, b.bytes, b.len);
    assert_int_equal(heard->count, 1);
    assert_int_equal(heard->hints[0].source, HINT_LLMNR);
    assert_string_equal(heard->hints[0].name, "winx");
}

static const struct heard *listen_text(const char *text)
{
    return listen(1900, 1900, text, strlen(text));
}

static void ssdp_notify(void **state)
{
    const struct heard *heard =
        listen_text("NOTIFY * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\n"
                    "Location: http://192.0.2.7:80/description.xml\r\n"
                    "SERVER:Linux/3.14.0 UPnP/1.0 IpBridge/1.26\r\n"
                    "NTS: ssdp:alive\r\nNT: upnp:rootdevice\r\n"
                    "USN: uuid:2f402f80\r\nno header\r\n\r\nNT: body\r\n");

    (void)state;
    assert_int_equal(heard->count, 1);
    assert_int_equal(heard->hints[0].source, HINT_SSDP);
    assert_ip(&heard->hints[0], "192.0.2.7");
    assert_string_equal(heard->hints[0].location,
                        "http://192.0.2.7:80/description.xml");
    assert_string_equal(heard->hints[0].info,
                        "Linux/3.14.0 UPnP/1.0 IpBridge/1.26");
    assert_string_equal(heard->hints[0].os, "Linux");
    assert_string_equal(heard->hints[0].service, "upnp:rootdevice");
    assert_string_equal(heard->hints[0].usn, "uuid:2f402f80");
}

static void ssdp_others(void **state)
{
    const struct heard *heard;

    (void)state;
    heard = listen_text("M-SEARCH * HTTP/1.1\nST: ssdp:all\n"
                        "USER-AGENT: Chrome/90 Windows NT 10.0\x1b\xff");
    assert_string_equal(heard->hints[0].service, "ssdp:all");
    assert_string_equal(heard->hints[0].info, "Chrome/90 Windows NT 10.0??");
    assert_string_equal(heard->hints[0].os, "Windows 10");
    heard = listen_text("HTTP/1.1 200 OK\r\nST: upnp:rootdevice\r\n");
    assert_int_equal(heard->count, 1);
    heard = listen_text("NOTIFY * HTTP/1.1\r\nNTS:ssdp:byebye\r\n");
    assert_int_equal(heard->count, 0);
    assert_int_equal(listen_text("GET / HTTP/1.1\r\nST: x\r\n")->count, 0);
    assert_int_equal(listen_text("NOTIFY *")->count, 1);
    assert_int_equal(listen_text("")->count, 0);
}

static void other_packets_tell_nothing(void **state)
{
    struct packet packet = {.dst_port = 1900, .l4_proto = IP_PROTO_TCP};
    struct heard heard = {.count = 0};

    (void)state;
    assert_int_equal(listen(53, 53, "NOTIFY *", 8)->count, 0);
    packet.l4 = packet.payload = (const uint8_t *)"NOTIFY *";
    packet.payload_len = 8;
    packet.src = addr_from_v4("\x0a\x00\x00\x01");
    names_parse(&packet, hear, &heard);
    packet.l4_proto = IP_PROTO_UDP;
    packet.l4 = NULL; /* a later fragment */
    names_parse(&packet, hear, &heard);
    assert_int_equal(heard.count, 0);
}

static void systems_by_user_agent(void **state)
{
    static const char *const rows[][2] = {
        {"Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/90", "Windows 10"},
        {"Mozilla/5.0 (Windows NT 6.1; WOW64; Trident/7.0)", "Windows 7"},
        {"Mozilla/5.0 (Windows Phone 10.0; Android 4.2.1)", "Windows Phone"},
        {"Microsoft NCSI", "Windows"},
        {"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)", "macOS"},
        {"Mozilla/5.0 (iPhone; CPU iPhone OS 14_4 like Mac OS X)", "iOS"},
        {"Mozilla/5.0 (Linux; Android 11; Pixel 5)", "Android"},
        {"Dalvik/2.1.0 (Linux; U; Android 9)", "Android"},
        {"Mozilla/5.0 (X11; CrOS x86_64 13904.41.0)", "ChromeOS"},
        {"Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:88.0)", "Linux"},
        {"Mozilla/5.0 (SMART-TV; Linux; Tizen 2.4.0)", "Tizen"},
        {"Debian APT-HTTP/1.3 (2.2.4)", "Linux"},
        {"curl/7.68.0", NULL},
        {"", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        const char *os = os_from_user_agent(rows[i][0]);

        assert_string_equal(os ? os : "", rows[i][1] ? rows[i][1] : "");
    }
}

static void systems_by_vendor_class_and_model(void **state)
{
    (void)state;
    assert_string_equal(os_from_dhcp_vendor_class("MSFT 5.0"), "Windows");
    assert_string_equal(os_from_dhcp_vendor_class("android-dhcp-13"),
                        "Android");
    assert_string_equal(
        os_from_dhcp_vendor_class("dhcpcd-6.8.2:Linux-4.4.38:armv7l:BCM2709"),
        "Linux");
    assert_null(os_from_dhcp_vendor_class("PXEClient:Arch:00000"));
    assert_null(os_from_dhcp_vendor_class(""));
    assert_string_equal(os_from_model("iPhone12,1"), "iOS");
    assert_string_equal(os_from_model("iMac21,1"), "macOS");
    assert_null(os_from_model("Brother MacPrinter"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dhcp_request),
        cmocka_unit_test(dhcp_discover_has_no_address),
        cmocka_unit_test(dhcp_ack_is_about_the_client),
        cmocka_unit_test(dhcp_options_overload_the_text_fields),
        cmocka_unit_test(dhcp_long_lists_fit),
        cmocka_unit_test(dhcp_cut_anywhere),
        cmocka_unit_test(netbios_registration),
        cmocka_unit_test(netbios_queries_tell_nothing),
        cmocka_unit_test(netbios_node_status),
        cmocka_unit_test(netbios_datagram),
        cmocka_unit_test(mdns_addresses),
        cmocka_unit_test(mdns_device_info),
        cmocka_unit_test(llmnr_answer),
        cmocka_unit_test(ssdp_notify),
        cmocka_unit_test(ssdp_others),
        cmocka_unit_test(other_packets_tell_nothing),
        cmocka_unit_test(systems_by_user_agent),
        cmocka_unit_test(systems_by_vendor_class_and_model),
    };

    return cmocka_run_group_tests_name("names", tests, NULL, NULL);
}
