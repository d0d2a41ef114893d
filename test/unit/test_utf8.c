/* test_utf8: what counts as text. SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/util/utf8.h"

struct text {
    const char *from;
    size_t len;
    const char *expected;
};

#define TEXT(from, expected)             \
    {                                    \
        from, sizeof(from) - 1, expected \
    }

/* RFC 3629: the first and last code points of each length pass. */
static const struct text good[] = {
    TEXT("", ""),
    TEXT("plain ~", "plain ~"),
    TEXT("\xc2\xa0", "\xc2\xa0"),
    TEXT("\xdf\xbf", "\xdf\xbf"),
    TEXT("\xe0\xa0\x80", "\xe0\xa0\x80"),
    TEXT("\xed\x9f\xbf", "\xed\x9f\xbf"),
    TEXT("\xee\x80\x80", "\xee\x80\x80"),
    TEXT("\xef\xbf\xbf", "\xef\xbf\xbf"),
    TEXT("\xf0\x90\x80\x80", "\xf0\x90\x80\x80"),
    TEXT("\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf"),
    TEXT("gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f"),
};

static const struct text bad[] = {
    TEXT("a\0b", "a?b"),
    TEXT("\x1b[31m", "?[31m"),
    TEXT("a\r\nb\t", "a??b?"),
    TEXT("\x7f", "?"),
    TEXT("\xc2\x80", "?"), /* C1 */
    TEXT("\xc2\x9b"
         "31m",
         "?31m"),                      /* CSI in one character */
    TEXT("\xc2\x9f", "?"),             /* last of C1 */
    TEXT("\x80", "?"),                 /* tail alone */
    TEXT("\xc3", "?"),                 /* cut off */
    TEXT("\xe2\x82", "??"),            /* cut off */
    TEXT("\xf0\x9f\x98", "???"),       /* cut off */
    TEXT("\xc3(", "?("),               /* no tail */
    TEXT("\xe2\x82(", "?\?("),         /* no second tail */
    TEXT("\xc0\xaf", "??"),            /* overlong '/' */
    TEXT("\xc1\xbf", "??"),            /* overlong */
    TEXT("\xe0\x9f\xbf", "???"),       /* overlong */
    TEXT("\xf0\x8f\xbf\xbf", "????"),  /* overlong */
    TEXT("\xed\xa0\x80", "???"),       /* surrogate */
    TEXT("\xed\xbf\xbf", "???"),       /* surrogate */
    TEXT("\xf4\x90\x80\x80", "????"),  /* past U+10FFFF */
    TEXT("\xf5\x80\x80\x80", "????"),  /* never a first byte */
    TEXT("\xff\xfe", "??"),            /* never in UTF-8 */
    TEXT("\xc3\xc3\xbc", "?\xc3\xbc"), /* picks up at once */
};

static void check(const struct text *cases, size_t count)
{
    size_t i;

    for (i = 0; i < count; i++) {
        char to[64];
        size_t len = utf8_clean(to, sizeof(to), cases[i].from, cases[i].len);

        assert_string_equal(to, cases[i].expected);
        assert_int_equal(len, strlen(cases[i].expected));
    }
}

static void good_text_stays(void **state)
{
    (void)state;
    check(good, sizeof(good) / sizeof(good[0]));
}

static void bad_bytes_are_marked(void **state)
{
    (void)state;
    check(bad, sizeof(bad) / sizeof(bad[0]));
}

/* Text is looked at in eights where it is plain: each byte in each place. */
static void long_text_is_cleaned_alike(void **state)
{
    (void)state;
    for (unsigned byte = 0; byte < 256; byte++)
        for (size_t place = 0; place < 19; place++) {
            char from[] = "plain text of eights";
            char to[sizeof(from)];
            bool is_plain = byte >= 0x20 && byte < 0x7f;

            from[place] = (char)byte;
            assert_int_equal(utf8_clean(to, sizeof(to), from, sizeof(from) - 1),
                             sizeof(from) - 1);
            from[place] = is_plain ? (char)byte : '?';
            assert_string_equal(to, from);
        }
}

static void characters_are_not_cut(void **state)
{
    static const struct {
        size_t size;
        const char *expected;
    } cases[] = {
        {9, "a\xe2\x82\xac\xf0\x9f\x98\x80"},
        {8, "a\xe2\x82\xac"},
        {5, "a\xe2\x82\xac"},
        {4, "a"},
        {3, "a"},
        {2, "a"},
        {1, ""},
    };
    static const char from[] = "a\xe2\x82\xac\xf0\x9f\x98\x80";
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char to[16];

        memset(to, 'x', sizeof(to));
        utf8_clean(to, cases[i].size, from, sizeof(from) - 1);
        assert_string_equal(to, cases[i].expected);
        assert_int_equal(to[cases[i].size], 'x');
    }
}

static void no_room_is_not_touched(void **state)
{
    char to[1] = {'x'};

    (void)state;
    assert_int_equal(utf8_clean(to, 0, "abc", 3), 0);
    assert_int_equal(to[0], 'x');
    assert_int_equal(utf8_clean(to, 1, NULL, 0), 0);
    assert_int_equal(to[0], '\0');
}

/* Every pair of first bytes: what is taken as a sequence has its length in
 * its first byte and nothing is read beyond the end. */
static void sequences_of_two_bytes(void **state)
{
    unsigned pair;

    (void)state;
    for (pair = 0; pair < 65536; pair++) {
        const unsigned char bytes[2] = {(unsigned char)(pair >> 8),
                                        (unsigned char)pair};
        size_t expected = 0;

        if (bytes[0] < 0x80)
            expected = 1;
        else if (bytes[0] >= 0xc2 && bytes[0] < 0xe0 &&
                 (bytes[1] & 0xc0) == 0x80)
            expected = 2;
        assert_int_equal(utf8_sequence(bytes, 2), expected);
        assert_int_equal(utf8_sequence(bytes, 1), expected == 1);
        assert_int_equal(utf8_sequence(bytes, 0), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_text_stays),
        cmocka_unit_test(bad_bytes_are_marked),
        cmocka_unit_test(long_text_is_cleaned_alike),
        cmocka_unit_test(characters_are_not_cut),
        cmocka_unit_test(no_room_is_not_touched),
        cmocka_unit_test(sequences_of_two_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
