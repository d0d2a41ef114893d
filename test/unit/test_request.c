/* test_request: paths, parameters, clients. SPDX-License-Identifier: MIT */
#include "http/request.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/util/mem.h"

struct path_case {
    const char *target;
    const char *path; /* NULL: refused */
};

static void paths_have_one_spelling(void **state)
{
    static const struct path_case cases[] = {
        {"/", "/"},
        {"/a/b.lua", "/a/b.lua"},
        {"/a/b/", "/a/b/"},
        {"/%61%2Ejs", "/a.js"},
        {"/a%20b", "/a b"},
        {"/a+b", "/a+b"},
        {"/%c3%a4", "/\xc3\xa4"},
        {"/%252e%252e/x", "/%2e%2e/x"}, /* decoded once */
        {"/%2525", "/%25"},
        {"/..a", "/..a"},
        {"/.a", "/.a"},
        {"/LUA", "/LUA"}, /* case is not folded */
        {"/a:b", "/a:b"},
        /* Traversal. */
        {"/..", NULL},
        {"/../x", NULL},
        {"/a/..", NULL},
        {"/a/../../x", NULL},
        {"/%2e%2e/x", NULL},
        {"/.%2e/x", NULL},
        {"/%2E./x", NULL},
        {"/.", NULL},
        {"/./a", NULL},
        {"/a/.", NULL},
        {"/...", NULL},
        {"/..;/x", NULL},
        {"/..%3b/x", NULL},
        {"/..%5cx", NULL},
        {"/..\\x", NULL},
        {"/a%5c..%5cb", NULL},
        {"/..%2fx", NULL},
        {"/..%2Fx", NULL},
        {"/a%2fb", NULL},
        {"/%2f", NULL},
        {"/%c0%ae%c0%ae/x", NULL},
        {"/%e0%80%ae/x", NULL},
        {"/%u002e/x", NULL},
        /* Other spellings. */
        {"", NULL},
        {"a", NULL},
        {"//", NULL},
        {"//a", NULL},
        {"/a//b", NULL},
        {"/a/b//", NULL},
        {"/a.", NULL},
        {"/a./b", NULL},
        {"/a.lua%2e", NULL},
        {"/a;b", NULL},
        {"/a;jsessionid=1", NULL},
        {"/a%3bb", NULL},
        {"/a%00", NULL},
        {"/a%00.js", NULL},
        {"/a%0d%0aX:y", NULL},
        {"/a%1b", NULL},
        {"/a%7f", NULL},
        {"/a%c2%9b", NULL},
        {"/a%", NULL},
        {"/a%4", NULL},
        {"/a%zz", NULL},
        {"/a%4g", NULL},
        {"/a%ff", NULL},
        {"/a%c3", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        const char *target = cases[i].target;
        char path[PATH_TEXT_MAX];
        bool is_good = path_decode(target, strlen(target), path);

        if (is_good != (cases[i].path != NULL))
            fail_msg("%s: %s", target, is_good ? path : "refused");
        if (is_good)
            assert_string_equal(path, cases[i].path);
    }
}

static void long_paths_are_refused(void **state)
{
    char target[2 * PATH_TEXT_MAX];
    char path[PATH_TEXT_MAX];

    (void)state;
    memset(target, 'a', sizeof(target));
    target[0] = '/';
    assert_true(path_decode(target, PATH_TEXT_MAX - 1, path));
    assert_false(path_decode(target, PATH_TEXT_MAX, path));
}

static void a_prefix_goes(void **state)
{
    static const struct {
        const char *path, *prefix, *left;
    } cases[] = {
        {"/k/a", "/k", "/a"},     {"/k", "/k", "/"},  {"/k/", "/k", "/"},
        {"/ka", "/k", "/ka"},     {"/a", "/k", "/a"}, {"/K/a", "/k", "/K/a"},
        {"/k/k/a", "/k", "/k/a"}, {"/a", "", "/a"},   {"/a", NULL, "/a"},
        {"/x/y/a", "/x/y", "/a"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        char path[PATH_TEXT_MAX];

        snprintf(path, sizeof(path), "%s", cases[i].path);
        path_strip(path, cases[i].prefix);
        assert_string_equal(path, cases[i].left);
    }
}

static bool parse(struct params *params, const char *text)
{
    return params_parse(params, text, strlen(text));
}

static void parameters(void **state)
{
    struct params params;

    (void)state;
    assert_true(parse(&params, "a=1&b=x+y%21&c&&d=&e=f=g&%61b=%C3%A4&"));
    assert_int_equal(params.count, 6);
    assert_string_equal(params_get(&params, "a"), "1");
    assert_string_equal(params_get(&params, "b"), "x y!");
    assert_string_equal(params_get(&params, "c"), "");
    assert_string_equal(params_get(&params, "d"), "");
    assert_string_equal(params_get(&params, "e"), "f=g");
    assert_string_equal(params_get(&params, "ab"), "\xc3\xa4");
    assert_null(params_get(&params, "A"));
    params_free(&params);
    assert_true(parse(&params, ""));
    assert_int_equal(params.count, 0);
    params_free(&params);
}

static void the_last_of_equal_parameters_counts(void **state)
{
    struct params params;

    (void)state;
    assert_true(parse(&params, "a=1&b=2&a=3"));
    assert_int_equal(params.count, 2);
    assert_string_equal(params.items[0].name, "a");
    assert_string_equal(params_get(&params, "a"), "3");
    params_free(&params);
}

static void bad_parameters_are_refused(void **state)
{
    static const char *const cases[] = {"a=%",    "a=%0",    "a=%zz", "a=%00",
                                        "%00=a",  "a=%ff",   "%ff=a", "=a",
                                        "a=1&=2", "a=%c0%80"};
    struct params params;
    char text[200 + PARAM_NAME_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        if (parse(&params, cases[i]))
            fail_msg("%s", cases[i]);
        assert_null(params.text);
    }
    memset(text, 'n', PARAM_NAME_MAX + 1);
    text[PARAM_NAME_MAX + 1] = '\0';
    assert_false(parse(&params, text));
    text[PARAM_NAME_MAX] = '\0';
    assert_true(parse(&params, text));
    params_free(&params);
}

static void parameters_are_bounded(void **state)
{
    struct params params;
    char text[16 * (PARAMS_MAX + 2)] = "";
    char *long_value = mem_alloc(PARAM_VALUE_MAX + 8);
    size_t len = 0;

    (void)state;
    for (int i = 0; i < PARAMS_MAX; i++)
        len += (size_t)sprintf(text + len, "p%d=&", i);
    assert_true(parse(&params, text));
    assert_int_equal(params.count, PARAMS_MAX);
    params_free(&params);
    sprintf(text + len, "one=more");
    assert_false(parse(&params, text));
    memcpy(long_value, "a=", 2);
    memset(long_value + 2, 'v', PARAM_VALUE_MAX + 1);
    assert_true(params_parse(&params, long_value, PARAM_VALUE_MAX + 2));
    params_free(&params);
    assert_false(params_parse(&params, long_value, PARAM_VALUE_MAX + 3));
    free(long_value);
}

static void cookies(void **state)
{
    struct params params = {0};

    (void)state;
    params_parse_cookies(&params, " a=1;b=2; c = 3 ;; =x; junk; a=9;d=\xff;e=");
    assert_string_equal(params_get(&params, "a"), "1");
    assert_string_equal(params_get(&params, "b"), "2");
    assert_string_equal(params_get(&params, "e"), "");
    assert_null(params_get(&params, "junk"));
    assert_null(params_get(&params, "d"));
    params_free(&params);
}

/* A request with these headers (after Host) from this peer. */
static int ask(struct request *request, const char *line, const char *headers,
               const char *body, const char *peer,
               const struct networks *trusted)
{
    static const struct head_limits limits = {4096, 1024, 4096};
    struct request_origin origin = {.trusted = trusted, .prefix = "/k"};
    struct head head;
    struct head_scan scan = {0};
    char text[4096];
    size_t len = 0;

    snprintf(text, sizeof(text), "%s HTTP/1.1\r\nHost: a\r\n%s\r\n", line,
             headers);
    assert_int_equal(head_scan(&scan, text, strlen(text), &limits, &len), 200);
    assert_int_equal(head_parse(&head, text, len, &limits), 200);
    assert_true(addr_parse(peer, &origin.peer));
    return request_read(request, &head, body != NULL ? mem_strdup(body) : NULL,
                        body != NULL ? strlen(body) : 0, &origin);
}

static void a_request_is_read(void **state)
{
    struct request request;

    (void)state;
    assert_int_equal(
        ask(&request, "POST /k/a%62?x=1&y=2",
            "Cookie: session=abc\r\n"
            "Content-Type: Application/X-WWW-form-urlencoded; charset=x\r\n",
            "x=3&z=4", "192.0.2.1", NULL),
        200);
    assert_string_equal(request.path, "/ab");
    assert_string_equal(request.query_text, "x=1&y=2");
    assert_string_equal(params_get(&request.query, "x"), "1");
    assert_string_equal(params_get(&request.form, "x"), "3");
    assert_string_equal(params_get(&request.cookies, "session"), "abc");
    assert_int_equal(request.role, ROLE_NONE);
    assert_false(request.is_local);
    request_free(&request);
}

static void bad_requests_are_refused(void **state)
{
    static const char *const lines[] = {"GET /..", "GET /?a=%",
                                        "GET /?=", "GET /a%00"};
    struct request request;

    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
        assert_int_equal(ask(&request, lines[i], "", NULL, "::1", NULL), 400);
        request_free(&request);
    }
    assert_int_equal(ask(&request, "POST /",
                         "Content-Type: application/x-www-form-urlencoded\r\n",
                         "a=%ff", "::1", NULL),
                     400);
    request_free(&request);
    /* A body of another type is not looked at. */
    assert_int_equal(ask(&request, "POST /", "Content-Type: text/plain\r\n",
                         "a=%ff", "::1", NULL),
                     200);
    assert_int_equal(request.form.count, 0);
    assert_string_equal(request.body, "a=%ff");
    request_free(&request);
}

struct peer_case {
    const char *peer;
    const char *headers;
    const char *found;
    bool is_local;
    bool is_secure;
};

static void only_trusted_proxies_are_believed(void **state)
{
    static const struct peer_case cases[] = {
        {"192.0.2.1", "X-Forwarded-For: 1.2.3.4\r\n", "192.0.2.1", false,
         false},
        {"192.0.2.1", "X-Forwarded-For: 127.0.0.1\r\n", "192.0.2.1", false,
         false},
        {"192.0.2.1", "X-Forwarded-Proto: https\r\n", "192.0.2.1", false,
         false},
        {"10.0.0.1", "X-Forwarded-For: 1.2.3.4\r\n", "1.2.3.4", false, false},
        {"10.0.0.1", "X-Forwarded-For: 6.6.6.6, 1.2.3.4\r\n", "1.2.3.4", false,
         false},
        {"10.0.0.1", "X-Forwarded-For: 6.6.6.6,1.2.3.4 , 10.0.0.2\r\n",
         "1.2.3.4", false, false},
        {"10.0.0.1", "X-Forwarded-For: 10.0.0.3, 10.0.0.2\r\n", "10.0.0.3",
         false, false},
        {"10.0.0.1", "X-Forwarded-For: 1.2.3.4, junk\r\n", "10.0.0.1", false,
         false},
        {"10.0.0.1", "X-Forwarded-For:\r\n", "10.0.0.1", false, false},
        {"10.0.0.1", "", "10.0.0.1", false, false},
        {"10.0.0.1",
         "X-Forwarded-For: 2001:db8::1\r\nX-Forwarded-Proto: HTTPS\r\n",
         "2001:db8::1", false, true},
        {"10.0.0.1", "X-Forwarded-For: 127.0.0.1\r\n", "127.0.0.1", true,
         false},
        {"127.0.0.1", "", "127.0.0.1", true, false},
        {"::1", "", "::1", true, false},
        /* A proxy here that was not named. */
        {"127.0.0.1", "X-Forwarded-For: 1.2.3.4\r\n", "127.0.0.1", false,
         false},
        {"::1", "Forwarded: for=1.2.3.4\r\n", "::1", false, false},
        {"::1", "X-Real-IP: 1.2.3.4\r\n", "::1", false, false},
    };
    struct networks *trusted = network_new();
    char why[128];

    (void)state;
    assert_true(network_parse(trusted, "10.0.0.0/24", why, sizeof(why)));
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct request request;
        char text[ADDR_TEXT_SIZE];

        assert_int_equal(ask(&request, "GET /", cases[i].headers, NULL,
                             cases[i].peer, trusted),
                         200);
        assert_string_equal(addr_format(&request.peer, text), cases[i].found);
        assert_int_equal(request.is_local, cases[i].is_local);
        assert_int_equal(request.is_secure, cases[i].is_secure);
        request_free(&request);
    }
    network_free(trusted);
}

