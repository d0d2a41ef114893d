/* test_prefs: values, ranges, and who is told. SPDX-License-Identifier: MIT */
#include "core/run/prefs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/util/log.h"

#define IDLE "ntopng.prefs.flow_max_idle"
#define LEVEL "ntopng.prefs.logging_level"
#define HOOK "ntopng.alerts.slack_webhook"
#define SYSLOG "ntopng.prefs.alerts_syslog"

struct told {
    unsigned count;
    enum pref last;
};

static void on_changed(void *arg, enum pref pref)
{
    struct told *told = arg;

    told->count++;
    told->last = pref;
}

static const struct {
    const char *key;
    const char *value;
    const char *stored; /* NULL: refused */
} rows[] = {
    {IDLE, "1", "1"},
    {IDLE, "86400", "86400"},
    {IDLE, "007", "7"},
    {IDLE, "0", NULL},
    {IDLE, "86401", NULL},
    {IDLE, "-1", NULL},
    {IDLE, "", NULL},
    {IDLE, " 5", NULL},
    {IDLE, "5s", NULL},
    {IDLE, "1e3", NULL},
    {IDLE, "9223372036854775808", NULL},
    {IDLE, "999999999999999999999999", NULL},
    {IDLE, "5-5", NULL},
    {SYSLOG, "1", "1"},
    {SYSLOG, "true", "1"},
    {SYSLOG, "enabled", "1"},
    {SYSLOG, "false", "0"},
    {SYSLOG, "2", NULL},
    {SYSLOG, "", NULL},
    {LEVEL, "error", "error"},
    {LEVEL, "trace", "trace"},
    {LEVEL, "error|warning", NULL},
    {LEVEL, "err", NULL},
    {LEVEL, "errors", NULL},
    {LEVEL, "", NULL},
    {LEVEL, "ERROR", NULL},
    {HOOK, "", ""},
    {HOOK, "https://hooks.example/x", "https://hooks.example/x"},
    {HOOK, "two\nlines", NULL},
};

static void values_are_checked(void **state)
{
    struct prefs *prefs = prefs_new(NULL);

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct strbuf error;
        char before[64];
        bool is_set;

        strbuf_init(&error, 1024);
        snprintf(before, sizeof(before), "%s",
                 prefs_get_text(prefs, rows[i].key));
        is_set = prefs_set(prefs, rows[i].key, rows[i].value, &error);
        if (is_set != (rows[i].stored != NULL))
            fail_msg("%s '%s': %s", rows[i].key, rows[i].value, error.text);
        assert_string_equal(prefs_get_text(prefs, rows[i].key),
                            is_set ? rows[i].stored : before);
        assert_int_equal(error.len > 0, !is_set);
        if (!is_set)
            assert_non_null(strstr(error.text, rows[i].key));
        strbuf_free(&error);
    }
    prefs_free(prefs);
}

static void refusals_name_key_value_and_range(void **state)
{
    struct prefs *prefs = prefs_new(NULL);
    struct strbuf error;

    (void)state;
    strbuf_init(&error, 1024);
    assert_false(prefs_set(prefs, IDLE, "zero", &error));
    assert_string_equal(error.text, IDLE " 'zero': must be a number from 1 to "
                                         "86400 seconds");
    strbuf_reset(&error);
    assert_false(prefs_set(prefs, LEVEL, "x", &error));
    assert_string_equal(error.text, LEVEL " 'x': must be one of error, "
                                          "warning, normal, info, debug, "
                                          "trace");
    strbuf_reset(&error);
    assert_false(prefs_set(prefs, HOOK, "secret\n", &error));
    assert_null(strstr(error.text, "secret"));
    strbuf_reset(&error);
    assert_false(prefs_set(prefs, "ntopng.prefs.nonsense", "1", &error));
    assert_string_equal(error.text,
                        "ntopng.prefs.nonsense: there is no such preference");
    assert_null(prefs_get_text(prefs, "ntopng.prefs.nonsense"));
    assert_null(prefs_get_text(prefs, "flow_max_idle"));
    strbuf_free(&error);
    prefs_free(prefs);
}

static void listeners_hear_of_changes_alone(void **state)
{
    struct prefs *prefs = prefs_new(NULL);
    struct told told = {0};
    struct strbuf error;

    (void)state;
    strbuf_init(&error, 1024);
    prefs_listen(prefs, on_changed, &told);
    assert_true(prefs_set(prefs, IDLE, "60", &error)); /* as it was */
    assert_int_equal(told.count, 0);
    assert_true(prefs_set(prefs, IDLE, "61", &error));
    assert_int_equal(told.count, 1);
    assert_int_equal(told.last, PREF_FLOW_MAX_IDLE);
    assert_int_equal(prefs_int(prefs, PREF_FLOW_MAX_IDLE), 61);
    assert_false(prefs_set(prefs, IDLE, "no", &error));
    assert_int_equal(told.count, 1);
    assert_true(prefs_reset(prefs, IDLE, &error));
    assert_int_equal(told.count, 2);
    assert_int_equal(prefs_int(prefs, PREF_FLOW_MAX_IDLE), 60);
    strbuf_free(&error);
    prefs_free(prefs);
}

