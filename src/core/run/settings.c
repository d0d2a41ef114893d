/* settings: preferences that take effect. SPDX-License-Identifier: MIT */
#include "core/run/settings.h"

#include <stdlib.h>

#include "core/util/log.h"
#include "core/util/mem.h"

struct settings {
    const struct prefs *prefs;
    const struct options *options;
    struct engine *engine;
};

static uint32_t seconds(const struct settings *settings, enum pref pref)
{
    return (uint32_t)prefs_int(settings->prefs, pref);
}

static void set_log(const struct settings *settings)
{
    /* As the choices of the preference: error, warning, normal, info, debug,
     * trace. */
    static const int levels[] = {LOG_LEVEL_ERROR,  LOG_LEVEL_WARNING,
                                 LOG_LEVEL_NOTICE, LOG_LEVEL_INFO,
                                 LOG_LEVEL_DEBUG,  LOG_LEVEL_TRACE + 1};

    if (settings->options->verbosity < 0)
        log_set_verbosity(
            levels[prefs_int(settings->prefs, PREF_LOGGING_LEVEL)]);
}

static void set_host_idle(const struct settings *settings)
{
    engine_set_host_idle(settings->engine,
                         seconds(settings, PREF_LOCAL_HOST_MAX_IDLE),
                         seconds(settings, PREF_NON_LOCAL_HOST_MAX_IDLE));
}

/* Of the classes that have no state to tell more by. */
static void set_flow_idle(const struct settings *settings)
{
    static const enum flow_class classes[] = {FLOW_UDP, FLOW_OTHER};

    for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
        if (!settings->options->flow_timeout_given[classes[i]])
            engine_set_flow_timeout(settings->engine, classes[i],
                                    seconds(settings, PREF_FLOW_MAX_IDLE));
}

static void on_changed(void *arg, enum pref pref)
{
    const struct settings *settings = arg;

    switch (pref) {
    case PREF_LOGGING_LEVEL:
        set_log(settings);
        break;
    case PREF_LOCAL_HOST_MAX_IDLE:
    case PREF_NON_LOCAL_HOST_MAX_IDLE:
        set_host_idle(settings);
        break;
    case PREF_FLOW_MAX_IDLE:
        set_flow_idle(settings);
        break;
    default: /* asked for when it matters */
        break;
    }
}

struct settings *settings_follow(struct prefs *prefs,
                                 const struct options *options,
                                 struct engine *engine)
{
    struct settings *settings = mem_calloc(1, sizeof(*settings));

    *settings = (struct settings){prefs, options, engine};
    set_log(settings);
    set_host_idle(settings);
    set_flow_idle(settings);
    prefs_listen(prefs, on_changed, settings);
    return settings;
}

void settings_free(struct settings *settings)
{
    free(settings);
}
