/* user: one of them, and which values are good. SPDX-License-Identifier: MIT
 */
#ifndef KELVIN_RUN_USER_H
#define KELVIN_RUN_USER_H

#include <stdbool.h>

#include "core/model/network.h"
#include "core/run/passwords.h"

#define USER_NAME_MAX 64
#define USER_TEXT_MAX 128
#define USER_NETS_MAX 4096
#define USER_NUMBER_MAX 10
#define USER_ADMIN "admin"

/* Everything, as Redis has it. */
#define USER_ALL_NETS "0.0.0.0/0,::/0"

/* As Redis has them. */
struct user_values {
    const char *full_name;
    const char *group;          /* administrator or unprivileged */
    const char *allowed_nets;   /* CIDR list */
    const char *allowed_ifname; /* "" all */
    const char *host_pool_id;   /* "" none */
    const char *lifetime;       /* seconds; "" no end */
};

enum user_group { USER_UNPRIVILEGED, USER_ADMINISTRATOR };

/* A user as read at some time; shared, so it never changes. */
struct user {
    unsigned holders;
    char name[USER_NAME_MAX + 1];
    char full_name[USER_TEXT_MAX + 1];
    enum user_group group;
    char nets[USER_NETS_MAX + 1];        /* as stored; "" all */
    struct networks *networks;           /* hosts in these only; NULL: all */
    char iface[USER_TEXT_MAX + 1];       /* this one only; "" all */
    char host_pool[USER_NUMBER_MAX + 1]; /* as stored; "" none */
    char lifetime[USER_NUMBER_MAX + 1];  /* seconds, as stored; "" no end */
    char password[PASSWORD_HASH_SIZE];
    bool must_change; /* may only set a password, and from near */
};

struct user *user_hold(const struct user *user);
void user_release(const struct user *user); /* NULL is fine */

/* A user with one holder, of these values; NULL ones are not set. Networks
 * that nobody can read are none. */
struct user *user_new(const char *name, const char *password,
                      const struct user_values *values);

/* Whether the name, and the values, are ones that may be. A value NULL is left
 * out. @return what is wrong, or NULL. */
const char *users_refuse_name(const char *name);
const char *users_refuse_values(const struct user_values *values);

#endif
