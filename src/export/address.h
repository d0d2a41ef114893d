/* address: where a target is. SPDX-License-Identifier: MIT */
#ifndef KELVIN_EXPORT_ADDRESS_H
#define KELVIN_EXPORT_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "core/util/strbuf.h"

struct address {
    socklen_t len;
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
        struct sockaddr_un local;
    };
};

#define ADDRESSES_MAX 8

struct addresses {
    size_t count;
    struct address items[ADDRESSES_MAX];
};

/* Whether this may be the name or the address of a host. */
bool address_is_host(const char *host);

/*
 * The addresses of a host. Numbers and "localhost" are known at once; any
 * other name is looked up by the system, which may take long: before the loop
 * runs. @return false with the reason.
 */
bool address_find(const char *host, uint16_t port, struct addresses *out,
                  struct strbuf *error);

/* A socket in the file system; the path must fit. */
void address_local(const char *path, struct addresses *out);

#endif
