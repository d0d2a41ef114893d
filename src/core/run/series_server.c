/* series_server: an rrdcached of kelvin's own. SPDX-License-Identifier: MIT */
#include "core/run/series_server.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/run/child.h"
#include "core/run/child_home.h"
#include "core/util/log.h"
#include "core/util/mem.h"

#define PROGRAM "rrdcached"
/* To write all that waits to a slow card; what is left is in the journal. */
#define GRACE_US 20000000

struct series_server {
    struct loop *loop;
    char program[PATH_MAX];
    char output[PATH_MAX];
    char data_dir[PATH_MAX];
    struct child_home home;
    struct child *child;
};

struct series_server *series_server_new(struct loop *loop, const char *data_dir,
                                        struct strbuf *error)
{
    struct series_server *server = mem_calloc(1, sizeof(*server));

    server->loop = loop;
    server->home.directory_fd = server->home.lock_fd = -1;
    snprintf(server->data_dir, sizeof(server->data_dir), "%s", data_dir);
    snprintf(server->output, sizeof(server->output),
             "%s/rrdcached/rrdcached.log", data_dir);
    if (!child_find_program(PROGRAM, server->program, sizeof(server->program)))
        strbuf_puts(error, PROGRAM " is not installed");
    else if (child_home_open(&server->home, data_dir, "rrdcached",
                             "rrdcached.sock", error))
        return server;
    series_server_free(server);
    return NULL;
}

/* One that was killed left its number, which another process may have by the
 * time it is started again. */
static void forget_pid(const struct series_server *server)
{
    unlinkat(server->home.directory_fd, "rrdcached.pid", 0);
}

static void on_change(void *arg, bool is_up)
{
    if (!is_up)
        forget_pid(arg);
}

void series_server_ensure(struct series_server *server)
{
    const char *const argv[] = {server->program,
                                "-g",
                                "-F",
                                "-B",
                                "-b",
                                server->data_dir,
                                "-m",
                                "0600",
                                "-l",
                                "unix:rrdcached.sock",
                                "-p",
                                "rrdcached.pid",
                                "-j",
                                server->home.directory,
                                "-w",
                                "1800",
                                "-z",
                                "1800",
                                "-f",
                                "7200",
                                "-t",
                                "1",
                                "-o",
                                server->output,
                                NULL};
    struct child_config config = {
        .name = PROGRAM,
        .argv = argv,
        .directory = server->home.directory,
        .output = server->output,
        .grace_us = GRACE_US,
        .on_change = on_change,
        .arg = server,
    };

    if (server->child != NULL || !child_home_lock(&server->home, "series"))
        return;
    forget_pid(server);
    config.keep_fd = server->home.lock_fd;
    server->child = child_start(server->loop, &config);
}

const struct store_addr *series_server_addr(const struct series_server *server)
{
    return &server->home.addr;
}

void series_server_kill(struct series_server *server)
{
    if (server->child != NULL)
        child_kill(server->child);
}

pid_t series_server_pid(const struct series_server *server)
{
    return server->child != NULL ? child_pid(server->child) : 0;
}

void series_server_free(struct series_server *server)
{
    if (server == NULL)
        return;
    child_free(server->child);
    child_home_close(&server->home);
    free(server);
}
