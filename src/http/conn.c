/* conn: connections, kept within bounds. SPDX-License-Identifier: MIT */
#include "http/conn.h"

#include <assert.h>
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <event2/http.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "core/run/loop_internal.h"
#include "core/util/log.h"
#include "core/util/mem.h"
#include "http/access_log.h"
#include "http/answer.h"
#include "http/progress.h"

#define SECOND_US 1000000

/* What a connection waits for. */
enum phase {
    PHASE_NEW,     /* to be adopted */
    PHASE_HEAD,    /* a head, or the first byte of one */
    PHASE_BODY,    /* evhttp has the head and reads the body */
    PHASE_BUSY,    /* the handler */
    PHASE_SENDING, /* the client to read the answer */
    PHASE_REFUSED, /* to send a refusal */
    PHASE_LINGER   /* the client to read the refusal and close */
};

struct conn {
    struct conns *conns;
    struct conn *prev;
    struct conn *next;
    struct bufferevent *stream;
    struct evhttp_connection *event; /* NULL before it is adopted */
    struct event *poke;    /* to do what a callback may not: adopt, refuse */
    struct event *leaving; /* the client closed while a handler works */
    struct response *response; /* while PHASE_BUSY */
    struct head head;          /* while PHASE_BODY */
    struct head_scan scan;
    struct progress progress;
    struct addr peer;
    int64_t since_us;
    int64_t deadline_us; /* 0: none */
    enum phase phase;
    int fd;
    int status; /* of the refusal */
    bool is_tls;
    bool has_bytes; /* of the next head */
};

struct conns {
    const struct conn_limits *limits;
    struct server_counters *counters;
    struct loop *loop;
    const struct networks *trusted;
    struct site *site;
    struct loop_source *sweep;
    struct conn *first;  /* by `next`; the newest first */
    struct conn **by_fd; /* those that are adopted */
    int fds;
    uint64_t bodies; /* bytes announced by those in PHASE_BODY */
};

const struct conn_limits *conn_default_limits(void)
{
    static const struct conn_limits limits = {
        .head = {.head_bytes = 16384,
                 .target_bytes = 8192,
                 .body_bytes = 1048576},
        .connections = 1024,
        .per_address = 64,
        .bodies = 64 * 1048576,
        .head_s = 10,
        .body_s = 20,
        .idle_s = 30,
        .stall_s = 30,
        .stall_bytes = 16384,
        .linger_s = 2,
    };

    return &limits;
}

static void on_sweep(void *arg);

struct conns *conns_new(const struct conn_limits *limits,
                        struct server_counters *counters, struct loop *loop,
                        const struct networks *trusted, struct site *site)
{
    struct conns *conns = mem_calloc(1, sizeof(*conns));

    conns->limits = limits;
    conns->counters = counters;
    conns->loop = loop;
    conns->trusted = trusted;
    conns->site = site;
    conns->sweep = loop_every(loop, SECOND_US, LOOP_PAGE, on_sweep, conns);
    loop_source_pause(conns->sweep);
    return conns;
}

void conns_free(struct conns *conns)
{
    if (conns == NULL)
        return;
    assert(conns->first == NULL);
    loop_source_free(conns->sweep);
    free(conns->by_fd);
    free(conns);
}

static void set_deadline(struct conn *conn, int seconds)
{
    conn->since_us = loop_now_us(conn->conns->loop);
    conn->deadline_us =
        seconds > 0 ? conn->since_us + (int64_t)seconds * SECOND_US : 0;
}

static void enter(struct conn *conn, enum phase phase, int seconds)
{
    if (conn->phase == PHASE_BODY)
        conn->conns->bodies -= conn->head.body_bytes;
    conn->phase = phase;
    set_deadline(conn, seconds);
    if (phase == PHASE_BODY)
        conn->conns->bodies += conn->head.body_bytes;
}

