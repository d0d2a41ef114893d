/* page_head: the header block that a page prints. SPDX-License-Identifier: MIT
 */
#include "http/page_head.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/util/mem.h"
#include "http/answer.h"

#define BEGIN "HTTP/1."
#define TOKEN "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"

/* Behind the empty line, or NULL. */
static const char *find_end(const char *bytes, size_t count)
{
    const char *at = bytes;
    const char *end = bytes + count;

    while ((at = memchr(at, '\n', (size_t)(end - at))) != NULL) {
        at++;
        if (at < end && *at == '\n')
            return at + 1;
        if (end - at >= 2 && at[0] == '\r' && at[1] == '\n')
            return at + 2;
    }
    return NULL;
}

enum page_head_state page_head_find(const char *bytes, size_t count,
                                    size_t *len)
{
    size_t begin = count < strlen(BEGIN) ? count : strlen(BEGIN);
    const char *end;

    if (memcmp(bytes, BEGIN, begin) != 0)
        return PAGE_HEAD_NONE;
    end = find_end(bytes, count < PAGE_HEAD_MAX ? count : PAGE_HEAD_MAX);
    if (end == NULL)
        return count < PAGE_HEAD_MAX ? PAGE_HEAD_MORE : PAGE_HEAD_LONG;
    *len = (size_t)(end - bytes);
    return PAGE_HEAD_WHOLE;
}

/* Cut the next line off. @return NULL when it does not end. */
static char *take_line(char **at)
{
    char *line = *at;
    char *end = strchr(line, '\n');

    if (end == NULL)
        return NULL;
    *at = end + 1;
    if (end > line && end[-1] == '\r')
        end--;
    *end = '\0';
    return line;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* "HTTP/1.1 200 OK"; the reason is ours to tell. */
static bool read_status(struct page_head *head, const char *line)
{
    if (line == NULL || strncmp(line, BEGIN, strlen(BEGIN)) != 0)
        return false;
    line += strlen(BEGIN);
    if (!is_digit(line[0]) || line[1] != ' ' || !is_digit(line[2]) ||
        !is_digit(line[3]) || !is_digit(line[4]) ||
        (line[5] != ' ' && line[5] != '\0'))
        return false;
    head->status = atoi(line + 2);
    return head->status >= 200 && *answer_reason(head->status) != '\0';
}

static bool has_control(const char *text)
{
    for (; *text != '\0'; text++)
        if (((unsigned char)*text < ' ' && *text != '\t') || *text == 0x7f)
            return true;
    return false;
}

static bool read_field(struct page_head *head, char *line)
{
    size_t len = strspn(line, TOKEN);
    char *value = line + len + 1;
    size_t value_len;

    if (len == 0 || line[len] != ':' || has_control(value))
        return false;
    line[len] = '\0';
    value += strspn(value, " \t");
    value_len = strlen(value);
    while (value_len > 0 && strchr(" \t", value[value_len - 1]) != NULL)
        value[--value_len] = '\0';
    if (strcasecmp(line, "Content-Type") == 0) {
        head->type = value_len > 0 ? value : NULL;
        return true;
    }
    if (head->field_count == PAGE_FIELDS)
        return false;
    head->fields[head->field_count++] = (struct head_field){line, value};
    return true;
}

static bool read_lines(struct page_head *head)
{
    char *at = head->text;
    char *line = take_line(&at);

    if (!read_status(head, line))
        return false;
    while ((line = take_line(&at)) != NULL && *line != '\0')
        if (!read_field(head, line))
            return false;
    return line != NULL && *at == '\0';
}

bool page_head_parse(struct page_head *head, const char *bytes, size_t len)
{
    *head = (struct page_head){.text = mem_alloc(len + 1)};
    memcpy(head->text, bytes, len);
    head->text[len] = '\0';
    if (memchr(bytes, '\0', len) == NULL && read_lines(head))
        return true;
    page_head_free(head);
    return false;
}

void page_head_free(struct page_head *head)
{
    free(head->text);
    *head = (struct page_head){.text = NULL};
}
