/* test_ask: scripts that wait for a real Redis. SPDX-License-Identifier: MIT */
#include "lua_bed.h"

#include <signal.h>

#include "core/run/child.h"
#include "core/run/prefs.h"
#include "core/run/store.h"
#include "lua/access.h"

#define STEP_US 2000
#define RUNS 1000
#define CAP ((size_t)96 << 20)

struct scene {
    struct lua_bed *bed;
    struct child *server;
    struct store *store;
    struct prefs *prefs;
    struct loop_source *step;
    char socket[96];
    unsigned steps;
    bool (*is_done)(const struct scene *scene);
};

static void on_step(void *arg)
{
    struct scene *scene = arg;

    scene->steps++;
    if (scene->is_done != NULL && scene->is_done(scene))
        loop_stop(scene->bed->loop);
}

static void run_until(struct scene *scene,
                      bool (*is_done)(const struct scene *scene))
{
    struct loop_source *guard = loop_after(scene->bed->loop, BED_PATIENCE_US,
                                           LOOP_TICK, bed_give_up, scene->bed);

    scene->is_done = is_done;
    while (!is_done(scene))
        assert_int_equal(loop_run(scene->bed->loop), 0);
    scene->is_done = NULL;
    loop_source_free(guard);
}

static bool is_ready(const struct scene *scene)
{
    return store_state(scene->store) == STORE_READY;
}

static bool all_wait(const struct scene *scene)
{
    const struct vm_counters *counters = vm_counters(scene->bed->vm);

    return counters->active > 0 && counters->waiting == counters->active;
}

static void start_server(struct scene *scene)
{
    char program[4096];
    const char *const argv[] = {program,       "--port", "0", "--unixsocket",
                                scene->socket, "--save", "",  NULL};
    const struct child_config config = {
        .name = "redis-server",
        .argv = argv,
        .directory = scene->bed->root,
        .output = "/dev/null",
        .keep_fd = -1,
        .grace_us = 5000000,
    };

    if (!child_find_program("redis-server", program, sizeof(program)))
        fail_msg("redis-server is not installed");
    scene->server = child_start(scene->bed->loop, &config);
}

static int open_scene(void **state)
{
    const struct vm_config config = {.total_memory = CAP};
    struct scene *scene = mem_calloc(1, sizeof(*scene));
    struct store_config where = {0};
    struct strbuf error;
    char target[128];

    scene->bed = lua_bed_new(&config);
    snprintf(scene->socket, sizeof(scene->socket), "%s/s", scene->bed->root);
    snprintf(target, sizeof(target), "unix:%s", scene->socket);
    where = (struct store_config){target, scene->bed->root};
    start_server(scene);
    strbuf_init(&error, 512);
    scene->store = store_open(scene->bed->loop, &where, &error);
    strbuf_free(&error);
    assert_non_null(scene->store);
    scene->prefs = prefs_new(scene->store);
    scene->bed->context.store = scene->store;
    scene->bed->context.prefs = scene->prefs;
    scene->step =
        loop_every(scene->bed->loop, STEP_US, LOOP_TICK, on_step, scene);
    run_until(scene, is_ready);
    *state = scene;
    return 0;
}

static int close_scene(void **state)
{
    struct scene *scene = *state;

    vm_free(scene->bed->vm);
    scene->bed->vm = vm_new(&scene->bed->config);
    scene->bed->active = 0;
    prefs_free(scene->prefs);
    store_free(scene->store);
    child_free(scene->server);
    loop_source_free(scene->step);
    lua_bed_free(scene->bed);
    free(scene);
    return 0;
}

static void a_thousand_runs_wait_for_a_slow_redis(void **state)
{
    struct scene *scene = *state;
    const struct vm_counters *counters;
    unsigned before;

    lua_bed_prints(scene->bed, "print(ntop.setCache('k', ('x'):rep(50000)))",
                   "true\n");
    kill(child_pid(scene->server), SIGSTOP);
    for (unsigned i = 0; i < RUNS; i++)
        assert_non_null(lua_bed_start(
            scene->bed, "assert(#ntop.getCache('k') == 50000)", NULL));
    run_until(scene, all_wait);
    before = scene->steps;
    while (scene->steps < before + 20) { /* others go on */
        scene->is_done = all_wait;
        loop_run(scene->bed->loop);
    }
    scene->is_done = NULL;
    counters = vm_counters(scene->bed->vm);
    assert_int_equal(counters->waiting, RUNS);
    assert_true(counters->memory < CAP);
    kill(child_pid(scene->server), SIGCONT);
    lua_bed_wait(scene->bed);
    counters = vm_counters(scene->bed->vm);
    /* Some found no room for 50 kB, and were told so. */
    assert_true(counters->done > RUNS / 4);
    assert_int_equal(
        counters->done + counters->failed + counters->out_of_memory, RUNS + 1);
    assert_true(counters->memory_peak <= CAP);
}

