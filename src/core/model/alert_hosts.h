/* alert_hosts: hosts that flood, scan or dawdle. SPDX-License-Identifier: MIT
 */
#ifndef KELVIN_MODEL_ALERT_HOSTS_H
#define KELVIN_MODEL_ALERT_HOSTS_H

#include "core/model/alert.h"
#include "core/model/host.h"
#include "core/util/hash.h"
#include "core/util/table.h"

/*
 * Every host has some counters of its last second and minute. Only one that
 * is under suspicion is watched closely: at most ALERT_WATCHES at a time, of
 * which the one gives way that was suspicious longest ago, unless an alert is
 * engaged for it.
 */
#define ALERT_WATCHES 1024

/* A flood is over the limit for so many seconds in a row. */
#define ALERT_FLOOD_SECONDS 3
/* What was not over its limit for so long is released. */
#define ALERT_QUIET_S 60
/* Ports or hosts that were tried in vain within a minute. Half of it keeps a
 * scan engaged; the same holds for slow flows. */
#define ALERT_SCAN_TARGETS 64
/* Flows that ended within a minute and were slow or nearly empty. */
#define ALERT_SLOW_FLOWS 100

/* Told of an event, all of which is set. */
typedef void alert_tell(void *arg, struct alert_event *event);

struct alert_hosts_config {
    uint32_t cap; /* indices of hosts are up to this */
    struct hash_key key;
    const struct alert_config *config; /* not owned */
    const struct alert_rules *rules;   /* not owned */
    alert_tell *tell;
    void *arg;
};

struct alert_hosts;

struct alert_hosts *alert_hosts_new(const struct alert_hosts_config *config);
void alert_hosts_free(struct alert_hosts *hosts); /* NULL is fine */

/* Ask the processor for what the functions below need. */
void alert_hosts_prefetch(const struct alert_hosts *hosts, uint32_t index);

/* A host begins to live at this index. */
void alert_hosts_begin(struct alert_hosts *hosts, uint32_t index,
                       const struct host *host);

/* Its limits were set: ask for them from now on. */
void alert_hosts_ruled(struct alert_hosts *hosts, uint32_t index);

/* A second in which time passed: `now_us`, and how long it was. */
void alert_hosts_tick(struct alert_hosts *hosts, int64_t now_us, float seconds);

/* Count some of a rate. */
void alert_hosts_count(struct alert_hosts *hosts, uint32_t index,
                       const struct host *host, enum alert_rate rate,
                       uint32_t count, uint32_t now_s);

/* A flow of this client failed, to this server and port. */
void alert_hosts_failed(struct alert_hosts *hosts, uint32_t index,
                        const struct host *host, const struct addr *server,
                        uint16_t port, uint32_t now_s);

/* A flow of this client was slow. */
void alert_hosts_slow(struct alert_hosts *hosts, uint32_t index,
                      const struct host *host, uint32_t now_s);

/* Tell of all that is engaged, once more. */
void alert_hosts_retell(const struct alert_hosts *hosts);

/* Release all, as alerts are turned off. */
void alert_hosts_release(struct alert_hosts *hosts);

struct alert_hosts_counters {
    uint32_t watched; /* now */
    uint32_t engaged; /* of these */
    uint64_t refused; /* suspicions for which there was no room */
};

struct alert_hosts_counters
alert_hosts_counters(const struct alert_hosts *hosts);

#endif
