/* spool: records that wait on disk. SPDX-License-Identifier: MIT */
#ifndef KELVIN_EXPORT_SPOOL_H
#define KELVIN_EXPORT_SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/util/strbuf.h"
#include "export/sink.h"
#include "export/syncer.h"

/*
 * A directory of segments, files that are only appended to, named by the
 * number of their first record. Each record has a number, one more than that
 * before, so that what is missing is known exactly; and a checksum, so that
 * what a crash, a bad disk or a stranger left is not taken for a record.
 *
 *   spool = spool_open(&config, error);   what an earlier run left is there
 *   spool_append(spool, frames, len, count);
 *   spool_read(spool, from, records, max);
 *   spool_release(spool, until);          they have arrived
 *   spool_sync(spool);                    each second
 *   spool_close(spool);
 *
 * The records first .. next - 1 are there.
 */
struct spool;

struct spool_config {
    const char *directory; /* made when needed, in a directory that is there */
    uint64_t max_bytes;    /* the oldest segment goes when this is passed */
    struct syncer *syncer;
};

/*
 * Look at what is there; make nothing yet.
 * @return NULL with one line in the error: the directory cannot be used, or
 * another process does.
 */
struct spool *spool_open(const struct spool_config *config,
                         struct strbuf *error);
void spool_close(struct spool *spool); /* keeps all; NULL is fine */

uint64_t spool_first(const struct spool *spool);
uint64_t spool_next(const struct spool *spool);
uint64_t spool_bytes(const struct spool *spool);
uint32_t spool_when_s(struct spool *spool); /* the first one's; 0: none */

/*
 * Append `count` frames, whose checksums are not made yet; the first has the
 * number spool_next(), or any when the spool is empty. What is oldest makes
 * room: spool_first() may be another afterwards.
 * @return false when the disk refuses, which is logged once: nothing has
 * changed.
 */
bool spool_append(struct spool *spool, unsigned char *frames, size_t len,
                  uint64_t number, uint32_t count);

/*
 * Records from number `from` on, in order; valid until the next call. Fast
 * when `from` goes on where the last reading ended.
 * @return how many, 0 when the next one is damaged: spool_gap() tells.
 */
size_t spool_read(struct spool *spool, uint64_t from,
                  struct sink_record *records, size_t max);

/* After spool_read() gave none: the number of the first record from `from` on
 * that is whole, at most spool_next(). */
uint64_t spool_gap(struct spool *spool, uint64_t from);

/* Records before `until` are not needed any more. */
void spool_release(struct spool *spool, uint64_t until);

/* Remember on disk what was released, and begin to bring all to the disk. */
void spool_sync(struct spool *spool);

#endif
