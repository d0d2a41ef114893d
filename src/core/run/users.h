/* users: who may log in, and what each may see. SPDX-License-Identifier: MIT
 */
#ifndef KELVIN_RUN_USERS_H
#define KELVIN_RUN_USERS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/run/passwords.h"
#include "core/run/store.h"
#include "core/run/user.h"

/*
 * Users live in Redis under ntopng.user.NAME.*, in memory with -r none. At
 * first there is the user admin with the password admin, who must set
 * another one (ntopng.prefs.admin_password_changed is not set). A password is
 * as crypt(3) has it; an MD5 of ntopng works once and is replaced.
 */
struct users;
struct users_call;

enum users_result {
    USERS_OK,
    USERS_UNKNOWN, /* no such user, or not this password */
    USERS_EXISTS,
    USERS_AWAY, /* Redis does not answer */
    USERS_BUSY, /* too many passwords wait, or the helper failed */
};

/* `user` is valid during the call; NULL unless OK and there is one. */
typedef void users_done(void *arg, enum users_result result,
                        const struct user *user);

/* The store may be NULL or off. Both outlive it. */
struct users *users_new(struct loop *loop, struct store *store,
                        struct passwords *passwords);
void users_free(struct users *users); /* NULL is fine; no `done` is called */

/* Write the first user to Redis whenever that is there and has no password of
 * admin: other programs look for the keys. Once, before the loop runs. */
void users_keep_first(struct users *users);

/*
 * All answer later, never from inside the call, and give a handle for
 * users_cancel() that is valid until then. Names and values must be checked
 * before; a name that may not be is one of nobody.
 */
struct users_call *users_find(struct users *users, const char *name,
                              users_done *done, void *arg);

/* Find, and check the password; it takes as long for users unknown. */
struct users_call *users_login(struct users *users, const char *name,
                               const char *password, users_done *done,
                               void *arg);

struct users_call *users_set_password(struct users *users, const char *name,
                                      const char *password, users_done *done,
                                      void *arg);
struct users_call *users_create(struct users *users, const char *name,
                                const char *password,
                                const struct user_values *values,
                                users_done *done, void *arg);
struct users_call *users_change(struct users *users, const char *name,
                                const struct user_values *values,
                                users_done *done, void *arg);
struct users_call *users_delete(struct users *users, const char *name,
                                users_done *done, void *arg);

/* For users_list.c: where they are kept, and the names of those that are in
 * memory; NULL after the last. */
struct store *users_store(const struct users *users);
const char *users_kept(const struct users *users, size_t i);

/* Its `done` will not be called; what it does goes on. NULL is fine. */
void users_cancel(struct users_call *call);

#endif
