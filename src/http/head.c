/* head: the first lines of a request. SPDX-License-Identifier: MIT */
#include "http/head.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/util/mem.h"

#define HOST_MAX 255
#define AROUND_TARGET 32 /* method, version and blanks of a request line */
#define LENGTH_DIGITS 18 /* more would not be read into 64 bits safely */

static const struct {
    const char *name;
    enum http_method method;
    bool may_have_body;
} methods[] = {
    {"GET", HTTP_GET, false},         {"HEAD", HTTP_HEAD, false},
    {"POST", HTTP_POST, true},        {"PUT", HTTP_PUT, true},
    {"DELETE", HTTP_DELETE, false},   {"PATCH", HTTP_PATCH, true},
    {"OPTIONS", HTTP_OPTIONS, false}, {"TRACE", HTTP_TRACE, false},
};

#define METHODS (sizeof(methods) / sizeof(methods[0]))

const char *head_method_name(enum http_method method)
{
    for (size_t i = 0; i < METHODS; i++)
        if (methods[i].method == method)
            return methods[i].name;
    return "?";
}

/* What a head may consist of: text, blanks, and CR LF in this order. */
static bool is_strange(unsigned char byte)
{
    return (byte < 0x20 && byte != '\r' && byte != '\n' && byte != '\t') ||
           byte == 0x7f;
}

int head_scan(struct head_scan *scan, const char *bytes, size_t count,
              const struct head_limits *limits, size_t *len)
{
    for (; scan->scanned < count; scan->scanned++) {
        size_t at = scan->scanned;

        if (at >= limits->head_bytes)
            return scan->has_line ? 431 : 414;
        if (is_strange((unsigned char)bytes[at]) ||
            (at > 0 && bytes[at - 1] == '\r' && bytes[at] != '\n'))
            return 400;
        if (bytes[at] != '\n')
            continue;
        if (at < 3 || bytes[at - 1] != '\r')
            return 400;
        if (!scan->has_line && at > limits->target_bytes + AROUND_TARGET)
            return 414;
        scan->has_line = true;
        if (bytes[at - 2] == '\n') {
            *len = at + 1;
            return 200;
        }
    }
    return !scan->has_line && count > limits->target_bytes + AROUND_TARGET ? 414
                                                                           : 0;
}

