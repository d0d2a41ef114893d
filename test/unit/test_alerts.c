/* test_alerts: engaged, over, asked for. SPDX-License-Identifier: MIT */
#include "core/run/alerts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/run/alert_settings.h"
#include "core/run/child.h"
#include "core/run/syslogger.h"
#include "core/util/json.h"
#include "core/util/log.h"
#include "core/util/mem.h"

#define PATIENCE_US 30000000
#define STEP_US 2000
#define NOW_S 1600000000

struct scene {
    struct loop *loop;
    struct loop_source *step;
    struct engine *engine;
    struct iface *iface;
    struct networks *networks;
    struct child *server;
    struct store *store;
    struct prefs *prefs;
    struct alerts *alerts;
    char directory[64];
    char socket[96];
    bool (*is_done)(const struct scene *scene);
    int64_t until_us;
    /* What queries gave. */
    unsigned rows;
    unsigned enough; /* they stop after so many; 0: never */
    unsigned done;
    bool is_whole;
    char first[64]; /* ids or values */
    char last[64];
    char rowid[64];
};

static void on_step(void *arg)
{
    struct scene *scene = arg;

    if (scene->is_done(scene) || loop_now_us(scene->loop) > scene->until_us)
        loop_stop(scene->loop);
}

static void run_until(struct scene *scene,
                      bool (*is_done)(const struct scene *scene),
                      const char *what)
{
    scene->is_done = is_done;
    scene->until_us = loop_now_us(scene->loop) + PATIENCE_US;
    loop_run(scene->loop);
    if (!is_done(scene))
        fail_msg("not in time: %s", what);
}

static void open_alerts(struct scene *scene)
{
    struct alerts_config config = {.loop = scene->loop,
                                   .engine = scene->engine,
                                   .store = scene->store,
                                   .syslog_path = scene->socket};

    scene->prefs = prefs_new(scene->store);
    config.prefs = scene->prefs;
    scene->alerts = alerts_new(&config);
}

static struct scene *scene_new(void)
{
    struct scene *scene = mem_calloc(1, sizeof(*scene));
    struct engine_config config = {
        .max_flows = 64, .max_hosts = 64, .seed = {1, 2, 3, 4, 5, 6, 7}};

    scene->loop = loop_new();
    scene->step = loop_every(scene->loop, STEP_US, LOOP_TICK, on_step, scene);
    strcpy(scene->directory, "/tmp/kelvin-alerts.XXXXXX");
    assert_non_null(mkdtemp(scene->directory));
    snprintf(scene->socket, sizeof(scene->socket), "%s/s", scene->directory);
    scene->networks = network_new();
    config.networks = scene->networks;
    scene->engine = engine_new(&config);
    scene->iface = engine_add_iface(scene->engine, "eth0", true);
    return scene;
}

static int open_scene(void **state)
{
    struct scene *scene = scene_new();

    open_alerts(scene);
    *state = scene;
    return 0;
}

static bool is_ready(const struct scene *scene)
{
    return store_state(scene->store) == STORE_READY;
}

/* The same with a Redis. */
static int open_redis(void **state)
{
    struct scene *scene = scene_new();
    char program[4096];
    char target[128];
    const char *const argv[] = {program,       "--port", "0", "--unixsocket",
                                scene->socket, "--save", "",  NULL};
    const struct child_config child = {.name = "redis-server",
                                       .argv = argv,
                                       .directory = scene->directory,
                                       .output = "/dev/null",
                                       .keep_fd = -1,
                                       .grace_us = 5000000};
    struct store_config config = {target, scene->directory};
    struct strbuf error;

    snprintf(target, sizeof(target), "unix:%s", scene->socket);
    if (!child_find_program("redis-server", program, sizeof(program)))
        fail_msg("redis-server is not installed");
    scene->server = child_start(scene->loop, &child);
    strbuf_init(&error, 512);
    scene->store = store_open(scene->loop, &config, &error);
    strbuf_free(&error);
    assert_non_null(scene->store);
    open_alerts(scene);
    run_until(scene, is_ready, "a connection");
    *state = scene;
    return 0;
}

