/* test_conn: a server and its clients. SPDX-License-Identifier: MIT */
#include "http/conn.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/run/loop_internal.h"

/*
 * Server and clients share a thread and a loop: clients send, then the loop
 * turns until something is true. Deadlines are short here.
 */
#define PATIENCE_US 10000000
#define GET "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"
#define STREAM_BYTES (64u << 20)

static const struct conn_limits limits = {
    .head = {.head_bytes = 2048, .target_bytes = 512, .body_bytes = 4096},
    .connections = 8,
    .per_address = 4,
    .bodies = 6000,
    .head_s = 1,
    .body_s = 1,
    .idle_s = 2,
    .stall_s = 2,
    .stall_bytes = 1000,
    .linger_s = 1,
};

struct world {
    struct loop *loop;
    struct evhttp *http;
    struct conns *conns;
    struct server_counters counters;
    struct site site;
    uint16_t port;
    /* What handlers do. */
    struct response *waiting;
    size_t streamed;
    size_t most_waiting;
    unsigned aborts;
};

static struct world world;

static void stream_more(void *arg)
{
    struct response *response = arg;
    static char chunk[10000];

    while (world.streamed < STREAM_BYTES) {
        bool goes_on;

        world.streamed += sizeof(chunk);
        goes_on = response_write(response, chunk, sizeof(chunk));
        if (response_waiting(response) > world.most_waiting)
            world.most_waiting = response_waiting(response);
        if (!goes_on)
            return;
    }
    response_end(response);
}

static void on_abort(void *arg)
{
    (void)arg;
    world.aborts++;
}

static void handle(struct response *response)
{
    const struct request *request = response_request(response);

    if (strcmp(request->path, "/hello") == 0) {
        response_send(response, 200, "text/plain", "hello", 5);
    } else if (strcmp(request->path, "/echo") == 0) {
        response_send(response, 200, "text/plain", request->body,
                      request->body_len);
    } else if (strcmp(request->path, "/wait") == 0) {
        world.waiting = response;
        response_on_abort(response, on_abort, response);
    } else if (strcmp(request->path, "/split") == 0) {
        assert_false(response_header(response, "X-A", "b\r\nX-C: d"));
        assert_false(response_header(response, "X-A\r\n", "b"));
        assert_false(response_header(response, "X A", "b"));
        assert_false(response_header(response, "Content-Length", "1"));
        assert_false(response_header(response, "transfer-encoding", "x"));
        assert_true(response_header(response, "X-A", "b"));
        response_send(response, 200, "text/plain", "", 0);
    } else {
        response_on_drain(response, stream_more, response);
        response_on_abort(response, on_abort, response);
        response_begin(response, 200, "application/octet-stream");
        stream_more(response);
    }
}

static struct bufferevent *accept_plain(struct event_base *base, void *arg)
{
    (void)base;
    return conns_accept(arg, NULL);
}

static void on_request(struct evhttp_request *event, void *arg)
{
    conns_request(arg, event, handle);
}

static int begin(void **state)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof(address);
    struct evconnlistener *listener;

    (void)state;
    memset(&world, 0, sizeof(world));
    world.loop = loop_new();
    world.site.loop = world.loop;
    world.site.prefix = "";
    world.conns =
        conns_new(&limits, &world.counters, world.loop, NULL, &world.site);
    world.http = evhttp_new(loop_base(world.loop));
    evhttp_set_bevcb(world.http, accept_plain, world.conns);
    evhttp_set_gencb(world.http, on_request, world.conns);
    address.sin_addr.s_addr = htonl(INADDR_ANY);
    listener = evconnlistener_new_bind(
        loop_base(world.loop), NULL, NULL, LEV_OPT_CLOSE_ON_FREE, 64,
        (struct sockaddr *)&address, sizeof(address));
    evhttp_bind_listener(world.http, listener);
    getsockname(evconnlistener_get_fd(listener), (struct sockaddr *)&address,
                &size);
    world.port = ntohs(address.sin_port);
    return 0;
}

static int end(void **state)
{
    (void)state;
    evhttp_free(world.http);
    conns_free(world.conns);
    loop_free(world.loop);
    return 0;
}

static void on_turned(void *arg)
{
    loop_stop(arg);
}

static void turn(int64_t us)
{
    struct loop_source *stop =
        loop_after(world.loop, us, LOOP_PAGE, on_turned, world.loop);

    loop_run(world.loop);
    loop_source_free(stop);
}

