/* capture_savefile: the formats pcap and pcapng. SPDX-License-Identifier: MIT
 */
#ifndef KELVIN_RUN_CAPTURE_SAVEFILE_H
#define KELVIN_RUN_CAPTURE_SAVEFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/packet/decode.h"

/*
 * Finds the frames in the bytes of a capture file, where they are: nothing is
 * copied, nothing is read. That makes it several times cheaper than libpcap's
 * reader, lets pipes be read without blocking, and takes files with more than
 * one link type, which libpcap does not.
 *
 * Formats: draft-ietf-opsawg-pcap (with nanoseconds, both byte orders, the
 * longer records of Kuznetzov's patch) and draft-ietf-opsawg-pcapng.
 */
struct savefile;

enum savefile_result {
    SAVEFILE_FRAME,  /* `frame` is the next one */
    SAVEFILE_LINK,   /* frame->link_type may come from now on */
    SAVEFILE_MORE,   /* what is there does not make a record */
    SAVEFILE_CORRUPT /* and there is no going on: savefile_error() */
};

/* As many bytes as one call of savefile_next() may need to see at once. */
#define SAVEFILE_WINDOW (256 * 1024 + 64)

struct savefile *savefile_new(void);
void savefile_free(struct savefile *file);

/*
 * The next record of `len` bytes, which go on where the last call's `*used`
 * ended. `*used` bytes may be forgotten once the frame is done with.
 * @param bytes may be changed in place (NFLOG headers of the other byte
 * order are swapped, as libpcap does).
 * @param frame filled on SAVEFILE_FRAME, pointing into `bytes`; on
 * SAVEFILE_LINK only its link_type.
 */
enum savefile_result savefile_next(struct savefile *file, uint8_t *bytes,
                                   size_t len, size_t *used,
                                   struct frame *frame);

/* True when the file may end here: a header was seen, and no record is open.
 * The bytes that savefile_next() did not use must be none, too. */
bool savefile_may_end(const struct savefile *file);

/* What is wrong, after SAVEFILE_CORRUPT; valid as long as the program. */
const char *savefile_error(const struct savefile *file);

#endif
