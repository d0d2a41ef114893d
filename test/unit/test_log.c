/* test_log: lines that neither lie nor wait. SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <regex.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/util/log.h"

#define TIME "20[0-9-]{8}T[0-9:]{8}\\.[0-9]{3}Z "

static char folder[64];
static char path[128];

static int setup(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/test_log.XXXXXX");
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(path, sizeof(path), "%s/log", folder);
    log_set_verbosity(LOG_LEVEL_NOTICE);
    if (log_open(LOG_TARGET_FILE, path) == -1)
        return -1;
    /* The test before may have lost lines, and this one would hear of it. */
    log_notice("test", "setup");
    return truncate(path, 0);
}

static int teardown(void **state)
{
    (void)state;
    log_open(LOG_TARGET_STDERR, NULL);
    unlink(path);
    return rmdir(folder);
}

/* All that is in the file, and empty it. */
static const char *take_lines(void)
{
    static char text[16384];
    FILE *file = fopen(path, "r+");
    size_t len;

    assert_non_null(file);
    len = fread(text, 1, sizeof(text) - 1, file);
    text[len] = '\0';
    assert_int_equal(ftruncate(fileno(file), 0), 0);
    fclose(file);
    return text;
}

static void assert_matches(const char *text, const char *pattern)
{
    regex_t regex;
    int result;

    assert_int_equal(regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB), 0);
    result = regexec(&regex, text, 0, NULL, 0);
    regfree(&regex);
    if (result != 0)
        fail_msg("'%s' does not match '%s'", text, pattern);
}

static void levels_are_kept_apart(void **state)
{
    int level;

    (void)state;
    for (level = 0; level <= 6; level++) {
        const char *text;
        int lines = 0;

        log_set_verbosity(level);
        log_errorx("test", "0");
        log_warnx("test", "1");
        log_notice("test", "2");
        log_info("test", "3");
        log_debug("test", "4");
        for (text = take_lines(); *text != '\0'; text++)
            lines += *text == '\n';
        assert_int_equal(lines, level < 4 ? level + 1 : 5);
        assert_int_equal(log_wants(LOG_LEVEL_TRACE), level >= 5);
    }
}

static void a_line_has_time_topic_text(void **state)
{
    (void)state;
    log_notice("capture", "%s: %d packets", "eth0", 7);
    assert_matches(take_lines(), "^" TIME "capture: eth0: 7 packets\n$");
    log_notice("capture", "from a library\n");
    assert_matches(take_lines(), "^" TIME "capture: from a library\n$");
}

static void errno_is_told_and_survives(void **state)
{
    (void)state;
    errno = ENOENT;
    log_error("test", "a");
    log_warn("test", "b");
    log_warnx("test", "c");
    log_errorx("test", "d");
    assert_int_equal(errno, ENOENT);
    assert_matches(take_lines(), "test: a: No such file or directory\n" TIME
                                 "test: b: No such file or directory\n" TIME
                                 "test: c\n" TIME "test: d\n$");
}

static void arguments_cannot_lie(void **state)
{
    static const struct {
        const char *argument;
        const char *expected;
    } cases[] = {
        {"gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f"},
        {"a\\b", "a\\b"},
        {"100%s%n", "100%s%n"},
        {"\x1b[2J", "\\x1b[2J"},
        {"a\nkelvin: fine", "a\\x0akelvin: fine"},
        {"a\rb\tc\x7f", "a\\x0db\\x09c\\x7f"},
        {"\xc2\x9b"
         "2J",
         "\\xc2\\x9b2J"},
        {"\xff\xc3(", "\\xff\\xc3("},
        {"\xed\xa0\x80", "\\xed\\xa0\\x80"},
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *text;

        log_notice("test", "<%s>", cases[i].argument);
        text = strchr(take_lines(), '<');
        assert_non_null(text);
        assert_int_equal(
            strncmp(text + 1, cases[i].expected, strlen(cases[i].expected)), 0);
        assert_string_equal(text + 1 + strlen(cases[i].expected), ">\n");
    }
}

/* Long, longer when escaped, and the error number still comes through. */
static void lines_are_bounded(void **state)
{
    static char argument[20000];
    const char fills[] = {'x', '\x1b', '\xc3'};
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(fills); i++) {
        const char *text;

        memset(argument, fills[i], sizeof(argument) - 1);
        errno = EACCES;
        log_error("test", "%s", argument);
        text = take_lines();
        assert_in_range(strlen(text), 3900, 4096);
        assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
        assert_matches(text, ": Permission denied\n$");
    }
}

static void rotation_opens_a_new_file(void **state)
{
    char old[160];
    struct stat st;

    (void)state;
    snprintf(old, sizeof(old), "%s.1", path);
    log_notice("test", "before");
    assert_int_equal(rename(path, old), 0);
    log_notice("test", "still the old");
    assert_int_equal(log_reopen(), 0);
    log_notice("test", "after");
    assert_matches(take_lines(), "^" TIME "test: after\n$");
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0137, 0);
    assert_int_equal(unlink(old), 0);
}

