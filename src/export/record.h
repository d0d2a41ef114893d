/* record: a flow as JSON. SPDX-License-Identifier: MIT */
#ifndef KELVIN_EXPORT_RECORD_H
#define KELVIN_EXPORT_RECORD_H

#include <stddef.h>

#include "core/model/engine.h"
#include "core/util/hash.h"

/*
 * Makes records of the flows of an engine, one at a time in memory that it
 * uses again.
 */
struct recorder;

/* `nonce` is random and of this run alone: it makes the FLOW_IDs different
 * from those of other runs. Not the engine's secret, which they would show.
 */
struct recorder *recorder_new(const struct engine *engine,
                              const struct hash_key *nonce);
void recorder_free(struct recorder *recorder); /* NULL is fine */

/*
 * The record of what a flow did since `mark`: one JSON object in one line,
 * without the newline, its keys those of fields_exported() in
 * field.h. FLOW_ID is
 * "<the flow, 16 hex digits>-<number of the record>": records of one flow
 * begin alike, and no two records are alike.
 * @return the text of `*len` bytes and a NUL, valid until the next call.
 */
const char *recorder_write(struct recorder *recorder, const struct iface *iface,
                           const struct flow *flow,
                           const struct flow_mark *mark, size_t *len);

#endif
