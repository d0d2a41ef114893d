/* response: one answer, whole or piece by piece. SPDX-License-Identifier: MIT
 */
#include "http/response.h"

#include <assert.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/run/loop_internal.h"
#include "core/util/mem.h"
#include "core/util/utf8.h"
#include "http/access_log.h"
#include "http/answer.h"
#include "http/gzip.h"
#include "http/site.h"

/* A client may be so far behind before the handler has to wait. */
#define FULL_BYTES 65536
#define GZIP_MIN 1024   /* below it the headers weigh more */
#define GZIP_MAX 131072 /* above it compressing at once stalls the loop */
#define ETAG_MAX 80
#define PAGE_MAX 8192
#define STATUS_LEFT 499 /* in the log: nobody waited for the answer */

struct response {
    struct site *site;
    struct evhttp_request *event;
    struct request *request;
    struct server_counters *counters;
    void (*finished)(void *arg);
    void *finished_arg;
    void (*drained)(void *arg);
    void *drained_arg;
    void (*aborted)(void *arg);
    void *aborted_arg;
    struct gzip *gzip;       /* of an answer that goes piece by piece */
    char etag[ETAG_MAX + 3]; /* with its quotes; "" none */
    int status;
    bool has_begun;
    uint64_t sent; /* bytes of the body, as encoded */
    bool is_full;
    bool has_ranges;
};

const struct request *response_request(const struct response *response)
{
    return response->request;
}

struct request *response_request_of(struct response *response)
{
    return response->request;
}

struct site *response_site(const struct response *response)
{
    return response->site;
}

struct response *response_new(struct site *site, struct evhttp_request *event,
                              struct request *request,
                              struct server_counters *counters,
                              void (*finished)(void *arg), void *arg)
{
    struct response *response = mem_calloc(1, sizeof(*response));

    *response = (struct response){.site = site,
                                  .event = event,
                                  .request = request,
                                  .counters = counters,
                                  .finished = finished,
                                  .finished_arg = arg};
    return response;
}

static void response_free(struct response *response)
{
    request_free(response->request);
    free(response->request);
    gzip_free(response->gzip);
    free(response);
}

static struct evkeyvalq *headers_of(const struct response *response)
{
    return evhttp_request_get_output_headers(response->event);
}

static void set_header(struct response *response, const char *name,
                       const char *value)
{
    if (strcasecmp(name, "Set-Cookie") != 0)
        evhttp_remove_header(headers_of(response), name);
    evhttp_add_header(headers_of(response), name, value);
}

static bool has_header(const struct response *response, const char *name)
{
    return evhttp_find_header(headers_of(response), name) != NULL;
}

/* The answer may have something else that it varies by. */
static void vary_by_encoding(struct response *response)
{
    const char *before = evhttp_find_header(headers_of(response), "Vary");
    char value[128];

    snprintf(value, sizeof(value), "%s%sAccept-Encoding",
             before != NULL ? before : "", before != NULL ? ", " : "");
    if (before == NULL || strstr(before, "Accept-Encoding") == NULL)
        set_header(response, "Vary", value);
}

static bool is_ours(const char *name)
{
    static const char *const names[] = {
        "Connection", "Content-Length", "Transfer-Encoding",
        "Date",       "Keep-Alive",     "Upgrade",
        "Trailer"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcasecmp(name, names[i]) == 0)
            return true;
    return false;
}

bool response_header(struct response *response, const char *name,
                     const char *value)
{
    size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz"
                              "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_");

    if (response->has_begun || len == 0 || name[len] != '\0' || is_ours(name))
        return false;
    for (const char *at = value; *at != '\0'; at++)
        if (((unsigned char)*at < ' ' && *at != '\t') || *at == 0x7f)
            return false;
    set_header(response, name, value);
    return true;
}

void response_etag(struct response *response, const char *etag)
{
    snprintf(response->etag, sizeof(response->etag), "\"%.*s\"", ETAG_MAX,
             etag);
    response_header(response, "ETag", response->etag);
}

void response_allow_ranges(struct response *response)
{
    response->has_ranges = true;
    set_header(response, "Accept-Ranges", "bytes");
}

