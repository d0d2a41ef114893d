/* child_home: where a server of kelvin's own lives. SPDX-License-Identifier:
 * MIT */
#ifndef KELVIN_RUN_CHILD_HOME_H
#define KELVIN_RUN_CHILD_HOME_H

#include <stdbool.h>

#include "core/run/store_target.h"
#include "core/util/strbuf.h"

/*
 * A directory inside the data directory, closed to others, with the server's
 * socket in it, and a lock that kelvin and its child hold: of two kelvins with
 * one data directory the second uses the first one's server.
 */
struct child_home {
    char *directory;
    char *socket; /* its path, for people */
    int directory_fd;
    int lock_fd; /* -1: another one has the lock */
    struct store_addr addr;
};

/*
 * Make DATA_DIR/NAME. `socket_name` is the file of the socket in it; a path
 * too long for a socket is reached by way of a descriptor.
 * @return false with one line in the error. child_home_close() in any case.
 */
bool child_home_open(struct child_home *home, const char *data_dir,
                     const char *name, const char *socket_name,
                     struct strbuf *error);

/* @return whether we have the lock. */
bool child_home_lock(struct child_home *home, const char *topic);

void child_home_close(struct child_home *home);

#endif
