/* series_server: an rrdcached of kelvin's own. SPDX-License-Identifier: MIT */
#ifndef KELVIN_RUN_SERIES_SERVER_H
#define KELVIN_RUN_SERIES_SERVER_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/run/loop.h"
#include "core/run/store_target.h"
#include "core/util/strbuf.h"

/*
 * An rrdcached as child, with socket, journal and log in DATA_DIR/rrdcached,
 * which touches files below DATA_DIR only. Values wait in its memory and its
 * journal, which is written to one after the other, and reach their files
 * together every half an hour, or when somebody looks: an SD card is spared.
 * Ended in order it writes all of them; killed, it reads its journal at the
 * next start. Lock and child are as with store_server.h.
 */
struct series_server;

/* Find rrdcached and make the directory; nothing runs yet.
 * @return NULL with one line in the error. */
struct series_server *series_server_new(struct loop *loop, const char *data_dir,
                                        struct strbuf *error);

/* Make sure that a server runs or is going to. Before each attempt to
 * connect. */
void series_server_ensure(struct series_server *server);

/* Where it listens; valid as long as the server. */
const struct store_addr *series_server_addr(const struct series_server *server);

/* It hangs: end it, to be started again. */
void series_server_kill(struct series_server *server);

/* Its process number; 0: not ours, or not running. */
pid_t series_server_pid(const struct series_server *server);

/* End it in order, which may take some seconds; NULL is fine. */
void series_server_free(struct series_server *server);

#endif
