/* test_loop_http: URLs, and what servers answer.
 * SPDX-License-Identifier: MIT */
#include "core/run/loop_http.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/run/loop_url.h"

#define REQUEST_SIZE 8192
#define LIMIT_US 20000000

/* --- URLs --- */

static void test_urls_are_taken_apart(void **state)
{
    static const struct {
        const char *text;
        const char *host; /* NULL: refused */
        unsigned port;
        const char *path;
        const char *user;
        const char *password;
        const char *again;
    } rows[] = {
        {"http://a.example", "a.example", 80, "/", NULL, NULL,
         "http://a.example/"},
        {"HTTPS://A.example/x?y=1#z", "A.example", 443, "/x?y=1", NULL, NULL,
         "https://A.example/x?y=1"},
        {"http://[::1]:8080/", "::1", 8080, "/", NULL, NULL,
         "http://[::1]:8080/"},
        {"http://u:p%40x@h:81/_bulk", "h", 81, "/_bulk", "u", "p@x",
         "http://h:81/_bulk"},
        {"http://u@h?q", "h", 80, "/?q", "u", NULL, "http://h/?q"},
        {"http://h:80/", "h", 80, "/", NULL, NULL, "http://h/"},
        {"https://h:80/", "h", 80, "/", NULL, NULL, "https://h:80/"},
        {.text = "ftp://h/"},
        {.text = "file:///etc/passwd"},
        {.text = "//h/"},
        {.text = "/path"},
        {.text = "h"},
        {.text = ""},
        {.text = "http://"},
        {.text = "http:///path"},
        {.text = "http://h:0/"},
        {.text = "http://h:65536/"},
        {.text = "http://h:x/"},
        {.text = "http://h /"},
        {.text = "http://h/\r\nX: y"},
        {.text = "http://h\n/"},
        {.text = "http://[::1/"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct loop_url url;
        struct strbuf text;
        bool is_good = loop_url_parse(&url, rows[i].text, NULL);

        assert_int_equal(is_good, rows[i].host != NULL);
        if (!is_good)
            continue;
        strbuf_init(&text, 1000);
        loop_url_add(&url, &text);
        assert_string_equal(text.text, rows[i].again);
        assert_string_equal(url.host, rows[i].host);
        assert_int_equal(url.port, rows[i].port);
        assert_string_equal(url.path, rows[i].path);
        assert_int_equal(url.user != NULL, rows[i].user != NULL);
        if (rows[i].user != NULL)
            assert_string_equal(url.user, rows[i].user);
        assert_int_equal(url.password != NULL, rows[i].password != NULL);
        if (rows[i].password != NULL)
            assert_string_equal(url.password, rows[i].password);
        strbuf_free(&text);
        loop_url_free(&url);
    }
}

/* Those of RFC 3986, 5.4, as far as they are of http, and others. */
static void test_redirections_are_resolved(void **state)
{
    static const char *const rows[][2] = {
        {"g", "http://a/b/c/g"},
        {"./g", "http://a/b/c/g"},
        {"g/", "http://a/b/c/g/"},
        {"/g", "http://a/g"},
        {"//g", "http://g/"},
        {"?y", "http://a/b/c/d;p?y"},
        {"g?y", "http://a/b/c/g?y"},
        {"#s", "http://a/b/c/d;p?q"},
        {"", "http://a/b/c/d;p?q"},
        {".", "http://a/b/c/"},
        {"..", "http://a/b/"},
        {"../g", "http://a/b/g"},
        {"../../../g", "http://a/g"},
        {"/./g", "http://a/g"},
        {"/../g", "http://a/g"},
        {"g.", "http://a/b/c/g."},
        {"..g", "http://a/b/c/..g"},
        {"./g/.", "http://a/b/c/g/"},
        {"g;x=1/../y", "http://a/b/c/y"},
        {"g?y/../x", "http://a/b/c/g?y/../x"},
        {"https://x:y@b.example/p", "https://b.example/p"},
        {"a b\"\xc3\xa4", "http://a/b/c/a%20b%22%C3%A4"},
        {"file:///etc/passwd", NULL},
        {"javascript:alert(1)", NULL},
        {"//", NULL},
    };
    struct loop_url base, url;

    (void)state;
    assert_true(loop_url_parse(&base, "http://u:v@a/b/c/d;p?q", NULL));
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct strbuf text;
        bool is_good = loop_url_join(&url, &base, rows[i][0], NULL);

        assert_int_equal(is_good, rows[i][1] != NULL);
        if (!is_good)
            continue;
        strbuf_init(&text, 1000);
        loop_url_add(&url, &text);
        assert_string_equal(text.text, rows[i][1]);
        assert_null(url.user);
        strbuf_free(&text);
        loop_url_free(&url);
    }
    loop_url_free(&base);
}

