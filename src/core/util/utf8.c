/* utf8: bytes of the network as text. SPDX-License-Identifier: MIT */
#include "core/util/utf8.h"

#include <stdint.h>
#include <string.h>

static bool is_tail(const unsigned char *from, size_t len, size_t count)
{
    size_t i;

    if (len < count + 1)
        return false;
    for (i = 1; i <= count; i++)
        if ((from[i] & 0xc0) != 0x80)
            return false;
    return true;
}

/* The table of RFC 3629, 4: the second byte alone tells overlong forms,
 * surrogates and code points past U+10FFFF. */
size_t utf8_sequence(const unsigned char *from, size_t len)
{
    if (len == 0)
        return 0;
    if (from[0] < 0x80)
        return 1;
    if (from[0] < 0xc2 || from[0] > 0xf4)
        return 0;
    if (from[0] < 0xe0)
        return is_tail(from, len, 1) ? 2 : 0;
    if (from[0] < 0xf0) {
        if (!is_tail(from, len, 2) || (from[0] == 0xe0 && from[1] < 0xa0) ||
            (from[0] == 0xed && from[1] > 0x9f))
            return 0;
        return 3;
    }
    if (!is_tail(from, len, 3) || (from[0] == 0xf0 && from[1] < 0x90) ||
        (from[0] == 0xf4 && from[1] > 0x8f))
        return 0;
    return 4;
}

bool utf8_is_control(const unsigned char *sequence, size_t len)
{
    if (len == 1)
        return sequence[0] < 0x20 || sequence[0] == 0x7f;
    return len == 2 && sequence[0] == 0xc2 && sequence[1] < 0xa0;
}

#define EACH_BYTE(byte) (UINT64_MAX / UINT8_MAX * (byte))

/* Eight bytes from 0x20 to 0x7e at once: what is below borrows into its top
 * bit, what is above carries. */
static bool is_plain(const unsigned char *at)
{
    uint64_t bytes;

    memcpy(&bytes, at, sizeof(bytes));
    return ((bytes | (bytes - EACH_BYTE(0x20)) | (bytes + EACH_BYTE(0x01))) &
            EACH_BYTE(0x80)) == 0;
}

size_t utf8_clean(char *to, size_t size, const void *from, size_t len)
{
    const unsigned char *at = from;
    size_t out = 0;

    if (size == 0)
        return 0;
    while (len > 0) {
        /* Nearly all text is plain, and most comes through here. */
        while (len >= 8 && size - 1 - out >= 8 && is_plain(at)) {
            memmove(to + out, at, 8);
            out += 8;
            at += 8;
            len -= 8;
        }
        while (len > 0 && out < size - 1 && *at >= 0x20 && *at < 0x7f) {
            to[out++] = (char)*at++;
            len--;
        }
        if (len == 0)
            break;
        size_t sequence = utf8_sequence(at, len);
        bool is_text = sequence != 0 && !utf8_is_control(at, sequence);
        size_t taken = sequence != 0 ? sequence : 1;
        size_t given = is_text ? sequence : 1;

        if (given > size - 1 - out)
            break;
        if (is_text)
            memmove(to + out, at, given);
        else
            to[out] = '?';
        out += given;
        at += taken;
        len -= taken;
    }
    to[out] = '\0';
    return out;
}
