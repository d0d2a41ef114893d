/* store_conn: one connection to Redis. SPDX-License-Identifier: MIT */
#include "core/run/store_conn.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/util/log.h"
#include "core/util/mem.h"

/* What one callback of the loop reads or writes: well under a millisecond. */
#define READ_SIZE 16384
#define WRITE_SIZE 65536
#define WHY_SIZE 256

enum stage { CONNECTING, GREETING, READY, GONE };

struct store_conn {
    struct loop *loop;
    struct store_conn_handler handler;
    enum stage stage;
    int fd;
    struct loop_source *reading;
    struct loop_source *writing; /* paused while there is nothing to send */
    struct loop_source *limit;   /* of the time until it is ready */
    struct store_reader *reader;
    char *out;
    size_t out_at; /* sent up to here */
    size_t out_len;
    size_t out_size;
    char *password; /* until it is sent */
    unsigned database;
    unsigned greetings; /* answers that are still to come before it is ready */
    bool sent_auth;
    bool sent_select;
    bool is_busy;   /* in a callback of its own */
    bool is_doomed; /* freed when that is over */
    char why[WHY_SIZE];
};

static void release_password(struct store_conn *conn)
{
    if (conn->password != NULL)
        explicit_bzero(conn->password, strlen(conn->password));
    free(conn->password);
    conn->password = NULL;
}

/* No more events; the memory stays. */
static void close_conn(struct store_conn *conn)
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

void store_conn_free(struct store_conn *conn)
{
    if (conn == NULL)
        return;
    close_conn(conn);
    if (conn->is_busy) {
        conn->is_doomed = true;
        return;
    }
    release_password(conn);
    store_reader_free(conn->reader);
    if (conn->out != NULL)
        explicit_bzero(conn->out, conn->out_size);
    free(conn->out);
    free(conn);
}

static void fail(struct store_conn *conn, const char *why)
{
    if (conn->stage == GONE)
        return;
    close_conn(conn);
    conn->handler.gone(conn->handler.arg, why, false);
}

/* For the reason that is in conn->why. */
static void fail_refused(struct store_conn *conn)
{
    if (conn->stage == GONE)
        return;
    close_conn(conn);
    conn->handler.gone(conn->handler.arg, conn->why, true);
}

static void fail_errno(struct store_conn *conn, int number)
{
    fail(conn, strerror(number));
}

/* Callbacks of the loop end here, where a freed connection goes. */
static void enter(struct store_conn *conn)
{
    conn->is_busy = true;
}

static void leave(struct store_conn *conn)
{
    conn->is_busy = false;
    if (conn->is_doomed)
        store_conn_free(conn);
}

size_t store_conn_unsent(const struct store_conn *conn)
{
    return conn->out_len - conn->out_at;
}

/* Room for `len` more bytes behind what waits. */
static void make_room(struct store_conn *conn, size_t len)
{
    size_t wanted;

    if (conn->out_at > 0) {
        memmove(conn->out, conn->out + conn->out_at, store_conn_unsent(conn));
        conn->out_len -= conn->out_at;
        conn->out_at = 0;
    }
    if (conn->out_size - conn->out_len >= len)
        return;
    wanted = conn->out_len + len;
    wanted += wanted / 2;
    conn->out = mem_realloc(conn->out, wanted, 1);
    conn->out_size = wanted;
}

static void append(struct store_conn *conn, const char *bytes, size_t len)
{
    if (conn->out_size - conn->out_len < len)
        make_room(conn, len);
    memcpy(conn->out + conn->out_len, bytes, len);
    conn->out_len += len;
    loop_source_resume(conn->writing);
}

void store_conn_send(struct store_conn *conn, const char *bytes, size_t len)
{
    if (conn->stage == READY && len > 0)
        append(conn, bytes, len);
}

