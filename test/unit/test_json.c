/* test_json: JSON texts, written and read. SPDX-License-Identifier: MIT */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/util/json.h"

static void pieces_become_a_text(void **state)
{
    struct json *json = json_new();
    size_t len;

    (void)state;
    for (int round = 0; round < 2; round++) {
        json_reset(json);
        json_map(json);
        json_key(json, "text");
        json_text(json, "a\"\\\n\x01é");
        json_key(json, "part");
        json_text_n(json, "abc", 2);
        json_key(json, "numbers");
        json_array(json);
        json_int(json, INT64_MIN);
        json_uint(json, UINT64_MAX);
        json_double(json, 0.5);
        json_double(json, INFINITY);
        json_double(json, NAN);
        json_end_array(json);
        json_key(json, "more");
        json_array(json);
        json_bool(json, true);
        json_bool(json, false);
        json_null(json);
        json_map(json);
        json_end_map(json);
        json_end_array(json);
        json_end_map(json);
        assert_string_equal(
            json_text_of(json, &len),
            "{\"text\":\"a\\\"\\\\\\n\\u0001é\",\"part\":\"ab\","
            "\"numbers\":[-9223372036854775808,18446744073709551615,0.5,"
            "null,null],\"more\":[true,false,null,{}]}");
        assert_int_equal(len, strlen(json_text_of(json, &len)));
    }
    json_free(json);
    json_free(NULL);
}

static void a_text_becomes_a_tree(void **state)
{
    static const char text[] = "{\"a\": [1, 2.5, \"x\\u00e9\", true, null], "
                               "\"b\": {\"c\": 18446744073709551615}}";
    struct json_value *root = json_parse(text, sizeof(text) - 1);
    const struct json_value *a = json_get(root, "a");
    const char *key = NULL;
    uint64_t number;
    double real;

    (void)state;
    assert_int_equal(json_type_of(root), JSON_MAP);
    assert_int_equal(json_count(root), 2);
    assert_int_equal(json_type_of(a), JSON_ARRAY);
    assert_int_equal(json_count(a), 5);
    assert_true(json_as_uint(json_at(a, 0, NULL), &number));
    assert_int_equal(number, 1);
    assert_false(json_as_uint(json_at(a, 1, NULL), &number));
    assert_true(json_as_double(json_at(a, 1, NULL), &real));
    assert_true(real == 2.5);
    assert_string_equal(json_as_text(json_at(a, 2, NULL)), "xé");
    assert_true(json_is_true(json_at(a, 3, NULL)));
    assert_int_equal(json_type_of(json_at(a, 3, NULL)), JSON_BOOL);
    assert_int_equal(json_type_of(json_at(a, 4, NULL)), JSON_NULL);
    assert_null(json_at(a, 5, NULL));
    assert_ptr_equal(json_at(root, 1, &key), json_get(root, "b"));
    assert_string_equal(key, "b");
    assert_true(json_as_uint(json_get(json_get(root, "b"), "c"), &number));
    assert_int_equal(number, UINT64_MAX);
    json_forget(root);
}

/* Whatever is asked of a value of another type, the answer is no. */
static void other_types_are_no_answer(void **state)
{
    static const char text[] = "[{}, [], \"1\", true, -1, 1e3, 1e999,"
                               "18446744073709551616]";
    struct json_value *root = json_parse(text, sizeof(text) - 1);
    uint64_t number;
    double real;

    (void)state;
    assert_non_null(root);
    for (size_t i = 0; i < json_count(root); i++) {
        const struct json_value *value = json_at(root, i, NULL);

        assert_false(json_as_uint(value, &number));
        assert_null(json_get(value, "a"));
        assert_null(json_at(value, 0, NULL));
        if (i != 2)
            assert_null(json_as_text(value));
        if (i < 4)
            assert_false(json_as_double(value, &real));
    }
    assert_null(json_get(NULL, "a"));
    assert_null(json_at(NULL, 0, NULL));
    assert_null(json_as_text(NULL));
    assert_false(json_is_true(NULL));
    assert_int_equal(json_count(NULL), 0);
    assert_int_equal(json_type_of(NULL), JSON_NULL);
    json_forget(root);
    json_forget(NULL);
}

static void bad_texts_are_refused(void **state)
{
    static const struct {
        const char *text;
        size_t len;
    } rows[] = {
        {"", 0},      {" ", 1},        {"{", 1},
        {"[1,]", 4},  {"{\"a\"}", 5},  {"{\"a\":1 \"b\":2}", 13},
        {"nul", 3},   {"\"\xff\"", 3}, {"\"a", 2},
        {"[1]\0", 4}, {"[1] 2", 5},    {"'a'", 3},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct json_value *value = json_parse(rows[i].text, rows[i].len);

        if (value != NULL)
            print_error("accepted: %s\n", rows[i].text);
        assert_null(value);
    }
}

static void nesting_has_a_bound(void **state)
{
    enum { DEEP = 100000 };
    char *text = malloc(2 * DEEP);
    struct json_value *value;

    (void)state;
    memset(text, '[', JSON_DEPTH_MAX);
    memset(text + JSON_DEPTH_MAX, ']', JSON_DEPTH_MAX);
    value = json_parse(text, 2 * JSON_DEPTH_MAX);
    assert_non_null(value);
    json_forget(value);
    memset(text, '[', DEEP);
    memset(text + DEEP, ']', DEEP);
    assert_null(json_parse(text, 2 * DEEP));
    /* Brackets of a text do not count. */
    text[0] = '"';
    text[2 * DEEP - 1] = '"';
    value = json_parse(text, 2 * DEEP);
    assert_int_equal(json_type_of(value), JSON_TEXT);
    json_forget(value);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_become_a_text),
        cmocka_unit_test(a_text_becomes_a_tree),
        cmocka_unit_test(other_types_are_no_answer),
        cmocka_unit_test(bad_texts_are_refused),
        cmocka_unit_test(nesting_has_a_bound),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
