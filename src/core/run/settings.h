/* settings: preferences that take effect. SPDX-License-Identifier: MIT */
#ifndef KELVIN_RUN_SETTINGS_H
#define KELVIN_RUN_SETTINGS_H

#include "core/model/engine.h"
#include "core/run/options.h"
#include "core/run/prefs.h"

/* The log and the engine follow the preferences, where the command line has
 * not said otherwise. */
struct settings;

/* Begin with the values of now. All must outlive it. */
struct settings *settings_follow(struct prefs *prefs,
                                 const struct options *options,
                                 struct engine *engine);

/* After the last change; NULL is fine. */
void settings_free(struct settings *settings);

#endif
