/* privileges: root no longer than needed. SPDX-License-Identifier: MIT */
#ifndef KELVIN_RUN_PRIVILEGES_H
#define KELVIN_RUN_PRIVILEGES_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/util/strbuf.h"

/* Who to become. */
struct privileges_user {
    char name[64];
    uid_t uid;
    gid_t gid;
};

/*
 * No core dumps, not into a program either, no debuggers, and new files closed
 * to others (umask 027). For the start of the process, whatever user it runs
 * as and stays.
 */
void privileges_harden(void);

/*
 * Find the user to become: `wanted`, or when that is NULL "kelvin" if there
 * is one, else "nobody". Who is not root stays who he is, and may want
 * nothing else.
 * @return false with one line in the error.
 */
bool privileges_find_user(const char *wanted, struct privileges_user *user,
                          struct strbuf *error);

/* Who runs this process, for -s. */
void privileges_find_self(struct privileges_user *user);

/*
 * Make sure that the directory exists and belongs to the user, with mode 0750
 * where it is new. Parents are made as needed, 0755. One that is there but
 * belongs to somebody else is taken over only while it is empty: nobody's
 * files change hands because of a mistyped option.
 * @return false with one line in the error.
 */
bool privileges_own_dir(const char *path, const struct privileges_user *user,
                        struct strbuf *error);

/* Give a file that root has made, such as the log, to the user, so that it
 * can be opened again. Others' files stay theirs; not root: nothing to do.
 * @return false with one line in the error. */
bool privileges_own_file(const char *path, const struct privileges_user *user,
                         struct strbuf *error);

/*
 * Become the user with his groups, for good: no capability is kept but
 * CAP_NET_RAW where the process has it, which is enough to open interfaces
 * again, promiscuous mode included; none can be gained by exec, and neither
 * debuggers nor core dumps see the memory. Who is not root loses surplus
 * capabilities alone. After daemon_take_pid_file() and all opening.
 * @return false with one line in the error; the process must end then.
 */
bool privileges_drop(const struct privileges_user *user, struct strbuf *error);

/* Let no exec give rights that the process has not; privileges_drop() does it,
 * too. @return false with one line in the error. */
bool privileges_seal(struct strbuf *error);

/* True when the process may open interfaces: CAP_NET_RAW is effective. */
bool privileges_can_capture(void);

#endif
