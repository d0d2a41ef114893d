/* request: what a client asks, read once and for all.
 * SPDX-License-Identifier: MIT */
#ifndef KELVIN_HTTP_REQUEST_H
#define KELVIN_HTTP_REQUEST_H

#include "core/model/network.h"
#include "core/packet/addr.h"
#include "core/run/users.h"
#include "http/head.h"
#include "http/params.h"
#include "http/path.h"

#define REQUEST_USER_MAX USER_NAME_MAX
#define REQUEST_PASSWORD_MAX PASSWORD_MAX
#define REQUEST_TOKEN_SIZE 33

/* Who a route is for; a higher one may what a lower one may. */
enum http_role {
    ROLE_NONE,
    ROLE_NEWCOMER, /* must set a password first */
    ROLE_USER,
    ROLE_ADMINISTRATOR
};

/* What is known of the connection that a request came by. */
struct request_origin {
    struct addr peer;
    bool is_tls;
    const char *prefix;             /* of -Z; NULL: none */
    const struct networks *trusted; /* proxies; NULL: none */
};

/*
 * Everything a handler may read. Texts live as long as the request; all come
 * from the client and mean nothing before they are checked.
 */
struct request {
    struct head head;
    char path[PATH_TEXT_MAX]; /* one spelling, without prefix; see path.h */
    const char *query_text;   /* as sent, "" without */
    struct params query;
    struct params form; /* of an application/x-www-form-urlencoded body */
    struct params cookies;
    char *body; /* ends in a NUL that does not count; NULL: none */
    size_t body_len;
    struct addr peer;    /* who asked, by what trusted proxies say */
    bool is_local;       /* from this machine, with no proxy between */
    bool is_proxied;     /* a trusted proxy told who asked */
    bool is_secure;      /* over TLS, here or at a trusted proxy */
    enum http_role role; /* what authentication found */
    char user[REQUEST_USER_MAX + 1]; /* and whom; "" nobody */
    /* Group, networks and interface of that user; NULL: nobody, or one who
     * needs no login and may see everything. */
    struct user *account;
    char csrf[REQUEST_TOKEN_SIZE]; /* for forms; "" without a session */
    bool is_shared; /* the route is one that pages of other sites may ask */
    bool is_basic;  /* role and user are those of HTTP Basic */
    bool is_forged; /* another site, or nobody's form, made it: no changes */
    bool must_wait; /* too many wrong passwords came from there */
    bool is_away;   /* Redis could not say whose session it is */
};

/*
 * Read a request whose head is parsed. Takes the head and the body (from
 * mem_alloc(), `body_len` bytes and a NUL, or NULL) whatever the result.
 * @return 200, or the status to refuse it with. Give it to request_free() in
 * both cases.
 */
int request_read(struct request *request, struct head *head, char *body,
                 size_t body_len, const struct request_origin *origin);

void request_free(struct request *request);

/* A header's value, NULL when there is none. */
const char *request_header(const struct request *request, const char *name);

/* The credentials of HTTP Basic (RFC 7617). @return false when there are
 * none, or they are malformed or too long. Overwrite the password after use. */
bool request_basic(const struct request *request,
                   char user[REQUEST_USER_MAX + 1],
                   char password[REQUEST_PASSWORD_MAX + 1]);

/* Whether the media type of the body is this one, parameters apart. */
bool request_body_is(const struct request *request, const char *type);

#endif
