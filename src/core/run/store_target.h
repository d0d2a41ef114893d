/* store_target: which Redis, as -r says it. SPDX-License-Identifier: MIT */
#ifndef KELVIN_RUN_STORE_TARGET_H
#define KELVIN_RUN_STORE_TARGET_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "core/packet/addr.h"
#include "core/util/strbuf.h"

#define STORE_ADDRS_MAX 8
#define STORE_NAME_SIZE 320

enum store_target_kind {
    STORE_TARGET_AUTO, /* 127.0.0.1:6379 if it answers, else our own */
    STORE_TARGET_TCP,
    STORE_TARGET_UNIX,
    STORE_TARGET_NONE,
};

struct store_target {
    enum store_target_kind kind;
    char host[256]; /* name or address, no brackets */
    uint16_t port;
    char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
    char password[513]; /* empty: none */
    unsigned database;
};

struct store_addr {
    socklen_t len;
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
        struct sockaddr_un local;
    };
};

struct store_addrs {
    size_t count;
    struct store_addr items[STORE_ADDRS_MAX];
};

/*
 * Read "[HOST[:PORT[:PASSWORD]]][@DATABASE]", "unix:/PATH[@DATABASE]", the
 * same as "/PATH...", or "none"; NULL is STORE_TARGET_AUTO. IPv6 addresses are
 * in brackets. An '@' is that of a database when only digits follow the last
 * one, so a password may have others.
 * @return false with the reason, which shows nothing of the text: it may hold
 * a password.
 */
bool store_target_parse(const char *text, struct store_target *target,
                        struct strbuf *reason);

/* The same as a check of the option's value. */
bool store_target_check(const char *text, struct strbuf *reason);

/*
 * Its addresses. Numbers and "localhost" are known at once; any other name is
 * looked up by the system, which may take long: before the loop runs.
 * @return false with the reason appended to the error.
 */
bool store_target_resolve(const struct store_target *target,
                          struct store_addrs *addrs, struct strbuf *error);

/* An address of a socket in the file system; the path must fit. */
void store_addr_set_path(struct store_addr *addr, const char *path);
void store_addr_set_ip(struct store_addr *to, const struct addr *addr,
                       uint16_t port);

/* As people and the log name it, without its password. @return `name`. */
const char *store_target_name(const struct store_target *target,
                              char name[STORE_NAME_SIZE]);

#endif
