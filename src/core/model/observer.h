/* observer: the only way out of the model. SPDX-License-Identifier: MIT */
#ifndef KELVIN_MODEL_OBSERVER_H
#define KELVIN_MODEL_OBSERVER_H

#include <stdbool.h>
#include <stdint.h>

struct alert_event;
struct device;
struct iface;
struct flow;
struct host;

/* Counters of a flow at its last record; a record tells the difference. */
struct flow_mark {
    uint64_t packets[2];
    uint64_t bytes[2];
    uint32_t trouble[2][3];
    int64_t when_us;  /* the record's last packet */
    uint32_t records; /* records made so far */
};

/*
 * Called synchronously while the engine works: an observer reads, queues and
 * returns; it never calls back into the engine. Any function may be NULL.
 */
struct observer {
    /* A flow has something to record: it ended, or (`is_partial`) lives on
     * and told nothing for five minutes. `mark` is what the record before
     * covered, all zero for the first. The flow is valid during the call. */
    void (*flow_record)(void *arg, const struct iface *iface,
                        const struct flow *flow, const struct flow_mark *mark,
                        bool is_partial);
    /* A host that was not there before. It has its address and place; what
     * it does is not counted yet. */
    void (*host_seen)(void *arg, const struct iface *iface,
                      const struct host *host);
    /* It is about to be forgotten: idle for too long, or thrown out. Not told
     * of those that are there at the end. */
    void (*host_gone)(void *arg, const struct iface *iface,
                      const struct host *host);
    /* The same of a device: first seen sending, and about to be forgotten. */
    void (*device_seen)(void *arg, const struct iface *iface,
                        const struct device *device);
    void (*device_gone)(void *arg, const struct iface *iface,
                        const struct device *device);
    /* Something is wrong, is right again, or happened: alert.h. */
    void (*alert)(void *arg, const struct iface *iface,
                  const struct alert_event *event);
    /* A second of the interface's clock is over. */
    void (*tick)(void *arg, const struct iface *iface, int64_t now_us);
    void *arg;
};

#endif
