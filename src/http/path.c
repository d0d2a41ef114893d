/* path: what a request asks for, in one spelling. SPDX-License-Identifier: MIT
 */
#include "http/path.h"

#include <string.h>

#include "core/util/utf8.h"

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

static bool is_utf8(const char *text, size_t len)
{
    size_t at = 0;

    while (at < len) {
        size_t step = utf8_sequence((const unsigned char *)text + at, len - at);

        if (step == 0)
            return false;
        at += step;
    }
    return true;
}

bool path_unescape(char *to, const char *from, size_t len, bool plus)
{
    size_t out = 0;

    for (size_t i = 0; i < len; i++) {
        char c = from[i];

        if (c == '%') {
            int high = i + 2 < len ? hex_digit(from[i + 1]) : -1;
            int low = i + 2 < len ? hex_digit(from[i + 2]) : -1;

            if (high < 0 || low < 0)
                return false;
            c = (char)(high << 4 | low);
            i += 2;
        } else if (plus && c == '+') {
            c = ' ';
        }
        if (c == '\0')
            return false;
        to[out++] = c;
    }
    to[out] = '\0';
    return is_utf8(to, out);
}

/* No empty name but after the last slash, none that ends in a dot. */
static bool names_are_plain(const char *path)
{
    for (const char *at = path + 1; *at != '\0';) {
        size_t len = strcspn(at, "/");

        if (len == 0 || at[len - 1] == '.')
            return false;
        at += len;
        if (*at == '/')
            at++;
    }
    return true;
}

static bool has_control(const char *path)
{
    for (const char *at = path; *at != '\0';) {
        size_t step = utf8_sequence((const unsigned char *)at, strlen(at));

        if (utf8_is_control((const unsigned char *)at, step))
            return true;
        at += step;
    }
    return false;
}

bool path_decode(const char *target, size_t len, char path[PATH_TEXT_MAX])
{
    size_t slashes = 0;

    if (len == 0 || target[0] != '/' || len >= PATH_TEXT_MAX ||
        !path_unescape(path, target, len, false))
        return false;
    /* An encoded slash is one that the target does not show. */
    for (size_t i = 0; i < len; i++)
        slashes += target[i] == '/';
    for (const char *at = path; *at != '\0'; at++)
        slashes -= *at == '/';
    return slashes == 0 && strpbrk(path, "\\;") == NULL && !has_control(path) &&
           names_are_plain(path);
}

void path_strip(char *path, const char *prefix)
{
    size_t len = prefix != NULL ? strlen(prefix) : 0;

    if (len == 0 || strncmp(path, prefix, len) != 0)
        return;
    if (path[len] == '\0')
        memcpy(path, "/", 2);
    else if (path[len] == '/')
        memmove(path, path + len, strlen(path + len) + 1);
}
