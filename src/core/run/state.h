/* state: what is remembered beyond a run. SPDX-License-Identifier: MIT */
#ifndef KELVIN_RUN_STATE_H
#define KELVIN_RUN_STATE_H

#include "core/model/engine.h"
#include "core/run/alerts.h"
#include "core/run/loop.h"
#include "core/run/options.h"
#include "core/run/prefs.h"
#include "core/run/saved.h"
#include "core/run/store.h"
#include "core/run/users.h"
#include "core/util/strbuf.h"

/*
 * Redis and all that lives in it: preferences, users, the numbers of
 * interfaces, hosts, alerts. Files that are read and done with
 * (--shutdown-when-done, or --run on nothing but files) need none of it unless
 * -r asks for it.
 *
 *   state = state_open(loop, options, engine, error)    before the loop runs
 *   state_finish(state)            after the loop, once flows have ended
 *   state_close(state)             before loop and engine are freed
 */
struct state;

/* All must outlive it. @return NULL with one line in the error. */
struct state *state_open(struct loop *loop, const struct options *options,
                         struct engine *engine, struct strbuf *error);

/* Whether this run is over once its files are read, so that nothing is kept
 * unless an option asks for it. */
bool state_is_passing(const struct options *options,
                      const struct engine *engine);

/* Write what is to be kept, and wait some seconds for Redis to take it. */
void state_finish(struct state *state);

void state_close(struct state *state); /* NULL is fine */

struct store *state_store(const struct state *state);
struct prefs *state_prefs(const struct state *state);
struct alerts *state_alerts(const struct state *state);
struct users *state_users(const struct state *state);
struct saved *state_hosts(const struct state *state);
const struct saved_counters *state_saved(const struct state *state);

#endif
