/* alert_engaged: alerts that are on, of an interface. SPDX-License-Identifier:
 * MIT */
#ifndef KELVIN_RUN_ALERT_ENGAGED_H
#define KELVIN_RUN_ALERT_ENGAGED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/run/alert_row.h"
#include "core/util/json.h"

/* So many at once, and of one host, network, device. */
#define ALERT_ENGAGED_MAX 2048
#define ALERT_ENGAGED_OF_ENTITY 64

/* Which alert it is; texts are limited, longer ones are refused. */
#define ALERT_VALUE_MAX 128
#define ALERT_ID_MAX 64

/* How often who engages it looks: min, 5mins, hour, day. */
enum alert_engine { ALERT_ENGINES = 4 };

/* An alert as it is raised. Texts may come from anywhere. */
struct alert_spec {
    int engine; /* 0 .. ALERT_ENGINES - 1 */
    enum alert_entity entity;
    const char *value;  /* which one: "10.0.0.1@0", "10.0.0.0/8", "iface_0" */
    const char *id;     /* which alert of that one */
    int type;           /* enum alert_type, or a number of a script's */
    int severity;       /* enum alert_severity */
    const char *text;   /* for people */
    const char *origin; /* who causes it, NULL: nobody known */
    const char *target; /* who suffers */
    int64_t when_s;
};

struct alert_item {
    struct alert_item *prev; /* older */
    struct alert_item *next; /* younger */
    struct alert_item *chain;
    uint32_t hash;
    int engine;
    int entity;
    int type;
    int severity;
    int64_t when_s;
    int64_t gone_us; /* of an earlier run: over unless engaged until then, by
                        the loop's clock; 0: of this run */
    const char *key; /* "engine|entity|value|id"; all in `texts` */
    const char *value;
    const char *id;
    const char *text;
    const char *origin;
    const char *target;
    char texts[];
};

#define ALERT_BUCKETS 1024

struct alert_engaged {
    struct alert_item *oldest;
    struct alert_item *youngest;
    struct alert_item *buckets[ALERT_BUCKETS];
    uint32_t seed;
    uint32_t count;
};

/* An empty set; zeroed memory is one, but for its secret. */
void alert_engaged_init(struct alert_engaged *engaged, uint32_t seed);
void alert_engaged_clear(struct alert_engaged *engaged);

/* Whether the spec is one: its texts are not too long, its numbers in range. */
bool alert_spec_is_good(const struct alert_spec *spec);

struct alert_item *alert_engaged_find(const struct alert_engaged *engaged,
                                      const struct alert_spec *spec);

/* One that is not in it. @return NULL: no room. */
struct alert_item *alert_engaged_add(struct alert_engaged *engaged,
                                     const struct alert_spec *spec);
void alert_engaged_remove(struct alert_engaged *engaged,
                          struct alert_item *item);

/* How many there are of one host, network ... */
uint32_t alert_engaged_of(const struct alert_engaged *engaged, int entity,
                          const char *value);

/* The row; `is_closed` with the columns of a closed one that ended then. */
void alert_item_row(const struct alert_item *item, struct alert_row *row);
void alert_item_closed_row(const struct alert_item *item, int64_t end_s,
                           struct alert_row *row);

/* The value of the Redis hash: the columns as a JSON map. */
void alert_item_write(const struct alert_item *item, struct json *json);

/* Read one. Its texts are valid as long as `value`.
 * @return false: this is no alert that would be stored under this key. */
bool alert_spec_read(struct alert_spec *spec, const struct json_value *value,
                     const char *key);

#endif
