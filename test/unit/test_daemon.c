/* test_daemon: background and less rights. SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <pwd.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/run/daemon.h"
#include "core/run/privileges.h"

static char folder[64];

static int setup(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/test_daemon.XXXXXX");
    return mkdtemp(folder) != NULL ? chmod(folder, 0755) : -1;
}

static int teardown(void **state)
{
    char command[128];

    (void)state;
    snprintf(command, sizeof(command), "rm -rf %s", folder);
    return system(command);
}

/* A name in the test's folder; each call has its own until the eighth. */
static const char *in_folder(const char *name)
{
    static char paths[8][128];
    static unsigned next;
    char *path = paths[next++ % 8];

    snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
    return path;
}

/* What a child exits with after `run`; -1 when it was killed. */
static int in_child(int (*run)(void))
{
    pid_t child;
    int status;

    fflush(NULL);
    child = fork();
    if (child == 0)
        _exit(run());
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static long number_in(const char *path)
{
    FILE *file = fopen(path, "r");
    long number = -1;

    if (file == NULL)
        return -1;
    if (fscanf(file, "%ld", &number) != 1)
        number = -1;
    fclose(file);
    return number;
}

static int start_and_be_ready(void)
{
    struct daemon daemon = DAEMON_INIT;
    struct strbuf error;
    struct stat ours, null;
    char here[16];

    strbuf_init(&error, 512);
    if (!daemon_start(&daemon, &error) ||
        !daemon_take_pid_file(&daemon, in_folder("pid"), &error))
        return 3;
    daemon_ready(&daemon);
    /* The parent is gone: only files can tell. */
    if (getsid(0) != getpid() || getcwd(here, sizeof(here)) == NULL ||
        strcmp(here, "/") != 0 || stat("/dev/null", &null) == -1 ||
        fstat(STDERR_FILENO, &ours) == -1 || ours.st_rdev != null.st_rdev)
        return 4;
    close(open(in_folder("fine"), O_CREAT | O_WRONLY, 0600));
    pause();
    return 5;
}

static void parent_leaves_when_child_is_ready(void **state)
{
    long pid;
    int tries;

    (void)state;
    assert_int_equal(in_child(start_and_be_ready), 0);
    pid = number_in(in_folder("pid"));
    assert_true(pid > 1 && pid != getpid());
    for (tries = 0; tries < 500 && access(in_folder("fine"), F_OK) == -1;
         tries++)
        usleep(10000);
    assert_int_equal(access(in_folder("fine"), F_OK), 0);
    assert_int_equal(kill((pid_t)pid, SIGKILL), 0);
}

static int start_and_fail(void)
{
    struct daemon daemon = DAEMON_INIT;
    struct strbuf error;

    strbuf_init(&error, 512);
    if (!daemon_start(&daemon, &error))
        return 3;
    return 7;
}

static int start_and_die(void)
{
    struct daemon daemon = DAEMON_INIT;
    struct strbuf error;

    strbuf_init(&error, 512);
    if (!daemon_start(&daemon, &error))
        return 3;
    kill(getpid(), SIGKILL);
    return 4;
}

static void parent_ends_like_a_child_that_fails(void **state)
{
    (void)state;
    assert_int_equal(in_child(start_and_fail), 7);
    assert_int_equal(in_child(start_and_die), 1);
}

static void pid_file_is_held_and_removed(void **state)
{
    struct daemon daemon = DAEMON_INIT, other = DAEMON_INIT;
    const char *path = in_folder("k.pid");
    char expected[64];
    struct strbuf error;
    struct stat st;

    (void)state;
    umask(077);
    strbuf_init(&error, 512);
    assert_true(daemon_take_pid_file(&daemon, path, &error));
    assert_int_equal(number_in(path), getpid());
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0644);
    assert_false(daemon_take_pid_file(&other, path, &error));
    snprintf(expected, sizeof(expected),
             "another kelvin is running as process %ld", (long)getpid());
    assert_non_null(strstr(error.text, expected));
    assert_int_equal(number_in(path), getpid());
    daemon_leave(&other);
    daemon_leave(&daemon);
    assert_int_equal(access(path, F_OK), -1);
    daemon_leave(&daemon);
    strbuf_free(&error);
}

