/* series_conn: one connection to rrdcached. SPDX-License-Identifier: MIT */
#include "core/run/series_conn.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/util/mem.h"

/* What one callback of the loop reads or writes: well under a millisecond. */
#define READ_SIZE 16384
#define WRITE_SIZE 65536

enum stage { CONNECTING, READY, GONE };

struct series_conn {
    struct series_conn_handler handler;
    struct loop *loop;
    enum stage stage;
    int fd;
    struct loop_source *reading;
    struct loop_source *writing; /* paused while there is nothing to send */
    struct loop_source *limit;   /* of the time until it is ready */
    const char *why;             /* it failed before the first event */
    char *out;
    size_t out_at; /* sent up to here */
    size_t out_len;
    size_t out_size;
    char line[SERIES_LINE_MAX + 1];
    size_t line_len;
    bool is_busy;   /* in a callback of its own */
    bool is_doomed; /* freed when that is over */
};

/* No more events; the memory stays. */
static void close_conn(struct series_conn *conn)
{
    conn->stage = GONE;
    loop_source_free(conn->reading);
    loop_source_free(conn->writing);
    loop_source_free(conn->limit);
    conn->reading = conn->writing = conn->limit = NULL;
    if (conn->fd != -1)
        close(conn->fd);
    conn->fd = -1;
}

void series_conn_free(struct series_conn *conn)
{
    if (conn == NULL)
        return;
    close_conn(conn);
    if (conn->is_busy) {
        conn->is_doomed = true;
        return;
    }
    free(conn->out);
    free(conn);
}

static void fail(struct series_conn *conn, const char *why)
{
    if (conn->stage == GONE)
        return;
    close_conn(conn);
    conn->handler.gone(conn->handler.arg, why);
}

/* Callbacks of the loop end here, where a freed connection goes. */
static void leave(struct series_conn *conn)
{
    conn->is_busy = false;
    if (conn->is_doomed)
        series_conn_free(conn);
}

size_t series_conn_unsent(const struct series_conn *conn)
{
    return conn->out_len - conn->out_at;
}

void series_conn_send(struct series_conn *conn, const char *bytes, size_t len)
{
    if (conn->stage != READY || len == 0)
        return;
    if (conn->out_at > 0 && conn->out_size - conn->out_len < len) {
        memmove(conn->out, conn->out + conn->out_at, series_conn_unsent(conn));
        conn->out_len -= conn->out_at;
        conn->out_at = 0;
    }
    if (conn->out_size - conn->out_len < len) {
        conn->out_size = (conn->out_len + len) * 2;
        conn->out = mem_realloc(conn->out, conn->out_size, 1);
    }
    memcpy(conn->out + conn->out_len, bytes, len);
    conn->out_len += len;
    loop_source_resume(conn->writing);
}

static void write_some(struct series_conn *conn)
{
    size_t len = series_conn_unsent(conn);
    ssize_t sent;

    if (len > WRITE_SIZE)
        len = WRITE_SIZE;
    sent = send(conn->fd, conn->out + conn->out_at, len, MSG_NOSIGNAL);
    if (sent == -1 && errno != EAGAIN && errno != EINTR) {
        fail(conn, strerror(errno));
        return;
    }
    if (sent > 0)
        conn->out_at += (size_t)sent;
    if (series_conn_unsent(conn) > 0)
        return;
    conn->out_at = conn->out_len = 0;
    loop_source_pause(conn->writing);
    conn->handler.drained(conn->handler.arg);
}

static void take_bytes(struct series_conn *conn, const char *bytes, size_t len)
{
    while (len > 0 && conn->stage == READY) {
        const char *end = memchr(bytes, '\n', len);
        size_t part = end != NULL ? (size_t)(end - bytes) : len;

        if (part > SERIES_LINE_MAX - conn->line_len ||
            memchr(bytes, '\0', part) != NULL) {
            fail(conn, "does not speak as rrdcached");
            return;
        }
        memcpy(conn->line + conn->line_len, bytes, part);
        conn->line_len += part;
        if (end == NULL)
            return;
        conn->line[conn->line_len] = '\0';
        conn->line_len = 0;
        conn->handler.line(conn->handler.arg, conn->line);
        bytes += part + 1;
        len -= part + 1;
    }
}

