/* child: a program that kelvin keeps running. SPDX-License-Identifier: MIT */
#ifndef KELVIN_RUN_CHILD_H
#define KELVIN_RUN_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/run/loop.h"

/*
 *   child = child_start(loop, &config);     at once, and again when it ends
 *   child_kill(child);                      it hangs: let the supervisor act
 *   child_stop(child);                      orderly, while the loop runs
 *   child_free(child);                      orderly, after the loop
 *
 * It never outlives kelvin: the kernel kills it when kelvin dies, however
 * that comes about. It has a session of its own, so that Ctrl-C on a terminal
 * ends kelvin, which then ends it in order; no descriptors but those named
 * here, no capabilities, and signals as they are by default.
 */
struct child;

struct child_config {
    const char *name;        /* how the log calls it */
    const char *const *argv; /* NULL ends it; argv[0] is a path */
    const char *directory;   /* where it works; NULL: "/" */
    const char *output;      /* file that gets what it prints, mode 0600; one
                                that is large is begun anew at a start.
                                NULL: kelvin's standard error */
    int keep_fd;             /* becomes its descriptor 3; -1: none */
    int64_t grace_us;        /* from SIGTERM to SIGKILL */
    void (*on_change)(void *arg, bool is_up); /* started, gone; may be NULL.
                                                 Not called by child_free() */
    void *arg;
};

/*
 * Start it, now and whenever it ends, after 1, 2, 4 ... 60 seconds; one that
 * ran for a minute begins with 1 again. The config is copied, its keep_fd
 * stays the caller's and open. That it cannot be started is logged and is a
 * reason to try again; on_change is not called before this returns.
 */
struct child *child_start(struct loop *loop, const struct child_config *config);

/* End it for good: SIGTERM, and SIGKILL after the grace. on_change tells. */
void child_stop(struct child *child);

/* SIGKILL: it hangs. It is started again after the usual pause. */
void child_kill(struct child *child);

/* End it for good and wait for that, at most the grace and what the kernel
 * needs to kill a process. NULL is fine. */
void child_free(struct child *child);

/* Its process number, 0 while it does not run. */
pid_t child_pid(const struct child *child);

/* How often it was started. */
uint64_t child_starts(const struct child *child);

/*
 * The path of a program of this name in $PATH, and after that in the usual
 * places, which a service's $PATH may lack.
 * @return false when there is none.
 */
bool child_find_program(const char *name, char *path, size_t size);

#endif
