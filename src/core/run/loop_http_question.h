/* loop_http_question: what a client of HTTP is to ask.
 * SPDX-License-Identifier: MIT */
#ifndef KELVIN_RUN_LOOP_HTTP_QUESTION_H
#define KELVIN_RUN_LOOP_HTTP_QUESTION_H

#include "core/run/loop_http.h"
#include "core/run/loop_url.h"

#define LOOP_HTTP_HEADERS_MAX 32

struct evhttp_request;

/* A request, checked and copied; it changes with each redirection. */
struct loop_http_question {
    struct loop_url url;
    int method; /* an enum evhttp_cmd_type */
    struct loop_http_owned_header {
        char *name;
        char *value;
    } headers[LOOP_HTTP_HEADERS_MAX];
    size_t header_count;
    char *authorization; /* NULL: nobody */
    void *body;
    size_t body_len;
    size_t max_body;
    int64_t timeout_us;
    unsigned redirects; /* that may still come; UINT_MAX: none is followed */
};

/* Fill one in that is all zeros; to be freed in either case. @return false
 * with one line in `error` (unless that is NULL) when it may not be asked. */
bool loop_http_question_take(struct loop_http_question *question,
                             const struct loop_http_request *request,
                             struct strbuf *error);

void loop_http_question_free(struct loop_http_question *question);

/* Go where an answer of this status sends it. @return false with one line in
 * `error`: it may not go there, and is as before. */
bool loop_http_question_redirect(struct loop_http_question *question,
                                 int status, const char *location,
                                 struct strbuf *error);

/* As libevent sends it; for evhttp_make_request(), which owns it then. */
struct evhttp_request *
loop_http_question_make(const struct loop_http_question *question,
                        void (*on_reply)(struct evhttp_request *, void *),
                        void *arg);

#endif
