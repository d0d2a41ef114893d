/* store_target: which Redis, as -r says it. SPDX-License-Identifier: MIT */
#include "core/run/store_target.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>

#define REDIS_PORT 6379
#define DATABASE_MAX 1000000

static bool refuse(struct strbuf *reason, const char *why)
{
    strbuf_puts(reason, why);
    return false;
}

/* Digits alone, at most `max`. */
static bool parse_digits(const char *text, size_t len, unsigned max,
                         unsigned *number)
{
    unsigned sum = 0;

    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        sum = sum * 10 + (unsigned)(text[i] - '0');
        if (sum > max)
            return false;
    }
    *number = sum;
    return len > 0;
}

/* Copy what fits; no control characters, they are never meant. */
static bool copy(char *to, size_t size, const char *from, size_t len)
{
    if (len >= size)
        return false;
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)from[i] < ' ' || from[i] == 127)
            return false;
    memcpy(to, from, len);
    to[len] = '\0';
    return true;
}

/* Cut "@DATABASE" off the end. */
static bool take_database(const char *text, size_t *len,
                          struct store_target *target, struct strbuf *reason)
{
    const char *at = memrchr(text, '@', *len);
    size_t digits;

    if (at == NULL)
        return true;
    digits = (size_t)(text + *len - at) - 1;
    if (strspn(at + 1, "0123456789") != digits || digits == 0)
        return true; /* of a password, or a bad host, which is seen there */
    if (!parse_digits(at + 1, digits, DATABASE_MAX, &target->database))
        return refuse(reason, "the number of the database is too large");
    *len = (size_t)(at - text);
    return true;
}

static bool parse_unix(const char *text, size_t len,
                       struct store_target *target, struct strbuf *reason)
{
    target->kind = STORE_TARGET_UNIX;
    if (len == 0 || text[0] != '/')
        return refuse(reason, "the path after unix: must begin with /");
    if (!copy(target->path, sizeof(target->path), text, len))
        return refuse(reason, "the path of the socket is too long, or has "
                              "control characters");
    return true;
}

/* Read the host; *rest is where it ends. */
static bool take_host(const char *text, size_t len, const char **rest,
                      struct store_target *target, struct strbuf *reason)
{
    const char *colon = memchr(text, ':', len);
    const char *end = colon != NULL ? colon : text + len;
    const char *from = text;
    struct in6_addr ignored;

    *rest = end;
    if (len > 0 && text[0] == '[') {
        end = memchr(text, ']', len);
        if (end == NULL)
            return refuse(reason, "a bracket is open");
        from = text + 1;
        *rest = end + 1;
    }
    if (from == end && text[0] != '[') /* none: this machine */
        return copy(target->host, sizeof(target->host), "127.0.0.1", 9);
    if (!copy(target->host, sizeof(target->host), from, (size_t)(end - from)) ||
        strpbrk(target->host, " @/[]") != NULL)
        return refuse(reason, "this is not the name of a host");
    if (text[0] == '[' && inet_pton(AF_INET6, target->host, &ignored) != 1 &&
        strchr(target->host, '%') == NULL)
        return refuse(reason, "only IPv6 addresses go in brackets");
    return true;
}

static bool parse_tcp(const char *text, size_t len, struct store_target *target,
                      struct strbuf *reason)
{
    const char *end = text + len;
    const char *rest;
    const char *colon;
    unsigned port = REDIS_PORT;

    target->kind = STORE_TARGET_TCP;
    if (!take_host(text, len, &rest, target, reason))
        return false;
    if (rest < end && *rest != ':')
        return refuse(reason, "a colon and the port follow the host");
    if (rest < end) {
        rest++;
        colon = memchr(rest, ':', (size_t)(end - rest));
        if (colon == NULL)
            colon = end;
        if (!parse_digits(rest, (size_t)(colon - rest), 65535, &port) ||
            port == 0)
            return refuse(reason, "the port must be a number from 1 to 65535; "
                                  "IPv6 addresses go in brackets");
        if (colon < end && !copy(target->password, sizeof(target->password),
                                 colon + 1, (size_t)(end - colon) - 1))
            return refuse(reason, "the password is too long, or has control "
                                  "characters");
    }
    target->port = (uint16_t)port;
    return true;
}

