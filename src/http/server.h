/* server: kelvin over HTTP and HTTPS. SPDX-License-Identifier: MIT */
#ifndef KELVIN_HTTP_SERVER_H
#define KELVIN_HTTP_SERVER_H

#include "core/run/options.h"
#include "core/run/privileges.h"
#include "core/run/users.h"
#include "core/util/strbuf.h"
#include "http/site.h"

/*
 * The web server of -w and -W, on evhttp in kelvin's loop.
 *
 *   server = server_open(options, user, error);     with the rights of root
 *   server_start(server, &parts);                   without them
 *   server_reload(server);                          on SIGHUP
 *   server_close(server);                           before engine and loop
 */
struct server;

/* Whether what the options say can be understood at all.
 * @return false with one line in the error. */
bool server_check(const struct options *options, struct strbuf *error);

/*
 * Open the sockets and read, or make, the certificate. `options` must outlive
 * the server; `user` is who kelvin will be.
 * @return NULL with one line in the error. Nothing to listen on is fine.
 */
struct server *server_open(const struct options *options,
                           const struct privileges_user *user,
                           struct strbuf *error);

/* What handlers reach. Nothing of it is owned; it outlives the server. */
struct server_parts {
    struct loop *loop;
    struct engine *engine;
    struct exporter *exporter;
    struct store *store; /* NULL: none */
    const struct prefs *prefs;
    struct alerts *alerts;
    const struct series *series; /* NULL: none */
    struct users *users;
    struct scripts *scripts;
    const struct networks *networks; /* the local ones */
};

/* Accept and answer from now on. */
void server_start(struct server *server, const struct server_parts *parts);

/* Read the certificate again, and open the access log again; connections go
 * on. */
void server_reload(struct server *server);

/* End all connections and free; NULL is fine. */
void server_close(struct server *server);

#endif
