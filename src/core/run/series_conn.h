/* series_conn: one connection to rrdcached. SPDX-License-Identifier: MIT */
#ifndef KELVIN_RUN_SERIES_CONN_H
#define KELVIN_RUN_SERIES_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/run/loop.h"
#include "core/run/store_target.h"

/*
 * Lines out, lines in. It knows nothing of what they mean. A line that comes
 * may have SERIES_LINE_MAX bytes; a longer one, or one with a NUL in it, ends
 * the connection.
 */
struct series_conn;

#define SERIES_LINE_MAX 4096

struct series_conn_handler {
    void (*ready)(void *arg);
    /* Without its newline, and with a NUL behind; valid during the call. */
    void (*line)(void *arg, const char *line);
    /* All that was sent has been handed to the system. */
    void (*drained)(void *arg);
    /* It is over; nothing is called any more, it is still to be freed. */
    void (*gone)(void *arg, const char *why);
    void *arg;
};

/* Begin to connect, within so long. Callbacks come from the loop, never from
 * within. */
struct series_conn *series_conn_open(struct loop *loop,
                                     const struct store_addr *addr,
                                     int64_t patience_us,
                                     const struct series_conn_handler *handler);

/* Close it; also from its callbacks, NULL is fine. */
void series_conn_free(struct series_conn *conn);

/* Append bytes to send, once it is ready. Copied; how much may wait is the
 * caller's to bound with series_conn_unsent(). */
void series_conn_send(struct series_conn *conn, const char *bytes, size_t len);
size_t series_conn_unsent(const struct series_conn *conn);

/* After the loop: wait until it can be read, or written if there is something
 * to send, and do that once. @return false when the time was over before. */
bool series_conn_wait(struct series_conn *conn, int64_t patience_us);

#endif
