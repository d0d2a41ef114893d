/* attrs: what applications say of a flow. SPDX-License-Identifier: MIT */
#include "core/packet/attrs.h"

#include <string.h>

#include "core/util/mem.h"
#include "core/util/utf8.h"

/*
 * Entries follow each other: attribute, length of the value (two bytes), the
 * value. A text's value includes its NUL, a number's is eight bytes.
 */
struct attrs {
    uint32_t len;
    unsigned char entries[];
};

#define ENTRY_HEADER 3

static size_t value_len(const unsigned char *entry)
{
    uint16_t len;

    memcpy(&len, entry + 1, sizeof(len));
    return len;
}

/* The entry of an attribute, or NULL. */
static unsigned char *find(const struct attrs *attrs, enum attr attr)
{
    size_t at = 0;

    while (attrs != NULL && at < attrs->len) {
        const unsigned char *entry = attrs->entries + at;

        if (entry[0] == attr)
            return (unsigned char *)entry;
        at += ENTRY_HEADER + value_len(entry);
    }
    return NULL;
}

static void cut(struct attrs *attrs, unsigned char *entry)
{
    size_t size = ENTRY_HEADER + value_len(entry);
    unsigned char *end = attrs->entries + attrs->len;

    memmove(entry, entry + size, (size_t)(end - (entry + size)));
    attrs->len -= (uint32_t)size;
}

static void set(struct attrs **attrs, enum attr attr, const void *value,
                uint16_t len)
{
    unsigned char *entry = find(*attrs, attr);
    size_t used;

    if (entry != NULL && value_len(entry) == len) {
        memcpy(entry + ENTRY_HEADER, value, len);
        return;
    }
    if (entry != NULL)
        cut(*attrs, entry);
    used = *attrs != NULL ? (*attrs)->len : 0;
    *attrs = mem_realloc(*attrs, 1,
                         sizeof(struct attrs) + used + ENTRY_HEADER + len);
    entry = (*attrs)->entries + used;
    entry[0] = (unsigned char)attr;
    memcpy(entry + 1, &len, sizeof(len));
    memcpy(entry + ENTRY_HEADER, value, len);
    (*attrs)->len = (uint32_t)(used + ENTRY_HEADER + len);
}

void attrs_set_text(struct attrs **attrs, enum attr attr, const void *text,
                    size_t len)
{
    char clean[ATTR_TEXT_MAX + 1];
    size_t size = utf8_clean(clean, sizeof(clean), text, len);

    if (size > 0)
        set(attrs, attr, clean, (uint16_t)(size + 1));
}

void attrs_set_number(struct attrs **attrs, enum attr attr, uint64_t number)
{
    set(attrs, attr, &number, sizeof(number));
}

const char *attrs_text(const struct attrs *attrs, enum attr attr)
{
    const unsigned char *entry = find(attrs, attr);

    return entry != NULL ? (const char *)entry + ENTRY_HEADER : NULL;
}

uint64_t attrs_number(const struct attrs *attrs, enum attr attr,
                      uint64_t otherwise)
{
    const unsigned char *entry = find(attrs, attr);
    uint64_t number = otherwise;

    if (entry != NULL)
        memcpy(&number, entry + ENTRY_HEADER, sizeof(number));
    return number;
}
