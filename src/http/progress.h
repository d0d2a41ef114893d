/* progress: whether a client reads. SPDX-License-Identifier: MIT */
#ifndef KELVIN_HTTP_PROGRESS_H
#define KELVIN_HTTP_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A socket takes bytes as long as the kernel has room, which tells little of
 * who is to read them. So what counts is what the client has acknowledged:
 * in each period it must get on by `step` bytes, or to the end of what was
 * there for it at the period's beginning.
 */
struct progress {
    uint64_t sent;    /* bytes that the socket took; count them here */
    uint64_t goal;    /* acknowledged bytes that begin the next period */
    int64_t since_us; /* when this one began */
};

/*
 * Look now. `waiting` bytes are not in the socket yet.
 * @return how long (microseconds) the client has not got on; it is 0 when
 * there is nothing that it could read.
 */
int64_t progress_stall_us(struct progress *progress, int fd, size_t waiting,
                          size_t step, int64_t now_us);

#endif
