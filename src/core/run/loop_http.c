/* loop_http: questions to web servers, without waiting.
 * SPDX-License-Identifier: MIT */
/*
 * A call looks up the host, tries its addresses one after the other, each with
 * a connection of libevent's evhttp of its own, judges the answer, and begins
 * again where it is sent elsewhere. evhttp's callbacks only note what came
 * and wake `work`, which takes the next step: in them a connection must not be
 * freed, and they are not measured by the loop.
 */
#include "core/run/loop_http.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent_ssl.h>
#include <event2/http.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "core/run/loop_dns.h"
#include "core/run/loop_http_question.h"
#include "core/run/loop_http_tls.h"
#include "core/run/loop_internal.h"
#include "core/util/mem.h"

#define SECOND_US 1000000
#define HEAD_MAX (64 << 10)
#define WHY_MAX 512
#define URL_TEXT_MAX ((size_t)64 << 10)

/* An address that does not answer keeps the next from its turn so long, or its
 * share of the time that is left. */
#define ATTEMPT_US (5 * INT64_C(1000000))

enum step { LOOK_UP, CONNECT, JUDGE, FAIL };

struct loop_http_call {
    struct loop_http *http;
    struct loop_http_call *prev;
    struct loop_http_call *next;
    loop_http_done *done;
    void *arg;

    struct loop_http_question question;
    int64_t until_us;

    enum step step;
    struct loop_source *work; /* takes the step */
    struct loop_source *deadline;
    struct loop_source *attempt; /* gives up an address; NULL: none */
    struct loop_dns_call *lookup;
    struct addr addrs[LOOP_DNS_ADDRS];
    size_t addr_count;
    size_t addr_next;
    struct bufferevent *stream; /* the connection's */
    struct evhttp_connection *connection;
    bufferevent_event_cb on_event; /* of evhttp, until it is connected */
    void *on_event_arg;
    int connect_errno;   /* why there is no connection */
    bool has_connected;  /* and, with TLS, shaken hands */
    const char *tls_why; /* why there is no TLS, or NULL */
    struct evhttp_request *answer;
    struct strbuf why; /* of the failure, or of the address before */
};

struct loop_http {
    struct loop *loop;
    struct loop_dns *dns;
    SSL_CTX *tls; /* NULL: not needed yet */
    struct loop_http_call *calls;
    unsigned count;
    unsigned max_calls;
};

struct loop_http *loop_http_new(struct loop *loop, unsigned max_calls)
{
    struct loop_http *http = mem_calloc(1, sizeof(*http));

    http->loop = loop;
    http->max_calls = max_calls;
    return http;
}

static void unlink_call(struct loop_http_call *call)
{
    struct loop_http *http = call->http;

    if (call->prev != NULL)
        call->prev->next = call->next;
    else
        http->calls = call->next;
    if (call->next != NULL)
        call->next->prev = call->prev;
    http->count--;
}

static void hang_up(struct loop_http_call *call)
{
    loop_source_free(call->attempt);
    call->attempt = NULL;
    if (call->answer != NULL)
        evhttp_request_free(call->answer);
    call->answer = NULL;
    if (call->connection != NULL)
        evhttp_connection_free(call->connection);
    call->connection = NULL;
    call->stream = NULL;
}

static void call_free(struct loop_http_call *call)
{
    hang_up(call);
    if (call->lookup != NULL)
        loop_dns_cancel(call->lookup);
    loop_source_free(call->work);
    loop_source_free(call->deadline);
    loop_http_question_free(&call->question);
    strbuf_free(&call->why);
    free(call);
}

void loop_http_free(struct loop_http *http)
{
    if (http == NULL)
        return;
    while (http->calls != NULL)
        loop_http_cancel(http->calls);
    loop_dns_free(http->dns);
    SSL_CTX_free(http->tls);
    free(http);
}

void loop_http_cancel(struct loop_http_call *call)
{
    if (call == NULL)
        return;
    unlink_call(call);
    call_free(call);
}

