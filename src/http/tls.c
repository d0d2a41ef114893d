/* tls: certificate and rules of HTTPS. SPDX-License-Identifier: MIT */
#include "http/tls.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/util/log.h"
#include "core/util/mem.h"

#define DAY_S 86400L
#define VALID_DAYS 825 /* browsers refuse longer ones */
#define RENEW_DAYS 30

/* TLS 1.2: elliptic curves and authenticated encryption only. Those of 1.3
 * are all fine. */
#define CIPHERS "ECDHE+AESGCM:ECDHE+CHACHA20"

struct tls {
    SSL_CTX *context;
    char *certificate;
    char *key;
    struct privileges_user owner;
    bool is_ours; /* self-signed */
};

static bool fail(struct strbuf *error, const char *what, const char *path)
{
    unsigned long code = ERR_peek_last_error();
    const char *reason = ERR_reason_error_string(code);
    int saved = errno;

    if (code == 0 || ERR_GET_LIB(code) == ERR_LIB_SYS || reason == NULL)
        reason = saved != 0 ? strerror(saved) : "unknown error";
    strbuf_printf(error, "HTTPS: %s %s: %s", what, path, reason);
    ERR_clear_error();
    return false;
}

/* Nobody knows the passphrase of a key that has one. */
static int no_passphrase(char *text, int size, int rw, void *arg)
{
    (void)text;
    (void)size;
    (void)rw;
    (void)arg;
    return 0;
}

static bool load(SSL_CTX *context, const char *certificate, const char *key,
                 struct strbuf *error)
{
    ERR_clear_error();
    errno = 0;
    SSL_CTX_set_default_passwd_cb(context, no_passphrase);
    if (SSL_CTX_use_certificate_chain_file(context, certificate) != 1)
        return fail(error, "cannot use the certificate", certificate);
    if (SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1)
        return fail(error, "cannot use the key", key);
    if (SSL_CTX_check_private_key(context) != 1)
        return fail(error, "the certificate is not for the key", key);
    return true;
}

static SSL_CTX *new_context(const char *certificate, const char *key,
                            struct strbuf *error)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    static const unsigned char session_id[] = "kelvin";

    if (context == NULL ||
        SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1 ||
        SSL_CTX_set_cipher_list(context, CIPHERS) != 1 ||
        SSL_CTX_set1_groups_list(context, "X25519:P-256:P-384") != 1) {
        fail(error, "cannot set up", "TLS");
        SSL_CTX_free(context);
        return NULL;
    }
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION |
                                     SSL_OP_NO_COMPRESSION |
                                     SSL_OP_CIPHER_SERVER_PREFERENCE);
    /* Buffers of idle connections are given back: 34 KB each. */
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_session_id_context(context, session_id, sizeof(session_id) - 1);
    if (load(context, certificate, key, error))
        return context;
    SSL_CTX_free(context);
    return NULL;
}

/* Whether the file is there with a certificate that lasts. */
static bool is_fresh(const char *path)
{
    FILE *file = fopen(path, "re");
    X509 *certificate;
    time_t then = time(NULL) + RENEW_DAYS * DAY_S;
    bool lasts;

    if (file == NULL)
        return false;
    certificate = PEM_read_X509(file, NULL, NULL, NULL);
    lasts = certificate != NULL &&
            X509_cmp_time(X509_get0_notAfter(certificate), &then) > 0;
    X509_free(certificate);
    fclose(file);
    ERR_clear_error();
    return lasts;
}

static bool add_extension(X509 *certificate, int kind, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, kind, value);
    bool is_added =
        extension != NULL && X509_add_ext(certificate, extension, -1) == 1;

    X509_EXTENSION_free(extension);
    return is_added;
}

/* Letters, digits, '-' and '.' of the host name; it goes into a list. */
static void find_host_name(char name[HOST_NAME_MAX + 1])
{
    size_t len;

    if (gethostname(name, HOST_NAME_MAX) < 0)
        name[0] = '\0';
    name[HOST_NAME_MAX] = '\0';
    len = strspn(name, "abcdefghijklmnopqrstuvwxyz"
                       "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.");
    if (len == 0 || name[len] != '\0')
        memcpy(name, "localhost", sizeof("localhost"));
}

static bool set_names(X509 *certificate)
{
    char host[HOST_NAME_MAX + 1];
    char short_host[65]; /* RFC 5280, ub-common-name */
    char names[HOST_NAME_MAX + 128];
    X509_NAME *name = X509_get_subject_name(certificate);

    find_host_name(host);
    snprintf(short_host, sizeof(short_host), "%.64s", host);
    snprintf(names, sizeof(names),
             "DNS:%s,DNS:localhost,IP:127.0.0.1,IP:0:0:0:0:0:0:0:1", host);
    return X509_NAME_add_entry_by_txt(name, "O", MBSTRING_UTF8,
                                      (const unsigned char *)"kelvin", -1, -1,
                                      0) == 1 &&
           X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                                      (const unsigned char *)short_host, -1, -1,
                                      0) == 1 &&
           X509_set_issuer_name(certificate, name) == 1 &&
           add_extension(certificate, NID_subject_alt_name, names);
}

