/* names: what hosts say of themselves. SPDX-License-Identifier: MIT */
#include "core/packet/names.h"

#include "core/packet/names_internal.h"
#include "core/util/utf8.h"

struct host_hint hint_of_sender(const struct names_call *call,
                                enum hint_source source)
{
    return (struct host_hint){
        .source = source,
        .ip = call->packet->src,
        .has_ip = !addr_is_zero(&call->packet->src),
    };
}

void hint_text(char *to, size_t size, const void *from, size_t len)
{
    const unsigned char *at = from;

    while (len > 0 && (at[len - 1] == '\0' || at[len - 1] == ' '))
        len--;
    while (len > 0 && *at == ' ') {
        at++;
        len--;
    }
    utf8_clean(to, size, at, len);
}

/* The protocol of a port, or NULL. */
static void (*protocol_of(uint16_t port))(const struct names_call *call)
{
    switch (port) {
    case 67:
    case 68:
        return names_dhcp;
    case 137:
        return names_netbios;
    case 138:
        return names_netbios_datagram;
    case 1900:
        return names_ssdp;
    case 5353:
        return names_mdns;
    case 5355:
        return names_llmnr;
    default:
        return NULL;
    }
}

void names_parse(const struct packet *packet,
                 void (*found)(void *arg, const struct host_hint *hint),
                 void *arg)
{
    void (*parse)(const struct names_call *call);

    if (packet->l4_proto != IP_PROTO_UDP || !packet->l4 || !packet->payload)
        return;
    parse = protocol_of(packet->dst_port);
    if (!parse)
        parse = protocol_of(packet->src_port);
    if (parse)
        parse(&(struct names_call){packet, found, arg});
}
