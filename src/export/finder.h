/* finder: where a target is. SPDX-License-Identifier: MIT */
#ifndef KELVIN_EXPORT_FINDER_H
#define KELVIN_EXPORT_FINDER_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "core/run/loop.h"

struct address {
    socklen_t len;
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
        struct sockaddr_un local;
    };
};

/*
 * Looks up a host each time that it is asked: it may have moved.
 *
 *   finder = finder_new("logs.example", 5044);
 *   finder_start(finder, loop);
 *   finder_find(finder, found, arg);
 *   finder_free(finder);
 */
struct finder;

#define FINDER_MAX 8

/* The addresses of the host, valid until the next question; 0: it has none, or
 * nobody answers. */
typedef void finder_found(void *arg, const struct address *addresses,
                          size_t count);

/* Whether this may be the name or the address of a host. */
bool finder_is_host(const char *host);

struct finder *finder_new(const char *host, uint16_t port);

/* Of a socket in the file system; the path must fit. */
struct finder *finder_new_local(const char *path);
void finder_free(struct finder *finder); /* NULL is fine */

void finder_start(struct finder *finder, struct loop *loop);

/* `found` is called once, from the loop, unless another question comes first.
 */
void finder_find(struct finder *finder, finder_found *found, void *arg);

#endif
