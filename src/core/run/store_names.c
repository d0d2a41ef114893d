/* store_names: a Redis that moves to another address.
 * SPDX-License-Identifier: MIT */
#include "core/run/store_names.h"

#include <stdlib.h>
#include <string.h>

#include "core/run/loop_dns.h"
#include "core/util/log.h"
#include "core/util/mem.h"

struct store_names {
    struct loop *loop;
    const struct store_target *target;
    struct store_addrs *addrs;
    struct loop_dns *dns;
    struct loop_dns_call *call;
};

struct store_names *store_names_new(struct loop *loop,
                                    const struct store_target *target,
                                    struct store_addrs *addrs)
{
    struct store_names *names;
    struct addr addr;

    if (target->kind != STORE_TARGET_TCP ||
        strcmp(target->host, "localhost") == 0 ||
        addr_parse(target->host, &addr))
        return NULL;
    names = mem_calloc(1, sizeof(*names));
    *names = (struct store_names){loop, target, addrs, NULL, NULL};
    return names;
}

void store_names_free(struct store_names *names)
{
    if (names == NULL)
        return;
    loop_dns_free(names->dns);
    free(names);
}

static void on_found(void *arg, const struct addr *found, size_t count)
{
    struct store_names *names = arg;
    struct store_addrs addrs = {0};

    names->call = NULL;
    for (size_t i = 0; i < count && i < STORE_ADDRS_MAX; i++)
        store_addr_set_ip(&addrs.items[addrs.count++], &found[i],
                          names->target->port);
    if (addrs.count == 0 || (addrs.count == names->addrs->count &&
                             memcmp(&addrs, names->addrs, sizeof(addrs)) == 0))
        return;
    *names->addrs = addrs;
    log_info("redis", "%s has other addresses", names->target->host);
}

void store_names_refresh(struct store_names *names)
{
    if (names == NULL || names->call != NULL)
        return;
    /* A new one reads resolv.conf and hosts, which may have changed too. */
    loop_dns_free(names->dns);
    names->dns = loop_dns_new_forward(names->loop);
    if (names->dns != NULL)
        names->call =
            loop_dns_forward(names->dns, names->target->host, on_found, names);
}
