/* test_head: request heads, strictly. SPDX-License-Identifier: MIT */
#include "http/head.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LINE "GET / HTTP/1.1\r\n"
#define HOST "Host: a\r\n"
#define END "\r\n"

static const struct head_limits limits = {
    .head_bytes = 1024, .target_bytes = 200, .body_bytes = 1000};

/* Scan and parse; the status of whichever refused, 0 for "more". */
static int read_head(struct head *head, const char *text, size_t count)
{
    struct head_scan scan = {0};
    size_t len = 0;
    int status = head_scan(&scan, text, count, &limits, &len);

    *head = (struct head){0};
    return status == 200 ? head_parse(head, text, len, &limits) : status;
}

struct head_case {
    const char *text;
    int status;
};

static void heads(void **state)
{
    static const struct head_case cases[] = {
        {LINE HOST END, 200},
        {"GET / HTTP/1.0\r\n" END, 200},
        {"POST / HTTP/1.1\r\n" HOST "Content-Length: 0\r\n" END, 200},
        {"POST / HTTP/1.1\r\n" HOST "Content-Length:1000\r\n" END, 200},
        {"POST / HTTP/1.1\r\n" HOST "Expect: 100-Continue\r\n" END, 200},
        {"PUT / HTTP/1.1\r\n" HOST END, 200},
        {LINE HOST "Content-Length: 0\r\n" END, 200},
        {LINE "hOST:[::1]:3000\r\n" END, 200},
        {LINE "Host: a-b.example:65535\r\n" END, 200},
        {LINE HOST "X: \xc3\xa4\xff\r\n" END, 200},
        {LINE HOST "X:\r\n" END, 200},
        /* Not whole yet. */
        {"", 0},
        {"GET", 0},
        {LINE HOST, 0},
        {LINE HOST "\r", 0},
        /* Not HTTP, or not as it should be. */
        {END LINE HOST END, 400},
        {"\x16\x03\x01", 400},
        {"GET /\r\n" END, 400},
        {"GET\r\n" END, 400},
        {" / HTTP/1.1\r\n" HOST END, 400},
        {"GET  / HTTP/1.1\r\n" HOST END, 400},
        {"GET / HTTP/1.1 \r\n" HOST END, 400},
        {"GET / x HTTP/1.1\r\n" HOST END, 400},
        {"GET / http/1.1\r\n" HOST END, 400},
        {"GET / HTTP/1.10\r\n" HOST END, 400},
        {"GET / HTTP/2.0\r\n" HOST END, 505},
        {"GET / HTTP/0.9\r\n" HOST END, 505},
        {"get / HTTP/1.1\r\n" HOST END, 501},
        {"BREW / HTTP/1.1\r\n" HOST END, 501},
        {"G(T / HTTP/1.1\r\n" HOST END, 400},
        {"GET a HTTP/1.1\r\n" HOST END, 400},
        {"GET //a HTTP/1.1\r\n" HOST END, 400},
        {"GET /#a HTTP/1.1\r\n" HOST END, 400},
        {"GET /\xc3\xa4 HTTP/1.1\r\n" HOST END, 400},
        {"GET http://a/ HTTP/1.1\r\n" HOST END, 400},
        {"OPTIONS * HTTP/1.1\r\n" HOST END, 400},
        {"CONNECT a:1 HTTP/1.1\r\n" HOST END, 400},
        /* Lines. */
        {"GET / HTTP/1.1\nHost: a\n\n", 400},
        {LINE "Host: a\n\r\n", 400},
        {LINE "Host: a\rX: b\r\n" END, 400},
        {LINE HOST " folded\r\n" END, 400},
        {LINE HOST "\tfolded\r\n" END, 400},
        {LINE HOST "X : b\r\n" END, 400},
        {LINE HOST ": b\r\n" END, 400},
        {LINE HOST "X\r\n" END, 400},
        {LINE HOST "X(y: b\r\n" END, 400},
        {LINE HOST "X: a\x01\r\n" END, 400},
        {LINE HOST "X: a\x7f\r\n" END, 400},
        /* Host. */
        {LINE END, 400},
        {LINE HOST HOST END, 400},
        {"GET / HTTP/1.0\r\n" HOST HOST END, 400},
        {LINE "Host:\r\n" END, 400},
        {LINE "Host: a b\r\n" END, 400},
        {LINE "Host: a/b\r\n" END, 400},
        {LINE "Host: a@b\r\n" END, 400},
        {LINE "Host: a,b\r\n" END, 400},
        {LINE "Host: a:\r\n" END, 400},
        {LINE "Host: a:65536\r\n" END, 400},
        {LINE "Host: a:1:2\r\n" END, 400},
        {LINE "Host: [::1\r\n" END, 400},
        {LINE "Host: []\r\n" END, 400},
        {LINE "Host: \"><script>\r\n" END, 400},
        /* How long is the body? */
        {"POST / HTTP/1.1\r\n" HOST "Content-Length: 1001\r\n" END, 413},
        {"POST / HTTP/1.1\r\n" HOST
         "Content-Length: 99999999999999999999\r\n" END,
         413},
        {"POST / HTTP/1.1\r\n" HOST "Content-Length: -1\r\n" END, 400},
        {"POST / HTTP/1.1\r\n" HOST "Content-Length: +1\r\n" END, 400},
        {"POST / HTTP/1.1\r\n" HOST "Content-Length: 0x1\r\n" END, 400},
        {"POST / HTTP/1.1\r\n" HOST "Content-Length: 1 2\r\n" END, 400},
        {"POST / HTTP/1.1\r\n" HOST "Content-Length: 1,1\r\n" END, 400},
        {"POST / HTTP/1.1\r\n" HOST "Content-Length:\r\n" END, 400},
        {"POST / HTTP/1.1\r\n" HOST
         "Content-Length: 1\r\nContent-Length: 1\r\n" END,
         400},
        {"POST / HTTP/1.1\r\n" HOST
         "Content-Length: 1\r\ncontent-length: 2\r\n" END,
         400},
        {LINE HOST "Content-Length: 5\r\n" END, 400},
        {"POST / HTTP/1.1\r\n" HOST "Connection: Close\r\n" END, 200},
        {"POST / HTTP/1.1\r\n" HOST "Connection: keep-alive\r\n" END, 411},
        {LINE HOST "Connection: keep-alive\r\n" END, 200},
        {"DELETE / HTTP/1.1\r\n" HOST "Content-Length: 5\r\n" END, 400},
        {"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n" END, 411},
        {LINE HOST "Transfer-Encoding: chunked\r\n" END, 411},
        {"POST / HTTP/1.1\r\n" HOST
         "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n" END,
         400},
        {"POST / HTTP/1.1\r\n" HOST
         "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n" END,
         400},
        {"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: xchunked\r\n" END, 400},
        {"POST / HTTP/1.1\r\n" HOST
         "Transfer-Encoding: identity, chunked\r\n" END,
         400},
        {"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n"
         "Transfer-Encoding: x\r\n" END,
         400},
        {"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding:\x0b"
         "chunked\r\n" END,
         400},
        {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n" END, 400},
        /* Once only. */
        {LINE HOST "Authorization: a\r\nAuthorization: b\r\n" END, 400},
        {"POST / HTTP/1.1\r\n" HOST "Expect: tea\r\n" END, 417},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct head head;
        int status = read_head(&head, cases[i].text, strlen(cases[i].text));

        if (status != cases[i].status)
            fail_msg("%d instead of %d for: %s", status, cases[i].status,
                     cases[i].text);
        head_free(&head);
    }
}

static void a_nul_is_refused(void **state)
{
    static const char text[] = LINE HOST "X: a\0b\r\n" END;
    struct head head;

    (void)state;
    assert_int_equal(read_head(&head, text, sizeof(text) - 1), 400);
}

static void fields_are_found(void **state)
{
    static const char text[] = "POST /x?y=1 HTTP/1.1\r\nHost: a\r\n"
                               "Content-Length:  7 \r\nX-A: \t b c\t\r\n"
                               "x-a: second\r\nEmpty: \r\n\r\n";
    struct head head;

    (void)state;
    assert_int_equal(read_head(&head, text, sizeof(text) - 1), 200);
    assert_int_equal(head.method, HTTP_POST);
    assert_string_equal(head.target, "/x?y=1");
    assert_int_equal(head.minor, 1);
    assert_int_equal(head.body_bytes, 7);
    assert_string_equal(head_get(&head, "X-A"), "b c");
    assert_string_equal(head_get(&head, "eMPTY"), "");
    assert_null(head_get(&head, "X"));
    head_free(&head);
}

/* The same result in whatever pieces it comes. */
static void pieces_make_a_whole(void **state)
{
    static const char text[] = LINE HOST "X: y\r\n" END "rest";
    const size_t whole = sizeof(text) - 1 - 4;
    struct head_scan scan = {0};
    size_t len = 0;

    (void)state;
    for (size_t i = 0; i < whole; i++)
        assert_int_equal(head_scan(&scan, text, i, &limits, &len), 0);
    assert_int_equal(head_scan(&scan, text, sizeof(text) - 1, &limits, &len),
                     200);
    assert_int_equal(len, whole);
}

static int scan_filled(const char *before, char with, size_t count)
{
    struct head_scan scan = {0};
    size_t start = strlen(before), len = 0;
    char *text = malloc(start + count);
    int status;

    memcpy(text, before, start);
    memset(text + start, with, count);
    status = head_scan(&scan, text, start + count, &limits, &len);
    free(text);
    return status;
}

static void too_much_is_refused(void **state)
{
    char many[4096] = LINE HOST;
    struct head head;

    (void)state;
    assert_int_equal(scan_filled("GET /", 'a', 190), 0);
    assert_int_equal(scan_filled("GET /", 'a', 300), 414);
    assert_int_equal(scan_filled("GET /", 'a', 2000), 414);
    assert_int_equal(scan_filled(LINE "X: ", 'a', 500), 0);
    assert_int_equal(scan_filled(LINE "X: ", 'a', 2000), 431);
    for (int i = 0; i < HEAD_FIELDS; i++)
        strcat(many, "a:b\r\n");
    strcat(many, "\r\n");
    assert_int_equal(read_head(&head, many, strlen(many)), 431);
}

static void tokens_of_a_list(void **state)
{
    (void)state;
    assert_true(head_has_token("close", "close"));
    assert_true(head_has_token("keep-alive, Close", "close"));
    assert_false(head_has_token("closed", "close"));
    assert_false(head_has_token("clos", "close"));
    assert_false(head_has_token("", "close"));
    assert_false(head_has_token(NULL, "close"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(heads),
        cmocka_unit_test(a_nul_is_refused),
        cmocka_unit_test(fields_are_found),
        cmocka_unit_test(pieces_make_a_whole),
        cmocka_unit_test(too_much_is_refused),
        cmocka_unit_test(tokens_of_a_list),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
