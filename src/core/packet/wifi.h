/* wifi: IEEE 802.11 data frames. SPDX-License-Identifier: MIT */
#ifndef KELVIN_PACKET_WIFI_H
#define KELVIN_PACKET_WIFI_H

#include "core/packet/walk.h"

/* A frame from its frame control on. Management, control and encrypted
 * frames have no payload for us, but are not malformed. */
bool wifi_decode(struct walk *walk, struct span in);

/* The same behind a radiotap header (radiotap.org). */
bool radiotap_decode(struct walk *walk, struct span in);

/* The same as access points send it in CAPWAP: many of them with the two
 * bytes of the frame control swapped. */
bool wifi_capwap_decode(struct walk *walk, struct span in);

#endif
