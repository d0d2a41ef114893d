/* names_netbios: NetBIOS names. SPDX-License-Identifier: MIT */
#include <string.h>

#include "core/packet/bytes.h"
#include "core/packet/dns.h"
#include "core/packet/names_internal.h"

#define NAME_SIZE 15         /* and one byte of suffix (RFC 1001, 14.1) */
#define NAME_ENCODED_SIZE 32 /* two letters a byte */
#define GROUP_FLAG 0x8000    /* NB_FLAGS and NAME_FLAGS (RFC 1002, 4.2.1.3) */

enum {
    OPCODE_QUERY = 0,
    OPCODE_REGISTRATION = 5,
    OPCODE_REFRESH = 8,
    OPCODE_REFRESH_ALTERNATIVE = 9, /* RFC 1002 has both */
};

enum {
    SUFFIX_WORKSTATION = 0x00, /* of a group: its work group */
    SUFFIX_BROWSER_ELECTION = 0x1e,
    SUFFIX_FILE_SERVER = 0x20,
};

/*
 * First-level encoding: the letters 'A' to 'P' are half bytes (RFC 1001,
 * 14.1); dns.h gives them in lower case. `encoded` may be shorter.
 */
static bool name_decode(const char *encoded, uint8_t name[NAME_SIZE + 1])
{
    for (size_t i = 0; i < NAME_ENCODED_SIZE; i++) {
        unsigned half = (unsigned)(encoded[i] & ~0x20) - 'A';

        if (half > 15)
            return false;
        name[i / 2] = (uint8_t)(i % 2 ? name[i / 2] | half : half << 4);
    }
    return true;
}

/* Enter a name if it is one of the host's own or its work group's; others
 * are of users, browsers and domain controllers. */
static bool name_enter(struct host_hint *hint,
                       const uint8_t name[NAME_SIZE + 1], bool is_group)
{
    uint8_t suffix = name[NAME_SIZE];
    char *text = is_group ? hint->info : hint->name;

    if (suffix != SUFFIX_WORKSTATION &&
        suffix != (is_group ? SUFFIX_BROWSER_ELECTION : SUFFIX_FILE_SERVER))
        return false;
    if (text[0] != '\0' || name[0] < ' ')
        return false;
    hint_text(text, HINT_TEXT_SIZE, name, NAME_SIZE);
    if (!is_group || hint->name[0] == '\0')
        hint->netbios_suffix = suffix;
    return text[0] != '\0';
}

/* An NB record: pairs of flags and address (RFC 1002, 4.2.1.3). */
static void addresses_read(const struct names_call *call,
                           const struct dns_record *record)
{
    struct bytes in = bytes_of(record->data, record->data_len);
    struct host_hint hint = {.source = HINT_NETBIOS, .has_ip = true};
    uint8_t name[NAME_SIZE + 1];
    uint16_t flags = bytes_u16(&in);
    const uint8_t *ip = bytes_take(&in, 4);

    if (!ip || !name_decode(record->name, name))
        return;
    hint.ip = addr_from_v4(ip);
    if (addr_is_zero(&hint.ip))
        return;
    if (name_enter(&hint, name, (flags & GROUP_FLAG) != 0))
        call->found(call->arg, &hint);
}

/* Node status: all names of the sender and its MAC (RFC 1002, 4.2.18). */
static void status_read(const struct names_call *call,
                        const struct dns_record *record)
{
    struct bytes in = bytes_of(record->data, record->data_len);
    struct host_hint hint = hint_of_sender(call, HINT_NETBIOS);
    const uint8_t *mac;

    for (unsigned left = bytes_u8(&in); left > 0; left--) {
        const uint8_t *name = bytes_take(&in, NAME_SIZE + 1);
        uint16_t flags = bytes_u16(&in);

        if (!bytes_ok(&in))
            return;
        name_enter(&hint, name, (flags & GROUP_FLAG) != 0);
    }
    mac = bytes_take(&in, MAC_SIZE);
    if (mac && !mac_is_zero(mac)) {
        memcpy(hint.mac, mac, MAC_SIZE);
        hint.has_mac = true;
    }
    if (hint.name[0] != '\0')
        call->found(call->arg, &hint);
}

/* A query only asks for somebody; a registration or refresh is the owner's,
 * and a positive response comes from it or from a name server. */
static bool is_told(const struct dns *dns)
{
    switch (dns->opcode) {
    case OPCODE_QUERY:
        return dns->is_response && dns->rcode == 0;
    case OPCODE_REGISTRATION:
    case OPCODE_REFRESH:
    case OPCODE_REFRESH_ALTERNATIVE:
        return dns->rcode == 0;
    default:
        return false;
    }
}

/* The message is one of DNS with its own types (RFC 1002, 4.2.1). */
void names_netbios(const struct names_call *call)
{
    struct dns_record record;
    struct dns dns;

    if (!dns_parse(&dns, call->packet->payload, call->packet->payload_len))
        return;
    if (!is_told(&dns))
        return;
    while (dns_next(&dns, &record)) {
        if (record.type == DNS_TYPE_NB)
            addresses_read(call, &record);
        else if (record.type == DNS_TYPE_NBSTAT)
            status_read(call, &record);
    }
}

/* Datagrams of a host carry its name (RFC 1002, 4.4.2): types 0x10 to 0x12,
 * 14 bytes of header, then the length octet 32 and the encoded name. */
void names_netbios_datagram(const struct names_call *call)
{
    struct bytes in =
        bytes_of(call->packet->payload, call->packet->payload_len);
    struct host_hint hint = hint_of_sender(call, HINT_NETBIOS);
    uint8_t type = bytes_u8(&in), name[NAME_SIZE + 1], len;
    const uint8_t *encoded;

    bytes_skip(&in, 13);
    len = bytes_u8(&in);
    encoded = bytes_take(&in, NAME_ENCODED_SIZE);
    if (!encoded || len != NAME_ENCODED_SIZE || type < 0x10 || type > 0x12)
        return;
    if (hint.has_ip && name_decode((const char *)encoded, name) &&
        name_enter(&hint, name, false))
        call->found(call->arg, &hint);
}
