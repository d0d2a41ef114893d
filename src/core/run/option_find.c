/* option_find: from a name to its row. SPDX-License-Identifier: MIT */
#include "core/run/option_find.h"

#include <stdbool.h>
#include <string.h>

#include "core/run/option_value.h"

/* What ntopng 3 has and kelvin has not, with what to do instead. */
static const struct {
    char short_name;
    const char *name;
    const char *instead;
} absent[] = {
    {'I', "export-flows", "publishing over ZMQ; -F exports flows"},
    {'T', "enable-taps", "tap devices"},
    {'k', "traffic-filtering", "traffic filtering"},
    {0, "hw-timestamp-mode", "time stamps of capture appliances"},
    {0, "simulate-vlans", "made-up VLANs"},
    {0, "zmq-encrypt-pwd", "ZMQ; -F exports flows"},
    {0, "enable-user-scripts", "scripts per host; see scripts/callbacks"},
    {0, "online-license-check", "licences to check; leave it out"},
    {0, "check-maintenance", "licences to check; leave it out"},
    {0, "check-license", "licences to check; leave it out"},
    {0, "community", "editions; leave it out"},
};

#define ABSENT (sizeof(absent) / sizeof(absent[0]))

const struct option_row *option_find_short(char letter)
{
    size_t count;
    const struct option_row *rows = option_rows(&count);
    size_t i;

    for (i = 0; i < count; i++)
        if (letter != '\0' && rows[i].short_name == letter)
            return &rows[i];
    return NULL;
}

static bool is_name(const char *name, const char *given, size_t len)
{
    return strlen(name) == len && memcmp(name, given, len) == 0;
}

/* How many rows begin with the text; `*first` is the first of them. */
static size_t count_prefix(const char *text, size_t len,
                           const struct option_row **first)
{
    size_t count;
    const struct option_row *rows = option_rows(&count);
    size_t found = 0;
    size_t i;

    for (i = 0; i < count; i++) {
        if (len == 0 || strncmp(rows[i].name, text, len) != 0)
            continue;
        if (found++ == 0)
            *first = &rows[i];
    }
    return found;
}

/*
 * Edits that turn one name into the other: a character more, less, another,
 * or two swapped (optimal string alignment distance).
 */
#define NAME_MAX_LEN 32

static size_t distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
    size_t rank[NAME_MAX_LEN + 1][NAME_MAX_LEN + 1];
    size_t i, j;

    for (i = 0; i <= a_len; i++)
        rank[i][0] = i;
    for (j = 0; j <= b_len; j++)
        rank[0][j] = j;
    for (i = 1; i <= a_len; i++) {
        for (j = 1; j <= b_len; j++) {
            size_t best = rank[i - 1][j - 1] + (a[i - 1] != b[j - 1]);

            if (rank[i - 1][j] + 1 < best)
                best = rank[i - 1][j] + 1;
            if (rank[i][j - 1] + 1 < best)
                best = rank[i][j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
                a[i - 2] == b[j - 1] && rank[i - 2][j - 2] + 1 < best)
                best = rank[i - 2][j - 2] + 1;
            rank[i][j] = best;
        }
    }
    return rank[a_len][b_len];
}

/* The name that was probably meant, or NULL: at most a third is wrong. */
static const char *nearest_name(const char *name, size_t len)
{
    size_t count;
    const struct option_row *rows = option_rows(&count);
    size_t best = len / 3 + 1;
    const char *found = NULL;
    size_t i;

    if (len > NAME_MAX_LEN)
        return NULL;
    for (i = 0; i < count; i++) {
        size_t edits = distance(name, len, rows[i].name, strlen(rows[i].name));

        if (edits < best) {
            best = edits;
            found = rows[i].name;
        }
    }
    return found;
}

static void explain_ambiguous(const char *name, size_t len,
                              struct strbuf *error)
{
    size_t count;
    const struct option_row *rows = option_rows(&count);
    const char *between = "";
    size_t i;

    strbuf_puts(error, " may be ");
    for (i = 0; i < count; i++) {
        if (strncmp(rows[i].name, name, len) != 0)
            continue;
        strbuf_printf(error, "%s--%s", between, rows[i].name);
        between = " or ";
    }
}

static void explain_unknown(const char *name, size_t len, struct strbuf *error)
{
    const char *nearest = nearest_name(name, len);

    strbuf_puts(error, ": there is no such option");
    if (nearest != NULL)
        strbuf_printf(error, "; did you mean --%s?", nearest);
    else
        strbuf_puts(error, "; kelvin --help lists them all");
}

const struct option_row *option_find(const char *name, size_t len,
                                     struct strbuf *error)
{
    size_t count;
    const struct option_row *rows = option_rows(&count);
    const struct option_row *first = NULL;
    size_t found = count_prefix(name, len, &first);
    size_t i;

    for (i = 0; i < count; i++)
        if (is_name(rows[i].name, name, len))
            return &rows[i];
    if (found == 1)
        return first;
    strbuf_puts(error, "--");
    option_add_text(error, name, len);
    for (i = 0; i < ABSENT; i++) {
        if (is_name(absent[i].name, name, len)) {
            strbuf_printf(error, ": kelvin has no %s", absent[i].instead);
            return NULL;
        }
    }
    if (found > 1)
        explain_ambiguous(name, len, error);
    else
        explain_unknown(name, len, error);
    return NULL;
}

void option_explain_short(char letter, struct strbuf *error)
{
    size_t i;

    strbuf_puts(error, "-");
    option_add_text(error, &letter, 1);
    for (i = 0; i < ABSENT; i++) {
        if (letter != '\0' && absent[i].short_name == letter) {
            strbuf_printf(error, ": kelvin has no %s", absent[i].instead);
            return;
        }
    }
    strbuf_puts(error, ": there is no such option; kelvin --help lists them");
}
