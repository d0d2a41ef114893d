/* alerts_internal: what the alerts*.c share. SPDX-License-Identifier: MIT */
#ifndef KELVIN_RUN_ALERTS_INTERNAL_H
#define KELVIN_RUN_ALERTS_INTERNAL_H

#include "core/run/alerts.h"
#include "core/run/syslogger.h"

#define ALERT_KEY_SIZE 64

/* The last rows, packed. */
struct alert_ring {
    char *rows[ALERT_RING];
    uint32_t count; /* ever put in */
};

/* One interface's. */
struct alert_place {
    struct alerts *alerts;
    const struct iface *iface;
    struct alert_engaged engaged;
    struct alert_ring *rings[2]; /* closed, flows; NULL: empty */
    bool has_stored;
    bool is_restored;
    struct store_call *restoring;
    struct store_call *counting[2];
    char **suppressed; /* entities, sorted */
    size_t suppressed_count;
};

/* So many at once, and so many a second. */
struct alert_allowance {
    double left;
    int64_t filled_us;
};

struct alerts {
    struct observer observer;
    struct alerts_config config;
    struct alert_place *places; /* by iface->id */
    uint16_t places_count;
    struct loop_source *timer;
    struct syslogger *syslogger;
    struct json *json;
    bool has_begun;
    bool is_paused; /* by a script */
    struct alert_allowance closed_allowance;
    struct alert_allowance flow_allowance;
    struct alert_allowance line_allowance;
    struct alerts_counters counters;
    void (*listener)(void *arg, const struct alert_news *news);
    void *listener_arg;
};

/* "ntopng.alerts.ifid_ID.closed"; "flows", "engaged". */
const char *alert_key(char key[ALERT_KEY_SIZE], const struct alert_place *place,
                      const char *what);

/* Put a row of a past alert where these are kept. */
void alert_keep(struct alert_place *place, enum alert_table table,
                const struct alert_row *row);

/* Have an engaged one in the hash, or not any more. */
void alert_keep_engaged(struct alert_place *place,
                        const struct alert_item *item);
void alert_drop_engaged(struct alert_place *place,
                        const struct alert_item *item);

/* Redis is there: what was kept in memory goes there, what is there is
 * restored. */
void alert_keep_begin(struct alert_place *place);
void alert_keep_end(struct alert_place *place);

/* Take in one of an earlier run. */
void alert_restore(struct alert_place *place, const struct alert_spec *spec);

/* The age-th youngest row of a ring; NULL: no more. */
const char *alert_ring_at(const struct alert_ring *ring, uint32_t age);

bool alert_is_suppressed(const struct alert_place *place, const char *value);
void alert_suppress(struct alert_place *place, const char *const *values,
                    size_t count);

#endif
