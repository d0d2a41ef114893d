/* series_lane: commands to rrdcached, in order. SPDX-License-Identifier: MIT */
#ifndef KELVIN_RUN_SERIES_LANE_H
#define KELVIN_RUN_SERIES_LANE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/run/loop.h"
#include "core/run/series_server.h"
#include "core/run/store_target.h"

/*
 * A connection that is made again when it breaks, after 0.1, 0.2 ... 30
 * seconds, and a bounded queue of commands, each a line, which are sent
 * without waiting for the answers to those before. A daemon that owes an
 * answer for too long is gone; one of kelvin's own is killed then.
 *
 * An answer is "NUMBER TEXT"; a number above 0 says how many lines follow, one
 * below that it is an error. Anything else ends the connection.
 */
struct series_lane;
struct series_call;

struct series_reply {
    int64_t status;   /* lines that came before, or below 0: an error */
    const char *text; /* behind the number of the first line */
    bool is_broken;   /* no answer: the connection broke */
};

/* Gets the answer, which is valid during the call. `tag` is the command's. */
typedef void series_done(void *arg, uint64_t tag,
                         const struct series_reply *reply);

struct series_lane_config {
    struct loop *loop;
    const struct store_addrs *addrs; /* copied; tried in turn */
    struct series_server *server;    /* of our own, whose address counts; NULL:
                                        it is another's */
    const char *name;                /* of the daemon, for the log; lives as
                                        long as the lane */
    bool is_quiet;       /* another lane logs what happens to the daemon */
    bool is_durable;     /* commands wait for a connection, and are sent again
                            on the next one unless they were answered */
    int64_t patience_us; /* how long an answer may take */
    size_t calls_max;    /* commands that may wait */
    size_t bytes_max;    /* of these */
    void (*changed)(void *arg); /* it was connected, broke, or half of what
                                   waited has gone; may be NULL */
    void *arg;
};

/* Begin to connect. @return never NULL. */
struct series_lane *series_lane_new(const struct series_lane_config *config);

/* No `done` is called; NULL is fine. */
void series_lane_free(struct series_lane *lane);

/*
 * Send a command, without its newline; copied. Lines of its answer go to
 * `line`, which may be NULL, then the answer to `done`.
 * @return a handle for series_lane_cancel(), valid until `done` is called;
 * NULL at once when there is no room, or no connection and it is not durable.
 */
struct series_call *series_lane_send(struct series_lane *lane,
                                     const char *command, size_t len,
                                     void (*line)(void *arg, const char *line),
                                     series_done *done, void *arg,
                                     uint64_t tag);

/* Neither line() nor done() will be called. NULL is fine. */
void series_lane_cancel(struct series_call *call);

bool series_lane_is_ready(const struct series_lane *lane);

/* More than half of what may wait does, and there is hope that it goes. */
bool series_lane_is_busy(const struct series_lane *lane);

size_t series_lane_waiting(const struct series_lane *lane);
uint64_t series_lane_connects(const struct series_lane *lane);

/* Commands that were sent again. */
uint64_t series_lane_repeated(const struct series_lane *lane);

/* After the loop: send what is left and wait for the answers, at most so
 * long. */
void series_lane_drain(struct series_lane *lane, int64_t patience_us);

#endif