/* --- Servers --- */

/* A process that answers one connection after the other, each with the next
 * text, and tells what it was asked. */
struct server {
    pid_t pid;
    unsigned port;
    int asked; /* pipe of requests, each ends in NUL */
};

struct bed {
    struct loop *loop;
    struct loop_http *http;
    struct loop_source *limit;
    struct server server;
    bool is_done;
    int status;
    char error[256];
    char url[256];
    char body[256];
    char type[64];
};

static void serve(int listener, int asked, const char *const *answers)
{
    for (; *answers != NULL; answers++) {
        char request[REQUEST_SIZE] = "";
        size_t len = 0;
        int fd = accept(listener, NULL, NULL);

        while (fd >= 0 && strstr(request, "\r\n\r\n") == NULL) {
            ssize_t got = read(fd, request + len, sizeof(request) - 1 - len);

            if (got <= 0)
                break;
            len += (size_t)got;
            request[len] = '\0';
        }
        if (write(asked, request, len + 1) < 0 ||
            write(fd, *answers, strlen(*answers)) < 0)
            _exit(1);
        if (strcmp(*answers, "") == 0)
            pause(); /* says nothing, but stays */
        shutdown(fd, SHUT_WR);
        while (read(fd, request, sizeof(request)) > 0)
            ;
        close(fd);
    }
    _exit(0);
}

static struct server server_start(const char *const *answers)
{
    struct sockaddr_in own = {.sin_family = AF_INET,
                              .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof(own);
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    struct server server;
    int ends[2];

