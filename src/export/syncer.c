/* syncer: files to the disk, without waiting. SPDX-License-Identifier: MIT */
#include "export/syncer.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "core/util/log.h"
#include "core/util/mem.h"

#define SYNCS 32 /* at the same time, of all spools */

struct syncer {
    aio_context_t context; /* 0: there is none */
    struct iocb calls[SYNCS];
    bool is_busy[SYNCS];
    unsigned busy;
};

struct syncer *syncer_new(void)
{
    struct syncer *syncer = mem_calloc(1, sizeof(*syncer));

    if (syscall(SYS_io_setup, SYNCS, &syncer->context) == -1) {
        syncer->context = 0;
        log_info("export", "no asynchronous fdatasync: %s", strerror(errno));
    }
    return syncer;
}

/* Take back those that are done. @param wait: until all are. */
static void collect(struct syncer *syncer, bool wait)
{
    struct timespec no_time = {0, 0};
    struct io_event events[SYNCS];

    while (syncer->busy > 0) {
        long done = syscall(SYS_io_getevents, syncer->context,
                            wait ? (long)syncer->busy : 0L, (long)SYNCS, events,
                            wait ? NULL : &no_time);

        if (done == -1 && errno == EINTR)
            continue;
        if (done <= 0)
            return;
        for (long i = 0; i < done; i++) {
            syncer->is_busy[events[i].data] = false;
            syncer->busy--;
            if (events[i].res < 0)
                log_info("export", "fdatasync: %s",
                         strerror((int)-events[i].res));
        }
    }
}

static bool submit(struct syncer *syncer, int fd)
{
    struct iocb *call;
    unsigned i = 0;

    if (syncer->context == 0)
        return false;
    collect(syncer, false);
    while (i < SYNCS && syncer->is_busy[i])
        i++;
    if (i == SYNCS)
        return false;
    call = &syncer->calls[i];
    memset(call, 0, sizeof(*call));
    call->aio_lio_opcode = IOCB_CMD_FDSYNC;
    call->aio_fildes = (uint32_t)fd;
    call->aio_data = i;
    if (syscall(SYS_io_submit, syncer->context, 1L, &call) != 1)
        return false;
    syncer->is_busy[i] = true;
    syncer->busy++;
    return true;
}

void syncer_begin(struct syncer *syncer, int fd)
{
    if (!submit(syncer, fd))
        (void)sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE);
}

void syncer_free(struct syncer *syncer)
{
    if (syncer == NULL)
        return;
    collect(syncer, true);
    if (syncer->context != 0)
        syscall(SYS_io_destroy, syncer->context);
    free(syncer);
}
