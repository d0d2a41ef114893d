/* address: where a target is. SPDX-License-Identifier: MIT */
#include "export/address.h"

#include <ctype.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>

#define HOST_MAX 255

bool address_is_host(const char *host)
{
    size_t len = strlen(host);

    if (len == 0 || len > HOST_MAX)
        return false;
    for (size_t i = 0; i < len; i++)
        if (!isalnum((unsigned char)host[i]) &&
            strchr(".-_:%", host[i]) == NULL)
            return false;
    return true;
}

static void add(struct addresses *out, const struct sockaddr *addr,
                socklen_t len)
{
    struct address *item = &out->items[out->count];

    if (out->count == ADDRESSES_MAX || len > sizeof(item->v6))
        return;
    item->len = len;
    memcpy(&item->any, addr, len);
    out->count++;
}

static void add_loopback(struct addresses *out, uint16_t port)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET,
                             .sin_port = htons(port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6,
                              .sin6_port = htons(port),
                              .sin6_addr = IN6ADDR_LOOPBACK_INIT};

    add(out, (const struct sockaddr *)&v4, sizeof(v4));
    add(out, (const struct sockaddr *)&v6, sizeof(v6));
}

bool address_find(const char *host, uint16_t port, struct addresses *out,
                  struct strbuf *error)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found;
    char service[8];
    int result;

    out->count = 0;
    if (strcmp(host, "localhost") == 0) {
        add_loopback(out, port);
        return true;
    }
    snprintf(service, sizeof(service), "%u", port);
    result = getaddrinfo(host, service, &hints, &found);
    if (result != 0) {
        strbuf_printf(error, "%s: %s", host, gai_strerror(result));
        return false;
    }
    for (const struct addrinfo *at = found; at != NULL; at = at->ai_next)
        add(out, at->ai_addr, at->ai_addrlen);
    freeaddrinfo(found);
    return true;
}

void address_local(const char *path, struct addresses *out)
{
    struct address *item = &out->items[0];

    out->count = 1;
    item->len = sizeof(item->local);
    item->local.sun_family = AF_UNIX;
    snprintf(item->local.sun_path, sizeof(item->local.sun_path), "%s", path);
}
