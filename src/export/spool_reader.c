/* spool_reader: frames of a segment, damaged or not. SPDX-License-Identifier:
 * MIT */
#include "export/spool_reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/util/mem.h"

void spool_reader_open(struct spool_reader *reader, int fd)
{
    unsigned char *buffer = reader->buffer;

    if (reader->fd != -1)
        close(reader->fd);
    *reader = (struct spool_reader){.fd = fd, .buffer = buffer};
    if (buffer == NULL)
        reader->buffer = mem_alloc(SPOOL_READER_SIZE);
}

void spool_reader_close(struct spool_reader *reader)
{
    if (reader->fd != -1)
        close(reader->fd);
    free(reader->buffer);
    *reader = (struct spool_reader){.fd = -1};
}

void spool_reader_go_on(struct spool_reader *reader)
{
    reader->is_over = reader->tries > SPOOL_READER_TRIES;
}

/* @return false when the file has no more. */
static bool read_more(struct spool_reader *reader)
{
    ssize_t len;

    if (reader->is_over)
        return false;
    if (reader->at > 0) {
        memmove(reader->buffer, reader->buffer + reader->at,
                reader->end - reader->at);
        reader->end -= reader->at;
        reader->at = 0;
    }
    do
        len = read(reader->fd, reader->buffer + reader->end,
                   SPOOL_READER_SIZE - reader->end);
    while (len == -1 && errno == EINTR);
    if (len <= 0) {
        reader->is_over = true;
        return false;
    }
    reader->end += (size_t)len;
    return true;
}

enum found { WHOLE, DAMAGED, MORE };

static enum found look(const struct spool_reader *reader,
                       struct frame_head *head)
{
    size_t len = reader->end - reader->at;
    const unsigned char *at = reader->buffer + reader->at;

    if (len < sizeof(*head))
        return MORE;
    memcpy(head, at, sizeof(*head));
    if (head->mark != FRAME_MARK || head->len == 0 || head->len > FRAME_MAX)
        return DAMAGED;
    if (len - sizeof(*head) < head->len)
        return MORE;
    return frame_is_whole(at, len, head) ? WHOLE : DAMAGED;
}

/* Go to where the next mark may begin. */
static void skip(struct spool_reader *reader)
{
    const uint32_t mark = FRAME_MARK;
    const unsigned char *at = reader->buffer + reader->at;
    const unsigned char *next =
        memmem(at + 1, reader->end - reader->at - 1, &mark, sizeof(mark));

    if (memcmp(at, &mark, sizeof(mark)) == 0 &&
        ++reader->tries > SPOOL_READER_TRIES) {
        reader->at = reader->end;
        reader->is_over = true;
    } else if (next != NULL) {
        reader->at = (size_t)(next - reader->buffer);
    } else { /* its first bytes may be the last ones */
        size_t left = reader->end - reader->at - 1;

        reader->at = reader->end - (left < 3 ? left : 3);
    }
}

const unsigned char *spool_reader_find(struct spool_reader *reader,
                                       bool may_read, struct frame_head *head)
{
    for (;;) {
        switch (look(reader, head)) {
        case WHOLE:
            return reader->buffer + reader->at;
        case DAMAGED:
            skip(reader);
            break;
        case MORE:
            if (may_read && read_more(reader))
                break;
            if (!may_read || reader->end - reader->at < sizeof(*head))
                return NULL;
            skip(reader); /* one that the file's end cuts off */
            break;
        }
    }
}

void spool_reader_pass(struct spool_reader *reader,
                       const struct frame_head *head)
{
    reader->at += sizeof(*head) + head->len;
}