/* --- The end --- */

static void tell(struct loop_http_call *call, struct loop_http_answer *answer)
{
    struct strbuf url;

    strbuf_init(&url, URL_TEXT_MAX);
    loop_url_add(&call->question.url, &url);
    answer->url = url.text;
    if (call->lookup != NULL)
        loop_dns_cancel(call->lookup);
    call->lookup = NULL;
    unlink_call(call); /* there is room for another */
    call->done(call->arg, answer);
    call_free(call);
    strbuf_free(&url);
}

static void tell_failure(struct loop_http_call *call)
{
    struct loop_http_answer answer = {.error = call->why.text, .body = ""};

    tell(call, &answer);
}

static void fail(struct loop_http_call *call, const char *why)
{
    strbuf_reset(&call->why);
    strbuf_printf(&call->why, "%.200s: %s", call->question.url.host, why);
    call->step = FAIL;
    loop_source_resume(call->work);
}

static void on_deadline(void *arg)
{
    struct loop_http_call *call = arg;
    struct strbuf before;

    strbuf_init(&before, WHY_MAX);
    strbuf_puts(&before, call->why.text);
    strbuf_reset(&call->why);
    strbuf_printf(&call->why, "%.200s: no answer within %g s",
                  call->question.url.host,
                  (double)call->question.timeout_us / SECOND_US);
    if (before.len > 0)
        strbuf_printf(&call->why, " (%s)", before.text);
    strbuf_free(&before);
    tell_failure(call);
}

/* --- The answer --- */

static void tell_answer(struct loop_http_call *call)
{
    struct evbuffer *body = evhttp_request_get_input_buffer(call->answer);
    struct loop_http_answer answer = {
        .status = evhttp_request_get_response_code(call->answer),
        .headers = evhttp_request_get_input_headers(call->answer),
        .body_len = evbuffer_get_length(body),
    };

    evbuffer_add(body, "", 1);
    answer.body = (const char *)evbuffer_pullup(body, -1);
    tell(call, &answer);
}

const char *loop_http_header(const struct loop_http_answer *answer,
                             const char *name)
{
    return answer->headers != NULL ? evhttp_find_header(answer->headers, name)
                                   : NULL;
}

static void follow(struct loop_http_call *call, int status,
                   const char *location)
{
    struct strbuf error;

    strbuf_init(&error, WHY_MAX);
    if (loop_http_question_redirect(&call->question, status, location, &error))
        call->step = LOOK_UP;
    else
        fail(call, error.text);
    strbuf_free(&error);
    hang_up(call);
    loop_source_resume(call->work);
}

static void judge(struct loop_http_call *call)
{
    int status = evhttp_request_get_response_code(call->answer);
    const char *location = evhttp_find_header(
        evhttp_request_get_input_headers(call->answer), "Location");
    bool is_elsewhere = status == 301 || status == 302 || status == 303 ||
                        status == 307 || status == 308;

    if (is_elsewhere && location != NULL &&
        call->question.redirects != UINT_MAX)
        follow(call, status, location);
    else
        tell_answer(call);
}

/* --- The question --- */

static const char *reason(enum evhttp_request_error error)
{
    switch (error) {
    case EVREQ_HTTP_TIMEOUT:
        return "no answer";
    case EVREQ_HTTP_EOF:
        return "the connection ended before the answer did";
    case EVREQ_HTTP_INVALID_HEADER:
        return "what it answers is not HTTP";
    case EVREQ_HTTP_BUFFER_ERROR:
        return "the connection broke";
    case EVREQ_HTTP_DATA_TOO_LONG:
        return "the answer is too long";
    case EVREQ_HTTP_REQUEST_CANCEL:
        break;
    }
    return "given up";
}

/* Something came: it is too late for another address. */
static void end_attempt(struct loop_http_call *call)
{
    loop_source_free(call->attempt);
    call->attempt = NULL;
}

