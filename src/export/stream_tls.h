/* stream_tls: TLS of a connection to a target. SPDX-License-Identifier: MIT */
#ifndef KELVIN_EXPORT_STREAM_TLS_H
#define KELVIN_EXPORT_STREAM_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "core/util/strbuf.h"
#include "export/spec.h"

/*
 * TLS 1.2 or later. The peer's certificate must be good and for its host
 * unless `verify=no`. Options of the spec:
 *
 *   ca=FILE        whom to trust, instead of the system's
 *   cert=FILE      our certificate, with its chain
 *   key=FILE       its key; not given: in the same file
 *   verify=yes|no
 */
struct stream_tls;

/* @param host: the name that the certificate must have.
 * @return NULL with the reason. */
struct stream_tls *stream_tls_new(struct spec *spec, const char *host,
                                  struct strbuf *error);
void stream_tls_free(struct stream_tls *tls); /* NULL is fine */

/* A new connection over this descriptor. */
bool stream_tls_begin(struct stream_tls *tls, int fd);
void stream_tls_end(struct stream_tls *tls);

enum stream_tls_state {
    STREAM_TLS_DONE,
    STREAM_TLS_READ,  /* once the descriptor can be read */
    STREAM_TLS_WRITE, /* once it can be written */
    STREAM_TLS_FAILED
};

/* Agree on keys. On failure `error` has the reason. */
enum stream_tls_state stream_tls_handshake(struct stream_tls *tls,
                                           struct strbuf *error);

/* As send() and recv(): -1 with EAGAIN when it is to be tried again. */
ssize_t stream_tls_send(struct stream_tls *tls, const void *bytes, size_t len);
ssize_t stream_tls_recv(struct stream_tls *tls, void *bytes, size_t len);

/* Tell the peer that there is no more. */
void stream_tls_shutdown(struct stream_tls *tls);

#endif
