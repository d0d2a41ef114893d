/* tls: certificate and rules of HTTPS. SPDX-License-Identifier: MIT */
#ifndef KELVIN_HTTP_TLS_H
#define KELVIN_HTTP_TLS_H

#include <stdbool.h>

#include <openssl/ssl.h>

#include "core/run/privileges.h"
#include "core/util/strbuf.h"

/*
 * TLS 1.2 and 1.3 with forward secrecy. Without a certificate of the admin's
 * kelvin makes a self-signed one in the data directory (https.pem, key and
 * certificate, mode 0600): P-256, for the host name, localhost and the
 * loopback addresses, 825 days; a new one when less than 30 of them are left.
 */
struct tls;

/*
 * Read or make the certificate; call it before privileges are dropped.
 * @param certificate,key PEM files, the first with the whole chain; both NULL:
 * self-signed. `key` NULL: it is in the same file.
 * @param owner of a file that is made.
 * @return NULL with one line in the error.
 */
struct tls *tls_open(const char *certificate, const char *key,
                     const char *data_dir, const struct privileges_user *owner,
                     struct strbuf *error);

/* Make another certificate if it is kelvin's own and about to end. */
void tls_renew(struct tls *tls);

/* Read the files again; when that fails it is logged, and the old certificate
 * stays. Connections that are open keep theirs. */
void tls_reload(struct tls *tls);

/* For new connections; valid until tls_reload() or tls_close(). */
SSL_CTX *tls_context(const struct tls *tls);

void tls_close(struct tls *tls); /* NULL is fine */

#endif
