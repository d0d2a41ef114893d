/* logins: who is known to be whom, for a while. SPDX-License-Identifier: MIT
 */
#include "http/logins.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/util/mem.h"

#define BUCKETS 1024

struct logins {
    struct login *buckets[BUCKETS];
    struct login *newest;
    struct login *oldest;
    int64_t idle_us;
    unsigned count;
};

struct logins *logins_new(void)
{
    return mem_calloc(1, sizeof(struct logins));
}

void logins_let_idle(struct logins *logins, int64_t idle_us)
{
    logins->idle_us = idle_us;
}

void logins_free(struct logins *logins)
{
    while (logins != NULL && logins->oldest != NULL)
        logins_drop(logins, logins->oldest);
    free(logins);
}

/* Keys are hashes over a secret: any bits of them will do. */
static struct login **bucket_of(struct logins *logins, const uint8_t *key)
{
    return &logins->buckets[(key[0] | key[1] << 8) % BUCKETS];
}

static void unlink_login(struct logins *logins, struct login *login)
{
    *(login->newer != NULL ? &login->newer->older : &logins->newest) =
        login->older;
    *(login->older != NULL ? &login->older->newer : &logins->oldest) =
        login->newer;
}

static void link_newest(struct logins *logins, struct login *login)
{
    login->newer = NULL;
    login->older = logins->newest;
    *(logins->newest != NULL ? &logins->newest->newer : &logins->oldest) =
        login;
    logins->newest = login;
}

void logins_drop(struct logins *logins, struct login *login)
{
    struct login **at = bucket_of(logins, login->key);

    while (*at != login)
        at = &(*at)->chain;
    *at = login->chain;
    unlink_login(logins, login);
    logins->count--;
    user_release(login->user);
    explicit_bzero(login, sizeof(*login));
    free(login);
}

static bool is_over(const struct logins *logins, const struct login *login,
                    int64_t now_us)
{
    return now_us >= login->deadline_us ||
           (logins->idle_us > 0 && now_us - login->seen_us >= logins->idle_us);
}

static struct login *find(struct logins *logins, const uint8_t *key)
{
    struct login *login = *bucket_of(logins, key);

    while (login != NULL && memcmp(login->key, key, LOGIN_KEY_SIZE) != 0)
        login = login->chain;
    return login;
}

struct login *logins_find(struct logins *logins,
                          const uint8_t key[LOGIN_KEY_SIZE], int64_t now_us)
{
    struct login *login = find(logins, key);

    if (login == NULL)
        return NULL;
    if (is_over(logins, login, now_us)) {
        logins_drop(logins, login);
        return NULL;
    }
    login->seen_us = now_us;
    unlink_login(logins, login);
    link_newest(logins, login);
    return login;
}

struct login *logins_add(struct logins *logins,
                         const uint8_t key[LOGIN_KEY_SIZE], const char *id,
                         const struct user *user, int64_t now_us,
                         int64_t deadline_us)
{
    struct login *login = find(logins, key);

    if (login != NULL)
        logins_drop(logins, login);
    else if (logins->count >= LOGINS_MAX)
        logins_drop(logins, logins->oldest);
    login = mem_calloc(1, sizeof(*login));
    memcpy(login->key, key, LOGIN_KEY_SIZE);
    snprintf(login->id, sizeof(login->id), "%s", id);
    login->user = user_hold(user);
    login->seen_us = login->checked_us = login->renewed_us = now_us;
    login->deadline_us = deadline_us;
    login->chain = *bucket_of(logins, key);
    *bucket_of(logins, key) = login;
    link_newest(logins, login);
    logins->count++;
    return login;
}

void login_update(struct login *login, const struct user *user)
{
    struct user *old = login->user;

    login->user = user_hold(user);
    user_release(old);
}

void logins_drop_user(struct logins *logins, const char *name,
                      void (*dropped)(void *arg, const struct login *login),
                      void *arg)
{
    struct login *next;

    for (struct login *at = logins->oldest; at != NULL; at = next) {
        next = at->newer;
        if (strcmp(at->user->name, name) != 0)
            continue;
        if (dropped != NULL)
            dropped(arg, at);
        logins_drop(logins, at);
    }
}

unsigned logins_count(const struct logins *logins)
{
    return logins->count;
}