    assert_int_equal(bind(listener, (struct sockaddr *)&own, len), 0);
    assert_int_equal(listen(listener, 8), 0);
    getsockname(listener, (struct sockaddr *)&own, &len);
    assert_int_equal(pipe(ends), 0);
    server.port = ntohs(own.sin_port);
    server.asked = ends[0];
    server.pid = fork();
    assert_true(server.pid >= 0);
    if (server.pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        close(ends[0]);
        serve(listener, ends[1], answers);
    }
    close(listener);
    close(ends[1]);
    return server;
}

/* Stop it; what it was asked is in `requests`. */
static size_t server_stop(struct server *server, char *requests, size_t size)
{
    size_t len = 0;
    ssize_t got;

    kill(server->pid, SIGKILL);
    waitpid(server->pid, NULL, 0);
    while ((got = read(server->asked, requests + len, size - len)) > 0)
        len += (size_t)got;
    close(server->asked);
    return len;
}

static void on_limit(void *arg)
{
    struct bed *bed = arg;

    loop_stop(bed->loop);
}

static void on_done(void *arg, const struct loop_http_answer *answer)
{
    struct bed *bed = arg;
    const char *type = loop_http_header(answer, "content-type");

    bed->is_done = true;
    bed->status = answer->status;
    assert_true(answer->error != NULL || answer->status > 0);
    snprintf(bed->error, sizeof(bed->error), "%s",
             answer->error != NULL ? answer->error : "");
    snprintf(bed->url, sizeof(bed->url), "%s", answer->url);
    snprintf(bed->body, sizeof(bed->body), "%s", answer->body);
    snprintf(bed->type, sizeof(bed->type), "%s", type != NULL ? type : "");
    assert_int_equal(answer->body[answer->body_len], '\0');
    loop_stop(bed->loop);
}

static int bed_open(void **state)
{
    struct bed *bed = calloc(1, sizeof(*bed));

    signal(SIGPIPE, SIG_IGN);
    bed->loop = loop_new();
    bed->http = loop_http_new(bed->loop, 2);
    bed->limit = loop_after(bed->loop, LIMIT_US, LOOP_PEER, on_limit, bed);
    *state = bed;
    return 0;
}

static int bed_close(void **state)
{
    struct bed *bed = *state;

    loop_http_free(bed->http);
    loop_source_free(bed->limit);
    loop_free(bed->loop);
    free(bed);
    return 0;
}

static void ask(struct bed *bed, struct loop_http_request *request,
                const char *path)
{
    char url[128];

    snprintf(url, sizeof(url), "http://127.0.0.1:%u%s", bed->server.port, path);
    request->url = url;
    bed->is_done = false;
    assert_non_null(loop_http_ask(bed->http, request, on_done, bed, NULL));
    assert_false(bed->is_done);
    loop_run(bed->loop);
    assert_true(bed->is_done);
}

/* The failure of a GET that is answered so. */
static const char *failure(struct bed *bed, const char *answer)
{
    const char *const answers[] = {answer, NULL};
    struct loop_http_request request = {.timeout_us = 300000, .max_body = 1000};
    char requests[REQUEST_SIZE];

    bed->server = server_start(answers);
    ask(bed, &request, "/");
    server_stop(&bed->server, requests, sizeof(requests));
    assert_int_equal(bed->status, 0);
    assert_string_equal(bed->body, "");
    assert_non_null(strstr(bed->error, "127.0.0.1: "));
    return bed->error + strlen("127.0.0.1: ");
}

static void test_an_answer_is_told(void **state)
{
    static const char *const answers[] = {
        "HTTP/1.1 404 Not Found\r\nContent-Type: text/x\r\n"
        "Content-Length: 5\r\n\r\nhello",
        NULL};
    static const struct loop_http_header more[] = {{"X-More", "yes"}};
    struct loop_http_request request = {
        .method = "POST",
        .user = "a",
        .password = "b:c",
        .headers = more,
        .header_count = 1,
        .body = "some",
        .body_len = 4,
    };
    struct bed *bed = *state;
    char requests[REQUEST_SIZE];

    bed->server = server_start(answers);
    ask(bed, &request, "/p?q");
    server_stop(&bed->server, requests, sizeof(requests));
    assert_string_equal(bed->error, "");
    assert_int_equal(bed->status, 404);
    assert_string_equal(bed->body, "hello");
    assert_string_equal(bed->type, "text/x");
    assert_non_null(strstr(requests, "POST /p?q HTTP/1.1\r\n"));
    assert_non_null(strstr(requests, "\r\nContent-Length: 4\r\n"));
    assert_non_null(strstr(requests, "\r\nX-More: yes\r\n"));
    /* printf 'a:b:c' | base64 */
    assert_non_null(strstr(requests, "\r\nAuthorization: Basic YTpiOmM=\r\n"));
}

static void test_all_ways_to_end_a_body_are_known(void **state)
{
    static const char *const rows[] = {
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        "2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
        "HTTP/1.0 200 OK\r\n\r\nhello",
    };
    struct bed *bed = *state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        const char *const answers[] = {rows[i], NULL};
        struct loop_http_request request = {.timeout_us = 0};
        char requests[REQUEST_SIZE];

        bed->server = server_start(answers);
        ask(bed, &request, "/");
        server_stop(&bed->server, requests, sizeof(requests));
        assert_string_equal(bed->error, "");
        assert_int_equal(bed->status, 200);
        assert_string_equal(bed->body, "hello");
    }
}

