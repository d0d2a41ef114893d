/* vendor: makers of network cards. SPDX-License-Identifier: MIT */
#ifndef KELVIN_RUN_VENDOR_H
#define KELVIN_RUN_VENDOR_H

#include <stddef.h>
#include <stdint.h>

#include "core/packet/addr.h"

#define VENDOR_TEXT_SIZE 96

struct vendor;

/*
 * Map a file made by conf/oui2tsv.sh: lines "AABBCC\tName", prefixes of 6, 7
 * or 9 hex digits, sorted bytewise. Nothing is read before the first search.
 * @return NULL with errno set when it cannot be mapped.
 */
struct vendor *vendor_open(const char *path);
void vendor_close(struct vendor *vendor); /* NULL is fine */

/*
 * The maker of a card by the longest prefix of its address, or NULL: not
 * assigned, "Private", or locally administered as randomised addresses are.
 * The text is valid UTF-8, and valid until the next call.
 */
const char *vendor_find(struct vendor *vendor, const uint8_t mac[MAC_SIZE]);

#endif
