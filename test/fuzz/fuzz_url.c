/* fuzz_url: any URL, and any redirection from it.
 * SPDX-License-Identifier: MIT */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/run/loop_url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Nothing of it can end a line of a request, or begin another word. */
static void check_text(const char *text)
{
    for (const unsigned char *at = (const unsigned char *)text; *at != '\0';
         at++)
        assert(*at > ' ' && *at < 0x7f);
}

/* What is written is read as the same again. */
static void check_url(const struct loop_url *url)
{
    struct loop_url again;
    struct strbuf text;

    assert(url->host[0] != '\0' && url->path[0] == '/' && url->port != 0);
    check_text(url->host);
    check_text(url->path);
    strbuf_init(&text, SIZE_MAX / 2);
    loop_url_add(url, &text);
    if (text.len < 8000) { /* longer ones are refused */
        assert(loop_url_parse(&again, text.text, NULL));
        assert(loop_url_same_origin(url, &again));
        assert(strcmp(url->path, again.path) == 0);
        loop_url_free(&again);
    }
    strbuf_free(&text);
}

static void check_no_dots(const char *path)
{
    size_t len = strcspn(path, "?");

    for (size_t i = 0; i < len; i++) {
        if (path[i] != '/' || path[i + 1] != '.')
            continue;
        assert(i + 2 < len && path[i + 2] != '/');
        if (path[i + 2] == '.')
            assert(i + 3 < len && path[i + 3] != '/');
    }
}

/* A URL, a NUL, and where it is redirected to. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 2);
    struct loop_url url, next;
    struct strbuf error;

    if (text == NULL)
        abort();
    memcpy(text, data, size);
    text[size] = text[size + 1] = '\0';
    strbuf_init(&error, 256);
    if (loop_url_parse(&url, text, &error)) {
        check_url(&url);
        if (loop_url_join(&next, &url, text + strlen(text) + 1, &error)) {
            check_url(&next);
            check_no_dots(next.path);
            assert(next.user == NULL && next.password == NULL);
            loop_url_free(&next);
        }
        loop_url_free(&url);
    }
    strbuf_free(&error);
    free(text);
    return 0;
}
