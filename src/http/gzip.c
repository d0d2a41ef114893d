/* gzip: answers made small. SPDX-License-Identifier: MIT */
#include "http/gzip.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <zlib.h>

#include "core/util/log.h"
#include "core/util/mem.h"

#define WINDOW_GZIP (MAX_WBITS + 16) /* with gzip's header and trailer */
#define LEVEL 5 /* near the best size at half of its time */

struct gzip {
    z_stream stream;
};

struct gzip *gzip_new(void)
{
    struct gzip *gzip = mem_calloc(1, sizeof(*gzip));

    if (deflateInit2(&gzip->stream, LEVEL, Z_DEFLATED, WINDOW_GZIP,
                     MAX_MEM_LEVEL, Z_DEFAULT_STRATEGY) == Z_OK)
        return gzip;
    log_errorx("http", "zlib cannot begin");
    abort();
}

void gzip_free(struct gzip *gzip)
{
    if (gzip == NULL)
        return;
    deflateEnd(&gzip->stream);
    free(gzip);
}

void gzip_add(struct gzip *gzip, const void *bytes, size_t len, bool is_last,
              gzip_put *put, void *arg)
{
    unsigned char out[16384];

    gzip->stream.next_in = (Bytef *)(uintptr_t)bytes;
    gzip->stream.avail_in = (uInt)len;
    do {
        gzip->stream.next_out = out;
        gzip->stream.avail_out = sizeof(out);
        deflate(&gzip->stream, is_last ? Z_FINISH : Z_NO_FLUSH);
        if (gzip->stream.avail_out < sizeof(out))
            put(arg, out, sizeof(out) - gzip->stream.avail_out);
    } while (gzip->stream.avail_out == 0);
}

/* Where gzip_bytes() collects. */
struct piece {
    char *bytes;
    size_t len;
    size_t size;
};

static void put_piece(void *arg, const void *bytes, size_t len)
{
    struct piece *piece = arg;

    if (piece->len + len <= piece->size)
        memcpy(piece->bytes + piece->len, bytes, len);
    piece->len += len;
}

char *gzip_bytes(const void *bytes, size_t len, size_t *out_len)
{
    struct piece piece = {.bytes = mem_alloc(len + 1), .size = len};
    struct gzip *gzip = gzip_new();

    gzip_add(gzip, bytes, len, true, put_piece, &piece);
    gzip_free(gzip);
    *out_len = piece.len;
    if (piece.len < len)
        return piece.bytes;
    free(piece.bytes);
    return NULL;
}

/* "q=0", "q=0.000": not at all. */
static bool is_zero(const char *weight, size_t len)
{
    const char *at = memchr(weight, '=', len);

    if (at == NULL)
        return false;
    for (at++; at < weight + len; at++)
        if (*at != '0' && *at != '.' && *at != ' ')
            return false;
    return true;
}

bool gzip_is_accepted(const char *accept_encoding)
{
    const char *at = accept_encoding;

    while (at != NULL && *at != '\0') {
        size_t item = strcspn(at, ",");
        size_t name;

        while (item > 0 && (*at == ' ' || *at == '\t')) {
            at++;
            item--;
        }
        name = strcspn(at, ",; \t");
        if (name == 4 && strncasecmp(at, "gzip", 4) == 0)
            return !is_zero(at + name, item - name);
        at += item + (at[item] == ',');
    }
    return false;
}

bool gzip_helps(const char *type)
{
    static const char *const types[] = {"text/",
                                        "application/json",
                                        "application/javascript",
                                        "application/manifest+json",
                                        "image/svg+xml",
                                        "image/x-icon"};

    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        if (strncmp(type, types[i], strlen(types[i])) == 0)
            return true;
    return false;
}
