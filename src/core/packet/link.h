/* link: the link layers of captures. SPDX-License-Identifier: MIT */
#ifndef KELVIN_PACKET_LINK_H
#define KELVIN_PACKET_LINK_H

#include "core/packet/walk.h"

/*
 * Link types by their LINKTYPE_ numbers in capture files. The DLT_ numbers
 * that libpcap gives equal them on Linux, but for raw IP, which is 12 there
 * and 14 on OpenBSD.
 */
enum link_type {
    LINK_NULL = 0,
    LINK_ETHERNET = 1,
    LINK_PPP = 9,
    LINK_RAW_DLT = 12,
    LINK_RAW_OPENBSD = 14,
    LINK_PPP_SERIAL = 50,
    LINK_PPP_ETHER = 51,
    LINK_RAW = 101,
    LINK_CISCO_HDLC = 104,
    LINK_IEEE80211 = 105,
    LINK_LOOP = 108,
    LINK_SLL = 113,
    LINK_RADIOTAP = 127,
    LINK_IPV4 = 228,
    LINK_IPV6 = 229,
    LINK_NFLOG = 239,
    LINK_SLL2 = 276,
};

struct link {
    enum link_type type;
    bool (*decode)(struct walk *walk, struct span in);
};

/* @return how frames of this link type are decoded, or NULL. */
const struct link *link_find(int type);

#endif
