/* store_reply: what Redis answers. SPDX-License-Identifier: MIT */
/*
 * hiredis' parser with objects of our own. Those of one reply lie in a few
 * chunks that go at once, so that a long list is no work to free, and are
 * counted, so that a reply has a limit. Once it is passed, items are read but
 * not kept. A string that is announced as longer than the limit never enters
 * the parser, which would collect all of it first: its bytes are skipped and
 * an empty one is put in its place.
 *
 * hiredis' own connections (async.h) are not used: they assert that nothing
 * but a reply to a command arrives, and abort the program where a server sends
 * something else.
 */
#include "core/run/store_reply.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hiredis/read.h>
#include <hiredis/sds.h>

#include "core/util/mem.h"

#define CHUNK_FIRST 1024
#define CHUNK_MAX (1 << 18)
#define ALIGNMENT 16
/* A line (status, error, number, head of a string) is never longer. */
#define LINE_MAX_LEN 65536

struct store_reply {
    enum store_type type;
    int64_t number;
    size_t len; /* of the text */
    const char *text;
    size_t count;
    struct store_reply **items;
};

struct chunk {
    struct chunk *next;
    size_t size;
    size_t used;
    max_align_t bytes[];
};

struct store_reader {
    redisReader *parser;
    size_t limit;
    size_t taken; /* memory of the reply in the making */
    struct chunk *chunks;
    size_t skip;             /* bytes of a string that are still to come */
    bool is_over;            /* the reply passed the limit */
    struct store_reply none; /* stands for items that are not kept */
    char problem[160];
};

enum store_type store_reply_type(const struct store_reply *reply)
{
    return reply->type;
}

const char *store_reply_text(const struct store_reply *reply, size_t *len)
{
    if (len != NULL)
        *len = reply->len;
    return reply->text != NULL ? reply->text : "";
}

int64_t store_reply_number(const struct store_reply *reply)
{
    return reply->number;
}

size_t store_reply_count(const struct store_reply *reply)
{
    return reply->count;
}

const struct store_reply *store_reply_at(const struct store_reply *reply,
                                         size_t i)
{
    assert(i < reply->count);
    return reply->items[i];
}

static struct chunk *chunk_new(struct store_reader *reader, size_t size)
{
    struct chunk *last = reader->chunks;
    size_t wanted = last != NULL ? last->size * 2 : CHUNK_FIRST;
    struct chunk *chunk;

    if (wanted > CHUNK_MAX)
        wanted = CHUNK_MAX;
    if (wanted < size)
        wanted = size;
    chunk = mem_alloc(sizeof(*chunk) + wanted);
    *chunk = (struct chunk){.next = last, .size = wanted};
    reader->chunks = chunk;
    return chunk;
}

/* @return NULL when the reply would pass its limit. */
static void *take_memory(struct store_reader *reader, size_t size)
{
    struct chunk *chunk = reader->chunks;
    char *memory;

    size = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (reader->is_over || size > reader->limit - reader->taken) {
        reader->is_over = true;
        return NULL;
    }
    reader->taken += size;
    if (chunk == NULL || size > chunk->size - chunk->used)
        chunk = chunk_new(reader, size);
    memory = (char *)chunk->bytes + chunk->used;
    chunk->used += size;
    return memory;
}

/* Empty, but keep a chunk of the usual size for the next reply. */
static void forget_reply(struct store_reader *reader)
{
    struct chunk *chunk = reader->chunks;

    while (chunk != NULL &&
           (chunk->next != NULL || chunk->size > CHUNK_FIRST)) {
        reader->chunks = chunk->next;
        free(chunk);
        chunk = reader->chunks;
    }
    if (chunk != NULL)
        chunk->used = 0;
    reader->taken = 0;
    reader->is_over = false;
}

/* A new object in its place, or the one that stands for those not kept. */
static struct store_reply *add(const redisReadTask *task, enum store_type type)
{
    struct store_reader *reader = task->privdata;
    struct store_reply *reply = take_memory(reader, sizeof(*reply));
    struct store_reply *parent;

    if (reply == NULL)
        return &reader->none;
    *reply = (struct store_reply){.type = type};
    if (task->parent != NULL) {
        parent = task->parent->obj;
        if ((size_t)task->idx < parent->count)
            parent->items[task->idx] = reply;
    }
    return reply;
}

static void *create_string(const redisReadTask *task, char *text, size_t len)
{
    struct store_reader *reader = task->privdata;
    enum store_type type = task->type == REDIS_REPLY_ERROR    ? STORE_ERROR
                           : task->type == REDIS_REPLY_STATUS ? STORE_STATUS
                                                              : STORE_TEXT;
    struct store_reply *reply = add(task, type);
    char *copy;

    if (reply == &reader->none)
        return reply;
    copy = take_memory(reader, len + 1);
    if (copy != NULL) {
        memcpy(copy, text, len);
        copy[len] = '\0';
        reply->text = copy;
        reply->len = len;
    }
    return reply;
}

