/* test_series: a real rrdcached, and what may be in its place.
 * SPDX-License-Identifier: MIT */
#include "core/run/series.h"

#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/run/child.h"
#include "core/util/log.h"

#define PATIENCE_US 30000000
#define STEP_US 2000
#define T INT64_C(1700000100)
#define COUNTER                                             \
    "-s 300 DS:sent:DERIVE:600:U:U DS:rcvd:DERIVE:600:U:U " \
    "RRA:AVERAGE:0.5:1:100"
#define GAUGE "-s 60 DS:num:GAUGE:300:0:U RRA:AVERAGE:0.5:1:100"

#define CLIENTS_MAX 64

struct scene;

struct client {
    struct scene *scene;
    int fd;
    struct loop_source *reading;
};

/* A daemon that answers each line with what the test says. */
struct fake {
    int listener;
    struct loop_source *accepting;
    struct client clients[CLIENTS_MAX];
    unsigned count;
    const char *answer; /* to each line; NULL: nothing */
};

struct scene {
    struct loop *loop;
    struct loop_source *step;
    struct series *series;
    struct fake fake;
    char directory[64];
    char target[96];
    char log[96];
    bool (*is_done)(struct scene *scene);
    int64_t until_us;
    /* What callbacks have seen. */
    unsigned answers;
    int64_t status;
    bool is_broken;
    char text[256];
    char rows[2048];
    uint64_t wanted;
};

static void on_step(void *arg)
{
    struct scene *scene = arg;

    if (scene->is_done(scene) || loop_now_us(scene->loop) > scene->until_us)
        loop_stop(scene->loop);
}

static void run_until(struct scene *scene, bool (*is_done)(struct scene *scene),
                      const char *what)
{
    scene->is_done = is_done;
    scene->until_us = loop_now_us(scene->loop) + PATIENCE_US;
    loop_run(scene->loop);
    if (!is_done(scene))
        fail_msg("not in time: %s", what);
}

static struct series_counters counters(const struct scene *scene)
{
    struct series_counters out;

    series_counters(scene->series, &out);
    return out;
}

static bool is_ready(struct scene *scene)
{
    return series_state(scene->series) == SERIES_READY;
}

static bool is_away(struct scene *scene)
{
    return series_state(scene->series) == SERIES_AWAY;
}

static bool is_written(struct scene *scene)
{
    return counters(scene).queued == 0;
}

static bool has_answer(struct scene *scene)
{
    return scene->answers > 0;
}

static void open_series(struct scene *scene, const char *target)
{
    const struct series_config config = {scene->loop, target, scene->directory,
                                         600000};
    struct strbuf error;

    strbuf_init(&error, 512);
    scene->series = series_open(&config, &error);
    if (scene->series == NULL)
        fail_msg("%s", error.text);
    strbuf_free(&error);
}

static int open_scene(void **state)
{
    struct scene *scene = calloc(1, sizeof(*scene));

    scene->loop = loop_new();
    scene->step = loop_every(scene->loop, STEP_US, LOOP_TICK, on_step, scene);
    strcpy(scene->directory, "/tmp/kelvin-series.XXXXXX");
    assert_non_null(mkdtemp(scene->directory));
    snprintf(scene->target, sizeof(scene->target), "unix:%s/s",
             scene->directory);
    snprintf(scene->log, sizeof(scene->log), "%s/log", scene->directory);
    assert_int_equal(log_open(LOG_TARGET_FILE, scene->log), 0);
    scene->fake.listener = -1;
    *state = scene;
    return 0;
}

static void hang_up(struct client *client)
{
    loop_source_free(client->reading);
    client->reading = NULL;
    if (client->fd != -1)
        close(client->fd);
    client->fd = -1;
}

static int close_scene(void **state)
{
    struct scene *scene = *state;
    char command[128];

    series_free(scene->series);
    for (unsigned i = 0; i < scene->fake.count; i++)
        hang_up(&scene->fake.clients[i]);
    loop_source_free(scene->fake.accepting);
    if (scene->fake.listener != -1)
        close(scene->fake.listener);
    loop_source_free(scene->step);
    loop_free(scene->loop);
    log_open(LOG_TARGET_STDERR, NULL);
    snprintf(command, sizeof(command), "rm -r %s", scene->directory);
    assert_int_equal(system(command), 0);
    free(scene);
    return 0;
}

