/* test_child: programs that are kept running. SPDX-License-Identifier: MIT */
#include "core/run/child.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/util/log.h"

#define PATIENCE_US 20000000

struct scene {
    struct loop *loop;
    struct loop_source *limit;
    struct child *child;
    char directory[64];
    char output[80];
    unsigned ups;
    unsigned downs;
    unsigned stop_at; /* downs */
};

static void on_change(void *arg, bool is_up)
{
    struct scene *scene = arg;

    *(is_up ? &scene->ups : &scene->downs) += 1;
    if (scene->downs >= scene->stop_at)
        loop_stop(scene->loop);
}

static void on_limit(void *arg)
{
    struct scene *scene = arg;

    loop_stop(scene->loop);
    fail_msg("it takes too long");
}

static int open_scene(void **state)
{
    static struct scene scene;

    memset(&scene, 0, sizeof(scene));
    scene.loop = loop_new();
    scene.limit =
        loop_after(scene.loop, PATIENCE_US, LOOP_TICK, on_limit, &scene);
    scene.stop_at = 1;
    strcpy(scene.directory, "/tmp/kelvin-child.XXXXXX");
    assert_non_null(mkdtemp(scene.directory));
    snprintf(scene.output, sizeof(scene.output), "%s/out", scene.directory);
    *state = &scene;
    return 0;
}

static int close_scene(void **state)
{
    struct scene *scene = *state;

    child_free(scene->child);
    loop_source_free(scene->limit);
    loop_free(scene->loop);
    unlink(scene->output);
    rmdir(scene->directory);
    return 0;
}

/* A shell that runs this. */
static void start(struct scene *scene, const char *script, int keep_fd)
{
    const char *const argv[] = {"/bin/sh", "-c", script, NULL};
    const struct child_config config = {
        .name = "test",
        .argv = argv,
        .directory = scene->directory,
        .output = scene->output,
        .keep_fd = keep_fd,
        .grace_us = 300000,
        .on_change = on_change,
        .arg = scene,
    };

    scene->child = child_start(scene->loop, &config);
}

static char *printed(const struct scene *scene)
{
    static char text[4096];
    FILE *file = fopen(scene->output, "r");
    size_t len;

    assert_non_null(file);
    len = fread(text, 1, sizeof(text) - 1, file);
    text[len] = '\0';
    fclose(file);
    return text;
}

static void wait_printed(const struct scene *scene, const char *text)
{
    for (int i = 0; i < 2000; i++) {
        if (strstr(printed(scene), text) != NULL)
            return;
        usleep(10000);
    }
    fail_msg("'%s' is not in '%s'", text, printed(scene));
}