static void link_conn(struct conn *conn)
{
    struct conns *conns = conn->conns;

    conn->next = conns->first;
    if (conns->first != NULL)
        conns->first->prev = conn;
    conns->first = conn;
    if (conns->counters->connections++ == 0)
        loop_source_resume(conns->sweep);
}

static void unlink_conn(struct conn *conn)
{
    struct conns *conns = conn->conns;

    if (conn->prev != NULL)
        conn->prev->next = conn->next;
    else
        conns->first = conn->next;
    if (conn->next != NULL)
        conn->next->prev = conn->prev;
    if (--conns->counters->connections == 0)
        loop_source_pause(conns->sweep);
}

/* evhttp says that the connection ends, whoever ended it. */
static void on_closed(struct evhttp_connection *event, void *arg)
{
    struct conn *conn = arg;
    struct response *response = conn->response;

    (void)event;
    if (conn->phase == PHASE_BUSY || conn->phase == PHASE_SENDING)
        conn->conns->counters->aborted++;
    enter(conn, PHASE_LINGER, 0);
    conn->response = NULL;
    if (response != NULL)
        response_aborted(response);
    unlink_conn(conn);
    conn->conns->by_fd[conn->fd] = NULL;
    event_free(conn->poke);
    if (conn->leaving != NULL)
        event_free(conn->leaving);
    head_free(&conn->head);
    free(conn);
}

static void close_conn(struct conn *conn)
{
    /* Nobody was cut short: it is we who end it. */
    if (conn->phase != PHASE_BUSY && conn->phase != PHASE_SENDING)
        enter(conn, PHASE_LINGER, 0);
    evhttp_connection_free(conn->event); /* on_closed() frees `conn` */
}

static void count_refusal(struct server_counters *counters, int status)
{
    counters->answers[status / 100]++;
    if (status == 408)
        counters->too_slow++;
    else if (status == 413 || status == 414 || status == 431)
        counters->too_large++;
    else if (status != 503 && status != 429)
        counters->malformed++;
}

/* Of a callback within evhttp or an evbuffer: refuse after it. */
static void refuse_soon(struct conn *conn, int status)
{
    enter(conn, PHASE_REFUSED, 0);
    conn->status = status;
    event_active(conn->poke, 0, 0);
}

/* Look whether the head is whole; if so evhttp may read it. */
static void look(struct conn *conn)
{
    struct conns *conns = conn->conns;
    const struct head_limits *limits = &conns->limits->head;
    struct evbuffer *input = bufferevent_get_input(conn->stream);
    size_t count = evbuffer_get_length(input);
    size_t len = 0;
    const char *bytes;
    int status;

    if (count == 0)
        return;
    if (!conn->has_bytes) {
        conn->has_bytes = true;
        set_deadline(conn, conns->limits->head_s);
    }
    if (count > limits->head_bytes + 1)
        count = limits->head_bytes + 1;
    bytes = (const char *)evbuffer_pullup(input, (ev_ssize_t)count);
    status = head_scan(&conn->scan, bytes, count, limits, &len);
    if (status == 0)
        return;
    if (status == 200)
        status = head_parse(&conn->head, bytes, len, limits);
    if (status == 200 &&
        conns->bodies + conn->head.body_bytes > conns->limits->bodies)
        status = 503;
    if (status != 200) {
        refuse_soon(conn, status);
        return;
    }
    enter(conn, PHASE_BODY, conns->limits->body_s);
    evbuffer_unfreeze(input, 1);
}

static void on_input(struct evbuffer *input,
                     const struct evbuffer_cb_info *info, void *arg)
{
    struct conn *conn = arg;

    (void)input;
    if (info->n_added > 0 && conn->phase == PHASE_HEAD)
        look(conn);
}

static void on_output(struct evbuffer *output,
                      const struct evbuffer_cb_info *info, void *arg)
{
    struct conn *conn = arg;

    (void)output;
    conn->progress.sent += info->n_deleted;
}