/* What every answer has; `type` NULL: it has no body. */
static void add_common(struct response *response, int status, const char *type)
{
    response->has_begun = true;
    response->status = status;
    response->counters->answers[status / 100 % 6]++;
    for (size_t i = 0; i < ANSWER_HEADERS; i++) {
        const struct head_field *header = answer_header(i);

        if (!has_header(response, header->name))
            set_header(response, header->name, header->value);
    }
    if (!has_header(response, "Cache-Control"))
        set_header(response, "Cache-Control", "no-store");
    if (type != NULL)
        set_header(response, "Content-Type", type);
}

/* The handler is done: free all but evhttp's part, which is still to be told.
 * Before it is, since it may end the connection at once. */
static struct evhttp_request *finish(struct response *response)
{
    struct evhttp_request *event = response->event;

    access_log_answer(response->site->access_log, response->request,
                      response->status, response->sent);
    response->finished(response->finished_arg);
    response_free(response);
    return event;
}

static void count_sent(struct response *response, size_t len)
{
    response->sent += len;
    response->counters->bytes_sent += len;
}

/* Send the head and a body that may be empty (NULL: has none at all). */
static void send_all(struct response *response, int status,
                     struct evbuffer *body)
{
    size_t len = body != NULL ? evbuffer_get_length(body) : 0;
    char text[24];

    if (body != NULL) {
        snprintf(text, sizeof(text), "%zu", len);
        set_header(response, "Content-Length", text);
    }
    if (response->request->head.method == HTTP_HEAD && body != NULL)
        evbuffer_drain(body, len);
    else
        count_sent(response, len);
    evhttp_send_reply(finish(response), status, answer_reason(status), body);
}

void response_empty(struct response *response, int status)
{
    struct evbuffer *none =
        status == 204 || status == 304 ? NULL : evbuffer_new();

    add_common(response, status, NULL);
    /* evhttp gives each answer a type that has none, in an old character
     * set. */
    if (none != NULL)
        set_header(response, "Content-Type", "text/plain; charset=utf-8");
    send_all(response, status, none);
    if (none != NULL)
        evbuffer_free(none);
}

/* The client has it already. */
static bool is_known(const struct response *response, int status)
{
    enum http_method method = response->request->head.method;

    return status == 200 && response->etag[0] != '\0' &&
           (method == HTTP_GET || method == HTTP_HEAD) &&
           answer_tag_matches(
               request_header(response->request, "If-None-Match"),
               response->etag);
}

/* Whether what the client has of it is still of this version (RFC 9110,
 * 13.1.5). */
static bool range_is_current(const struct response *response)
{
    const char *known = request_header(response->request, "If-Range");

    return known == NULL || strcmp(known, response->etag) == 0;
}

/* Cut the body to what Range asks for; the new status. */
static int apply_range(struct response *response, struct evbuffer *body)
{
    uint64_t size = evbuffer_get_length(body);
    uint64_t first, last;
    char text[80];
    struct evbuffer *part;

    if (!response->has_ranges || !range_is_current(response))
        return 200;
    switch (answer_parse_range(request_header(response->request, "Range"), size,
                               &first, &last)) {
    case RANGE_ALL:
        return 200;
    case RANGE_NONE:
        snprintf(text, sizeof(text), "bytes */%" PRIu64, size);
        set_header(response, "Content-Range", text);
        evbuffer_drain(body, size);
        return 416;
    case RANGE_PART:
        break;
    }
    snprintf(text, sizeof(text), "bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64,
             first, last, size);
    set_header(response, "Content-Range", text);
    part = evbuffer_new();
    evbuffer_drain(body, first);
    evbuffer_remove_buffer(body, part, last - first + 1);
    evbuffer_drain(body, evbuffer_get_length(body));
    evbuffer_add_buffer(body, part);
    evbuffer_free(part);
    return 206;
}

static void free_bytes(const void *bytes, size_t len, void *arg)
{
    (void)len;
    (void)arg;
    free((void *)(uintptr_t)bytes);
}

