/* test_option_text: what options show. SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/run/option_help.h"
#include "core/run/option_table.h"
#include "core/run/options.h"

static void secrets_leave_the_words(void **state)
{
    char words[][40] = {"kelvin",   "-rh:1:pw", "-F",
                        "es;u:pw",  "-u",       "--redis=x",
                        "-v",       "1",        "--test-export",
                        "mysql;pw", "--run",    "s",
                        "-r",       "pw"};
    static const char *const expected[] = {
        "kelvin",   "-r******", "-F",
        "*******",  "-u",       "--redis=*",
        "-v",       "1",        "--test-export",
        "********", "--run",    "s",
        "-r",       "pw"};
    char *argv[sizeof(words) / sizeof(words[0]) + 1] = {0};
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        argv[i] = words[i];
    options_hide_secrets((int)i, argv);
    for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        assert_string_equal(words[i], expected[i]);
}

/* What is printed ends successfully, or says that it could not. */
static void printing_is_checked(void **state)
{
    static const char *const words[] = {"-h", "--help", "-uV", "--version"};
    size_t i;

    (void)state;
    for (i = 0; i < 2 * sizeof(words) / sizeof(words[0]); i++) {
        char *argv[] = {(char *)"kelvin", (char *)words[i / 2], NULL};
        const char *to = i % 2 ? "/dev/full" : "/dev/null";
        int kept = dup(STDOUT_FILENO);
        int fd = open(to, O_WRONLY);
        enum options_result result;
        struct options options;
        struct strbuf error;

        fflush(stdout);
        dup2(fd, STDOUT_FILENO);
        strbuf_init(&error, 2048);
        result = options_parse(2, argv, &options, &error);
        dup2(kept, STDOUT_FILENO);
        close(kept);
        close(fd);
        assert_int_equal(result, i % 2 ? OPTIONS_FAILED : OPTIONS_EXIT_OK);
        assert_string_equal(error.text,
                            i % 2 ? "standard output: No space left on device"
                                  : "");
        clearerr(stdout);
        options_free(&options);
        strbuf_free(&error);
    }
}

/* Whether the table itself is sound. */
static void rows_are_distinct(void **state)
{
    size_t count, i, j;
    const struct option_row *rows = option_rows(&count);

    (void)state;
    for (i = 0; i < count; i++) {
        assert_true(strlen(rows[i].name) > 1 && strlen(rows[i].name) <= 32);
        assert_non_null(rows[i].help);
        assert_true(rows[i].preset == NULL || rows[i].unasked == NULL);
        assert_true(rows[i].type != OPTION_FLAG || rows[i].argument == NULL);
        for (j = 0; j < i; j++) {
            assert_string_not_equal(rows[i].name, rows[j].name);
            assert_true(rows[i].short_name == 0 ||
                        rows[i].short_name != rows[j].short_name);
        }
    }
}

static void help_fits_a_terminal(void **state)
{
    size_t count, i;
    const struct option_row *rows = option_rows(&count);
    struct strbuf text;
    const char *line;

    (void)state;
    strbuf_init(&text, 65536);
    option_add_help(&text);
    assert_int_equal(text.truncated, 0);
    for (line = text.text; *line != '\0'; line += strcspn(line, "\n") + 1) {
        size_t len = strcspn(line, "\n");

        if (len > 79 || (len > 0 && line[len - 1] == ' '))
            fail_msg("'%.*s'", (int)len, line);
    }
    for (i = 0; i < count; i++) {
        char names[64];

        snprintf(names, sizeof(names), " --%s%s%s", rows[i].name,
                 rows[i].argument != NULL ? " " : "",
                 rows[i].argument != NULL ? rows[i].argument : "\n");
        names[strcspn(names, "\n")] = '\0';
        if (strstr(text.text, names) == NULL)
            fail_msg("the help lacks%s", names);
    }
    strbuf_free(&text);
}

/* All of a file of the repository. */
static char *read_file(const char *path)
{
    FILE *file = fopen(path, "r");
    char *text = calloc(1, 65536);

    if (file == NULL)
        fail_msg("%s is missing; run this from the repository", path);
    assert_true(fread(text, 1, 65535, file) > 0);
    fclose(file);
    return text;
}

/* As troff wants it: a hyphen alone would be typeset as one. */
static void add_troff(struct strbuf *text, const char *words)
{
    for (; *words != '\0'; words++)
        strbuf_printf(text, *words == '-' ? "\\%c" : "%c", *words);
}

static void manual_page_has_all_options(void **state)
{
    size_t count, i;
    const struct option_row *rows = option_rows(&count);
    char *page = read_file("conf/kelvin.8");

    (void)state;
    for (i = 0; i < count; i++) {
        struct strbuf text;
        const char *at;

        strbuf_init(&text, 4096);
        strbuf_puts(&text, ".TP\n");
        if (rows[i].short_name != 0)
            strbuf_printf(&text, "\\fB\\-%c\\fR, ", rows[i].short_name);
        strbuf_puts(&text, "\\fB\\-\\-");
        add_troff(&text, rows[i].name);
        strbuf_puts(&text, "\\fR");
        if (rows[i].argument != NULL) {
            strbuf_puts(&text, " \\fI");
            add_troff(&text, rows[i].argument);
            strbuf_puts(&text, "\\fR");
        }
        strbuf_puts(&text, "\n");
        at = strstr(page, text.text);
        if (at == NULL)
            fail_msg("the page lacks:\n%s", text.text);
        strbuf_reset(&text);
        if (rows[i].preset != NULL) {
            add_troff(&text, rows[i].preset);
            at = strstr(at, "Default:");
            assert_non_null(at);
            at += strlen("Default:");
            at += strspn(at, " \n");
            assert_int_equal(strncmp(at, text.text, text.len), 0);
        }
        strbuf_free(&text);
    }
    free(page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(secrets_leave_the_words),
        cmocka_unit_test(printing_is_checked),
        cmocka_unit_test(rows_are_distinct),
        cmocka_unit_test(help_fits_a_terminal),
        cmocka_unit_test(manual_page_has_all_options),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
