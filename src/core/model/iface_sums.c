/* iface_sums: an interface's counters, taken together.
 * SPDX-License-Identifier: MIT */
#include "core/model/iface_sums.h"

#include <assert.h>
#include <string.h>

#include "core/util/mem.h"

/* Counters are nothing else. */
static_assert(sizeof(struct iface_counters) % sizeof(uint64_t) == 0,
              "of 64 bits each");
#define COUNTERS (sizeof(struct iface_counters) / sizeof(uint64_t))

void iface_add(struct iface_counters *to, const struct iface_counters *more)
{
    uint64_t sum[COUNTERS];
    uint64_t part[COUNTERS];

    memcpy(sum, to, sizeof(sum));
    memcpy(part, more, sizeof(part));
    for (size_t i = 0; i < COUNTERS; i++)
        sum[i] += part[i];
    memcpy(to, sum, sizeof(sum));
}

void iface_add_app(struct iface_app *to, const struct iface_app *more)
{
    for (enum way way = 0; way < WAYS; way++) {
        to->traffic[way].packets += more->traffic[way].packets;
        to->traffic[way].bytes += more->traffic[way].bytes;
    }
    to->flows += more->flows;
    to->duration_s += more->duration_s;
}

void iface_remember(struct iface *iface, const struct iface_past *past)
{
    if (iface->past == NULL)
        iface->past = mem_alloc(sizeof(*iface->past));
    *iface->past = *past;
}

void iface_sum(const struct iface *iface, struct iface_counters *out)
{
    *out = iface->counters;
    if (iface->past != NULL)
        iface_add(out, &iface->past->counters);
}

void iface_sum_app(const struct iface *iface, uint16_t app,
                   struct iface_app *out)
{
    *out = iface->apps[app];
    if (iface->past != NULL)
        iface_add_app(out, &iface->past->apps[app]);
}

uint64_t iface_malformed(const struct iface *iface)
{
    uint64_t sum = 0;

    for (unsigned reason = 1; reason < MALFORMED_COUNT; reason++)
        sum += iface->counters.malformed[reason];
    return sum;
}
