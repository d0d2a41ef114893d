/* test_page: what pages are called, and the headers that they print.
 * SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "http/page_head.h"
#include "http/page_path.h"

static void a_path_means_one_script(void **state)
{
    static const struct {
        const char *path;
        const char *script; /* NULL: none */
        const char *index;
    } cases[] = {
        {"/", "index.lua", ""},
        {"/lua/x.lua", "x.lua", ""},
        {"/lua/admin/users.lua", "admin/users.lua", ""},
        {"/lua/a/b/c-d_e.f.lua", "a/b/c-d_e.f.lua", ""},
        {"/lua/modules/grafana", "modules/grafana/index.lua",
         "modules/grafana/index.lua"},
        {"/lua/modules/grafana/", "modules/grafana/index.lua",
         "modules/grafana/index.lua"},
        {"/lua/modules/grafana/search/", "modules/grafana/search.lua",
         "modules/grafana/index.lua"},
        {"/lua/modules/grafana/tag-keys", "modules/grafana/tag-keys.lua",
         "modules/grafana/index.lua"},
        {"/lua/modules/grafana/query.lua", "modules/grafana/query.lua",
         "modules/grafana/index.lua"},
        /* No pages. */
        {"", NULL, ""},
        {"x", NULL, ""},
        {"/x", NULL, ""},
        {"/lua", NULL, ""},
        {"/lua/", NULL, ""},
        {"/lua/x", NULL, ""},
        {"/lua/.lua", NULL, ""},
        {"/lua/a/.lua", NULL, ""},
        {"/lua/a/", NULL, ""},
        {"/lua/x.lua/", NULL, ""},
        {"/lua/x.LUA", NULL, ""},
        {"/LUA/x.lua", NULL, ""},
        {"/lua/x.luac", NULL, ""},
        {"/lua/x.lua.bak", NULL, ""},
        {"/luax.lua", NULL, ""},
        {"/lua/modules", NULL, ""},
        {"/lua/modules/", NULL, ""},
        {"/lua/modules/json.lua", NULL, ""},
        {"/lua/modules/.git", NULL, ""},
        {"/lua/modules/a/b/c", NULL, ""},
        {"/lua/modules/a/b//", NULL, ""},
        {"/lua/modules/a/b/c/", NULL, ""},
        {"/lua/modules/a//", NULL, ""},
        {"/lua/modules/a/.b", NULL, ""},
        {"/lua/modules//x", NULL, ""},
        /* What path.c refuses, once more. */
        {"/lua/../x.lua", NULL, ""},
        {"/lua/a/../x.lua", NULL, ""},
        {"/lua/./x.lua", NULL, ""},
        {"/lua//x.lua", NULL, ""},
        {"/lua/..\\x.lua", NULL, ""},
        {"/lua/%2e%2e/x.lua", NULL, ""},
        {"/lua/a b.lua", NULL, ""},
        {"/lua/a\nb.lua", NULL, ""},
        {"/lua/\xc3\xa4.lua", NULL, ""},
        {"/lua/x.lua;y.lua", NULL, ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char script[PAGE_PATH_MAX];
        char index[PAGE_PATH_MAX];
        bool found = page_path(cases[i].path, script, index);

        if (found != (cases[i].script != NULL))
            fail_msg("%s: found %d", cases[i].path, found);
        if (!found)
            continue;
        assert_string_equal(script, cases[i].script);
        assert_string_equal(index, cases[i].index);
    }
}

