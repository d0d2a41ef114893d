/* network: which addresses are local. SPDX-License-Identifier: MIT */
#include "core/model/network.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/util/mem.h"

#define V4_BITS 96 /* of the mapped form before the IPv4 address */
#define V4_BROADCAST_BITS (V4_BITS + 30)

struct network {
    struct addr first;
    struct addr last;
    unsigned bits; /* of the 128, whatever the family */
    char text[NETWORK_TEXT_SIZE];
};

/* From `start` on, up to the next edge, addresses are of this network. */
struct edge {
    struct addr start;
    int owner; /* -1: none */
};

/* Addresses in order. */
struct addr_set {
    struct addr *addrs;
    size_t count;
};

/*
 * Networks are nested or disjoint, so they cut the line of all addresses
 * into at most 2n + 1 pieces, each with one longest network: a look-up is one
 * bisection, however the networks lie.
 */
struct networks {
    int count;
    int edge_count;
    struct network networks[NETWORKS_MAX];
    uint8_t order[NETWORKS_MAX]; /* by first address, outer before inner */
    struct edge edges[2 * NETWORKS_MAX];
    struct addr_set own;
    struct addr_set broadcast;
};

struct networks *network_new(void)
{
    return mem_calloc(1, sizeof(struct networks));
}

void network_free(struct networks *networks)
{
    if (!networks)
        return;
    free(networks->own.addrs);
    free(networks->broadcast.addrs);
    free(networks);
}

/* Set the bits behind the first `bits` to all zeros or all ones. */
static struct addr addr_filled(struct addr addr, unsigned bits, bool ones)
{
    for (unsigned i = 0; i < 16; i++) {
        unsigned kept = bits <= 8 * i ? 0 : bits - 8 * i;
        uint8_t rest = kept >= 8 ? 0 : (uint8_t)(0xff >> kept);

        if (ones)
            addr.bytes[i] |= rest;
        else
            addr.bytes[i] &= (uint8_t)~rest;
    }
    return addr;
}

/* Go to the following address; @return false after the very last. */
static bool addr_increment(struct addr *addr)
{
    for (int i = 15; i >= 0; i--)
        if (++addr->bytes[i] != 0)
            return true;
    return false;
}

/* A later edge at the same address is of a longer network, or of what is
 * around several that end together: it decides. */
static void edge_put(struct networks *networks, struct addr start, int owner)
{
    int last = networks->edge_count - 1;

    if (last >= 0 && addr_equal(&networks->edges[last].start, &start))
        networks->edges[last].owner = owner;
    else
        networks->edges[networks->edge_count++] = (struct edge){start, owner};
}

/* The network that `open` networks deep ends: what is around it goes on. */
static void edge_close(struct networks *networks, const int *stack, int open)
{
    struct addr next = networks->networks[stack[open - 1]].last;

    if (addr_increment(&next))
        edge_put(networks, next, open > 1 ? stack[open - 2] : -1);
}

/* Walk over the networks by first address, the open ones on a stack. */
static void edges_build(struct networks *networks)
{
    int stack[NETWORKS_MAX], open = 0;

    networks->edge_count = 0;
    for (int i = 0; i < networks->count; i++) {
        int index = networks->order[i];
        const struct network *network = &networks->networks[index];

        for (; open > 0; open--) {
            int top = stack[open - 1];

            if (addr_compare(&networks->networks[top].last, &network->first) >=
                0)
                break;
            edge_close(networks, stack, open);
        }
        edge_put(networks, network->first, index);
        stack[open++] = index;
    }
    for (; open > 0; open--)
        edge_close(networks, stack, open);
}

static bool network_before(const struct network *a, const struct network *b)
{
    int order = addr_compare(&a->first, &b->first);

    return order < 0 || (order == 0 && a->bits < b->bits);
}

static void order_insert(struct networks *networks, int index)
{
    int at = index;

    while (at > 0 &&
           network_before(&networks->networks[index],
                          &networks->networks[networks->order[at - 1]])) {
        networks->order[at] = networks->order[at - 1];
        at--;
    }
    networks->order[at] = (uint8_t)index;
}

int network_add(struct networks *networks, const struct addr *addr,
                unsigned prefix)
{
    unsigned before = addr_is_v4(addr) ? V4_BITS : 0;
    struct network network = {.bits = prefix + before};
    char text[ADDR_TEXT_SIZE];

    if (prefix > 128 - before)
        return -1;
    network.first = addr_filled(*addr, network.bits, false);
    network.last = addr_filled(*addr, network.bits, true);
    for (int i = 0; i < networks->count; i++)
        if (networks->networks[i].bits == network.bits &&
            addr_equal(&networks->networks[i].first, &network.first))
            return i;
    if (networks->count == NETWORKS_MAX)
        return -1;
    snprintf(network.text, sizeof(network.text), "%s/%u",
             addr_format(&network.first, text), prefix);
    networks->networks[networks->count] = network;
    order_insert(networks, networks->count);
    networks->count++;
    edges_build(networks);
    return networks->count - 1;
}

/* Forget the networks from `count` on. */
static void networks_cut(struct networks *networks, int count)
{
    int kept = 0;

    for (int i = 0; i < networks->count; i++)
        if (networks->order[i] < count)
            networks->order[kept++] = networks->order[i];
    networks->count = count;
    edges_build(networks);
}

