/* gre: generic routing encapsulation. SPDX-License-Identifier: MIT */
#ifndef KELVIN_PACKET_GRE_H
#define KELVIN_PACKET_GRE_H

#include "core/packet/walk.h"

/* Enter a GRE packet of version 0 (RFC 1701, 2784, 2890; ERSPAN) or 1 (PPTP,
 * RFC 2637). What it cannot look into stays a GRE packet in walk->packet. */
void gre_decode(struct walk *walk, struct span in);

#endif
