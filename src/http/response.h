/* response: one answer, whole or piece by piece. SPDX-License-Identifier: MIT
 */
#ifndef KELVIN_HTTP_RESPONSE_H
#define KELVIN_HTTP_RESPONSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "core/util/strbuf.h"
#include "http/counters.h"
#include "http/request.h"

/*
 * A handler answers at once, or later, or bit by bit:
 *
 *   response_send(response, 200, "text/plain", text, len);
 *
 *   response_begin(response, 200, "text/html");
 *   while (... && response_write(response, bytes, len))
 *       ;                       false: it is full, wait for on_drain
 *   response_end(response);
 *
 * response_send(), _error(), _empty() and _end() finish: the response and its
 * request are gone then. When the client leaves first, on_abort is called
 * instead (never from inside another call here) and both are gone after it.
 * Headers that every answer has, and its framing, are not the handler's
 * business. An answer says "no-store" unless it is given a Cache-Control.
 */
struct response;

/* What is asked; valid until the response is finished. */
const struct request *response_request(const struct response *response);

/* The site that the request came to; see site.h. */
struct site *response_site(const struct response *response);

/*
 * Set a header, before the answer begins. It takes the place of an earlier
 * one, but for Set-Cookie.
 * @return false when the name is no token, or one of those the server sets
 * (framing), or the value has control characters: nothing is set then.
 */
bool response_header(struct response *response, const char *name,
                     const char *value);

/*
 * The answer has this entity tag, unquoted; a request that has it already gets
 * 304 from response_send(). The text is copied.
 */
void response_etag(struct response *response, const char *etag);

/* Let parts be asked for by Range: a 200 of response_send() may become 206 or
 * 416. Such an answer is not compressed. */
void response_allow_ranges(struct response *response);

/* The whole answer; the bytes are copied. It is compressed where that helps
 * and the client takes it. */
void response_send(struct response *response, int status, const char *type,
                   const void *bytes, size_t len);

/* The same with bytes that stay where they are until `release(arg)`; these
 * are sent as they are, `encoding` NULL or "gzip". */
void response_send_shared(struct response *response, int status,
                          const char *type, const char *encoding,
                          const void *bytes, size_t len,
                          void (*release)(void *arg), void *arg);

/* No body at all: 204, 304, or a redirection with its Location set. */
void response_empty(struct response *response, int status);

/* A page that says what is wrong; `detail` (one sentence, NULL: none) may hold
 * anything and is escaped. As text for those that do not ask for HTML. */
void response_error(struct response *response, int status, const char *detail);

/* Begin an answer of unknown length; no more headers. It is compressed where
 * that helps and the client takes it, but for event streams. */
void response_begin(struct response *response, int status, const char *type);

/*
 * Send more of it; the bytes are copied, all of them.
 * @return false when the client is behind: stop until on_drain is called.
 * What is written nevertheless is kept, so do not.
 */
bool response_write(struct response *response, const void *bytes, size_t len);

/* Bytes that wait for the client. */
size_t response_waiting(const struct response *response);

/* Call when all that was written is on its way, once for each time that
 * response_write() said false. */
void response_on_drain(struct response *response, void (*run)(void *arg),
                       void *arg);

/* Call when the client left before the end. */
void response_on_abort(struct response *response, void (*run)(void *arg),
                       void *arg);

void response_end(struct response *response);

/* Give up an answer that has begun: the client sees that it is not whole.
 * on_abort is not called. */
void response_cut(struct response *response);

/* For the server: an answer to make. Takes the request (from mem_alloc()) and
 * is freed by finishing or response_aborted(). `finished(arg)` is called when
 * the handler is done, with the connection still sending. */
struct evhttp_request;
struct response *response_new(struct site *site, struct evhttp_request *event,
                              struct request *request,
                              struct server_counters *counters,
                              void (*finished)(void *arg), void *arg);

/* For the server: the connection is going away. */
void response_aborted(struct response *response);

/* For routes, between authentication and the handler. */
struct request *response_request_of(struct response *response);

#endif
