/* finder: where a target is. SPDX-License-Identifier: MIT */
#include "export/finder.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/packet/addr.h"
#include "core/run/loop_dns.h"
#include "core/util/mem.h"

#define HOST_MAX 255

struct finder {
    char *host; /* NULL: a path */
    uint16_t port;
    struct loop *loop;
    struct loop_dns *dns;        /* of the latest question */
    struct loop_source *at_once; /* what needs no question */
    struct address addresses[FINDER_MAX];
    size_t count;
    finder_found *found;
    void *arg;
};

bool finder_is_host(const char *host)
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

struct finder *finder_new(const char *host, uint16_t port)
{
    struct finder *finder = mem_calloc(1, sizeof(*finder));

    finder->host = mem_strdup(host);
    finder->port = port;
    return finder;
}

struct finder *finder_new_local(const char *path)
{
    struct finder *finder = mem_calloc(1, sizeof(*finder));
    struct address *address = &finder->addresses[0];

    finder->count = 1;
    address->len = sizeof(address->local);
    address->local.sun_family = AF_UNIX;
    snprintf(address->local.sun_path, sizeof(address->local.sun_path), "%s",
             path);
    return finder;
}

static void forget_question(struct finder *finder)
{
    loop_dns_free(finder->dns);
    loop_source_free(finder->at_once);
    finder->dns = NULL;
    finder->at_once = NULL;
}

void finder_free(struct finder *finder)
{
    if (finder == NULL)
        return;
    forget_question(finder);
    free(finder->host);
    free(finder);
}

void finder_start(struct finder *finder, struct loop *loop)
{
    finder->loop = loop;
}

static void add(struct finder *finder, const struct addr *addr)
{
    struct address *address = &finder->addresses[finder->count++];

    *address = (struct address){0};
    if (addr_is_v4(addr)) {
        address->len = sizeof(address->v4);
        address->v4.sin_family = AF_INET;
        address->v4.sin_port = htons(finder->port);
        memcpy(&address->v4.sin_addr, addr->bytes + 12, 4);
    } else {
        address->len = sizeof(address->v6);
        address->v6.sin6_family = AF_INET6;
        address->v6.sin6_port = htons(finder->port);
        memcpy(&address->v6.sin6_addr, addr->bytes, 16);
    }
}

static void on_found(void *arg, const struct addr *addrs, size_t count)
{
    struct finder *finder = arg;

    finder->count = 0;
    for (size_t i = 0; i < count && i < FINDER_MAX; i++)
        add(finder, &addrs[i]);
    finder->found(finder->arg, finder->addresses, finder->count);
}

static void on_at_once(void *arg)
{
    struct finder *finder = arg;

    finder->found(finder->arg, finder->addresses, finder->count);
}

void finder_find(struct finder *finder, finder_found *found, void *arg)
{
    forget_question(finder);
    finder->found = found;
    finder->arg = arg;
    if (finder->host == NULL) {
        finder->at_once =
            loop_after(finder->loop, 0, LOOP_PEER, on_at_once, finder);
        return;
    }
    finder->dns = loop_dns_new_forward(finder->loop);
    (void)loop_dns_forward(finder->dns, finder->host, on_found, finder);
}
