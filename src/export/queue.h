/* queue: records between the exporter and one sink. SPDX-License-Identifier:
 * MIT */
#ifndef KELVIN_EXPORT_QUEUE_H
#define KELVIN_EXPORT_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "export/sink.h"
#include "export/spool.h"

/*
 * First in, first out, and kept until they have arrived: in memory while all
 * goes well; on disk, in front of those in memory, once the sink is behind.
 *
 *   queue = queue_new(memory_max);
 *   queue_use_spool(queue, spool);        it has the records of its past
 *   queue_put(queue, json, len, now_s);   at the end
 *   count = queue_peek(queue, records, max);
 *   queue_take(queue, taken);             these are on their way
 *   queue_settle(queue, count, fate);     the oldest on their way arrived
 *   queue_rewind(queue);                  or all on their way did not
 *   queue_tick(queue, ...);               each second
 *   queue_free(queue);
 */
struct queue;

/* What has become of a record. */
enum fate {
    FATE_EXPORTED, /* the target has it */
    FATE_REFUSED,  /* there was no room, not even for the newest */
    FATE_LOST,     /* the sink gave it up */
    FATE_REJECTED, /* the target does not want it */
    FATE_EXPIRED,  /* it was the oldest of a full spool */
    FATE_DAMAGED,  /* the spool was damaged */
    FATES
};

/*
 * put + recovered == the sum of all fates + queued + spooled, always.
 */
struct queue_counters {
    uint64_t put;
    uint64_t recovered; /* found in the spool at the start */
    uint64_t fate[FATES];
    uint64_t queued;  /* in memory, now */
    uint64_t spooled; /* on disk, now */
    uint64_t retried; /* offered again */
};

/* @param memory_max bytes. */
struct queue *queue_new(size_t memory_max);
void queue_free(struct queue *queue); /* what waits is gone; NULL is fine */

/* At most once, before anything is put. The queue frees it. */
void queue_use_spool(struct queue *queue, struct spool *spool);

/* A copy of the record. @return false when there is no room, counted. */
bool queue_put(struct queue *queue, const char *json, size_t len,
               uint32_t now_s);

/* Whether queue_put() would take this one. */
bool queue_has_room(struct queue *queue, size_t len);

/*
 * The next ones that are not on their way, in order. Behind each stands a
 * newline that `len` does not count. Valid until the next call.
 */
size_t queue_peek(struct queue *queue, struct sink_record *records, size_t max);

void queue_take(struct queue *queue, size_t count);
void queue_settle(struct queue *queue, uint64_t count, enum fate fate);
void queue_rewind(struct queue *queue);

/* Those that are on their way, and those that are not. */
uint64_t queue_taken(const struct queue *queue);
uint64_t queue_waiting(const struct queue *queue);

/* Those that are on their way move on: do not save them to disk. */
void queue_moves(struct queue *queue, int64_t now_us);

/*
 * Save what has waited for a second, some of it at a time.
 * @return whether there is more.
 */
bool queue_tick(struct queue *queue, int64_t now_us);

/* Save all, as at the end of the program. @return false when not all could
 * be. */
bool queue_save(struct queue *queue);

/* Begin to bring what is on disk to where a power cut does not reach. */
void queue_sync(struct queue *queue);

/* Seconds since the oldest that waits was made; 0: none does. */
uint32_t queue_lag_s(const struct queue *queue, uint32_t now_s);

const struct queue_counters *queue_counters(const struct queue *queue);

/* Bytes in memory, and on disk. */
size_t queue_memory(const struct queue *queue);
uint64_t queue_disk(const struct queue *queue);

#endif
