/* test_store_reply: bytes to replies, and limits. SPDX-License-Identifier: MIT
 */
#include "core/run/store_reply.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/util/strbuf.h"

#define LIMIT 4096

/* A reply as text: (word word) for arrays, nil, "text", +status, -error. */
static void describe(const struct store_reply *reply, struct strbuf *out)
{
    switch (store_reply_type(reply)) {
    case STORE_NIL:
        strbuf_puts(out, "nil");
        break;
    case STORE_TEXT:
        strbuf_printf(out, "\"%s\"", store_reply_text(reply, NULL));
        break;
    case STORE_STATUS:
        strbuf_printf(out, "+%s", store_reply_text(reply, NULL));
        break;
    case STORE_ERROR:
        strbuf_printf(out, "-%.8s", store_reply_text(reply, NULL));
        break;
    case STORE_NUMBER:
        strbuf_printf(out, "%lld", (long long)store_reply_number(reply));
        break;
    case STORE_ARRAY:
        strbuf_puts(out, "(");
        for (size_t i = 0; i < store_reply_count(reply); i++) {
            strbuf_puts(out, i > 0 ? " " : "");
            describe(store_reply_at(reply, i), out);
        }
        strbuf_puts(out, ")");
        break;
    }
}

static bool take(void *arg, const struct store_reply *reply)
{
    describe(reply, arg);
    strbuf_puts(arg, ";");
    return true;
}

static const struct {
    const char *bytes;
    const char *expected;
} rows[] = {
    {"+OK\r\n", "+OK;"},
    {"-ERR no\r\n:-7\r\n", "-ERR no;-7;"},
    {"$-1\r\n*-1\r\n*0\r\n$0\r\n\r\n", "nil;nil;();\"\";"},
    {"*3\r\n$1\r\na\r\n:1\r\n*2\r\n$-1\r\n+x\r\n", "(\"a\" 1 (nil +x));"},
    {"*2\r\n$-1\r\n-WRONGTYPE x\r\n+b\r\n", "(nil -WRONGTYP);+b;"},
};

/* In pieces of every size, as a network may cut them. */
static void replies_are_read_whatever_the_pieces(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        size_t len = strlen(rows[i].bytes);

        for (size_t piece = 1; piece <= len; piece++) {
            struct store_reader *reader = store_reader_new(LIMIT);
            struct strbuf out;

            strbuf_init(&out, 65536);
            for (size_t at = 0; at < len; at += piece)
                assert_true(store_reader_feed(
                    reader, rows[i].bytes + at,
                    at + piece < len ? piece : len - at, take, &out));
            assert_string_equal(out.text, rows[i].expected);
            strbuf_free(&out);
            store_reader_free(reader);
        }
    }
}

static void bytes_may_be_any(void **state)
{
    struct store_reader *reader = store_reader_new(LIMIT);
    struct strbuf out;

    (void)state;
    strbuf_init(&out, 100);
    assert_true(
        store_reader_feed(reader, "$5\r\na\0b\r\n\r\n", 11, take, &out));
    assert_string_equal(out.text, "\"a\";");
    strbuf_free(&out);
    store_reader_free(reader);
}

/* `head`, `count` times `each`, then a reply that must come out as it is. */
static void check_too_large(const char *head, const char *each, size_t count,
                            size_t piece)
{
    struct store_reader *reader = store_reader_new(LIMIT);
    struct strbuf bytes;
    struct strbuf out;

    strbuf_init(&bytes, 16 << 20);
    strbuf_init(&out, 65536);
    strbuf_puts(&bytes, head);
    for (size_t i = 0; i < count; i++)
        strbuf_puts(&bytes, each);
    strbuf_puts(&bytes, head[0] == '*' ? "+next\r\n" : "\r\n+next\r\n");
    for (size_t at = 0; at < bytes.len; at += piece)
        assert_true(store_reader_feed(
            reader, bytes.text + at,
            at + piece < bytes.len ? piece : bytes.len - at, take, &out));
    assert_string_equal(out.text, "-TOOLARGE;+next;");
    strbuf_free(&bytes);
    strbuf_free(&out);
    store_reader_free(reader);
}

static void large_replies_become_errors_and_reading_goes_on(void **state)
{
    static const size_t pieces[] = {1, 2, 7, 999, 1000, 4096, 16384};

    (void)state;
    for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
        check_too_large("$9000\r\n", "123456789", 1000, pieces[i]);
        check_too_large("*1000\r\n", "$3\r\nabc\r\n", 1000, pieces[i]);
        check_too_large("*2\r\n:1\r\n*500\r\n", ":1\r\n", 500, pieces[i]);
    }
}

static void nested_large_strings_spoil_their_reply_only(void **state)
{
    struct store_reader *reader = store_reader_new(LIMIT);
    struct strbuf out;
    char block[1000];

    (void)state;
    memset(block, 'x', sizeof(block));
    strbuf_init(&out, 65536);
    assert_true(
        store_reader_feed(reader, "*3\r\n:1\r\n$100000\r\n", 17, take, &out));
    for (int i = 0; i < 100; i++)
        assert_true(store_reader_feed(reader, block, 1000, take, &out));
    assert_true(
        store_reader_feed(reader, "\r\n$1\r\nz\r\n+ok\r\n", 14, take, &out));
    assert_string_equal(out.text, "-TOOLARGE;+ok;");
    strbuf_free(&out);
    store_reader_free(reader);
}

static void garbage_is_told_apart(void **state)
{
    static const char *const garbage[] = {
        "HTTP/1.1 400 Bad Request\r\n",
        "\r\n",
        ":12x\r\n",
        "*2147483648\r\n",
        "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n+x\r\n",
        "$-2\r\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(garbage) / sizeof(garbage[0]); i++) {
        struct store_reader *reader = store_reader_new(LIMIT);
        struct strbuf out;

        strbuf_init(&out, 65536);
        if (store_reader_feed(reader, garbage[i], strlen(garbage[i]), take,
                              &out))
            fail_msg("%s passes as %s", garbage[i], out.text);
        assert_true(store_reader_problem(reader)[0] != '\0');
        strbuf_free(&out);
        store_reader_free(reader);
    }
}

static void lines_without_end_are_garbage(void **state)
{
    static const char *const heads[] = {"+", "-", ":", "$", "*"};
    char block[4096];

    (void)state;
    memset(block, '1', sizeof(block));
    for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
        struct store_reader *reader = store_reader_new(LIMIT);
        struct strbuf out;
        int fed = 0;

        strbuf_init(&out, 65536);
        assert_true(store_reader_feed(reader, heads[i], 1, take, &out));
        while (store_reader_feed(reader, block, sizeof(block), take, &out))
            assert_true(++fed < 100);
        strbuf_free(&out);
        store_reader_free(reader);
    }
}

static bool take_one(void *arg, const struct store_reply *reply)
{
    (void)reply;
    ++*(int *)arg;
    return false;
}

static void taking_may_end(void **state)
{
    struct store_reader *reader = store_reader_new(LIMIT);
    int taken = 0;

    (void)state;
    assert_true(store_reader_feed(reader, "+a\r\n+b\r\n", 8, take_one, &taken));
    assert_int_equal(taken, 1);
    store_reader_free(reader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replies_are_read_whatever_the_pieces),
        cmocka_unit_test(bytes_may_be_any),
        cmocka_unit_test(large_replies_become_errors_and_reading_goes_on),
        cmocka_unit_test(nested_large_strings_spoil_their_reply_only),
        cmocka_unit_test(garbage_is_told_apart),
        cmocka_unit_test(lines_without_end_are_garbage),
        cmocka_unit_test(taking_may_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