/* What OpenSSL said, unless it is known already that it was a certificate. */
static void note_tls_error(struct loop_http_call *call)
{
    unsigned long error = 0;

    if (call->question.url.is_tls)
        error = bufferevent_get_openssl_error(call->stream);
    if (error != 0 && call->tls_why == NULL)
        call->tls_why = loop_http_tls_error(error);
}

/* Nothing was sent: there may be another address. */
static void fail_to_connect(struct loop_http_call *call)
{
    fail(call,
         call->tls_why != NULL ? call->tls_why : strerror(call->connect_errno));
    call->step = CONNECT;
}

static void on_error(enum evhttp_request_error error, void *arg)
{
    struct loop_http_call *call = arg;

    end_attempt(call);
    note_tls_error(call);
    if (call->has_connected)
        fail(call, call->tls_why != NULL ? call->tls_why : reason(error));
    else
        fail_to_connect(call);
}

/* After on_error() it comes once more, with NULL. A status of 0 means that
 * there is no connection. */
static void on_reply(struct evhttp_request *request, void *arg)
{
    struct loop_http_call *call = arg;

    end_attempt(call);
    if (request == NULL)
        return;
    if (evhttp_request_get_response_code(request) == 0) {
        fail_to_connect(call);
        return;
    }
    evhttp_request_own(request);
    call->answer = request;
    call->step = JUDGE;
    loop_source_resume(call->work);
}

static bool is_connected(const struct loop_http_call *call)
{
    struct sockaddr_storage peer;
    socklen_t len = sizeof(peer);

    return getpeername(bufferevent_getfd(call->stream),
                       (struct sockaddr *)&peer, &len) == 0;
}

static void on_attempt(void *arg)
{
    struct loop_http_call *call = arg;

    if (is_connected(call))
        return;
    fail(call, "cannot connect");
    call->step = CONNECT;
}

static struct bufferevent *open_stream(struct loop_http_call *call)
{
    struct event_base *base = loop_base(call->http->loop);
    int flags = BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS;
    SSL *ssl;

    call->tls_why = NULL;
    if (!call->question.url.is_tls)
        return bufferevent_socket_new(base, -1, flags);
    if (call->http->tls == NULL)
        call->http->tls = loop_http_tls_context();
    if (call->http->tls == NULL)
        return NULL;
    ssl = loop_http_tls_new(call->http->tls, call->question.url.host,
                            &call->tls_why);
    if (ssl == NULL)
        return NULL;
    return bufferevent_openssl_socket_new(base, -1, ssl,
                                          BUFFEREVENT_SSL_CONNECTING, flags);
}

static bool open_connection(struct loop_http_call *call,
                            const struct addr *addr)
{
    struct timeval patience = {.tv_sec =
                                   call->question.timeout_us / SECOND_US + 1};
    char text[ADDR_TEXT_SIZE];

    call->stream = open_stream(call);
    if (call->stream == NULL)
        return false;
    bufferevent_priority_set(call->stream, LOOP_PEER);
    call->connection = evhttp_connection_base_bufferevent_new(
        loop_base(call->http->loop), NULL, call->stream,
        addr_format(addr, text), call->question.url.port);
    if (call->connection == NULL) {
        bufferevent_free(call->stream);
        return false;
    }
    evhttp_connection_set_retries(call->connection, 0);
    evhttp_connection_set_timeout_tv(call->connection, &patience);
    evhttp_connection_set_max_headers_size(call->connection, HEAD_MAX);
    evhttp_connection_set_max_body_size(call->connection,
                                        (ev_ssize_t)call->question.max_body);
    return true;
}

/* evhttp connects, and does not tell why it could not: look over its shoulder.
 * Once connected it sets callbacks anew. */
static void on_event(struct bufferevent *stream, short what, void *arg)
{
    struct loop_http_call *call = arg;

    call->connect_errno = errno != 0 ? errno : ECONNRESET;
    call->has_connected = (what & BEV_EVENT_CONNECTED) != 0;
    note_tls_error(call);
    call->on_event(stream, what, call->on_event_arg);
}

