/* test_attrs: texts and numbers of a flow. SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "core/packet/attrs.h"
#include "model.h"

static void nothing_is_in_no_list(void **state)
{
    (void)state;
    assert_null(attrs_text(NULL, ATTR_HTTP_HOST));
    assert_int_equal(attrs_number(NULL, ATTR_RISKS, 7), 7);
}

static void each_set_replaces_the_one_before(void **state)
{
    static const char *const texts[] = {"a", "example.org", "b", "", "longer"};
    struct attrs *attrs = NULL;

    (void)state;
    attrs_set_number(&attrs, ATTR_DNS_RET_CODE, 3);
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        const char *expected = *texts[i] != '\0' ? texts[i] : "b";

        attrs_set_text(&attrs, ATTR_DNS_QUERY, texts[i], strlen(texts[i]));
        attrs_set_number(&attrs, ATTR_DNS_QUERY_TYPE, i);
        assert_string_equal(attrs_text(attrs, ATTR_DNS_QUERY), expected);
        assert_int_equal(attrs_number(attrs, ATTR_DNS_QUERY_TYPE, 99), i);
        assert_int_equal(attrs_number(attrs, ATTR_DNS_RET_CODE, 99), 3);
    }
    free(attrs);
}

static void a_draft_goes_on_from_what_there_is(void **state)
{
    struct attrs_draft draft;
    struct attrs *attrs = NULL;

    (void)state;
    attrs_draft(&draft, attrs);
    attrs_keep(&attrs, &draft);
    assert_null(attrs); /* an empty one is none */
    attrs_set_text(&attrs, ATTR_TLS_ALPN, "h2", 2);
    attrs_draft(&draft, attrs);
    attrs_draft_text(&draft, ATTR_TLS_SERVER_NAME, "x\x01y", 3);
    attrs_draft_text(&draft, ATTR_TLS_ALPN, "http/1.1", 8);
    attrs_draft_number(&draft, ATTR_RISKS, UINT64_MAX - 1);
    assert_string_equal(attrs_text(attrs, ATTR_TLS_ALPN), "h2");
    attrs_keep(&attrs, &draft);
    assert_string_equal(attrs_text(attrs, ATTR_TLS_ALPN), "http/1.1");
    assert_string_equal(attrs_text(attrs, ATTR_TLS_SERVER_NAME), "x?y");
    assert_true(attrs_number(attrs, ATTR_RISKS, 0) == UINT64_MAX - 1);
    free(attrs);
}

static void a_draft_has_room_for_all(void **state)
{
    static char text[2 * ATTR_TEXT_MAX];
    struct attrs_draft draft;
    struct attrs *attrs = NULL;

    (void)state;
    memset(text, 'x', sizeof(text));
    for (int round = 0; round < 3; round++) {
        attrs_draft(&draft, attrs);
        for (enum attr attr = ATTR_NONE + 1; attr < ATTR_COUNT; attr++)
            attrs_draft_text(&draft, attr, text, sizeof(text));
        attrs_keep(&attrs, &draft);
    }
    for (enum attr attr = ATTR_NONE + 1; attr < ATTR_COUNT; attr++)
        assert_int_equal(strlen(attrs_text(attrs, attr)), ATTR_TEXT_MAX);
    free(attrs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_in_no_list),
        cmocka_unit_test(each_set_replaces_the_one_before),
        cmocka_unit_test(a_draft_goes_on_from_what_there_is),
        cmocka_unit_test(a_draft_has_room_for_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
