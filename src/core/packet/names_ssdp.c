/* names_ssdp: UPnP devices. SPDX-License-Identifier: MIT */
#include <string.h>
#include <strings.h>

#include "core/packet/names_internal.h"
#include "core/packet/os.h"

#define LINES_MAX 32

/* The rest of a message, as text without NUL. */
struct text {
    const char *at;
    size_t len;
};

/* Headers that tell something, and the member that takes them. */
static const struct {
    const char *name;
    size_t offset;
    size_t size;
} headers[] = {
#define MEMBER(name) \
    offsetof(struct host_hint, name), sizeof(((struct host_hint *)0)->name)
    {"server", MEMBER(info)}, {"user-agent", MEMBER(info)},
    {"st", MEMBER(service)},  {"nt", MEMBER(service)},
    {"usn", MEMBER(usn)},     {"location", MEMBER(location)},
#undef MEMBER
};

/* Take the next line off the text; it may end in CR LF, LF or nothing. */
static struct text line_take(struct text *text)
{
    const char *end = memchr(text->at, '\n', text->len);
    struct text line = {text->at, end ? (size_t)(end - text->at) : text->len};
    size_t taken = end ? line.len + 1 : line.len;

    text->at += taken;
    text->len -= taken;
    if (line.len > 0 && line.at[line.len - 1] == '\r')
        line.len--;
    return line;
}

static bool text_starts(const struct text *text, const char *start)
{
    size_t len = strlen(start);

    return text->len >= len && strncasecmp(text->at, start, len) == 0;
}

/* Split "Name: value". @return false when it is no header. */
static bool header_split(struct text line, struct text *name,
                         struct text *value)
{
    const char *colon = memchr(line.at, ':', line.len);

    if (!colon)
        return false;
    *name = (struct text){line.at, (size_t)(colon - line.at)};
    *value = (struct text){colon + 1, line.len - name->len - 1};
    while (value->len > 0 && *value->at == ' ') {
        value->at++;
        value->len--;
    }
    return true;
}

static bool text_equal(const struct text *text, const char *other)
{
    return text->len == strlen(other) && text_starts(text, other);
}

static void header_enter(const struct text *name, const struct text *value,
                         struct host_hint *hint)
{
    for (size_t i = 0; i < sizeof(headers) / sizeof(*headers); i++)
        if (text_equal(name, headers[i].name))
            hint_text((char *)hint + headers[i].offset, headers[i].size,
                      value->at, value->len);
}

/* Search, notification or response (UPnP Device Architecture 1.1, 1.2 and
 * 1.3); a device that says good-bye tells nothing. */
void names_ssdp(const struct names_call *call)
{
    struct text text = {(const char *)call->packet->payload,
                        call->packet->payload_len};
    struct text line = line_take(&text), name, value;
    struct host_hint hint = hint_of_sender(call, HINT_SSDP);

    if (!hint.has_ip ||
        (!text_starts(&line, "NOTIFY *") && !text_starts(&line, "M-SEARCH *") &&
         !text_starts(&line, "HTTP/1.1 200")))
        return;
    for (int i = 0; i < LINES_MAX && text.len > 0; i++) {
        line = line_take(&text);
        if (line.len == 0)
            break;
        if (!header_split(line, &name, &value))
            continue;
        if (text_equal(&name, "nts") && text_starts(&value, "ssdp:byebye"))
            return;
        header_enter(&name, &value, &hint);
    }
    hint.os = os_from_user_agent(hint.info);
    call->found(call->arg, &hint);
}