static void stale_pid_file_is_replaced(void **state)
{
    struct daemon daemon = DAEMON_INIT;
    const char *path = in_folder("k.pid");
    FILE *file = fopen(path, "w");
    struct strbuf error;

    (void)state;
    /* Process 1 lives, but it has not locked the file. */
    fprintf(file, "1\nand much that is left over\n");
    fclose(file);
    strbuf_init(&error, 512);
    assert_true(daemon_take_pid_file(&daemon, path, &error));
    assert_int_equal(number_in(path), getpid());
    daemon_leave(&daemon);
    strbuf_free(&error);
}

static void pid_file_is_one_plain_file(void **state)
{
    const char *victim = in_folder("victim"), *path = in_folder("k.pid");
    struct daemon daemon = DAEMON_INIT;
    struct strbuf error;
    struct stat st;

    (void)state;
    strbuf_init(&error, 2048);
    assert_int_equal(close(open(victim, O_CREAT | O_WRONLY, 0600)), 0);
    assert_int_equal(symlink(victim, path), 0);
    assert_false(daemon_take_pid_file(&daemon, path, &error));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(link(victim, path), 0);
    assert_false(daemon_take_pid_file(&daemon, path, &error));
    assert_non_null(strstr(error.text, "is not a plain file"));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_false(daemon_take_pid_file(&daemon, path, &error));
    assert_false(daemon_take_pid_file(&daemon, folder, &error));
    assert_false(daemon_take_pid_file(&daemon, "/nowhere/k.pid", &error));
    assert_non_null(strstr(error.text, "/nowhere/k.pid: No such file"));
    assert_int_equal(stat(victim, &st), 0);
    assert_int_equal(st.st_size, 0);
    strbuf_free(&error);
}

static void cores_that_are_not_there(void **state)
{
    struct strbuf error;
    cpu_set_t cores;

    (void)state;
    strbuf_init(&error, 512);
    CPU_ZERO(&cores);
    assert_true(daemon_set_cores(&cores, &error));
    CPU_SET(1023, &cores);
    assert_false(daemon_set_cores(&cores, &error));
    assert_non_null(strstr(error.text, "none of these"));
    assert_int_equal(sched_getaffinity(0, sizeof(cores), &cores), 0);
    assert_true(daemon_set_cores(&cores, &error));
    strbuf_free(&error);
}

static void users_are_found_or_named(void **state)
{
    struct privileges_user user;
    struct strbuf error;

    (void)state;
    strbuf_init(&error, 512);
    privileges_find_self(&user);
    assert_int_equal(user.uid, geteuid());
    assert_true(privileges_find_user(NULL, &user, &error));
    if (geteuid() == 0) {
        const char *usual = getpwnam("kelvin") != NULL ? "kelvin" : "nobody";

        assert_string_equal(user.name, usual);
        assert_true(privileges_find_user("root", &user, &error));
        assert_int_equal(user.uid, 0);
    }
    assert_false(privileges_find_user("no-such-user", &user, &error));
    assert_non_null(strstr(error.text, "--user no-such-user: "));
    strbuf_free(&error);
}

static void data_dir_is_made_and_given(void **state)
{
    const char *path = in_folder("a/b/c/"), *parent = in_folder("a/b");
    struct privileges_user user;
    struct strbuf error;
    struct stat st;

    (void)state;
    umask(077);
    strbuf_init(&error, 512);
    assert_true(privileges_find_user(NULL, &user, &error));
    assert_true(privileges_own_dir(path, &user, &error));
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0750);
    assert_int_equal(st.st_uid, user.uid);
    assert_int_equal(st.st_gid, user.gid);
    assert_int_equal(stat(parent, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0755);
    assert_int_equal(st.st_uid, geteuid());
    assert_true(privileges_own_dir(path, &user, &error));
    strbuf_free(&error);
}

