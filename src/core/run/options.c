/* options: what the admin asked for. SPDX-License-Identifier: MIT */
#include "core/run/options.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/run/option_file.h"
#include "core/run/option_find.h"
#include "core/run/option_help.h"
#include "core/run/option_table.h"
#include "core/run/option_value.h"
#include "core/util/mem.h"
#include "core/util/version.h"

#define HELP_MAX 65536

/*
 * The words of the command line, read option by option: `-i eth0`, `-ieth0`,
 * `-eu`, `--interface eth0`, `--interface=eth0`.
 */
struct words {
    int argc;
    char *const *argv;
    int next;            /* word to be read */
    const char *cluster; /* letters left of a word like -eu, or NULL */
};

enum words_step { WORDS_OPTION, WORDS_END, WORDS_BAD };

/* The next word as a value, or NULL when there is none. */
static const char *take_word(struct words *words)
{
    return words->next < words->argc ? words->argv[words->next++] : NULL;
}

static enum words_step step_long(struct words *words, const char *word,
                                 const struct option_row **row,
                                 const char **value, struct strbuf *error)
{
    size_t len = strcspn(word, "=");

    *row = option_find(word, len, error);
    if (*row == NULL)
        return WORDS_BAD;
    if (word[len] == '=')
        *value = word + len + 1;
    else if ((*row)->argument != NULL)
        *value = take_word(words);
    return WORDS_OPTION;
}

static enum words_step step_short(struct words *words,
                                  const struct option_row **row,
                                  const char **value, struct strbuf *error)
{
    const char *letter = words->cluster;

    words->cluster = letter[1] != '\0' ? letter + 1 : NULL;
    *row = option_find_short(*letter);
    if (*row == NULL) {
        option_explain_short(*letter, error);
        return WORDS_BAD;
    }
    if ((*row)->argument == NULL &&
        (words->cluster == NULL || words->cluster[0] != '='))
        return WORDS_OPTION;
    if (words->cluster == NULL)
        *value = take_word(words);
    else /* -i=eth0 is what configuration files have */
        *value = words->cluster + (words->cluster[0] == '=');
    words->cluster = NULL;
    return WORDS_OPTION;
}

/*
 * The next option and its value, NULL when it has none or lacks it.
 * @return WORDS_BAD with the reason in the error when there is no such option
 * or the word is none.
 */
static enum words_step words_step(struct words *words,
                                  const struct option_row **row,
                                  const char **value, struct strbuf *error)
{
    const char *word;

    *value = NULL;
    if (words->cluster != NULL)
        return step_short(words, row, value, error);
    word = take_word(words);
    if (word == NULL)
        return WORDS_END;
    if (strcmp(word, "--") == 0 && words->next == words->argc)
        return WORDS_END;
    if (word[0] == '-' && word[1] == '-' && word[2] != '\0')
        return step_long(words, word + 2, row, value, error);
    if (word[0] == '-' && word[1] != '\0' && word[1] != '-') {
        words->cluster = word + 1;
        return step_short(words, row, value, error);
    }
    strbuf_puts(error, "'");
    option_add_text(error, word, strlen(word));
    strbuf_puts(error, "' is not an option; a configuration file comes before "
                       "all options, interfaces and capture files after -i");
    return WORDS_BAD;
}

/* Print to standard output, all of it. */
static enum options_result print(const char *text, struct strbuf *error)
{
    if (fputs(text, stdout) >= 0 && fflush(stdout) == 0)
        return OPTIONS_EXIT_OK;
    strbuf_printf(error, "standard output: %s", strerror(errno));
    return OPTIONS_FAILED;
}

static enum options_result print_help(struct strbuf *error)
{
    enum options_result result;
    struct strbuf text;

    strbuf_init(&text, HELP_MAX);
    option_add_help(&text);
    result = print(text.text, error);
    strbuf_free(&text);
    return result;
}

/* All words that are left belong to the script. */
static void take_run_arguments(struct words *words, struct options *options)
{
    struct options_list *list = &options->run_arguments;
    const char *word;

    while ((word = take_word(words)) != NULL) {
        list->items =
            mem_realloc(list->items, list->count + 1, sizeof(*list->items));
        list->items[list->count++] = mem_strdup(word);
    }
}

static enum options_result
parse_words(struct words *words, struct options *options, struct strbuf *error)
{
    const struct option_where where = {.error = error};
    const struct option_row *row;
    enum words_step step;
    const char *value;

    while ((step = words_step(words, &row, &value, error)) == WORDS_OPTION) {
        if (row->type == OPTION_HELP && value == NULL)
            return print_help(error);
        if (row->type == OPTION_VERSION && value == NULL)
            return print("kelvin " KELVIN_VERSION "\n", error);
        if (!option_set(options, row, value, &where))
            return OPTIONS_BAD;
        if (row->type == OPTION_RUN)
            take_run_arguments(words, options);
    }
    return step == WORDS_END ? OPTIONS_RUN : OPTIONS_BAD;
}

