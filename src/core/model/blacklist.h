/* blacklist: networks that are known to be bad. SPDX-License-Identifier: MIT */
#ifndef KELVIN_MODEL_BLACKLIST_H
#define KELVIN_MODEL_BLACKLIST_H

#include <stdbool.h>
#include <stddef.h>

#include "core/packet/addr.h"
#include "core/util/hash.h"

/*
 * A set of networks, of any number up to BLACKLIST_MAX; unlike those of
 * network.h they have no names and no order. Asking takes a look for each
 * length of a prefix that there is.
 */
struct blacklist;

#define BLACKLIST_MAX 131072

/* `key` is secret: lists come from elsewhere. */
struct blacklist *blacklist_new(const struct hash_key *key);
void blacklist_free(struct blacklist *list); /* NULL is fine */

/* Add "192.0.2.1", "192.0.2.0/24" or "2001:db8::/32"; host bits are cleared.
 * @return false: it is none, or the list is full. */
bool blacklist_add(struct blacklist *list, const char *text);

/* Whether a network of it has this address. NULL is an empty list. */
bool blacklist_has(const struct blacklist *list, const struct addr *addr);

size_t blacklist_count(const struct blacklist *list); /* of NULL: 0 */

#endif