/* "24" or, for IPv4, "255.255.255.0". */
static bool prefix_parse(const char *text, const struct addr *addr,
                         unsigned *prefix)
{
    struct addr mask, whole;
    char *end;
    unsigned long value;

    if (addr_is_v4(addr) && addr_parse(text, &mask) && addr_is_v4(&mask)) {
        for (*prefix = 0; *prefix <= 32; ++*prefix) {
            whole = addr_filled(mask, V4_BITS, true);
            whole = addr_filled(whole, V4_BITS + *prefix, false);
            if (addr_equal(&mask, &whole))
                return true;
        }
        return false;
    }
    if (!isdigit((unsigned char)text[0]))
        return false;
    value = strtoul(text, &end, 10);
    *prefix = (unsigned)value;
    return *end == '\0' && value <= (addr_is_v4(addr) ? 32 : 128);
}

/* One item without blanks around it, which it may change.
 * @return NULL, or what is wrong with it. */
static const char *item_parse(struct networks *networks, char *item)
{
    char *slash = strchr(item, '/');
    unsigned prefix;
    struct addr addr;

    if (slash)
        *slash = '\0';
    if (!addr_parse(item, &addr))
        return "is not an IP address";
    prefix = addr_is_v4(&addr) ? 32 : 128;
    if (slash && !prefix_parse(slash + 1, &addr, &prefix))
        return "has no such prefix length";
    if (network_add(networks, &addr, prefix) < 0)
        return "is one network too many";
    return NULL;
}

bool network_parse(struct networks *networks, const char *list, char *error,
                   size_t error_size)
{
    static const char around[] = " \t\"";
    int before = networks->count;

    for (;;) {
        size_t len, item_len;
        char item[2 * NETWORK_TEXT_SIZE];
        const char *problem = "is too long";

        list += strspn(list, around);
        len = item_len = strcspn(list, ",");
        while (item_len > 0 && strchr(around, list[item_len - 1]))
            item_len--;
        if (item_len < sizeof(item)) {
            memcpy(item, list, item_len);
            item[item_len] = '\0';
            problem = item_len > 0 ? item_parse(networks, item) : NULL;
        }
        if (problem) {
            snprintf(error, error_size, "network \"%.*s\" %s",
                     (int)(item_len < 64 ? item_len : 64), list, problem);
            networks_cut(networks, before);
            return false;
        }
        if (list[len] == '\0')
            return true;
        list += len + 1;
    }
}

void network_add_private(struct networks *networks)
{
    static const struct {
        const char *addr;
        unsigned prefix;
    } ranges[] = {
        {"10.0.0.0", 8},    {"172.16.0.0", 12},  {"192.168.0.0", 16},
        {"100.64.0.0", 10}, {"169.254.0.0", 16}, {"127.0.0.0", 8},
        {"fc00::", 7},      {"fe80::", 10},      {"::1", 128},
    };

    for (size_t i = 0; i < sizeof(ranges) / sizeof(*ranges); i++) {
        struct addr addr;

        if (addr_parse(ranges[i].addr, &addr))
            network_add(networks, &addr, ranges[i].prefix);
    }
}

/* Where the address is in the set, or where it would be. */
static size_t set_seek(const struct addr_set *set, const struct addr *addr)
{
    size_t low = 0, high = set->count;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (addr_compare(&set->addrs[middle], addr) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool set_has(const struct addr_set *set, const struct addr *addr)
{
    size_t at = set_seek(set, addr);

    return at < set->count && addr_equal(&set->addrs[at], addr);
}

static void set_add(struct addr_set *set, const struct addr *addr)
{
    size_t at = set_seek(set, addr);

    if (set_has(set, addr))
        return;
    set->addrs = mem_realloc(set->addrs, set->count + 1, sizeof(*set->addrs));
    memmove(set->addrs + at + 1, set->addrs + at,
            (set->count - at) * sizeof(*set->addrs));
    set->addrs[at] = *addr;
    set->count++;
}

void network_add_own(struct networks *networks, const struct addr *addr)
{
    set_add(&networks->own, addr);
}

void network_add_broadcast(struct networks *networks, const struct addr *addr)
{
    set_add(&networks->broadcast, addr);
}

int network_count(const struct networks *networks)
{
    return networks->count;
}

const char *network_text(const struct networks *networks, int index)
{
    return networks->networks[index].text;
}

int network_find(const struct networks *networks, const struct addr *addr)
{
    int low = 0, high = networks->edge_count;

    while (low < high) {
        int middle = (low + high) / 2;

        if (addr_compare(&networks->edges[middle].start, addr) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low > 0 ? networks->edges[low - 1].owner : -1;
}

bool network_is_own(const struct networks *networks, const struct addr *addr)
{
    return set_has(&networks->own, addr);
}

bool network_is_broadcast(const struct networks *networks,
                          const struct addr *addr)
{
    const struct network *network;
    int index;

    if (!addr_is_v4(addr))
        return false;
    if (addr_is_broadcast(addr) || set_has(&networks->broadcast, addr))
        return true;
    /* The last address of an outer network is the last of every inner one
     * that has it. */
    index = network_find(networks, addr);
    if (index < 0)
        return false;
    network = &networks->networks[index];
    return network->bits >= V4_BITS && network->bits <= V4_BROADCAST_BITS &&
           addr_equal(&network->last, addr);
}
