/* frame: one record as queue and spool keep it. SPDX-License-Identifier: MIT */
#include "export/frame.h"

#include <string.h>
#include <zlib.h>

uint32_t frame_crc(const struct frame_head *head, const void *body)
{
    struct frame_head bare = *head;
    uLong crc;

    bare.crc = 0;
    crc = crc32(0, (const Bytef *)&bare, sizeof(bare));
    return (uint32_t)crc32(crc, body, head->len);
}

void frame_seal(unsigned char *bytes, size_t len)
{
    struct frame_head head;

    for (size_t at = 0; at < len; at += sizeof(head) + head.len) {
        memcpy(&head, bytes + at, sizeof(head));
        head.crc = frame_crc(&head, bytes + at + sizeof(head));
        memcpy(bytes + at, &head, sizeof(head));
    }
}

bool frame_is_whole(const unsigned char *bytes, size_t len,
                    struct frame_head *head)
{
    if (len < sizeof(*head))
        return false;
    memcpy(head, bytes, sizeof(*head));
    return head->mark == FRAME_MARK && head->len > 0 &&
           head->len <= FRAME_MAX && head->len <= len - sizeof(*head) &&
           bytes[sizeof(*head) + head->len - 1] == '\n' &&
           head->crc == frame_crc(head, bytes + sizeof(*head));
}
