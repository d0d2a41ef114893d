/* passwords: hashed and checked beside the loop. SPDX-License-Identifier: MIT
 */
#ifndef KELVIN_RUN_PASSWORDS_H
#define KELVIN_RUN_PASSWORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/run/loop.h"

#define PASSWORD_MIN 8 /* bytes, of a new one */
#define PASSWORD_MAX 256
#define PASSWORD_HASH_SIZE 128 /* with its NUL */

/*
 * A yescrypt hash costs some 50 ms and 16 MiB on purpose. A helper process
 * (this program once more, see passwords_serve()) makes them one after the
 * other; it starts with the first question and is started again when it ends.
 */
struct passwords;
struct passwords_call;

enum passwords_result {
    PASSWORDS_NO,
    PASSWORDS_YES,
    PASSWORDS_FAILED, /* the helper died or hangs: nobody knows */
};

/* `hash` is a new one of the password after passwords_hash(), and after a check
 * whose `stored` was an MD5 that matches; else "". */
typedef void passwords_done(void *arg, enum passwords_result result,
                            const char *hash);

/* So many questions may wait. */
#define PASSWORDS_QUEUE 64

/* `program` is started as helper with PASSWORDS_HELPER as its only argument;
 * NULL: the one that runs. */
#define PASSWORDS_HELPER "--password-helper"
#define PASSWORDS_FD 3
struct passwords *passwords_new(struct loop *loop, const char *program);
void passwords_free(struct passwords *passwords); /* NULL is fine */

/*
 * Whether the password is the one of the hash `stored`: yescrypt or whatever
 * crypt(3) knows, or an unsalted MD5 in hex. "" is nobody's: the answer is no
 * and takes as long. `done` is called later, in any case.
 * @return NULL when too many wait; `done` is not called then.
 */
struct passwords_call *passwords_check(struct passwords *passwords,
                                       const char *password, const char *stored,
                                       passwords_done *done, void *arg);

/* The same for a new hash. */
struct passwords_call *passwords_hash(struct passwords *passwords,
                                      const char *password,
                                      passwords_done *done, void *arg);

/* Its `done` will not be called. NULL is fine. */
void passwords_cancel(struct passwords_call *call);

/* The helper: answer at this descriptor until the other side closes it.
 * @return an exit status. */
int passwords_serve(int fd);

/* Here and now, for who may wait. @return false: the system has none. */
bool passwords_make(const char *password, char hash[PASSWORD_HASH_SIZE]);
bool passwords_match(const char *password, const char *stored);

/* 32 lower-case hex digits. */
bool passwords_is_md5(const char *stored);

/* Compare without telling by the time where they differ. */
bool passwords_equal(const char *a, const char *b);

/* What is wrong with a new password, or NULL. */
const char *passwords_refuse(const char *password, const char *user);

#endif