/* The bytes as they are, or compressed. */
static void fill_body(struct response *response, struct evbuffer *body,
                      const char *type, const void *bytes, size_t len)
{
    char *small = NULL;
    size_t small_len = 0;

    if (!response->has_ranges && len >= GZIP_MIN && len <= GZIP_MAX &&
        gzip_helps(type) && !has_header(response, "Content-Encoding")) {
        vary_by_encoding(response);
        if (gzip_is_accepted(
                request_header(response->request, "Accept-Encoding")))
            small = gzip_bytes(bytes, len, &small_len);
    }
    if (small != NULL) {
        set_header(response, "Content-Encoding", "gzip");
        evbuffer_add_reference(body, small, small_len, free_bytes, NULL);
    } else {
        evbuffer_add(body, bytes, len);
    }
}

void response_send(struct response *response, int status, const char *type,
                   const void *bytes, size_t len)
{
    struct evbuffer *body;

    assert(!response->has_begun);
    if (is_known(response, status)) {
        response_empty(response, 304);
        return;
    }
    body = evbuffer_new();
    fill_body(response, body, type, bytes, len);
    if (status == 200)
        status = apply_range(response, body);
    add_common(response, status, type);
    send_all(response, status, body);
    evbuffer_free(body);
}

/* evbuffer's callback has more arguments than ours. */
struct shared {
    void (*release)(void *arg);
    void *arg;
};

static void release_shared(const void *bytes, size_t len, void *arg)
{
    struct shared *shared = arg;

    (void)bytes;
    (void)len;
    shared->release(shared->arg);
    free(shared);
}

void response_send_shared(struct response *response, int status,
                          const char *type, const char *encoding,
                          const void *bytes, size_t len,
                          void (*release)(void *arg), void *arg)
{
    struct shared *shared;
    struct evbuffer *body;

    assert(!response->has_begun);
    if (is_known(response, status)) {
        release(arg);
        response_empty(response, 304);
        return;
    }
    body = evbuffer_new();
    shared = mem_alloc(sizeof(*shared));
    *shared = (struct shared){release, arg};
    if (encoding != NULL)
        set_header(response, "Content-Encoding", encoding);
    /* An empty reference would never be released. */
    if (len > 0)
        evbuffer_add_reference(body, bytes, len, release_shared, shared);
    else
        release_shared(bytes, len, shared);
    if (status == 200 && encoding == NULL)
        status = apply_range(response, body);
    add_common(response, status, type);
    send_all(response, status, body);
    evbuffer_free(body);
}

static void add_page(struct strbuf *page, const char *prefix, int status,
                     const char *detail)
{
    const char *reason = answer_reason(status);

    strbuf_printf(page,
                  "<!DOCTYPE html>\n<html lang=\"en\"><head>"
                  "<meta charset=\"utf-8\"><meta name=\"viewport\" "
                  "content=\"width=device-width, initial-scale=1\">"
                  "<title>%d %s</title>\n<link rel=\"stylesheet\" href=\"",
                  status, reason);
    answer_escape(page, prefix, strlen(prefix));
    strbuf_printf(page, "/css/login.css\"></head>\n<body><main><h1>%s</h1>\n",
                  reason);
    if (detail != NULL) {
        strbuf_puts(page, "<p>");
        answer_escape(page, detail, strlen(detail));
        strbuf_puts(page, "</p>\n");
    }
    strbuf_puts(page, "<p><a href=\"");
    answer_escape(page, prefix, strlen(prefix));
    strbuf_puts(page, "/\">Home</a></p>\n</main></body></html>\n");
}

static void add_text(struct strbuf *page, int status, const char *detail)
{
    char clean[PAGE_MAX / 4];

    strbuf_printf(page, "%d %s\n", status, answer_reason(status));
    if (detail != NULL) {
        utf8_clean(clean, sizeof(clean), detail, strlen(detail));
        strbuf_printf(page, "%s\n", clean);
    }
}

