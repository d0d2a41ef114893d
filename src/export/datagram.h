/* datagram: records over UDP. SPDX-License-Identifier: MIT */
#ifndef KELVIN_EXPORT_DATAGRAM_H
#define KELVIN_EXPORT_DATAGRAM_H

#include <stdbool.h>
#include <stddef.h>

#include "export/finder.h"
#include "export/sink.h"

/*
 * Each record is one datagram that no router has to split: one that is larger
 * than the path takes is rejected. Nobody tells whether one arrives; while the
 * peer's host says that nobody listens, records wait, and one is tried every
 * second.
 */
struct datagram;

struct datagram *datagram_new(void);
void datagram_free(struct datagram *datagram); /* NULL is fine */

void datagram_start(struct datagram *datagram, struct finder *finder,
                    const struct sink_host *host);

/* One record, of two parts. @return false: not now. */
bool datagram_put(struct datagram *datagram, const char *head, size_t head_len,
                  const char *body, size_t body_len);

void datagram_acknowledge(struct datagram *datagram,
                          struct sink_status *status);

#endif