static void a_head_is_found(void **state)
{
    static const struct {
        const char *text;
        enum page_head_state found;
        size_t len;
    } cases[] = {
        {"HTTP/1.1 200 OK\r\n\r\nbody", PAGE_HEAD_WHOLE, 19},
        {"HTTP/1.1 200 OK\n\nbody", PAGE_HEAD_WHOLE, 17},
        {"HTTP/1.1 200 OK\r\na: b\n\r\n\r\n", PAGE_HEAD_WHOLE, 24},
        {"", PAGE_HEAD_MORE, 0},
        {"H", PAGE_HEAD_MORE, 0},
        {"HTTP/1.", PAGE_HEAD_MORE, 0},
        {"HTTP/1.1 200 OK\r\n\r", PAGE_HEAD_MORE, 0},
        {"HTTP/2 200\r\n\r\n", PAGE_HEAD_NONE, 0},
        {"http/1.1 200 OK\r\n\r\n", PAGE_HEAD_NONE, 0},
        {"<html>", PAGE_HEAD_NONE, 0},
        {"\r\nHTTP/1.1 200 OK\r\n\r\n", PAGE_HEAD_NONE, 0},
    };
    static char large[PAGE_HEAD_MAX + 1];
    size_t len = 0;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        len = 0;
        assert_int_equal(
            page_head_find(cases[i].text, strlen(cases[i].text), &len),
            cases[i].found);
        assert_int_equal(len, cases[i].len);
    }
    memset(large, 'x', sizeof(large));
    memcpy(large, "HTTP/1.1", 8);
    assert_int_equal(page_head_find(large, PAGE_HEAD_MAX - 1, &len),
                     PAGE_HEAD_MORE);
    assert_int_equal(page_head_find(large, sizeof(large), &len),
                     PAGE_HEAD_LONG);
}

static void a_head_is_read(void **state)
{
    static const char text[] = "HTTP/1.1 404 Whatever\r\n"
                               "Content-Type:  text/css \r\n"
                               "X-One: 1\n"
                               "x_two:\r\n\r\n";
    struct page_head head;

    (void)state;
    assert_true(page_head_parse(&head, text, strlen(text)));
    assert_int_equal(head.status, 404);
    assert_string_equal(head.type, "text/css");
    assert_int_equal(head.field_count, 2);
    assert_string_equal(head.fields[0].name, "X-One");
    assert_string_equal(head.fields[0].value, "1");
    assert_string_equal(head.fields[1].name, "x_two");
    assert_string_equal(head.fields[1].value, "");
    page_head_free(&head);
    assert_true(page_head_parse(&head, "HTTP/1.0 302\n\n", 14));
    assert_int_equal(head.status, 302);
    page_head_free(&head);
}

static void a_malformed_head_is_refused(void **state)
{
    static const char *const cases[] = {
        "HTTP/1.1\r\n\r\n",
        "HTTP/1.1 \r\n\r\n",
        "HTTP/1.1 20 OK\r\n\r\n",
        "HTTP/1.1 2000 OK\r\n\r\n",
        "HTTP/1.1 2x0 OK\r\n\r\n",
        "HTTP/1.1  200 OK\r\n\r\n",
        "HTTP/1. 200 OK\r\n\r\n",
        "HTTP/1.x 200 OK\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\n\r\n",
        "HTTP/1.1 999 Whatever\r\n\r\n",
        "HTTP/1.1 000 No\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        "HTTP/1.1 200 OK\r\n: no name\r\n\r\n",
        "HTTP/1.1 200 OK\r\nbad name: x\r\n\r\n",
        "HTTP/1.1 200 OK\r\nname : x\r\n\r\n",
        "HTTP/1.1 200 OK\r\na: b\r\n folded: x\r\n\r\n",
        "HTTP/1.1 200 OK\r\na: b\rc: d\r\n\r\n",
        "HTTP/1.1 200 OK\r\na: \x01\r\n\r\n",
        "HTTP/1.1 200 OK\r\na: \x7f\r\n\r\n",
        "HTTP/1.1 200 OK\r\na: b\r\n",
        "HTTP/1.1 200 OK",
    };
    static const char zero[] = "HTTP/1.1 200 OK\r\na: b\0c\r\n\r\n";
    char many[4096] = "HTTP/1.1 200 OK\r\n";
    struct page_head head;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        if (page_head_parse(&head, cases[i], strlen(cases[i])))
            fail_msg("taken: %s", cases[i]);
    assert_false(page_head_parse(&head, zero, sizeof(zero) - 1));
    for (unsigned i = 0; i <= PAGE_FIELDS; i++)
        strcat(many, "a: b\r\n");
    strcat(many, "\r\n");
    assert_false(page_head_parse(&head, many, strlen(many)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_path_means_one_script),
        cmocka_unit_test(a_head_is_found),
        cmocka_unit_test(a_head_is_read),
        cmocka_unit_test(a_malformed_head_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