static unsigned logged(const struct scene *scene, const char *text)
{
    char bytes[65536];
    FILE *file = fopen(scene->log, "r");
    size_t len = fread(bytes, 1, sizeof(bytes) - 1, file);
    unsigned count = 0;

    fclose(file);
    bytes[len] = '\0';
    for (const char *at = bytes; (at = strstr(at, text)) != NULL; at++)
        count++;
    return count;
}

/* --- The fake --- */

static void on_client_line(void *arg)
{
    struct client *client = arg;
    const char *answer = client->scene->fake.answer;
    char bytes[65536];
    ssize_t len = recv(client->fd, bytes, sizeof(bytes), MSG_DONTWAIT);

    if (len <= 0) {
        hang_up(client);
        return;
    }
    for (ssize_t i = 0; i < len && answer != NULL; i++)
        if (bytes[i] == '\n' &&
            send(client->fd, answer, strlen(answer), MSG_NOSIGNAL) < 0)
            return;
}

static void on_client(void *arg)
{
    struct scene *scene = arg;
    struct client *client = &scene->fake.clients[scene->fake.count];

    assert_in_range(scene->fake.count, 0, CLIENTS_MAX - 1);
    client->scene = scene;
    client->fd = accept(scene->fake.listener, NULL, NULL);
    assert_int_not_equal(client->fd, -1);
    client->reading = loop_on_fd(scene->loop, client->fd, LOOP_READ, LOOP_PEER,
                                 on_client_line, client);
    scene->fake.count++;
}

static void open_fake(struct scene *scene, const char *answer)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    struct fake *fake = &scene->fake;

    fake->answer = answer;
    fake->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    strcpy(addr.sun_path, scene->target + 5);
    assert_int_equal(
        bind(fake->listener, (struct sockaddr *)&addr, sizeof(addr)), 0);
    assert_int_equal(listen(fake->listener, 8), 0);
    fake->accepting = loop_on_fd(scene->loop, fake->listener, LOOP_READ,
                                 LOOP_PEER, on_client, scene);
    open_series(scene, scene->target);
    run_until(scene, is_ready, "a connection to the fake");
}

/* --- Recording and asking --- */

static bool record(struct scene *scene, const char *file, int64_t time_s,
                   int64_t since_s, int64_t sent, int64_t rcvd)
{
    const struct series_point point = {file,    COUNTER, time_s,
                                       since_s, 2,       {sent, rcvd, 0}};

    return series_record(scene->series, &point);
}

static void on_line(void *arg, const char *line)
{
    struct scene *scene = arg;
    size_t len = strlen(scene->rows);

    if (line[0] >= '0' && line[0] <= '9')
        snprintf(scene->rows + len, sizeof(scene->rows) - len, "%s\n", line);
}

static void on_done(void *arg, uint64_t tag, const struct series_reply *reply)
{
    struct scene *scene = arg;

    (void)tag;
    scene->answers++;
    scene->status = reply->status;
    scene->is_broken = reply->is_broken;
    snprintf(scene->text, sizeof(scene->text), "%s", reply->text);
}

static void ask(struct scene *scene, const char *verb, const char *file,
                const char *rest)
{
    struct strbuf command;

    strbuf_init(&command, 4000);
    strbuf_puts(&command, verb);
    if (file != NULL)
        assert_true(series_put_path(scene->series, file, &command));
    strbuf_puts(&command, rest);
    scene->answers = 0;
    scene->rows[0] = '\0';
    assert_non_null(
        series_ask(scene->series, &command, on_line, on_done, scene));
    strbuf_free(&command);
    run_until(scene, has_answer, verb);
}

/* The values of `column` of the rows that end at T + 300, T + 600 ... */
static void check_rates(struct scene *scene, const char *file, unsigned column,
                        const double *rates, unsigned count)
{
    char rest[80];
    char *at = scene->rows;

    run_until(scene, is_written, "all written");
    snprintf(rest, sizeof(rest), " AVERAGE %" PRId64 " %" PRId64, T,
             T + 300 * ((int64_t)count - 1));
    ask(scene, "FETCH ", file, rest);
    assert_true(scene->status > 0);
    for (unsigned i = 0; i < count; i++) {
        double value = 0;

        assert_int_equal(strtoll(at, &at, 10), T + 300 * (i + 1));
        at++;
        for (unsigned k = 0; k <= column; k++)
            value = strtod(at, &at);
        if (rates[i] < 0
                ? value == value
                : !(value > rates[i] - 0.01 && value < rates[i] + 0.01))
            fail_msg("row %u is %f, not %f, of\n%s", i, value, rates[i],
                     scene->rows);
        at = strchr(at, '\n') + 1;
    }
}

