/* events: what moves the running program. SPDX-License-Identifier: MIT */
#include "events.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "app.h"
#include "core/model/engine.h"
#include "core/model/iface.h"
#include "core/run/inputs.h"
#include "core/run/loop.h"
#include "core/run/report.h"
#include "core/run/resolver.h"
#include "core/run/series.h"
#include "core/run/signals.h"
#include "core/run/state.h"
#include "core/util/log.h"
#include "export/exporter.h"
#include "export/exporter_rows.h"
#include "http/server.h"
#include "lua/scripts.h"

#define SECOND_US 1000000
#define PROGRESS_WIDTH 33 /* of the longest, 20 digits and words */
/* timeout(1) and some shells send a signal twice and mean it once. */
#define ECHO_US 500000

static void hide_progress(struct app *app)
{
    if (app->shows_progress)
        fprintf(stderr, "\r%*s\r", PROGRESS_WIDTH, "");
    app->shows_progress = false;
}

static uint64_t packets_of_files(const struct engine *engine)
{
    uint64_t packets = 0;

    for (uint16_t i = 0; i < engine_ifaces(engine); i++)
        if (!engine_iface(engine, i)->is_live)
            packets += engine_iface(engine, i)->counters.all.packets;
    return packets;
}

static void show_progress(const struct app *app)
{
    double done = inputs_progress(app->inputs);

    if (!app->shows_progress)
        return;
    if (done >= 0)
        fprintf(stderr, "\r%3.0f %% read", done * 100);
    else if (inputs_are_reading(app->inputs)) /* a pipe has no size */
        fprintf(stderr, "\r%llu packets read",
                (unsigned long long)packets_of_files(app->engine));
}

static void on_second(void *arg)
{
    struct app *app = arg;

    inputs_update(app->inputs);
    engine_tick(app->engine, loop_wall_us());
    exporter_flush(app->exporter);
    loop_source_resume(app->work);
    show_progress(app);
}

static bool on_work(void *arg)
{
    const struct app *app = arg;

    return engine_work(app->engine);
}

void events_report(const struct app *app, int wait_ms)
{
    struct report_source source = {
        .engine = app->engine,
        .loop = app->loop,
        .store = state_store(app->state),
        .alerts = state_alerts(app->state),
        .series = app->series,
        .more = exporter_report,
        .arg = app->exporter,
        .elapsed_s = (double)(loop_now_us(app->loop) - app->started_us) / 1e6,
    };

    if (app->options.daemon)
        report_log(&source);
    else
        report_write(STDERR_FILENO, wait_ms, &source);
}

static void on_end(void *arg)
{
    const struct app *app = arg;

    loop_stop(app->loop);
}

/* Callbacks may have a last word; who asks again takes it from them. */
static void on_stop(void *arg)
{
    struct app *app = arg;
    int64_t now_us = loop_now_us(app->loop);

    if (app->stopping_us == 0) {
        app->stopping_us = now_us;
        if (scripts_shut_down(app->scripts, on_end, app))
            return;
    } else if (now_us - app->stopping_us <= ECHO_US) {
        return;
    }
    loop_stop(app->loop);
}

static void on_report(void *arg)
{
    events_report(arg, 0);
}

static void on_reopen(void *arg)
{
    struct app *app = arg;

    if (log_reopen() < 0)
        log_warn("log", "cannot reopen the log, the old one goes on");
    exporter_reopen(app->exporter);
    scripts_reload(app->scripts);
    server_reload(app->server);
}

/* The script finds everything counted where it belongs. */
static bool on_errand_work(void *arg)
{
    struct app *app = arg;

    if (engine_work(app->engine))
        return true;
    scripts_run(app->scripts, app->errand, on_end, app);
    return false;
}

/* The files are read and the time has passed, whichever comes last. */
static void maybe_run_errand(struct app *app)
{
    if (app->errand_due != NULL || app->errand_work != NULL ||
        inputs_are_reading(app->inputs))
        return;
    app->errand_work = loop_defer(app->loop, LOOP_PAGE, on_errand_work, app);
}

static void on_errand_due(void *arg)
{
    struct app *app = arg;

    loop_source_free(app->errand_due);
    app->errand_due = NULL;
    maybe_run_errand(app);
}

static void on_files_ended(void *arg)
{
    struct app *app = arg;

    hide_progress(app);
    if (app->errand != NULL)
        maybe_run_errand(app);
    else if (app->options.shutdown_when_done)
        on_stop(app);
    else
        log_notice("main", "all files are read; their state stays until the "
                           "program is ended");
}