static int close_scene(void **state)
{
    struct scene *scene = *state;
    char command[128];

    alerts_free(scene->alerts);
    prefs_free(scene->prefs);
    store_free(scene->store);
    child_free(scene->server);
    loop_source_free(scene->step);
    loop_free(scene->loop);
    engine_free(scene->engine);
    network_free(scene->networks);
    snprintf(command, sizeof(command), "rm -r %s", scene->directory);
    assert_int_equal(system(command), 0);
    free(scene);
    return 0;
}

/* Alert number `n`, of the host of that number. */
static struct alert_spec spec_of(unsigned n)
{
    static char value[32];

    snprintf(value, sizeof(value), "10.0.%u.%u@0", n >> 8 & 255, n & 255);
    return (struct alert_spec){.entity = ALERT_OF_HOST,
                               .value = value,
                               .id = "probe",
                               .type = ALERT_TYPE_THRESHOLD,
                               .severity = ALERT_WARNING,
                               .text = "more than\nenough",
                               .origin = value,
                               .when_s = NOW_S + n};
}

static struct alerts_counters counters(const struct scene *scene)
{
    struct alerts_counters out;

    alerts_counters(scene->alerts, &out);
    return out;
}

static bool on_row(void *arg, const struct alert_row *row)
{
    struct scene *scene = arg;
    const char *value = alert_row_get(row, "alert_entity_val");

    assert_non_null(value);
    if (scene->rows++ == 0) {
        const char *rowid = alert_row_get(row, "rowid");

        snprintf(scene->first, sizeof(scene->first), "%s", value);
        snprintf(scene->rowid, sizeof(scene->rowid), "%s",
                 rowid != NULL ? rowid : "");
    }
    snprintf(scene->last, sizeof(scene->last), "%s", value);
    return scene->rows != scene->enough;
}

static void on_done(void *arg, bool is_whole)
{
    struct scene *scene = arg;

    scene->done++;
    scene->is_whole = is_whole;
}

static bool is_done(const struct scene *scene)
{
    return scene->done > 0;
}

static const struct alert_filter everything = {
    .type = -1, .severity = -1, .entity = -1};

/* @return how many rows there are. */
static unsigned ask(struct scene *scene, enum alert_table table,
                    const struct alert_filter *filter)
{
    struct alert_query_handler handler = {on_row, on_done, scene};

    scene->rows = 0;
    scene->done = 0;
    assert_non_null(
        alerts_query(scene->alerts, scene->iface, table, filter, &handler));
    assert_int_equal(scene->rows + scene->done, 0);
    run_until(scene, is_done, "an answer");
    assert_int_equal(scene->done, 1);
    return scene->rows;
}

static bool has_drained(const struct scene *scene)
{
    struct store_counters now;

    store_counters(scene->store, &now);
    return now.queued == 0;
}

static void engaging_twice_is_once(void **state)
{
    struct scene *scene = *state;
    struct alert_spec spec = spec_of(1);

    assert_true(alerts_engage(scene->alerts, scene->iface, &spec));
    spec.when_s += 100;
    assert_true(alerts_engage(scene->alerts, scene->iface, &spec));
    assert_int_equal(alerts_engaged(scene->alerts, scene->iface), 1);
    assert_int_equal(alerts_engaged_of(scene->alerts, scene->iface,
                                       ALERT_OF_HOST, spec.value),
                     1);
    assert_int_equal(alerts_engaged_of(scene->alerts, scene->iface,
                                       ALERT_OF_NETWORK, spec.value),
                     0);
    assert_false(alerts_are_stored(scene->alerts, scene->iface));
    assert_true(alerts_release(scene->alerts, scene->iface, &spec));
    assert_false(alerts_release(scene->alerts, scene->iface, &spec));
    assert_int_equal(alerts_engaged(scene->alerts, scene->iface), 0);
    assert_true(alerts_are_stored(scene->alerts, scene->iface));
    assert_int_equal(ask(scene, ALERT_TABLE_CLOSED, &everything), 1);
}