static bool set_serial(X509 *certificate)
{
    uint64_t serial;

    return RAND_bytes((unsigned char *)&serial, sizeof(serial)) == 1 &&
           ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate),
                                   serial >> 1 | 1) == 1;
}

static X509 *make_certificate(EVP_PKEY *key)
{
    X509 *certificate = X509_new();

    /* An hour back, for clocks that are not quite set. */
    if (certificate != NULL && X509_set_version(certificate, 2) == 1 &&
        set_serial(certificate) &&
        X509_gmtime_adj(X509_getm_notBefore(certificate), -3600) != NULL &&
        X509_gmtime_adj(X509_getm_notAfter(certificate),
                        VALID_DAYS * DAY_S - 3600) != NULL &&
        X509_set_pubkey(certificate, key) == 1 && set_names(certificate) &&
        add_extension(certificate, NID_basic_constraints,
                      "critical,CA:FALSE") &&
        add_extension(certificate, NID_key_usage,
                      "critical,digitalSignature") &&
        add_extension(certificate, NID_ext_key_usage, "serverAuth") &&
        X509_sign(certificate, key, EVP_sha256()) != 0)
        return certificate;
    X509_free(certificate);
    return NULL;
}

/* Whole or not at all: beside it, flushed, and renamed. */
static bool save(const char *path, EVP_PKEY *key, X509 *certificate)
{
    char temporary[PATH_MAX];
    int fd, saved;
    FILE *file;
    bool is_saved;

    snprintf(temporary, sizeof(temporary), "%s.new", path);
    unlink(temporary);
    fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
              0600);
    file = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (file == NULL) {
        if (fd >= 0)
            close(fd);
        return false;
    }
    is_saved =
        PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL) == 1 &&
        PEM_write_X509(file, certificate) == 1 && fflush(file) == 0 &&
        fsync(fd) == 0;
    saved = errno;
    if (fclose(file) != 0 || !is_saved || rename(temporary, path) < 0) {
        unlink(temporary);
        errno = is_saved ? errno : saved;
        return false;
    }
    return true;
}

static bool make_pair(const char *path, const struct privileges_user *owner,
                      struct strbuf *error)
{
    EVP_PKEY *key;
    X509 *certificate;
    bool is_made;

    ERR_clear_error();
    errno = 0;
    key = EVP_EC_gen("P-256");
    certificate = key != NULL ? make_certificate(key) : NULL;
    is_made = certificate != NULL && save(path, key, certificate);
    if (!is_made)
        fail(error, "cannot make the certificate", path);
    X509_free(certificate);
    EVP_PKEY_free(key);
    if (is_made && !privileges_own_file(path, owner, error))
        return false;
    if (is_made)
        log_notice("http", "made a self-signed certificate, %s", path);
    return is_made;
}

struct tls *tls_open(const char *certificate, const char *key,
                     const char *data_dir, const struct privileges_user *owner,
                     struct strbuf *error)
{
    struct tls *tls = mem_calloc(1, sizeof(*tls));
    char own[PATH_MAX];

    tls->owner = *owner;
    tls->is_ours = certificate == NULL;
    snprintf(own, sizeof(own), "%s/https.pem", data_dir);
    tls->certificate = mem_strdup(certificate != NULL ? certificate : own);
    tls->key = mem_strdup(key != NULL ? key : tls->certificate);
    if (tls->is_ours && key != NULL) {
        strbuf_puts(error, "option --https-key: needs --https-cert");
        goto free_tls;
    }
    if (tls->is_ours && !is_fresh(own) && !make_pair(own, owner, error))
        goto free_tls;
    tls->context = new_context(tls->certificate, tls->key, error);
    if (tls->context != NULL)
        return tls;
free_tls:
    tls_close(tls);
    return NULL;
}

void tls_reload(struct tls *tls)
{
    SSL_CTX *context = NULL;
    struct strbuf error;

    strbuf_init(&error, 1024);
    if (!tls->is_ours || is_fresh(tls->certificate) ||
        make_pair(tls->certificate, &tls->owner, &error))
        context = new_context(tls->certificate, tls->key, &error);
    if (context == NULL) {
        log_warnx("http", "%s; the old certificate stays", error.text);
    } else {
        SSL_CTX_free(tls->context); /* connections hold their own reference */
        tls->context = context;
    }
    strbuf_free(&error);
}

void tls_renew(struct tls *tls)
{
    if (tls->is_ours && !is_fresh(tls->certificate))
        tls_reload(tls);
}

SSL_CTX *tls_context(const struct tls *tls)
{
    return tls->context;
}

void tls_close(struct tls *tls)
{
    if (tls == NULL)
        return;
    SSL_CTX_free(tls->context);
    free(tls->certificate);
    free(tls->key);
    free(tls);
}
