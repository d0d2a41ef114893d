/* users_list: all users, as they are now. SPDX-License-Identifier: MIT */
#ifndef KELVIN_RUN_USERS_LIST_H
#define KELVIN_RUN_USERS_LIST_H

#include <stddef.h>

#include "core/run/users.h"

/* More are left out, which is logged. */
#define USERS_LIST_MAX 1000

struct users_list;

/* By name; valid during the call, to be held if wanted longer. Unless the
 * result is USERS_OK there are none. */
typedef void users_listed(void *arg, enum users_result result,
                          const struct user *const *list, size_t count);

/* Find all users but those of captive portals. `done` is called once, later.
 * Redis is walked key by key, in many small commands. */
struct users_list *users_list_find(struct users *users, users_listed *done,
                                   void *arg);

/* `done` will not be called; before users_free(). NULL is fine. */
void users_list_cancel(struct users_list *list);

#endif