static void foreign_data_dirs_are_refused(void **state)
{
    const char *file = in_folder("file");
    struct privileges_user user;
    struct strbuf error;
    struct stat st;

    (void)state;
    strbuf_init(&error, 2048);
    assert_true(privileges_find_user(NULL, &user, &error));
    assert_int_equal(close(open(file, O_CREAT | O_WRONLY, 0600)), 0);
    assert_false(privileges_own_dir(file, &user, &error));
    assert_false(privileges_own_dir(in_folder("file/below"), &user, &error));
    if (geteuid() == 0) {
        const char *empty = in_folder("empty");

        /* Root's folder, with a file in it. */
        assert_false(privileges_own_dir(folder, &user, &error));
        assert_non_null(strstr(error.text, "belongs to user 0"));
        assert_int_equal(stat(folder, &st), 0);
        assert_int_equal(st.st_uid, 0);
        assert_int_equal(mkdir(empty, 0755), 0);
        assert_true(privileges_own_dir(empty, &user, &error));
        assert_int_equal(stat(empty, &st), 0);
        assert_int_equal(st.st_uid, user.uid);
    }
    strbuf_free(&error);
}

static void log_file_is_given(void **state)
{
    const char *log = in_folder("log"), *alias = in_folder("alias");
    struct privileges_user user;
    struct strbuf error;
    struct stat st;

    (void)state;
    if (geteuid() != 0)
        skip();
    strbuf_init(&error, 512);
    assert_true(privileges_find_user(NULL, &user, &error));
    assert_int_equal(close(open(log, O_CREAT | O_WRONLY, 0640)), 0);
    assert_int_equal(link(log, alias), 0);
    assert_true(privileges_own_file(log, &user, &error));
    assert_int_equal(stat(log, &st), 0);
    assert_int_equal(st.st_uid, 0);
    assert_int_equal(unlink(alias), 0);
    assert_true(privileges_own_file(log, &user, &error));
    assert_int_equal(stat(log, &st), 0);
    assert_int_equal(st.st_uid, user.uid);
    assert_int_equal(symlink(log, alias), 0);
    assert_false(privileges_own_file(alias, &user, &error));
    assert_false(privileges_own_file(in_folder("none"), &user, &error));
    strbuf_free(&error);
}

/* The value of a line of /proc/self/status, as a hexadecimal number. */
static long long status_of(const char *key)
{
    FILE *file = fopen("/proc/self/status", "r");
    long long number = -1;
    char line[256];

    while (file != NULL && fgets(line, sizeof(line), file) != NULL)
        if (strncmp(line, key, strlen(key)) == 0)
            number = strtoll(line + strlen(key) + 1, NULL, 16);
    if (file != NULL)
        fclose(file);
    return number;
}

#define NET_RAW (1 << 13) /* linux/capability.h */

static int drop_as_root(void)
{
    struct privileges_user user;
    struct strbuf error;
    struct rlimit core;
    gid_t groups[64];
    int count;

    strbuf_init(&error, 512);
    privileges_harden();
    if (!privileges_find_user("nobody", &user, &error) ||
        !privileges_drop(&user, &error))
        return 2;
    if (getuid() != user.uid || geteuid() != user.uid || getgid() != user.gid)
        return 3;
    count = getgroups(64, groups);
    while (count > 0)
        if (groups[--count] == 0)
            return 4;
    if ((status_of("CapPrm") & ~NET_RAW) != 0 ||
        (status_of("CapEff") & ~NET_RAW) != 0 || status_of("CapInh") != 0 ||
        status_of("CapAmb") != 0)
        return 5;
    if (privileges_can_capture() != (status_of("CapEff") == NET_RAW))
        return 6;
    if (status_of("NoNewPrivs") != 1 || prctl(PR_GET_DUMPABLE) != 0)
        return 7;
    if (getrlimit(RLIMIT_CORE, &core) == -1 || core.rlim_max != 0)
        return 8;
    if (setuid(0) == 0 || seteuid(0) == 0 || setgid(0) == 0)
        return 9;
    /* A second time changes nothing, and works: there is less to give up. */
    if (!privileges_find_user(NULL, &user, &error) ||
        !privileges_drop(&user, &error))
        return 10;
    return status_of("CapPrm") & ~NET_RAW ? 11 : 0;
}

