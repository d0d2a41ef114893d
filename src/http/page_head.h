/* page_head: the header block that a page prints. SPDX-License-Identifier: MIT
 */
#ifndef KELVIN_HTTP_PAGE_HEAD_H
#define KELVIN_HTTP_PAGE_HEAD_H

#include <stdbool.h>
#include <stddef.h>

#include "http/head.h"

/*
 * Scripts for ntopng print their whole answer: "HTTP/1.1 200 OK\r\n", lines of
 * headers, an empty line, and the body. Lines may also end in "\n" alone. A
 * block that is not of this form is refused as a whole: nothing of a page's
 * output becomes a header by accident.
 */
#define PAGE_HEAD_MAX 16384 /* bytes of the block */
#define PAGE_FIELDS 32

struct page_head {
    char *text; /* what the fields point into */
    int status;
    const char *type; /* Content-Type; NULL: none is given */
    unsigned field_count;
    struct head_field fields[PAGE_FIELDS]; /* without Content-Type */
};

enum page_head_state {
    PAGE_HEAD_NONE,  /* the output begins with something else */
    PAGE_HEAD_MORE,  /* there must come more of it */
    PAGE_HEAD_WHOLE, /* of `len` bytes */
    PAGE_HEAD_LONG,  /* it does not end within PAGE_HEAD_MAX */
};

/* Look at the beginning of a page's output. */
enum page_head_state page_head_find(const char *bytes, size_t count,
                                    size_t *len);

/* Parse a whole block.
 * @return false, and nothing in `head`: it is malformed, has too many fields,
 * or a status that no page should use. */
bool page_head_parse(struct page_head *head, const char *bytes, size_t len);

void page_head_free(struct page_head *head);

#endif