/* Hold back what comes, until it is a head. */
static void await_head(struct conn *conn, int seconds)
{
    conn->scan = (struct head_scan){0};
    conn->has_bytes = false;
    head_free(&conn->head);
    evbuffer_freeze(bufferevent_get_input(conn->stream), 1);
    enter(conn, PHASE_HEAD, seconds);
}

/* The refusal is on its way; give the client time to read it before the
 * connection is reset because of what it still sends. */
static void on_refusal_sent(struct bufferevent *stream, void *arg)
{
    struct conn *conn = arg;

    (void)stream;
    if (conn->is_tls) {
        close_conn(conn);
        return;
    }
    shutdown(conn->fd, SHUT_WR);
    enter(conn, PHASE_LINGER, conn->conns->limits->linger_s);
}

static void on_refused_input(struct bufferevent *stream, void *arg)
{
    struct evbuffer *input = bufferevent_get_input(stream);

    (void)arg;
    evbuffer_drain(input, evbuffer_get_length(input));
}

static void on_refused_end(struct bufferevent *stream, short what, void *arg)
{
    (void)stream;
    (void)what;
    close_conn(arg);
}

/* From the loop: answer instead of evhttp, and close. */
static void refuse(struct conn *conn, int status)
{
    struct evbuffer *input = bufferevent_get_input(conn->stream);
    struct strbuf text;

    enter(conn, PHASE_REFUSED, conn->conns->limits->linger_s);
    count_refusal(conn->conns->counters, status);
    access_log_refusal(conn->conns->site->access_log, &conn->peer, status);
    evbuffer_unfreeze(input, 1);
    bufferevent_setcb(conn->stream, on_refused_input, on_refusal_sent,
                      on_refused_end, conn);
    evbuffer_drain(input, evbuffer_get_length(input));
    strbuf_init(&text, 4096);
    answer_refusal(&text, status);
    bufferevent_enable(conn->stream, EV_READ | EV_WRITE);
    bufferevent_write(conn->stream, text.text, text.len);
    strbuf_free(&text);
}

static struct addr peer_of(int fd)
{
    struct sockaddr_storage peer = {0};
    socklen_t size = sizeof(peer);

    if (getpeername(fd, (struct sockaddr *)&peer, &size) == 0) {
        if (peer.ss_family == AF_INET)
            return addr_from_v4(&((struct sockaddr_in *)&peer)->sin_addr);
        if (peer.ss_family == AF_INET6)
            return addr_from_v6(&((struct sockaddr_in6 *)&peer)->sin6_addr);
    }
    return (struct addr){0};
}

/* One household or machine: an address, or a /64 of IPv6. */
static bool same_place(const struct addr *a, const struct addr *b)
{
    return addr_is_v4(a) ? addr_equal(a, b) : a->words[0] == b->words[0];
}

static unsigned count_place(const struct conns *conns, const struct addr *peer)
{
    unsigned count = 0;

    for (const struct conn *at = conns->first; at != NULL; at = at->next)
        count += same_place(&at->peer, peer) && at->event != NULL;
    return count;
}

/* The connection that has waited longest for a request, or NULL. */
static struct conn *idlest(const struct conns *conns, const struct conn *but)
{
    struct conn *found = NULL;

    for (struct conn *at = conns->first; at != NULL; at = at->next)
        if (at != but &&
            (at->phase == PHASE_HEAD || at->phase == PHASE_LINGER) &&
            (found == NULL || at->since_us < found->since_us))
            found = at;
    return found;
}

/* Whether there is room for one more; 0 yes, else the status that says no. */
static int check_room(struct conn *conn)
{
    struct conns *conns = conn->conns;
    bool is_proxy = conns->trusted != NULL &&
                    network_find(conns->trusted, &conn->peer) >= 0;
    struct conn *victim;

    if (!is_proxy &&
        count_place(conns, &conn->peer) > conns->limits->per_address) {
        conns->counters->refused_address++;
        return 429;
    }
    if (conns->counters->connections <= conns->limits->connections)
        return 0;
    victim = idlest(conns, conn);
    if (victim == NULL) {
        conns->counters->refused_total++;
        return 503;
    }
    conns->counters->evicted++;
    close_conn(victim);
    return 0;
}

