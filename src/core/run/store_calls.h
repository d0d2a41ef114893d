/* store_calls: commands to Redis, in order. SPDX-License-Identifier: MIT */
#ifndef KELVIN_RUN_STORE_CALLS_H
#define KELVIN_RUN_STORE_CALLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/run/store_reply.h"

/* As struct store's interface has them: see store.h. */
struct store_call;
typedef void store_done(void *arg, const struct store_reply *reply);

/*
 * A bounded queue. Commands enter at the end, are sent in this order, and
 * leave from its beginning as they are answered; behind the sent ones wait the
 * others. Those that nobody waits for (`done` NULL) survive a connection and
 * are sent again.
 */
struct store_calls {
    struct store_call *head;
    struct store_call *tail;
    struct store_call *unsent; /* the first one; NULL: all are sent */
    size_t count;
    size_t bytes;
    size_t sent; /* of count */
    size_t count_max;
    size_t bytes_max;
};

/* Enter a command. @return NULL when there is no room. */
struct store_call *store_calls_add(struct store_calls *calls, store_done *done,
                                   void *arg, size_t argc,
                                   const char *const *argv, const size_t *lens);

/* Mark the next one as sent. @return its bytes, valid until it is answered;
 * NULL when there is none. */
const char *store_calls_send(struct store_calls *calls, size_t *len);

/* The oldest that was sent is answered: call `done`, forget it.
 * @return false when none was sent; *was_tell: nobody waited for it. */
bool store_calls_answer(struct store_calls *calls,
                        const struct store_reply *reply, bool *was_tell);

/* Call done(arg, NULL) for all that somebody waits for and forget them. The
 * others are unsent again, in order. `*failed` and `*again` get how many there
 * were of both, the latter of those that had been sent. */
void store_calls_break(struct store_calls *calls, uint64_t *failed,
                       uint64_t *again);

/* Nobody waits for it any more. */
void store_calls_cancel(struct store_call *call);

/* Forget all, without calls. @return how many nobody waited for. */
size_t store_calls_clear(struct store_calls *calls);

#endif
