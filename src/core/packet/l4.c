/* l4: names of IP protocols. SPDX-License-Identifier: MIT */
#include "core/packet/l4.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "core/packet/packet.h"

static const struct {
    uint8_t number;
    char name[L4_NAME_SIZE];
} names[] = {
    {IP_PROTO_TCP, "TCP"},         {IP_PROTO_UDP, "UDP"},
    {IP_PROTO_ICMP, "ICMP"},       {IP_PROTO_ICMPV6, "ICMPv6"},
    {IP_PROTO_IGMP, "IGMP"},       {IP_PROTO_IPIP, "IPIP"},
    {IP_PROTO_IPV6, "IPv6"},       {IP_PROTO_GRE, "GRE"},
    {IP_PROTO_ESP, "ESP"},         {IP_PROTO_AH, "AH"},
    {IP_PROTO_OSPF, "OSPF"},       {103, "PIM"},
    {IP_PROTO_VRRP, "VRRP"},       {IP_PROTO_SCTP, "SCTP"},
    {IP_PROTO_UDPLITE, "UDPlite"},
};

const char *l4_name(uint8_t l4_proto, char text[L4_NAME_SIZE])
{
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (names[i].number == l4_proto)
            return names[i].name;
    snprintf(text, L4_NAME_SIZE, "%u", l4_proto);
    return text;
}

int l4_number(const char *name)
{
    char *end;
    unsigned long number;

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcasecmp(names[i].name, name) == 0)
            return names[i].number;
    if (*name < '0' || *name > '9')
        return -1;
    number = strtoul(name, &end, 10);
    return *end == '\0' && number <= UINT8_MAX ? (int)number : -1;
}
