/* ip: IPv4 and IPv6 headers. SPDX-License-Identifier: MIT */
#ifndef KELVIN_PACKET_IP_H
#define KELVIN_PACKET_IP_H

#include "core/packet/walk.h"

/* An IPv4 packet (RFC 791), with options and fragments. */
bool ip4_decode(struct walk *walk, struct span in);

/* An IPv6 packet (RFC 8200), with its extension headers and fragments. */
bool ip6_decode(struct walk *walk, struct span in);

/* Either, as its version says. */
bool ip_decode(struct walk *walk, struct span in);

#endif
