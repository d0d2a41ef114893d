/* params: names and values of a request. SPDX-License-Identifier: MIT */
#ifndef KELVIN_HTTP_PARAMS_H
#define KELVIN_HTTP_PARAMS_H

#include <stdbool.h>
#include <stddef.h>

#define PARAMS_MAX 256
#define PARAM_NAME_MAX 128
#define PARAM_VALUE_MAX 65536

/*
 * Of a query, a form body or cookies. All values are valid UTF-8 without NUL;
 * what they mean is for the handler to check. A name that comes twice has the
 * last value, as ntopng's pages expect; it keeps its first place.
 */
struct param {
    const char *name;
    const char *value;
};

struct params {
    char *text; /* what the items point into */
    size_t count;
    struct param *items;
};

/*
 * Parse "a=1&b=x+y%21". A name without '=' has an empty value; empty pieces
 * do not count.
 * @return false, and nothing in `params`: more than PARAMS_MAX, a name or a
 * value that is too long or empty (names only), a broken escape or UTF-8.
 */
bool params_parse(struct params *params, const char *text, size_t len);

/* Parse a Cookie header, "a=1; b=2". Pieces that are none are skipped, since
 * other programs of the same host set cookies too; the first value of a name
 * counts (RFC 6265, 5.4). Not more than PARAMS_MAX. `params` must be
 * empty. */
void params_parse_cookies(struct params *params, const char *text);

void params_free(struct params *params);

/* The value, or NULL. */
const char *params_get(const struct params *params, const char *name);

#endif
