/* store_server: a Redis of kelvin's own. SPDX-License-Identifier: MIT */
#include "core/run/store_server.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/run/child.h"
#include "core/util/log.h"
#include "core/util/mem.h"

#define PROGRAM "redis-server"
#define GRACE_US 5000000
#define MEMORY_MAX_MIB 256
#define MEMORY_MIN_MIB 32

struct store_server {
    struct loop *loop;
    char program[PATH_MAX];
    char *directory;
    char *socket;
    char *output;
    int directory_fd;
    int lock_fd; /* -1: another one has the lock */
    struct store_addr addr;
    struct child *child;
    void (*on_up)(void *arg);
    void *arg;
};

static char *join(const char *base, const char *rest)
{
    size_t size = strlen(base) + strlen(rest) + 1;
    char *path = mem_alloc(size);

    snprintf(path, size, "%s%s", base, rest);
    return path;
}

static bool open_directory(struct store_server *server, struct strbuf *error)
{
    if ((mkdir(server->directory, 0700) == 0 || errno == EEXIST) &&
        (server->directory_fd =
             open(server->directory,
                  O_RDONLY | O_CLOEXEC | O_DIRECTORY | O_NOFOLLOW)) != -1 &&
        fchmod(server->directory_fd, 0700) == 0)
        return true;
    strbuf_printf(error, "%s: %s", server->directory, strerror(errno));
    return false;
}

/* A path too long for a socket is reached by way of our descriptor. */
static void set_addr(struct store_server *server)
{
    char path[64];

    if (strlen(server->socket) < sizeof(server->addr.local.sun_path)) {
        store_addr_set_path(&server->addr, server->socket);
        return;
    }
    snprintf(path, sizeof(path), "/proc/self/fd/%d/redis.sock",
             server->directory_fd);
    store_addr_set_path(&server->addr, path);
}

struct store_server *store_server_new(struct loop *loop, const char *data_dir,
                                      void (*on_up)(void *arg), void *arg,
                                      struct strbuf *error)
{
    struct store_server *server = mem_calloc(1, sizeof(*server));

    server->loop = loop;
    server->on_up = on_up;
    server->arg = arg;
    server->directory_fd = server->lock_fd = -1;
    server->directory = join(data_dir, "/redis");
    server->socket = join(server->directory, "/redis.sock");
    server->output = join(server->directory, "/redis.log");
    if (!child_find_program(PROGRAM, server->program,
                            sizeof(server->program))) {
        strbuf_puts(error, PROGRAM " is not installed");
        goto free_server;
    }
    if (!open_directory(server, error))
        goto free_server;
    set_addr(server);
    return server;

free_server:
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
        openat(server->directory_fd, "redis.conf.new",
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
    if (!is_written || renameat(server->directory_fd, "redis.conf.new",
                                server->directory_fd, "redis.conf") == -1)
        return errno;
    return 0;
}

/* @return whether we have it. */
static bool take_lock(struct store_server *server)
{
    int fd;

    if (server->lock_fd != -1)
        return true;
    fd = openat(server->directory_fd, "lock",
                O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd == -1) {
        log_warn("redis", "%s/lock", server->directory);
        return false;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) == -1) {
        close(fd);
        return false;
    }
    server->lock_fd = fd;
    return true;
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
        .directory = server->directory,
        .output = server->output,
        .grace_us = GRACE_US,
        .on_change = on_change,
        .arg = server,
    };
    int number;

    if (server->child != NULL || !take_lock(server))
        return;
    number = write_conf(server);
    if (number != 0) { /* such as a full disk: one of before may do */
        errno = number;
        log_warn("redis", "%s/redis.conf", server->directory);
    }
    config.keep_fd = server->lock_fd;
    server->child = child_start(server->loop, &config);
}

const struct store_addr *store_server_addr(const struct store_server *server)
{
    return &server->addr;
}

const char *store_server_path(const struct store_server *server)
{
    return server->socket;
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
    if (server->lock_fd != -1)
        close(server->lock_fd);
    if (server->directory_fd != -1)
        close(server->directory_fd);
    free(server->directory);
    free(server->socket);
    free(server->output);
    free(server);
}
