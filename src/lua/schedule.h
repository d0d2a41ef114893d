/* schedule: scripts that the clock starts. SPDX-License-Identifier: MIT */
#ifndef KELVIN_LUA_SCHEDULE_H
#define KELVIN_LUA_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/model/engine.h"
#include "core/run/loop.h"
#include "lua/vm.h"

/*
 * The scripts of the callbacks directory: KIND.lua, then those that a user has
 * added, user/KIND*.lua and user/KIND/ *.lua, by name, one after the other.
 * The kinds of the clock begin as its second, minute, five minutes, hour (of
 * local time) or day (at local midnight) begins; housekeeping every minute.
 *
 * Which clock: that of the interfaces that they are about. The wall clock for
 * those that are live, together, which lists of interfaces then tell of; and
 * the clock of its packets for each one that reads a file, in runs of their
 * own, where os.time() is that clock and its interface is the only one listed.
 * startup, shutdown and housekeeping are about all interfaces, by the wall
 * clock.
 *
 * By the wall clock several scripts and kinds may be at work at the same time,
 * but never one kind twice: a time that comes while the time before is at work
 * is left out, which is logged and counted. Times that were slept through, or
 * jumped over by a clock that was set, are not made up for. A file's clock
 * stands still while its callbacks are at work, so each of them finds what was
 * there at its time, kinds come one after the other, and none is left out but
 * in a silence of more than an hour of minutes (a minute of seconds ...).
 *
 * Without a script for a kind nothing wakes up for it. Directories are looked
 * at when the schedule starts and by schedule_reload().
 */
enum schedule_kind {
    SCHEDULE_STARTUP,
    SCHEDULE_SECOND,
    SCHEDULE_MINUTE,
    SCHEDULE_5MIN,
    SCHEDULE_HOURLY,
    SCHEDULE_DAILY,
    SCHEDULE_HOUSEKEEPING,
    SCHEDULE_SHUTDOWN,
    SCHEDULE_KINDS
};

struct schedule;

struct schedule_config {
    struct loop *loop;
    struct vm *vm;
    struct engine *engine; /* its interfaces are all there */
    const char *dir;       /* of the callbacks; absolute */
    const char *prelude;   /* module to require before each, or NULL */
    /* The wall clock's times before this are left out for live interfaces:
     * what they had counted before a restart is still to be added. */
    int64_t settle_us;
    /* May be NULL: a file that had to wait need not any more. */
    void (*resume)(void *arg);
    void *arg;
};

/* Find the scripts, run `startup` in the coming turns of the loop, and keep
 * the clock from then on. @return never NULL. */
struct schedule *schedule_new(const struct schedule_config *config);

/* End what runs, without waiting; NULL is fine. Before vm_free(). */
void schedule_free(struct schedule *schedule);

/* Look for scripts again. */
void schedule_reload(struct schedule *schedule);

/* Start what is due by a file's clock, once all that came before is counted
 * (iface_is_halted()). @return true: the file is not to be read before
 * resume() is called. */
bool schedule_must_wait(struct schedule *schedule, const struct iface *iface);

/* Stop the clock, end what runs, and run `shutdown`; ended(arg) is called in
 * a later turn of the loop when that is over, but five seconds later at the
 * latest. @return false when there is no such script; nothing is called. */
bool schedule_shut_down(struct schedule *schedule, void (*ended)(void *arg),
                        void *arg);

struct schedule_counters {
    uint64_t runs;     /* scripts begun */
    uint64_t failed;   /* of these */
    uint64_t overruns; /* times left out */
    unsigned scripts;  /* found */
};

/* Of one kind. */
const struct schedule_counters *
schedule_counters(const struct schedule *schedule, enum schedule_kind kind);

/*
 * The number of the time span of this kind that a moment is in; a new number
 * begins a new run. `offset_s` is how far local time is before UTC.
 */
int64_t schedule_slot(enum schedule_kind kind, int64_t wall_us, long offset_s);

/* When the next one begins, in microseconds of the epoch. */
int64_t schedule_next_us(enum schedule_kind kind, int64_t wall_us,
                         long offset_s);

#endif
