/* utf8: bytes of the network as text. SPDX-License-Identifier: MIT */
#ifndef KELVIN_UTIL_UTF8_H
#define KELVIN_UTIL_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Copy text from the network: valid UTF-8 stays, any other byte and every
 * control character becomes '?' (C0, DEL, C1, NUL too). Stops before a
 * character that does not fit. The result ends in NUL.
 * @return the length of the result, at most size - 1.
 */
size_t utf8_clean(char *to, size_t size, const void *from, size_t len);

/* Length in bytes of the valid UTF-8 sequence at `from` (RFC 3629: shortest
 * form, no surrogates), or 0. */
size_t utf8_sequence(const unsigned char *from, size_t len);

/* Whether the sequence of `len` bytes, as utf8_sequence() found it, is a
 * control character: C0, DEL, or C1, whose two bytes terminals obey like ESC.
 */
bool utf8_is_control(const unsigned char *sequence, size_t len);

#endif
