/* l4: names of IP protocols. SPDX-License-Identifier: MIT */
#ifndef KELVIN_PACKET_L4_H
#define KELVIN_PACKET_L4_H

#include <stdint.h>

#define L4_NAME_SIZE 12

/* "TCP", "UDP", "ICMP" ...; the number of one that has no name here.
 * @return `text` or a constant. */
const char *l4_name(uint8_t l4_proto, char text[L4_NAME_SIZE]);

/* The number by name, in any case, or by the number itself; -1: neither. */
int l4_number(const char *name);

#endif
