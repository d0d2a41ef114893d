/* option_help: the usage text. SPDX-License-Identifier: MIT */
#include "core/run/option_help.h"

#include <stdio.h>
#include <string.h>

#include "core/run/option_table.h"

#define LAST_COLUMN 79
#define HELP_COLUMN 29

/* How much of the word goes on one line: all of it, unless it is a list with
 * commas that no line could hold. */
static size_t piece(const char *word)
{
    size_t room = LAST_COLUMN - HELP_COLUMN;
    size_t len = strcspn(word, " ");
    size_t cut = len;

    while (cut > room || (cut < len && cut > 0 && word[cut - 1] != ','))
        cut--;
    return cut > 0 ? cut : len;
}

/* Append words, folded so that they stay between HELP_COLUMN and
 * LAST_COLUMN. `column` is where the line is by now; returns where it ends. */
static size_t add_folded(struct strbuf *text, const char *words, size_t column)
{
    while (*words != '\0') {
        size_t blank = *words == ' ';
        size_t len = piece(words + blank);

        if (column + blank + len > LAST_COLUMN && column > HELP_COLUMN) {
            strbuf_printf(text, "\n%*s", HELP_COLUMN, "");
            column = HELP_COLUMN;
            words += blank;
            blank = 0;
        }
        strbuf_add(text, words, blank + len);
        column += blank + len;
        words += blank + len;
    }
    return column;
}

/* "  -i, --interface NAME" and blanks up to the help. */
static void add_names(struct strbuf *text, const struct option_row *row)
{
    char names[80];
    char letter[5] = "    ";
    int len;

    if (row->short_name != 0)
        snprintf(letter, sizeof(letter), "-%c, ", row->short_name);
    len = snprintf(names, sizeof(names), "  %s--%s%s%s", letter, row->name,
                   row->argument != NULL ? " " : "",
                   row->argument != NULL ? row->argument : "");
    strbuf_puts(text, names);
    if (len < HELP_COLUMN - 1)
        strbuf_printf(text, "%*s", HELP_COLUMN - len, "");
    else
        strbuf_printf(text, "\n%*s", HELP_COLUMN, "");
}

static void add_row(struct strbuf *text, const struct option_row *row)
{
    const char *preset = row->preset != NULL ? row->preset : row->unasked;
    size_t column;

    add_names(text, row);
    column = add_folded(text, row->help, HELP_COLUMN);
    if (preset != NULL) {
        char words[256];

        snprintf(words, sizeof(words), " (default: %s%s%s)", preset,
                 row->unit != NULL && row->type == OPTION_INT ? " " : "",
                 row->unit != NULL && row->type == OPTION_INT ? row->unit : "");
        add_folded(text, words, column);
    }
    strbuf_puts(text, "\n");
}

static void add_group(struct strbuf *text, enum option_group group)
{
    size_t count, i;
    const struct option_row *rows = option_rows(&count);

    strbuf_printf(text, "\n%s:\n", option_group_title(group));
    for (i = 0; i < count; i++)
        if (rows[i].group == group)
            add_row(text, &rows[i]);
}

void option_add_help(struct strbuf *text)
{
    unsigned group;

    strbuf_puts(text, "Usage: kelvin [OPTION]...\n"
                      "       kelvin FILE [OPTION]...\n"
                      "\n"
                      "Watch a network: who talks to whom, with which "
                      "application, how much, how\n"
                      "fast, and how well. FILE has one option a line, as "
                      "--interface=eth0; those\n"
                      "after it on the command line come second and win.\n");
    for (group = 0; group < OPTION_GROUPS; group++)
        add_group(text, (enum option_group)group);
}
