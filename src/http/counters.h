/* counters: what the web server did. SPDX-License-Identifier: MIT */
#ifndef KELVIN_HTTP_COUNTERS_H
#define KELVIN_HTTP_COUNTERS_H

#include <stdint.h>

/* Sums since the start, but for the first two. */
struct server_counters {
    uint64_t connections; /* open now */
    uint64_t streams;     /* event streams open now */
    uint64_t accepted;
    uint64_t requests;
    uint64_t answers[6];      /* by class of the status, 1xx to 5xx */
    uint64_t refused_total;   /* connections: too many */
    uint64_t refused_address; /* connections: too many of one address */
    uint64_t evicted;         /* idle connections closed to make room */
    uint64_t malformed;       /* heads that were refused */
    uint64_t too_large;       /* 413, 414, 431 */
    uint64_t too_slow;        /* heads and bodies that took too long: 408 */
    uint64_t stalled;         /* clients that did not read their answers */
    uint64_t aborted;         /* the client left before the answer was whole */
    uint64_t bytes_sent;      /* of bodies, as encoded */
    uint64_t stream_skipped;  /* events that a slow reader missed */
    uint64_t stream_dropped;  /* readers that were too slow for too long */
    uint64_t access_lost;     /* lines that the access log did not take */
    uint64_t accept_failures; /* no file descriptor left */
};

#endif
