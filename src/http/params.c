/* params: names and values of a request. SPDX-License-Identifier: MIT */
#include "http/params.h"

#include <stdlib.h>
#include <string.h>

#include "core/util/mem.h"
#include "core/util/utf8.h"
#include "http/path.h"

static struct param *find(const struct params *params, const char *name)
{
    for (size_t i = 0; i < params->count; i++)
        if (strcmp(params->items[i].name, name) == 0)
            return &params->items[i];
    return NULL;
}

const char *params_get(const struct params *params, const char *name)
{
    const struct param *param = find(params, name);

    return param != NULL ? param->value : NULL;
}

static void append(struct params *params, const char *name, const char *value)
{
    if (params->items == NULL)
        params->items = mem_calloc(PARAMS_MAX, sizeof(*params->items));
    params->items[params->count++] = (struct param){name, value};
}

/* One piece of a query into `to`; how much of that it took, 0 when bad. */
static size_t parse_piece(struct params *params, char *to, const char *piece,
                          size_t len)
{
    const char *equals = memchr(piece, '=', len);
    size_t name_len = equals != NULL ? (size_t)(equals - piece) : len;
    char *value = to + name_len + 1;
    size_t value_len = equals != NULL ? len - name_len - 1 : 0;
    struct param *known;

    if (!path_unescape(to, piece, name_len, true) ||
        !path_unescape(value, piece + len - value_len, value_len, true) ||
        *to == '\0' || strlen(to) > PARAM_NAME_MAX ||
        strlen(value) > PARAM_VALUE_MAX)
        return 0;
    known = find(params, to);
    if (known != NULL)
        known->value = value;
    else if (params->count == PARAMS_MAX)
        return 0;
    else
        append(params, to, value);
    return name_len + value_len + 2;
}

bool params_parse(struct params *params, const char *text, size_t len)
{
    const char *end = text + len;
    char *to;

    /* Each piece and its '&' make room for two NULs; the last has no '&'. */
    *params = (struct params){.text = mem_alloc(len + 2 * PARAMS_MAX + 2)};
    to = params->text;
    for (unsigned pieces = 0; text < end; pieces++) {
        const char *stop = memchr(text, '&', (size_t)(end - text));
        size_t piece =
            stop != NULL ? (size_t)(stop - text) : (size_t)(end - text);

        if (piece > 0) {
            size_t used =
                pieces < PARAMS_MAX ? parse_piece(params, to, text, piece) : 0;

            if (used == 0) {
                params_free(params);
                return false;
            }
            to += used;
        }
        text += piece + 1;
    }
    return true;
}

static bool is_plain_utf8(const char *text)
{
    size_t len = strlen(text);

    while (len > 0) {
        size_t step = utf8_sequence((const unsigned char *)text, len);

        if (step == 0)
            return false;
        text += step;
        len -= step;
    }
    return true;
}

void params_parse_cookies(struct params *params, const char *text)
{
    char *rest, *piece;

    params->text = mem_strdup(text);
    rest = params->text;
    while ((piece = strsep(&rest, ";")) != NULL) {
        char *name = piece + strspn(piece, " \t");
        char *equals = strchr(name, '=');

        if (equals == NULL || equals == name || params->count == PARAMS_MAX)
            continue;
        *equals = '\0';
        if (is_plain_utf8(name) && is_plain_utf8(equals + 1) &&
            find(params, name) == NULL)
            append(params, name, equals + 1);
    }
}

void params_free(struct params *params)
{
    free(params->text);
    free(params->items);
    *params = (struct params){0};
}
