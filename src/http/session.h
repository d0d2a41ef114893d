/* session: who asks, by cookie or HTTP Basic. SPDX-License-Identifier: MIT */
#ifndef KELVIN_HTTP_SESSION_H
#define KELVIN_HTTP_SESSION_H

#include "core/run/users.h"
#include "http/guard.h"
#include "http/response.h"
#include "http/site.h"

/*
 * A session is a cookie of 128 random bits; Redis has under sessions.ID whose
 * it is, and under sessions.ID.state when it began and for which password, so
 * that a new password ends all of them, whoever sets it. What Redis said is
 * good for two seconds; while it is away, sessions that are known go on.
 */
struct sessions;

/* Of nothing does it take ownership. `site` has all but its auth. */
struct sessions *sessions_new(const struct site *site, struct users *users);
void sessions_free(struct sessions *sessions); /* NULL is fine */

/* What site.auth is to be. */
struct http_auth sessions_auth(struct sessions *sessions);

struct users *sessions_users(struct sessions *sessions);
struct guard *sessions_guard(struct sessions *sessions);

/* Begin a session of this user: in place of the one that the request has, if
 * any. Sets the cookie. `csrf` gets its token. */
void sessions_begin(struct sessions *sessions, struct response *response,
                    const struct user *user, char csrf[REQUEST_TOKEN_SIZE]);

/* End the session that the request has, and its cookie. */
void sessions_end(struct sessions *sessions, struct response *response);

/* End all sessions and remembered credentials of a user. */
void sessions_end_all(struct sessions *sessions, const char *user);

#endif