static void write_some(struct store_conn *conn)
{
    size_t len = store_conn_unsent(conn);
    ssize_t sent;

    if (len > WRITE_SIZE)
        len = WRITE_SIZE;
    sent = send(conn->fd, conn->out + conn->out_at, len, MSG_NOSIGNAL);
    if (sent == -1 && errno != EAGAIN && errno != EINTR) {
        fail_errno(conn, errno);
        return;
    }
    if (sent > 0)
        conn->out_at += (size_t)sent;
    if (store_conn_unsent(conn) > 0)
        return;
    if (conn->stage == GREETING) /* that was the password */
        explicit_bzero(conn->out, conn->out_len);
    conn->out_at = conn->out_len = 0;
    if (conn->out_size > WRITE_SIZE * 2) {
        free(conn->out);
        conn->out = NULL;
        conn->out_size = 0;
    }
    loop_source_pause(conn->writing);
    if (conn->stage == READY)
        conn->handler.drained(conn->handler.arg);
}

/* A command of a few words. */
static void greet(struct store_conn *conn, const char *word,
                  const char *argument)
{
    char head[64];
    int len;

    conn->greetings++;
    len = snprintf(head, sizeof(head), "*%d\r\n$%zu\r\n%s\r\n",
                   argument != NULL ? 2 : 1, strlen(word), word);
    append(conn, head, (size_t)len);
    if (argument == NULL)
        return;
    len = snprintf(head, sizeof(head), "$%zu\r\n", strlen(argument));
    append(conn, head, (size_t)len);
    append(conn, argument, strlen(argument));
    append(conn, "\r\n", 2);
}

static void begin_greeting(struct store_conn *conn)
{
    char number[16];

    conn->stage = GREETING;
    if (conn->password != NULL) {
        greet(conn, "AUTH", conn->password);
        conn->sent_auth = true;
        release_password(conn);
    }
    if (conn->database != 0) {
        snprintf(number, sizeof(number), "%u", conn->database);
        greet(conn, "SELECT", number);
        conn->sent_select = true;
    }
    greet(conn, "PING", NULL);
}

static bool begins(const char *text, const char *word)
{
    return strncmp(text, word, strlen(word)) == 0;
}

/*
 * Remember the first refusal with what to do. A server that wants no password
 * refuses one, which is no reason to go without it: the answer to PING
 * decides, and only without access the refusal of AUTH is the reason.
 */
static void note_refusal(struct store_conn *conn, const char *text)
{
    const char *advice = "";

    if (conn->why[0] != '\0')
        return;
    if (begins(text, "NOAUTH"))
        advice = "; it wants a password: -r HOST:PORT:PASSWORD";
    else if (begins(text, "WRONGPASS") || begins(text, "ERR invalid password"))
        advice = "; the password of -r is not the right one";
    else if (begins(text, "ERR DB index"))
        advice = "; it has no database of the number in -r";
    snprintf(conn->why, sizeof(conn->why), "%.*s%s", 160, text, advice);
}

/* An answer to AUTH, SELECT or PING, in this order. */
static bool take_greeting(struct store_conn *conn,
                          const struct store_reply *reply)
{
    bool is_error = store_reply_type(reply) == STORE_ERROR;
    bool is_auth = conn->sent_auth;
    bool is_select = !is_auth && conn->sent_select;

    conn->greetings--;
    if (is_error)
        note_refusal(conn, store_reply_text(reply, NULL));
    if (is_auth || is_select) {
        *(is_auth ? &conn->sent_auth : &conn->sent_select) = false;
        if (is_select && is_error)
            fail_refused(conn);
        return conn->stage != GONE;
    }
    if (!is_error && store_reply_type(reply) != STORE_STATUS)
        snprintf(conn->why, sizeof(conn->why), "answers, but not as Redis");
    if (is_error || store_reply_type(reply) != STORE_STATUS) {
        fail_refused(conn);
        return false;
    }
    if (conn->why[0] != '\0')
        log_warnx("redis", "goes on though it said: %s", conn->why);
    conn->why[0] = '\0';
    conn->stage = READY;
    loop_source_free(conn->limit);
    conn->limit = NULL;
    conn->handler.ready(conn->handler.arg);
    return conn->stage != GONE;
}

