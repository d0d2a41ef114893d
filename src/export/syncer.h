/* syncer: files to the disk, without waiting. SPDX-License-Identifier: MIT */
#ifndef KELVIN_EXPORT_SYNCER_H
#define KELVIN_EXPORT_SYNCER_H

/*
 * fdatasync() takes as long as the disk likes, a second and more on an SD
 * card. The kernel does it beside the process when it is asked through its
 * own asynchronous I/O (io_submit(2), IOCB_CMD_FDSYNC). Where that is refused,
 * as some containers do, writing is only begun (sync_file_range).
 */
struct syncer;

struct syncer *syncer_new(void);

/* Waits for what is under way. NULL is fine. */
void syncer_free(struct syncer *syncer);

/* Begin to bring to the disk what was written to this file so far. The
 * descriptor may be closed at once. Too many at the same time are begun by
 * sync_file_range. */
void syncer_begin(struct syncer *syncer, int fd);

#endif
