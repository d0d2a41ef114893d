/* app: all parts of the running program. SPDX-License-Identifier: MIT */
#ifndef KELVIN_APP_H
#define KELVIN_APP_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/model/locate.h"
#include "core/run/daemon.h"
#include "core/run/options.h"
#include "core/run/privileges.h"
#include "core/util/strbuf.h"

#define APP_SIGNALS 4

/* Owned by main(). A part is NULL before it is opened and once it is closed;
 * open.h says in which order that goes. */
struct app {
    struct options options;
    struct strbuf error;
    struct privileges_user user;
    struct daemon daemon;
    struct loop *loop;
    struct networks *networks;
    struct geo *geo;
    struct vendor *vendor;
    struct locator locator;
    struct inputs *inputs;
    struct engine *engine;
    struct exporter *exporter;
    struct resolver *resolver;
    struct state *state;
    struct series *series;
    struct series_second *series_second;
    struct scripts *scripts;
    struct errand *errand; /* --run */
    struct server *server;
    struct loop_source *second;
    struct loop_source *work;
    struct loop_source *errand_due;  /* --run-after */
    struct loop_source *errand_work; /* what is to be done before it */
    struct loop_source *signals[APP_SIGNALS];
    struct strbuf command_line;
    char instance[HOST_NAME_MAX + 1];
    int64_t started_us;
    int64_t stopping_us; /* somebody asked to end; 0: nobody has */
    int64_t stopped_us;
    bool shows_progress;
};

/* Say on standard error, in one line, what is in `error`.
 * @return false, for the caller to hand on. */
bool app_fail(struct app *app);

#endif