static void test_what_is_no_answer_fails(void **state)
{
    char many[80 * 1024], long_body[3000];
    struct bed *bed = *state;

    assert_string_equal(failure(bed, "SSH-2.0-OpenSSH\r\n\r\n"),
                        "what it answers is not HTTP");
    assert_string_equal(failure(bed, "HTTP/1.1 000 ?\r\n\r\n"),
                        "what it answers is not HTTP");
    assert_string_equal(
        failure(bed, "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"),
        "what it answers is not HTTP");
    assert_string_equal(
        failure(bed, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello"),
        "the connection ended before the answer did");
    assert_string_equal(
        failure(bed, "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n"),
        "the answer is too long");
    assert_string_equal(failure(bed, ""), "no answer within 0.3 s");
    memset(many, 'x', sizeof(many) - 1);
    memcpy(many, "HTTP/1.1 200 OK\r\nX: ", 20);
    many[sizeof(many) - 1] = '\0';
    assert_string_equal(failure(bed, many), "what it answers is not HTTP");
    memset(long_body, 'x', sizeof(long_body) - 1);
    memcpy(long_body, "HTTP/1.0 200 OK\r\n\r\n", 19);
    long_body[sizeof(long_body) - 1] = '\0';
    assert_string_equal(failure(bed, long_body), "the answer is too long");
}

static void test_redirections_are_followed(void **state)
{
    static const char *const answers[] = {
        "HTTP/1.1 302 Found\r\nLocation: ../b?x\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", NULL};
    struct loop_http_request request = {
        .method = "POST", .user = "u", .body = "some", .body_len = 4};
    struct bed *bed = *state;
    char requests[REQUEST_SIZE], url[64];
    const char *second;

    bed->server = server_start(answers);
    ask(bed, &request, "/a/c");
    server_stop(&bed->server, requests, sizeof(requests));
    snprintf(url, sizeof(url), "http://127.0.0.1:%u/b?x", bed->server.port);
    assert_int_equal(bed->status, 200);
    assert_string_equal(bed->url, url);
    second = requests + strlen(requests) + 1;
    assert_ptr_equal(strstr(second, "GET /b?x HTTP/1.1\r\n"), second);
    assert_non_null(strstr(second, "Authorization"));
    assert_null(strstr(second, "Content-Length"));

    bed->server = server_start(answers);
    request.stay = true;
    ask(bed, &request, "/a/c");
    server_stop(&bed->server, requests, sizeof(requests));
    assert_int_equal(bed->status, 302);
}

static void test_no_more_than_five_redirections(void **state)
{
    static const char once[] =
        "HTTP/1.1 307 Again\r\nLocation: /\r\nContent-Length: 0\r\n\r\n";
    static const char *const answers[] = {once, once, once, once,
                                          once, once, once, NULL};
    struct loop_http_request request = {.timeout_us = 0};
    struct bed *bed = *state;
    char requests[8 * REQUEST_SIZE];
    size_t len, count = 0;

    bed->server = server_start(answers);
    ask(bed, &request, "/");
    len = server_stop(&bed->server, requests, sizeof(requests));
    assert_string_equal(bed->error, "127.0.0.1: too many redirections");
    for (size_t i = 0; i < len; i++)
        count += requests[i] == '\0';
    assert_int_equal(count, 1 + LOOP_HTTP_REDIRECTS);
}

/* Another port is another server: it must not learn the password. */
static void test_secrets_stay_with_their_server(void **state)
{
    static const char *const last[] = {
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", NULL};
    static const struct loop_http_header token[] = {{"X-Token", "secret"}};
    struct bed *bed = *state;
    struct server other = server_start(last);
    char answer[256], requests[REQUEST_SIZE], second[REQUEST_SIZE];
    const char *const first[] = {answer, NULL};
    struct loop_http_request request = {
        .user = "u", .password = "p", .headers = token, .header_count = 1};

    snprintf(answer, sizeof(answer),
             "HTTP/1.1 301 Moved\r\nLocation: http://127.0.0.1:%u/\r\n"
             "Content-Length: 0\r\n\r\n",
             other.port);
    bed->server = server_start(first);
    ask(bed, &request, "/");
    server_stop(&bed->server, requests, sizeof(requests));
    server_stop(&other, second, sizeof(second));
    assert_int_equal(bed->status, 200);
    assert_non_null(strstr(requests, "Authorization"));
    assert_non_null(strstr(requests, "secret"));
    assert_non_null(strstr(second, "GET / HTTP/1.1\r\n"));
    assert_null(strstr(second, "Authorization"));
    assert_null(strstr(second, "secret"));
}

static void test_nobody_listens(void **state)
{
    static const char *const answers[] = {NULL};
    struct loop_http_request request = {.timeout_us = 0};
    struct bed *bed = *state;
    char requests[REQUEST_SIZE];

    bed->server = server_start(answers);
    server_stop(&bed->server, requests, sizeof(requests));
    ask(bed, &request, "/");
    assert_string_equal(bed->error, "127.0.0.1: Connection refused");
}

/* /etc/hosts names it; where nothing listens at ::1, 127.0.0.1 is tried. */
static void test_addresses_are_tried_in_turn(void **state)
{
    static const char *const answers[] = {
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", NULL};
    struct loop_http_request request = {.timeout_us = 0};
    struct bed *bed = *state;
    char requests[REQUEST_SIZE], url[64], host[64];

    bed->server = server_start(answers);
    snprintf(url, sizeof(url), "http://localhost:%u/", bed->server.port);
    request.url = url;
    assert_non_null(loop_http_ask(bed->http, &request, on_done, bed, NULL));
    loop_run(bed->loop);
    server_stop(&bed->server, requests, sizeof(requests));
    assert_string_equal(bed->error, "");
    assert_int_equal(bed->status, 200);
    snprintf(host, sizeof(host), "\r\nHost: localhost:%u\r\n",
             bed->server.port);
    assert_non_null(strstr(requests, host));
}

static void test_bad_requests_are_refused(void **state)
{
    static const struct loop_http_header bad[][1] = {
        {{"X", "a\r\nY: b"}}, {{"X Y", "a"}},  {{"", "a"}},
        {{"X:", "a"}},        {{"Host", "a"}}, {{"content-length", "1"}},
    };
    struct bed *bed = *state;
    struct loop_http_request request = {.url = "http://127.0.0.1:1/"};
    struct strbuf error;

    strbuf_init(&error, 500);
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        request.headers = bad[i];
        request.header_count = 1;
        assert_null(loop_http_ask(bed->http, &request, on_done, bed, NULL));
    }
    request.header_count = 0;
    request.method = "CONNECT";
    assert_null(loop_http_ask(bed->http, &request, on_done, bed, NULL));
    request.method = "GET";
    request.body = "x";
    request.body_len = 1;
    assert_null(loop_http_ask(bed->http, &request, on_done, bed, NULL));
    request.body_len = 0;
    request.url = "gopher://u:secret@h/";
    assert_null(loop_http_ask(bed->http, &request, on_done, bed, &error));
    assert_null(strstr(error.text, "secret"));
    strbuf_free(&error);
}

static void test_calls_are_bounded_and_can_be_dropped(void **state)
{
    static const char *const answers[] = {"", NULL};
    struct bed *bed = *state;
    struct loop_http_request request = {.timeout_us = 0};
    struct loop_http_call *call;
    char requests[REQUEST_SIZE], url[64];
    struct strbuf error;

    strbuf_init(&error, 500);
    bed->server = server_start(answers);
    snprintf(url, sizeof(url), "http://127.0.0.1:%u/", bed->server.port);
    request.url = url;
    call = loop_http_ask(bed->http, &request, on_done, bed, NULL);
    assert_non_null(call);
    assert_non_null(loop_http_ask(bed->http, &request, on_done, bed, NULL));
    assert_null(loop_http_ask(bed->http, &request, on_done, bed, &error));
    assert_string_equal(error.text, "too many requests at once");
    loop_source_free(bed->limit);
    bed->limit = loop_after(bed->loop, 100000, LOOP_PEER, on_limit, bed);
    loop_run(bed->loop); /* until both are connected */
    loop_http_cancel(call);
    assert_non_null(loop_http_ask(bed->http, &request, on_done, bed, NULL));
    server_stop(&bed->server, requests, sizeof(requests));
    strbuf_free(&error);
    assert_false(bed->is_done);
} /* the teardown drops the others */

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_urls_are_taken_apart),
        cmocka_unit_test(test_redirections_are_resolved),
        cmocka_unit_test_setup_teardown(test_an_answer_is_told, bed_open,
                                        bed_close),
        cmocka_unit_test_setup_teardown(test_all_ways_to_end_a_body_are_known,
                                        bed_open, bed_close),
        cmocka_unit_test_setup_teardown(test_what_is_no_answer_fails, bed_open,
                                        bed_close),
        cmocka_unit_test_setup_teardown(test_redirections_are_followed,
                                        bed_open, bed_close),
        cmocka_unit_test_setup_teardown(test_no_more_than_five_redirections,
                                        bed_open, bed_close),
        cmocka_unit_test_setup_teardown(test_secrets_stay_with_their_server,
                                        bed_open, bed_close),
        cmocka_unit_test_setup_teardown(test_nobody_listens, bed_open,
                                        bed_close),
        cmocka_unit_test_setup_teardown(test_addresses_are_tried_in_turn,
                                        bed_open, bed_close),
        cmocka_unit_test_setup_teardown(test_bad_requests_are_refused, bed_open,
                                        bed_close),
        cmocka_unit_test_setup_teardown(
            test_calls_are_bounded_and_can_be_dropped, bed_open, bed_close),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
