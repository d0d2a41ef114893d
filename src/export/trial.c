/* trial: whether an export would work. SPDX-License-Identifier: MIT */
#include "export/trial.h"

#include <inttypes.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#include "core/model/network.h"
#include "core/run/loop.h"
#include "export/exporter.h"

#define LINK_ETHERNET 1
#define EXIT_USAGE 2

/* 192.0.2.1 asks 192.0.2.53 for example.com. */
static const uint8_t query[] = {
    2,
    0,
    0,
    0,
    0,
    2,
    2,
    0,
    0,
    0,
    0,
    1,
    8,
    0,
    /* IPv4 */
    0x45,
    0,
    0,
    57,
    0,
    1,
    0,
    0,
    64,
    17,
    0,
    0,
    192,
    0,
    2,
    1,
    192,
    0,
    2,
    53,
    /* UDP */
    0x9c,
    64,
    0,
    53,
    0,
    37,
    0,
    0,
    /* DNS */
    0,
    1,
    1,
    0,
    0,
    1,
    0,
    0,
    0,
    0,
    0,
    0,
    7,
    'e',
    'x',
    'a',
    'm',
    'p',
    'l',
    'e',
    3,
    'c',
    'o',
    'm',
    0,
    0,
    1,
    0,
    1,
};

static struct engine *make_engine(const struct networks *networks)
{
    struct engine_config config = {
        .max_flows = 1024,
        .max_hosts = 1024,
        .partial_record_s = 300,
        .instance_name = "test-export",
        .networks = networks,
    };

    for (unsigned class = 0; class < FLOW_CLASSES; class ++)
        config.timeout_s[class] = 60;
    if (getrandom(config.seed, sizeof(config.seed), 0) !=
        (ssize_t)sizeof(config.seed))
        return NULL;
    return engine_new(&config);
}

static void pass_query(struct engine *engine)
{
    struct iface *iface = engine_add_iface(engine, "test-export", false);
    struct frame frame = {
        .bytes = query,
        .captured_len = sizeof(query),
        .wire_len = sizeof(query),
        .when_us = loop_wall_us(),
        .link_type = LINK_ETHERNET,
    };

    (void)engine_catch_up(iface, frame.when_us);
    engine_frame(iface, &frame);
    engine_flush(engine);
}

static int tell(const struct exporter *exporter, FILE *out)
{
    struct exporter_counters counters;
    struct strbuf answer;
    bool has_arrived;

    exporter_counters(exporter, 0, &counters);
    has_arrived = counters.exported == 1;
    strbuf_init(&answer, 1024);
    exporter_answer(exporter, 0, &answer);
    fprintf(out, "%s: %s%s%s\n", exporter_spec(exporter, 0),
            has_arrived              ? "the record was handed over"
            : counters.rejected == 1 ? "the record was refused"
                                     : "the record was not handed over",
            answer.len > 0 ? "; " : "", answer.len > 0 ? answer.text : "");
    strbuf_free(&answer);
    return has_arrived ? EXIT_SUCCESS : EXIT_FAILURE;
}

int trial_run(const char *spec, FILE *out, FILE *errors)
{
    struct networks *networks = network_new();
    struct engine *engine = make_engine(networks);
    struct loop *loop = loop_new();
    struct exporter *exporter = NULL;
    int status = EXIT_FAILURE;
    struct strbuf error;

    strbuf_init(&error, 4096);
    if (engine == NULL || loop == NULL)
        fprintf(errors, "kelvin: --test-export: the system refuses\n");
    else if (!exporter_check(&spec, 1, &error))
        status = EXIT_USAGE;
    else
        exporter = exporter_new(&spec, 1, engine, NULL, &error);
    if (error.len > 0)
        fprintf(errors, "kelvin: --test-export: %s\n", error.text);
    if (exporter != NULL) {
        engine_observe(engine, exporter_observer(exporter));
        exporter_start(exporter, loop, NULL, NULL, NULL);
        pass_query(engine);
        exporter_be_patient(exporter, NULL, NULL);
        (void)exporter_finish(exporter);
        status = tell(exporter, out);
    }
    engine_free(engine);
    exporter_free(exporter);
    loop_free(loop);
    network_free(networks);
    strbuf_free(&error);
    return status;
}