static void counters_become_rates(void **state)
{
    struct scene *scene = *state;
    const double sent[] = {10, 20, 0}, rcvd[] = {1, 0, 0};
    const char *file = "0/rrd/10/0/0/1/bytes.rrd";

    open_series(scene, "own");
    /* While it starts, they wait. */
    assert_true(record(scene, file, T + 300, T, 3000, 300));
    assert_true(record(scene, file, T + 600, T, 9000, 300));
    assert_true(record(scene, file, T + 900, T, 9000, 300));
    check_rates(scene, file, 0, sent, 3);
    check_rates(scene, file, 1, rcvd, 3);
    assert_int_equal(counters(scene).points, 3);
    assert_int_equal(counters(scene).written, 3);
    assert_int_equal(counters(scene).created, 1);
    assert_int_equal(counters(scene).failed, 0);
}

static void a_counter_that_falls_is_no_spike(void **state)
{
    struct scene *scene = *state;
    /* 600 in the 298 s that are known. */
    const double sent[] = {10, 600.0 / 298, 10};
    const char *file = "0/rrd/x y\\z/bytes.rrd";

    open_series(scene, "own");
    record(scene, file, T + 300, T, 3000, 0);
    record(scene, file, T + 600, T, 600, 0);
    record(scene, file, T + 900, T, 3600, 0);
    check_rates(scene, file, 0, sent, 3);
    assert_int_equal(counters(scene).restarts, 1);
}

static void what_began_at_an_unknown_time_is_unknown(void **state)
{
    struct scene *scene = *state;
    const double sent[] = {-1, 10};

    open_series(scene, "own");
    record(scene, "0/a.rrd", T + 300, 0, 1000000, 0);
    record(scene, "0/a.rrd", T + 600, 0, 1003000, 0);
    check_rates(scene, "0/a.rrd", 0, sent, 2);
    /* So long ago that it says nothing of now. */
    record(scene, "0/b.rrd", T + 300, T - 7200, 1000000, 0);
    record(scene, "0/b.rrd", T + 600, T - 7200, 1003000, 0);
    check_rates(scene, "0/b.rrd", 0, sent, 2);
}

static void time_that_goes_back_is_a_gap(void **state)
{
    struct scene *scene = *state;
    const double sent[] = {10, 10, 10};

    open_series(scene, "own");
    record(scene, "0/a.rrd", T + 300, T, 3000, 0);
    record(scene, "0/a.rrd", T + 600, T, 6000, 0);
    assert_false(record(scene, "0/a.rrd", T + 600, T, 6000, 0));
    assert_false(record(scene, "0/a.rrd", T - 3000, T, 7000, 0));
    record(scene, "0/a.rrd", T + 900, T, 9000, 0);
    check_rates(scene, "0/a.rrd", 0, sent, 3);
    assert_int_equal(counters(scene).late, 2);
    assert_int_equal(logged(scene, "has the clock been set?"), 1);
}

/* Another run has written later times. */
static void files_of_a_later_time_are_left_alone(void **state)
{
    struct scene *scene = *state;
    const double sent[] = {10, -1, 20};

    open_series(scene, "own");
    record(scene, "0/a.rrd", T + 300, T, 3000, 0);
    run_until(scene, is_written, "the first run");
    series_drain(scene->series, PATIENCE_US);
    series_free(scene->series);
    open_series(scene, "own");
    record(scene, "0/a.rrd", T + 150, T - 150, 77, 0);
    run_until(scene, is_written, "what is too late");
    assert_int_equal(counters(scene).late, 1);
    record(scene, "0/a.rrd", T + 600, T - 150, 100, 0);
    record(scene, "0/a.rrd", T + 900, T - 150, 6100, 0);
    check_rates(scene, "0/a.rrd", 0, sent, 3);
}

static bool has_failed(struct scene *scene)
{
    return counters(scene).failed > 0;
}

static void what_cannot_be_made_is_tried_again(void **state)
{
    struct scene *scene = *state;
    const double sent[] = {-1, -1, 10};
    char path[128], command[160];

    open_series(scene, "own");
    snprintf(path, sizeof(path), "%s/0", scene->directory);
    snprintf(command, sizeof(command), "touch %s", path); /* in the way */
    assert_int_equal(system(command), 0);
    assert_false(record(scene, "0/a.rrd", T + 300, T, 3000, 0));
    assert_true(has_failed(scene));
    assert_int_equal(unlink(path), 0);
    /* What was not written must not be counted at once. */
    assert_true(record(scene, "0/a.rrd", T + 600, T, 6000, 0));
    assert_true(record(scene, "0/a.rrd", T + 900, T, 9000, 0));
    check_rates(scene, "0/a.rrd", 0, sent, 3);
    assert_int_equal(logged(scene, "takes values again"), 1);
}