static void alerts_differ_by_each_part_of_the_key(void **state)
{
    struct scene *scene = *state;
    struct alert_spec specs[5];

    for (unsigned i = 0; i < 5; i++)
        specs[i] = spec_of(1);
    specs[1].engine = 1;
    specs[2].entity = ALERT_OF_NETWORK;
    specs[3].value = "10.0.0.9@0";
    specs[4].id = "other";
    for (unsigned i = 0; i < 5; i++) {
        assert_true(alerts_engage(scene->alerts, scene->iface, &specs[i]));
        assert_int_equal(alerts_engaged(scene->alerts, scene->iface), i + 1);
    }
    for (unsigned i = 5; i-- > 0;)
        assert_true(alerts_release(scene->alerts, scene->iface, &specs[i]));
    assert_int_equal(counters(scene).on, 0);
}

static void bad_specs_are_refused(void **state)
{
    struct scene *scene = *state;
    struct alert_spec bad[9];
    char longer[ALERT_VALUE_MAX + 2];

    memset(longer, 'x', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    for (unsigned i = 0; i < 9; i++)
        bad[i] = spec_of(1);
    bad[0].engine = -1;
    bad[1].engine = ALERT_ENGINES;
    bad[2].entity = ALERT_ENTITIES;
    bad[3].severity = ALERT_SEVERITIES;
    bad[4].type = -1;
    bad[5].value = longer;
    bad[6].value = "";
    bad[7].id = NULL;
    bad[8].id = longer;
    for (unsigned i = 0; i < 9; i++) {
        assert_false(alerts_engage(scene->alerts, scene->iface, &bad[i]));
        assert_false(alerts_once(scene->alerts, scene->iface, &bad[i]));
        assert_false(alerts_release(scene->alerts, scene->iface, &bad[i]));
    }
    assert_int_equal(counters(scene).on, 0);
}

static void engaged_alerts_are_bounded(void **state)
{
    struct scene *scene = *state;
    char id[16];

    for (unsigned i = 0; i < ALERT_ENGAGED_OF_ENTITY + 5; i++) {
        struct alert_spec spec = spec_of(0);

        spec.id = id;
        snprintf(id, sizeof(id), "%u", i);
        assert_true(alerts_engage(scene->alerts, scene->iface, &spec) ==
                    (i < ALERT_ENGAGED_OF_ENTITY));
    }
    for (unsigned i = 1; i < 2 * ALERT_ENGAGED_MAX; i++) {
        struct alert_spec spec = spec_of(i);

        (void)alerts_engage(scene->alerts, scene->iface, &spec);
    }
    assert_int_equal(alerts_engaged(scene->alerts, scene->iface),
                     ALERT_ENGAGED_MAX);
    assert_int_equal(counters(scene).refused,
                     5 + 2 * ALERT_ENGAGED_MAX - 1 -
                         (ALERT_ENGAGED_MAX - ALERT_ENGAGED_OF_ENTITY));
    assert_int_equal(ask(scene, ALERT_TABLE_ENGAGED, &everything),
                     ALERT_ENGAGED_MAX);
    assert_string_equal(scene->last, "10.0.0.0@0");
}

static void turning_off_ends_all(void **state)
{
    struct scene *scene = *state;
    struct alert_spec spec = spec_of(1);
    struct strbuf error;

    strbuf_init(&error, 256);
    assert_true(alerts_engage(scene->alerts, scene->iface, &spec));
    assert_true(prefs_set(
        scene->prefs, "ntopng.prefs.disable_alerts_generation", "1", &error));
    assert_false(alerts_are_on(scene->alerts));
    assert_int_equal(alerts_engaged(scene->alerts, scene->iface), 0);
    assert_false(alerts_engage(scene->alerts, scene->iface, &spec));
    assert_false(alerts_once(scene->alerts, scene->iface, &spec));
    assert_int_equal(ask(scene, ALERT_TABLE_CLOSED, &everything), 1);
    strbuf_free(&error);
}

static void suppressed_entities_are_not_told_of(void **state)
{
    struct scene *scene = *state;
    const char *const values[] = {"10.0.0.3@0", "10.0.0.1@0", "10.0.0.2@0"};

    for (unsigned i = 1; i <= 4; i++) {
        struct alert_spec spec = spec_of(i);

        assert_true(alerts_engage(scene->alerts, scene->iface, &spec));
    }
    alerts_suppress(scene->alerts, scene->iface, values, 3);
    assert_int_equal(alerts_engaged(scene->alerts, scene->iface), 1);
    for (unsigned i = 1; i <= 5; i++) {
        struct alert_spec spec = spec_of(i);

        assert_true(alerts_engage(scene->alerts, scene->iface, &spec) ==
                    (i > 3));
    }
    alerts_suppress(scene->alerts, scene->iface, values, 1);
    assert_true(alerts_engage(scene->alerts, scene->iface,
                              &(struct alert_spec){.entity = ALERT_OF_HOST,
                                                   .value = values[1],
                                                   .id = "x"}));
}

/* A burst is kept, and then no more than time allows. */
static void floods_of_alerts_are_limited(void **state)
{
    struct scene *scene = *state;
    struct alerts_counters now;
    unsigned kept;

    for (unsigned i = 0; i < 5000; i++) {
        struct alert_spec spec = spec_of(i);

        assert_true(alerts_once(scene->alerts, scene->iface, &spec));
    }
    now = counters(scene);
    assert_int_equal(now.happened, 5000);
    kept = ask(scene, ALERT_TABLE_CLOSED, &everything);
    assert_in_range(kept, 500, ALERT_RING);
    assert_int_equal(now.unwritten, 5000 - kept);
}

static void filters_choose(void **state)
{
    struct scene *scene = *state;
    struct alert_filter filter = everything;

    for (unsigned i = 0; i < 100; i++) {
        struct alert_spec spec = spec_of(i);

        spec.severity = (int)(i % 3);
        spec.type = (int)(i % 10);
        assert_true(alerts_once(scene->alerts, scene->iface, &spec));
    }
    assert_int_equal(ask(scene, ALERT_TABLE_FLOWS, &everything), 0);
    assert_int_equal(ask(scene, ALERT_TABLE_CLOSED, &everything), 100);
    assert_string_equal(scene->first, "10.0.0.99@0");
    assert_string_equal(scene->last, "10.0.0.0@0");
    filter.severity = 1;
    assert_int_equal(ask(scene, ALERT_TABLE_CLOSED, &filter), 33);
    filter.type = 4;
    assert_int_equal(ask(scene, ALERT_TABLE_CLOSED, &filter), 4);
    filter.entity = ALERT_OF_NETWORK;
    assert_int_equal(ask(scene, ALERT_TABLE_CLOSED, &filter), 0);
    filter = everything;
    filter.from_s = NOW_S + 10;
    filter.to_s = NOW_S + 20;
    assert_int_equal(ask(scene, ALERT_TABLE_CLOSED, &filter), 10);
    filter = everything;
    filter.value = "10.0.0.7@0";
    assert_int_equal(ask(scene, ALERT_TABLE_CLOSED, &filter), 1);
    scene->enough = 5;
    assert_int_equal(ask(scene, ALERT_TABLE_CLOSED, &everything), 5);
}

static bool is_late(const struct scene *scene)
{
    return loop_now_us(scene->loop) > scene->until_us - PATIENCE_US + 50000;
}

static void cancelled_queries_are_silent(void **state)
{
    struct scene *scene = *state;
    struct alert_query_handler handler = {on_row, on_done, scene};
    struct alert_spec spec = spec_of(1);

    assert_true(alerts_once(scene->alerts, scene->iface, &spec));
    alerts_cancel(alerts_query(scene->alerts, scene->iface, ALERT_TABLE_CLOSED,
                               &everything, &handler));
    alerts_cancel(NULL);
    run_until(scene, is_late, "a while");
    assert_int_equal(scene->rows + scene->done, 0);
}

/* 200 rows are four pieces, and as many of another kind pass the filter. */
static void redis_is_read_in_pieces(void **state)
{
    struct scene *scene = *state;
    struct alert_filter filter = everything;
    char newest[64];

    alerts_begin(scene->alerts);
    for (unsigned i = 0; i < 200; i++) {
        struct alert_spec spec = spec_of(i);

        spec.severity = (int)(i % 2);
        assert_true(alerts_once(scene->alerts, scene->iface, &spec));
    }
    run_until(scene, has_drained, "all is written");
    assert_int_equal(ask(scene, ALERT_TABLE_CLOSED, &everything), 200);
    assert_true(scene->is_whole);
    assert_string_equal(scene->first, "10.0.0.199@0");
    assert_string_equal(scene->last, "10.0.0.0@0");
    assert_non_null(strchr(scene->rowid, '-'));
    strcpy(newest, scene->rowid);
    filter.severity = 0;
    assert_int_equal(ask(scene, ALERT_TABLE_CLOSED, &filter), 100);
    assert_string_not_equal(scene->rowid, newest);
    scene->enough = 150;
    assert_int_equal(ask(scene, ALERT_TABLE_CLOSED, &everything), 150);
    assert_string_equal(scene->last, "10.0.0.50@0");
}

static void tell(struct scene *scene, size_t count, const char *const *words)
{
    assert_true(store_tell(scene->store, count, words, NULL));
    run_until(scene, has_drained, "a write");
}

static void foreign_entries_are_passed_over(void **state)
{
    struct scene *scene = *state;
    struct alert_spec spec = spec_of(1);
    static const char key[] = "ntopng.alerts.ifid_0.closed";

    alerts_begin(scene->alerts);
    tell(scene, 5, (const char *const[]){"XADD", key, "0-1", "x", "y"});
    tell(scene, 5,
         (const char *const[]){"XADD", key, "0-2", "alert_tstamp", "soon"});
    assert_true(alerts_once(scene->alerts, scene->iface, &spec));
    run_until(scene, has_drained, "a write");
    assert_int_equal(ask(scene, ALERT_TABLE_CLOSED, &everything), 1);
    assert_true(scene->is_whole);
    tell(scene, 2, (const char *const[]){"DEL", key});
    assert_int_equal(ask(scene, ALERT_TABLE_CLOSED, &everything), 0);
    assert_true(scene->is_whole);
    tell(scene, 3, (const char *const[]){"SET", key, "text"});
    assert_int_equal(ask(scene, ALERT_TABLE_CLOSED, &everything), 0);
    assert_false(scene->is_whole);
}

/* What there was before Redis and numbers goes there with them. */
static void what_came_early_is_written_late(void **state)
{
    struct scene *scene = *state;
    struct alert_spec spec = spec_of(1);
    struct alert_spec own = {
        .entity = ALERT_OF_IFACE, .value = "iface_0", .id = "interface_down"};
    struct alert_spec renamed = own;

    assert_true(alerts_once(scene->alerts, scene->iface, &spec));
    assert_true(alerts_engage(scene->alerts, scene->iface, &own));
    scene->iface->ifid = 7;
    alerts_begin(scene->alerts);
    run_until(scene, has_drained, "all is written");
    assert_int_equal(ask(scene, ALERT_TABLE_CLOSED, &everything), 1);
    assert_int_equal(ask(scene, ALERT_TABLE_ENGAGED, &everything), 1);
    assert_string_equal(scene->first, "iface_7");
    renamed.value = "iface_7";
    assert_false(alerts_release(scene->alerts, scene->iface, &own));
    assert_true(alerts_release(scene->alerts, scene->iface, &renamed));
}

static bool is_restored(const struct scene *scene)
{
    return counters(scene).restored + counters(scene).garbage > 0;
}

static void engaged_ones_are_restored(void **state)
{
    struct scene *scene = *state;
    struct alert_spec spec = spec_of(1);

    alerts_begin(scene->alerts);
    assert_true(alerts_engage(scene->alerts, scene->iface, &spec));
    run_until(scene, has_drained, "a write");
    alerts_free(scene->alerts);
    prefs_free(scene->prefs);
    open_alerts(scene);
    alerts_begin(scene->alerts);
    run_until(scene, is_restored, "what was engaged");
    assert_int_equal(counters(scene).restored, 1);
    assert_int_equal(ask(scene, ALERT_TABLE_ENGAGED, &everything), 1);
    assert_string_equal(scene->first, spec.value);
    assert_true(alerts_release(scene->alerts, scene->iface, &spec));
}

static void syslog_gets_one_clean_line(void **state)
{
    struct scene *scene = *state;
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    struct alert_spec spec = spec_of(1);
    struct strbuf error;
    char line[2048];
    ssize_t len;
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

    assert_true(alerts_once(scene->alerts, scene->iface, &spec));
    assert_int_equal(counters(scene).lost, 0);
    strbuf_init(&error, 256);
    assert_true(
        prefs_set(scene->prefs, "ntopng.prefs.alerts_syslog", "1", &error));
    assert_true(alerts_once(scene->alerts, scene->iface, &spec));
    assert_int_equal(counters(scene).lost, 1); /* nobody is there */
    strcpy(name.sun_path, scene->socket);
    assert_int_equal(bind(fd, (struct sockaddr *)&name, sizeof(name)), 0);
    spec.text = "a\033[31m\xff\nline";
    assert_true(alerts_once(scene->alerts, scene->iface, &spec));
    len = recv(fd, line, sizeof(line) - 1, MSG_DONTWAIT);
    assert_true(len > 0);
    line[len] = '\0';
    assert_non_null(strstr(line, "<28>")); /* daemon.warning */
    assert_non_null(strstr(line, "kelvin["));
    assert_non_null(strstr(line, "eth0: threshold crossed, warning, happened: "
                                 "10.0.0.1@0: a?[31m??line"));
    assert_true(recv(fd, line, sizeof(line), MSG_DONTWAIT) < 0);
    /* A daemon that does not read costs lines, no time. */
    for (int i = 0; i < 5000; i++)
        assert_true(alerts_once(scene->alerts, scene->iface, &spec));
    assert_true(counters(scene).untold > 4000);
    close(fd);
    strbuf_free(&error);
}

static void engaged_json_is_checked(void **state)
{
    static const char head[] =
        "{\"alert_id\":\"i\",\"alert_engine\":0,\"alert_tstamp\":5,"
        "\"alert_type\":1,\"alert_severity\":2,\"alert_entity\":1,";
    static const struct {
        const char *key;
        const char *rest;
        bool is_good;
    } table[] = {
        {"0|1|v|i", "\"alert_entity_val\":\"v\"}", true},
        {"0|1|v|i", "\"alert_entity_val\":\"v\",\"alert_json\":\"t\"}", true},
        {"0|1|v|i", "\"alert_entity_val\":\"w\"}", false},
        {"0|1|v|i", "\"alert_entity_val\":7}", false},
        {"0|1|v|i", "\"alert_entity_val\":null}", false},
        {"0|1||i", "\"alert_entity_val\":\"\"}", false},
        {"", "\"alert_entity_val\":\"v\"}", false},
        {"1|1|v|i", "\"alert_entity_val\":\"v\"}", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct alert_spec spec;
        char text[512];
        struct json_value *value;

        snprintf(text, sizeof(text), "%s%s", head, table[i].rest);
        value = json_parse(text, strlen(text));
        assert_non_null(value);
        assert_true(alert_spec_read(&spec, value, table[i].key) ==
                    table[i].is_good);
        json_forget(value);
    }
}

static void limits_of_hosts_are_read(void **state)
{
    static const struct {
        const char *text;
        bool is_good;
        uint32_t per_s[ALERT_RATES];
    } table[] = {
        {"1|2|3|4", true, {1, 2, 3, 4}},
        {"", true, {9, 9, 9, 9}},
        {"|||", true, {9, 9, 9, 9}},
        {"||7|", true, {9, 9, 7, 9}},
        {"0", true, {0, 9, 9, 9}},
        {"1|2|3|4|", true, {1, 2, 3, 4}},
        {"1|2|3|4|5", false, {9, 9, 9, 9}},
        {"-1", false, {9, 9, 9, 9}},
        {"1 |2", false, {9, 9, 9, 9}},
        {"1|x", false, {9, 9, 9, 9}},
        {"1|99999999999999999999", false, {9, 9, 9, 9}},
        {"1|4294967296", false, {9, 9, 9, 9}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct alert_limits limits = {.per_s = {9, 9, 9, 9}};

        assert_true(alert_limits_read(&limits, table[i].text) ==
                    table[i].is_good);
        assert_memory_equal(limits.per_s, table[i].per_s, sizeof(limits.per_s));
    }
}

static void keys_of_hosts_are_read(void **state)
{
    static const struct {
        const char *key;
        const char *addr; /* NULL: it is none */
        unsigned vlan;
    } table[] = {
        {"ntopng.prefs.10.0.0.1:0.alerts_config", "10.0.0.1", 0},
        {"ntopng.prefs.10.0.0.1:42.alerts_config", "10.0.0.1", 42},
        {"ntopng.prefs.fd00::1:0.alerts_config", "fd00::1", 0},
        {"ntopng.prefs.10.0.0.1.alerts_config", NULL, 0},
        {"ntopng.prefs.10.0.0.1:.alerts_config", NULL, 0},
        {"ntopng.prefs.10.0.0.1:99999.alerts_config", NULL, 0},
        {"ntopng.prefs.10.0.0.1:-1.alerts_config", NULL, 0},
        {"ntopng.prefs.10.0.0.256:0.alerts_config", NULL, 0},
        {"ntopng.prefs.:0.alerts_config", NULL, 0},
        {"ntopng.prefs.alerts_config", NULL, 0},
        {"ntopng.prefs..alerts_config", NULL, 0},
        {"ntopng.prefs.10.0.0.1:0.alerts_confix", NULL, 0},
        {"ntopng.prefs.0123456789012345678901234567890123456789012345678901:0"
         ".alerts_config",
         NULL, 0},
        {"", NULL, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct addr addr;
        uint16_t vlan;
        char text[ADDR_TEXT_SIZE];

        assert_true(alert_host_key_read(table[i].key, &addr, &vlan) ==
                    (table[i].addr != NULL));
        if (table[i].addr == NULL)
            continue;
        assert_string_equal(addr_format(&addr, text), table[i].addr);
        assert_int_equal(vlan, table[i].vlan);
    }
}

static void rows_keep_what_fits(void **state)
{
    struct alert_row row;
    struct alert_row again;
    char text[ALERT_TEXT_MAX + 100];
    char *packed;
    int64_t number;

    (void)state;
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    alert_row_clear(&row);
    for (int i = 0; i < 2 * ALERT_ROW_COLUMNS; i++)
        alert_row_text(&row, "column", text);
    assert_in_range(row.count, 7, ALERT_ROW_COLUMNS);
    assert_int_equal(strlen(alert_row_get(&row, "column")), ALERT_TEXT_MAX);
    alert_row_clear(&row);
    alert_row_text(&row, "none", NULL);
    alert_row_int(&row, "least", INT64_MIN);
    alert_row_text(&row, "text", "12x");
    packed = alert_row_pack(&row);
    alert_row_unpack(&again, packed);
    free(packed);
    assert_int_equal(again.count, 3);
    assert_string_equal(alert_row_get(&again, "none"), "");
    assert_true(alert_row_number(&again, "least", &number));
    assert_true(number == INT64_MIN);
    assert_false(alert_row_number(&again, "text", &number));
    assert_false(alert_row_number(&again, "none", &number));
    assert_false(alert_row_number(&again, "other", &number));
}

#define TEST(name) \
    cmocka_unit_test_setup_teardown(name, open_scene, close_scene)
#define WITH_REDIS(name) \
    cmocka_unit_test_setup_teardown(name, open_redis, close_scene)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(engaging_twice_is_once),
        TEST(alerts_differ_by_each_part_of_the_key),
        TEST(bad_specs_are_refused),
        TEST(engaged_alerts_are_bounded),
        TEST(turning_off_ends_all),
        TEST(suppressed_entities_are_not_told_of),
        TEST(floods_of_alerts_are_limited),
        TEST(filters_choose),
        TEST(cancelled_queries_are_silent),
        TEST(syslog_gets_one_clean_line),
        WITH_REDIS(redis_is_read_in_pieces),
        WITH_REDIS(foreign_entries_are_passed_over),
        WITH_REDIS(what_came_early_is_written_late),
        WITH_REDIS(engaged_ones_are_restored),
        cmocka_unit_test(engaged_json_is_checked),
        cmocka_unit_test(limits_of_hosts_are_read),
        cmocka_unit_test(keys_of_hosts_are_read),
        cmocka_unit_test(rows_keep_what_fits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
