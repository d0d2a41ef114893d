/* answer: what answers are made of. SPDX-License-Identifier: MIT */
#ifndef KELVIN_HTTP_ANSWER_H
#define KELVIN_HTTP_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/util/strbuf.h"
#include "http/head.h"

/* Headers that every answer has, by number below ANSWER_HEADERS. */
#define ANSWER_HEADERS 6

const struct head_field *answer_header(size_t number);

/* "Not Found"; "" for a status that nobody should use. */
const char *answer_reason(int status);

/* Append text with & < > " ' as character references, and control characters
 * and broken UTF-8 as '?'. */
void answer_escape(struct strbuf *out, const char *text, size_t len);

/* A complete refusal (RFC 9112) with "Connection: close", for what comes
 * before there is a request. */
void answer_refusal(struct strbuf *out, int status);

/* What a Range header asks of `size` bytes. */
enum answer_range {
    RANGE_ALL,  /* nothing, several parts, or what nobody understands */
    RANGE_PART, /* bytes `first` to `last` */
    RANGE_NONE  /* nothing that there is: 416 */
};

enum answer_range answer_parse_range(const char *text, uint64_t size,
                                     uint64_t *first, uint64_t *last);

/* Whether If-None-Match (NULL: no) names this entity tag (weakly compared,
 * RFC 9110, 8.8.3.2) or "*". */
bool answer_tag_matches(const char *if_none_match, const char *etag);

#endif
