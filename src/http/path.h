/* path: what a request asks for, in one spelling. SPDX-License-Identifier: MIT
 */
#ifndef KELVIN_HTTP_PATH_H
#define KELVIN_HTTP_PATH_H

#include <stdbool.h>
#include <stddef.h>

#define PATH_TEXT_MAX 1024

/*
 * Decode the path of a target (up to '?') once. Everything after this sees
 * one spelling only: routes, authentication, files. What has more than one
 * reading is refused, not repaired: "//", "." and "..", a name that ends in a
 * dot, ';', '\\', an encoded slash, control characters, a broken escape,
 * broken UTF-8. "%252e" becomes "%2e" and stays that.
 * @return false: refuse it with 400.
 */
bool path_decode(const char *target, size_t len, char path[PATH_TEXT_MAX]);

/* Take the prefix of -Z ("/kelvin") off a decoded path, if it has it:
 * "/kelvin/x" and "/kelvin" become "/x" and "/". In place. */
void path_strip(char *path, const char *prefix);

/*
 * Decode %XX, and with `plus` '+' as a blank, into `to`, which has room for
 * `len` + 1 bytes; ends in NUL.
 * @return false when an escape is broken or the result has a NUL or is no
 * UTF-8.
 */
bool path_unescape(char *to, const char *from, size_t len, bool plus);

#endif
