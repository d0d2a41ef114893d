/* strbuf: a growing string with a limit. SPDX-License-Identifier: MIT */
#ifndef KELVIN_UTIL_STRBUF_H
#define KELVIN_UTIL_STRBUF_H

#include <stddef.h>

/*
 * Always ends in NUL. What would pass `limit` bytes is left out and
 * `truncated` set; it never fails otherwise.
 */
struct strbuf {
    char *text;
    size_t len;
    size_t size; /* allocated, 0 before the first byte */
    size_t limit;
    int truncated;
};

/* An empty string that may grow to `limit` bytes. */
void strbuf_init(struct strbuf *buf, size_t limit);

/* Free the bytes; the buffer is empty and may be used again. */
void strbuf_free(struct strbuf *buf);

/* Make it empty, keep the memory. */
void strbuf_reset(struct strbuf *buf);

/* The text, which is the caller's from now on; give it to free(). The buffer
 * is empty and may be used again. */
char *strbuf_take(struct strbuf *buf);

void strbuf_add(struct strbuf *buf, const void *bytes, size_t len);
void strbuf_puts(struct strbuf *buf, const char *text);
void strbuf_printf(struct strbuf *buf, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
