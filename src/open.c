/* open: the parts of the program, up and down. SPDX-License-Identifier: MIT */
#include "open.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "app.h"
#include "core/model/engine.h"
#include "core/model/network.h"
#include "core/run/geo.h"
#include "core/run/inputs.h"
#include "core/run/loop.h"
#include "core/run/resolver.h"
#include "core/run/series.h"
#include "core/run/series_second.h"
#include "core/run/share.h"
#include "core/run/signals.h"
#include "core/run/state.h"
#include "core/run/vendor.h"
#include "core/util/log.h"
#include "export/exporter.h"
#include "http/server.h"
#include "lua/scripts.h"

#define PARTIAL_RECORD_S 300

bool open_check(struct app *app)
{
    const struct options *options = &app->options;
    char why[256];

    app->networks = network_new();
    if (options->local_networks != NULL &&
        !network_parse(app->networks, options->local_networks, why,
                       sizeof(why))) {
        strbuf_printf(&app->error, "option -m: %s", why);
        return app_fail(app);
    }
    return (inputs_check(options, &app->error) &&
            exporter_check((const char *const *)options->dump_flows.items,
                           options->dump_flows.count, &app->error) &&
            server_check(options, &app->error)) ||
           app_fail(app);
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

bool open_process(struct app *app)
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
        return app_fail(app);
    if (options->dont_change_user)
        privileges_find_self(&app->user);
    else if (!privileges_find_user(options->user, &app->user, &app->error))
        return app_fail(app);
    return true;
}

bool open_log(struct app *app)
{
    const struct options *options = &app->options;
    const char *path = options->log_file;

    if (!privileges_own_dir(options->data_dir, &app->user, &app->error))
        return app_fail(app);
    if (options->syslog) {
        if (log_open(LOG_TARGET_SYSLOG, NULL) == 0)
            return true;
        strbuf_printf(&app->error, "--syslog: nobody listens at /dev/log: %s",
                      strerror(errno));
        return app_fail(app);
    }
    if (path == NULL)
        return true;
    if (log_open(LOG_TARGET_FILE, path) < 0) {
        strbuf_printf(&app->error, "log file %s: %s", path,
                      errno == ELOOP ? "symbolic links are not followed"
                                     : strerror(errno));
        return app_fail(app);
    }
    return privileges_own_file(path, &app->user, &app->error) || app_fail(app);
}

bool open_knowledge(struct app *app)
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

bool open_errand(struct app *app)
{
    if (app->options.run == NULL)
        return true;
    app->errand = errand_new(&app->options, &app->error);
    return app->errand != NULL || app_fail(app);
}

bool open_inputs(struct app *app)
{
    app->inputs = inputs_open(&app->options, app->networks, &app->error);
    return app->inputs != NULL || app_fail(app);
}

bool open_traffic(struct app *app)
{
    if (!open_engine(app))
        return false;
    inputs_attach(app->inputs, app->engine);
    app->exporter = exporter_new(
        (const char *const *)app->options.dump_flows.items,
        app->options.dump_flows.count, app->engine, &app->user, &app->error);
    if (app->exporter == NULL)
        return app_fail(app);
    engine_observe(app->engine, exporter_observer(app->exporter));
    return true;
}

bool open_server(struct app *app)
{
    app->server = server_open(&app->options, &app->user, &app->error);
    return app->server != NULL || app_fail(app);
}

bool open_settle(struct app *app)
{
    const struct options *options = &app->options;

    signals_hold(SIGNALS_ALL);
    if (options->pid_file != NULL &&
        !daemon_take_pid_file(&app->daemon, options->pid_file, &app->error))
        return app_fail(app);
    if (options->dont_change_user ? !privileges_seal(&app->error)
                                  : !privileges_drop(&app->user, &app->error))
        return app_fail(app);
    daemon_ready(&app->daemon);
    return true;
}

bool open_state(struct app *app)
{
    app->loop = loop_new();
    if (app->loop == NULL)
        return false;
    app->state = state_open(app->loop, &app->options, app->engine, &app->error);
    return app->state != NULL || app_fail(app);
}

bool open_series(struct app *app)
{
    struct series_config config = {app->loop, app->options.rrdcached,
                                   app->options.data_dir, 0};

    if (config.rrdcached == NULL &&
        state_is_passing(&app->options, app->engine))
        config.rrdcached = "none";
    app->series = series_open(&config, &app->error);
    if (app->series == NULL)
        return app_fail(app);
    app->series_second = series_second_new(app->series, state_prefs(app->state),
                                           state_store(app->state));
    engine_observe(app->engine, series_second_observer(app->series_second));
    return true;
}

void open_undo(struct app *app)
{
    server_close(app->server);
    loop_source_free(app->errand_due);
    loop_source_free(app->errand_work);
    errand_free(app->errand);
    scripts_free(app->scripts);
    inputs_close(app->inputs);
    for (unsigned i = 0; i < APP_SIGNALS; i++)
        loop_source_free(app->signals[i]);
    loop_source_free(app->second);
    loop_source_free(app->work);
    resolver_free(app->resolver);
    series_second_free(app->series_second);
    series_free(app->series);
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
