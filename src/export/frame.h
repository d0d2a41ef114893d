/* frame: one record as queue and spool keep it. SPDX-License-Identifier: MIT */
#ifndef KELVIN_EXPORT_FRAME_H
#define KELVIN_EXPORT_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A head and behind it the record and a newline. In memory the checksum is
 * still to be made; on disk it covers the rest of the head and the record.
 * Numbers are the host's: a spool does not leave its machine.
 */
struct frame_head {
    uint32_t mark; /* FRAME_MARK, where a reader may begin again */
    uint32_t crc;
    uint64_t number; /* each record's is one more than that before */
    uint32_t when_s; /* when it was made, seconds of the epoch */
    uint32_t len;    /* of the record and its newline */
};

#define FRAME_MARK UINT32_C(0x5370b6e7)
#define FRAME_MAX (64u << 10) /* bytes of a record and its newline */

_Static_assert(sizeof(struct frame_head) == 24, "no holes");

/* The frame's checksum, of the head (its crc apart) and what follows it. */
uint32_t frame_crc(const struct frame_head *head, const void *body);

/* Make the checksums of the frames that fill `bytes`. */
void frame_seal(unsigned char *bytes, size_t len);

/* Whether there is a whole, undamaged frame here.
 * @param len how many bytes there are. */
bool frame_is_whole(const unsigned char *bytes, size_t len,
                    struct frame_head *head);

#endif
