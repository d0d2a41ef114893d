/* test_blacklist: what a list of networks has. SPDX-License-Identifier: MIT */
#include "core/model/blacklist.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static const struct hash_key secret = {{1, 22, 333, 4444, 55555, 666666, 7}};

static bool has(const struct blacklist *list, const char *text)
{
    struct addr addr;

    assert_true(addr_parse(text, &addr));
    return blacklist_has(list, &addr);
}

static void networks_have_their_addresses(void **state)
{
    struct blacklist *list = blacklist_new(&secret);

    (void)state;
    assert_false(has(list, "192.0.2.1"));
    assert_true(blacklist_add(list, "192.0.2.77/25"));
    assert_true(blacklist_add(list, "198.51.100.9"));
    assert_true(blacklist_add(list, "2001:db8:1::1/48"));
    assert_true(blacklist_add(list, "2001:db8:2::1"));
    assert_true(blacklist_add(list, "198.51.100.9/32")); /* is there already */
    assert_int_equal(blacklist_count(list), 4);
    assert_true(has(list, "192.0.2.0"));
    assert_true(has(list, "192.0.2.127"));
    assert_false(has(list, "192.0.2.128"));
    assert_true(has(list, "198.51.100.9"));
    assert_false(has(list, "198.51.100.8"));
    assert_true(has(list, "2001:db8:1:ffff::"));
    assert_false(has(list, "2001:db8:3::"));
    assert_true(has(list, "2001:db8:2::1"));
    assert_false(has(list, "2001:db8:2::2"));
    blacklist_free(list);
}

static void families_are_apart(void **state)
{
    struct blacklist *list = blacklist_new(&secret);

    (void)state;
    assert_true(blacklist_add(list, "::/0"));
    assert_true(has(list, "2001:db8::1"));
    assert_false(has(list, "192.0.2.1"));
    assert_true(blacklist_add(list, "0.0.0.0/0"));
    assert_true(has(list, "192.0.2.1"));
    blacklist_free(list);
}

static void other_texts_are_refused(void **state)
{
    static const char *const texts[] = {
        "",       "x",        "1.2.3",    "1.2.3.4/", "1.2.3.4/33", "/8",
        "::/129", "1.2.3.4 ", "::1/ 128", "::1/-1",   "1.2.3.4/8/8"};
    struct blacklist *list = blacklist_new(&secret);

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
        assert_false(blacklist_add(list, texts[i]));
    assert_int_equal(blacklist_count(list), 0);
    blacklist_free(list);
}

/* Every other address, so that half of all are there. */
static void it_grows_as_far_as_it_may(void **state)
{
    struct blacklist *list = blacklist_new(&secret);
    char text[32];

    (void)state;
    for (unsigned i = 0; i < 2 * BLACKLIST_MAX; i += 2) {
        snprintf(text, sizeof(text), "10.%u.%u.%u", i >> 16, i >> 8 & 255,
                 i & 255);
        assert_true(blacklist_add(list, text));
    }
    assert_int_equal(blacklist_count(list), BLACKLIST_MAX);
    assert_false(blacklist_add(list, "192.0.2.1"));
    assert_true(blacklist_add(list, "10.0.0.0"));
    for (unsigned i = 0; i < 2 * BLACKLIST_MAX; i++) {
        snprintf(text, sizeof(text), "10.%u.%u.%u", i >> 16, i >> 8 & 255,
                 i & 255);
        assert_int_equal(has(list, text), i % 2 == 0);
    }
    blacklist_free(list);
}

static void no_list_has_nothing(void **state)
{
    (void)state;
    assert_false(has(NULL, "192.0.2.1"));
    assert_int_equal(blacklist_count(NULL), 0);
    blacklist_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(networks_have_their_addresses),
        cmocka_unit_test(families_are_apart),
        cmocka_unit_test(other_texts_are_refused),
        cmocka_unit_test(it_grows_as_far_as_it_may),
        cmocka_unit_test(no_list_has_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
