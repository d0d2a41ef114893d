/* engine: all interfaces and what they share. SPDX-License-Identifier: MIT */
#ifndef KELVIN_MODEL_ENGINE_H
#define KELVIN_MODEL_ENGINE_H

#include "core/model/alert.h"
#include "core/model/blacklist.h"
#include "core/model/iface.h"

struct engine_config {
    uint32_t max_flows; /* per interface */
    uint32_t max_hosts;
    uint32_t timeout_s[FLOW_CLASSES];
    uint32_t partial_record_s; /* a long flow tells its deltas this often */
    bool tunnel_outer;
    bool ignore_dns;            /* learn no names from DNS answers */
    bool keep_local;            /* hosts are not forgotten for being idle */
    bool keep_remote;           /* the same for remote ones */
    const char *protocols_file; /* nDPI protos.txt, or NULL */
    const char *instance_name;  /* not owned */
    const struct networks *networks; /* not owned */
    const struct locator *locator;   /* not owned, or NULL */
    uint64_t seed[HASH_WORDS + 1];   /* secret, from the kernel */
};

/*
 * The model's front door: frames come in through engine_frame(), time passes
 * by engine_tick(), and observers get what leaves. It does no I/O and reads
 * no clock.
 */
struct engine;

/* @return NULL after logging why (a bad protocols file). */
struct engine *engine_new(const struct engine_config *config);
void engine_free(struct engine *engine);

/* Call `observer` from now on; it must outlive the engine. At most
 * ENGINE_OBSERVERS of them. */
#define ENGINE_OBSERVERS 8
void engine_observe(struct engine *engine, const struct observer *observer);

/* Add an interface; its id counts from 0. A file's clock is that of its
 * packets. The name is copied, with "#2" added when it is taken. */
struct iface *engine_add_iface(struct engine *engine, const char *name,
                               bool is_live);

uint16_t engine_ifaces(const struct engine *engine);
struct iface *engine_iface(const struct engine *engine, uint16_t id);

/* Bring a file's clock to the time of its next frame. @return false: do
 * engine_work() first, or engine_frame() does all of it at once. */
static inline bool engine_catch_up(struct iface *iface, int64_t when_us)
{
    return iface_catch_up(iface, when_us);
}

/* One captured frame. */
static inline void engine_frame(struct iface *iface, const struct frame *frame)
{
    iface_frame(iface, frame);
}

/* A second of the wall clock passed: live interfaces tick. */
void engine_tick(struct engine *engine, int64_t now_us);

/* Do a slice of what ticks left. @return true: more is left. */
bool engine_work(struct engine *engine);

/* Change, from now on, after how many seconds an idle flow of a class ends, or
 * an idle host of the interfaces that there are is forgotten. */
void engine_set_flow_timeout(struct engine *engine, enum flow_class class,
                             uint32_t seconds);
void engine_set_host_idle(struct engine *engine, uint32_t local_s,
                          uint32_t remote_s);

/* What alerts are told of from now on; off at first. Turned off, all that is
 * engaged is released at once. */
void engine_set_alerts(struct engine *engine,
                       const struct alert_config *config);

/* Limits of one host, on any interface; NULL: those of all.
 * @return false: there are too many of them. */
bool engine_set_alert_limits(struct engine *engine, const struct addr *addr,
                             uint16_t vlan, const struct alert_limits *limits);

/* Tell the observers of all that is engaged, once more. */
void engine_retell_alerts(const struct engine *engine);

/* The capture of an interface stopped, or goes on. */
void engine_set_link(struct iface *iface, bool is_up);

/* Networks that are known to be bad, in place of those before; the list is the
 * engine's from now on. NULL: none. */
void engine_set_blacklist(struct engine *engine, struct blacklist *list);
const struct blacklist *engine_blacklist(const struct engine *engine);

/* End all flows of all interfaces and tell the observers. */
void engine_flush(struct engine *engine);

const struct engine_config *engine_config(const struct engine *engine);
struct dpi *engine_dpi(const struct engine *engine);
const struct alert_config *engine_alerts(const struct engine *engine);
const struct alert_rules *engine_alert_rules(const struct engine *engine);

/* Engine-internal: tell the observers. */
void engine_record(const struct engine *engine, const struct iface *iface,
                   const struct flow *flow, const struct flow_mark *mark,
                   bool is_partial);
void engine_host_seen(const struct engine *engine, const struct iface *iface,
                      const struct host *host);
void engine_host_gone(const struct engine *engine, const struct iface *iface,
                      const struct host *host);
void engine_device_seen(const struct engine *engine, const struct iface *iface,
                        const struct device *device);
void engine_device_gone(const struct engine *engine, const struct iface *iface,
                        const struct device *device);
void engine_alert(const struct engine *engine, const struct iface *iface,
                  const struct alert_event *event);
void engine_ticked(const struct engine *engine, const struct iface *iface);

#endif
