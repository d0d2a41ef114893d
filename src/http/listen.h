/* listen: where the web server can be reached. SPDX-License-Identifier: MIT */
#ifndef KELVIN_HTTP_LISTEN_H
#define KELVIN_HTTP_LISTEN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "core/run/options.h"
#include "core/util/strbuf.h"

#define LISTEN_MAX 16

/* One place to listen at. */
struct listen_place {
    struct sockaddr_storage address;
    socklen_t size;
    bool is_any; /* all addresses, of both families where there are both */
};

/*
 * Read what -w and -W take: "3000" all addresses, ":3000" the loopback only,
 * "192.168.1.1:3000", "[::1]:3000"; several between commas. "0" is nowhere.
 * @return how many places, or -1 with the reason in `error`.
 */
int listen_parse(const char *text, struct listen_place places[LISTEN_MAX],
                 struct strbuf *error);

/*
 * Open sockets for the items of an option; call it before privileges are
 * dropped. They listen at once, so early clients wait rather than fail.
 * @param fds gets them, `*count` is how many there are before and after.
 * @return false with one line in the error; what was opened is in `fds`.
 */
bool listen_open(const struct options_list *items, const char *option,
                 int fds[LISTEN_MAX], int *count, struct strbuf *error);

/* "127.0.0.1:3000" of a socket that listens, for the log. */
const char *listen_name(int fd, char text[64]);

#endif