/* A client at 127.0.0.`host`. */
static int dial(unsigned host)
{
    struct sockaddr_in own = {.sin_family = AF_INET};
    struct sockaddr_in server = {.sin_family = AF_INET};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    own.sin_addr.s_addr = htonl(INADDR_LOOPBACK - 1 + host);
    server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    server.sin_port = htons(world.port);
    assert_int_equal(bind(fd, (struct sockaddr *)&own, sizeof(own)), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&server, sizeof(server)),
                     0);
    return fd;
}

static void say(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* Turn until this is in what came from there; all of that in `text`. False
 * when it was closed before. */
static bool hear(int fd, const char *what, char *text, size_t size)
{
    int64_t spent_us = 0;
    size_t len = 0;

    text[0] = '\0';
    while (spent_us < PATIENCE_US) {
        ssize_t step = recv(fd, text + len, size - 1 - len, MSG_DONTWAIT);

        if (step > 0) {
            len += (size_t)step;
            text[len] = '\0';
            if (what != NULL && strstr(text, what) != NULL)
                return true;
        } else if (step == 0 || errno != EAGAIN) {
            return false;
        }
        turn(5000);
        spent_us += 5000;
    }
    fail_msg("nothing more than '%s'", text);
    return false;
}

static void wait_closed(int fd)
{
    char text[65536];

    assert_false(hear(fd, NULL, text, sizeof(text)));
    close(fd);
}

/* What is sent is answered like this. */
static void assert_answer(int fd, const char *sent, const char *answer)
{
    char text[8192];

    say(fd, sent);
    if (!hear(fd, answer, text, sizeof(text)))
        fail_msg("'%s' instead of '%s'", text, answer);
}

static void connections_are_kept(void **state)
{
    int fd = dial(1);

    (void)state;
    assert_answer(fd, GET, "\r\n\r\nhello");
    assert_answer(fd, GET, "\r\n\r\nhello");
    assert_answer(fd,
                  "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n"
                  "abcd",
                  "\r\n\r\nabcd");
    assert_answer(fd, GET, "\r\n\r\nhello");
    assert_int_equal(world.counters.requests, 4);
    assert_int_equal(world.counters.connections, 1);
    say(fd, "GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    wait_closed(fd);
    assert_int_equal(world.counters.connections, 0);
}

static void pipelined_requests_come_in_order(void **state)
{
    char text[8192];
    int fd = dial(1);

    (void)state;
    say(fd, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\none");
    say(fd, GET GET "POST /echo HTTP/1.1\r\nHost: a\r\n"
                    "Content-Length: 4\r\n\r\nlast");
    assert_true(hear(fd, "last", text, sizeof(text)));
    assert_true(strstr(text, "one") < strstr(text, "hello"));
    assert_non_null(strstr(strstr(text, "hello") + 1, "hello"));
    assert_int_equal(world.counters.requests, 4);
    close(fd);
}

static void heads_may_come_bit_by_bit(void **state)
{
    int fd = dial(1);

    (void)state;
    for (const char *at = GET; *at != '\0'; at++) {
        char one[2] = {*at, '\0'};

        say(fd, one);
        turn(1000);
    }
    assert_answer(fd, "", "hello");
    close(fd);
}

static void bad_heads_are_refused(void **state)
{
    static const struct {
        const char *text;
        const char *answer;
    } cases[] = {
        {"GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 400 "},
        {"GET / HTTP/1.1\nHost: a\n\n", "HTTP/1.1 400 "},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9999\r\n\r\n",
         "HTTP/1.1 413 "},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
         "HTTP/1.1 411 "},
        {"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 30\r\n\r\n" GET,
         "HTTP/1.1 400 "},
        {"GET /.. HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 400 "},
        {GET "GARBAGE\r\n\r\n" GET, "HTTP/1.1 400 "},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        int fd = dial(1);

        assert_answer(fd, cases[i].text, cases[i].answer);
        shutdown(fd, SHUT_WR);
        wait_closed(fd);
    }
    /* The good one before the garbage, and that with the bad path. */
    assert_int_equal(world.counters.requests, 2);
}

static void slow_heads_and_bodies_end(void **state)
{
    static const char post[] =
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n";
    char head_text[8192], body_text[8192];
    int head = dial(1), body = dial(2), silent = dial(3);
    size_t head_len = 0, body_len = 0;

    (void)state;
    say(head, "GET /");
    say(body, post);
    /* Both drip, and are cut off nevertheless. */
    for (int i = 0; i < 300; i++) {
        ssize_t step;

        send(head, "a", 1, MSG_NOSIGNAL);
        send(body, "b", 1, MSG_NOSIGNAL);
        turn(10000);
        step = recv(head, head_text + head_len,
                    sizeof(head_text) - 1 - head_len, MSG_DONTWAIT);
        head_len += step > 0 ? (size_t)step : 0;
        step = recv(body, body_text + body_len,
                    sizeof(body_text) - 1 - body_len, MSG_DONTWAIT);
        body_len += step > 0 ? (size_t)step : 0;
    }
    head_text[head_len] = body_text[body_len] = '\0';
    assert_non_null(strstr(head_text, "HTTP/1.1 408 "));
    assert_non_null(strstr(body_text, "HTTP/1.1 408 "));
    assert_int_equal(world.counters.too_slow, 2);
    assert_int_equal(world.counters.requests, 0);
    close(head);
    close(body);
    wait_closed(silent);
    turn(1500000);
    assert_int_equal(world.counters.connections, 0);
}

static void idle_connections_end(void **state)
{
    int fd = dial(1);

    (void)state;
    assert_answer(fd, GET, "hello");
    wait_closed(fd);
    assert_int_equal(world.counters.too_slow, 0);
}

static void one_address_gets_its_share(void **state)
{
    int fds[5];

    (void)state;
    for (int i = 0; i < 5; i++) {
        fds[i] = dial(1);
        turn(2000);
    }
    assert_answer(fds[4], "", "HTTP/1.1 429 ");
    assert_int_equal(world.counters.refused_address, 1);
    /* Others are not concerned. */
    close(fds[0]);
    fds[0] = dial(2);
    assert_answer(fds[0], GET, "hello");
    for (int i = 0; i < 5; i++)
        close(fds[i]);
}

static void the_idlest_makes_room(void **state)
{
    int fds[9];

    (void)state;
    for (unsigned i = 0; i < 9; i++) {
        fds[i] = dial(1 + i / 3);
        turn(2000);
    }
    wait_closed(fds[0]);
    assert_int_equal(world.counters.evicted, 1);
    assert_int_equal(world.counters.connections, 8);
    assert_answer(fds[8], GET, "hello");
    for (unsigned i = 1; i < 9; i++)
        close(fds[i]);
}

static void the_busy_stay(void **state)
{
    int fds[9];

    (void)state;
    for (unsigned i = 0; i < 8; i++) {
        fds[i] = dial(1 + i / 3);
        say(fds[i], "GET /wait HTTP/1.1\r\nHost: a\r\n\r\n");
        turn(5000);
    }
    fds[8] = dial(9);
    assert_answer(fds[8], "", "HTTP/1.1 503 ");
    assert_int_equal(world.counters.refused_total, 1);
    assert_int_equal(world.aborts, 0);
    for (unsigned i = 0; i < 9; i++)
        close(fds[i]);
    turn(100000);
    assert_int_equal(world.aborts, 8);
}

static void bodies_are_bounded_together(void **state)
{
    static const char post[] =
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4000\r\n\r\n";
    int first = dial(1), second = dial(2);

    (void)state;
    say(first, post);
    turn(5000);
    assert_answer(second, post, "HTTP/1.1 503 ");
    close(first);
    close(second);
    turn(20000);
    first = dial(3);
    say(first, post);
    turn(5000);
    for (int i = 0; i < 4; i++) {
        char part[1001];

        memset(part, 'x', 1000);
        part[1000] = '\0';
        say(first, part);
    }
    assert_answer(first, "", "xxxx");
    close(first);
}

static void later_answers_are_fine(void **state)
{
    int fd = dial(1);

    (void)state;
    say(fd, "GET /wait HTTP/1.1\r\nHost: a\r\n\r\n");
    turn(20000);
    assert_non_null(world.waiting);
    response_send(world.waiting, 200, "text/plain", "late", 4);
    assert_answer(fd, "", "late");
    assert_answer(fd, GET, "hello");
    close(fd);
    turn(20000);
    assert_int_equal(world.aborts, 0);
}

static void who_leaves_is_noticed(void **state)
{
    int fd = dial(1);

    (void)state;
    say(fd, "GET /wait HTTP/1.1\r\nHost: a\r\n\r\n");
    turn(20000);
    close(fd);
    turn(50000);
    assert_int_equal(world.aborts, 1);
    assert_int_equal(world.counters.aborted, 1);
    assert_int_equal(world.counters.connections, 0);
}

/* Memory does not grow behind a client that does not read; when it does, it
 * gets everything. */
static void slow_readers_cost_little(void **state)
{
    static char text[1 << 20];
    size_t got = 0;
    int fd = dial(1);

    (void)state;
    say(fd, "GET /stream HTTP/1.0\r\n\r\n");
    turn(500000);
    assert_in_range(world.streamed, 1, STREAM_BYTES / 2);
    assert_in_range(world.most_waiting, 1, 65536 + 10000);
    for (int idle = 0; idle < 200;) {
        ssize_t step = recv(fd, text, sizeof(text), MSG_DONTWAIT);

        if (step == 0)
            break;
        got += step > 0 ? (size_t)step : 0;
        idle = step > 0 ? 0 : idle + 1;
        turn(1000);
    }
    assert_in_range(got, STREAM_BYTES, STREAM_BYTES + 20000);
    assert_in_range(world.most_waiting, 1, 65536 + 10000);
    assert_int_equal(world.aborts, 0);
    close(fd);
}

static void readers_that_stop_are_dropped(void **state)
{
    int fd = dial(1);

    (void)state;
    say(fd, "GET /stream HTTP/1.1\r\nHost: a\r\n\r\n");
    for (int i = 0; i < 100 && world.aborts == 0; i++)
        turn(100000);
    assert_int_equal(world.aborts, 1);
    assert_int_equal(world.counters.stalled, 1);
    assert_int_equal(world.counters.connections, 0);
    close(fd);
}

/* Read so many bytes ten times a second, until it is closed or `turns` are
 * over. A small window lets the server see each step. */
static void read_slowly(size_t step, int turns)
{
    static char text[65536];
    int size = 4096;
    int fd = dial(1);

    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
    say(fd, "GET /stream HTTP/1.1\r\nHost: a\r\n\r\n");
    for (int i = 0; i < turns && world.aborts == 0; i++) {
        turn(100000);
        assert_true(recv(fd, text, step, MSG_DONTWAIT) != 0);
    }
    close(fd);
}

static void readers_that_drip_are_dropped(void **state)
{
    (void)state;
    read_slowly(10, 100);
    assert_int_equal(world.counters.stalled, 1);
}

static void slow_readers_may_go_on(void **state)
{
    (void)state;
    read_slowly(2000, 60);
    assert_int_equal(world.counters.stalled, 0);
    assert_int_equal(world.aborts, 0);
}

static void cut_answers_are_cut(void **state)
{
    int fd = dial(1);

    (void)state;
    say(fd, "GET /wait HTTP/1.1\r\nHost: a\r\n\r\n");
    turn(20000);
    response_begin(world.waiting, 200, "text/plain");
    response_write(world.waiting, "part", 4);
    turn(20000);
    response_cut(world.waiting);
    wait_closed(fd);
    assert_int_equal(world.aborts, 0);
    assert_int_equal(world.counters.connections, 0);
}

static void headers_cannot_be_split(void **state)
{
    int fd = dial(1);

    (void)state;
    assert_answer(fd, "GET /split HTTP/1.1\r\nHost: a\r\n\r\n", "X-A: b\r\n");
    close(fd);
}

/* Whatever they were at. */
static void the_end_frees_all(void **state)
{
    int fds[4];

    (void)state;
    for (unsigned i = 0; i < 4; i++)
        fds[i] = dial(1);
    say(fds[0], "GET /wait HTTP/1.1\r\nHost: a\r\n\r\n");
    say(fds[1], "GET /stream HTTP/1.1\r\nHost: a\r\n\r\n");
    say(fds[2], "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n");
    say(fds[3], "BAD\r\n\r\n");
    turn(50000);
    for (unsigned i = 0; i < 4; i++)
        close(fds[i]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(connections_are_kept),
        TEST(pipelined_requests_come_in_order),
        TEST(heads_may_come_bit_by_bit),
        TEST(bad_heads_are_refused),
        TEST(slow_heads_and_bodies_end),
        TEST(idle_connections_end),
        TEST(one_address_gets_its_share),
        TEST(the_idlest_makes_room),
        TEST(the_busy_stay),
        TEST(bodies_are_bounded_together),
        TEST(later_answers_are_fine),
        TEST(who_leaves_is_noticed),
        TEST(slow_readers_cost_little),
        TEST(readers_that_stop_are_dropped),
        TEST(readers_that_drip_are_dropped),
        TEST(slow_readers_may_go_on),
        TEST(cut_answers_are_cut),
        TEST(headers_cannot_be_split),
        TEST(the_end_frees_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
