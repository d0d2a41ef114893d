/* dns: messages of DNS, mDNS and LLMNR. SPDX-License-Identifier: MIT */
#include "core/packet/dns.h"

#include <string.h>
#include <strings.h>

#include "core/packet/bytes.h"
#include "core/util/utf8.h"

#define HEADER_SIZE 12
#define NAME_WIRE_MAX 255 /* RFC 1035, 2.3.4 */
#define NAME_JUMPS_MAX 32 /* honest messages need a handful */
#define CLASS_IN 1
#define CLASS_MASK 0x7fff

/* Add a label to the `len` bytes of text; @return the new length. There is
 * room, because cleaned text is never longer and a label's length octet pays
 * for its dot. */
static size_t label_add(char text[DNS_NAME_SIZE], size_t len,
                        const uint8_t *label, size_t label_len)
{
    size_t start;

    if (len > 0)
        text[len++] = '.';
    start = len;
    len += utf8_clean(text + len, DNS_NAME_SIZE - len, label, label_len);
    for (size_t i = start; i < len; i++) {
        if (text[i] == '.')
            text[i] = '?';
        else if (text[i] >= 'A' && text[i] <= 'Z')
            text[i] |= 0x20;
    }
    return len;
}

/*
 * Read the name at offset `at` into text. A pointer must lead before the
 * labels that it ends (RFC 1035, 4.1.4: "a prior occurrence"), so that no
 * chain of them can come back.
 * @return the offset behind the name where it began, or 0 when it lies.
 */
static size_t name_read(const uint8_t *message, size_t len, size_t at,
                        char text[DNS_NAME_SIZE])
{
    size_t behind = 0, start = at, text_len = 0, wire_len = 1;
    unsigned jumps = 0;

    text[0] = '\0';
    while (at < len && message[at] != 0) {
        uint8_t octet = message[at];

        if (octet >= 0xc0) {
            size_t target;

            if (len - at < 2 || jumps++ == NAME_JUMPS_MAX)
                return 0;
            target = (size_t)(octet & 0x3f) << 8 | message[at + 1];
            if (target >= start)
                return 0;
            if (behind == 0)
                behind = at + 2;
            start = at = target;
            continue;
        }
        wire_len += 1u + octet;
        if (octet > 63 || wire_len > NAME_WIRE_MAX || len - at <= octet)
            return 0;
        text_len = label_add(text, text_len, message + at + 1, octet);
        at += 1u + octet;
    }
    if (at >= len)
        return 0;
    return behind ? behind : at + 1;
}

/* @return the offset behind the name at `at`, or 0 when it is cut off. */
static size_t name_skip(const uint8_t *message, size_t len, size_t at)
{
    while (at < len) {
        uint8_t octet = message[at];

        if (octet == 0)
            return at + 1;
        if (octet >= 0xc0)
            return len - at < 2 ? 0 : at + 2;
        if (octet > 63)
            return 0;
        at += 1u + octet;
    }
    return 0;
}

static bool question_read(struct dns *dns)
{
    size_t at =
        name_read(dns->message, dns->len, HEADER_SIZE, dns->question.name);
    struct bytes in;

    if (at == 0)
        return false;
    in = bytes_of(dns->message + at, dns->len - at);
    dns->question.type = bytes_u16(&in);
    dns->question.class = bytes_u16(&in) & CLASS_MASK;
    dns->next = at + 4;
    return bytes_ok(&in);
}

/* Go behind the other questions; mDNS asks several at once. */
static void questions_skip(struct dns *dns)
{
    for (unsigned i = 1; i < dns->counts[0]; i++) {
        size_t at = name_skip(dns->message, dns->len, dns->next);

        if (at == 0 || dns->len - at < 4) {
            dns->next = dns->len;
            return;
        }
        dns->next = at + 4;
    }
}

bool dns_parse(struct dns *dns, const void *bytes, size_t len)
{
    struct bytes in = bytes_of(bytes, len);
    uint16_t flags;

    *dns = (struct dns){.message = bytes, .len = len, .next = HEADER_SIZE};
    dns->id = bytes_u16(&in);
    flags = bytes_u16(&in);
    dns->is_response = (flags & 0x8000) != 0;
    dns->opcode = flags >> 11 & 0xf;
    dns->is_truncated = (flags & 0x0200) != 0;
    dns->rcode = flags & 0xf;
    for (unsigned i = 0; i < 4; i++)
        dns->counts[i] = bytes_u16(&in);
    if (!bytes_ok(&in))
        return false;
    if (dns->counts[0] == 0)
        return true;
    if (!question_read(dns))
        return false;
    questions_skip(dns);
    return true;
}

