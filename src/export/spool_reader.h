/* spool_reader: frames of a segment, damaged or not. SPDX-License-Identifier:
 * MIT */
#ifndef KELVIN_EXPORT_SPOOL_READER_H
#define KELVIN_EXPORT_SPOOL_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "export/frame.h"

/*
 * Goes through one file from its begin, which may hold anything: what is no
 * frame is passed over. After so many marks without a frame behind them the
 * rest is not looked at: somebody wants to keep us busy.
 */
#define SPOOL_READER_TRIES 256

struct spool_reader {
    int fd;                /* -1: none */
    unsigned tries;        /* marks that were none */
    bool is_over;          /* nothing is left in the file */
    unsigned char *buffer; /* of SPOOL_READER_SIZE, or NULL */
    size_t at;
    size_t end;
};

#define SPOOL_READER_STEP (256u << 10)
#define SPOOL_READER_SIZE (SPOOL_READER_STEP + 2 * FRAME_MAX)

/* Read this descriptor, which is closed at the end. */
void spool_reader_open(struct spool_reader *reader, int fd);
void spool_reader_close(struct spool_reader *reader);

/*
 * The next whole frame from where the reader is, or NULL: there is none, or
 * (not `may_read`) none in memory. It is valid until one is looked for with
 * `may_read`; the reader stays before it.
 */
const unsigned char *spool_reader_find(struct spool_reader *reader,
                                       bool may_read, struct frame_head *head);

/* Go behind the frame that was found. */
void spool_reader_pass(struct spool_reader *reader,
                       const struct frame_head *head);

/* More was appended to the file. */
void spool_reader_go_on(struct spool_reader *reader);

#endif