static void read_some(struct series_conn *conn)
{
    char bytes[READ_SIZE];
    ssize_t len = recv(conn->fd, bytes, sizeof(bytes), 0);

    if (len > 0)
        take_bytes(conn, bytes, (size_t)len);
    else if (len == 0)
        fail(conn, "closed the connection");
    else if (errno != EAGAIN && errno != EINTR)
        fail(conn, strerror(errno));
}

static void on_readable(void *arg)
{
    struct series_conn *conn = arg;

    conn->is_busy = true;
    read_some(conn);
    leave(conn);
}

/* Whether connecting ended well; else it has failed. */
static bool is_connected(struct series_conn *conn)
{
    int number = 0;
    socklen_t size = sizeof(number);

    if (getsockopt(conn->fd, SOL_SOCKET, SO_ERROR, &number, &size) == -1)
        number = errno;
    if (number != 0)
        fail(conn, strerror(number));
    return number == 0;
}

static void on_writable(void *arg)
{
    struct series_conn *conn = arg;

    conn->is_busy = true;
    if (conn->stage == CONNECTING && is_connected(conn)) {
        conn->stage = READY;
        loop_source_free(conn->limit);
        conn->limit = NULL;
        conn->reading = loop_on_fd(conn->loop, conn->fd, LOOP_READ, LOOP_PEER,
                                   on_readable, conn);
        conn->handler.ready(conn->handler.arg);
    }
    if (conn->stage == READY)
        write_some(conn);
    leave(conn);
}

static void on_limit(void *arg)
{
    struct series_conn *conn = arg;

    conn->is_busy = true;
    fail(conn, conn->why != NULL ? conn->why : "does not answer");
    leave(conn);
}

/* Sockets of a loopback or file system may refuse at once. @return 0 or
 * errno. */
static int connect_socket(struct series_conn *conn,
                          const struct store_addr *addr)
{
    int on = 1;

    conn->fd = socket(addr->any.sa_family,
                      SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (conn->fd == -1)
        return errno;
    if (addr->any.sa_family != AF_UNIX) {
        setsockopt(conn->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        setsockopt(conn->fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
    }
    if (connect(conn->fd, &addr->any, addr->len) == -1 &&
        errno != EINPROGRESS && errno != EINTR)
        return errno;
    conn->writing = loop_on_fd(conn->loop, conn->fd, LOOP_WRITE, LOOP_PEER,
                               on_writable, conn);
    return conn->writing != NULL ? 0 : errno;
}

struct series_conn *series_conn_open(struct loop *loop,
                                     const struct store_addr *addr,
                                     int64_t patience_us,
                                     const struct series_conn_handler *handler)
{
    struct series_conn *conn = mem_calloc(1, sizeof(*conn));
    int number;

    conn->loop = loop;
    conn->handler = *handler;
    number = connect_socket(conn, addr);
    if (number != 0) { /* told from the loop, as every other failure */
        conn->why = strerror(number);
        patience_us = 0;
    }
    conn->limit = loop_after(loop, patience_us, LOOP_PEER, on_limit, conn);
    return conn;
}

bool series_conn_wait(struct series_conn *conn, int64_t patience_us)
{
    struct pollfd ready = {.fd = conn->fd, .events = POLLIN};

    if (series_conn_unsent(conn) > 0)
        ready.events |= POLLOUT;
    if (conn->stage != READY || poll(&ready, 1, (int)(patience_us / 1000)) <= 0)
        return false;
    conn->is_busy = true;
    if ((ready.revents & POLLOUT) != 0)
        write_some(conn);
    if (conn->stage == READY && (ready.revents & ~POLLOUT) != 0)
        read_some(conn);
    leave(conn);
    return true;
}
