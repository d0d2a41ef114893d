/* transport: TCP, UDP and their kin. SPDX-License-Identifier: MIT */
#ifndef KELVIN_PACKET_TRANSPORT_H
#define KELVIN_PACKET_TRANSPORT_H

#include "core/packet/walk.h"

/*
 * Decode what an IP header carries, and go into tunnels, whose insides take
 * the place of what was found. `in` ends where the IP packet does.
 * @return the size of the transport header, as it says or at least, or 0 for
 * protocols that are known by number only.
 */
uint32_t transport_decode(struct walk *walk, uint8_t proto, struct span in);

/* The least size of this protocol's header, 0 for those known by number. */
uint32_t transport_header_min(uint8_t proto);

/* packet->tcp.window_scale of a segment without that option. */
#define TCP_SCALE_NONE 0xff

/* Forget transport header and payload of a packet. */
void transport_clear(struct packet *packet);

#endif
