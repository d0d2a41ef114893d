/* test_strbuf: strings that grow to a limit. SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/util/strbuf.h"

static void empty_is_a_string(void **state)
{
    struct strbuf buf;

    (void)state;
    strbuf_init(&buf, 10);
    assert_string_equal(buf.text, "");
    assert_int_equal(buf.size, 0);
    strbuf_puts(&buf, "");
    assert_int_equal(buf.size, 0);
    strbuf_reset(&buf);
    strbuf_free(&buf);
    strbuf_free(&buf);
    assert_string_equal(buf.text, "");
}

static void grows_without_loss(void **state)
{
    struct strbuf buf;
    int i;

    (void)state;
    strbuf_init(&buf, 1u << 20);
    for (i = 0; i < 10000; i++) {
        strbuf_add(&buf, "ab\0d", 4);
        strbuf_printf(&buf, "%04d", i);
    }
    assert_int_equal(buf.len, 80000);
    assert_int_equal(buf.truncated, 0);
    assert_memory_equal(buf.text + 79992, "ab\0d9999", 9);
    strbuf_free(&buf);
}

static void add_puts(struct strbuf *buf, const char *text)
{
    strbuf_puts(buf, text);
}

static void add_printf(struct strbuf *buf, const char *text)
{
    strbuf_printf(buf, "%s", text);
}

static void stops_at_its_limit(void **state)
{
    static const struct {
        size_t limit;
        const char *first;
        const char *second;
        const char *expected;
        int truncated;
    } cases[] = {
        {4, "ab", "cd", "abcd", 0},  {4, "", "", "", 0},
        {4, "abcd", "", "abcd", 0},  {64, "abc", "def", "abcdef", 0},
        {4, "ab", "cde", "abcd", 1}, {4, "abcde", "", "abcd", 1},
        {4, "abcd", "e", "abcd", 1}, {0, "a", "b", "", 1},
        {1, "", "abcdefgh", "a", 1},
    };
    void (*const adders[])(struct strbuf *, const char *) = {add_puts,
                                                             add_printf};
    size_t i;

    (void)state;
    for (i = 0; i < 2 * sizeof(cases) / sizeof(cases[0]); i++) {
        struct strbuf buf;

        strbuf_init(&buf, cases[i / 2].limit);
        adders[i % 2](&buf, cases[i / 2].first);
        adders[i % 2](&buf, cases[i / 2].second);
        assert_string_equal(buf.text, cases[i / 2].expected);
        assert_int_equal(buf.len, strlen(cases[i / 2].expected));
        assert_int_equal(buf.truncated, cases[i / 2].truncated);
        strbuf_reset(&buf);
        assert_string_equal(buf.text, "");
        assert_int_equal(buf.truncated, 0);
        strbuf_free(&buf);
    }
}

/* Sizes around the doublings and the limit: the NUL always has a byte. */
static void every_size_fits(void **state)
{
    char text[300];
    size_t len;

    (void)state;
    memset(text, 'x', sizeof(text));
    for (len = 0; len < sizeof(text); len++) {
        struct strbuf buf;

        strbuf_init(&buf, 257);
        strbuf_add(&buf, text, len);
        assert_int_equal(buf.len, len < 257 ? len : 257);
        assert_int_equal(strlen(buf.text), buf.len);
        assert_int_equal(buf.truncated, len > 257);
        strbuf_free(&buf);
    }
}

static void taken_text_is_the_callers(void **state)
{
    struct strbuf buf;
    char *text;

    (void)state;
    strbuf_init(&buf, 10);
    strbuf_puts(&buf, "mine");
    text = strbuf_take(&buf);
    assert_string_equal(text, "mine");
    assert_string_equal(buf.text, "");
    free(text);
    text = strbuf_take(&buf);
    assert_string_equal(text, "");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(empty_is_a_string),
        cmocka_unit_test(grows_without_loss),
        cmocka_unit_test(stops_at_its_limit),
        cmocka_unit_test(every_size_fits),
        cmocka_unit_test(taken_text_is_the_callers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
