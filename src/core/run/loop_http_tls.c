/* loop_http_tls: whom a client of HTTPS trusts. SPDX-License-Identifier: MIT */
#include "core/run/loop_http_tls.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "core/packet/addr.h"

static int on_certificate(int is_good, X509_STORE_CTX *store)
{
    const SSL *ssl =
        X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    const char **why = SSL_get_app_data(ssl);

    if (!is_good && why != NULL)
        *why = X509_verify_cert_error_string(X509_STORE_CTX_get_error(store));
    return is_good;
}

SSL_CTX *loop_http_tls_context(void)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());

    if (context == NULL ||
        SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1 ||
        SSL_CTX_set_default_verify_paths(context) != 1) {
        SSL_CTX_free(context);
        context = NULL;
    } else {
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER, on_certificate);
        SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION);
    }
    ERR_clear_error();
    return context;
}

/* The certificate must be of this host; SNI is for names alone (RFC 6066). */
static bool set_host(SSL *ssl, const char *host)
{
    X509_VERIFY_PARAM *wanted = SSL_get0_param(ssl);
    struct addr addr;

    X509_VERIFY_PARAM_set_hostflags(wanted,
                                    X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    if (addr_parse(host, &addr))
        return X509_VERIFY_PARAM_set1_ip_asc(wanted, host) == 1;
    return SSL_set_tlsext_host_name(ssl, host) == 1 &&
           X509_VERIFY_PARAM_set1_host(wanted, host, 0) == 1;
}

SSL *loop_http_tls_new(SSL_CTX *context, const char *host, const char **why)
{
    SSL *ssl = SSL_new(context);

    *why = NULL;
    if (ssl != NULL && !set_host(ssl, host)) {
        SSL_free(ssl);
        ssl = NULL;
    }
    if (ssl != NULL)
        SSL_set_app_data(ssl, why);
    ERR_clear_error();
    return ssl;
}

const char *loop_http_tls_error(unsigned long error)
{
    const char *reason = ERR_reason_error_string(error);

    return reason != NULL ? reason : "TLS failed";
}