static void register_fd(struct conns *conns, int fd, struct conn *conn)
{
    if (fd >= conns->fds) {
        int fds = fd + 64;

        conns->by_fd =
            mem_realloc(conns->by_fd, (size_t)fds, sizeof(*conns->by_fd));
        memset(conns->by_fd + conns->fds, 0,
               (size_t)(fds - conns->fds) * sizeof(*conns->by_fd));
        conns->fds = fds;
    }
    conns->by_fd[fd] = conn;
}

/* Now evhttp has made its half. */
static void adopt(struct conn *conn)
{
    bufferevent_data_cb on_read, on_write;
    bufferevent_event_cb on_event;
    void *event;
    int status;

    bufferevent_getcb(conn->stream, &on_read, &on_write, &on_event, &event);
    conn->event = event;
    conn->fd = bufferevent_getfd(conn->stream);
    conn->peer = peer_of(conn->fd);
    register_fd(conn->conns, conn->fd, conn);
    evhttp_connection_set_closecb(conn->event, on_closed, conn);
    /* Deadlines are on_sweep()'s business. */
    bufferevent_set_timeouts(conn->stream, NULL, NULL);
    await_head(conn, conn->conns->limits->head_s);
    status = check_room(conn);
    if (status == 0)
        return;
    /* A handshake is too much for one that is not wanted. */
    if (conn->is_tls)
        close_conn(conn);
    else
        refuse(conn, status);
}

static void on_poke(evutil_socket_t fd, short what, void *arg)
{
    struct conn *conn = arg;

    (void)fd;
    (void)what;
    if (conn->phase == PHASE_NEW)
        adopt(conn);
    else if (conn->phase == PHASE_REFUSED)
        refuse(conn, conn->status);
}

static struct bufferevent *make_stream(struct event_base *base, SSL_CTX *tls)
{
    struct bufferevent *stream;
    SSL *ssl;

    if (tls == NULL)
        return bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
    ssl = SSL_new(tls);
    if (ssl == NULL)
        return NULL;
    stream = bufferevent_openssl_socket_new(
        base, -1, ssl, BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE);
    if (stream != NULL)
        bufferevent_openssl_set_allow_dirty_shutdown(stream, 1);
    return stream;
}

struct bufferevent *conns_accept(struct conns *conns, SSL_CTX *tls)
{
    struct event_base *base = loop_base(conns->loop);
    struct bufferevent *stream = make_stream(base, tls);
    struct conn *conn;

    if (stream == NULL) {
        log_errorx("http", "cannot make a connection");
        abort();
    }
    bufferevent_priority_set(stream, LOOP_PAGE);
    conns->counters->accepted++;
    conn = mem_calloc(1, sizeof(*conn));
    conn->conns = conns;
    conn->stream = stream;
    conn->is_tls = tls != NULL;
    conn->poke = event_new(base, -1, 0, on_poke, conn);
    /* Before anything can be read: evhttp goes on when this returns, and
     * only then the connection can be adopted. */
    event_priority_set(conn->poke, 0);
    event_active(conn->poke, 0, 0);
    evbuffer_add_cb(bufferevent_get_input(stream), on_input, conn);
    evbuffer_add_cb(bufferevent_get_output(stream), on_output, conn);
    link_conn(conn);
    return stream;
}