static void watch_connecting(struct loop_http_call *call)
{
    bufferevent_data_cb on_read, on_write;

    bufferevent_getcb(call->stream, &on_read, &on_write, &call->on_event,
                      &call->on_event_arg);
    call->has_connected =
        call->on_event == NULL || call->on_event_arg != call->connection;
    if (!call->has_connected)
        bufferevent_setcb(call->stream, NULL, NULL, on_event, call);
}

/* How long an address may take when there are others. */
static int64_t patience_us(const struct loop_http_call *call)
{
    int64_t left_us = call->until_us - loop_now_us(call->http->loop);
    int64_t share_us =
        left_us / (int64_t)(call->addr_count - call->addr_next + 1);

    return share_us < ATTEMPT_US ? share_us : ATTEMPT_US;
}

/* The next address; `why` still tells of the one before. */
static void connect_next(struct loop_http_call *call)
{
    struct evhttp_request *request;
    const struct addr *addr;

    hang_up(call);
    if (call->addr_next == call->addr_count) {
        tell_failure(call);
        return;
    }
    addr = &call->addrs[call->addr_next++];
    if (call->addr_next < call->addr_count)
        call->attempt = loop_after(call->http->loop, patience_us(call),
                                   LOOP_PEER, on_attempt, call);
    if (!open_connection(call, addr)) {
        fail(call, "the system gives no connection");
        return;
    }
    call->has_connected = false;
    call->connect_errno = ENOTCONN;
    request = loop_http_question_make(&call->question, on_reply, call);
    evhttp_request_set_error_cb(request, on_error);
    if (evhttp_make_request(call->connection, request,
                            (enum evhttp_cmd_type)call->question.method,
                            call->question.url.path) < 0)
        fail(call, "the request cannot be made");
    else
        watch_connecting(call);
}

static void on_found(void *arg, const struct addr *addrs, size_t count)
{
    struct loop_http_call *call = arg;

    call->lookup = NULL;
    memcpy(call->addrs, addrs, count * sizeof(*addrs));
    call->addr_count = count;
    call->addr_next = 0;
    if (count == 0) {
        fail(call, "no such host");
        return;
    }
    call->step = CONNECT;
    loop_source_resume(call->work);
}

static bool on_work(void *arg)
{
    struct loop_http_call *call = arg;

    switch (call->step) {
    case LOOK_UP:
        call->lookup = loop_dns_forward(
            call->http->dns, call->question.url.host, on_found, call);
        break;
    case CONNECT:
        connect_next(call);
        break;
    case JUDGE:
        judge(call);
        break;
    case FAIL:
        tell_failure(call);
        break;
    }
    return false;
}

/* As the files in /etc are now, unless others are still asking. */
static void renew_dns(struct loop_http *http)
{
    if (http->count > 0)
        return;
    loop_dns_free(http->dns);
    http->dns = loop_dns_new_forward(http->loop);
}

struct loop_http_call *loop_http_ask(struct loop_http *http,
                                     const struct loop_http_request *request,
                                     loop_http_done *done, void *arg,
                                     struct strbuf *error)
{
    struct loop_http_call *call;

    if (http->count == http->max_calls) {
        if (error != NULL)
            strbuf_puts(error, "too many requests at once");
        return NULL;
    }
    call = mem_calloc(1, sizeof(*call));
    call->http = http;
    call->done = done;
    call->arg = arg;
    strbuf_init(&call->why, WHY_MAX);
    if (!loop_http_question_take(&call->question, request, error)) {
        call_free(call);
        return NULL;
    }
    renew_dns(http);
    call->next = http->calls;
    if (http->calls != NULL)
        http->calls->prev = call;
    http->calls = call;
    http->count++;
    call->until_us = loop_now_us(http->loop) + call->question.timeout_us;
    call->deadline = loop_after(http->loop, call->question.timeout_us,
                                LOOP_PEER, on_deadline, call);
    call->work = loop_defer(http->loop, LOOP_PEER, on_work, call);
    return call;
}
