/* alerts: what is wrong, kept and told. SPDX-License-Identifier: MIT */
#ifndef KELVIN_RUN_ALERTS_H
#define KELVIN_RUN_ALERTS_H

#include "core/model/engine.h"
#include "core/run/alert_engaged.h"
#include "core/run/alert_row.h"
#include "core/run/loop.h"
#include "core/run/prefs.h"
#include "core/run/store.h"

/*
 * Alerts of the engine (alert.h) and of scripts. Those that are on are in
 * memory and in the Redis hash `ntopng.alerts.ifid_ID.engaged`, from which the
 * next run takes them: they go on when they are engaged again, and are
 * released when nobody did that for two periods of their engine. What is over
 * goes to the stream `.closed`, what flows did to `.flows`. Without Redis the
 * last ALERT_RING of each are kept in memory; so they are until Redis is
 * there and interfaces have their numbers.
 *
 *   alerts = alerts_new(&config);
 *   engine_observe(engine, alerts_observer(alerts));
 *   alerts_begin(alerts);           once interfaces have their numbers
 *   alerts_free(alerts);            before prefs, store, engine and loop
 *
 * Whoever attacks cannot flood Redis, syslog or the log: past alerts and
 * lines are limited in number, and what is left out is counted.
 */
struct alerts;

#define ALERT_RING 1024

/* The stream of past alerts holds so many for each that an entity may have
 * (max_num_alerts_per_entity): it is one for all entities. */
#define ALERT_CLOSED_ENTITIES 16

struct alerts_config {
    struct loop *loop;
    struct engine *engine; /* with all its interfaces */
    struct store *store;   /* NULL: none */
    struct prefs *prefs;
    bool is_disabled;        /* by -H */
    const char *syslog_path; /* NULL: the system's */
};

struct alerts *alerts_new(const struct alerts_config *config);
void alerts_free(struct alerts *alerts); /* NULL is fine */

const struct observer *alerts_observer(const struct alerts *alerts);
void alerts_begin(struct alerts *alerts);

/* What there is to tell of an alert; valid during the call. */
struct alert_news {
    const struct iface *iface;
    const char *what; /* "begins", "is over", "happened" */
    int severity;
    int type;
    const char *value; /* the entity; of a flow its client's address */
    const char *text;
};

/* Call `run` for each, from now on; NULL: not any more. One may listen. */
void alerts_listen(struct alerts *alerts,
                   void (*run)(void *arg, const struct alert_news *news),
                   void *arg);

/* Whether alerts are raised at all: neither -H nor a preference is against. */
bool alerts_are_on(const struct alerts *alerts);

/*
 * An alert begins; when it is on already, nothing changes.
 * @return true when it is on now. False: alerts are off, those of this entity
 * are suppressed, the spec is not good, or there are too many.
 */
bool alerts_engage(struct alerts *alerts, const struct iface *iface,
                   const struct alert_spec *spec);

/* It is over: of the spec, engine, entity, value, id and time count.
 * @return false: it was not on. */
bool alerts_release(struct alerts *alerts, const struct iface *iface,
                    const struct alert_spec *spec);

/* Something happened. @return as alerts_engage(). */
bool alerts_once(struct alerts *alerts, const struct iface *iface,
                 const struct alert_spec *spec);

/* Alerts that are on: of an interface, and of one of its entities. */
uint32_t alerts_engaged(const struct alerts *alerts, const struct iface *iface);
uint32_t alerts_engaged_of(const struct alerts *alerts,
                           const struct iface *iface, enum alert_entity entity,
                           const char *value);

/* There are past alerts, of flows or of others. */
bool alerts_are_stored(const struct alerts *alerts, const struct iface *iface);

/* Raise none until told otherwise, whatever preferences say; those that are on
 * are released. */
void alerts_pause(struct alerts *alerts, bool is_paused);

/* Suppress the alerts of these entities ("10.0.0.1@0", "iface_0") and of no
 * others; at most ALERT_SUPPRESSED_MAX. Those that are on are released. */
#define ALERT_SUPPRESSED_MAX 4096
void alerts_suppress(struct alerts *alerts, const struct iface *iface,
                     const char *const *values, size_t count);

struct alerts_counters {
    uint64_t engaged; /* sums ... */
    uint64_t released;
    uint64_t happened;
    uint64_t flows;
    uint64_t restored;  /* from an earlier run */
    uint64_t refused;   /* too many were on */
    uint64_t garbage;   /* what Redis held was no alert */
    uint64_t unwritten; /* past alerts that were too many to keep */
    uint64_t untold;    /* lines that were too many for the log and syslog */
    uint64_t lost;      /* lines that syslog did not take */
    uint32_t on;        /* now */
};

void alerts_counters(const struct alerts *alerts, struct alerts_counters *out);

/*
 * Asking
 */
enum alert_table { ALERT_TABLE_ENGAGED, ALERT_TABLE_CLOSED, ALERT_TABLE_FLOWS };

struct alert_query;

struct alert_query_handler {
    /* One that matches, the youngest first; valid during the call, which
     * must not cancel the query.
     * @return false: that is enough, `done` comes next. */
    bool (*row)(void *arg, const struct alert_row *row);
    /* Once, the last call. False: Redis is away or has something else. */
    void (*done)(void *arg, bool is_whole);
    void *arg;
};

/*
 * Read a table, in pieces, some in each turn of the loop; nothing is called
 * before the next turn. The filter and the handler are copied.
 * @return a handle for alerts_cancel(), valid until `done`; never NULL.
 */
struct alert_query *alerts_query(struct alerts *alerts,
                                 const struct iface *iface,
                                 enum alert_table table,
                                 const struct alert_filter *filter,
                                 const struct alert_query_handler *handler);

/* Forget a past one, by its `rowid`. @return false: it is only in memory, or
 * there is no room to tell Redis. */
bool alerts_delete(struct alerts *alerts, const struct iface *iface,
                   enum alert_table table, const char *rowid);

/* The handler is not called any more. NULL is fine. All queries are to be
 * over before alerts_free(). */
void alerts_cancel(struct alert_query *query);

#endif
