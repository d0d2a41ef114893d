/* loop_http_question: what a client of HTTP is to ask.
 * SPDX-License-Identifier: MIT */
#include "core/run/loop_http_question.h"

#include <event2/buffer.h>
#include <event2/http.h>
#include <limits.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/util/mem.h"
#include "core/util/version.h"

#define HOST_MAX 512

static void free_secret(char *text)
{
    if (text != NULL)
        explicit_bzero(text, strlen(text));
    free(text);
}

static bool find_method(const char *name, int *method)
{
    static const struct {
        const char *name;
        enum evhttp_cmd_type method;
    } rows[] = {
        {"GET", EVHTTP_REQ_GET},     {"HEAD", EVHTTP_REQ_HEAD},
        {"POST", EVHTTP_REQ_POST},   {"PUT", EVHTTP_REQ_PUT},
        {"PATCH", EVHTTP_REQ_PATCH}, {"DELETE", EVHTTP_REQ_DELETE},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        if (strcmp(rows[i].name, name != NULL ? name : "GET") == 0) {
            *method = rows[i].method;
            return true;
        }
    }
    return false;
}

static bool is_one_line(const char *text)
{
    for (const unsigned char *at = (const unsigned char *)text; *at != '\0';
         at++)
        if ((*at < ' ' && *at != '\t') || *at == 0x7f)
            return false;
    return true;
}

static bool is_good_header(const struct loop_http_header *header)
{
    static const char token[] = "!#$%&'*+-.^_`|~0123456789"
                                "abcdefghijklmnopqrstuvwxyz"
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    static const char *const ours[] = {"Host", "Content-Length", "Connection",
                                       "Authorization", "Transfer-Encoding"};
    size_t len = strspn(header->name, token);

    if (len == 0 || header->name[len] != '\0' || !is_one_line(header->value))
        return false;
    for (size_t i = 0; i < sizeof(ours) / sizeof(*ours); i++)
        if (strcasecmp(header->name, ours[i]) == 0)
            return false;
    return true;
}

/* @return what is wrong, or NULL */
static const char *take_headers(struct loop_http_question *question,
                                const struct loop_http_request *request)
{
    if (request->header_count > LOOP_HTTP_HEADERS_MAX)
        return "too many headers";
    for (size_t i = 0; i < request->header_count; i++) {
        if (!is_good_header(&request->headers[i]))
            return "a header that may not be";
        question->headers[question->header_count++] =
            (struct loop_http_owned_header){
                mem_strdup(request->headers[i].name),
                mem_strdup(request->headers[i].value)};
    }
    return NULL;
}

static void set_authorization(struct loop_http_question *question,
                              const char *user, const char *password)
{
    static const char basic[] = "Basic ";
    size_t len = strlen(user) + 1 + strlen(password);
    char *plain = mem_alloc(len + 1);

    snprintf(plain, len + 1, "%s:%s", user, password);
    question->authorization = mem_alloc(sizeof(basic) + 4 * (len / 3 + 1));
    memcpy(question->authorization, basic, sizeof(basic));
    EVP_EncodeBlock((unsigned char *)question->authorization + sizeof(basic) -
                        1,
                    (const unsigned char *)plain, (int)len);
    free_secret(plain);
}

static void take_user(struct loop_http_question *question,
                      const struct loop_http_request *request)
{
    const char *user = request->user;
    const char *password = request->password;

    if (user == NULL || user[0] == '\0') {
        user = question->url.user;
        password = question->url.password;
    }
    if (user != NULL)
        set_authorization(question, user, password != NULL ? password : "");
}

/* @return what is wrong, or NULL */
static const char *check(struct loop_http_question *question,
                         const struct loop_http_request *request)
{
    if (!find_method(request->method, &question->method))
        return "no such method";
    question->timeout_us =
        request->timeout_us > 0 ? request->timeout_us : LOOP_HTTP_TIMEOUT_US;
    question->max_body =
        request->max_body > 0 ? request->max_body : LOOP_HTTP_BODY_MAX;
    question->redirects = request->stay ? UINT_MAX : LOOP_HTTP_REDIRECTS;
    if (request->body_len > 0 && question->method != EVHTTP_REQ_POST &&
        question->method != EVHTTP_REQ_PUT &&
        question->method != EVHTTP_REQ_PATCH)
        return "a body goes with POST, PUT or PATCH";
    if (request->body_len > 0) {
        question->body = mem_alloc(request->body_len);
        memcpy(question->body, request->body, request->body_len);
        question->body_len = request->body_len;
    }
    take_user(question, request);
    return take_headers(question, request);
}

bool loop_http_question_take(struct loop_http_question *question,
                             const struct loop_http_request *request,
                             struct strbuf *error)
{
    const char *wrong;

    if (!loop_url_parse(&question->url, request->url, error))
        return false;
    wrong = check(question, request);
    if (wrong != NULL && error != NULL)
        strbuf_puts(error, wrong);
    return wrong == NULL;
}

static void forget_secrets(struct loop_http_question *question)
{
    free_secret(question->authorization);
    question->authorization = NULL;
    while (question->header_count > 0) {
        struct loop_http_owned_header *header =
            &question->headers[--question->header_count];

        free(header->name);
        free_secret(header->value);
    }
}

void loop_http_question_free(struct loop_http_question *question)
{
    forget_secrets(question);
    loop_url_free(&question->url);
    free(question->body);
}

/* RFC 9110, 15.4: what was sent is sent again after 307 and 308 alone; after
 * the others it is a GET, as browsers do it. */
static void change_method(struct loop_http_question *question, int status)
{
    bool is_safe = question->method == EVHTTP_REQ_GET ||
                   question->method == EVHTTP_REQ_HEAD;

    if (status == 307 || status == 308 || is_safe)
        return;
    question->method = EVHTTP_REQ_GET;
    question->body_len = 0;
}

bool loop_http_question_redirect(struct loop_http_question *question,
                                 int status, const char *location,
                                 struct strbuf *error)
{
    struct loop_url url;

    if (question->redirects == 0) {
        strbuf_puts(error, "too many redirections");
        return false;
    }
    if (!loop_url_join(&url, &question->url, location, error))
        return false;
    question->redirects--;
    if (!loop_url_same_origin(&url, &question->url))
        forget_secrets(question);
    change_method(question, status);
    loop_url_free(&question->url);
    question->url = url;
    return true;
}

struct evhttp_request *
loop_http_question_make(const struct loop_http_question *question,
                        void (*on_reply)(struct evhttp_request *, void *),
                        void *arg)
{
    struct evhttp_request *request = evhttp_request_new(on_reply, arg);
    struct evkeyvalq *headers = evhttp_request_get_output_headers(request);
    struct strbuf host;

    strbuf_init(&host, HOST_MAX);
    loop_url_add_host(&question->url, &host);
    evhttp_add_header(headers, "Host", host.text);
    strbuf_free(&host);
    evhttp_add_header(headers, "User-Agent", "kelvin/" KELVIN_VERSION);
    evhttp_add_header(headers, "Connection", "close");
    if (question->authorization != NULL)
        evhttp_add_header(headers, "Authorization", question->authorization);
    for (size_t i = 0; i < question->header_count; i++)
        evhttp_add_header(headers, question->headers[i].name,
                          question->headers[i].value);
    if (question->body_len > 0)
        evbuffer_add(evhttp_request_get_output_buffer(request), question->body,
                     question->body_len);
    return request;
}

bool loop_http_check_url(const char *url, struct strbuf *error)
{
    struct loop_url parts;

    if (!loop_url_parse(&parts, url, error))
        return false;
    loop_url_free(&parts);
    return true;
}