static bool take_reply(void *arg, const struct store_reply *reply)
{
    struct store_conn *conn = arg;

    if (conn->stage == GREETING)
        return take_greeting(conn, reply);
    conn->handler.reply(conn->handler.arg, reply);
    return conn->stage != GONE;
}

static void read_some(struct store_conn *conn)
{
    char bytes[READ_SIZE];
    ssize_t len = recv(conn->fd, bytes, sizeof(bytes), 0);

    if (len == -1 && (errno == EAGAIN || errno == EINTR))
        return;
    if (len == -1)
        fail_errno(conn, errno);
    else if (len == 0 && conn->why[0] != '\0')
        fail_refused(conn);
    else if (len == 0)
        fail(conn, "closed the connection");
    else if (!store_reader_feed(conn->reader, bytes, (size_t)len, take_reply,
                                conn)) {
        snprintf(conn->why, sizeof(conn->why), "does not speak as Redis: %s",
                 store_reader_problem(conn->reader));
        fail_refused(conn);
    }
}

static void on_readable(void *arg)
{
    struct store_conn *conn = arg;

    enter(conn);
    read_some(conn);
    leave(conn);
}

/* Whether connecting ended well; else it has failed. */
static bool is_connected(struct store_conn *conn)
{
    int number = 0;
    socklen_t size = sizeof(number);

    if (getsockopt(conn->fd, SOL_SOCKET, SO_ERROR, &number, &size) == -1)
        number = errno;
    if (number != 0)
        fail_errno(conn, number);
    return number == 0;
}

static void on_writable(void *arg)
{
    struct store_conn *conn = arg;

    enter(conn);
    if (conn->stage == CONNECTING && is_connected(conn)) {
        conn->reading = loop_on_fd(conn->loop, conn->fd, LOOP_READ, LOOP_PEER,
                                   on_readable, conn);
        begin_greeting(conn);
    }
    if (conn->stage == GREETING || conn->stage == READY)
        write_some(conn);
    leave(conn);
}

static void on_limit(void *arg)
{
    struct store_conn *conn = arg;

    enter(conn);
    fail(conn, conn->why[0] != '\0' ? conn->why : "does not answer");
    leave(conn);
}

/* Sockets of a loopback or file system may refuse at once. */
static int connect_socket(struct store_conn *conn,
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

struct store_conn *store_conn_open(struct loop *loop,
                                   const struct store_addr *addr,
                                   const struct store_conn_config *config,
                                   const struct store_conn_handler *handler)
{
    struct store_conn *conn = mem_calloc(1, sizeof(*conn));
    int number;

    conn->loop = loop;
    conn->handler = *handler;
    conn->database = config->database;
    if (config->password[0] != '\0')
        conn->password = mem_strdup(config->password);
    conn->reader = store_reader_new(config->reply_limit);
    number = connect_socket(conn, addr);
    if (number != 0) /* told from the loop, as every other failure */
        snprintf(conn->why, sizeof(conn->why), "%s", strerror(number));
    conn->limit = loop_after(loop, number == 0 ? config->patience_us : 0,
                             LOOP_PEER, on_limit, conn);
    return conn;
}

bool store_conn_wait(struct store_conn *conn, int64_t patience_us)
{
    struct pollfd ready = {.fd = conn->fd, .events = POLLIN};

    if (store_conn_unsent(conn) > 0)
        ready.events |= POLLOUT;
    if (conn->stage != READY || poll(&ready, 1, (int)(patience_us / 1000)) <= 0)
        return false;
    enter(conn);
    if ((ready.revents & POLLOUT) != 0)
        write_some(conn);
    if (conn->stage == READY && (ready.revents & ~POLLOUT) != 0)
        read_some(conn);
    leave(conn);
    return true;
}
