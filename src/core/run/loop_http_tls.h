/* loop_http_tls: whom a client of HTTPS trusts. SPDX-License-Identifier: MIT */
#ifndef KELVIN_RUN_LOOP_HTTP_TLS_H
#define KELVIN_RUN_LOOP_HTTP_TLS_H

#include <openssl/ssl.h>

/* TLS 1.2 or newer, certificates of the system, all checked.
 * @return NULL when OpenSSL gives none; otherwise for SSL_CTX_free(). */
SSL_CTX *loop_http_tls_context(void);

/* A client side for one connection to a host, a name or an address. When its
 * certificate is refused `*why` becomes the reason, a text that lives for ever.
 * @return NULL when OpenSSL gives none. */
SSL *loop_http_tls_new(SSL_CTX *context, const char *host, const char **why);

/* What an error of OpenSSL says, a text that lives for ever. */
const char *loop_http_tls_error(unsigned long error);

#endif
