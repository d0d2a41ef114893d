/* addr: IP and MAC addresses. SPDX-License-Identifier: MIT */
#include "core/packet/addr.h"

#include <arpa/inet.h>

static const uint8_t v4_prefix[12] = {[10] = 0xff, [11] = 0xff};

int addr_compare(const struct addr *a, const struct addr *b)
{
    return memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

bool addr_is_v4(const struct addr *addr)
{
    return memcmp(addr->bytes, v4_prefix, sizeof(v4_prefix)) == 0;
}

/* The IPv4 address as a number in host order. */
static uint32_t addr_v4(const struct addr *addr)
{
    const uint8_t *b = addr->bytes + sizeof(v4_prefix);

    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 |
           b[3];
}

/* Whether the IPv4 address is in base/bits; bits is 1 to 32. */
static bool v4_in(uint32_t ip, uint32_t base, unsigned bits)
{
    return (ip ^ base) >> (32 - bits) == 0;
}

bool addr_is_zero(const struct addr *addr)
{
    if (addr_is_v4(addr))
        return addr_v4(addr) == 0;
    return (addr->words[0] | addr->words[1]) == 0;
}

bool addr_is_multicast(const struct addr *addr)
{
    if (addr_is_v4(addr))
        return v4_in(addr_v4(addr), 0xe0000000, 4);
    return addr->bytes[0] == 0xff;
}

bool addr_is_broadcast(const struct addr *addr)
{
    return addr_is_v4(addr) && addr_v4(addr) == 0xffffffff;
}

bool addr_is_loopback(const struct addr *addr)
{
    static const uint8_t one[16] = {[15] = 1};

    if (addr_is_v4(addr))
        return v4_in(addr_v4(addr), 0x7f000000, 8);
    return memcmp(addr->bytes, one, sizeof(one)) == 0;
}

static bool v4_is_private(uint32_t ip)
{
    return v4_in(ip, 0x0a000000, 8) ||  /* 10/8, RFC 1918 */
           v4_in(ip, 0xac100000, 12) || /* 172.16/12 */
           v4_in(ip, 0xc0a80000, 16) || /* 192.168/16 */
           v4_in(ip, 0xa9fe0000, 16) || /* 169.254/16, RFC 3927 */
           v4_in(ip, 0x64400000, 10);   /* 100.64/10, RFC 6598 */
}

bool addr_is_private(const struct addr *addr)
{
    if (addr_is_loopback(addr))
        return true;
    if (addr_is_v4(addr))
        return v4_is_private(addr_v4(addr));
    return (addr->bytes[0] & 0xfe) == 0xfc || /* fc00::/7, RFC 4193 */
           (addr->bytes[0] == 0xfe && (addr->bytes[1] & 0xc0) == 0x80);
}

uint32_t addr_number(const struct addr *addr)
{
    uint32_t sum = 0;

    for (unsigned i = addr_is_v4(addr) ? 12 : 0; i < 16; i += 4)
        sum += (uint32_t)addr->bytes[i] << 24 |
               (uint32_t)addr->bytes[i + 1] << 16 |
               (uint32_t)addr->bytes[i + 2] << 8 | addr->bytes[i + 3];
    return sum;
}

bool addr_parse(const char *text, struct addr *addr)
{
    uint8_t bytes[16];

    if (inet_pton(AF_INET, text, bytes) == 1)
        *addr = addr_from_v4(bytes);
    else if (inet_pton(AF_INET6, text, bytes) == 1)
        *addr = addr_from_v6(bytes);
    else
        return false;
    return true;
}

/* Write 0 to 255 in decimal; @return behind it. */
static char *format_octet(char *to, unsigned value)
{
    if (value >= 100)
        *to++ = (char)('0' + value / 100);
    if (value >= 10)
        *to++ = (char)('0' + value / 10 % 10);
    *to++ = (char)('0' + value % 10);
    return to;
}

const char *addr_format(const struct addr *addr, char text[ADDR_TEXT_SIZE])
{
    char *to = text;

    if (!addr_is_v4(addr)) {
        /* Cannot fail: the family is known and the room suffices. */
        (void)inet_ntop(AF_INET6, addr->bytes, text, ADDR_TEXT_SIZE);
        return text;
    }
    for (int i = 12; i < 16; i++) {
        to = format_octet(to, addr->bytes[i]);
        *to++ = '.';
    }
    to[-1] = '\0';
    return text;
}

const char *mac_format(const uint8_t mac[MAC_SIZE], char text[MAC_TEXT_SIZE])
{
    static const char digits[] = "0123456789ABCDEF";
    char *to = text;

    for (int i = 0; i < MAC_SIZE; i++) {
        *to++ = digits[mac[i] >> 4];
        *to++ = digits[mac[i] & 15];
        *to++ = ':';
    }
    to[-1] = '\0';
    return text;
}

/* @return 0 to 15, or -1 when the character is no hexadecimal digit. */
static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool mac_parse(const char *text, uint8_t mac[MAC_SIZE])
{
    uint8_t parsed[MAC_SIZE];

    for (int i = 0; i < MAC_SIZE; i++) {
        int high = hex_value(text[0]);
        int low = high < 0 ? -1 : hex_value(text[1]);

        if (low < 0)
            return false;
        parsed[i] = (uint8_t)(high << 4 | low);
        text += 2;
        if (i == MAC_SIZE - 1)
            break;
        if (*text != ':' && *text != '-')
            return false;
        text++;
    }
    if (*text != '\0')
        return false;
    memcpy(mac, parsed, MAC_SIZE);
    return true;
}
