/* loop_url: where a request goes. SPDX-License-Identifier: MIT */
#ifndef KELVIN_RUN_LOOP_URL_H
#define KELVIN_RUN_LOOP_URL_H

#include <stdbool.h>
#include <stdint.h>

#include "core/util/strbuf.h"

/* A URL of http or https (RFC 3986), taken apart. All texts are owned. */
struct loop_url {
    bool is_tls;
    uint16_t port;  /* that of the scheme when none is given */
    char *host;     /* a name or an address, without brackets */
    char *path;     /* with the query, without the fragment; begins with '/' */
    char *user;     /* NULL: none */
    char *password; /* NULL: none */
};

/* Take a text apart. @return false, with one line in the error (unless that is
 * NULL) and nothing to free, when it is none of http or https. */
bool loop_url_parse(struct loop_url *url, const char *text,
                    struct strbuf *error);

/* Where a redirection from `base` to `location` leads, which may be relative.
 * User and password of the location are left out. @return false as above. */
bool loop_url_join(struct loop_url *url, const struct loop_url *base,
                   const char *location, struct strbuf *error);

void loop_url_free(struct loop_url *url);

/* Whether both are of the same scheme, host and port. */
bool loop_url_same_origin(const struct loop_url *a, const struct loop_url *b);

/* "host", "host:8080", "[::1]:8080": as a header Host has it. */
void loop_url_add_host(const struct loop_url *url, struct strbuf *out);

/* All of it but user and password. */
void loop_url_add(const struct loop_url *url, struct strbuf *out);

#endif
