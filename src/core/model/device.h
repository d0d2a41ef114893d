/* device: one MAC address. SPDX-License-Identifier: MIT */
#ifndef KELVIN_MODEL_DEVICE_H
#define KELVIN_MODEL_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/model/counters.h"
#include "core/packet/addr.h"
#include "core/util/list.h"

/* What is kept over a restart; the values are those of hosts. */
enum device_flag {
    DEVICE_ASKED = 0x40, /* what an earlier run kept of it is asked for */
    DEVICE_KEPT = 0x80,  /* its numbers include that, if there was any */
};

struct device {
    uint8_t mac[MAC_SIZE];
    uint16_t vlan;
    uint32_t hash;
    struct list_link idle; /* on the idle list while nobody holds it */
    struct traffic traffic[WAYS];
    struct rate rate;
    uint32_t arp_requests[WAYS];
    uint32_t arp_replies[WAYS];
    uint32_t first_s;
    uint32_t last_s;
    uint32_t holds;  /* flows and hosts that keep its index */
    uint32_t hosts;  /* hosts that have it as their MAC now */
    bool is_source;  /* it was seen sending */
    uint8_t flags;   /* enum device_flag */
    struct addr ip;  /* last address it used */
    char vendor[32]; /* "" unknown; cut to fit */
};

#endif