bool dns_parse_tcp(struct dns *dns, const void *bytes, size_t len)
{
    struct bytes in = bytes_of(bytes, len);
    size_t message_len = bytes_u16(&in);

    if (message_len > bytes_left(&in))
        message_len = bytes_left(&in);
    return dns_parse(dns, in.at, message_len);
}

/* The section of the record that is read next. */
static bool section_find(const struct dns *dns, enum dns_section *section)
{
    uint32_t end = 0;

    for (unsigned i = 1; i < 4; i++) {
        end += dns->counts[i];
        if (dns->read < end) {
            *section = (enum dns_section)(i - 1);
            return true;
        }
    }
    return false;
}

/* What the data of a record says; a name in it that lies is left out. */
static void data_read(const struct dns *dns, struct dns_record *record)
{
    size_t at = (size_t)(record->data - dns->message);
    size_t end = at + record->data_len;

    if (record->class != CLASS_IN)
        return;
    if (record->type == DNS_TYPE_A && record->data_len == 4) {
        record->addr = addr_from_v4(record->data);
        record->has_addr = true;
    } else if (record->type == DNS_TYPE_AAAA && record->data_len == 16) {
        record->addr = addr_from_v6(record->data);
        record->has_addr = true;
    } else if (record->type == DNS_TYPE_CNAME || record->type == DNS_TYPE_PTR) {
        if (name_read(dns->message, end, at, record->target) == 0)
            record->target[0] = '\0';
    }
}

bool dns_next(struct dns *dns, struct dns_record *record)
{
    struct bytes in;
    size_t at;

    if (dns->read == DNS_RECORDS_MAX || !section_find(dns, &record->section))
        return false;
    dns->read++;
    at = name_read(dns->message, dns->len, dns->next, record->name);
    if (at == 0) {
        dns->read = DNS_RECORDS_MAX;
        return false;
    }
    in = bytes_of(dns->message + at, dns->len - at);
    record->type = bytes_u16(&in);
    record->class = bytes_u16(&in) & CLASS_MASK;
    record->ttl = bytes_u32(&in);
    record->data_len = bytes_u16(&in);
    record->data = bytes_take(&in, record->data_len);
    if (!bytes_ok(&in)) {
        dns->read = DNS_RECORDS_MAX;
        return false;
    }
    dns->next = (size_t)(in.at - dns->message);
    record->has_addr = false;
    record->target[0] = '\0';
    data_read(dns, record);
    return true;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* One decimal octet and the dot behind it; @return its length or 0. */
static size_t octet_read(const char *text, uint8_t *octet)
{
    unsigned value = 0;
    size_t len = 0;

    for (; len < 3 && text[len] >= '0' && text[len] <= '9'; len++)
        value = value * 10 + (unsigned)(text[len] - '0');
    if (len == 0 || value > 255 || text[len] != '.')
        return 0;
    *octet = (uint8_t)value;
    return len + 1;
}

static bool zone_is(const char *text, const char *zone)
{
    size_t len = strlen(zone);

    return strncasecmp(text, zone, len) == 0 &&
           (text[len] == '\0' || (text[len] == '.' && text[len + 1] == '\0'));
}

static bool reverse_v4(const char *name, struct addr *addr)
{
    uint8_t octets[4];

    for (int i = 3; i >= 0; i--) {
        size_t len = octet_read(name, &octets[i]);

        if (len == 0)
            return false;
        name += len;
    }
    *addr = addr_from_v4(octets);
    return zone_is(name, "in-addr.arpa");
}

static bool reverse_v6(const char *name, struct addr *addr)
{
    uint8_t bytes[16] = {0};

    for (int i = 31; i >= 0; i--, name += 2) {
        int digit = hex_digit(name[0]);

        if (digit < 0 || name[1] != '.')
            return false;
        bytes[i / 2] |= (uint8_t)(i % 2 ? digit : digit << 4);
    }
    *addr = addr_from_v6(bytes);
    return zone_is(name, "ip6.arpa");
}

bool dns_reverse_addr(const char *name, struct addr *addr)
{
    return reverse_v4(name, addr) || reverse_v6(name, addr);
}