static void gauges_are_as_they_are(void **state)
{
    struct scene *scene = *state;
    const struct series_point point = {"0/n.rrd", GAUGE, T,
                                       T - 60,    1,     {42, 0, 0}};
    struct series_point next = point;

    open_series(scene, "own");
    next.time_s += 60;
    next.values[0] = 7; /* falls, and that is fine */
    assert_true(series_record(scene->series, &point));
    assert_true(series_record(scene->series, &next));
    run_until(scene, is_written, "gauges");
    ask(scene, "FETCH ", "0/n.rrd", " AVERAGE 1700000100 1700000100");
    assert_non_null(strstr(scene->rows, "1700000160: 7.0"));
    assert_int_equal(counters(scene).restarts, 0);
}

static void questions_have_answers(void **state)
{
    struct scene *scene = *state;

    open_series(scene, "own");
    run_until(scene, is_ready, "rrdcached");
    ask(scene, "LAST ", "0/none.rrd", "");
    assert_int_equal(scene->status, -1);
    assert_non_null(strstr(scene->text, "No such file"));
    ask(scene, "PING", NULL, "");
    assert_int_equal(scene->status, 0);
    assert_string_equal(scene->text, "PONG");
}

/* --- Paths and options --- */

static void paths_stay_in_the_data_directory(void **state)
{
    struct scene *scene = *state;
    static const struct {
        const char *file;
        bool is_ours;
    } cases[] = {
        {"0/rrd/bytes.rrd", true},
        {"a.rrd", true},
        {"a b/..c/...rrd", true},
        {"$D/0/rrd/bytes.rrd", true},
        {"0/rrd/bytes", false},
        {".rrd", false},
        {"", false},
        {"../a.rrd", false},
        {"0/../../a.rrd", false},
        {"0/./a.rrd", false},
        {"$D/../a.rrd", false},
        {"$Dx/a.rrd", false},
        {"/etc/a.rrd", false},
        {"$D", false},
        {"a\nFLUSHALL\n.rrd", false},
        {"a\tb.rrd", false},
        {"a\x7f.rrd", false},
    };
    char file[256], longest[2048];
    struct strbuf out;

    open_series(scene, "none");
    strbuf_init(&out, 4096);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *text = cases[i].file;

        snprintf(file, sizeof(file), "%s%s",
                 strncmp(text, "$D", 2) == 0 ? scene->directory : "",
                 strncmp(text, "$D", 2) == 0 ? text + 2 : text);
        if (series_put_path(scene->series, file, &out) != cases[i].is_ours)
            fail_msg("%s", file);
    }
    memset(longest, 'a', sizeof(longest));
    strcpy(longest + sizeof(longest) - 5, ".rrd");
    assert_false(series_put_path(scene->series, longest, &out));
    strbuf_reset(&out);
    assert_true(series_put_path(scene->series, "a b\\c.rrd", &out));
    assert_string_equal(out.text + strlen(scene->directory), "/a\\ b\\\\c.rrd");
    strbuf_free(&out);
}

static void servers_are_named_in_some_ways(void **state)
{
    static const char *const good[] = {
        "own",         "none",          "unix:/a/b", "/a/b", "10.0.0.1:42217",
        "[::1]:42217", "host.example:1"};
    static const char *const bad[] = {"host",       "host:",     "host:0",
                                      "host:65536", "host:1:x",  "host:1@2",
                                      "unix:a",     "unix:/a@1", ""};
    struct strbuf reason;

    (void)state;
    strbuf_init(&reason, 512);
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        if (!series_check(good[i], &reason))
            fail_msg("%s: %s", good[i], reason.text);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        strbuf_reset(&reason);
        if (series_check(bad[i], &reason))
            fail_msg("%s is taken", bad[i]);
        assert_true(reason.len > 0);
    }
    strbuf_free(&reason);
}

static void none_is_off(void **state)
{
    struct scene *scene = *state;

    open_series(scene, "none");
    assert_int_equal(series_state(scene->series), SERIES_OFF);
    assert_int_equal(series_state(NULL), SERIES_OFF);
    assert_false(record(scene, "0/a.rrd", T, T, 1, 1));
    assert_false(series_must_wait(scene->series));
    assert_int_equal(counters(scene).points, 0);
}

/* --- Daemons that are none --- */

