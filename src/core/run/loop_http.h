/* loop_http: questions to web servers, without waiting.
 * SPDX-License-Identifier: MIT */
#ifndef KELVIN_RUN_LOOP_HTTP_H
#define KELVIN_RUN_LOOP_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/run/loop.h"
#include "core/util/strbuf.h"

/*
 * A client of HTTP/1.1, plain and over TLS 1.2 or newer. Certificates are
 * checked against those that the system trusts (SSL_CERT_FILE and SSL_CERT_DIR
 * name others) and against the name of the host. Names are looked up as the
 * system would (/etc/hosts, the servers of /etc/resolv.conf, both read when
 * calls begin), addresses of both families tried one after the other.
 *
 *   http = loop_http_new(loop, 8);
 *   call = loop_http_ask(http, &request, done, arg);
 *   loop_http_free(http);                          before the loop is freed
 *
 * Everything is bounded: the time by the request, the answer's body too, its
 * head to 64 KiB. Nothing is sent twice: a request that may have reached the
 * server is not tried again.
 */
struct loop_http;
struct loop_http_call;

/* A client with at most so many calls under way. */
struct loop_http *loop_http_new(struct loop *loop, unsigned max_calls);

/* Drop what is under way, without calling `done`. NULL is fine. */
void loop_http_free(struct loop_http *http);

struct loop_http_header {
    const char *name;
    const char *value;
};

#define LOOP_HTTP_REDIRECTS 5
#define LOOP_HTTP_TIMEOUT_US (30 * INT64_C(1000000))
#define LOOP_HTTP_BODY_MAX ((size_t)8 << 20)

/* All of it is copied. */
struct loop_http_request {
    const char *method; /* GET, HEAD, POST, PUT, PATCH, DELETE; NULL: GET */
    /* Of http or https. User and password in it are those of HTTP Basic,
     * unless `user` is set. */
    const char *url;
    const char *user; /* HTTP Basic; NULL or "": nobody */
    const char *password;
    const struct loop_http_header *headers; /* more; not Host, Content-Length,
                                               Connection, Authorization */
    size_t header_count;
    const void *body; /* for POST, PUT and PATCH */
    size_t body_len;
    int64_t timeout_us; /* all together; 0: LOOP_HTTP_TIMEOUT_US */
    size_t max_body;    /* of the answer; 0: LOOP_HTTP_BODY_MAX */
    bool stay;          /* take a redirection as the answer. Else up to
                           LOOP_HTTP_REDIRECTS are followed, and what is sent
                           to another scheme, host or port has neither the
                           user nor the `headers` */
};

/* Valid during the call of `done`. */
struct loop_http_answer {
    const char *error; /* one line: why there is no answer; NULL: there is one.
                          An answer of any status is one. */
    int status;        /* 200, 404 ...; 0 without an answer */
    const char *url;   /* that answered, without user and password */
    const char *body;  /* any bytes, and a NUL after them */
    size_t body_len;
    const void *headers; /* for loop_http_header() */
};

typedef void loop_http_done(void *arg, const struct loop_http_answer *answer);

/*
 * Ask. `done` is called once, from the loop, never from here, unless
 * loop_http_cancel() or loop_http_free() comes first.
 * @return NULL with one line in `error` (unless that is NULL) when it cannot be
 * asked: the request is wrong, or too many are under way. `done` is not called
 * then.
 */
struct loop_http_call *loop_http_ask(struct loop_http *http,
                                     const struct loop_http_request *request,
                                     loop_http_done *done, void *arg,
                                     struct strbuf *error);

/* Drop it; `done` will not be called. NULL is fine; not from `done` itself. */
void loop_http_cancel(struct loop_http_call *call);

/* A header of the answer, whatever its case, or NULL; valid as the answer. */
const char *loop_http_header(const struct loop_http_answer *answer,
                             const char *name);

/* Whether a URL may be asked. @return false with one line in `error`. */
bool loop_http_check_url(const char *url, struct strbuf *error);

#endif
