/* store_calls: commands to Redis, in order. SPDX-License-Identifier: MIT */
#include "core/run/store_calls.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/util/mem.h"

/* "$" and a number and "\r\n", twice over. */
#define WORD_HEAD 32

struct store_call {
    struct store_call *next;
    store_done *done; /* NULL: nobody waits, or not any more */
    void *arg;
    bool is_tell;
    size_t len;
    char bytes[];
};

/* Encoded as Redis reads it, an array of strings. */
static size_t encode(char *to, size_t argc, const char *const *argv,
                     const size_t *lens)
{
    char *at = to + sprintf(to, "*%zu\r\n", argc);

    for (size_t i = 0; i < argc; i++) {
        size_t len = lens != NULL ? lens[i] : strlen(argv[i]);

        at += sprintf(at, "$%zu\r\n", len);
        memcpy(at, argv[i], len);
        at += len;
        memcpy(at, "\r\n", 2);
        at += 2;
    }
    return (size_t)(at - to);
}

/* At least what encode() writes; SIZE_MAX when that is beyond all bounds. */
static size_t encoded_size(size_t argc, const char *const *argv,
                           const size_t *lens, size_t max)
{
    size_t size = WORD_HEAD;

    for (size_t i = 0; i < argc; i++) {
        size_t len = lens != NULL ? lens[i] : strlen(argv[i]);

        if (len > max || size > max)
            return SIZE_MAX;
        size += WORD_HEAD + len;
    }
    return size;
}

struct store_call *store_calls_add(struct store_calls *calls, store_done *done,
                                   void *arg, size_t argc,
                                   const char *const *argv, const size_t *lens)
{
    size_t size = encoded_size(argc, argv, lens, calls->bytes_max);
    struct store_call *call;

    if (calls->count >= calls->count_max || size > calls->bytes_max ||
        calls->bytes > calls->bytes_max - size)
        return NULL;
    call = mem_alloc(sizeof(*call) + size);
    *call =
        (struct store_call){.done = done, .arg = arg, .is_tell = done == NULL};
    call->len = encode(call->bytes, argc, argv, lens);
    if (calls->tail != NULL)
        calls->tail->next = call;
    else
        calls->head = call;
    calls->tail = call;
    if (calls->unsent == NULL)
        calls->unsent = call;
    calls->count++;
    calls->bytes += call->len;
    return call;
}

const char *store_calls_send(struct store_calls *calls, size_t *len)
{
    struct store_call *call = calls->unsent;

    if (call == NULL)
        return NULL;
    calls->unsent = call->next;
    calls->sent++;
    *len = call->len;
    return call->bytes;
}

static struct store_call *take_head(struct store_calls *calls)
{
    struct store_call *call = calls->head;

    calls->head = call->next;
    if (calls->head == NULL)
        calls->tail = NULL;
    if (calls->unsent == call)
        calls->unsent = call->next;
    calls->count--;
    calls->bytes -= call->len;
    return call;
}

/* The call is on no list: whoever is called may add and cancel others. */
static void finish(struct store_call *call, const struct store_reply *reply)
{
    if (call->done != NULL)
        call->done(call->arg, reply);
    free(call);
}

bool store_calls_answer(struct store_calls *calls,
                        const struct store_reply *reply, bool *was_tell)
{
    struct store_call *call;

    if (calls->sent == 0)
        return false;
    calls->sent--;
    call = take_head(calls);
    *was_tell = call->is_tell;
    finish(call, reply);
    return true;
}

void store_calls_break(struct store_calls *calls, uint64_t *failed,
                       uint64_t *again)
{
    struct store_calls kept = {.count_max = calls->count_max,
                               .bytes_max = calls->bytes_max};
    struct store_call *waiting = NULL;
    struct store_call **end = &waiting;
    size_t sent = calls->sent;

    *failed = *again = 0;
    while (calls->head != NULL) {
        struct store_call *call = take_head(calls);

        call->next = NULL;
        if (!call->is_tell) {
            *end = call;
            end = &call->next;
        } else {
            *(kept.tail != NULL ? &kept.tail->next : &kept.head) = call;
            kept.tail = call;
            kept.count++;
            kept.bytes += call->len;
            *again += sent > 0;
        }
        sent -= sent > 0;
    }
    kept.unsent = kept.head;
    *calls = kept;
    while (waiting != NULL) {
        struct store_call *call = waiting;

        waiting = call->next;
        *failed += call->done != NULL;
        finish(call, NULL);
    }
}

void store_calls_cancel(struct store_call *call)
{
    call->done = NULL;
}

size_t store_calls_clear(struct store_calls *calls)
{
    size_t tells = 0;

    while (calls->head != NULL) {
        struct store_call *call = take_head(calls);

        tells += call->is_tell;
        free(call);
    }
    calls->sent = 0;
    return tells;
}
