/* es_batch: records of one _bulk request. SPDX-License-Identifier: MIT */
#ifndef KELVIN_EXPORT_ES_BATCH_H
#define KELVIN_EXPORT_ES_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/util/strbuf.h"
#include "export/sink.h"

/* Records until each of them is in the index or refused for good. */
struct es_batch;

#define ES_BATCH_RECORDS 2000
#define ES_BATCH_BYTES (2u << 20)

struct es_batch *es_batch_new(void);
void es_batch_free(struct es_batch *batch); /* NULL is fine */
void es_batch_clear(struct es_batch *batch);

/* @return false: it is full. */
bool es_batch_add(struct es_batch *batch, const struct sink_record *record,
                  size_t max_records);

/* All in it, and those whose fate is open. */
size_t es_batch_count(const struct es_batch *batch);
size_t es_batch_open(const struct es_batch *batch);

/*
 * The body for those that are open.
 * @param index,type their names; `type` NULL: without.
 */
void es_batch_add_body(const struct es_batch *batch, const char *index,
                       const char *type, const char *field_type,
                       struct strbuf *out);

struct es_verdict {
    size_t indexed;
    size_t rejected;   /* the server will never take these */
    size_t postponed;  /* it has no time or room now: they stay open */
    char example[256]; /* of those that were not indexed */
};

/* Read the answer of 200 to that body. @return false: it is none. */
bool es_batch_judge(struct es_batch *batch, const char *answer, size_t len,
                    struct es_verdict *verdict);

/* The server does not take the only one that is open. */
void es_batch_reject(struct es_batch *batch);

#endif
