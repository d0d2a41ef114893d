/* peer: who takes records over a network. SPDX-License-Identifier: MIT */
#ifndef KELVIN_EXPORT_PEER_H
#define KELVIN_EXPORT_PEER_H

#include <stdbool.h>
#include <stddef.h>

#include "core/util/strbuf.h"
#include "export/sink.h"
#include "export/spec.h"

/* The fields HOST;udp|tcp|tls;PORT of several specs, and what they mean. */
struct peer;

/* Read these from field `first` on. @return NULL with the reason. */
struct peer *peer_new(struct spec *spec, size_t first, struct strbuf *error);

/* Who has this socket in the file system, for datagrams. */
struct peer *peer_new_local(const char *path);
void peer_free(struct peer *peer); /* NULL is fine */

void peer_start(struct peer *peer, const struct sink_host *host);

/* Whether it keeps the borders of records, which a stream does not. */
bool peer_is_datagram(const struct peer *peer);

/* As stream_put() and datagram_put() ... */
bool peer_put(struct peer *peer, const char *head, size_t head_len,
              const char *body, size_t body_len);
void peer_flush(struct peer *peer);
void peer_hurry(struct peer *peer);
void peer_finish(struct peer *peer);
void peer_acknowledge(struct peer *peer, struct sink_status *status);
void peer_answer(const struct peer *peer, struct strbuf *out);

#endif
