/* lua_traffic: what scripts are asked about. SPDX-License-Identifier: MIT */
#ifndef KELVIN_TEST_LUA_TRAFFIC_H
#define KELVIN_TEST_LUA_TRAFFIC_H

#include <stdlib.h>
#include <string.h>

#include "script.h"

struct lua_bed {
    struct traffic_bed traffic;
    struct script script;
    struct lib_access access;
    struct networks *allowed;
};

/* Servers, 10.0.1.0/24, are in Norway and in AS 64500. */
static inline bool lua_bed_place(void *arg, const struct addr *addr,
                                 struct geo_info *out)
{
    (void)arg;
    *out = (struct geo_info){
        .country = "NO",
        .continent = "EU",
        .asn = 64500,
        .as_name = "Example",
        .city = "Oslo",
        .has_location = true,
        .latitude = 59.5,
        .longitude = 10.25,
    };
    return addr->bytes[12] == 10 && addr->bytes[14] == 1;
}

static inline const char *lua_bed_vendor(void *arg, const uint8_t *mac)
{
    (void)arg;
    return mac[5] == 0x0a ? "Acme" : NULL;
}

static inline void lua_bed_tcp(struct lua_bed *bed, unsigned net,
                               unsigned flags, const char *payload,
                               bool from_server)
{
    size_t len = strlen(payload);
    struct build b = {0};
    size_t ip;

    put_ether(&b, 0x0800);
    ip = put_ip4(&b, IP_PROTO_TCP, net);
    put_tcp(&b, from_server ? 80 : 40000, from_server ? 40000 : 80, flags, 0);
    b.bytes[ip + 20 + 7] += (flags & TCP_FLAG_SYN) == 0; /* sequence number */
    put(&b, payload, len);
    end_ip4(&b, ip);
    if (from_server)
        traffic_turn(&b);
    traffic_frame(&bed->traffic, &b);
}

static inline void lua_bed_udp(struct lua_bed *bed, unsigned net, unsigned port,
                               const void *payload, size_t len)
{
    struct build b = {0};
    size_t ip;
    size_t udp;

    put_ether(&b, 0x0800);
    ip = put_ip4(&b, IP_PROTO_UDP, net);
    udp = put_udp(&b, 1111, port);
    put(&b, payload, len);
    end_udp(&b, udp);
    end_ip4(&b, ip);
    traffic_frame(&bed->traffic, &b);
}

/*
 * One second of nine flows, then a tick:
 *   UDP 10.0.0.1:1111 to 10.0.1.1:2222, one frame of 52 bytes
 *   UDP 10.0.0.2:1111 to 10.0.1.2:53, a DNS question for a.example
 *   UDP 10.0.0.4:1111 to 10.0.1.4:2222 in VLAN 5, 56 bytes
 *   UDP 2001:db8::1 to 2001:db8::1:1, 72 bytes
 *   TCP 10.0.0.1:40000 to 10.0.1.1:80, an HTTP request and its answer
 *   TCP 10.0.0.6:40000 to 10.0.1.6:80, a SYN
 *   TCP 10.0.0.7:40000 to 10.0.1.7:80, a SYN and the RST
 *   ICMP 10.0.0.8 to 10.0.1.8, an echo request
 *   UDP 10.0.0.9 to 239.1.1.9:2222
 * and an ARP request.
 */
static inline void lua_bed_traffic(struct lua_bed *bed)
{
    static const uint8_t question[] =
        "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x01"
        "a\x07"
        "example\x00\x00\x01\x00\x01";
    struct traffic_bed *traffic = &bed->traffic;
    struct build b = {0};
    size_t ip;

    traffic_udp(traffic, 1);
    lua_bed_udp(bed, 2, 53, question, sizeof(question) - 1);
    put_ether(&b, 0x8100);
    put16(&b, 5);
    put16(&b, 0x0800);
    put_ip4_udp(&b, 4);
    traffic_frame(traffic, &b);
    b.len = 0;
    put_ether(&b, 0x86dd);
    put_ip6_udp(&b, 1);
    traffic_frame(traffic, &b);
    lua_bed_tcp(bed, 1, TCP_FLAG_SYN, "", false);
    traffic->now_us += 2000;
    lua_bed_tcp(bed, 1, TCP_FLAG_SYN | TCP_FLAG_ACK, "", true);
    traffic->now_us += 1000;
    lua_bed_tcp(bed, 1, TCP_FLAG_ACK, "", false);
    lua_bed_tcp(bed, 1, TCP_FLAG_ACK | TCP_FLAG_PSH,
                "GET /a HTTP/1.1\r\nHost: www.example.org\r\n\r\n", false);
    lua_bed_tcp(bed, 1, TCP_FLAG_ACK | TCP_FLAG_PSH,
                "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", true);
    lua_bed_tcp(bed, 6, TCP_FLAG_SYN, "", false);
    lua_bed_tcp(bed, 7, TCP_FLAG_SYN, "", false);
    lua_bed_tcp(bed, 7, TCP_FLAG_RST | TCP_FLAG_ACK, "", true);
    b.len = 0;
    put_ether(&b, 0x0800);
    ip = put_ip4(&b, IP_PROTO_ICMP, 8);
    put(&b, "\x08\x00\x00\x00\x00\x01\x00\x01", 8);
    end_ip4(&b, ip);
    traffic_frame(traffic, &b);
    b.len = 0;
    put_ether(&b, 0x0800);
    put_ip4_udp(&b, 9);
    memcpy(b.bytes + 30, "\xef\x01\x01\x09", 4);
    traffic_frame(traffic, &b);
    b.len = 0;
    put_ether(&b, 0x0806);
    put(&b, "\x00\x01\x08\x00\x06\x04\x00\x01", 8);
    put(&b, MAC_A "\x0a\x00\x00\x01", 10);
    put(&b, "\x00\x00\x00\x00\x00\x00\x0a\x00\x00\x02", 10);
    traffic_frame(traffic, &b);
    /* A frame of the next second hands over what came. */
    traffic->now_us = START_US + SECOND_US;
    traffic_udp(traffic, 1);
}

static inline int lua_bed_make(void **state)
{
    static const struct locator locator = {
        .locate = lua_bed_place,
        .vendor = lua_bed_vendor,
    };
    struct lua_bed *bed = mem_calloc(1, sizeof(*bed));

    traffic_open(&bed->traffic, &locator);
    engine_add_iface(bed->traffic.engine, "second", false);
    lua_bed_traffic(bed);
    script_open(&bed->script, bed->traffic.engine);
    *state = bed;
    return 0;
}

static inline int lua_bed_remove(void **state)
{
    struct lua_bed *bed = *state;

    script_close(&bed->script);
    traffic_close(&bed->traffic);
    network_free(bed->allowed);
    free(bed);
    return 0;
}

/* From now on scripts see these networks, and the interface, only. */
static inline void lua_bed_restrict(struct lua_bed *bed, const char *networks,
                                    const char *iface)
{
    char why[128];

    if (networks != NULL) {
        bed->allowed = network_new();
        assert_true(network_parse(bed->allowed, networks, why, sizeof(why)));
    }
    bed->access =
        (struct lib_access){.networks = bed->allowed, .iface = iface};
    lib_set_access(bed->script.L, &bed->access);
}

#endif