static void *create_array(const redisReadTask *task, int count)
{
    struct store_reader *reader = task->privdata;
    struct store_reply *reply = add(task, STORE_ARRAY);

    if (reply == &reader->none || count <= 0)
        return reply;
    reply->items = take_memory(reader, (size_t)count * sizeof(reply->items[0]));
    if (reply->items != NULL)
        reply->count = (size_t)count;
    return reply;
}

static void *create_integer(const redisReadTask *task, long long number)
{
    struct store_reader *reader = task->privdata;
    struct store_reply *reply = add(task, STORE_NUMBER);

    if (reply != &reader->none)
        reply->number = number;
    return reply;
}

static void *create_nil(const redisReadTask *task)
{
    return add(task, STORE_NIL);
}

/* They go with their chunks. */
static void free_object(void *object)
{
    (void)object;
}

static const redisReplyObjectFunctions objects = {
    .createString = create_string,
    .createArray = create_array,
    .createInteger = create_integer,
    .createNil = create_nil,
    .freeObject = free_object,
};

struct store_reader *store_reader_new(size_t limit)
{
    struct store_reader *reader = mem_calloc(1, sizeof(*reader));

    reader->limit = limit;
    /* It calls them and writes nothing there. */
    reader->parser =
        redisReaderCreateWithFunctions((redisReplyObjectFunctions *)&objects);
    if (reader->parser == NULL)
        abort(); /* no memory, see mem.h */
    reader->parser->privdata = reader;
    return reader;
}

void store_reader_free(struct store_reader *reader)
{
    if (reader == NULL)
        return;
    redisReaderFree(reader->parser);
    while (reader->chunks != NULL) {
        struct chunk *next = reader->chunks->next;

        free(reader->chunks);
        reader->chunks = next;
    }
    free(reader);
}

const char *store_reader_problem(const struct store_reader *reader)
{
    return reader->problem;
}

static bool complain(struct store_reader *reader, const char *problem)
{
    snprintf(reader->problem, sizeof(reader->problem), "%s", problem);
    return false;
}

/* Forget what the parser has not used, in its own buffer. */
static void drop_rest(redisReader *parser)
{
    parser->buf[parser->pos] = '\0';
    sdssetlen(parser->buf, parser->pos);
    parser->len = parser->pos;
}

/*
 * The parser waits for more. Look at what for: a line that does not end is
 * nothing of Redis; a string that is too long is not to be collected.
 */
static bool look_ahead(struct store_reader *reader)
{
    redisReader *parser = reader->parser;
    size_t rest = parser->len - parser->pos;
    const char *at = parser->buf + parser->pos;
    const char *end;
    long long announced;

    if (rest == 0 || parser->ridx < 0)
        return true;
    if (parser->rstack[parser->ridx].type != REDIS_REPLY_STRING)
        return rest <= LINE_MAX_LEN ||
               complain(reader, "sends lines without end");
    end = memchr(at, '\n', rest);
    if (end == NULL)
        return rest <= LINE_MAX_LEN ||
               complain(reader, "sends lines without end");
    announced = strtoll(at, NULL, 10);
    if (announced < 0 || (size_t)announced <= reader->limit)
        return true;
    reader->is_over = true;
    reader->skip = (size_t)announced + 2 - (rest - (size_t)(end + 1 - at));
    drop_rest(parser);
    return redisReaderFeed(parser, "0\r\n\r\n", 5) == REDIS_OK ||
           complain(reader, parser->errstr);
}

/* Give what there is whole; *go_on is false when `take` had enough. */
static bool take_replies(struct store_reader *reader,
                         bool (*take)(void *arg,
                                      const struct store_reply *reply),
                         void *arg, bool *go_on)
{
    void *object = NULL;

    while (redisReaderGetReply(reader->parser, &object) == REDIS_OK) {
        static const char text[] = "TOOLARGE the reply is larger than kelvin "
                                   "takes";
        const struct store_reply too_large = {
            .type = STORE_ERROR, .text = text, .len = sizeof(text) - 1};

        if (object == NULL)
            return true;
        *go_on = take(arg, reader->is_over ? &too_large : object);
        if (!*go_on)
            return true;
        forget_reply(reader);
        object = NULL;
    }
    return complain(reader, reader->parser->errstr);
}

bool store_reader_feed(struct store_reader *reader, const char *bytes,
                       size_t len,
                       bool (*take)(void *arg, const struct store_reply *reply),
                       void *arg)
{
    size_t skipped = len < reader->skip ? len : reader->skip;
    bool go_on = true;

    reader->skip -= skipped;
    bytes += skipped;
    len -= skipped;
    /* While a string is skipped the empty one that stands for it waits too:
     * what comes after it must not be read before. */
    if (reader->skip > 0 || len + skipped == 0)
        return true;
    if (len > 0 && redisReaderFeed(reader->parser, bytes, len) != REDIS_OK)
        return complain(reader, reader->parser->errstr);
    if (!take_replies(reader, take, arg, &go_on))
        return false;
    return !go_on || look_ahead(reader);
}
