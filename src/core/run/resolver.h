/* resolver: who an address is, by asking. SPDX-License-Identifier: MIT */
#ifndef KELVIN_RUN_RESOLVER_H
#define KELVIN_RUN_RESOLVER_H

#include <stdint.h>

#include "core/model/engine.h"
#include "core/run/loop.h"
#include "core/run/store.h"

/*
 * What hosts say of themselves and what DNS answers on the wire say is the
 * engine's business; here name servers are asked for the rest. New hosts wait
 * in a bounded queue and are asked for a few a second, each address once an
 * hour. Answers go to the hosts, and to whoever asks.
 *
 *   resolver = resolver_new(loop, engine, RESOLVER_LOCAL);
 *   resolver_use_store(resolver, store);
 *   engine_observe(engine, resolver_observer(resolver));
 *   resolver_free(resolver);         before engine, store and loop are freed
 */
struct resolver;

/* As -n counts them; RESOLVER_DECODE and RESOLVER_OFF ask nobody by themselves.
 */
enum resolver_mode {
    RESOLVER_LOCAL,
    RESOLVER_ALL,
    RESOLVER_DECODE,
    RESOLVER_OFF
};

struct resolver *resolver_new(struct loop *loop, struct engine *engine,
                              enum resolver_mode mode);
void resolver_free(struct resolver *resolver); /* NULL is fine */

/* Look into Redis before asking, at `ntopng.dns.cache.ADDRESS`, and write
 * answers there for an hour; an address that has no name is its own. */
void resolver_use_store(struct resolver *resolver, struct store *store);

/* Tells of new hosts. Lives as long as the resolver. */
const struct observer *resolver_observer(const struct resolver *resolver);

/* `name` is NULL when there is none. Valid during the call. */
typedef void resolver_done(void *arg, const char *name);

struct resolver_call;

/*
 * Ask for one address, whatever the mode. `done` is called once, from the
 * loop, never from here, unless resolver_cancel() comes first.
 * @return NULL when too many wait already, or there is no name server: `done`
 * is not called.
 */
struct resolver_call *resolver_ask(struct resolver *resolver,
                                   const struct addr *addr, resolver_done *done,
                                   void *arg);
void resolver_cancel(struct resolver_call *call);

/* Put an address into the queue of new hosts, unless the mode is OFF. */
void resolver_want(struct resolver *resolver, const struct addr *addr,
                   uint16_t vlan);

/* What was answered within the last hour, or NULL. Valid until the next call
 * of the loop. */
const char *resolver_known(const struct resolver *resolver,
                           const struct addr *addr);

/* All since the start but `waiting`. */
struct resolver_counters {
    uint64_t asked;    /* questions to name servers */
    uint64_t cached;   /* answers that were in Redis */
    uint64_t found;    /* answers with a name */
    uint64_t none;     /* answers without one */
    uint64_t failed;   /* no answer */
    uint64_t dropped;  /* new hosts not asked for: the queue was full */
    uint32_t waiting;  /* new hosts in the queue now */
    uint32_t underway; /* questions without an answer yet */
};

struct resolver_counters resolver_count(const struct resolver *resolver);

#endif
