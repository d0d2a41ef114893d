/* mysql_link: one connection to MySQL or MariaDB. SPDX-License-Identifier: MIT
 */
#ifndef KELVIN_EXPORT_MYSQL_LINK_H
#define KELVIN_EXPORT_MYSQL_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/run/loop.h"

/*
 *   link = mysql_link_new(loop);
 *   mysql_link_connect(link, &target, done, arg);
 *   mysql_link_query(link, sql, len, done, arg);     one after the other
 *   mysql_link_free(link);
 */
struct mysql_link;

struct mysql_target {
    const char *host;   /* an address: names would be looked up by waiting */
    const char *socket; /* instead of a host, or NULL */
    uint16_t port;
    const char *user;
    const char *password;
};

/* Valid during the call of `done`. */
struct mysql_answer {
    const char *error;    /* NULL: none */
    const char *sqlstate; /* five characters, "00000" when all is well */
    unsigned code;        /* of the error */
    uint64_t affected;    /* rows that a statement has changed */
    struct mysql_link *link;
};

typedef void mysql_link_done(void *arg, const struct mysql_answer *answer);

struct mysql_link *mysql_link_new(struct loop *loop);

/* Without a word to the server, and without waiting. NULL is fine. Not from
 * `done`. */
void mysql_link_free(struct mysql_link *link);

/* `done` is called once, from the loop. The texts of the target must last
 * until then. */
void mysql_link_connect(struct mysql_link *link,
                        const struct mysql_target *target,
                        mysql_link_done *done, void *arg);

/* The name and version of the server that it is connected to. */
const char *mysql_link_server(const struct mysql_link *link);

/* The statement is copied. */
void mysql_link_query(struct mysql_link *link, const char *sql, size_t len,
                      mysql_link_done *done, void *arg);

/* The first column of the next row of an answer, "" for NULL; NULL: no more. */
const char *mysql_answer_next(const struct mysql_answer *answer);

/* Escape for what stands between single quotes. @param to has room for 2 * len
 * + 1 bytes. @return how many it used. */
size_t mysql_link_escape(struct mysql_link *link, char *to, const char *from,
                         size_t len);

#endif
