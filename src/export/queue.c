/* queue: records between the exporter and one sink. SPDX-License-Identifier:
 * MIT */
#include "export/queue.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/util/mem.h"
#include "export/frame.h"

/*
 * Records are numbered, and each is in one of four parts:
 *
 *   first      the oldest that is there
 *   next_out   the first that is not on its way
 *   memory     the first in memory; those before it are in the spool
 *   next       the one that is put next
 *
 * Spilling moves `memory` on, whether records are on their way or not. Those
 * on their way that the spool dropped meanwhile are ghosts: they are counted
 * already when the sink tells what became of them.
 */
#define CHUNK_SIZE (2 * (FRAME_MAX + sizeof(struct frame_head)))
#define SPARE_CHUNKS 8
#define STALE_US 1000000       /* longer than this nothing is only in memory */
#define SPILL_SLICE (1u << 20) /* bytes at a time */
#define BEHIND_MEMORY (1u << 20) /* in memory while there is a spool */

/* Frames, in order. */
struct chunk {
    struct chunk *next;
    size_t start; /* the first byte that is still there */
    size_t end;
    uint64_t number; /* of the frame at `start` */
    uint32_t count;
    unsigned char bytes[CHUNK_SIZE];
};

struct place {
    struct chunk *chunk;
    size_t at;
};

struct queue {
    struct spool *spool; /* or NULL */
    uint64_t first;
    uint64_t next_out;
    uint64_t memory;
    uint64_t next;
    uint64_t ghosts;
    struct chunk *oldest;
    struct chunk *newest;
    struct chunk *spare;
    unsigned spares;
    struct place out; /* of next_out, when it is in memory */
    size_t bytes;     /* in memory */
    size_t max;
    int64_t moved_us;
    struct queue_counters counters;
};

struct queue *queue_new(size_t memory_max)
{
    struct queue *queue = mem_calloc(1, sizeof(*queue));

    queue->max = memory_max;
    return queue;
}

static void count_now(struct queue *queue)
{
    queue->counters.queued = queue->next - queue->memory;
    queue->counters.spooled = queue->memory - queue->first;
}

void queue_use_spool(struct queue *queue, struct spool *spool)
{
    assert(queue->next == 0 && queue->spool == NULL);
    queue->spool = spool;
    queue->first = queue->next_out = spool_first(spool);
    queue->memory = queue->next = spool_next(spool);
    queue->counters.recovered = queue->next - queue->first;
    count_now(queue);
}

static void free_chunks(struct chunk *chunk)
{
    while (chunk != NULL) {
        struct chunk *next = chunk->next;

        free(chunk);
        chunk = next;
    }
}

void queue_free(struct queue *queue)
{
    if (queue == NULL)
        return;
    free_chunks(queue->oldest);
    free_chunks(queue->spare);
    spool_close(queue->spool);
    free(queue);
}

/* Memory */

static void add_chunk(struct queue *queue)
{
    struct chunk *chunk = queue->spare;

    if (chunk != NULL) {
        queue->spare = chunk->next;
        queue->spares--;
    } else {
        chunk = mem_alloc(sizeof(*chunk));
    }
    chunk->next = NULL;
    chunk->start = chunk->end = 0;
    chunk->count = 0;
    chunk->number = queue->next;
    if (queue->newest != NULL)
        queue->newest->next = chunk;
    else
        queue->oldest = chunk;
    queue->newest = chunk;
    queue->bytes += sizeof(*chunk);
}

static void remove_chunk(struct queue *queue)
{
    struct chunk *chunk = queue->oldest;

    queue->oldest = chunk->next;
    if (queue->oldest == NULL)
        queue->newest = NULL;
    if (queue->out.chunk == chunk)
        queue->out = (struct place){0};
    queue->bytes -= sizeof(*chunk);
    if (queue->spares == SPARE_CHUNKS) {
        free(chunk);
        return;
    }
    chunk->next = queue->spare;
    queue->spare = chunk;
    queue->spares++;
}

static size_t frame_size(const struct chunk *chunk, size_t at)
{
    struct frame_head head;

    memcpy(&head, chunk->bytes + at, sizeof(head));
    return sizeof(head) + head.len;
}

/* Forget the oldest records in memory. */
static void remove_from_memory(struct queue *queue, uint64_t count)
{
    queue->memory += count;
    while (count > 0) {
        struct chunk *chunk = queue->oldest;

        if (count >= chunk->count) {
            count -= chunk->count;
            remove_chunk(queue);
            continue;
        }
        chunk->count -= (uint32_t)count;
        chunk->number += count;
        for (; count > 0; count--)
            chunk->start += frame_size(chunk, chunk->start);
    }
}

