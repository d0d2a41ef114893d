/* test_answer: ranges, tags, escapes, gzip. SPDX-License-Identifier: MIT */
#include "http/answer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include <cmocka.h>

#include "http/asset.h"
#include "http/gzip.h"
#include "http/listen.h"
#include "http/metrics.h"

struct range_case {
    const char *text;
    uint64_t size;
    enum answer_range kind;
    uint64_t first, last;
};

static void ranges(void **state)
{
    static const struct range_case cases[] = {
        {"bytes=0-0", 10, RANGE_PART, 0, 0},
        {"bytes=2-5", 10, RANGE_PART, 2, 5},
        {"Bytes=2-", 10, RANGE_PART, 2, 9},
        {"bytes=-3", 10, RANGE_PART, 7, 9},
        {"bytes=-30", 10, RANGE_PART, 0, 9},
        {"bytes=5-99", 10, RANGE_PART, 5, 9},
        {"bytes=9-999999999999999999", 10, RANGE_PART, 9, 9},
        {"bytes=10-", 10, RANGE_NONE, 0, 0},
        {"bytes=10-20", 10, RANGE_NONE, 0, 0},
        {"bytes=-0", 10, RANGE_NONE, 0, 0},
        {"bytes=0-", 0, RANGE_NONE, 0, 0},
        {"bytes=-1", 0, RANGE_NONE, 0, 0},
        {NULL, 10, RANGE_ALL, 0, 0},
        {"", 10, RANGE_ALL, 0, 0},
        {"bytes", 10, RANGE_ALL, 0, 0},
        {"bytes=", 10, RANGE_ALL, 0, 0},
        {"bytes=-", 10, RANGE_ALL, 0, 0},
        {"bytes=a-b", 10, RANGE_ALL, 0, 0},
        {"bytes=5-2", 10, RANGE_ALL, 0, 0},
        {"bytes=1-2,4-5", 10, RANGE_ALL, 0, 0},
        {"bytes=1-2x", 10, RANGE_ALL, 0, 0},
        {"bytes= 1-2", 10, RANGE_ALL, 0, 0},
        {"bytes=+1-2", 10, RANGE_ALL, 0, 0},
        {"bytes=--2", 10, RANGE_ALL, 0, 0},
        {"bytes=99999999999999999999-", 10, RANGE_ALL, 0, 0},
        {"lines=1-2", 10, RANGE_ALL, 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        const struct range_case *at = &cases[i];
        uint64_t first = 0, last = 0;
        enum answer_range kind =
            answer_parse_range(at->text, at->size, &first, &last);

        if (kind != at->kind)
            fail_msg("%s: %d", at->text, kind);
        if (kind == RANGE_PART) {
            assert_int_equal(first, at->first);
            assert_int_equal(last, at->last);
        }
    }
}

static void tags(void **state)
{
    static const struct {
        const char *list;
        bool matches;
    } cases[] = {
        {"\"a-1\"", true},
        {"W/\"a-1\"", true},
        {"\"x\", \"a-1\"", true},
        {"\"x\",W/\"a-1\"", true},
        {"*", true},
        {NULL, false},
        {"", false},
        {"a-1", false},
        {"\"a-1", false},
        {"\"a-\"", false},
        {"\"a-12\"", false},
        {"\"A-1\"", false},
        {"\"x\" \"y\"", false},
        {"\"", false},
        {"W/", false},
        {",,,", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        if (answer_tag_matches(cases[i].list, "\"a-1\"") != cases[i].matches)
            fail_msg("%s", cases[i].list);
}

static void text_is_escaped(void **state)
{
    static const char text[] = "<a href=\"x\" o='y'>&\x01\xff\xc3\xa4\0z";
    struct strbuf out;

    (void)state;
    strbuf_init(&out, 1000);
    answer_escape(&out, text, sizeof(text) - 1);
    assert_string_equal(out.text, "&lt;a href=&quot;x&quot; o=&#39;y&#39;&gt;"
                                  "&amp;??\xc3\xa4?z");
    strbuf_reset(&out);
    metrics_label(&out, "a\"b\\c\nd\x01\xff\xc3\xa4");
    assert_string_equal(out.text, "\"a\\\"b\\\\c\\nd??\xc3\xa4\"");
    strbuf_free(&out);
}

static void a_refusal_is_whole(void **state)
{
    struct strbuf out;
    const char *body;

    (void)state;
    strbuf_init(&out, 4096);
    answer_refusal(&out, 431);
    assert_int_equal(strncmp(out.text, "HTTP/1.1 431 Request Header", 27), 0);
    assert_non_null(strstr(out.text, "\r\nConnection: close\r\n"));
    assert_non_null(strstr(out.text, "\r\nX-Content-Type-Options: nosniff"));
    body = strstr(out.text, "\r\n\r\n") + 4;
    assert_int_equal(strlen(body),
                     atoi(strstr(out.text, "Content-Length: ") + 16));
    strbuf_free(&out);
}

static void gzip_comes_back(void **state)
{
    char text[20000], back[20000];
    z_stream stream = {0};
    size_t len;
    char *small;

    (void)state;
    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = (char)('a' + i % 7 * (i / 1000));
    small = gzip_bytes(text, sizeof(text), &len);
    assert_non_null(small);
    assert_true(len < sizeof(text) / 2);
    stream.next_in = (Bytef *)small;
    stream.avail_in = (uInt)len;
    stream.next_out = (Bytef *)back;
    stream.avail_out = sizeof(back);
    inflateInit2(&stream, MAX_WBITS + 16);
    assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
    assert_int_equal(stream.total_out, sizeof(text));
    assert_memory_equal(back, text, sizeof(text));
    inflateEnd(&stream);
    free(small);
    /* What does not get smaller. */
    assert_null(gzip_bytes("a", 1, &len));
}

static void who_takes_gzip(void **state)
{
    static const struct {
        const char *text;
        bool takes;
    } cases[] = {
        {"gzip", true},       {"deflate, gzip", true},
        {"GZIP;q=0.5", true}, {"br;q=1.0,\tgzip;q=0.8", true},
        {"gzip;q=1", true},   {NULL, false},
        {"", false},          {"deflate", false},
        {"gzip;q=0", false},  {"gzip; q=0.000", false},
        {"xgzip", false},     {"gzipx", false},
        {"x-gzip", false},    {",,", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        if (gzip_is_accepted(cases[i].text) != cases[i].takes)
            fail_msg("%s", cases[i].text);
}

static void names_of_files(void **state)
{
    (void)state;
    assert_string_equal(asset_type("/a/b.css"), "text/css; charset=utf-8");
    assert_string_equal(asset_type("/a.b/c"), "application/octet-stream");
    assert_string_equal(asset_type("/x"), "application/octet-stream");
    assert_string_equal(asset_type("/x.JS"), "application/octet-stream");
    assert_true(asset_is_hashed("/js/app.3f9a0c12.js"));
    assert_true(asset_is_hashed("/js/app-3f9a0c12ee.js"));
    assert_false(asset_is_hashed("/js/app.js"));
    assert_false(asset_is_hashed("/js/app.3f9a0c1.js"));
    assert_false(asset_is_hashed("/js/x-facedefaced.js"));
    assert_false(asset_is_hashed("/js-3f9a0c12.d/app.js"));
    assert_false(asset_is_hashed("/js/app.3f9a0c12"));
}

struct place_case {
    const char *text;
    int count; /* -1: refused */
};

static void places_to_listen(void **state)
{
    static const struct place_case cases[] = {
        {"3000", 1},
        {"0", 0},
        {":3000", 2},
        {"127.0.0.1:3000", 1},
        {"[::1]:3000", 1},
        {"3000,:3001", 3},
        {"0,3000", 1},
        {"65535", 1},
        {"", -1},
        {"x", -1},
        {"-1", -1},
        {"65536", -1},
        {"3000 ", -1},
        {":", -1},
        {":0", -1},
        {"::1:3000", -1},
        {"[::1]", -1},
        {"[::1:3000", -1},
        {"[127.0.0.1]:3000", -1},
        {"localhost:3000", -1},
        {"1.2.3:3000", -1},
        {"1.2.3.4:", -1},
        {"3000,", -1},
        {",3000", -1},
        {"3000,,3001", -1},
        {"0x10", -1},
        {"030001", -1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct listen_place places[LISTEN_MAX];
        struct strbuf error;
        int count;

        strbuf_init(&error, 512);
        count = listen_parse(cases[i].text, places, &error);
        if (count != cases[i].count)
            fail_msg("'%s': %d", cases[i].text, count);
        assert_true((count < 0) == (error.len > 0));
        strbuf_free(&error);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranges),          cmocka_unit_test(tags),
        cmocka_unit_test(text_is_escaped), cmocka_unit_test(a_refusal_is_whole),
        cmocka_unit_test(gzip_comes_back), cmocka_unit_test(who_takes_gzip),
        cmocka_unit_test(names_of_files),  cmocka_unit_test(places_to_listen),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
