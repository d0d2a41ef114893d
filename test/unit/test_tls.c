/* test_tls: the certificate of our own. SPDX-License-Identifier: MIT */
#include "http/tls.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/x509.h>
#include <unistd.h>

static char folder[] = "/tmp/kelvin-tls.XXXXXX";
static char file[64];

static int begin(void **state)
{
    struct privileges_user self = {0};
    struct strbuf error;

    assert_non_null(mkdtemp(folder));
    snprintf(file, sizeof(file), "%s/https.pem", folder);
    strbuf_init(&error, 512);
    *state = tls_open(NULL, NULL, folder, &self, &error);
    if (*state == NULL)
        fail_msg("%s", error.text);
    strbuf_free(&error);
    return 0;
}

static int end(void **state)
{
    tls_close(*state);
    unlink(file);
    rmdir(folder);
    memcpy(strstr(folder, "tls.") + 4, "XXXXXX", 6);
    return 0;
}

/* One that lasts so many days, in place of ours. */
static void put_certificate(int days)
{
    char command[512];

    snprintf(command, sizeof(command),
             "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256"
             " -nodes -subj /CN=x -days %d -keyout %s -out %s.crt 2>&-"
             " && cat %s.crt >>%s && rm %s.crt",
             days, file, file, file, file, file);
    assert_int_equal(system(command), 0);
}

/* The common name of what clients get. */
static void find_name(const struct tls *tls, char name[64])
{
    X509 *shown = SSL_CTX_get0_certificate(tls_context(tls));

    X509_NAME_get_text_by_NID(X509_get_subject_name(shown), NID_commonName,
                              name, 64);
}

static void one_that_ends_is_renewed(void **state)
{
    char name[64];

    put_certificate(10);
    tls_reload(*state); /* as somebody would */
    find_name(*state, name);
    assert_string_not_equal(name, "x");
    put_certificate(10);
    tls_renew(*state);
    find_name(*state, name);
    assert_string_not_equal(name, "x");
}

static void one_that_lasts_stays(void **state)
{
    SSL_CTX *before = tls_context(*state);

    tls_renew(*state);
    assert_ptr_equal(tls_context(*state), before);
    put_certificate(100);
    tls_renew(*state);
    assert_ptr_equal(tls_context(*state), before);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(one_that_ends_is_renewed),
        TEST(one_that_lasts_stays),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
