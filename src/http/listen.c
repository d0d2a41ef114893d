/* listen: where the web server can be reached. SPDX-License-Identifier: MIT */
#include "http/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BACKLOG 128

/* Decimal digits alone, up to 65535; -1: not. */
static int parse_port(const char *text, size_t len)
{
    int port = 0;

    if (len == 0 || len > 5)
        return -1;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return -1;
        port = port * 10 + (text[i] - '0');
    }
    return port <= 65535 ? port : -1;
}

static void set_v4(struct listen_place *place, uint32_t address, int port)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)&place->address;

    v4->sin_family = AF_INET;
    v4->sin_addr.s_addr = address;
    v4->sin_port = htons((uint16_t)port);
    place->size = sizeof(*v4);
}

static void set_v6(struct listen_place *place, const struct in6_addr *address,
                   int port)
{
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&place->address;

    v6->sin6_family = AF_INET6;
    v6->sin6_addr = *address;
    v6->sin6_port = htons((uint16_t)port);
    place->size = sizeof(*v6);
}

/* The address in front of the port's colon. */
static bool set_address(struct listen_place *place, const char *text,
                        size_t len, int port)
{
    char address[64];
    struct in6_addr v6;
    struct in_addr v4;
    bool is_bracketed = len >= 2 && text[0] == '[' && text[len - 1] == ']';

    if (is_bracketed) {
        text++;
        len -= 2;
    }
    if (len >= sizeof(address))
        return false;
    memcpy(address, text, len);
    address[len] = '\0';
    if (is_bracketed && inet_pton(AF_INET6, address, &v6) == 1)
        set_v6(place, &v6, port);
    else if (!is_bracketed && inet_pton(AF_INET, address, &v4) == 1)
        set_v4(place, v4.s_addr, port);
    else
        return false;
    return true;
}

/* One item; the places of it, 0 for "0", or -1. The loopback has two. */
static int parse_item(const char *text, size_t len, struct listen_place *places,
                      int room)
{
    const char *colon = memrchr(text, ':', len);
    size_t before = colon != NULL ? (size_t)(colon - text) : 0;
    int port = colon != NULL ? parse_port(colon + 1, len - before - 1)
                             : parse_port(text, len);

    memset(places, 0, sizeof(*places) * (size_t)room);
    if (port == 0 && colon == NULL)
        return 0;
    if (port <= 0 || room < 2)
        return -1;
    if (colon == NULL) {
        set_v6(places, &in6addr_any, port);
        places->is_any = true;
        return 1;
    }
    if (before > 0)
        return set_address(places, text, before, port) ? 1 : -1;
    set_v4(places, htonl(INADDR_LOOPBACK), port);
    set_v6(places + 1, &in6addr_loopback, port);
    return 2;
}

int listen_parse(const char *text, struct listen_place places[LISTEN_MAX],
                 struct strbuf *error)
{
    int count = 0;

    for (;;) {
        size_t len = strcspn(text, ",");
        int added = parse_item(text, len, places + count, LISTEN_MAX - count);

        if (added < 0) {
            strbuf_printf(error,
                          "'%.*s' is not PORT, :PORT, ADDRESS:PORT or "
                          "[IPV6]:PORT with a port from 1 to 65535, nor 0, or "
                          "it is one of too many",
                          (int)(len < 60 ? len : 60), text);
            return -1;
        }
        count += added;
        if (text[len] == '\0')
            return count;
        text += len + 1;
    }
}

static uint16_t port_of(const struct listen_place *place)
{
    if (place->address.ss_family == AF_INET)
        return ntohs(((const struct sockaddr_in *)&place->address)->sin_port);
    return ntohs(((const struct sockaddr_in6 *)&place->address)->sin6_port);
}

/* -1 with errno set. */
static int open_place(const struct listen_place *place)
{
    int on = 1;
    int v6_only = !place->is_any;
    int fd = socket(place->address.ss_family,
                    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int saved;

    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    /* Connections inherit it: else the second record of a TLS answer waits
     * for the client's delayed acknowledgement, 40 ms. */
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (place->address.ss_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &v6_only, sizeof(v6_only));
    if (bind(fd, (const struct sockaddr *)&place->address, place->size) == 0 &&
        listen(fd, BACKLOG) == 0)
        return fd;
    saved = errno;
    close(fd);
    errno = saved;
    return -1;
}

/* The same; where there is no IPv6, "all addresses" are those of IPv4. */
static int open_somehow(const struct listen_place *place)
{
    int fd = open_place(place);
    struct listen_place v4 = {0};
    bool has_no_v6 = fd < 0 && place->address.ss_family == AF_INET6 &&
                     (errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL);

    if (has_no_v6 && place->is_any) {
        set_v4(&v4, htonl(INADDR_ANY), port_of(place));
        return open_place(&v4);
    }
    return fd;
}

static void explain(const char *option, const struct listen_place *place,
                    struct strbuf *error)
{
    unsigned port = port_of(place);

    if (errno == EADDRINUSE)
        strbuf_printf(error,
                      "option %s: port %u is taken by another program, which "
                      "`ss -ltnp 'sport = :%u'` names; choose another port, "
                      "or 0 for no web server",
                      option, port, port);
    else if (errno == EACCES)
        strbuf_printf(error,
                      "option %s: port %u is for root or a program with "
                      "CAP_NET_BIND_SERVICE",
                      option, port);
    else
        strbuf_printf(error, "option %s: cannot listen on port %u: %s", option,
                      port, strerror(errno));
}

static bool open_item(const char *item, const char *option, int fds[LISTEN_MAX],
                      int *count, struct strbuf *error)
{
    struct listen_place places[LISTEN_MAX];
    struct strbuf why;
    int wanted;

    strbuf_init(&why, 512);
    wanted = listen_parse(item, places, &why);
    if (wanted < 0)
        strbuf_printf(error, "option %s: %s", option, why.text);
    strbuf_free(&why);
    for (int i = 0; i < wanted; i++) {
        int fd;

        if (*count == LISTEN_MAX) {
            strbuf_printf(error, "option %s: more than %d addresses", option,
                          LISTEN_MAX);
            return false;
        }
        fd = open_somehow(&places[i]);
        /* ":3000" is content with the loopback that there is. */
        if (fd < 0 && wanted > 1 && i > 0 &&
            (errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL))
            continue;
        if (fd < 0) {
            explain(option, &places[i], error);
            return false;
        }
        fds[(*count)++] = fd;
    }
    return wanted >= 0;
}

bool listen_open(const struct options_list *items, const char *option,
                 int fds[LISTEN_MAX], int *count, struct strbuf *error)
{
    for (size_t i = 0; i < items->count; i++)
        if (!open_item(items->items[i], option, fds, count, error))
            return false;
    return true;
}

const char *listen_name(int fd, char text[64])
{
    struct sockaddr_storage address;
    socklen_t size = sizeof(address);
    const struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&address;
    const struct sockaddr_in *v4 = (struct sockaddr_in *)&address;
    char name[INET6_ADDRSTRLEN] = "?";

    if (getsockname(fd, (struct sockaddr *)&address, &size) < 0)
        snprintf(text, 64, "?");
    else if (address.ss_family == AF_INET)
        snprintf(text, 64, "%s:%u",
                 inet_ntop(AF_INET, &v4->sin_addr, name, sizeof(name)),
                 ntohs(v4->sin_port));
    else
        snprintf(text, 64, "[%s]:%u",
                 inet_ntop(AF_INET6, &v6->sin6_addr, name, sizeof(name)),
                 ntohs(v6->sin6_port));
    return text;
}
