/* fuzz_options: any words, any file. SPDX-License-Identifier: MIT */
#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/run/option_file.h"
#include "core/run/option_value.h"
#include "core/run/options.h"

#define WORDS_MAX 64

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Help is printed, and not what is looked for here. */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    if (freopen("/dev/null", "w", stdout) == NULL)
        abort();
    return 0;
}

/* An error is one line of text, and there is one when something is wrong. */
static void check_error(const struct strbuf *error, int is_bad)
{
    const unsigned char *at;

    assert((error->len != 0) == (is_bad != 0));
    assert(!error->truncated);
    for (at = (const unsigned char *)error->text; *at != '\0'; at++)
        assert(*at >= 0x20 && *at != 0x7f);
}

/* What main() relies on without looking. */
static void check_options(const struct options *options)
{
    assert(options->data_dir != NULL && options->data_dir[0] == '/');
    assert(options->snaplen >= 64 && options->snaplen <= 262144);
    assert(options->buffer_size >= 1 && options->buffer_size <= 1024);
    assert(options->max_flows >= 1024 && options->max_hosts >= 1024);
    assert(options->verbosity >= -1 && options->verbosity <= 6);
    assert(!options->daemon || options->syslog || options->log_file != NULL);
}

static void fuzz_file(const char *text, size_t len)
{
    struct options options;
    struct strbuf error;

    strbuf_init(&error, 8192);
    option_set_presets(&options);
    check_error(&error,
                !option_file_parse("k.conf", text, len, &options, &error));
    options_free(&options);
    strbuf_free(&error);
}

/* Words are lines. The first is fixed, as it could name any file to read. */
static void fuzz_words(char *text)
{
    char *argv[WORDS_MAX + 1] = {(char *)"kelvin", (char *)"-u"};
    enum options_result result;
    struct options options;
    struct strbuf error;
    int argc = 2;

    while (text != NULL && argc < WORDS_MAX)
        argv[argc++] = strsep(&text, "\n");
    strbuf_init(&error, 8192);
    result = options_parse(argc, argv, &options, &error);
    check_error(&error, result == OPTIONS_BAD);
    if (result == OPTIONS_RUN) {
        check_options(&options);
        options_hide_secrets(argc, argv);
    }
    options_free(&options);
    strbuf_free(&error);
}

/* The first byte chooses. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text;

    if (size == 0)
        return 0;
    text = malloc(size);
    if (text == NULL)
        abort();
    memcpy(text, data + 1, size - 1);
    text[size - 1] = '\0';
    if (data[0] % 2 == 0)
        fuzz_file(text, size - 1);
    else
        fuzz_words(text);
    free(text);
    return 0;
}
