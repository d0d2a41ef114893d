/* ppp: PPP on lines and over Ethernet. SPDX-License-Identifier: MIT */
#ifndef KELVIN_PACKET_PPP_H
#define KELVIN_PACKET_PPP_H

#include "core/packet/walk.h"

/* A PPP frame (RFC 1661), with or without address and control (RFC 1662),
 * its protocol number compressed or not. */
bool ppp_decode(struct walk *walk, struct span in);

/* A frame of a synchronous line: PPP in HDLC (RFC 1662) or Cisco HDLC. */
bool ppp_serial_decode(struct walk *walk, struct span in);

/* A PPPoE session packet from its version on (RFC 2516). */
bool pppoe_decode(struct walk *walk, struct span in);

#endif
