/* lib_ntop_net: class ntop, addresses and datagrams.
 * SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <errno.h>
#include <lauxlib.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

#include "core/packet/addr.h"
#include "lua/lib.h"

#define SYSLOG_SOCKET "/dev/log"
#define SYSLOG_MAX 2048

/* inet_ntoa(number in host order, or the same as text) */
static int ntop_inet_ntoa(lua_State *L)
{
    lua_Integer number = lib_integer(L, 1);
    char text[ADDR_TEXT_SIZE];
    struct addr addr;
    uint32_t order;

    if (number < 0 || number > UINT32_MAX)
        return lib_bad_call(L);
    order = htonl((uint32_t)number);
    addr = addr_from_v4(&order);
    lua_pushstring(L, addr_format(&addr, text));
    return 1;
}

/* networkPrefix(address, bits): the address with its host bits cleared */
static int ntop_network_prefix(lua_State *L)
{
    const char *given = lib_string(L, 1, NULL);
    lua_Integer bits = lib_integer(L, 2);
    char text[ADDR_TEXT_SIZE];
    struct addr addr;
    int first;

    if (!addr_parse(given, &addr))
        return luaL_error(L, "ntop.networkPrefix: %s is no address", given);
    first = addr_is_v4(&addr) ? 96 : 0;
    if (bits < 0 || bits > 128 - first)
        return luaL_error(L, "ntop.networkPrefix: %d bits are too many for %s",
                          (int)bits, given);
    for (int bit = first + (int)bits; bit < 128; bit++)
        addr.bytes[bit / 8] &= (uint8_t) ~(0x80 >> bit % 8);
    lua_pushstring(L, addr_format(&addr, text));
    return 1;
}

/* Send without waiting; a full buffer loses it, as the network could. */
static bool send_once(int family, const struct sockaddr *to, socklen_t to_len,
                      const char *bytes, size_t len)
{
    int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool is_sent;

    if (fd < 0)
        return false;
    is_sent = sendto(fd, bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL, to, to_len) ==
              (ssize_t)len;
    close(fd);
    return is_sent;
}

/* send_udp_data(address, port, data); names would have to be looked up. */
static int ntop_send_udp_data(lua_State *L)
{
    const char *host = lib_string(L, 1, NULL);
    lua_Integer port = lib_integer(L, 2);
    struct addrinfo hints = {
        .ai_socktype = SOCK_DGRAM,
        .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
    };
    struct addrinfo *to;
    char service[8];
    size_t len;
    const char *data = lib_string(L, 3, &len);
    bool is_sent;

    if (port < 1 || port > UINT16_MAX)
        return lib_bad_call(L);
    snprintf(service, sizeof(service), "%d", (int)port);
    if (getaddrinfo(host, service, &hints, &to) != 0)
        return luaL_error(L, "ntop.send_udp_data: %s is no address", host);
    is_sent = send_once(to->ai_family, to->ai_addr, to->ai_addrlen, data, len);
    freeaddrinfo(to);
    lua_pushboolean(L, is_sent);
    return 1;
}

/* syslog(is_error, text): to the system's log, whatever ours is. */
static int ntop_syslog(lua_State *L)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX, .sun_path = SYSLOG_SOCKET};
    bool is_error = lib_boolean(L, 1);
    const char *text = lib_string(L, 2, NULL);
    char line[SYSLOG_MAX];
    int len = snprintf(line, sizeof(line), "<%d>kelvin[%d]: %s",
                       LOG_DAEMON | (is_error ? LOG_ERR : LOG_INFO),
                       (int)getpid(), text);

    if (len >= (int)sizeof(line))
        len = sizeof(line) - 1;
    lua_pushboolean(L, send_once(AF_UNIX, (const struct sockaddr *)&to,
                                 sizeof(to), line, (size_t)len));
    return 1;
}

void lib_ntop_net_open(lua_State *L)
{
    static const struct lib_function functions[] = {
        {"inet_ntoa", "address: number", ntop_inet_ntoa},
        {"networkPrefix", "address: string, bits: number", ntop_network_prefix},
        {"send_udp_data", "address: string, port: number, data: string",
         ntop_send_udp_data},
        {"syslog", "is_error: boolean, text: string", ntop_syslog},
        {NULL, NULL, NULL},
    };

    lib_register(L, "ntop", functions);
}
