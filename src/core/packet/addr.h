/* addr: IP and MAC addresses. SPDX-License-Identifier: MIT */
#ifndef KELVIN_PACKET_ADDR_H
#define KELVIN_PACKET_ADDR_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/*
 * An IPv4 address is kept as the IPv4-mapped IPv6 address ::ffff:a.b.c.d
 * (RFC 4291, 2.5.5.2), so that one key type serves both.
 */
struct addr {
    union {
        uint8_t bytes[16]; /* network order */
        uint64_t words[2];
    };
};

#define ADDR_TEXT_SIZE 46 /* INET6_ADDRSTRLEN */
#define MAC_TEXT_SIZE 18
#define MAC_SIZE 6

/* From 4 or 16 bytes in network order, at any alignment. */
static inline struct addr addr_from_v4(const void *bytes)
{
    struct addr addr = {.bytes = {[10] = 0xff, [11] = 0xff}};

    memcpy(addr.bytes + 12, bytes, 4);
    return addr;
}

static inline struct addr addr_from_v6(const void *bytes)
{
    struct addr addr;

    memcpy(addr.bytes, bytes, 16);
    return addr;
}

static inline bool addr_equal(const struct addr *a, const struct addr *b)
{
    return ((a->words[0] ^ b->words[0]) | (a->words[1] ^ b->words[1])) == 0;
}

/* Order as memcmp() of the bytes. */
int addr_compare(const struct addr *a, const struct addr *b);

bool addr_is_v4(const struct addr *addr);
bool addr_is_zero(const struct addr *addr);      /* 0.0.0.0 or :: */
bool addr_is_multicast(const struct addr *addr); /* 224/4, ff00::/8 */
bool addr_is_broadcast(const struct addr *addr); /* 255.255.255.255 */
bool addr_is_loopback(const struct addr *addr);  /* 127/8, ::1 */
/* RFC 1918, 3927, 6598, 4193, link-local, loopback: not routed publicly. */
bool addr_is_private(const struct addr *addr);

/* The number of an address: IPv4 as it is, of IPv6 the sum of its words. */
uint32_t addr_number(const struct addr *addr);

/* Parse "192.168.1.2" or "2001:db8::1". @return false if it is neither. */
bool addr_parse(const char *text, struct addr *addr);

/* Write the usual text form (RFC 5952); @return text. */
const char *addr_format(const struct addr *addr, char text[ADDR_TEXT_SIZE]);

/* Write "AA:BB:CC:DD:EE:FF"; @return text. */
const char *mac_format(const uint8_t mac[MAC_SIZE], char text[MAC_TEXT_SIZE]);

/* Parse six hex pairs with ':' or '-'. @return false if it is not. */
bool mac_parse(const char *text, uint8_t mac[MAC_SIZE]);

static inline bool mac_is_zero(const uint8_t mac[MAC_SIZE])
{
    return (mac[0] | mac[1] | mac[2] | mac[3] | mac[4] | mac[5]) == 0;
}

/* Multicast or broadcast: the group bit (IEEE 802, 8.2). */
static inline bool mac_is_group(const uint8_t mac[MAC_SIZE])
{
    return (mac[0] & 1) != 0;
}

#endif
