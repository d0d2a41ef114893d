/* kept_json: what all that is kept has in common. SPDX-License-Identifier: MIT
 */
#ifndef KELVIN_RUN_KEPT_JSON_H
#define KELVIN_RUN_KEPT_JSON_H

#include "core/model/counters.h"
#include "core/packet/dpi.h"
#include "core/util/json.h"

/* Of the form, "v"; ntopng's entries have none and are read too. */
#define KEPT_VERSION 1

/* "sent" or "rcvd". */
const char *kept_way(enum way way);

/* Write one member of a map; kept_put_some() leaves zero out. */
void kept_put_uint(struct json *json, const char *key, uint64_t number);
void kept_put_some(struct json *json, const char *key, uint64_t number);
void kept_put_text(struct json *json, const char *key, const char *text);
void kept_put_traffic(struct json *json, const char *key,
                      const struct traffic *traffic);

/* The member of one application in "ndpiStats". */
struct kept_app {
    struct traffic traffic[WAYS];
    uint64_t duration_s;
    uint64_t flows;
};

void kept_put_app(struct json *json, const struct dpi *dpi, uint16_t id,
                  const struct kept_app *app);

/* @return false when it is of another version. */
bool kept_has_version(const struct json_value *root);

/* What is missing or no count is 0. A count is less than 2^60, so that sums
 * do not wrap. */
uint64_t kept_get_count(const struct json_value *map, const char *key);
struct traffic kept_get_traffic(const struct json_value *map, const char *key);

/* Call take() for each application of the map that this nDPI knows. */
void kept_get_apps(const struct json_value *apps, const struct dpi *dpi,
                   void (*take)(void *arg, uint16_t id,
                                const struct kept_app *app),
                   void *arg);

#endif
