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

#define ENTRY_HEADER ATTRS_ENTRY_HEADER

static size_t value_len(const unsigned char *entry)
{
    uint16_t len;

    memcpy(&len, entry + 1, sizeof(len));
    return len;
}

/* The entry of an attribute, or NULL. */
static const unsigned char *find(const unsigned char *entries, size_t len,
                                 enum attr attr)
{
    const unsigned char *end = entries + len;

    for (const unsigned char *at = entries; at < end;
         at += ENTRY_HEADER + value_len(at))
        if (at[0] == attr)
            return at;
    return NULL;
}

static const unsigned char *find_in(const struct attrs *attrs, enum attr attr)
{
    return attrs != NULL ? find(attrs->entries, attrs->len, attr) : NULL;
}

void attrs_draft(struct attrs_draft *draft, const struct attrs *from)
{
    draft->len = from != NULL ? from->len : 0;
    if (from != NULL)
        memcpy(draft->entries, from->entries, from->len);
}

/* Take out what is replaced. */
static void cut(struct attrs_draft *draft, enum attr attr)
{
    const unsigned char *entry = find(draft->entries, draft->len, attr);
    const unsigned char *end = draft->entries + draft->len;
    size_t size;

    if (entry == NULL)
        return;
    size = ENTRY_HEADER + value_len(entry);
    memmove(draft->entries + (entry - draft->entries), entry + size,
            (size_t)(end - (entry + size)));
    draft->len -= (uint32_t)size;
}

/* The entry whose value was put behind the last one. */
static void append(struct attrs_draft *draft, enum attr attr, size_t len)
{
    unsigned char *entry = draft->entries + draft->len;
    uint16_t value_len = (uint16_t)len;

    entry[0] = (unsigned char)attr;
    memcpy(entry + 1, &value_len, sizeof(value_len));
    draft->len += (uint32_t)(ENTRY_HEADER + len);
}

void attrs_draft_text(struct attrs_draft *draft, enum attr attr,
                      const void *text, size_t len)
{
    char clean[ATTR_TEXT_MAX + 1];
    size_t size = utf8_clean(clean, sizeof(clean), text, len);

    if (size == 0)
        return;
    cut(draft, attr);
    memcpy(draft->entries + draft->len + ENTRY_HEADER, clean, size + 1);
    append(draft, attr, size + 1);
}

void attrs_draft_number(struct attrs_draft *draft, enum attr attr,
                        uint64_t number)
{
    cut(draft, attr);
    memcpy(draft->entries + draft->len + ENTRY_HEADER, &number, sizeof(number));
    append(draft, attr, sizeof(number));
}

void attrs_keep(struct attrs **attrs, const struct attrs_draft *draft)
{
    if (draft->len == 0)
        return;
    *attrs = mem_realloc(*attrs, 1, sizeof(struct attrs) + draft->len);
    (*attrs)->len = draft->len;
    memcpy((*attrs)->entries, draft->entries, draft->len);
}

void attrs_set_text(struct attrs **attrs, enum attr attr, const void *text,
                    size_t len)
{
    struct attrs_draft draft;

    attrs_draft(&draft, *attrs);
    attrs_draft_text(&draft, attr, text, len);
    attrs_keep(attrs, &draft);
}

void attrs_set_number(struct attrs **attrs, enum attr attr, uint64_t number)
{
    const unsigned char *entry = find_in(*attrs, attr);
    struct attrs_draft draft;

    if (entry != NULL) {
        memcpy((*attrs)->entries + (entry - (*attrs)->entries) + ENTRY_HEADER,
               &number, sizeof(number));
        return;
    }
    attrs_draft(&draft, *attrs);
    attrs_draft_number(&draft, attr, number);
    attrs_keep(attrs, &draft);
}

const char *attrs_text(const struct attrs *attrs, enum attr attr)
{
    const unsigned char *entry = find_in(attrs, attr);

    return entry != NULL ? (const char *)entry + ENTRY_HEADER : NULL;
}

uint64_t attrs_number(const struct attrs *attrs, enum attr attr,
                      uint64_t otherwise)
{
    const unsigned char *entry = find_in(attrs, attr);
    uint64_t number = otherwise;

    if (entry != NULL)
        memcpy(&number, entry + ENTRY_HEADER, sizeof(number));
    return number;
}
