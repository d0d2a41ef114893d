/* host_json: a host as it is kept over a restart. SPDX-License-Identifier: MIT
 */
#ifndef KELVIN_RUN_HOST_JSON_H
#define KELVIN_RUN_HOST_JSON_H

#include "core/model/engine.h"
#include "core/util/json.h"

/*
 * The form is that of ntopng 3.0's `ntopng.serialized_hosts`: keys with dots
 * in them, counters without those that are zero. kelvin adds "v", the version,
 * and where a name comes from, the day's activity and the registers of the
 * contacts estimate; ntopng's own entries lack these and are read too.
 */
/* Write one map. The host is of this interface. */
void host_json_write(struct json *json, const struct iface *iface,
                     const struct host *host);

/*
 * Add what a text keeps to the host, which may have counted anew meanwhile.
 * @return false, and nothing is added, when the text is not such a map, is of
 * another version, or of another address.
 */
bool host_json_restore(const struct iface *iface, struct host *host,
                       const char *text, size_t len);

#endif
