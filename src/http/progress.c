/* progress: whether a client reads. SPDX-License-Identifier: MIT */
#include "http/progress.h"

#include <linux/sockios.h>
#include <sys/ioctl.h>

/* Bytes in the socket that the client has not acknowledged. With TLS they are
 * some more than were put in. */
static uint64_t unacknowledged(int fd, uint64_t sent)
{
    int bytes = 0;

    if (ioctl(fd, SIOCOUTQ, &bytes) != 0 || bytes < 0)
        return 0;
    return (uint64_t)bytes < sent ? (uint64_t)bytes : sent;
}

int64_t progress_stall_us(struct progress *progress, int fd, size_t waiting,
                          size_t step, int64_t now_us)
{
    uint64_t done = progress->sent - unacknowledged(fd, progress->sent);
    uint64_t all = progress->sent + waiting;

    if (done >= progress->goal) {
        progress->goal = all - done < step ? all : done + step;
        progress->since_us = now_us;
    }
    return now_us - progress->since_us;
}
