/* store_server: a Redis of kelvin's own. SPDX-License-Identifier: MIT */
#include "core/run/store_server.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/run/child.h"
#include "core/run/child_home.h"
#include "core/util/log.h"
#include "core/util/mem.h"

#define PROGRAM "redis-server"
#define GRACE_US 5000000
#define MEMORY_MAX_MIB 256
#define MEMORY_MIN_MIB 32

struct store_server {
    struct loop *loop;
    char program[PATH_MAX];
    char output[PATH_MAX];
    struct child_home home;
    struct child *child;
    void (*on_up)(void *arg);
    void *arg;
};

struct store_server *store_server_new(struct loop *loop, const char *data_dir,
                                      void (*on_up)(void *arg), void *arg,
                                      struct strbuf *error)
{
    struct store_server *server = mem_calloc(1, sizeof(*server));

    server->loop = loop;
    server->on_up = on_up;
    server->arg = arg;
    server->home.directory_fd = server->home.lock_fd = -1;
    snprintf(server->output, sizeof(server->output), "%s/redis/redis.log",
             data_dir);
    if (!child_find_program(PROGRAM, server->program, sizeof(server->program)))
        strbuf_puts(error, PROGRAM " is not installed");
    else if (child_home_open(&server->home, data_dir, "redis", "redis.sock",
                             error))
        return server;
    store_server_free(server);
    return NULL;
}

/* MiB that it may use: a quarter of the machine, within bounds. */
static long memory_mib(void)
{
    long long bytes =
        (long long)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE);
    long mib = (long)(bytes / 4 >> 20);

    if (mib > MEMORY_MAX_MIB)
        return MEMORY_MAX_MIB;
    return mib > MEMORY_MIN_MIB ? mib : MEMORY_MIN_MIB;
}

/* The file of its options, made anew for each start. @return 0 or errno. */
static int write_conf(const struct store_server *server)
{
    int fd =
        openat(server->home.directory_fd, "redis.conf.new",
               O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    bool is_written;

    if (fd == -1)
        return errno;
    is_written = dprintf(fd,
                         "# Made by kelvin at each start of its Redis.\n"
                         "port 0\n"
                         "unixsocket redis.sock\n"
                         "unixsocketperm 600\n"
                         "daemonize no\n"
                         "databases 1\n"
                         "loglevel notice\n"
                         "save \"\"\n"
                         "appendonly yes\n"
                         "appendfsync no\n"
                         "auto-aof-rewrite-percentage 200\n"
                         "auto-aof-rewrite-min-size 16mb\n"
                         "maxmemory %ldmb\n"
                         "maxmemory-policy noeviction\n"
                         "hz 5\n",
                         memory_mib()) > 0;
    is_written = close(fd) == 0 && is_written;
    if (!is_written || renameat(server->home.directory_fd, "redis.conf.new",
                                server->home.directory_fd, "redis.conf") == -1)
        return errno;
    return 0;
}

static void on_change(void *arg, bool is_up)
{
    const struct store_server *server = arg;

    if (is_up)
        server->on_up(server->arg);
}

void store_server_ensure(struct store_server *server)
{
    const char *const argv[] = {server->program, "redis.conf", NULL};
    struct child_config config = {
        .name = PROGRAM,
        .argv = argv,
        .directory = server->home.directory,
        .output = server->output,
        .grace_us = GRACE_US,
        .on_change = on_change,
        .arg = server,
    };
    int number;

    if (server->child != NULL || !child_home_lock(&server->home, "redis"))
        return;
    number = write_conf(server);
    if (number != 0) { /* such as a full disk: one of before may do */
        errno = number;
        log_warn("redis", "%s/redis.conf", server->home.directory);
    }
    config.keep_fd = server->home.lock_fd;
    server->child = child_start(server->loop, &config);
}

const struct store_addr *store_server_addr(const struct store_server *server)
{
    return &server->home.addr;
}

const char *store_server_path(const struct store_server *server)
{
    return server->home.socket;
}

void store_server_kill(struct store_server *server)
{
    if (server->child != NULL)
        child_kill(server->child);
}

pid_t store_server_pid(const struct store_server *server)
{
    return server->child != NULL ? child_pid(server->child) : 0;
}

void store_server_free(struct store_server *server)
{
    if (server == NULL)
        return;
    child_free(server->child);
    child_home_close(&server->home);
    free(server);
}