/* Whether somebody who gets an answer does not read it. */
static bool is_stalled(struct conn *conn, int64_t now_us)
{
    const struct conn_limits *limits = conn->conns->limits;
    size_t waiting = evbuffer_get_length(bufferevent_get_output(conn->stream));

    return (conn->phase == PHASE_BUSY || conn->phase == PHASE_SENDING) &&
           progress_stall_us(&conn->progress, conn->fd, waiting,
                             limits->stall_bytes,
                             now_us) >= (int64_t)limits->stall_s * SECOND_US;
}

/* Deadlines, of up to some hundred connections. */
static void on_sweep(void *arg)
{
    struct conns *conns = arg;
    int64_t now_us = loop_now_us(conns->loop);
    struct conn *next;

    for (struct conn *at = conns->first; at != NULL; at = next) {
        next = at->next;
        if (is_stalled(at, now_us)) {
            conns->counters->stalled++;
            close_conn(at);
        } else if (at->deadline_us == 0 || now_us < at->deadline_us) {
            continue;
        } else if ((at->phase == PHASE_HEAD && at->has_bytes) ||
                   at->phase == PHASE_BODY) {
            refuse(at, 408);
        } else {
            close_conn(at);
        }
    }
}

/* The answer is sent; the next request may come. */
static void on_complete(struct evhttp_request *event, void *arg)
{
    struct conn *conn = arg;

    (void)event;
    await_head(conn, conn->conns->limits->idle_s);
    look(conn);
}

static void on_finished(void *arg)
{
    struct conn *conn = arg;

    conn->response = NULL;
    enter(conn, PHASE_SENDING, 0);
    if (conn->leaving != NULL)
        event_del(conn->leaving);
}

static void on_leaving(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    close_conn(arg);
}

/* The handler takes its time: notice when nobody waits for it any more. evhttp
 * does not read meanwhile, so a client that sends more is not heard. */
static void watch_leaving(struct conn *conn)
{
    if (conn->leaving == NULL) {
        conn->leaving = event_new(loop_base(conn->conns->loop), conn->fd,
                                  EV_CLOSED, on_leaving, conn);
        event_priority_set(conn->leaving, LOOP_PAGE);
    }
    event_add(conn->leaving, NULL);
}

static char *take_body(struct evhttp_request *event, size_t *len)
{
    struct evbuffer *buffer = evhttp_request_get_input_buffer(event);
    char *body;

    *len = evbuffer_get_length(buffer);
    if (*len == 0)
        return NULL;
    body = mem_alloc(*len + 1);
    evbuffer_remove(buffer, body, *len);
    body[*len] = '\0';
    return body;
}

static struct conn *find_conn(const struct conns *conns,
                              struct evhttp_request *event)
{
    int fd = bufferevent_getfd(evhttp_connection_get_bufferevent(
        evhttp_request_get_connection(event)));

    return fd >= 0 && fd < conns->fds ? conns->by_fd[fd] : NULL;
}

void conns_request(struct conns *conns, struct evhttp_request *event,
                   void (*run)(struct response *response))
{
    struct conn *conn = find_conn(conns, event);
    struct request_origin origin = {.trusted = conns->trusted,
                                    .prefix = conns->site->prefix};
    struct request *request = mem_alloc(sizeof(*request));
    struct response *response;
    size_t len;
    char *body = take_body(event, &len);
    int fd, status;

    assert(conn != NULL && conn->phase == PHASE_BODY);
    fd = conn->fd;
    conns->counters->requests++;
    origin.peer = conn->peer;
    origin.is_tls = conn->is_tls;
    enter(conn, PHASE_BUSY, 0);
    status = request_read(request, &conn->head, body, len, &origin);
    response = response_new(conns->site, event, request, conns->counters,
                            on_finished, conn);
    conn->response = response;
    evhttp_request_set_on_complete_cb(event, on_complete, conn);
    if (status == 200)
        run(response);
    else
        response_error(response, status, NULL);
    /* The handler may have ended the connection, and with it `conn`. */
    if (conns->by_fd[fd] == conn && conn->phase == PHASE_BUSY)
        watch_leaving(conn);
}
