/* token: random words, and words made of others. SPDX-License-Identifier: MIT
 */
#include "http/token.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "core/util/log.h"

void token_random(void *to, size_t size)
{
    if (getrandom(to, size, 0) != (ssize_t)size) {
        log_errorx("http", "the kernel gives no random numbers");
        abort();
    }
}

static void to_hex(char token[TOKEN_SIZE], const uint8_t *bytes)
{
    for (unsigned i = 0; i < (TOKEN_SIZE - 1) / 2; i++)
        snprintf(token + (size_t)2 * i, 3, "%02x", bytes[i]);
}

void token_new(char token[TOKEN_SIZE])
{
    uint8_t bytes[(TOKEN_SIZE - 1) / 2];

    token_random(bytes, sizeof(bytes));
    to_hex(token, bytes);
}

/* With its NUL, so that no text goes on in the next one. */
static int add_text(EVP_MD_CTX *context, const char *text)
{
    return EVP_DigestUpdate(context, text, strlen(text) + 1);
}

void token_digest(uint8_t sum[TOKEN_SUM_SIZE],
                  const uint8_t secret[TOKEN_SECRET_SIZE], const char *kind,
                  const char *first, const char *second)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();

    if (context == NULL ||
        EVP_DigestInit_ex(context, EVP_sha256(), NULL) != 1 ||
        (secret != NULL &&
         EVP_DigestUpdate(context, secret, TOKEN_SECRET_SIZE) != 1) ||
        add_text(context, kind) != 1 || add_text(context, first) != 1 ||
        add_text(context, second) != 1 ||
        EVP_DigestFinal_ex(context, sum, NULL) != 1) {
        log_errorx("http", "there is no SHA-256");
        abort();
    }
    EVP_MD_CTX_free(context);
}

void token_derive(char token[TOKEN_SIZE], const char *kind, const char *value)
{
    uint8_t sum[TOKEN_SUM_SIZE];

    token_digest(sum, NULL, kind, value, "");
    to_hex(token, sum);
}
