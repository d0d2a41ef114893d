/* names_dhcp: clients of DHCP and their names. SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "core/packet/bytes.h"
#include "core/packet/names_internal.h"
#include "core/packet/os.h"

/* The fixed part of a message (RFC 2131, 2). */
#define AT_CIADDR 12
#define AT_YIADDR 16
#define AT_CHADDR 28
#define AT_SNAME 44
#define AT_FILE 108
#define AT_MAGIC 236
#define AT_OPTIONS 240
#define SNAME_SIZE 64
#define FILE_SIZE 128
#define MAGIC 0x63825363u

#define OP_REQUEST 1
#define HTYPE_ETHERNET 1

/* RFC 2132 */
enum {
    OPTION_PAD = 0,
    OPTION_HOST_NAME = 12,
    OPTION_REQUESTED_IP = 50,
    OPTION_OVERLOAD = 52,
    OPTION_MESSAGE_TYPE = 53,
    OPTION_PARAMETERS = 55,
    OPTION_VENDOR_CLASS = 60,
    OPTION_END = 255,
};

enum {
    OVERLOAD_FILE = 1,
    OVERLOAD_SNAME = 2,
};

/* What the options say, before it is known whom they are about. */
struct options {
    uint8_t overload;
    const uint8_t *requested_ip; /* 4 bytes in the packet, or NULL */
};

/* "1,3,6,15"; what does not fit whole is left out. */
static void parameters_format(char text[HINT_TEXT_SIZE], const uint8_t *codes,
                              size_t count)
{
    size_t len = 0;

    for (size_t i = 0; i < count && len + sizeof(",255") <= HINT_TEXT_SIZE; i++)
        len += (size_t)snprintf(text + len, HINT_TEXT_SIZE - len, "%s%u",
                                i > 0 ? "," : "", codes[i]);
}

static void option_read(uint8_t code, const uint8_t *data, uint8_t len,
                        struct options *options, struct host_hint *hint)
{
    switch (code) {
    case OPTION_HOST_NAME:
        hint_text(hint->name, sizeof(hint->name), data, len);
        break;
    case OPTION_REQUESTED_IP:
        if (len == 4)
            options->requested_ip = data;
        break;
    case OPTION_OVERLOAD:
        if (len == 1)
            options->overload = data[0];
        break;
    case OPTION_MESSAGE_TYPE:
        if (len == 1)
            hint->dhcp_type = data[0];
        break;
    case OPTION_PARAMETERS:
        parameters_format(hint->fingerprint, data, len);
        break;
    case OPTION_VENDOR_CLASS:
        hint_text(hint->info, sizeof(hint->info), data, len);
        break;
    default:
        break;
    }
}

/* Read options up to the end mark or to where they are cut off. */
static void options_read(struct bytes in, struct options *options,
                         struct host_hint *hint)
{
    while (bytes_left(&in) > 0) {
        uint8_t code = bytes_u8(&in);
        const uint8_t *data;
        uint8_t len;

        if (code == OPTION_PAD)
            continue;
        if (code == OPTION_END)
            return;
        len = bytes_u8(&in);
        data = bytes_take(&in, len);
        if (!bytes_ok(&in))
            return;
        option_read(code, data, len, options, hint);
    }
}

/* Options may go on in the two fixed text fields (RFC 2132, 9.3). */
static void overload_read(const uint8_t *message, struct options *options,
                          struct host_hint *hint)
{
    uint8_t overload = options->overload;

    if (overload & OVERLOAD_FILE)
        options_read(bytes_of(message + AT_FILE, FILE_SIZE), options, hint);
    if (overload & OVERLOAD_SNAME)
        options_read(bytes_of(message + AT_SNAME, SNAME_SIZE), options, hint);
}

/* The address that the message is about, or NULL. */
static const uint8_t *address_find(const uint8_t *message,
                                   const struct options *options)
{
    static const uint8_t none[4];

    if (message[0] != OP_REQUEST && memcmp(message + AT_YIADDR, none, 4) != 0)
        return message + AT_YIADDR;
    if (memcmp(message + AT_CIADDR, none, 4) != 0)
        return message + AT_CIADDR;
    return options->requested_ip;
}

void names_dhcp(const struct names_call *call)
{
    const uint8_t *message = call->packet->payload;
    struct bytes in = bytes_of(message, call->packet->payload_len);
    struct host_hint hint = {.source = HINT_DHCP};
    struct options options = {0};
    const uint8_t *ip;

    bytes_skip(&in, AT_MAGIC);
    if (bytes_u32(&in) != MAGIC)
        return;
    options_read(in, &options, &hint);
    overload_read(message, &options, &hint);
    if (message[1] == HTYPE_ETHERNET && message[2] == MAC_SIZE) {
        memcpy(hint.mac, message + AT_CHADDR, MAC_SIZE);
        hint.has_mac = !mac_is_zero(hint.mac);
    }
    ip = address_find(message, &options);
    if (ip) {
        hint.ip = addr_from_v4(ip);
        hint.has_ip = true;
    }
    /* A server speaks of its own class and wishes, not of the client's. */
    if (message[0] != OP_REQUEST)
        hint.info[0] = hint.fingerprint[0] = '\0';
    hint.os = os_from_dhcp_vendor_class(hint.info);
    if (hint.has_mac || hint.has_ip)
        call->found(call->arg, &hint);
}
