/* stream_tls: TLS of a connection to a target. SPDX-License-Identifier: MIT */
#include "export/stream_tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#include "core/util/mem.h"

struct stream_tls {
    SSL_CTX *context;
    SSL *ssl; /* of the connection, or NULL */
    char *host;
    bool verifies;
};

/* The newest error of the library, which has none left then. */
static const char *last_error(void)
{
    unsigned long code = ERR_peek_last_error();
    const char *reason = ERR_reason_error_string(code);

    ERR_clear_error();
    return reason != NULL ? reason : "unknown";
}

static bool load(struct stream_tls *tls, struct spec *spec,
                 struct strbuf *error)
{
    const char *ca = spec_option(spec, "ca");
    const char *cert = spec_option(spec, "cert");
    const char *key = spec_option(spec, "key");

    if (ca != NULL ? SSL_CTX_load_verify_locations(tls->context, ca, NULL) != 1
                   : SSL_CTX_set_default_verify_paths(tls->context) != 1) {
        strbuf_printf(error, "ca: %s", last_error());
        return false;
    }
    if (cert != NULL &&
        (SSL_CTX_use_certificate_chain_file(tls->context, cert) != 1 ||
         SSL_CTX_use_PrivateKey_file(tls->context, key != NULL ? key : cert,
                                     SSL_FILETYPE_PEM) != 1)) {
        strbuf_printf(error, "cert or key: %s", last_error());
        return false;
    }
    return true;
}

struct stream_tls *stream_tls_new(struct spec *spec, const char *host,
                                  struct strbuf *error)
{
    struct stream_tls *tls = mem_calloc(1, sizeof(*tls));

    tls->host = mem_strdup(host);
    tls->verifies = true;
    tls->context = SSL_CTX_new(TLS_client_method());
    if (tls->context == NULL) {
        strbuf_printf(error, "TLS: %s", last_error());
        goto free_tls;
    }
    if (!spec_flag(spec, "verify", &tls->verifies, error) ||
        !load(tls, spec, error))
        goto free_tls;
    SSL_CTX_set_min_proto_version(tls->context, TLS1_2_VERSION);
    SSL_CTX_set_mode(tls->context, SSL_MODE_ENABLE_PARTIAL_WRITE |
                                       SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_verify(tls->context,
                       tls->verifies ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, NULL);
    return tls;
free_tls:
    stream_tls_free(tls);
    return NULL;
}

void stream_tls_free(struct stream_tls *tls)
{
    if (tls == NULL)
        return;
    stream_tls_end(tls);
    SSL_CTX_free(tls->context);
    free(tls->host);
    free(tls);
}

bool stream_tls_begin(struct stream_tls *tls, int fd)
{
    struct in6_addr ignored;
    bool is_address = inet_pton(AF_INET, tls->host, &ignored) == 1 ||
                      inet_pton(AF_INET6, tls->host, &ignored) == 1;
    X509_VERIFY_PARAM *param;

    stream_tls_end(tls);
    tls->ssl = SSL_new(tls->context);
    if (tls->ssl == NULL || SSL_set_fd(tls->ssl, fd) != 1)
        return false;
    SSL_set_connect_state(tls->ssl);
    param = SSL_get0_param(tls->ssl);
    if (is_address)
        return X509_VERIFY_PARAM_set1_ip_asc(param, tls->host) == 1;
    SSL_set_tlsext_host_name(tls->ssl, tls->host);
    return X509_VERIFY_PARAM_set1_host(param, tls->host, 0) == 1;
}

void stream_tls_end(struct stream_tls *tls)
{
    SSL_free(tls->ssl);
    tls->ssl = NULL;
}

static enum stream_tls_state state_of(struct stream_tls *tls, int result)
{
    switch (SSL_get_error(tls->ssl, result)) {
    case SSL_ERROR_NONE:
        return STREAM_TLS_DONE;
    case SSL_ERROR_WANT_READ:
        return STREAM_TLS_READ;
    case SSL_ERROR_WANT_WRITE:
        return STREAM_TLS_WRITE;
    default:
        return STREAM_TLS_FAILED;
    }
}

enum stream_tls_state stream_tls_handshake(struct stream_tls *tls,
                                           struct strbuf *error)
{
    enum stream_tls_state state;
    long verdict;

    ERR_clear_error();
    state = state_of(tls, SSL_do_handshake(tls->ssl));
    if (state != STREAM_TLS_FAILED)
        return state;
    verdict = SSL_get_verify_result(tls->ssl);
    if (tls->verifies && verdict != X509_V_OK)
        strbuf_printf(error, "certificate: %s",
                      X509_verify_cert_error_string(verdict));
    else
        strbuf_printf(error, "TLS: %s", last_error());
    ERR_clear_error();
    return state;
}

/* What is 0 bytes means the end; anything that failed is one of errno. */
static ssize_t result_of(struct stream_tls *tls, int result)
{
    int why = errno;

    if (result > 0)
        return result;
    switch (SSL_get_error(tls->ssl, result)) {
    case SSL_ERROR_ZERO_RETURN:
        return 0;
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
        errno = EAGAIN;
        break;
    default:
        errno = why != 0 && why != EAGAIN ? why : ECONNRESET;
    }
    ERR_clear_error();
    return -1;
}

static int some(size_t len)
{
    return len < INT_MAX ? (int)len : INT_MAX;
}

ssize_t stream_tls_send(struct stream_tls *tls, const void *bytes, size_t len)
{
    errno = 0;
    return result_of(tls, SSL_write(tls->ssl, bytes, some(len)));
}

ssize_t stream_tls_recv(struct stream_tls *tls, void *bytes, size_t len)
{
    errno = 0;
    return result_of(tls, SSL_read(tls->ssl, bytes, some(len)));
}

void stream_tls_shutdown(struct stream_tls *tls)
{
    (void)SSL_shutdown(tls->ssl);
    ERR_clear_error();
}
