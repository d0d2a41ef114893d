/* store_reply: what Redis answers. SPDX-License-Identifier: MIT */
#ifndef KELVIN_RUN_STORE_REPLY_H
#define KELVIN_RUN_STORE_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One answer, or one item of an answer that is an array. */
struct store_reply;

enum store_type {
    STORE_NIL,    /* there is no such thing */
    STORE_TEXT,   /* any bytes */
    STORE_STATUS, /* "OK" and the like */
    STORE_NUMBER,
    STORE_ARRAY,
    STORE_ERROR, /* its text begins with a word such as WRONGTYPE */
};

enum store_type store_reply_type(const struct store_reply *reply);

/* The bytes of a text, status or error, with a NUL behind them; "" of other
 * types. `*len` gets their number, NULL is fine. Valid as long as the reply. */
const char *store_reply_text(const struct store_reply *reply, size_t *len);

/* The number; 0 of other types. */
int64_t store_reply_number(const struct store_reply *reply);

/* The items of an array; 0 of other types. */
size_t store_reply_count(const struct store_reply *reply);

/* Item `i` of an array, which must have it. */
const struct store_reply *store_reply_at(const struct store_reply *reply,
                                         size_t i);

/*
 * For store_conn.c: bytes to replies. One reply takes at most `limit` bytes
 * of memory, its items included: of a larger one the caller gets an error
 * "TOOLARGE ..." in its place, and what follows is read as if nothing had
 * been. So neither a value of 512 MB nor a list of millions makes kelvin grow.
 */
struct store_reader;

struct store_reader *store_reader_new(size_t limit);
void store_reader_free(struct store_reader *reader);

/*
 * Read `len` bytes, some kilobytes at a time, and call `take` for each reply
 * that is whole. It is the reader's and valid during the call. When `take`
 * returns false the rest is left; the reader is only to be freed then.
 * @return false when this is not what Redis speaks: see
 * store_reader_problem().
 */
bool store_reader_feed(struct store_reader *reader, const char *bytes,
                       size_t len,
                       bool (*take)(void *arg, const struct store_reply *reply),
                       void *arg);

/* What is wrong with it, for people. */
const char *store_reader_problem(const struct store_reader *reader);

#endif
