/* option_file: options, one a line. SPDX-License-Identifier: MIT */
#include "core/run/option_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/run/option_find.h"
#include "core/run/option_value.h"
#include "core/util/mem.h"

#define FILE_MAX (1u << 20) /* far beyond what an admin would write */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* Take blanks off both ends of [*text, *end). */
static void trim(const char **text, const char **end)
{
    while (*text < *end && is_blank(**text))
        (*text)++;
    while (*end > *text && is_blank((*end)[-1]))
        (*end)--;
}

/* The value between `at` and the end of the line, or NULL when there is
 * neither a value nor '='. Give it to free(). */
static char *take_value(const char *at, const char *end)
{
    bool has_equals;
    char *value;

    trim(&at, &end);
    has_equals = at < end && *at == '=';
    if (has_equals)
        at++;
    trim(&at, &end);
    if (at == end && !has_equals)
        return NULL;
    if (end - at >= 2 && at[0] == '"' && end[-1] == '"') {
        at++;
        end--;
    }
    value = mem_calloc((size_t)(end - at) + 1, 1);
    memcpy(value, at, (size_t)(end - at));
    return value;
}

/* The row of a key: `-s`, `--long`, or either without dashes. */
static const struct option_row *find_key(const char *key, size_t len,
                                         const struct option_where *where)
{
    const struct option_row *row;
    unsigned dashes = 0;
    struct strbuf reason;

    while (len > 0 && dashes < 2 && *key == '-') {
        key++;
        len--;
        dashes++;
    }
    strbuf_init(&reason, 1024);
    if (len == 1 && dashes < 2) {
        row = option_find_short(*key);
        if (row == NULL)
            option_explain_short(*key, &reason);
    } else {
        row = option_find(key, len, &reason);
    }
    if (row == NULL) {
        option_begin_error(where);
        strbuf_puts(where->error, reason.text);
    }
    strbuf_free(&reason);
    return row;
}

static bool parse_line(const char *line, const char *end,
                       struct options *options,
                       const struct option_where *where)
{
    const struct option_row *row;
    const char *key_end;
    char *value;
    bool is_set;

    trim(&line, &end);
    if (line == end || *line == '#')
        return true;
    if (memchr(line, '\0', (size_t)(end - line)) != NULL) {
        option_begin_error(where);
        strbuf_puts(where->error,
                    "this is not a text file; capture files go after -i");
        return false;
    }
    for (key_end = line; key_end < end; key_end++)
        if (*key_end == '=' || is_blank(*key_end))
            break;
    row = find_key(line, (size_t)(key_end - line), where);
    if (row == NULL)
        return false;
    value = take_value(key_end, end);
    if (row->argument == NULL && value != NULL && *value == '\0') {
        /* ntopng's way to write a flag: -e= */
        free(value);
        value = NULL;
    }
    is_set = option_set(options, row, value, where);
    free(value);
    return is_set;
}

bool option_file_parse(const char *path, const char *text, size_t len,
                       struct options *options, struct strbuf *error)
{
    struct option_where where = {.file = path, .error = error};
    const char *end = text + len;

    while (text < end) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        const char *line_end = newline != NULL ? newline : end;

        where.line++;
        if (!parse_line(text, line_end, options, &where))
            return false;
        text = newline != NULL ? newline + 1 : end;
    }
    return true;
}

static bool cannot_read(const char *path, const char *reason,
                        struct strbuf *error)
{
    strbuf_puts(error, "configuration file ");
    option_add_text(error, path, strlen(path));
    strbuf_printf(error, ": %s", reason);
    return false;
}

bool option_file_read(const char *path, struct options *options,
                      struct strbuf *error)
{
    FILE *file = fopen(path, "re");
    char *text;
    size_t len;
    bool is_good;

    if (file == NULL)
        return cannot_read(path, strerror(errno), error);
    text = mem_alloc(FILE_MAX + 1);
    len = fread(text, 1, FILE_MAX + 1, file);
    if (ferror(file))
        is_good = cannot_read(path, strerror(errno), error);
    else if (len > FILE_MAX)
        is_good = cannot_read(path, "is larger than 1 MiB", error);
    else
        is_good = option_file_parse(path, text, len, options, error);
    free(text);
    fclose(file);
    return is_good;
}