static void check_garbage(struct scene *scene, const char *answer,
                          unsigned answered)
{
    open_fake(scene, answer);
    assert_true(record(scene, "0/a.rrd", T + 300, T, 1, 1));
    run_until(scene, is_away, answer);
    assert_int_equal(logged(scene, "is away: does not speak as rrdcached"), 1);
    /* Nothing is lost: it is sent again to one that speaks. */
    scene->fake.answer = "0 fine\n";
    run_until(scene, is_written, "what was kept");
    assert_int_equal(counters(scene).repeated, 2 - answered);
    assert_int_equal(counters(scene).lost, 0);
    assert_int_equal(counters(scene).written, 1);
}

static void garbage_ends_a_connection(void **state)
{
    check_garbage(*state, "HTTP/1.1 400 Bad Request\r\n\r\n", 0);
}

static void answers_nobody_asked_for_end_it(void **state)
{
    check_garbage(*state, "0 fine\n0 and more\n0 and more\n", 2);
}

static void numbers_that_are_too_large_end_it(void **state)
{
    check_garbage(*state, "99999999999 lines follow\n", 0);
}

static void endless_lines_end_it(void **state)
{
    char line[8192];

    memset(line, '0', sizeof(line) - 1);
    line[sizeof(line) - 1] = '\0';
    check_garbage(*state, line, 0);
}

static bool is_again(struct scene *scene)
{
    return counters(scene).connects >= 2;
}

static void one_that_hangs_is_left(void **state)
{
    struct scene *scene = *state;

    open_fake(scene, NULL);
    assert_true(record(scene, "0/a.rrd", T + 300, T, 1, 1));
    run_until(scene, is_away, "patience to end");
    assert_int_equal(logged(scene, "is away: does not answer"), 1);
    scene->fake.answer = "0 fine\n";
    run_until(scene, is_again, "another connection");
    run_until(scene, is_written, "what was kept");
}

static void errors_on_two_lines_are_one(void **state)
{
    struct scene *scene = *state;

    open_fake(scene, "-1 No permission to recursively create: /x\n"
                     "Did you pass -R to the daemon?\n");
    assert_true(record(scene, "0/a.rrd", T + 300, T, 1, 1));
    run_until(scene, is_written, "the answers");
    assert_int_equal(counters(scene).failed, 2); /* CREATE and UPDATE */
    assert_int_equal(series_state(scene->series), SERIES_READY);
}

static void what_waits_is_bounded(void **state)
{
    struct scene *scene = *state;
    struct strbuf command;
    unsigned taken = 0;

    open_series(scene, scene->target); /* nobody is there */
    for (unsigned i = 0; i < 100000; i++)
        taken += record(scene, "0/a.rrd", T + i, T, i, 0);
    assert_in_range(taken, 60000, 65536);
    assert_int_equal(counters(scene).lost, 100000 - taken);
    assert_int_equal(counters(scene).queued, 65536);
    assert_int_equal(logged(scene, "values are lost"), 1);
    /* It would be in vain to wait for who is away. */
    assert_false(series_must_wait(scene->series));
    strbuf_init(&command, 64);
    strbuf_puts(&command, "PING");
    assert_null(series_ask(scene->series, &command, NULL, on_done, scene));
    strbuf_free(&command);
}

#define TEST(name) \
    cmocka_unit_test_setup_teardown(name, open_scene, close_scene)

int main(void)
{
    char program[4096];
    const struct CMUnitTest tests[] = {
        TEST(counters_become_rates),
        TEST(a_counter_that_falls_is_no_spike),
        TEST(what_began_at_an_unknown_time_is_unknown),
        TEST(time_that_goes_back_is_a_gap),
        TEST(files_of_a_later_time_are_left_alone),
        TEST(what_cannot_be_made_is_tried_again),
        TEST(gauges_are_as_they_are),
        TEST(questions_have_answers),
        TEST(paths_stay_in_the_data_directory),
        TEST(servers_are_named_in_some_ways),
        TEST(none_is_off),
        TEST(garbage_ends_a_connection),
        TEST(answers_nobody_asked_for_end_it),
        TEST(numbers_that_are_too_large_end_it),
        TEST(endless_lines_end_it),
        TEST(one_that_hangs_is_left),
        TEST(errors_on_two_lines_are_one),
        TEST(what_waits_is_bounded),
    };

    signal(SIGPIPE, SIG_IGN);
    if (!child_find_program("rrdcached", program, sizeof(program))) {
        fprintf(stderr, "rrdcached is not installed\n");
        return EXIT_FAILURE;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
