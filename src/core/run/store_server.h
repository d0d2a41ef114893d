/* store_server: a Redis of kelvin's own. SPDX-License-Identifier: MIT */
#ifndef KELVIN_RUN_STORE_SERVER_H
#define KELVIN_RUN_STORE_SERVER_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/run/loop.h"
#include "core/run/store_target.h"
#include "core/util/strbuf.h"

/*
 * A redis-server as child, in DATA_DIR/redis, which is closed to others. It
 * listens on a socket there and on no port. It appends each write to a file
 * and leaves it to the kernel when that reaches the disk: a crash of Redis or
 * kelvin loses nothing, a power failure half a minute, and an SD card is
 * written to seldom. Its memory is bounded.
 *
 * A lock in that directory is held by kelvin and by its child: of two kelvins
 * with one data directory the second uses the first one's server, and takes
 * over when that is gone; a child that outlives a killed kelvin for a moment
 * is waited for.
 */
struct store_server;

/* Find redis-server and make the directory; nothing runs yet. `on_up` is
 * called each time the server was started, before it can be connected to.
 * @return NULL with one line in the error. */
struct store_server *store_server_new(struct loop *loop, const char *data_dir,
                                      void (*on_up)(void *arg), void *arg,
                                      struct strbuf *error);

/* Make sure that a server runs or is going to: ours if we have the lock or
 * can get it, else another kelvin's. Before each attempt to connect. */
void store_server_ensure(struct store_server *server);

/* Where it listens; valid as long as the server. */
const struct store_addr *store_server_addr(const struct store_server *server);

/* The path of its socket, for people. */
const char *store_server_path(const struct store_server *server);

/* It hangs: end it, to be started again. */
void store_server_kill(struct store_server *server);

/* Its process number; 0: not ours, or not running. */
pid_t store_server_pid(const struct store_server *server);

/* End it in order, which may take some seconds; NULL is fine. */
void store_server_free(struct store_server *server);

#endif
