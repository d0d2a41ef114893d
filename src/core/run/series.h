/* series: values over time, in RRD files. SPDX-License-Identifier: MIT */
#ifndef KELVIN_RUN_SERIES_H
#define KELVIN_RUN_SERIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/run/loop.h"
#include "core/run/series_files.h"
#include "core/run/series_lane.h"
#include "core/util/strbuf.h"

/*
 * Files below the data directory, written and read by rrdcached: one of
 * kelvin's own, or one that --rrdcached names and that has the same files
 * under the same names. What is recorded goes one connection, what is asked
 * another, so that a chart does not wait behind ten thousand values.
 *
 *   series = series_open(&config, error)      before the loop runs
 *   series_record(series, &point)             never waits
 *   series_ask(series, command, ...)
 *   series_drain(series, patience_us)         after the loop
 *   series_free(series)
 *
 * Whatever the daemon or its disk does costs values, which are counted, and
 * nothing else: while it is away some are kept, and sent when it is back.
 */
struct series;

enum series_state {
    SERIES_OFF,  /* none, for good */
    SERIES_AWAY, /* not yet or no more; tried again */
    SERIES_READY,
};

struct series_config {
    struct loop *loop;
    const char *rrdcached; /* as --rrdcached has it; NULL: one of our own if it
                              is installed */
    const char *data_dir;
    int64_t patience_us; /* how long an answer may take; 0: half a minute */
};

/* @return NULL with one line in the error: the option is wrong or names a host
 * that is not known. */
struct series *series_open(const struct series_config *config,
                           struct strbuf *error);

/* The option's value, as a check: "own", "none", "unix:/PATH", "/PATH" or
 * "HOST:PORT". @return false with the reason. */
bool series_check(const char *text, struct strbuf *reason);

/* Close it, and end an rrdcached of our own, which writes what it has. NULL is
 * fine. */
void series_free(struct series *series);

/* SERIES_OFF for NULL. */
enum series_state series_state(const struct series *series);

/* Where the daemon is, for people. */
const char *series_name(const struct series *series);

/* One value in time of each data source of a file. */
struct series_point {
    const char *file;       /* below the data directory, or a path to there */
    const char *definition; /* of a file that is not there yet: "-s STEP DS:...
                               RRA:..."; no control characters */
    int64_t time_s;         /* of the epoch */
    /* When counters (of type DERIVE) of a file that this run has not written
     * yet were 0; 0: not known. From then on their growth counts. */
    int64_t since_s;
    unsigned count;
    int64_t values[SERIES_VALUES];
};

/*
 * Write it, making file and directories if need be. Counters that fell began
 * anew: what is between is unknown, and no spike. A time that is not after
 * the last one of the file cannot be written.
 * @return false, which is counted: no room, off, or no file of ours.
 */
bool series_record(struct series *series, const struct series_point *point);

/* Whoever records many files at a time does so at `time_s` under this name.
 * @return the time before, when all that was not there yet was 0; 0: none. */
int64_t series_turn(struct series *series, const char *name, int64_t time_s);

/* More waits to be written than should: whoever makes points out of files, or
 * many of them, shall wait. False while the daemon is away. */
bool series_must_wait(const struct series *series);

/* The same for whoever reads a file, which may be over before an rrdcached of
 * our own has started. */
bool series_holds_files(const struct series *series);

/* To be told once, from the loop, when series_must_wait() has become false. */
struct series_waiter {
    void (*wake)(void *arg);
    void *arg;
    struct series_waiter *prev; /* the rest is the series' */
    struct series_waiter *next;
};
void series_wait(struct series *series, struct series_waiter *waiter);
void series_unwait(struct series *series, struct series_waiter *waiter);

/* Append the path of a file as commands have it.
 * @return false: it is not below the data directory or no ".rrd". */
bool series_put_path(const struct series *series, const char *file,
                     struct strbuf *command);

/* Make the directories for such a file. @return false with errno set; true
 * when the daemon is on another machine. */
bool series_make_room(const struct series *series, const char *file);

/* Send one command, see series_lane_send(). @return NULL: it is away, or too
 * much is asked. */
struct series_call *series_ask(struct series *series,
                               const struct strbuf *command,
                               void (*line)(void *arg, const char *line),
                               series_done *done, void *arg);

/* For what is created or written so that a script can wait for it: forget
 * what is known of the file. */
void series_forget(struct series *series, const char *file);

struct series_counters {
    uint64_t points;   /* accepted */
    uint64_t written;  /* taken by the daemon, the repeated ones included */
    uint64_t created;  /* files */
    uint64_t late;     /* refused: not after the file's last one */
    uint64_t failed;   /* refused for another reason */
    uint64_t lost;     /* points for which there was no room, or left */
    uint64_t restarts; /* counters that began anew */
    uint64_t repeated; /* commands sent again after a connection broke */
    uint64_t connects;
    size_t queued;  /* commands to write, now */
    uint32_t files; /* written in this run, and known */
    pid_t child;    /* of an rrdcached of our own; 0: none runs */
};

void series_counters(const struct series *series, struct series_counters *out);

/* After the loop: hand over what waits, at most so long. */
void series_drain(struct series *series, int64_t patience_us);

#endif
