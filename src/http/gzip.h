/* gzip: answers made small. SPDX-License-Identifier: MIT */
#ifndef KELVIN_HTTP_GZIP_H
#define KELVIN_HTTP_GZIP_H

#include <stdbool.h>
#include <stddef.h>

/*
 * A gzip stream (RFC 1952) that is fed bit by bit, so that nobody has to
 * compress much at a time.
 *
 *   gzip = gzip_new();
 *   gzip_add(gzip, bytes, len, false, put, arg);     any number of times
 *   gzip_add(gzip, NULL, 0, true, put, arg);
 *   gzip_free(gzip);
 */
struct gzip;

typedef void gzip_put(void *arg, const void *bytes, size_t len);

struct gzip *gzip_new(void);
void gzip_free(struct gzip *gzip); /* NULL is fine */

/* Compress; `put` gets what is ready, in pieces. `is_last` ends the stream. */
void gzip_add(struct gzip *gzip, const void *bytes, size_t len, bool is_last,
              gzip_put *put, void *arg);

/*
 * Compress in one go: about 25 ms for a megabyte.
 * @return bytes from mem_alloc() and their number in `*out_len`; NULL when
 * that would not be smaller.
 */
char *gzip_bytes(const void *bytes, size_t len, size_t *out_len);

/* Whether Accept-Encoding lets gzip come (NULL: it does not). */
bool gzip_is_accepted(const char *accept_encoding);

/* Whether a body of this media type gets smaller. */
bool gzip_helps(const char *type);

#endif
