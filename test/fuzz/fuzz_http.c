/* fuzz_http: requests, from the first byte to parameters.
 * SPDX-License-Identifier: MIT */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../packet_check.h"
#include "core/util/mem.h"
#include "core/util/utf8.h"
#include "http/answer.h"
#include "http/gzip.h"
#include "http/request.h"

/*
 * The input: one byte, how many bytes come at a time; then the bytes of a
 * connection, request after request. Each head that is let pass must be one
 * that nobody can read differently, however it was cut.
 */
static const struct head_limits limits = {
    .head_bytes = 2048, .target_bytes = 512, .body_bytes = 4096};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void text_check(const char *text)
{
    size_t len = strlen(text);

    for (size_t at = 0; at < len;) {
        size_t step = utf8_sequence((const unsigned char *)text + at, len - at);

        PACKET_RULE(step != 0);
        at += step;
    }
}

static void params_check(const struct params *params)
{
    PACKET_RULE(params->count <= PARAMS_MAX);
    for (size_t i = 0; i < params->count; i++) {
        text_check(params->items[i].name);
        text_check(params->items[i].value);
        PACKET_RULE(params_get(params, params->items[i].name) ==
                    params->items[i].value);
    }
}

/* Whatever was asked, this is how a path may look afterwards. */
static void path_check(const char *path)
{
    PACKET_RULE(path[0] == '/' && strlen(path) < PATH_TEXT_MAX);
    PACKET_RULE(strstr(path, "//") == NULL && strstr(path, "/./") == NULL);
    PACKET_RULE(strstr(path, "/../") == NULL && strchr(path, '\\') == NULL);
    PACKET_RULE(strchr(path, ';') == NULL && strchr(path, '\r') == NULL);
    PACKET_RULE(path[strlen(path) - 1] != '.');
    text_check(path);
}

static void request_check(struct head *head, const uint8_t *body)
{
    struct request_origin origin = {.prefix = "/k"};
    struct request request;
    char user[REQUEST_USER_MAX + 1];
    char password[REQUEST_PASSWORD_MAX + 1];
    uint64_t first, last;
    size_t len = head->body_bytes;
    char *copy = len > 0 ? mem_calloc(len + 1, 1) : NULL;

    if (len > 0)
        memcpy(copy, body, len);
    if (request_read(&request, head, copy, len, &origin) == 200) {
        path_check(request.path);
        params_check(&request.query);
        params_check(&request.form);
        params_check(&request.cookies);
    }
    if (request_basic(&request, user, password))
        PACKET_RULE(user[0] != '\0' && strchr(user, ':') == NULL);
    gzip_is_accepted(request_header(&request, "Accept-Encoding"));
    answer_tag_matches(request_header(&request, "If-None-Match"), "\"a\"");
    if (answer_parse_range(request_header(&request, "Range"), 100, &first,
                           &last) == RANGE_PART)
        PACKET_RULE(first <= last && last < 100);
    request_free(&request);
}

static void head_check(const struct head *head)
{
    unsigned hosts = 0;

    PACKET_RULE(head->target[0] == '/' && head->target[1] != '/');
    PACKET_RULE(strlen(head->target) <= limits.target_bytes);
    PACKET_RULE(head->body_bytes <= limits.body_bytes);
    PACKET_RULE(head_get(head, "Transfer-Encoding") == NULL);
    for (unsigned i = 0; i < head->field_count; i++) {
        PACKET_RULE(strpbrk(head->fields[i].name, " \t\r\n:") == NULL);
        PACKET_RULE(strpbrk(head->fields[i].value, "\r\n") == NULL);
        hosts += head_get(head, "Host") == head->fields[i].value;
    }
    PACKET_RULE(hosts == 1 || head->minor == 0);
}

/* Scan in steps; the same answer as at once, whose length is in `*len`. */
static int scan(const uint8_t *data, size_t size, size_t step, size_t *len)
{
    struct head_scan at_once = {0};
    struct head_scan by_step = {0};
    size_t step_len = 0;
    int status = head_scan(&at_once, (const char *)data, size, &limits, len);
    int step_status = 0;

    for (size_t count = 1; count <= size && step_status == 0; count += step)
        step_status =
            head_scan(&by_step, (const char *)data, count, &limits, &step_len);
    if (status == 200 && step_status != 0)
        PACKET_RULE(step_status == 200 && step_len == *len);
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t step = size > 0 ? data[0] % 64 + 1 : 1;

    for (data += size > 0, size -= size > 0; size > 0;) {
        struct head head;
        size_t len = 0;

        if (scan(data, size, step, &len) != 200 ||
            head_parse(&head, (const char *)data, len, &limits) != 200)
            return 0;
        data += len;
        size -= len;
        head_check(&head);
        if (head.body_bytes > size) {
            head_free(&head);
            return 0;
        }
        data += head.body_bytes;
        size -= head.body_bytes;
        request_check(&head, data - head.body_bytes);
    }
    return 0;
}