/* `base` and what is to follow it; give it to free(). */
static char *join(const char *base, const char *rest)
{
    struct strbuf path;

    strbuf_init(&path, strlen(base) + strlen(rest));
    strbuf_puts(&path, base);
    strbuf_puts(&path, rest);
    return strbuf_take(&path);
}

/* $XDG_DATA_HOME, which counts only when absolute, or what stands for it. */
static char *user_data_dir(void)
{
    const char *data = getenv("XDG_DATA_HOME");
    const char *home = getenv("HOME");
    const struct passwd *passwd;

    if (data != NULL && *data == '/')
        return join(data, "/kelvin");
    if (home != NULL && *home == '/')
        return join(home, "/.local/share/kelvin");
    passwd = getpwuid(geteuid());
    if (passwd == NULL || passwd->pw_dir[0] != '/')
        return NULL;
    return join(passwd->pw_dir, "/.local/share/kelvin");
}

static bool find_data_dir(struct options *options, struct strbuf *error)
{
    if (options->data_dir != NULL)
        return true;
    if (geteuid() == 0)
        options->data_dir = mem_strdup("/var/lib/kelvin");
    else
        options->data_dir = user_data_dir();
    if (options->data_dir == NULL)
        strbuf_puts(error, "--data-dir: must be given, this user has no home "
                           "directory");
    return options->data_dir != NULL;
}

/* How many inputs are standard input. */
static unsigned count_stdin(const struct options *options)
{
    unsigned found = 0;
    size_t i;

    for (i = 0; i < options->interface_count; i++)
        found += strcmp(options->interfaces[i].name, "-") == 0;
    return found;
}

/* What only the whole of the options tells. */
static bool complete(struct options *options, struct strbuf *error)
{
    if (!find_data_dir(options, error))
        return false;
    if (options->syslog && options->log_file != NULL) {
        strbuf_puts(error, "--log-file and --syslog: choose one of them");
        return false;
    }
    if (count_stdin(options) > 1) {
        strbuf_puts(error, "--interface '-': standard input can be read once");
        return false;
    }
    if (options->daemon && count_stdin(options) > 0) {
        strbuf_puts(error, "--interface '-': a daemon has no standard input; "
                           "name a file, or leave out --daemon");
        return false;
    }
    if (options->daemon && !options->syslog && options->log_file == NULL)
        options->log_file = join(options->data_dir, "/kelvin.log");
    return true;
}

/* A first word that is no option names the configuration file. */
static int count_file_words(int argc, char *const *argv)
{
    return argc > 1 && argv[1][0] != '-' ? 2 : 1;
}

enum options_result options_parse(int argc, char *const *argv,
                                  struct options *options, struct strbuf *error)
{
    struct words words = {argc, argv, count_file_words(argc, argv), NULL};
    enum options_result result;

    option_set_presets(options);
    if (words.next == 2 && !option_file_read(argv[1], options, error))
        return OPTIONS_BAD;
    result = parse_words(&words, options, error);
    if (result == OPTIONS_RUN && !complete(options, error))
        return OPTIONS_BAD;
    return result;
}

static void free_list(struct options_list *list)
{
    size_t i;

    for (i = 0; i < list->count; i++)
        free(list->items[i]);
    free(list->items);
}

void options_free(struct options *options)
{
    size_t count, i;
    const struct option_row *rows = option_rows(&count);

    for (i = 0; i < count; i++) {
        void *member = (char *)options + rows[i].offset;

        if (rows[i].type == OPTION_TEXT || rows[i].type == OPTION_PATH ||
            rows[i].type == OPTION_RUN)
            free(*(char **)member);
        else if (rows[i].type == OPTION_LIST || rows[i].type == OPTION_PATHS)
            free_list(member);
    }
    for (i = 0; i < options->interface_count; i++) {
        free(options->interfaces[i].given);
        free(options->interfaces[i].name);
        free(options->interfaces[i].filter);
    }
    free(options->interfaces);
    free_list(&options->run_arguments);
    *options = (struct options){0};
}

void options_hide_secrets(int argc, char **argv)
{
    struct words words = {argc, argv, count_file_words(argc, argv), NULL};
    const struct option_row *row;
    const char *value;
    struct strbuf ignored;

    strbuf_init(&ignored, 0);
    while (words_step(&words, &row, &value, &ignored) == WORDS_OPTION) {
        if (row->type == OPTION_RUN)
            break;
        /* The value points into argv, whose strings the process may write. */
        if (row->secret && value != NULL)
            memset((char *)value, '*', strlen(value));
    }
}
