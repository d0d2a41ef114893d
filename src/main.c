/* main: parts up, the loop, parts down. SPDX-License-Identifier: MIT */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "core/model/engine.h"
#include "core/model/network.h"
#include "core/run/daemon.h"
#include "core/run/geo.h"
#include "core/run/inputs.h"
#include "core/run/loop.h"
#include "core/run/options.h"
#include "core/run/password_errand.h"
#include "core/run/passwords.h"
#include "core/run/privileges.h"
#include "core/run/report.h"
#include "core/run/resolver.h"
#include "core/run/share.h"
#include "core/run/signals.h"
#include "core/run/state.h"
#include "core/run/vendor.h"
#include "core/util/log.h"
#include "core/util/strbuf.h"
#include "core/util/utf8.h"
#include "export/exporter.h"
#include "http/server.h"
#include "lua/scripts.h"

#define EXIT_USAGE 2
#define SECOND_US 1000000
#define PARTIAL_RECORD_S 300
#define SIGNALS 4
/* timeout(1) and some shells send a signal twice and mean it once. */
#define ECHO_US 500000
/* How long the last report waits for a reader who takes nothing. */
#define LAST_REPORT_MS 2000

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
    struct scripts *scripts;
    struct errand *errand; /* --run */
    struct server *server;
    struct loop_source *second;
    struct loop_source *work;
    struct loop_source *errand_due;  /* --run-after */
    struct loop_source *errand_work; /* what is to be done before it */
    struct loop_source *signals[SIGNALS];
    struct strbuf command_line;
    char instance[HOST_NAME_MAX + 1];
    int64_t started_us;
    int64_t stopping_us; /* somebody asked to end; 0: nobody has */
    int64_t stopped_us;
    bool shows_progress;
};

/* Say why in one line, whatever is in it; the caller ends with failure. */
static bool fail(struct app *app)
{
    (void)utf8_clean(app->error.text, app->error.len + 1, app->error.text,
                     app->error.len);
    fprintf(stderr, "kelvin: %s\n", app->error.text);
    return false;
}

static bool app_locate(void *arg, const struct addr *addr, struct geo_info *out)
{
    const struct app *app = arg;

    return geo_find(app->geo, addr, out);
}

static const char *app_vendor(void *arg, const uint8_t mac[MAC_SIZE])
{
    const struct app *app = arg;

    return app->vendor != NULL ? vendor_find(app->vendor, mac) : NULL;
}

/* The options that options.c cannot judge. */
static bool check_options(struct app *app)
{
    const struct options *options = &app->options;
    char why[256];

    app->networks = network_new();
    if (options->local_networks != NULL &&
        !network_parse(app->networks, options->local_networks, why,
                       sizeof(why))) {
        strbuf_printf(&app->error, "option -m: %s", why);
        return fail(app);
    }
    return (exporter_check((const char *const *)options->dump_flows.items,
                           options->dump_flows.count, &app->error) &&
            server_check(options, &app->error)) ||
           fail(app);
}

/* Who we are: the background, the user, the log. */
static bool open_process(struct app *app)
{
    const struct options *options = &app->options;

    signals_hold(SIGNALS_ASK);
    daemon_raise_file_limit();
    if (options->verbosity >= 0)
        log_set_verbosity(options->verbosity);
    signal(SIGPIPE, SIG_IGN);
    privileges_harden();
    if (!daemon_set_cores(&options->cores, &app->error) ||
        (options->daemon && !daemon_start(&app->daemon, &app->error)))
        return fail(app);
    if (options->dont_change_user)
        privileges_find_self(&app->user);
    else if (!privileges_find_user(options->user, &app->user, &app->error))
        return fail(app);
    return true;
}

