/* netif: the interfaces of this machine. SPDX-License-Identifier: MIT */
#ifndef KELVIN_RUN_NETIF_H
#define KELVIN_RUN_NETIF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/packet/addr.h"

#define NETIF_NAME_SIZE 16 /* IFNAMSIZ, with the NUL */

/* One address of an interface and the network that it is in. */
struct netif_addr {
    char name[NETIF_NAME_SIZE];
    struct addr addr;
    uint8_t prefix; /* bits; 0..32 for IPv4, 0..128 for IPv6 */
};

/* What the kernel tells about an interface. */
struct netif_info {
    uint32_t index;
    uint32_t mtu;        /* bytes; 0: not known */
    uint32_t speed_mbit; /* megabits a second; 0: not known, or virtual */
    bool up;             /* switched on by the administrator, IFF_UP */
    bool running;        /* and has a carrier, IFF_RUNNING */
    bool loopback;
    uint8_t mac[MAC_SIZE]; /* zero when it has none */
};

/* Look an interface up now. @return false when there is none of that name. */
bool netif_query(const char *name, struct netif_info *info);

/*
 * The interface of the default route with the lowest metric, IPv4 before
 * IPv6. @return false, and an empty name, when there is no default route.
 */
bool netif_default(char name[NETIF_NAME_SIZE]);

/*
 * All IPv4 and IPv6 addresses of the interface `name`, or of all interfaces
 * when it is NULL, in the kernel's order. Give `*list` to free().
 * @return their number, or -1 with errno set.
 */
int netif_addrs(const char *name, struct netif_addr **list);

/* The names of all interfaces, separated by ", ", cut to `size` bytes with
 * the NUL; @return text. */
const char *netif_names(char *text, size_t size);

/*
 * The same, from the text of a routing table: /proc/net/route for IPv4 and
 * /proc/net/ipv6_route for IPv6. @return the metric, or -1 when there is no
 * default route that is up.
 */
int64_t netif_default_v4(const char *text, char name[NETIF_NAME_SIZE]);
int64_t netif_default_v6(const char *text, char name[NETIF_NAME_SIZE]);

#endif