/* Where the record with the number next_out is, which is in memory. */
static void find_place(struct queue *queue)
{
    struct chunk *chunk = queue->oldest;
    uint64_t number;
    size_t at;

    if (queue->out.chunk != NULL && queue->out.at < queue->out.chunk->end)
        return;
    if (queue->out.chunk != NULL) {
        chunk = queue->out.chunk->next;
        queue->out = (struct place){chunk, chunk->start};
        return;
    }
    while (queue->next_out >= chunk->number + chunk->count)
        chunk = chunk->next;
    at = chunk->start;
    for (number = chunk->number; number < queue->next_out; number++)
        at += frame_size(chunk, at);
    queue->out = (struct place){chunk, at};
}

/* The spool */

/* What the spool threw out for room is gone, on its way or not. */
static void count_expired(struct queue *queue)
{
    uint64_t first = spool_first(queue->spool);
    uint64_t taken = queue->next_out - queue->first;
    uint64_t expired = first - queue->first;

    queue->counters.fate[FATE_EXPIRED] += expired;
    queue->ghosts += expired < taken ? expired : taken;
    queue->first = first;
    if (queue->next_out < first)
        queue->next_out = first;
}

/* Move the oldest chunk to the spool. @return false when that refuses. */
static bool spill(struct queue *queue)
{
    struct chunk *chunk = queue->oldest;
    uint32_t count = chunk->count;

    if (!spool_append(queue->spool, chunk->bytes + chunk->start,
                      chunk->end - chunk->start, queue->memory, count))
        return false;
    queue->memory += count;
    remove_chunk(queue);
    if (spool_first(queue->spool) > queue->first)
        count_expired(queue);
    count_now(queue);
    return true;
}

static bool has_spooled(const struct queue *queue)
{
    return queue->first < queue->memory;
}

/* Room for another frame, by spilling if need be. */
static bool make_room(struct queue *queue, size_t len)
{
    struct chunk *newest = queue->newest;

    if (newest != NULL && sizeof(newest->bytes) - newest->end >= len)
        return true;
    if (queue->spool != NULL) {
        size_t most = has_spooled(queue) ? BEHIND_MEMORY : queue->max / 2;

        while (queue->bytes >= most && queue->oldest != NULL && spill(queue))
            continue;
    }
    if (queue->bytes + sizeof(struct chunk) > queue->max)
        return false;
    add_chunk(queue);
    return true;
}

bool queue_has_room(struct queue *queue, size_t len)
{
    return len < FRAME_MAX &&
           make_room(queue, sizeof(struct frame_head) + len + 1);
}

bool queue_put(struct queue *queue, const char *json, size_t len,
               uint32_t now_s)
{
    struct frame_head head = {.mark = FRAME_MARK,
                              .number = queue->next,
                              .when_s = now_s,
                              .len = (uint32_t)len + 1};
    unsigned char *to;

    queue->counters.put++;
    if (len >= FRAME_MAX || !make_room(queue, sizeof(head) + len + 1)) {
        queue->counters.fate[FATE_REFUSED]++;
        return false;
    }
    to = queue->newest->bytes + queue->newest->end;
    memcpy(to, &head, sizeof(head));
    memcpy(to + sizeof(head), json, len);
    to[sizeof(head) + len] = '\n';
    queue->newest->end += sizeof(head) + len + 1;
    queue->newest->count++;
    queue->next++;
    queue->counters.queued++;
    return true;
}

/* Going out */

/* Numbers that the spool has lost are dropped as soon as they are the oldest
 * ones: what is on its way is settled first. */
static void drop_damaged(struct queue *queue)
{
    uint64_t whole;

    if (queue->next_out != queue->first)
        return;
    whole = spool_gap(queue->spool, queue->first);
    queue->counters.fate[FATE_DAMAGED] += whole - queue->first;
    queue->first = queue->next_out = whole;
    spool_release(queue->spool, whole);
    count_now(queue);
}

