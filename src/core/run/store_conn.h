/* store_conn: one connection to Redis. SPDX-License-Identifier: MIT */
#ifndef KELVIN_RUN_STORE_CONN_H
#define KELVIN_RUN_STORE_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/run/loop.h"
#include "core/run/store_reply.h"
#include "core/run/store_target.h"

/*
 * From connecting over AUTH, SELECT and PING to the end of it. It knows bytes
 * and replies, not which reply belongs to which command.
 */
struct store_conn;

struct store_conn_config {
    const char *password; /* "": none; not needed after opening */
    unsigned database;
    int64_t patience_us; /* until it is ready */
    size_t reply_limit;  /* see store_reader_new() */
};

struct store_conn_handler {
    void (*ready)(void *arg);
    /* Valid during the call. */
    void (*reply)(void *arg, const struct store_reply *reply);
    /* All that was sent has been handed to the system. */
    void (*drained)(void *arg);
    /* It is over; nothing is called any more, it is still to be freed.
     * `is_refusal`: the server answered, and it is for an admin to act. */
    void (*gone)(void *arg, const char *why, bool is_refusal);
    void *arg;
};

/* Begin to connect. Callbacks come from the loop, never from within. */
struct store_conn *store_conn_open(struct loop *loop,
                                   const struct store_addr *addr,
                                   const struct store_conn_config *config,
                                   const struct store_conn_handler *handler);

/* Close it; also from its callbacks, NULL is fine. */
void store_conn_free(struct store_conn *conn);

/* Append bytes of commands, once it is ready. Copied; how much may wait to be
 * sent is the caller's to bound with store_conn_unsent(). */
void store_conn_send(struct store_conn *conn, const char *bytes, size_t len);
size_t store_conn_unsent(const struct store_conn *conn);

/* After the loop: wait until it can be read, or written if there is something
 * to send, and do that once. @return false when the time was over before. */
bool store_conn_wait(struct store_conn *conn, int64_t patience_us);

#endif