static bool open_log(struct app *app)
{
    const struct options *options = &app->options;
    const char *path = options->log_file;

    if (!privileges_own_dir(options->data_dir, &app->user, &app->error))
        return fail(app);
    if (options->syslog) {
        if (log_open(LOG_TARGET_SYSLOG, NULL) == 0)
            return true;
        strbuf_printf(&app->error, "--syslog: nobody listens at /dev/log: %s",
                      strerror(errno));
        return fail(app);
    }
    if (path == NULL)
        return true;
    if (log_open(LOG_TARGET_FILE, path) < 0) {
        strbuf_printf(&app->error, "log file %s: %s", path,
                      errno == ELOOP ? "symbolic links are not followed"
                                     : strerror(errno));
        return fail(app);
    }
    return privileges_own_file(path, &app->user, &app->error) || fail(app);
}

/* What does not change while packets come: places, makers, networks. */
static bool open_knowledge(struct app *app)
{
    char share[PATH_MAX - 16];
    char path[PATH_MAX];
    bool has_share = share_find(app->options.install_dir, share, sizeof(share));

    if (!has_share && app->options.install_dir != NULL)
        log_warnx("main", "%s: there is no such directory (option -t)", share);
    snprintf(path, sizeof(path), "%s/geo", share);
    app->geo = geo_open((const char *const *)app->options.geoip.items,
                        app->options.geoip.count, has_share ? path : NULL);
    snprintf(path, sizeof(path), "%s/oui.tsv", share);
    app->vendor = has_share ? vendor_open(path) : NULL;
    if (app->vendor == NULL)
        log_info("vendor", "no list of network card makers");
    app->locator = (struct locator){app_locate, app_vendor, app};
    return true;
}

static bool open_engine(struct app *app)
{
    const struct options *options = &app->options;
    struct engine_config config = {
        .max_flows = (uint32_t)options->max_flows,
        .max_hosts = (uint32_t)options->max_hosts,
        .partial_record_s = PARTIAL_RECORD_S,
        .tunnel_outer = options->tunnel_outer,
        .ignore_dns = options->dns_mode == RESOLVER_OFF,
        .keep_local = (options->sticky_hosts & OPTIONS_HOSTS_LOCAL) != 0,
        .keep_remote = (options->sticky_hosts & OPTIONS_HOSTS_REMOTE) != 0,
        .protocols_file = options->ndpi_protocols,
        .instance_name = app->instance,
        .networks = app->networks,
        .locator = &app->locator,
    };

    for (unsigned class = 0; class < FLOW_CLASSES; class ++)
        config.timeout_s[class] = (uint32_t)options->flow_timeout[class];
    if (getrandom(config.seed, sizeof(config.seed), 0) !=
        (ssize_t)sizeof(config.seed)) {
        log_error("main", "the kernel gives no random numbers");
        return false;
    }
    if (options->instance_name != NULL)
        snprintf(app->instance, sizeof(app->instance), "%s",
                 options->instance_name);
    else if (gethostname(app->instance, sizeof(app->instance) - 1) < 0)
        snprintf(app->instance, sizeof(app->instance), "kelvin");
    app->engine = engine_new(&config);
    return app->engine != NULL;
}

/* The script of --run, before anything takes time. */
static bool open_errand(struct app *app)
{
    if (app->options.run == NULL)
        return true;
    app->errand = errand_new(&app->options, &app->error);
    return app->errand != NULL || fail(app);
}

static bool open_inputs(struct app *app)
{
    app->inputs = inputs_open(&app->options, app->networks, &app->error);
    return app->inputs != NULL || fail(app);
}

static bool open_traffic(struct app *app)
{
    if (!open_engine(app))
        return false;
    inputs_attach(app->inputs, app->engine);
    app->exporter = exporter_new(
        (const char *const *)app->options.dump_flows.items,
        app->options.dump_flows.count, app->engine, &app->user, &app->error);
    if (app->exporter == NULL)
        return fail(app);
    engine_observe(app->engine, exporter_observer(app->exporter));
    return true;
}

static bool open_server(struct app *app)
{
    app->server = server_open(&app->options, &app->user, &app->error);
    return app->server != NULL || fail(app);
}

