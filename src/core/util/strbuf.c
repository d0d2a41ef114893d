/* strbuf: a growing string with a limit. SPDX-License-Identifier: MIT */
#include "core/util/strbuf.h"

#include <assert.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/util/mem.h"

#define FIRST_SIZE 64

void strbuf_init(struct strbuf *buf, size_t limit)
{
    assert(limit < SIZE_MAX);
    /* The literal is only ever read: size 0 says that it is not ours. */
    *buf = (struct strbuf){.text = (char *)"", .limit = limit};
}

void strbuf_free(struct strbuf *buf)
{
    if (buf->size != 0)
        free(buf->text);
    strbuf_init(buf, buf->limit);
}

void strbuf_reset(struct strbuf *buf)
{
    buf->len = 0;
    buf->truncated = 0;
    if (buf->size != 0)
        buf->text[0] = '\0';
}

char *strbuf_take(struct strbuf *buf)
{
    char *text = buf->size != 0 ? buf->text : mem_strdup("");

    strbuf_init(buf, buf->limit);
    return text;
}

/*
 * Make room for `len` more bytes and the NUL, as far as the limit lets it.
 * Returns how many of them fit.
 */
static size_t strbuf_reserve(struct strbuf *buf, size_t len)
{
    size_t size = buf->size != 0 ? buf->size : FIRST_SIZE;

    if (len > buf->limit - buf->len) {
        len = buf->limit - buf->len;
        buf->truncated = 1;
    }
    if (len == 0 || buf->len + len < buf->size)
        return len;
    while (size <= buf->len + len)
        size = size <= buf->limit / 2 ? size * 2 : buf->limit + 1;
    buf->text = mem_realloc(buf->size != 0 ? buf->text : NULL, size, 1);
    buf->size = size;
    return len;
}

void strbuf_add(struct strbuf *buf, const void *bytes, size_t len)
{
    len = strbuf_reserve(buf, len);
    if (len == 0)
        return;
    memcpy(buf->text + buf->len, bytes, len);
    buf->len += len;
    buf->text[buf->len] = '\0';
}

void strbuf_puts(struct strbuf *buf, const char *text)
{
    strbuf_add(buf, text, strlen(text));
}

void strbuf_printf(struct strbuf *buf, const char *format, ...)
{
    va_list args;
    size_t room;
    int wanted;

    va_start(args, format);
    wanted = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (wanted < 0) {
        buf->truncated = 1;
        return;
    }
    room = strbuf_reserve(buf, (size_t)wanted);
    if (room == 0)
        return;
    va_start(args, format);
    vsnprintf(buf->text + buf->len, room + 1, format, args);
    va_end(args);
    buf->len += room;
}