void response_error(struct response *response, int status, const char *detail)
{
    const char *accept = request_header(response->request, "Accept");
    bool is_page = accept != NULL && strstr(accept, "text/html") != NULL;
    struct strbuf page;

    strbuf_init(&page, PAGE_MAX);
    if (is_page)
        add_page(&page, response->site->prefix, status, detail);
    else
        add_text(&page, status, detail);
    response_send(response, status,
                  is_page ? "text/html; charset=utf-8"
                          : "text/plain; charset=utf-8",
                  page.text, page.len);
    strbuf_free(&page);
}

static struct bufferevent *stream_of(const struct response *response)
{
    return evhttp_connection_get_bufferevent(
        evhttp_request_get_connection(response->event));
}

/* Whether the client and the handler let us compress what comes. */
static bool may_compress(struct response *response, const char *type)
{
    if (!gzip_helps(type) || strncmp(type, "text/event-stream", 17) == 0 ||
        has_header(response, "Content-Encoding"))
        return false;
    vary_by_encoding(response);
    return gzip_is_accepted(
        request_header(response->request, "Accept-Encoding"));
}

void response_begin(struct response *response, int status, const char *type)
{
    assert(!response->has_begun);
    if (may_compress(response, type) &&
        response->request->head.method != HTTP_HEAD) {
        response->gzip = gzip_new();
        set_header(response, "Content-Encoding", "gzip");
    }
    add_common(response, status, type);
    /* Without chunks only the end of the connection tells the end. */
    if (response->request->head.minor == 0)
        set_header(response, "Connection", "close");
    evhttp_send_reply_start(response->event, status, answer_reason(status));
}

size_t response_waiting(const struct response *response)
{
    return evbuffer_get_length(bufferevent_get_output(stream_of(response)));
}

static void on_drained(struct evhttp_connection *connection, void *arg)
{
    struct response *response = arg;
    struct loop *loop = response->site->loop;

    (void)connection;
    if (!response->is_full)
        return;
    response->is_full = false;
    if (response->drained == NULL)
        return;
    loop_call_begin(loop);
    response->drained(response->drained_arg); /* may free the response */
    loop_call_end(loop, LOOP_PAGE);
}

static void put_chunk(void *arg, const void *bytes, size_t len)
{
    struct response *response = arg;
    struct evbuffer *chunk = evbuffer_new();

    evbuffer_add(chunk, bytes, len);
    count_sent(response, len);
    evhttp_send_reply_chunk_with_cb(response->event, chunk, on_drained,
                                    response);
    evbuffer_free(chunk);
}

bool response_write(struct response *response, const void *bytes, size_t len)
{
    assert(response->has_begun);
    if (len > 0 && response->request->head.method != HTTP_HEAD) {
        if (response->gzip != NULL)
            gzip_add(response->gzip, bytes, len, false, put_chunk, response);
        else
            put_chunk(response, bytes, len);
    }
    response->is_full = response_waiting(response) > FULL_BYTES;
    return !response->is_full;
}

void response_on_drain(struct response *response, void (*run)(void *arg),
                       void *arg)
{
    response->drained = run;
    response->drained_arg = arg;
}

void response_on_abort(struct response *response, void (*run)(void *arg),
                       void *arg)
{
    response->aborted = run;
    response->aborted_arg = arg;
}

void response_end(struct response *response)
{
    assert(response->has_begun);
    if (response->gzip != NULL)
        gzip_add(response->gzip, NULL, 0, true, put_chunk, response);
    evhttp_send_reply_end(finish(response));
}

void response_cut(struct response *response)
{
    struct evhttp_connection *connection =
        evhttp_request_get_connection(response->event);

    /* Comes back as response_aborted(). */
    response->aborted = NULL;
    evhttp_connection_free(connection);
}

void response_aborted(struct response *response)
{
    access_log_answer(response->site->access_log, response->request,
                      response->has_begun ? response->status : STATUS_LEFT,
                      response->sent);
    if (response->aborted != NULL)
        response->aborted(response->aborted_arg);
    /* evhttp gives up a request that the handler has by taking it off its
     * connection; one that is still on it goes with that. */
    if (evhttp_request_get_connection(response->event) == NULL)
        evhttp_request_free(response->event);
    response_free(response);
}
