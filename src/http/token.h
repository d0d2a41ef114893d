/* token: random words, and words made of others. SPDX-License-Identifier: MIT
 */
#ifndef KELVIN_HTTP_TOKEN_H
#define KELVIN_HTTP_TOKEN_H

#include <stddef.h>
#include <stdint.h>

#define TOKEN_SIZE 33 /* 128 bits in hex, and a NUL */
#define TOKEN_SECRET_SIZE 32
#define TOKEN_SUM_SIZE 32

/* Bytes from the kernel (getrandom(2)). Without them kelvin ends. */
void token_random(void *to, size_t size);

/* 128 random bits. */
void token_new(char token[TOKEN_SIZE]);

/* 128 bits that belong to a value, and do not tell it; `kind` keeps what is
 * made of the same value for different uses apart. */
void token_derive(char token[TOKEN_SIZE], const char *kind, const char *value);

/* SHA-256 of all that is given; `secret` may be NULL. Texts cannot be shifted
 * from one to the next. */
void token_digest(uint8_t sum[TOKEN_SUM_SIZE],
                  const uint8_t secret[TOKEN_SECRET_SIZE], const char *kind,
                  const char *first, const char *second);

#endif
