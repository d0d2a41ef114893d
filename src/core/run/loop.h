/* loop: the reactor, and how it feels. SPDX-License-Identifier: MIT */
#ifndef KELVIN_RUN_LOOP_H
#define KELVIN_RUN_LOOP_H

#include <stdbool.h>
#include <stdint.h>

/*
 * One thread, one loop. A part registers sources; the loop calls back. While
 * callbacks of a high priority wait, lower ones do not start, but captures
 * that are busy all the time leave a third of it to the others. A callback
 * that has much to do does a budget's worth and returns (rule 1 of the
 * design).
 *
 *   loop = loop_new();
 *   source = loop_every(loop, 1000000, LOOP_TICK, tick, engine);
 *   loop_run(loop);            ... until a callback calls loop_stop()
 *   loop_source_free(source);
 *   loop_free(loop);
 */
struct loop;
struct loop_source;

enum loop_priority {
    LOOP_CAPTURE, /* live captures; signals always have it */
    LOOP_TICK,
    LOOP_PEER, /* Redis, exports, children */
    LOOP_PAGE, /* HTTP and Lua, and the reading of files */
    LOOP_PRIORITIES
};

enum loop_want { LOOP_READ, LOOP_WRITE };

/* A loop with no sources; NULL with errno set when the system gives none. */
struct loop *loop_new(void);

/* Give it back. All its sources must have been freed before; NULL is fine. */
void loop_free(struct loop *loop);

/* Call back until loop_stop(), or until no source is left that could.
 * @return 0, or -1 when the system's readiness call failed, which is logged. */
int loop_run(struct loop *loop);

/* Make loop_run() return after the callback that is running. */
void loop_stop(struct loop *loop);

/*
 * Each source calls `run` with `arg` at its priority. All but loop_after()
 * go on until freed; none takes ownership of `arg` or of a descriptor.
 * Registering does not fail short of a bug or a full system, which aborts
 * with a line in the log; loop_on_fd() is the exception.
 */

/* When `fd` can be read or written without blocking, or has an error or the
 * peer hung up. It calls again as long as that is so.
 * @return NULL with errno set when the descriptor cannot be waited for: a
 * regular file (EPERM) or a bad one. */
struct loop_source *loop_on_fd(struct loop *loop, int fd, enum loop_want want,
                               enum loop_priority priority,
                               void (*run)(void *arg), void *arg);

/* When the process got this signal. One loop of the process may do this. */
struct loop_source *loop_on_signal(struct loop *loop, int signal_number,
                                   void (*run)(void *arg), void *arg);

/* Every `interval_us` from now. It keeps its phase however late it is called,
 * and runs that were missed are one run. */
struct loop_source *loop_every(struct loop *loop, int64_t interval_us,
                               enum loop_priority priority,
                               void (*run)(void *arg), void *arg);

/* Once, `delay_us` from now. The source is still to be freed afterwards. */
struct loop_source *loop_after(struct loop *loop, int64_t delay_us,
                               enum loop_priority priority,
                               void (*run)(void *arg), void *arg);

/* In the next turn, and again in each turn after it for as long as `run`
 * returns true; then it rests until loop_source_resume(). For sliced work. */
struct loop_source *loop_defer(struct loop *loop, enum loop_priority priority,
                               bool (*run)(void *arg), void *arg);

/* Stop calling back until loop_source_resume(). A timer that slept through
 * its time goes off at once; one that went off already does not again. */
void loop_source_pause(struct loop_source *source);
void loop_source_resume(struct loop_source *source);

/* Never call back again, and free it; also from its own callback. */
void loop_source_free(struct loop_source *source);

/* CLOCK_MONOTONIC in microseconds, as it was when the running callback began;
 * it does not move within a callback. */
int64_t loop_now_us(const struct loop *loop);

/* Microseconds since the running callback began, read now: for budgets. */
int64_t loop_spent_us(const struct loop *loop);

/* The wall clock in microseconds of the epoch, read now. */
int64_t loop_wall_us(void);

/*
 * How the loop feels. Buckets are exponential with four steps per doubling:
 * bucket i counts durations up to loop_histogram_bound(i) microseconds, the
 * last one everything beyond a minute.
 */
#define LOOP_BUCKETS 104

struct loop_histogram {
    uint64_t counts[LOOP_BUCKETS];
    uint64_t total;
    uint64_t sum_us;
    uint64_t max_us;
};

/* The longest duration in microseconds that bucket i counts; UINT64_MAX for
 * the last. */
uint64_t loop_histogram_bound(unsigned bucket);

/* Count one duration; a negative one counts as 0. */
void loop_histogram_add(struct loop_histogram *histogram, int64_t us);

/* The microseconds that a share (0..1) of all durations did not exceed: the
 * upper bound of its bucket, at most the longest one seen; 0 when empty. */
uint64_t loop_histogram_percentile(const struct loop_histogram *histogram,
                                   double share);

/* How long callbacks of this priority ran. Valid as long as the loop. */
const struct loop_histogram *loop_ran(const struct loop *loop,
                                      enum loop_priority priority);

/* How late timers went off. Valid as long as the loop. */
const struct loop_histogram *loop_late(const struct loop *loop);

/* Turns made and callbacks called in them. */
uint64_t loop_turns(const struct loop *loop);
uint64_t loop_callbacks(const struct loop *loop);

/* Times that the process slept and was woken since loop_new(), as the kernel
 * counted: what a quiet process costs a battery. */
uint64_t loop_wakeups(const struct loop *loop);

/* The version of libevent that runs. */
const char *loop_version(void);

#endif