/* Reading files may wait, for ticks, for whoever takes records and values, and
 * for callbacks. */
static enum capture_turn on_file_work(void *arg, const struct iface *iface)
{
    const struct app *app = arg;

    if (engine_work(app->engine) || exporter_must_wait(app->exporter) ||
        series_holds_files(app->series))
        return CAPTURE_WORK;
    return scripts_must_wait(app->scripts, iface) ? CAPTURE_REST : CAPTURE_READ;
}

static void on_callbacks_done(void *arg)
{
    const struct app *app = arg;

    inputs_resume(app->inputs);
}

static void start_scripts(struct app *app)
{
    struct lib_context parts = {
        .engine = app->engine,
        .store = state_store(app->state),
        .prefs = state_prefs(app->state),
        .alerts = state_alerts(app->state),
        .vendor = app->vendor,
        .geo = app->geo,
        .networks = app->networks,
        .loop = app->loop,
        .resolver = app->resolver,
        .saved = state_hosts(app->state),
        .series = app->series,
        .exporter = app->exporter,
        .users = state_users(app->state),
        .options = &app->options,
        .command_line = app->command_line.text,
        .started_us = loop_wall_us(),
    };

    app->scripts = scripts_new(&parts);
    if (app->errand == NULL)
        scripts_keep_time(app->scripts, on_callbacks_done, app);
    else
        app->errand_due =
            loop_after(app->loop, app->options.run_after * (int64_t)SECOND_US,
                       LOOP_TICK, on_errand_due, app);
}

static void start_server(struct app *app)
{
    struct server_parts parts = {
        .loop = app->loop,
        .engine = app->engine,
        .exporter = app->exporter,
        .store = state_store(app->state),
        .prefs = state_prefs(app->state),
        .alerts = state_alerts(app->state),
        .series = app->series,
        .users = state_users(app->state),
        .scripts = app->scripts,
        .networks = app->networks,
    };

    server_start(app->server, &parts);
}

void events_start(struct app *app)
{
    struct inputs_handler handler = {
        .work = on_file_work,
        .files_ended = on_files_ended,
        .arg = app,
        /* Somebody will look: all of it is on the pages, or --run's. */
        .settles = app->errand != NULL || !app->options.shutdown_when_done,
    };
    static const struct {
        int number;
        void (*run)(void *arg);
    } signals[APP_SIGNALS] = {
        {SIGINT, on_stop},
        {SIGTERM, on_stop},
        {SIGUSR1, on_report},
        {SIGHUP, on_reopen},
    };

    app->started_us = loop_now_us(app->loop);
    app->shows_progress = app->options.progress && isatty(STDERR_FILENO);
    for (unsigned i = 0; i < APP_SIGNALS; i++)
        app->signals[i] =
            loop_on_signal(app->loop, signals[i].number, signals[i].run, app);
    signals_release();
    app->work = loop_defer(app->loop, LOOP_TICK, on_work, app);
    app->resolver = resolver_new(app->loop, app->engine,
                                 (enum resolver_mode)app->options.dns_mode);
    resolver_use_store(app->resolver, state_store(app->state));
    engine_observe(app->engine, resolver_observer(app->resolver));
    app->second = loop_every(app->loop, SECOND_US, LOOP_TICK, on_second, app);
    start_scripts(app);
    start_server(app);
    exporter_start(app->exporter, app->loop, app->options.data_dir,
                   state_alerts(app->state), state_prefs(app->state));
    inputs_start(app->inputs, app->loop, &handler);
}

/* Whoever says again that it should end does not want to wait for readers. */
static bool is_hurried(void *arg)
{
    const struct app *app = arg;

    return signals_ask_end() &&
           loop_now_us(app->loop) - app->stopped_us > ECHO_US;
}

/* What came so far, to its end. @return false when records were dropped. */
bool events_finish(struct app *app)
{
    signals_hold(SIGNALS_ALL);
    hide_progress(app);
    server_close(app->server); /* nobody would answer */
    app->server = NULL;
    app->stopped_us = loop_now_us(app->loop);
    inputs_drain(app->inputs, app->loop);
    /* Records on their way need the loop a little longer, but no packets. */
    inputs_close(app->inputs);
    app->inputs = NULL;
    loop_source_pause(app->second);
    loop_source_pause(app->work);
    exporter_be_patient(app->exporter, is_hurried, app);
    engine_flush(app->engine);
    return exporter_finish(app->exporter);
}