static void it_has_nothing_of_ours(void **state)
{
    struct scene *scene = *state;
    int open_fd = open("/dev/null", O_RDONLY); /* no close-on-exec */
    struct stat st;

    signal(SIGPIPE, SIG_IGN);
    /* Signals 32 and 33 are the C library's own: what make started with
     * posix_spawn() ignores them, and nobody can change that. */
    start(scene,
          "pwd; readlink /proc/self/fd/0; ls /proc/$$/fd | tr '\\n' ' '; "
          "grep -E 'SigIgn|SigBlk|CapAmb' /proc/self/status | "
          "sed 's/SigIgn:.0*180000000$/SigIgn:0/' | tr -d '0\\n\\t'",
          -1);
    loop_run(scene->loop);
    signal(SIGPIPE, SIG_DFL);
    assert_non_null(strstr(printed(scene), scene->directory));
    assert_non_null(strstr(printed(scene), "/dev/null\n"));
    assert_null(strstr(printed(scene), " 3 "));
    assert_non_null(strstr(printed(scene), "SigBlk:SigIgn:CapAmb:"));
    assert_int_equal(stat(scene->output, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    close(open_fd);
}

static void it_keeps_what_it_is_given(void **state)
{
    struct scene *scene = *state;
    int ends[2];

    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    start(scene, "echo hello >&3", ends[1]);
    loop_run(scene->loop);
    {
        char text[8] = "";

        assert_int_equal(read(ends[0], text, 6), 6);
        assert_string_equal(text, "hello\n");
    }
    close(ends[0]);
    close(ends[1]);
}

static void it_starts_again(void **state)
{
    struct scene *scene = *state;

    scene->stop_at = 2;
    start(scene, "echo x; exit 3", -1);
    assert_int_equal(child_starts(scene->child), 1);
    loop_run(scene->loop);
    assert_int_equal(scene->ups, 1); /* the first start is child_start() */
    assert_int_equal(scene->downs, 2);
    assert_int_equal(child_starts(scene->child), 2);
    assert_string_equal(printed(scene), "x\nx\n");
    assert_int_equal(child_pid(scene->child), 0);
}

static void it_is_started_again_after_being_killed(void **state)
{
    struct scene *scene = *state;
    pid_t pid;

    start(scene, "exec sleep 1000", -1);
    pid = child_pid(scene->child);
    assert_true(pid > 0);
    child_kill(scene->child);
    loop_run(scene->loop);
    assert_int_equal(kill(pid, 0), -1);
    assert_int_equal(errno, ESRCH);
}

static void it_ends_when_asked(void **state)
{
    struct scene *scene = *state;

    start(scene,
          "trap 'echo bye; exit 0' TERM; echo up; while :; do "
          "sleep 0.05; done",
          -1);
    wait_printed(scene, "up");
    child_stop(scene->child);
    loop_run(scene->loop);
    assert_string_equal(printed(scene), "up\nbye\n");
    assert_int_equal(child_starts(scene->child), 1);
}

static void one_that_will_not_end_is_killed(void **state)
{
    struct scene *scene = *state;

    start(scene, "trap '' TERM; echo up; while :; do sleep 0.05; done", -1);
    wait_printed(scene, "up");
    child_stop(scene->child);
    loop_run(scene->loop);
    assert_int_equal(scene->downs, 1);
}

static void free_waits_for_its_end(void **state)
{
    struct scene *scene = *state;
    pid_t pid;

    start(scene, "trap '' TERM; echo up; while :; do sleep 0.05; done", -1);
    wait_printed(scene, "up");
    pid = child_pid(scene->child);
    child_free(scene->child);
    scene->child = NULL;
    assert_int_equal(kill(pid, 0), -1);
}

static void a_missing_program_is_tried_again(void **state)
{
    struct scene *scene = *state;
    const char *const argv[] = {"/nowhere/at/all", NULL};
    const struct child_config config = {
        .name = "test", .argv = argv, .keep_fd = -1, .grace_us = 1000};

    scene->child = child_start(scene->loop, &config);
    assert_int_equal(child_pid(scene->child), 0);
    assert_int_equal(child_starts(scene->child), 0);
}

/* Also when it is stopped and nobody could tell it. */
static void it_dies_with_us(void **state)
{
    struct scene *scene = *state;
    int ends[2];
    pid_t us;
    pid_t its = 0;

    assert_int_equal(pipe(ends), 0);
    us = fork();
    if (us == 0) {
        start(scene, "echo up; kill -STOP $$", -1);
        its = child_pid(scene->child);
        if (write(ends[1], &its, sizeof(its)) != sizeof(its))
            _exit(1);
        pause();
    }
    assert_int_equal(read(ends[0], &its, sizeof(its)), sizeof(its));
    wait_printed(scene, "up");
    kill(us, SIGKILL);
    waitpid(us, NULL, 0);
    for (int i = 0; i < 2000 && kill(its, 0) == 0; i++) {
        char path[64];
        char text[512] = "";
        FILE *file;

        snprintf(path, sizeof(path), "/proc/%d/stat", (int)its);
        file = fopen(path, "r");
        if (file == NULL)
            break;
        if (fread(text, 1, sizeof(text) - 1, file) > 0 &&
            strstr(text, ") Z ") != NULL)
            its = 0; /* dead, and its new parent is slow */
        fclose(file);
        if (its == 0)
            break;
        usleep(10000);
    }
    assert_true(its == 0 || kill(its, 0) == -1);
    close(ends[0]);
    close(ends[1]);
}

static void programs_are_found(void **state)
{
    char path[4096];

    (void)state;
    assert_true(child_find_program("sh", path, sizeof(path)));
    assert_int_equal(access(path, X_OK), 0);
    assert_false(child_find_program("no-such-program", path, sizeof(path)));
    assert_false(child_find_program("sh", path, 4));
}

int main(void)
{
#define TEST(name) \
    cmocka_unit_test_setup_teardown(name, open_scene, close_scene)
    const struct CMUnitTest tests[] = {
        TEST(it_has_nothing_of_ours),
        TEST(it_keeps_what_it_is_given),
        TEST(it_starts_again),
        TEST(it_is_started_again_after_being_killed),
        TEST(it_ends_when_asked),
        TEST(one_that_will_not_end_is_killed),
        TEST(free_waits_for_its_end),
        TEST(a_missing_program_is_tried_again),
        TEST(it_dies_with_us),
        cmocka_unit_test(programs_are_found),
    };
#undef TEST

    log_set_verbosity(-1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
