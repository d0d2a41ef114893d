/* asset: style sheets, scripts and images. SPDX-License-Identifier: MIT */
#ifndef KELVIN_HTTP_ASSET_H
#define KELVIN_HTTP_ASSET_H

#include "core/run/loop.h"
#include "http/response.h"

/*
 * Files of the html directory, opened beneath it only, kept in memory up to a
 * bound, as they are and compressed. A file that changes is read again. Names
 * that begin with a dot do not exist, and files above ASSET_MAX either.
 */
struct assets;

#define ASSET_MAX (4u << 20)

/* `dir` is that directory; one that is not there answers 404. */
struct assets *assets_new(struct loop *loop, const char *dir);
void assets_free(struct assets *assets); /* NULL is fine */

/* The handler: the request's path is that of the file. */
void asset_page(struct response *response);

/* Answer with the file of this name ("/login.html"), whatever the path of the
 * request is. */
void asset_send(struct response *response, const char *path);

/* The media type by the name's ending; "application/octet-stream" else. */
const char *asset_type(const char *name);

/* Whether the name holds a hash of the content, as in "app.3f9a0c12.js": eight
 * or more hex digits, one of them a digit, between dots or after '-'. */
bool asset_is_hashed(const char *name);

#endif