static void take(struct prefs *prefs, const char *text)
{
    prefs_take(prefs, PREF_FLOW_MAX_IDLE, prefs_stamp(prefs), text,
               text != NULL ? strlen(text) : 0);
}

static void what_redis_has_is_taken(void **state)
{
    struct prefs *prefs = prefs_new(NULL);
    struct told told = {0};

    (void)state;
    prefs_listen(prefs, on_changed, &told);
    take(prefs, "90");
    assert_int_equal(prefs_int(prefs, PREF_FLOW_MAX_IDLE), 90);
    take(prefs, "90");
    take(prefs, "ninety");
    prefs_take(prefs, PREF_FLOW_MAX_IDLE, prefs_stamp(prefs), "9\0000", 3);
    assert_int_equal(prefs_int(prefs, PREF_FLOW_MAX_IDLE), 90);
    assert_int_equal(told.count, 1);
    take(prefs, NULL);
    assert_int_equal(prefs_int(prefs, PREF_FLOW_MAX_IDLE), 60);
    prefs_free(prefs);
}

/* The answer to a question from before a change does not undo that. */
static void old_answers_are_not_news(void **state)
{
    struct prefs *prefs = prefs_new(NULL);
    uint64_t before = prefs_stamp(prefs);
    struct strbuf error;

    (void)state;
    strbuf_init(&error, 1024);
    assert_true(prefs_set(prefs, IDLE, "70", &error));
    prefs_take(prefs, PREF_FLOW_MAX_IDLE, before, "60", 2);
    assert_int_equal(prefs_int(prefs, PREF_FLOW_MAX_IDLE), 70);
    take(prefs, "80");
    assert_int_equal(prefs_int(prefs, PREF_FLOW_MAX_IDLE), 80);
    strbuf_free(&error);
    prefs_free(prefs);
}

static void rows_are_sound(void **state)
{
    (void)state;
    for (unsigned i = 0; i < PREFS_COUNT; i++) {
        const struct pref_row *row = pref_row((enum pref)i);

        assert_non_null(row->help);
        assert_non_null(row->preset);
        assert_true(strncmp(row->key, "ntopng.prefs.", 13) == 0 ||
                    strncmp(row->key, "ntopng.alerts.", 14) == 0);
        assert_string_equal(strrchr(row->key, '.') + 1, row->name);
        assert_int_equal(pref_find(row->key), i);
        if (row->type == PREF_INT)
            assert_true(row->min < row->max);
    }
}

/* As troff wants it. */
static void add_troff(struct strbuf *text, const char *words)
{
    for (; *words != '\0'; words++)
        strbuf_printf(text, *words == '-' ? "\\%c" : "%c", *words);
}

/* What the manual page is to say of a row. */
static void add_manual(const struct pref_row *row, struct strbuf *text)
{
    struct strbuf explained;

    strbuf_init(&explained, 256);
    pref_explain(row, &explained);
    strbuf_puts(text, ".TP\n\\fB");
    strbuf_puts(text, row->key);
    strbuf_puts(text, "\\fR\n");
    add_troff(text, row->help);
    strbuf_puts(text, ":\n");
    add_troff(text, explained.text);
    strbuf_printf(text, ".\nDefault: %s.\n",
                  row->preset[0] != '\0' ? row->preset : "none");
    if (row->option != NULL) {
        strbuf_puts(text, "The option\n.B \\-\\-");
        add_troff(text, row->option);
        strbuf_puts(text, "\nwins.\n");
    }
    strbuf_free(&explained);
}

static void manual_page_has_all_preferences(void **state)
{
    static char page[131072];
    FILE *file = fopen("conf/kelvin.8", "r");
    unsigned lacking = 0;

    (void)state;
    assert_non_null(file);
    assert_true(fread(page, 1, sizeof(page) - 1, file) > 0);
    fclose(file);
    for (unsigned i = 0; i < PREFS_COUNT; i++) {
        struct strbuf text;

        strbuf_init(&text, 2048);
        add_manual(pref_row((enum pref)i), &text);
        if (strstr(page, text.text) == NULL && lacking++ == 0)
            fprintf(stderr, "conf/kelvin.8 lacks:\n");
        if (strstr(page, text.text) == NULL)
            fprintf(stderr, "%s", text.text);
        strbuf_free(&text);
    }
    assert_int_equal(lacking, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_checked),
        cmocka_unit_test(refusals_name_key_value_and_range),
        cmocka_unit_test(listeners_hear_of_changes_alone),
        cmocka_unit_test(what_redis_has_is_taken),
        cmocka_unit_test(old_answers_are_not_news),
        cmocka_unit_test(rows_are_sound),
        cmocka_unit_test(manual_page_has_all_preferences),
    };

    log_set_verbosity(-1); /* refusals are part of these tests */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
