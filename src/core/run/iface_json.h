/* iface_json: an interface's totals as they are kept.
 * SPDX-License-Identifier: MIT */
#ifndef KELVIN_RUN_IFACE_JSON_H
#define KELVIN_RUN_IFACE_JSON_H

#include "core/model/engine.h"
#include "core/model/iface_sums.h"
#include "core/util/json.h"

/* One map, with the names that interface.getStats() has: "v", "name", "since"
 * and what struct iface_past says. ntopng keeps nothing of the kind. */
void iface_json_write(struct json *json, const struct iface *iface,
                      const struct iface_past *totals);

/* @return false when a text is not such a map or of another version. */
bool iface_json_read(const struct iface *iface, const char *text, size_t len,
                     struct iface_past *totals);

#endif
