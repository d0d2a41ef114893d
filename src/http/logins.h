/* logins: who is known to be whom, for a while. SPDX-License-Identifier: MIT
 */
#ifndef KELVIN_HTTP_LOGINS_H
#define KELVIN_HTTP_LOGINS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/run/users.h"

/*
 * A bounded table of proven identities: sessions by their cookie, and
 * credentials of HTTP Basic, both under a keyed hash. The least recently used
 * go first.
 */
struct logins;

#define LOGINS_MAX 4096
#define LOGIN_KEY_SIZE 32
#define LOGIN_ID_SIZE 33 /* 128 bits in hex */

struct login {
    struct login *chain;
    struct login *newer;
    struct login *older;
    uint8_t key[LOGIN_KEY_SIZE];
    char id[LOGIN_ID_SIZE]; /* of a session; "" HTTP Basic */
    struct user *user;
    int64_t seen_us;     /* monotonic, as all here */
    int64_t checked_us;  /* Redis was asked */
    int64_t renewed_us;  /* its time to live in Redis */
    int64_t deadline_us; /* it ends then in any case */
};

struct logins *logins_new(void);
void logins_free(struct logins *logins); /* NULL is fine */

/* From now on one may be unused for so long; 0, as at first: for ever. */
void logins_let_idle(struct logins *logins, int64_t idle_us);

/* The one with this key, which is used now; NULL: none, or too old. */
struct login *logins_find(struct logins *logins,
                          const uint8_t key[LOGIN_KEY_SIZE], int64_t now_us);

/* Add one, in place of one with this key; the user is held. */
struct login *logins_add(struct logins *logins,
                         const uint8_t key[LOGIN_KEY_SIZE], const char *id,
                         const struct user *user, int64_t now_us,
                         int64_t deadline_us);

/* Exchange what is known of its user. */
void login_update(struct login *login, const struct user *user);

void logins_drop(struct logins *logins, struct login *login);

/* All of this user; `dropped` gets each first (NULL: nobody does). */
void logins_drop_user(struct logins *logins, const char *name,
                      void (*dropped)(void *arg, const struct login *login),
                      void *arg);

unsigned logins_count(const struct logins *logins);

#endif
