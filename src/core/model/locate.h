/* locate: where a host is, who made it. SPDX-License-Identifier: MIT */
#ifndef KELVIN_MODEL_LOCATE_H
#define KELVIN_MODEL_LOCATE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/packet/addr.h"

#define GEO_CITY_SIZE 64
#define GEO_AS_NAME_SIZE 96

/* What is not known is zero or "". Texts are valid UTF-8, cut to fit. */
struct geo_info {
    char country[3];   /* ISO 3166-1 alpha-2, upper case */
    char continent[3]; /* AF AN AS EU NA OC SA */
    bool has_location;
    uint32_t asn;
    double latitude; /* degrees, north and east positive */
    double longitude;
    char city[GEO_CITY_SIZE];
    char as_name[GEO_AS_NAME_SIZE];
};

/*
 * The model's way to ask about new hosts and devices without knowing the
 * files behind. Both functions answer at once, from memory-mapped files, and
 * may be NULL.
 */
struct locator {
    /* Fill `out` wholly. @return false when nothing is known. */
    bool (*locate)(void *arg, const struct addr *addr, struct geo_info *out);
    /* The maker of a network card, or NULL; valid until the next call. */
    const char *(*vendor)(void *arg, const uint8_t mac[MAC_SIZE]);
    void *arg;
};

#endif
