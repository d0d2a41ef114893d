/* services: names of ports. SPDX-License-Identifier: MIT */
#ifndef KELVIN_RUN_SERVICES_H
#define KELVIN_RUN_SERVICES_H

#include <stdbool.h>
#include <stdint.h>

struct services;

/* Names as in a file like /etc/services. It is read at the first question; a
 * file that is missing knows nothing. */
struct services *services_new(const char *path);
void services_free(struct services *services); /* NULL is fine */

/* "http" for 80 of TCP; the first name of the file. NULL: it has none. The
 * text lives as long as `services`. */
const char *services_find(struct services *services, uint16_t port,
                          bool is_udp);

#endif