static void runs_that_end_cancel_their_questions(void **state)
{
    const struct vm_script short_time = {.deadline_us = 100000};
    struct scene *scene = *state;

    kill(child_pid(scene->server), SIGSTOP);
    for (unsigned i = 0; i < 10; i++)
        lua_bed_start(scene->bed, "ntop.getHashAllCache('h')", &short_time);
    lua_bed_wait(scene->bed);
    assert_int_equal(vm_counters(scene->bed->vm)->timed_out, 10);
    lua_bed_start(scene->bed, "ntop.getHashAllCache('h')", NULL);
    run_until(scene, all_wait);
    vm_cancel(scene->bed->run);
    scene->bed->active--;
    kill(child_pid(scene->server), SIGCONT);
    lua_bed_prints(scene->bed, "print(ntop.getHashAllCache('h'))", "nil\n");
}

static const struct lib_access limited;

static void limit(lua_State *L, void *arg)
{
    (void)arg;
    lib_set_access(L, &limited);
}

static void secrets_are_for_administrators(void **state)
{
    static const char fill[] =
        "ntop.setCache('ntopng.user.me.password', 'p')"
        "ntop.setCache('sessions.1234', 'me') ntop.setCache('open', 'o')"
        "ntop.setCache('0123456789abcdef0123456789abcdef', 'me')"
        "ntop.setPref('ntopng.alerts.slack_webhook', 'http://x')"
        "print(ntop.getCache('sessions.1234'))";
    static const char look[] =
        "for _, key in ipairs {'ntopng.user.me.password', 'sessions.1234',"
        " 'ntopng.alerts.slack_webhook', '0123456789abcdef0123456789abcdef',"
        " 'ntopng.user.me.password\\0'} do\n"
        " assert(ntop.getCache(key) == '') assert(ntop.getPref(key) == '')\n"
        " assert(not ntop.getHashAllCache(key) and not ntop.lrangeCache(key))\n"
        " assert(not ntop.getMembersCache(key))\n"
        " assert(not ntop.delCache(key) and not ntop.setCache(key, 'y'))\n"
        " assert(not ntop.lpopCache(key) and ntop.setPopCache(key) == '')\n"
        "end\n"
        "assert(not ntop.setCache('ntopng.user.me.group', 'administrator'))\n"
        "assert(not ntop.setCache('ntopng.user.me.group', 'x', 9))\n"
        "assert(not ntop.setPref('ntopng.prefs.flow_max_idle', '9'))\n"
        "assert(not ntop.setHashCache('ntopng.user.me.group', 'x', 'y'))\n"
        "for key in pairs(ntop.getKeysCache('*')) do print(key) end\n"
        "print(ntop.getCache('open'), ntop.setCache('mine', 'x'))";
    struct vm_script script = {.prepare = limit};
    struct scene *scene = *state;

    lua_bed_prints(scene->bed, fill, "me\n");
    strbuf_reset(&scene->bed->output);
    if (lua_bed_run(scene->bed, look, &script) != VM_DONE)
        fail_msg("%s", scene->bed->error.text);
    assert_string_equal(scene->bed->output.text, "open\no\ttrue\n");
}

static void too_large_an_answer_is_an_error_not_a_crash(void **state)
{
    struct vm_script script = {.memory = 1 << 20};
    struct scene *scene = *state;

    lua_bed_prints(scene->bed, "ntop.setCache('k', ('x'):rep(4 << 20))", "");
    assert_int_equal(lua_bed_run(scene->bed, "ntop.getCache('k')", &script),
                     VM_FAILED);
    assert_non_null(strstr(scene->bed->error.text, "not enough memory"));
    assert_int_equal(lua_bed_run(scene->bed,
                                 "assert(not pcall(ntop.getCache, 'k'))"
                                 "assert(ntop.getCache('n') == '')",
                                 &script),
                     VM_DONE);
}

#define SCENE(function) \
    cmocka_unit_test_setup_teardown(function, open_scene, close_scene)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE(a_thousand_runs_wait_for_a_slow_redis),
        SCENE(runs_that_end_cancel_their_questions),
        SCENE(secrets_are_for_administrators),
        SCENE(too_large_an_answer_is_an_error_not_a_crash),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
