/* state: what is remembered beyond a run. SPDX-License-Identifier: MIT */
#include "core/run/state.h"

#include <stdlib.h>

#include "core/run/alert_settings.h"
#include "core/run/iface_ids.h"
#include "core/run/known_devices.h"
#include "core/run/prefs_sync.h"
#include "core/run/settings.h"
#include "core/run/totals.h"
#include "core/util/mem.h"

#define LAST_WRITES_US 3000000

struct state {
    struct store *store;
    struct prefs *prefs;
    struct prefs_sync *sync;
    struct settings *settings;
    struct iface_ids *ids;
    struct saved *saved;
    struct totals *totals;
    struct known_devices *known;
    struct alerts *alerts;
    struct alert_settings *alert_settings;
    struct passwords *passwords;
    struct users *users;
};

static void on_numbered(void *arg)
{
    struct state *state = arg;

    saved_begin(state->saved);
    totals_begin(state->totals);
    known_devices_begin(state->known);
    alerts_begin(state->alerts);
    alert_settings_begin(state->alert_settings);
}

static void open_alerts(struct state *state, struct loop *loop,
                        const struct options *options, struct engine *engine)
{
    struct alerts_config config = {
        .loop = loop,
        .engine = engine,
        .store = state->store,
        .prefs = state->prefs,
        .is_disabled = options->disable_alerts,
    };

    state->alerts = alerts_new(&config);
    engine_observe(engine, alerts_observer(state->alerts));
    state->alert_settings = alert_settings_new(&config, state->alerts);
}

static bool has_live(const struct engine *engine)
{
    for (uint16_t id = 0; id < engine_ifaces(engine); id++)
        if (engine_iface(engine, id)->is_live)
            return true;
    return false;
}

bool state_is_passing(const struct options *options,
                      const struct engine *engine)
{
    return options->shutdown_when_done ||
           (options->run != NULL && !has_live(engine));
}

struct state *state_open(struct loop *loop, const struct options *options,
                         struct engine *engine, struct strbuf *error)
{
    struct store_config config = {options->redis, options->data_dir};
    struct state *state = mem_calloc(1, sizeof(*state));

    if (config.redis == NULL && state_is_passing(options, engine))
        config.redis = "none";
    state->store = store_open(loop, &config, error);
    if (state->store == NULL) {
        free(state);
        return NULL;
    }
    state->prefs = prefs_new(state->store);
    state->sync = prefs_sync_start(loop, state->store, state->prefs);
    state->settings = settings_follow(state->prefs, options, engine);
    state->saved = saved_new(loop, engine, state->store, state->prefs,
                             options->dump_hosts);
    engine_observe(engine, saved_observer(state->saved));
    state->totals = totals_new(loop, engine, state->store);
    state->known = known_devices_new(loop, engine, state->store);
    engine_observe(engine, known_devices_observer(state->known));
    open_alerts(state, loop, options, engine);
    state->passwords = passwords_new(loop, NULL);
    state->users = users_new(loop, state->store, state->passwords);
    users_keep_first(state->users);
    state->ids = iface_ids_new(state->store, engine, on_numbered, state);
    return state;
}

void state_finish(struct state *state)
{
    /* First the answers: hosts of the last second were just asked for. */
    store_drain(state->store, LAST_WRITES_US);
    totals_write(state->totals);
    known_devices_write(state->known);
    saved_all(state->saved, LAST_WRITES_US);
    store_drain(state->store, LAST_WRITES_US);
}

void state_close(struct state *state)
{
    if (state == NULL)
        return;
    iface_ids_free(state->ids);
    users_free(state->users);
    passwords_free(state->passwords);
    alert_settings_free(state->alert_settings);
    alerts_free(state->alerts);
    known_devices_free(state->known);
    totals_free(state->totals);
    saved_free(state->saved);
    settings_free(state->settings);
    prefs_sync_stop(state->sync);
    prefs_free(state->prefs);
    store_free(state->store);
    free(state);
}

struct store *state_store(const struct state *state)
{
    return state->store;
}

struct prefs *state_prefs(const struct state *state)
{
    return state->prefs;
}

struct alerts *state_alerts(const struct state *state)
{
    return state->alerts;
}

struct users *state_users(const struct state *state)
{
    return state->users;
}

struct saved *state_hosts(const struct state *state)
{
    return state->saved;
}

const struct saved_counters *state_saved(const struct state *state)
{
    return saved_counters(state->saved);
}