static bool is_token_char(unsigned char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
           (c >= 'a' && c <= 'z') ||
           (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static bool is_token(const char *text)
{
    if (*text == '\0')
        return false;
    for (; *text != '\0'; text++)
        if (!is_token_char((unsigned char)*text))
            return false;
    return true;
}

/* One '/' and visible ASCII without fragment. No scheme and host as proxies
 * get them, and no "*": nobody has a use for them here. */
static bool is_target(const char *text)
{
    if (text[0] != '/' || text[1] == '/')
        return false;
    for (; *text != '\0'; text++)
        if (*text <= ' ' || *text > '~' || *text == '#')
            return false;
    return true;
}

/* Cut the text at the next blank; NULL when there is none. */
static char *cut(char **rest)
{
    char *word = *rest;
    char *blank = strchr(word, ' ');

    if (blank == NULL)
        return NULL;
    *blank = '\0';
    *rest = blank + 1;
    return word;
}

static int parse_version(struct head *head, const char *text)
{
    if (strcmp(text, "HTTP/1.1") == 0)
        head->minor = 1;
    else if (strcmp(text, "HTTP/1.0") == 0)
        head->minor = 0;
    else if (strncmp(text, "HTTP/", 5) == 0 && strlen(text) == 8)
        return 505;
    else
        return 400;
    return 200;
}

static int parse_request_line(struct head *head, char *line,
                              const struct head_limits *limits,
                              bool *may_have_body)
{
    char *method = cut(&line);
    char *target = method != NULL ? cut(&line) : NULL;
    int status;

    if (target == NULL || !is_token(method))
        return 400;
    if (strlen(target) > limits->target_bytes)
        return 414;
    status = parse_version(head, line);
    if (status != 200)
        return status;
    if (!is_target(target))
        return 400;
    head->target = target;
    for (size_t i = 0; i < METHODS; i++) {
        if (strcmp(methods[i].name, method) == 0) {
            head->method = methods[i].method;
            *may_have_body = methods[i].may_have_body;
            return 200;
        }
    }
    return 501;
}

static int parse_field(struct head *head, char *line)
{
    char *colon = strchr(line, ':');
    char *value, *end;

    if (colon == NULL)
        return 400;
    if (head->field_count == HEAD_FIELDS)
        return 431;
    *colon = '\0';
    if (!is_token(line))
        return 400;
    value = colon + 1 + strspn(colon + 1, " \t");
    end = value + strlen(value);
    while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    *end = '\0';
    head->fields[head->field_count++] = (struct head_field){line, value};
    return 200;
}

static unsigned count_fields(const struct head *head, const char *name)
{
    unsigned count = 0;

    for (unsigned i = 0; i < head->field_count; i++)
        count += strcasecmp(head->fields[i].name, name) == 0;
    return count;
}

const char *head_get(const struct head *head, const char *name)
{
    for (unsigned i = 0; i < head->field_count; i++)
        if (strcasecmp(head->fields[i].name, name) == 0)
            return head->fields[i].value;
    return NULL;
}

static bool is_port(const char *text)
{
    size_t len = strlen(text);

    return len > 0 && len <= 5 && strspn(text, "0123456789") == len &&
           atoi(text) <= 65535;
}

/* "name", "1.2.3.4" or "[::1]", and a port or not. */
static bool is_host(const char *text)
{
    static const char *const name = "abcdefghijklmnopqrstuvwxyz"
                                    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
    static const char *const address = "0123456789abcdefABCDEF:.";
    size_t len;

    if (strlen(text) > HOST_MAX)
        return false;
    if (*text == '[') {
        len = strspn(text + 1, address);
        if (len < 2 || text[1 + len] != ']')
            return false;
        len += 2;
    } else {
        len = strspn(text, name);
        if (len == 0)
            return false;
    }
    return text[len] == '\0' || (text[len] == ':' && is_port(text + len + 1));
}

static int check_host(const struct head *head)
{
    unsigned count = count_fields(head, "Host");

    if (count > 1 || (count == 0 && head->minor > 0))
        return 400;
    return count == 0 || is_host(head_get(head, "Host")) ? 200 : 400;
}

/* evhttp takes a request without a length for one without a body, but not
 * when it names another Connection than "close". */
static int check_no_length(const struct head *head, bool may_have_body)
{
    const char *connection = head_get(head, "Connection");

    return may_have_body && connection != NULL &&
                   strcasecmp(connection, "close") != 0
               ? 411
               : 200;
}

static int check_length(struct head *head, const struct head_limits *limits,
                        bool may_have_body)
{
    const char *text = head_get(head, "Content-Length");
    size_t len;

    if (text == NULL)
        return check_no_length(head, may_have_body);
    len = strlen(text);
    if (count_fields(head, "Content-Length") > 1 || len == 0 ||
        strspn(text, "0123456789") != len)
        return 400;
    if (len > LENGTH_DIGITS)
        return 413;
    head->body_bytes = strtoull(text, NULL, 10);
    /* evhttp would take such a body for the next request. */
    if (head->body_bytes > 0 && !may_have_body)
        return 400;
    return head->body_bytes > limits->body_bytes ? 413 : 200;
}

static int check_coding(const struct head *head)
{
    unsigned count = count_fields(head, "Transfer-Encoding");

    if (count == 0)
        return 200;
    if (count > 1 || head->minor == 0 ||
        head_get(head, "Content-Length") != NULL ||
        strcasecmp(head_get(head, "Transfer-Encoding"), "chunked") != 0)
        return 400;
    return 411;
}

/* What would matter if it came twice, and may not. */
static int check_single(const struct head *head)
{
    static const char *const names[] = {"Authorization", "Content-Type",
                                        "Expect", "Origin", "Range"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (count_fields(head, names[i]) > 1)
            return 400;
    return 200;
}

static int check_expect(const struct head *head)
{
    const char *expect = head_get(head, "Expect");

    return expect == NULL || strcasecmp(expect, "100-continue") == 0 ? 200
                                                                     : 417;
}

static int check_fields(struct head *head, const struct head_limits *limits,
                        bool may_have_body)
{
    int status = check_host(head);

    if (status == 200)
        status = check_coding(head);
    if (status == 200)
        status = check_length(head, limits, may_have_body);
    if (status == 200)
        status = check_single(head);
    return status == 200 ? check_expect(head) : status;
}

/* Cut off the next line, which ends in CR LF. */
static char *next_line(char **rest)
{
    char *line = *rest;
    char *end = strchr(line, '\r');

    assert(end != NULL); /* head_scan() saw it */
    *end = '\0';
    *rest = end + 2;
    return line;
}

static int parse_lines(struct head *head, const struct head_limits *limits)
{
    bool may_have_body = false;
    char *rest = head->text;
    int status =
        parse_request_line(head, next_line(&rest), limits, &may_have_body);

    while (status == 200 && *rest != '\r')
        status = parse_field(head, next_line(&rest));
    return status == 200 ? check_fields(head, limits, may_have_body) : status;
}

int head_parse(struct head *head, const char *bytes, size_t len,
               const struct head_limits *limits)
{
    int status;

    *head = (struct head){.text = mem_alloc(len + 1)};
    memcpy(head->text, bytes, len);
    head->text[len] = '\0';
    status = parse_lines(head, limits);
    if (status != 200)
        head_free(head);
    return status;
}

void head_free(struct head *head)
{
    free(head->text);
    *head = (struct head){0};
}

bool head_has_token(const char *list, const char *token)
{
    size_t len = strlen(token);

    while (list != NULL && *list != '\0') {
        size_t item = strcspn(list, ", \t;");

        if (item == len && strncasecmp(list, token, len) == 0)
            return true;
        list += item + strspn(list + item, ", \t;");
    }
    return false;
}
