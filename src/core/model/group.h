/* group: hosts by AS, country, VLAN or OS. SPDX-License-Identifier: MIT */
#ifndef KELVIN_MODEL_GROUP_H
#define KELVIN_MODEL_GROUP_H

#include <stdint.h>

#include "core/model/counters.h"
#include "core/util/list.h"

enum group_kind { GROUP_AS, GROUP_COUNTRY, GROUP_VLAN, GROUP_OS, GROUP_KINDS };

struct group {
    uint8_t kind; /* enum group_kind */
    uint32_t id;  /* AS number, two letters as number, VLAN id, OS name hash */
    uint32_t hash;
    struct list_link idle; /* on the idle list while it has no hosts */
    struct traffic traffic[WAYS];
    struct rate rate;
    uint32_t hosts;
    uint32_t first_s;
    uint32_t last_s;
    char continent[3]; /* of a country: AF AN AS EU NA OC SA; "" unknown */
    char name[64];     /* AS name, country code, VLAN number, OS name */
};

#endif