static void bad_files_change_nothing(void **state)
{
    char other[160];

    (void)state;
    assert_int_equal(log_open(LOG_TARGET_FILE, folder), -1);
    assert_int_equal(errno, EISDIR);
    assert_int_equal(log_open(LOG_TARGET_FILE, "/nowhere/at/all"), -1);
    assert_int_equal(errno, ENOENT);
    snprintf(other, sizeof(other), "%s/link", folder);
    assert_int_equal(symlink("/dev/null", other), 0);
    assert_int_equal(log_open(LOG_TARGET_FILE, other), -1);
    assert_int_equal(errno, ELOOP);
    assert_int_equal(unlink(other), 0);
    assert_int_equal(mkfifo(other, 0600), 0);
    assert_int_equal(log_open(LOG_TARGET_FILE, other), -1);
    assert_int_equal(errno, ENXIO);
    assert_int_equal(log_open(LOG_TARGET_SYSLOG, other), -1);
    assert_int_equal(unlink(other), 0);
    log_notice("test", "here");
    assert_matches(take_lines(), "test: here\n$");
}

static void syslog_gets_datagrams(void **state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char name[80], text[8192];
    ssize_t len;
    int fd, i;

    (void)state;
    snprintf(name, sizeof(name), "%s/s", folder);
    strcpy(address.sun_path, name);
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(log_open(LOG_TARGET_SYSLOG, name), 0);
    log_warnx("dpi", "odd\x1b");
    len = recv(fd, text, sizeof(text) - 1, 0);
    assert_true(len > 0);
    text[len] = '\0';
    assert_matches(text, "^<28>[A-Z][a-z]{2} [ 0-9]{2} [0-9:]{8} "
                         "kelvin\\[[0-9]+\\]: dpi: odd.x1b$");
    /* A daemon that reads nothing, then one that is gone, hold up nobody. */
    for (i = 0; i < 5000; i++)
        log_notice("test", "%d", i);
    close(fd);
    log_notice("test", "gone");
    unlink(name);
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    log_notice("test", "back");
    len = recv(fd, text, sizeof(text) - 1, 0);
    text[len > 0 ? len : 0] = '\0';
    assert_matches(text, "log: [0-9]+ lines could not be written");
    len = recv(fd, text, sizeof(text) - 1, 0);
    text[len > 0 ? len : 0] = '\0';
    assert_matches(text, "test: back$");
    close(fd);
    unlink(name);
}

/* The file system takes no byte more, for a while. */
static void full_disk_costs_lines_only(void **state)
{
    struct rlimit before, none;

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    none = before;
    none.rlim_cur = 0;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
    log_notice("test", "one");
    log_notice("test", "two");
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    log_notice("test", "three");
    assert_matches(take_lines(),
                   "^" TIME "log: 2 lines could not be written before "
                   "this\n" TIME "test: three\n$");
}

/* Standard error is a pipe: of nobody who reads, and of nobody at all. */
static void stuck_terminal_costs_lines_only(void **state)
{
    int kept = dup(STDERR_FILENO);
    char text[65536];
    int ends[2];
    ssize_t len;
    int i;

    (void)state;
    assert_int_equal(pipe(ends), 0);
    dup2(ends[1], STDERR_FILENO);
    close(ends[1]);
    log_open(LOG_TARGET_STDERR, NULL);
    for (i = 0; i < 5000; i++)
        log_notice("test", "%d: %040d", i, i);
    len = read(ends[0], text, sizeof(text));
    log_notice("test", "room");
    assert_true(len > 0);
    len = read(ends[0], text, sizeof(text) - 1);
    text[len > 0 ? len : 0] = '\0';
    close(ends[0]);
    log_notice("test", "nobody");
    dup2(kept, STDERR_FILENO);
    close(kept);
    assert_matches(text, "log: [0-9]+ lines could not be written");
    assert_matches(text, "test: room\n$");
}

/* What systemd connects, it announces; then it keeps the time itself. */
static void journal_gets_priorities(void **state)
{
    int kept = dup(STDERR_FILENO);
    char stream[64], text[256];
    struct stat st;
    int ends[2];
    ssize_t len;

    (void)state;
    assert_int_equal(pipe(ends), 0);
    dup2(ends[1], STDERR_FILENO);
    close(ends[1]);
    log_open(LOG_TARGET_STDERR, NULL);
    assert_int_equal(fstat(STDERR_FILENO, &st), 0);
    snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)st.st_dev,
             (uintmax_t)st.st_ino);
    setenv("JOURNAL_STREAM", stream, 1);
    log_errorx("test", "a");
    setenv("JOURNAL_STREAM", "1:1", 1);
    log_notice("test", "b");
    unsetenv("JOURNAL_STREAM");
    dup2(kept, STDERR_FILENO);
    close(kept);
    len = read(ends[0], text, sizeof(text) - 1);
    text[len > 0 ? len : 0] = '\0';
    close(ends[0]);
    assert_matches(text, "^<3>test: a\n" TIME "test: b\n$");
}

#define LOG_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LOG_TEST(levels_are_kept_apart),
        LOG_TEST(a_line_has_time_topic_text),
        LOG_TEST(errno_is_told_and_survives),
        LOG_TEST(arguments_cannot_lie),
        LOG_TEST(lines_are_bounded),
        LOG_TEST(rotation_opens_a_new_file),
        LOG_TEST(bad_files_change_nothing),
        LOG_TEST(syslog_gets_datagrams),
        LOG_TEST(full_disk_costs_lines_only),
        LOG_TEST(stuck_terminal_costs_lines_only),
        LOG_TEST(journal_gets_priorities),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
