/* series_second: what each interface did in each second.
 * SPDX-License-Identifier: MIT */
#include "core/run/series_second.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/util/mem.h"

#define US INT64_C(1000000)
#define DAY_S INT64_C(86400)

struct series_second {
    struct series *series;
    const struct prefs *prefs;
    const struct store *store;
    struct observer observer;
};

static void record(const struct series_second *second,
                   const struct iface *iface, const char *name, int64_t now_us,
                   uint64_t value)
{
    const struct prefs *prefs = second->prefs;
    char file[64];
    char definition[256];
    struct series_point point = {
        .file = file,
        .definition = definition,
        .time_s = now_us / US,
        .since_s = iface->first_us / US,
        .count = 1,
        .values = {(int64_t)value},
    };

    snprintf(file, sizeof(file), "%" PRIu32 "/rrd/%s.rrd", iface->ifid, name);
    snprintf(definition, sizeof(definition),
             "-s 1 DS:%s:DERIVE:5:U:U RRA:AVERAGE:0.5:1:%" PRId64
             " RRA:AVERAGE:0.5:60:%" PRId64 " RRA:AVERAGE:0.5:3600:%" PRId64
             " RRA:AVERAGE:0.5:86400:%" PRId64,
             name, prefs_int(prefs, PREF_INTF_RRD_RAW_DAYS) * DAY_S,
             prefs_int(prefs, PREF_INTF_RRD_1MIN_DAYS) * 1440,
             prefs_int(prefs, PREF_INTF_RRD_1H_DAYS) * 24,
             prefs_int(prefs, PREF_INTF_RRD_1D_DAYS));
    series_record(second->series, &point);
}

static void on_tick(void *arg, const struct iface *iface, int64_t now_us)
{
    const struct series_second *second = arg;
    const struct iface_counters *counters = &iface->counters;

    if (series_state(second->series) == SERIES_OFF ||
        (!iface->has_ifid && store_state(second->store) != STORE_OFF))
        return;
    record(second, iface, "bytes", now_us, counters->all.bytes);
    record(second, iface, "packets", now_us, counters->all.packets);
    record(second, iface, "drops", now_us,
           counters->drops.kernel + counters->drops.interface);
}

struct series_second *series_second_new(struct series *series,
                                        const struct prefs *prefs,
                                        const struct store *store)
{
    struct series_second *second = mem_calloc(1, sizeof(*second));

    *second = (struct series_second){
        series, prefs, store, {.tick = on_tick, .arg = second}};
    return second;
}

void series_second_free(struct series_second *second)
{
    free(second);
}

const struct observer *
series_second_observer(const struct series_second *second)
{
    return &second->observer;
}