bool store_target_parse(const char *text, struct store_target *target,
                        struct strbuf *reason)
{
    size_t len;

    *target = (struct store_target){.kind = STORE_TARGET_AUTO};
    if (text == NULL)
        return true;
    if (strcmp(text, "none") == 0) {
        target->kind = STORE_TARGET_NONE;
        return true;
    }
    len = strlen(text);
    if (!take_database(text, &len, target, reason))
        return false;
    if (len >= 5 && memcmp(text, "unix:", 5) == 0)
        return parse_unix(text + 5, len - 5, target, reason);
    if (text[0] == '/')
        return parse_unix(text, len, target, reason);
    return parse_tcp(text, len, target, reason);
}

bool store_target_check(const char *text, struct strbuf *reason)
{
    struct store_target target;
    bool is_good = store_target_parse(text, &target, reason);

    explicit_bzero(&target, sizeof(target));
    return is_good;
}

void store_addr_set_path(struct store_addr *addr, const char *path)
{
    *addr = (struct store_addr){.len = sizeof(addr->local)};
    addr->local.sun_family = AF_UNIX;
    snprintf(addr->local.sun_path, sizeof(addr->local.sun_path), "%s", path);
}

void store_addr_set_ip(struct store_addr *to, const struct addr *addr,
                       uint16_t port)
{
    memset(to, 0, sizeof(*to));
    if (addr_is_v4(addr)) {
        to->len = sizeof(to->v4);
        to->v4.sin_family = AF_INET;
        to->v4.sin_port = htons(port);
        memcpy(&to->v4.sin_addr, addr->bytes + 12, 4);
        return;
    }
    to->len = sizeof(to->v6);
    to->v6.sin6_family = AF_INET6;
    to->v6.sin6_port = htons(port);
    memcpy(&to->v6.sin6_addr, addr->bytes, 16);
}

static void add(struct store_addrs *addrs, const struct sockaddr *addr,
                socklen_t len)
{
    struct store_addr *item = &addrs->items[addrs->count];

    if (addrs->count == STORE_ADDRS_MAX || len > sizeof(item->v6))
        return;
    item->len = len;
    memcpy(&item->any, addr, len);
    addrs->count++;
}

static void add_loopback(struct store_addrs *addrs, uint16_t port)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET,
                             .sin_port = htons(port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6,
                              .sin6_port = htons(port),
                              .sin6_addr = IN6ADDR_LOOPBACK_INIT};

    add(addrs, (const struct sockaddr *)&v4, sizeof(v4));
    add(addrs, (const struct sockaddr *)&v6, sizeof(v6));
}

bool store_target_resolve(const struct store_target *target,
                          struct store_addrs *addrs, struct strbuf *error)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found;
    char port[8];
    int result;

    addrs->count = 0;
    if (target->kind == STORE_TARGET_UNIX) {
        store_addr_set_path(&addrs->items[addrs->count++], target->path);
        return true;
    }
    if (strcmp(target->host, "localhost") == 0) {
        add_loopback(addrs, target->port);
        return true;
    }
    snprintf(port, sizeof(port), "%u", target->port);
    result = getaddrinfo(target->host, port, &hints, &found);
    if (result != 0) {
        strbuf_printf(error, "%s: %s", target->host, gai_strerror(result));
        return false;
    }
    for (const struct addrinfo *at = found; at != NULL; at = at->ai_next)
        add(addrs, at->ai_addr, at->ai_addrlen);
    freeaddrinfo(found);
    return true;
}

const char *store_target_name(const struct store_target *target,
                              char name[STORE_NAME_SIZE])
{
    bool is_v6 = strchr(target->host, ':') != NULL;

    if (target->kind == STORE_TARGET_UNIX)
        snprintf(name, STORE_NAME_SIZE, "unix:%s@%u", target->path,
                 target->database);
    else
        snprintf(name, STORE_NAME_SIZE, "%s%s%s:%u@%u", is_v6 ? "[" : "",
                 target->host, is_v6 ? "]" : "", target->port,
                 target->database);
    return name;
}
