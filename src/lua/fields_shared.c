/* fields_shared: what several tables tell alike. SPDX-License-Identifier: MIT
 */
#include <stdio.h>

#include "lua/fields_internal.h"

const char *fields_host_key(const struct addr *addr, uint16_t vlan,
                            char text[QUERY_LABEL])
{
    char ip[ADDR_TEXT_SIZE];

    addr_format(addr, ip);
    if (vlan != 0)
        snprintf(text, QUERY_LABEL, "%s@%u", ip, vlan);
    else
        snprintf(text, QUERY_LABEL, "%s", ip);
    return text;
}

uint32_t fields_addr_number(const struct addr *addr)
{
    uint32_t sum = 0;

    for (unsigned i = addr_is_v4(addr) ? 12 : 0; i < 16; i += 4)
        sum += (uint32_t)addr->bytes[i] << 24 |
               (uint32_t)addr->bytes[i + 1] << 16 |
               (uint32_t)addr->bytes[i + 2] << 8 | addr->bytes[i + 3];
    return sum;
}

void fields_push_classes(lua_State *L, const uint64_t classes[PACKET_CLASSES])
{
    lua_createtable(L, 0, PACKET_CLASSES);
    for (unsigned i = 0; i < PACKET_CLASSES; i++)
        push_number(L, packet_class_key(i), classes[i]);
}

void fields_push_app(lua_State *L, const struct dpi *dpi, uint16_t app,
                     const struct traffic traffic[WAYS], uint32_t duration_s)
{
    if (traffic[WAY_SENT].packets + traffic[WAY_RCVD].packets == 0)
        return;
    lua_createtable(L, 0, 6);
    push_text(L, "breed", dpi_breed_name(dpi, app));
    push_number(L, "packets.sent", traffic[WAY_SENT].packets);
    push_number(L, "packets.rcvd", traffic[WAY_RCVD].packets);
    push_number(L, "bytes.sent", traffic[WAY_SENT].bytes);
    push_number(L, "bytes.rcvd", traffic[WAY_RCVD].bytes);
    push_number(L, "duration", duration_s);
    lua_setfield(L, -2, dpi_app_name(dpi, app));
}

void fields_rate_value(const struct rate *rate, const struct iface *iface,
                       enum fields_rate which, struct push_value *value)
{
    uint32_t now_s = iface_now_s(iface);
    double now = (double)rate_bytes_per_s(rate, now_s);
    double before = (double)rate_before_bytes_per_s(rate, now_s);

    switch (which) {
    case RATE_BYTES:
        value->decimal = now;
        break;
    case RATE_BYTES_BEFORE:
        value->decimal = before;
        break;
    case RATE_DIFFERENCE:
        value->decimal = now - before;
        break;
    case RATE_PACKETS:
        value->decimal = (double)rate_packets_per_s(rate, now_s);
        break;
    case RATE_TREND:
        value->number = rate_trend(rate, now_s);
        break;
    }
}
