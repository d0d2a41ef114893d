/* session_store: what Redis has of sessions. SPDX-License-Identifier: MIT */
#ifndef KELVIN_HTTP_SESSION_STORE_H
#define KELVIN_HTTP_SESSION_STORE_H

#include <stdint.h>

#include "core/run/store.h"
#include "core/run/users.h"
#include "http/token.h"

/*
 * sessions.ID is the user's name, as ntopng has it; sessions.ID.state tells
 * when the session began (epoch seconds) and which password it is for, as a
 * token made of that. Both have a time to live. The store may be NULL or off:
 * then nothing happens.
 */

void session_store_keep(struct store *store, const char *id, const char *user,
                        int64_t began_s, const char *print, int64_t ttl_s);

void session_store_renew(struct store *store, const char *id, int64_t ttl_s);

void session_store_forget(struct store *store, const char *id);

/* Ask for one; as store_ask() has it. NULL: there is nobody to ask. */
struct store_call *session_store_ask(struct store *store, const char *id,
                                     store_done *done, void *arg);

enum session_found { SESSION_FOUND, SESSION_NONE, SESSION_AWAY };

/* Read the answer; the rest is set only for SESSION_FOUND. */
enum session_found session_store_read(const struct store_reply *reply,
                                      char user[USER_NAME_MAX + 1],
                                      int64_t *began_s, char print[TOKEN_SIZE]);

#endif
