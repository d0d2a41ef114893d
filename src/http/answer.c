/* answer: what answers are made of. SPDX-License-Identifier: MIT */
#include "http/answer.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/util/utf8.h"

/* On every answer. No inline script or style, nothing from elsewhere, no
 * frames around us. */
static const struct head_field common_headers[ANSWER_HEADERS] = {
    {"Content-Security-Policy",
     "default-src 'none'; script-src 'self'; style-src 'self'; "
     "img-src 'self' data:; font-src 'self'; connect-src 'self'; "
     "manifest-src 'self'; form-action 'self'; base-uri 'none'; "
     "frame-ancestors 'none'"},
    {"X-Content-Type-Options", "nosniff"},
    {"X-Frame-Options", "DENY"},
    {"Referrer-Policy", "same-origin"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
};

static const struct {
    int status;
    const char *reason;
} reasons[] = {
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {206, "Partial Content"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {422, "Unprocessable Content"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
};

const struct head_field *answer_header(size_t number)
{
    return &common_headers[number];
}

const char *answer_reason(int status)
{
    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
        if (reasons[i].status == status)
            return reasons[i].reason;
    return "";
}

void answer_refusal(struct strbuf *out, int status)
{
    const char *reason = answer_reason(status);

    strbuf_printf(out, "HTTP/1.1 %d %s\r\n", status, reason);
    for (size_t i = 0; i < ANSWER_HEADERS; i++)
        strbuf_printf(out, "%s: %s\r\n", common_headers[i].name,
                      common_headers[i].value);
    if (status == 429 || status == 503)
        strbuf_puts(out, "Retry-After: 10\r\n");
    strbuf_printf(out,
                  "Cache-Control: no-store\r\n"
                  "Content-Type: text/plain; charset=utf-8\r\n"
                  "Content-Length: %zu\r\nConnection: close\r\n\r\n%d %s\n",
                  strlen(reason) + 5, status, reason);
}

void answer_escape(struct strbuf *out, const char *text, size_t len)
{
    for (size_t at = 0; at < len;) {
        const unsigned char *byte = (const unsigned char *)text + at;
        size_t step = utf8_sequence(byte, len - at);

        if (step == 0 || utf8_is_control(byte, step))
            strbuf_puts(out, "?");
        else if (*byte == '&')
            strbuf_puts(out, "&amp;");
        else if (*byte == '<')
            strbuf_puts(out, "&lt;");
        else if (*byte == '>')
            strbuf_puts(out, "&gt;");
        else if (*byte == '"')
            strbuf_puts(out, "&quot;");
        else if (*byte == '\'')
            strbuf_puts(out, "&#39;");
        else
            strbuf_add(out, byte, step);
        at += step != 0 ? step : 1;
    }
}

bool answer_tag_matches(const char *if_none_match, const char *etag)
{
    size_t len = strlen(etag);

    while (if_none_match != NULL && *if_none_match != '\0') {
        const char *tag = if_none_match + strspn(if_none_match, " \t,");
        size_t item;

        if (*tag == '*')
            return true;
        if (strncmp(tag, "W/", 2) == 0)
            tag += 2;
        if (*tag != '"')
            return false;
        item = strcspn(tag + 1, "\"") + 2;
        if (item == len && strncmp(tag, etag, len) == 0)
            return true;
        if (tag[item - 1] != '"')
            return false;
        if_none_match = tag + item;
    }
    return false;
}

/* Decimal digits, at least one, that fit into 63 bits. */
static bool parse_offset(const char **text, uint64_t *number)
{
    size_t digits = strspn(*text, "0123456789");

    if (digits == 0 || digits > 18)
        return false;
    *number = strtoull(*text, NULL, 10);
    *text += digits;
    return true;
}

enum answer_range answer_parse_range(const char *text, uint64_t size,
                                     uint64_t *first, uint64_t *last)
{
    bool is_suffix;

    if (text == NULL || strncasecmp(text, "bytes=", 6) != 0)
        return RANGE_ALL;
    text += 6;
    is_suffix = *text == '-';
    *last = UINT64_MAX;
    if (is_suffix) {
        text++;
        if (!parse_offset(&text, last) || *text != '\0')
            return RANGE_ALL;
        if (*last == 0 || size == 0)
            return RANGE_NONE;
        *first = *last < size ? size - *last : 0;
        *last = size - 1;
        return RANGE_PART;
    }
    if (!parse_offset(&text, first) || *text++ != '-')
        return RANGE_ALL;
    if ((*text != '\0' && !parse_offset(&text, last)) || *text != '\0' ||
        *last < *first)
        return RANGE_ALL;
    if (*first >= size)
        return RANGE_NONE;
    if (*last >= size)
        *last = size - 1;
    return RANGE_PART;
}
