/* main: parts up, the loop, parts down. SPDX-License-Identifier: MIT */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app.h"
#include "core/run/inputs.h"
#include "core/run/loop.h"
#include "core/run/password_errand.h"
#include "core/run/passwords.h"
#include "core/run/report.h"
#include "core/run/series.h"
#include "core/run/state.h"
#include "core/util/log.h"
#include "events.h"
#include "export/trial.h"
#include "lua/scripts.h"
#include "open.h"

#define EXIT_USAGE 2
/* How long the last report waits for a reader who takes nothing. */
#define LAST_REPORT_MS 2000
/* And rrdcached, to take the last values. */
#define LAST_VALUES_US 3000000

static bool open_all(struct app *app)
{
    return open_process(app) && open_knowledge(app) && open_errand(app) &&
           open_inputs(app) && open_log(app) && open_traffic(app) &&
           open_server(app) && open_settle(app) && open_state(app) &&
           open_series(app);
}

static int run(struct app *app)
{
    bool ends_itself = app->options.shutdown_when_done;
    bool is_good;

    if (!open_all(app))
        return EXIT_FAILURE;
    events_start(app);
    is_good = loop_run(app->loop) == 0 && !inputs_failed(app->inputs) &&
              (app->errand == NULL || errand_succeeded(app->errand));
    if (!events_finish(app) && ends_itself)
        is_good = false;
    state_finish(app->state);
    series_drain(app->series, LAST_VALUES_US);
    if (ends_itself)
        events_report(app, LAST_REPORT_MS);
    return is_good ? EXIT_SUCCESS : EXIT_FAILURE;
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
        return app_fail(app);
    return (privileges_own_dir(options->data_dir, &app->user, &app->error) &&
            (options->dont_change_user
                 ? privileges_seal(&app->error)
                 : privileges_drop(&app->user, &app->error)) &&
            password_errand(options, &app->error)) ||
           app_fail(app);
}

static int test_export(const struct options *options)
{
    privileges_harden();
    signal(SIGPIPE, SIG_IGN);
    log_set_verbosity(options->verbosity >= 0 ? options->verbosity
                                              : LOG_LEVEL_WARNING);
    return trial_run(options->test_export, stdout, stderr);
}

/* Errands that end the program; false when there is none. */
static bool is_errand(struct app *app, int *status)
{
    const struct options *options = &app->options;

    if (options->print_ndpi_protocols)
        *status = report_protocols(stdout, options->ndpi_protocols);
    else if (options->print_fields)
        *status = report_fields(stdout);
    else if (options->set_password != NULL)
        *status = set_password(app) ? EXIT_SUCCESS : EXIT_FAILURE;
    else if (options->test_export != NULL)
        *status = test_export(options);
    else
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
        if (!open_check(&app))
            status = EXIT_USAGE;
        else if (!is_errand(&app, &status))
            status = run(&app);
        break;
    case OPTIONS_BAD:
        app_fail(&app);
        status = EXIT_USAGE;
        break;
    case OPTIONS_FAILED:
        app_fail(&app);
        status = EXIT_FAILURE;
        break;
    case OPTIONS_EXIT_OK:
        break;
    }
    open_undo(&app);
    return status;
}