static size_t peek_memory(struct queue *queue, struct sink_record *records,
                          size_t max)
{
    uint64_t left = queue->next - queue->next_out;
    size_t count = left < max ? (size_t)left : max;
    struct place at;

    if (count == 0)
        return 0;
    find_place(queue);
    at = queue->out;
    for (size_t i = 0; i < count; i++) {
        struct frame_head head;

        if (at.at == at.chunk->end) {
            at.chunk = at.chunk->next;
            at.at = at.chunk->start;
        }
        memcpy(&head, at.chunk->bytes + at.at, sizeof(head));
        records[i].json = (char *)at.chunk->bytes + at.at + sizeof(head);
        records[i].len = head.len - 1;
        at.at += sizeof(head) + head.len;
    }
    return count;
}

size_t queue_peek(struct queue *queue, struct sink_record *records, size_t max)
{
    size_t count;

    if (queue->next_out >= queue->memory)
        return peek_memory(queue, records, max);
    count = spool_read(queue->spool, queue->next_out, records, max);
    if (count == 0)
        drop_damaged(queue);
    if (count == 0 && queue->next_out < queue->memory)
        return spool_read(queue->spool, queue->next_out, records, max);
    return count;
}

/* Move the place in memory on by `count` records. */
static void advance_place(struct queue *queue, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct place *out = &queue->out;

        if (out->at == out->chunk->end) {
            out->chunk = out->chunk->next;
            out->at = out->chunk->start;
        }
        out->at += frame_size(out->chunk, out->at);
    }
}

void queue_take(struct queue *queue, size_t count)
{
    if (queue->next_out >= queue->memory && count > 0) {
        find_place(queue);
        advance_place(queue, count);
    }
    queue->next_out += count;
}

void queue_settle(struct queue *queue, uint64_t count, enum fate fate)
{
    uint64_t ghosts = count < queue->ghosts ? count : queue->ghosts;

    queue->ghosts -= ghosts;
    count -= ghosts;
    assert(count <= queue->next_out - queue->first);
    if (count == 0)
        return;
    queue->counters.fate[fate] += count;
    queue->first += count;
    if (queue->first > queue->memory)
        remove_from_memory(queue, queue->first - queue->memory);
    if (queue->spool != NULL)
        spool_release(queue->spool, queue->first);
    count_now(queue);
}

void queue_rewind(struct queue *queue)
{
    queue->counters.retried += queue->next_out - queue->first;
    queue->next_out = queue->first;
    queue->ghosts = 0;
    queue->out = (struct place){0};
}

uint64_t queue_taken(const struct queue *queue)
{
    return queue->next_out - queue->first + queue->ghosts;
}

uint64_t queue_waiting(const struct queue *queue)
{
    return queue->next - queue->next_out;
}

/* By the clock */

void queue_moves(struct queue *queue, int64_t now_us)
{
    queue->moved_us = now_us;
}

bool queue_tick(struct queue *queue, int64_t now_us)
{
    size_t done = 0;

    if (queue->first == queue->next || queue->moved_us == 0)
        queue->moved_us = now_us;
    if (queue->spool == NULL || queue->oldest == NULL ||
        (!has_spooled(queue) && now_us - queue->moved_us < STALE_US))
        return false;
    while (queue->oldest != NULL && done < SPILL_SLICE && spill(queue))
        done += CHUNK_SIZE;
    return queue->oldest != NULL && done >= SPILL_SLICE;
}

bool queue_save(struct queue *queue)
{
    if (queue->spool == NULL)
        return queue->first == queue->next;
    while (queue->oldest != NULL && spill(queue))
        continue;
    queue_sync(queue);
    return queue->oldest == NULL;
}

void queue_sync(struct queue *queue)
{
    if (queue->spool != NULL)
        spool_sync(queue->spool);
}

uint32_t queue_lag_s(const struct queue *queue, uint32_t now_s)
{
    uint32_t when_s = now_s;

    if (queue->first == queue->next)
        return 0;
    if (has_spooled(queue)) {
        when_s = spool_when_s(queue->spool);
    } else if (queue->oldest != NULL) {
        struct frame_head head;

        memcpy(&head, queue->oldest->bytes + queue->oldest->start,
               sizeof(head));
        when_s = head.when_s;
    }
    return when_s < now_s ? now_s - when_s : 0;
}

const struct queue_counters *queue_counters(const struct queue *queue)
{
    return &queue->counters;
}

size_t queue_memory(const struct queue *queue)
{
    return queue->bytes + queue->spares * sizeof(struct chunk);
}

uint64_t queue_disk(const struct queue *queue)
{
    return queue->spool != NULL ? spool_bytes(queue->spool) : 0;
}