struct basic_case {
    const char *value;
    const char *user; /* NULL: refused */
    const char *password;
};

static void basic_credentials(void **state)
{
    static const struct basic_case cases[] = {
        {"Basic dXNlcjpwYXNz", "user", "pass"},
        {"basic  dXNlcjpwYXNz", "user", "pass"},
        {"Basic dXNlcjo=", "user", ""},
        {"Basic dTpwOnE=", "u", "p:q"},
        {"Basic dTpw", "u", "p"},
        {"Bearer dXNlcjpwYXNz", NULL, NULL},
        {"Basic", NULL, NULL},
        {"Basic ", NULL, NULL},
        {"Basic dXNlcg==", NULL, NULL},     /* no colon */
        {"Basic OnBhc3M=", NULL, NULL},     /* no user */
        {"Basic dXNl!jpwYXNz", NULL, NULL}, /* no base64 */
        {"Basic dXNlcjpw YXNz", NULL, NULL},
        {"Basic dTpwAHE=", NULL, NULL}, /* NUL */
        {"Basic dXNlcjpwYXNz====", NULL, NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct request request;
        char header[128];
        char user[REQUEST_USER_MAX + 1];
        char password[REQUEST_PASSWORD_MAX + 1];
        bool is_good;

        snprintf(header, sizeof(header), "Authorization: %s\r\n",
                 cases[i].value);
        ask(&request, "GET /", header, NULL, "::1", NULL);
        is_good = request_basic(&request, user, password);
        if (is_good != (cases[i].user != NULL))
            fail_msg("%s", cases[i].value);
        if (is_good) {
            assert_string_equal(user, cases[i].user);
            assert_string_equal(password, cases[i].password);
        }
        request_free(&request);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_have_one_spelling),
        cmocka_unit_test(long_paths_are_refused),
        cmocka_unit_test(a_prefix_goes),
        cmocka_unit_test(parameters),
        cmocka_unit_test(the_last_of_equal_parameters_counts),
        cmocka_unit_test(bad_parameters_are_refused),
        cmocka_unit_test(parameters_are_bounded),
        cmocka_unit_test(cookies),
        cmocka_unit_test(a_request_is_read),
        cmocka_unit_test(bad_requests_are_refused),
        cmocka_unit_test(only_trusted_proxies_are_believed),
        cmocka_unit_test(basic_credentials),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