/* The last steps that need rights. */
static bool settle(struct app *app)
{
    const struct options *options = &app->options;

    signals_hold(SIGNALS_ALL);
    if (options->pid_file != NULL &&
        !daemon_take_pid_file(&app->daemon, options->pid_file, &app->error))
        return fail(app);
    if (options->dont_change_user ? !privileges_seal(&app->error)
                                  : !privileges_drop(&app->user, &app->error))
        return fail(app);
    daemon_ready(&app->daemon);
    return true;
}

static bool open_state(struct app *app)
{
    app->state = state_open(app->loop, &app->options, app->engine, &app->error);
    return app->state != NULL || fail(app);
}

static void hide_progress(struct app *app)
{
    if (app->shows_progress)
        fprintf(stderr, "\r          \r");
    app->shows_progress = false;
}

static void show_progress(const struct app *app)
{
    double done = inputs_progress(app->inputs);

    if (app->shows_progress && done >= 0)
        fprintf(stderr, "\r%3.0f %% read", done * 100);
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

static void write_report(const struct app *app, int wait_ms)
{
    struct report_source source = {
        .engine = app->engine,
        .loop = app->loop,
        .store = state_store(app->state),
        .alerts = state_alerts(app->state),
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
    write_report(arg, 0);
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
    engine_settle(app->engine);
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
    else {
        engine_settle(app->engine); /* all of it is on the pages */
        loop_source_resume(app->work);
        log_notice("main", "all files are read; their state stays until the "
                           "program is ended");
    }
}

/* Reading files may wait, for ticks and for whoever takes the records. */
static bool on_file_work(void *arg)
{
    const struct app *app = arg;

    return engine_work(app->engine) || exporter_must_wait(app->exporter);
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
        .options = &app->options,
        .command_line = app->command_line.text,
        .started_us = loop_wall_us(),
    };

    app->scripts = scripts_new(&parts);
    if (app->errand == NULL)
        scripts_keep_time(app->scripts);
    else
        app->errand_due =
            loop_after(app->loop, app->options.run_after * (int64_t)SECOND_US,
                       LOOP_TICK, on_errand_due, app);
}

static void start(struct app *app)
{
    struct inputs_handler handler = {on_file_work, on_files_ended, app};
    static const struct {
        int number;
        void (*run)(void *arg);
    } signals[SIGNALS] = {
        {SIGINT, on_stop},
        {SIGTERM, on_stop},
        {SIGUSR1, on_report},
        {SIGHUP, on_reopen},
    };

    app->started_us = loop_now_us(app->loop);
    app->shows_progress = app->options.progress && isatty(STDERR_FILENO);
    for (unsigned i = 0; i < SIGNALS; i++)
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
    server_start(app->server, app->loop, app->engine, app->exporter,
                 state_store(app->state), app->scripts, app->networks);
    inputs_start(app->inputs, app->loop, &handler);
}

/* In the reverse order, from wherever opening got to. */
static void close_all(struct app *app)
{
    server_close(app->server);
    loop_source_free(app->errand_due);
    loop_source_free(app->errand_work);
    errand_free(app->errand);
    scripts_free(app->scripts);
    inputs_close(app->inputs);
    for (unsigned i = 0; i < SIGNALS; i++)
        loop_source_free(app->signals[i]);
    loop_source_free(app->second);
    loop_source_free(app->work);
    resolver_free(app->resolver);
    state_close(app->state);
    engine_free(app->engine);
    exporter_free(app->exporter);
    network_free(app->networks);
    vendor_close(app->vendor);
    geo_close(app->geo);
    loop_free(app->loop);
    daemon_leave(&app->daemon);
    strbuf_free(&app->command_line);
    strbuf_free(&app->error);
    options_free(&app->options);
}

/* Whoever says again that it should end does not want to wait for readers. */
static bool is_hurried(void *arg)
{
    const struct app *app = arg;

    return signals_ask_end() &&
           loop_now_us(app->loop) - app->stopped_us > ECHO_US;
}

/* What came so far, to its end. @return false when records were dropped. */
static bool finish(struct app *app)
{
    signals_hold(SIGNALS_ALL);
    hide_progress(app);
    server_close(app->server); /* nobody would answer */
    app->server = NULL;
    app->stopped_us = loop_now_us(app->loop);
    inputs_drain(app->inputs, app->loop);
    exporter_be_patient(app->exporter, is_hurried, app);
    engine_flush(app->engine);
    return exporter_finish(app->exporter);
}

static int run(struct app *app)
{
    int status = EXIT_FAILURE;

    if (open_process(app) && open_knowledge(app) && open_errand(app) &&
        open_inputs(app) && open_log(app) && open_traffic(app) &&
        open_server(app) && settle(app) && (app->loop = loop_new()) != NULL &&
        open_state(app)) {
        start(app);
        if (loop_run(app->loop) == 0 && !inputs_failed(app->inputs) &&
            (app->errand == NULL || errand_succeeded(app->errand)))
            status = EXIT_SUCCESS;
        if (!finish(app) && app->options.shutdown_when_done)
            status = EXIT_FAILURE;
        state_finish(app->state);
        if (app->options.shutdown_when_done)
            write_report(app, LAST_REPORT_MS);
    }
    return status;
}

/* As the user that kelvin will be: a Redis of its own may start for it. */
static bool set_password(struct app *app)
{
    const struct options *options = &app->options;

    privileges_harden();
    log_set_verbosity(options->verbosity >= 0 ? options->verbosity
                                              : LOG_LEVEL_WARNING);
    if (options->dont_change_user)
        privileges_find_self(&app->user);
    else if (!privileges_find_user(options->user, &app->user, &app->error))
        return fail(app);
    return (privileges_own_dir(options->data_dir, &app->user, &app->error) &&
            (options->dont_change_user
                 ? privileges_seal(&app->error)
                 : privileges_drop(&app->user, &app->error)) &&
            password_errand(options, &app->error)) ||
           fail(app);
}

/* Errands that end the program; false when there is none. */
static bool is_errand(struct app *app, int *status)
{
    const struct options *options = &app->options;

    if (options->print_ndpi_protocols)
        *status = report_protocols(stdout, options->ndpi_protocols);
    else if (options->set_password != NULL)
        *status = set_password(app) ? EXIT_SUCCESS : EXIT_FAILURE;
    else if (options->test_export != NULL) {
        fprintf(stderr, "kelvin: --test-export is not in this version\n");
        *status = EXIT_FAILURE;
    } else
        return false;
    return true;
}

/* For ntop.getInfo(), once secrets are hidden. */
static void keep_command_line(struct app *app, int argc, char **argv)
{
    for (int i = 0; i < argc; i++)
        strbuf_printf(&app->command_line, "%s%s", i > 0 ? " " : "", argv[i]);
}

int main(int argc, char **argv)
{
    struct app app = {.daemon = {.ready_fd = -1, .pid_fd = -1}};
    int status = EXIT_SUCCESS;

    daemon_keep_standard();
    if (argc == 2 && strcmp(argv[1], PASSWORDS_HELPER) == 0)
        return passwords_serve(PASSWORDS_FD);
    strbuf_init(&app.error, 4096);
    strbuf_init(&app.command_line, 4096);
    switch (options_parse(argc, argv, &app.options, &app.error)) {
    case OPTIONS_RUN:
        options_hide_secrets(argc, argv);
        keep_command_line(&app, argc, argv);
        if (!check_options(&app))
            status = EXIT_USAGE;
        else if (!is_errand(&app, &status))
            status = run(&app);
        break;
    case OPTIONS_BAD:
        fail(&app);
        status = EXIT_USAGE;
        break;
    case OPTIONS_FAILED:
        fail(&app);
        status = EXIT_FAILURE;
        break;
    case OPTIONS_EXIT_OK:
        break;
    }
    close_all(&app);
    return status;
}
