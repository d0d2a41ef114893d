/* network: which addresses are local. SPDX-License-Identifier: MIT */
#ifndef KELVIN_MODEL_NETWORK_H
#define KELVIN_MODEL_NETWORK_H

#include <stdbool.h>
#include <stddef.h>

#include "core/packet/addr.h"

/* The networks of -m and of the interfaces together. */
#define NETWORKS_MAX 255
#define NETWORK_TEXT_SIZE (ADDR_TEXT_SIZE + 4) /* "2001:db8::/32" */

/*
 * Networks have an index in the order in which they were added, which stays.
 * Besides them it knows the addresses of this machine ("system hosts") and
 * of subnet broadcasts. Filled at start, asked for each new host.
 */
struct networks;

struct networks *network_new(void);
void network_free(struct networks *networks); /* NULL is fine */

/*
 * Add the networks of a list as -m takes it: CIDRs, or addresses that stand
 * for themselves alone, between commas; blanks and double quotes around it
 * are ignored. Host bits are cleared; a network that is there already is
 * not added again.
 * @return true; or false with a text in `error` that names the bad item, and
 * nothing of the list added.
 */
bool network_parse(struct networks *networks, const char *list, char *error,
                   size_t error_size);

/*
 * Add one network. `prefix` counts bits of the family as one writes it, 0 to
 * 32 for IPv4; host bits of `addr` are cleared.
 * @return its index, that of the equal network already there, or -1 when the
 * prefix is too long or there are NETWORKS_MAX already.
 */
int network_add(struct networks *networks, const struct addr *addr,
                unsigned prefix);

/* Add what nobody routes publicly: RFC 1918, 6598, 3927, 4193, loopback and
 * link-local. The default where no interface tells, as for files. */
void network_add_private(struct networks *networks);

/* An address of this machine. */
void network_add_own(struct networks *networks, const struct addr *addr);

/* A broadcast address of an interface's own subnet, for where -m is wider. */
void network_add_broadcast(struct networks *networks, const struct addr *addr);

int network_count(const struct networks *networks);

/* "192.168.1.0/24". The text lives as long as `networks`. */
const char *network_text(const struct networks *networks, int index);

/* The index of the longest network with this address, or -1: remote. */
int network_find(const struct networks *networks, const struct addr *addr);

/* True for the addresses given to network_add_own(). */
bool network_is_own(const struct networks *networks, const struct addr *addr);

/* True for 255.255.255.255, for the last address of a known IPv4 network of
 * up to 30 bits, and for what network_add_broadcast() was given. */
bool network_is_broadcast(const struct networks *networks,
                          const struct addr *addr);

#endif
