/* iface_sums: an interface's counters, taken together.
 * SPDX-License-Identifier: MIT */
#ifndef KELVIN_MODEL_IFACE_SUMS_H
#define KELVIN_MODEL_IFACE_SUMS_H

#include "core/model/iface.h"

/* What earlier runs have counted, as far as it is kept: counters.all, l3,
 * classes, arp, locality, trouble, flows and the apps' traffic, flows and
 * duration. */
struct iface_past {
    struct iface_counters counters;
    struct iface_app apps[DPI_APPS];
    uint32_t since_s; /* of the first of them; 0: not known */
};

/* Take in what earlier runs have counted; it is copied. */
void iface_remember(struct iface *iface, const struct iface_past *past);

/* All that was counted, by this run and earlier ones; of `past` members that
 * are not kept this run's alone. */
void iface_sum(const struct iface *iface, struct iface_counters *out);
void iface_sum_app(const struct iface *iface, uint16_t app,
                   struct iface_app *out);

/* Add what others counted to counters. */
void iface_add(struct iface_counters *to, const struct iface_counters *more);
void iface_add_app(struct iface_app *to, const struct iface_app *more);

/* Frames whose headers could not be believed, all reasons. */
uint64_t iface_malformed(const struct iface *iface);

#endif
