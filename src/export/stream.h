/* stream: records over TCP. SPDX-License-Identifier: MIT */
#ifndef KELVIN_EXPORT_STREAM_H
#define KELVIN_EXPORT_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/util/strbuf.h"
#include "export/finder.h"
#include "export/sink.h"
#include "export/stream_tls.h"

/*
 * One connection, made again whenever it breaks, after 1/4, 1/2, 1 ... 30
 * seconds. No protocol here has answers, so when has a record arrived? The
 * peer's kernel acknowledges bytes, but its program may die before it reads
 * them. A record counts as exported once its bytes were acknowledged and
 *
 *   - the connection lived on for STREAM_HOLD_US, or
 *   - STREAM_HOLD_BYTES more were acknowledged, more than a kernel keeps for
 *     a program (6 MiB unless somebody changed tcp_rmem), or
 *   - at the end: we said that there is no more, and the peer closed.
 *
 * Until then a connection that breaks means to send it again, whole.
 */
struct stream;

#define STREAM_HOLD_US 2000000
#define STREAM_HOLD_BYTES (8u << 20)

/* @param tls: how to encrypt, its owner from now on; NULL: not at all. */
struct stream *stream_new(struct stream_tls *tls);
void stream_free(struct stream *stream); /* NULL is fine */

/* Connect to where the finder says, each address in turn. Both outlive it. */
void stream_start(struct stream *stream, struct finder *finder,
                  const struct sink_host *host);

/* One record, of two parts; they are copied. @return false: not now. */
bool stream_put(struct stream *stream, const char *head, size_t head_len,
                const char *body, size_t body_len);

/* Send what was put. */
void stream_flush(struct stream *stream);

/* Connect now, if it is not and would later. */
void stream_hurry(struct stream *stream);

/* All was put: tell the peer, and wait for it to close. */
void stream_finish(struct stream *stream);

void stream_acknowledge(struct stream *stream, struct sink_status *status);

/* Add how the last connection ended, or why there was none. */
void stream_answer(const struct stream *stream, struct strbuf *out);

#endif
