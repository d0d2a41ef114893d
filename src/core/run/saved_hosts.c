/* saved_hosts: hosts as something that is kept. SPDX-License-Identifier: MIT */
#include <assert.h>
#include <stdio.h>

#include "core/run/host_json.h"
#include "core/run/saved_internal.h"

static_assert(HOST_ASKED == SAVED_ASKED && HOST_KEPT == SAVED_KEPT,
              "flags are set by saved.c");

static uint32_t next(const struct iface *iface, uint32_t *cursor)
{
    return hosts_next(&iface->hosts, cursor);
}

static void identify(const struct iface *iface, uint32_t index,
                     struct saved_id *id)
{
    const struct host *host = hosts_at(&iface->hosts, index);

    id->addr = host->addr;
    id->vlan = host->vlan;
}

static uint32_t find(const struct iface *iface, const struct saved_id *id)
{
    return hosts_find(&iface->hosts, &id->addr, id->vlan);
}

static void label(const struct saved_id *id, char text[SAVED_LABEL_SIZE])
{
    char addr[ADDR_TEXT_SIZE];

    snprintf(text, SAVED_LABEL_SIZE, "%s@%u", addr_format(&id->addr, addr),
             id->vlan);
}

static enum saved_choice choose(const struct iface *iface, uint32_t index)
{
    uint8_t flags = hosts_at(&iface->hosts, index)->flags;

    if ((flags & (HOST_BROADCAST | HOST_MULTICAST)) != 0)
        return SAVED_NEVER;
    return (flags & (HOST_LOCAL | HOST_SYSTEM)) != 0 ? SAVED_AS_LOCAL
                                                     : SAVED_AS_REMOTE;
}

static uint8_t *flags(const struct iface *iface, uint32_t index)
{
    return &hosts_at(&iface->hosts, index)->flags;
}

static void write(struct json *json, const struct iface *iface, uint32_t index)
{
    host_json_write(json, iface, hosts_at(&iface->hosts, index));
}

static bool restore(const struct iface *iface, uint32_t index, const char *text,
                    size_t len)
{
    return host_json_restore(iface, hosts_at(&iface->hosts, index), text, len);
}

const struct saved_kind *saved_hosts(void)
{
    static const struct saved_kind kind = {
        .key = "ntopng.serialized_hosts",
        .next = next,
        .identify = identify,
        .find = find,
        .label = label,
        .choose = choose,
        .flags = flags,
        .write = write,
        .restore = restore,
    };

    return &kind;
}
