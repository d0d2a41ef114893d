/* daemon: a process of the background. SPDX-License-Identifier: MIT */
#ifndef KELVIN_RUN_DAEMON_H
#define KELVIN_RUN_DAEMON_H

#include <sched.h>
#include <stdbool.h>
#include <sys/types.h>

#include "core/util/strbuf.h"

/*
 *   daemon_start(&daemon, error)          with -e; goes on in the child
 *   ... open what needs privileges or the working directory ...
 *   daemon_take_pid_file(&daemon, path, error)
 *   privileges_drop(user, error)
 *   daemon_ready(&daemon)                 the parent leaves, successfully
 *   loop_run()
 *   daemon_leave(&daemon)
 *
 * Until daemon_ready() the three standard descriptors are those of the
 * parent, who waits: messages are seen, and when the child ends instead, the
 * parent ends with its exit status.
 */
struct daemon {
    int ready_fd;   /* pipe to the parent, or -1 */
    int pid_fd;     /* locked pid file, or -1 */
    char *pid_path; /* its absolute name */
};

#define DAEMON_INIT ((struct daemon){.ready_fd = -1, .pid_fd = -1})

/*
 * Give /dev/null the standard descriptors that are closed, before the first
 * file gets such a number and with it what is meant for people. Reading or
 * writing them still fails.
 */
void daemon_keep_standard(void);

/* Go to the background: a child of its own session; the parent does not
 * return. Call it first, the child has none of the parent's threads or locks.
 * @return false, in the only process there is, with one line in the error. */
bool daemon_start(struct daemon *daemon, struct strbuf *error);

/* Let the parent go; leave its directory and standard descriptors. Without
 * daemon_start() nothing happens. */
void daemon_ready(struct daemon *daemon);

/*
 * Write the process number to `path`, mode 0644, and keep the file locked as
 * long as the process lives: a file nobody has locked is stale and replaced.
 * @return false with one line in the error: another process holds it, or the
 * system refuses.
 */
bool daemon_take_pid_file(struct daemon *daemon, const char *path,
                          struct strbuf *error);

/* Remove the pid file, or empty it where privileges no longer allow that. */
void daemon_leave(struct daemon *daemon);

/* Let the process have as many files open as the system lets it. */
void daemon_raise_file_limit(void);

/* Run on these cores only; an empty set is any.
 * @return false with one line in the error. */
bool daemon_set_cores(const cpu_set_t *cores, struct strbuf *error);

#endif