static void root_is_left_for_good(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    assert_int_equal(in_child(drop_as_root), 0);
}

static int drop_as_self(void)
{
    struct privileges_user user;
    struct strbuf error;

    strbuf_init(&error, 512);
    privileges_find_self(&user);
    if (!privileges_drop(&user, &error))
        return 2;
    if (geteuid() != user.uid || (status_of("CapEff") & ~NET_RAW) != 0)
        return 3;
    return status_of("NoNewPrivs") == 1 ? 0 : 4;
}

static void staying_oneself_sheds_capabilities(void **state)
{
    (void)state;
    assert_int_equal(in_child(drop_as_self), 0);
}

static int harden_and_seal(void)
{
    struct strbuf error;

    strbuf_init(&error, 512);
    privileges_harden();
    if (prctl(PR_GET_DUMPABLE) != 0)
        return 2;
    if (!privileges_seal(&error))
        return 3;
    return status_of("NoNewPrivs") == 1 ? 0 : 4;
}

static void root_that_stays_is_hardened_too(void **state)
{
    (void)state;
    assert_int_equal(in_child(harden_and_seal), 0);
}

static int close_and_keep_standard(void)
{
    int fd;

    for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        close(fd);
    daemon_keep_standard();
    fd = open("/dev/null", O_RDONLY);
    if (fd != STDERR_FILENO + 1)
        return 2;
    return write(STDOUT_FILENO, "", 1) == -1 &&
                   write(STDERR_FILENO, "", 1) == -1
               ? 0
               : 3;
}

static void closed_descriptors_are_kept_from_files(void **state)
{
    (void)state;
    assert_int_equal(in_child(close_and_keep_standard), 0);
}

static int raise_file_limit(void)
{
    struct rlimit limit = {0};

    if (getrlimit(RLIMIT_NOFILE, &limit) == -1)
        return 2;
    limit.rlim_cur = 16;
    if (setrlimit(RLIMIT_NOFILE, &limit) == -1)
        return 3;
    daemon_raise_file_limit();
    if (getrlimit(RLIMIT_NOFILE, &limit) == -1)
        return 4;
    return limit.rlim_cur == limit.rlim_max ? 0 : 5;
}

static void as_many_files_as_the_system_lets(void **state)
{
    (void)state;
    assert_int_equal(in_child(raise_file_limit), 0);
}

#define DAEMON_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        DAEMON_TEST(parent_leaves_when_child_is_ready),
        DAEMON_TEST(parent_ends_like_a_child_that_fails),
        DAEMON_TEST(pid_file_is_held_and_removed),
        DAEMON_TEST(stale_pid_file_is_replaced),
        DAEMON_TEST(pid_file_is_one_plain_file),
        DAEMON_TEST(cores_that_are_not_there),
        DAEMON_TEST(users_are_found_or_named),
        DAEMON_TEST(data_dir_is_made_and_given),
        DAEMON_TEST(foreign_data_dirs_are_refused),
        DAEMON_TEST(log_file_is_given),
        cmocka_unit_test(root_is_left_for_good),
        cmocka_unit_test(staying_oneself_sheds_capabilities),
        cmocka_unit_test(root_that_stays_is_hardened_too),
        cmocka_unit_test(closed_descriptors_are_kept_from_files),
        cmocka_unit_test(as_many_files_as_the_system_lets),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
