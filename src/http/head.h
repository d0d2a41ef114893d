/* head: the first lines of a request. SPDX-License-Identifier: MIT */
#ifndef KELVIN_HTTP_HEAD_H
#define KELVIN_HTTP_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A strict reader of request heads (RFC 9110, 9112). What two programs could
 * read in two ways is refused, so that a proxy in front and evhttp behind see
 * the same requests: bare line feeds, folded lines, blanks around names, more
 * than one Content-Length, Content-Length with Transfer-Encoding, bodies of
 * GET. Chunked bodies are refused with 411: no client of ours needs them.
 */

/* One bit each, so that a route can name a set of them. */
enum http_method {
    HTTP_GET = 1 << 0,
    HTTP_HEAD = 1 << 1,
    HTTP_POST = 1 << 2,
    HTTP_PUT = 1 << 3,
    HTTP_DELETE = 1 << 4,
    HTTP_PATCH = 1 << 5,
    HTTP_OPTIONS = 1 << 6,
    HTTP_TRACE = 1 << 7
};

#define HEAD_FIELDS 100

struct head_limits {
    size_t head_bytes;   /* all of it, else 431 */
    size_t target_bytes; /* path and query, else 414 */
    uint64_t body_bytes; /* as Content-Length announces it, else 413 */
};

struct head_field {
    const char *name;
    const char *value; /* without blanks around it; may be "" */
};

/* All texts lie in `text`, which the head owns. */
struct head {
    char *text;
    enum http_method method;
    const char *target;  /* begins with one '/' */
    unsigned minor;      /* of HTTP/1.x */
    uint64_t body_bytes; /* Content-Length; 0 without */
    unsigned field_count;
    struct head_field fields[HEAD_FIELDS];
};

/* How far head_scan() came; zero at the beginning of each head. */
struct head_scan {
    size_t scanned;
    bool has_line; /* the request line is whole */
};

/*
 * Look for the end of the head in what has arrived so far; bytes that were
 * scanned before are not looked at again.
 * @param len gets the length of the head with its empty line, when whole.
 * @return 200 when the head is whole, 0 when more must come, or the status to
 * refuse it with: 400, 414, 431.
 */
int head_scan(struct head_scan *scan, const char *bytes, size_t count,
              const struct head_limits *limits, size_t *len);

/*
 * Read a whole head of `len` bytes, as head_scan() found it.
 * @return 200, or the status to refuse it with and `head` is empty. Give it
 * to head_free() in both cases.
 */
int head_parse(struct head *head, const char *bytes, size_t len,
               const struct head_limits *limits);

void head_free(struct head *head);

/* The value of the first field of that name, in any case; NULL: none. */
const char *head_get(const struct head *head, const char *name);

/* "GET"; for the Allow header, the log and _SERVER. */
const char *head_method_name(enum http_method method);

/* Whether a comma separated list of tokens has this one, in any case. */
bool head_has_token(const char *list, const char *token);

#endif
