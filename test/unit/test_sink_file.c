/* test_sink_file: records in files that fill up, stall and go away.
 * SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <glob.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/util/log.h"
#include "export/sink.h"

struct place {
    char folder[64];
    char path[96];
    char moved[96];
    struct strbuf error;
};

static int place_make(void **state)
{
    struct place *place = calloc(1, sizeof(*place));

    strcpy(place->folder, "/tmp/test_sink_file.XXXXXX");
    assert_non_null(mkdtemp(place->folder));
    snprintf(place->path, sizeof(place->path), "%s/out", place->folder);
    snprintf(place->moved, sizeof(place->moved), "%s/moved", place->folder);
    strbuf_init(&place->error, 512);
    *state = place;
    return 0;
}

static int place_remove(void **state)
{
    struct place *place = *state;

    unlink(place->path);
    unlink(place->moved);
    rmdir(place->folder);
    strbuf_free(&place->error);
    free(place);
    return 0;
}

/* A file is what `text` says, wholly. */
static void assert_content(const char *path, const char *text)
{
    char content[4096];
    FILE *in = fopen(path, "r");
    size_t len;

    assert_non_null(in);
    len = fread(content, 1, sizeof(content) - 1, in);
    fclose(in);
    content[len] = '\0';
    assert_string_equal(content, text);
}

static void write_content(const char *path, const char *text)
{
    FILE *out = fopen(path, "w");

    assert_non_null(out);
    fputs(text, out);
    fclose(out);
}

static void *parse_sink(struct place *place, const char *target)
{
    struct strbuf text;
    struct spec spec;
    void *sink = NULL;

    strbuf_init(&text, 512);
    strbuf_printf(&text, "file;%s", target);
    if (spec_parse(&spec, text.text, 1, 1, &place->error))
        sink = sink_file()->parse(&spec, &place->error);
    spec_free(&spec);
    strbuf_free(&text);
    return sink;
}

static void *open_sink(struct place *place, const char *target)
{
    void *sink = parse_sink(place, target);

    assert_non_null(sink);
    assert_true(sink_file()->open(sink, NULL, &place->error));
    return sink;
}

static size_t offer(void *sink, const char *json)
{
    struct sink_record record = {json, strlen(json)};

    return sink_file()->offer(sink, &record, 1);
}

static struct sink_status acknowledge(void *sink)
{
    struct sink_status status;

    sink_file()->acknowledge(sink, 0, &status);
    return status;
}

static struct sink_status close_sink(void *sink)
{
    struct sink_status status;

    sink_file()->close(sink, &status);
    return status;
}

static void lines_are_appended_at_the_flush(void **state)
{
    struct place *place = *state;
    struct sink_record two[] = {{"{\"a\":1}", 7}, {"{\"b\":2}", 7}};
    struct sink_status status;
    struct stat st;
    void *sink;

    umask(0);
    sink = open_sink(place, place->path);
    assert_int_equal(sink_file()->offer(sink, two, 2), 2);
    assert_content(place->path, "");
    status = acknowledge(sink);
    assert_int_equal(status.exported, 2);
    assert_int_equal(status.bytes, 16);
    assert_int_equal(status.lost, 0);
    assert_false(status.is_slow);
    assert_int_equal(acknowledge(sink).exported, 0);
    close_sink(sink);
    assert_int_equal(stat(place->path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0640);

    sink = open_sink(place, place->path);
    offer(sink, "{}");
    acknowledge(sink);
    close_sink(sink);
    assert_content(place->path, "{\"a\":1}\n{\"b\":2}\n{}\n");
}

static void much_is_written_without_a_flush(void **state)
{
    struct place *place = *state;
    void *sink = open_sink(place, place->path);
    char json[1001];
    struct stat st;

    memset(json, 'x', 1000);
    json[1000] = '\0';
    for (int i = 0; i < 1000; i++)
        assert_int_equal(offer(sink, json), 1);
    assert_int_equal(stat(place->path, &st), 0);
    assert_in_range(st.st_size, 1001000 - (64 << 10), 1001000);
    acknowledge(sink);
    assert_int_equal(stat(place->path, &st), 0);
    assert_int_equal(st.st_size, 1001000);
    close_sink(sink);
}

static void what_is_not_flushed_is_lost_and_counted(void **state)
{
    struct place *place = *state;
    void *sink = open_sink(place, place->path);

    offer(sink, "{}");
    offer(sink, "{}");
    assert_int_equal(close_sink(sink).lost, 2);
}

static void bad_targets_are_refused(void **state)
{
    static const char *const targets[] = {"/", "/nowhere/at/all", "/dev"};
    struct place *place = *state;
    void *sink;

    assert_null(parse_sink(place, ""));
    assert_string_equal(place->error.text, "names no file");
    for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
        strbuf_reset(&place->error);
        sink = parse_sink(place, targets[i]);
        assert_false(sink_file()->open(sink, NULL, &place->error));
        assert_non_null(strstr(place->error.text, "cannot open: "));
        assert_int_equal(offer(sink, "{}"), 0);
        close_sink(sink);
    }
    assert_int_equal(symlink(place->moved, place->path), 0);
    sink = parse_sink(place, place->path);
    strbuf_reset(&place->error);
    assert_false(sink_file()->open(sink, NULL, &place->error));
    assert_non_null(strstr(place->error.text, "symbolic links"));
    close_sink(sink);
    assert_int_equal(access(place->moved, F_OK), -1);
}

static void half_line_of_a_crash_is_ended(void **state)
{
    struct place *place = *state;
    void *sink;

    write_content(place->path, "{\"whole\":1}\n{\"ha");
    sink = open_sink(place, place->path);
    offer(sink, "{}");
    acknowledge(sink);
    close_sink(sink);
    assert_content(place->path, "{\"whole\":1}\n{\"ha\n{}\n");
}

/* Let no file grow beyond `size`, as if the disk were full then. */
static void limit_files(rlim_t size)
{
    struct rlimit limit;

    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = size;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void line_cut_by_a_full_disk_is_completed(void **state)
{
    struct place *place = *state;
    void *sink = open_sink(place, place->path);
    struct sink_status status;

    offer(sink, "{\"a\":1}");
    offer(sink, "{\"b\":2}");
    limit_files(10);
    status = acknowledge(sink);
    assert_int_equal(status.exported, 1);
    assert_true(status.is_failing);
    assert_content(place->path, "{\"a\":1}\n{\"");
    assert_int_equal(offer(sink, "{\"c\":3}"), 1);
    status = acknowledge(sink);
    assert_int_equal(status.exported, 0);
    assert_true(status.is_failing);
    limit_files(RLIM_INFINITY);
    status = acknowledge(sink);
    assert_int_equal(status.exported, 2);
    assert_false(status.is_failing);
    close_sink(sink);
    assert_content(place->path, "{\"a\":1}\n{\"b\":2}\n{\"c\":3}\n");
}

static void line_cut_by_a_full_disk_is_taken_back_at_the_end(void **state)
{
    struct place *place = *state;
    void *sink = open_sink(place, place->path);

    offer(sink, "{\"a\":1}");
    offer(sink, "{\"b\":2}");
    limit_files(10);
    acknowledge(sink);
    assert_int_equal(close_sink(sink).lost, 1);
    limit_files(RLIM_INFINITY);
    assert_content(place->path, "{\"a\":1}\n");
}

static void rotation_leaves_whole_lines_in_both_files(void **state)
{
    struct place *place = *state;
    void *sink = open_sink(place, place->path);

    offer(sink, "{\"a\":1}");
    offer(sink, "{\"b\":2}");
    limit_files(10);
    acknowledge(sink);
    assert_int_equal(rename(place->path, place->moved), 0);
    assert_true(sink_file()->open(sink, NULL, &place->error));
    limit_files(RLIM_INFINITY);
    assert_int_equal(acknowledge(sink).exported, 1);
    close_sink(sink);
    assert_content(place->moved, "{\"a\":1}\n");
    assert_content(place->path, "{\"b\":2}\n");
}

static void rotation_that_fails_keeps_the_old_file(void **state)
{
    struct place *place = *state;
    void *sink = open_sink(place, place->path);

    offer(sink, "{\"a\":1}");
    assert_int_equal(rename(place->path, place->moved), 0);
    assert_int_equal(mkdir(place->path, 0700), 0);
    assert_false(sink_file()->open(sink, NULL, &place->error));
    assert_int_equal(acknowledge(sink).exported, 1);
    close_sink(sink);
    assert_content(place->moved, "{\"a\":1}\n");
    assert_int_equal(rmdir(place->path), 0);
}

/* So many open files as there are now, and no more. */
static void refuse_open_files(const struct rlimit *before)
{
    struct rlimit limit = *before;
    int next = dup(STDIN_FILENO);

    assert_true(next > 0);
    close(next);
    limit.rlim_cur = (rlim_t)next;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

/* The old file is put aside, but there is no new one yet. */
static void file_put_aside_is_gone_on_with(void **state)
{
    struct place *place = *state;
    char target[128], pattern[128], large[65536];
    struct rlimit before;
    struct stat st;
    glob_t found;
    void *sink;

    snprintf(target, sizeof(target), "%s;size=1M", place->path);
    snprintf(pattern, sizeof(pattern), "%s.*", place->path);
    memset(large, 'x', sizeof(large) - 1);
    large[sizeof(large) - 1] = '\0';
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    sink = open_sink(place, target);
    refuse_open_files(&before);
    for (int i = 0; i < 17; i++) {
        assert_int_equal(offer(sink, large), 1);
        acknowledge(sink);
    }
    assert_int_equal(stat(place->path, &st), -1);
    assert_int_equal(offer(sink, "{\"b\":2}"), 1);
    acknowledge(sink);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    acknowledge(sink);
    assert_int_equal(offer(sink, "{\"c\":3}"), 1);
    acknowledge(sink);
    close_sink(sink);
    assert_content(place->path, "{\"c\":3}\n");
    assert_int_equal(glob(pattern, 0, NULL, &found), 0);
    assert_int_equal(found.gl_pathc, 1);
    assert_int_equal(stat(found.gl_pathv[0], &st), 0);
    assert_int_equal(st.st_size, 17 * sizeof(large) + 8);
    assert_int_equal(unlink(found.gl_pathv[0]), 0);
    globfree(&found);
}

static void full_device_refuses_only_what_does_not_fit(void **state)
{
    static char json[65000];
    struct place *place = *state;
    void *sink = open_sink(place, "/dev/full");
    unsigned taken = 0;

    memset(json, 'x', sizeof(json) - 1);
    while (offer(sink, json) == 1)
        taken++;
    assert_in_range(taken, 4, 20);
    assert_true(acknowledge(sink).is_failing);
    assert_int_equal(offer(sink, "{}"), 1);
    assert_int_equal(close_sink(sink).lost, taken + 1);
}

/* Standard output as a pipe that is read when the test likes. */
struct pipes {
    int saved;
    int reader;
};

static struct pipes pipe_stdout(void)
{
    struct pipes pipes;
    int ends[2];

    fflush(stdout);
    assert_int_equal(pipe(ends), 0);
    pipes.saved = dup(STDOUT_FILENO);
    pipes.reader = ends[0];
    dup2(ends[1], STDOUT_FILENO);
    close(ends[1]);
    return pipes;
}

static void restore_stdout(const struct pipes *pipes)
{
    dup2(pipes->saved, STDOUT_FILENO);
    close(pipes->saved);
}

static void slow_reader_gets_every_line_in_order(void **state)
{
    struct place *place = *state;
    struct pipes pipes = pipe_stdout();
    void *sink = open_sink(place, "-");
    char expected[32];
    char line[32];
    uint64_t exported = 0;
    FILE *in;

    restore_stdout(&pipes);
    for (int i = 0; i < 20000; i++) {
        snprintf(line, sizeof(line), "{\"number\":%d}", i);
        assert_int_equal(offer(sink, line), 1);
    }
    exported += acknowledge(sink).exported;
    assert_true(acknowledge(sink).is_slow);
    in = fdopen(pipes.reader, "r");
    for (int i = 0; i < 20000; i++) {
        exported += acknowledge(sink).exported;
        assert_non_null(fgets(line, sizeof(line), in));
        snprintf(expected, sizeof(expected), "{\"number\":%d}\n", i);
        assert_string_equal(line, expected);
    }
    assert_int_equal(exported, 20000);
    assert_false(acknowledge(sink).is_slow);
    close_sink(sink);
    fclose(in);
}

static void stuck_reader_makes_it_hold_no_more_than_its_share(void **state)
{
    static char json[10001];
    struct place *place = *state;
    struct pipes pipes = pipe_stdout();
    void *sink = open_sink(place, "-");
    unsigned taken = 0;
    struct sink_status status;

    restore_stdout(&pipes);
    memset(json, 'x', sizeof(json) - 1);
    while (taken < 10000 && offer(sink, json) == 1)
        taken++;
    assert_in_range(taken, 60, 130);
    status = acknowledge(sink);
    assert_true(status.is_slow);
    assert_false(status.is_failing);
    assert_int_equal(status.exported + close_sink(sink).lost, taken);
    close(pipes.reader);
}

static void reader_that_is_gone_is_not_tried_again(void **state)
{
    struct place *place = *state;
    struct pipes pipes = pipe_stdout();
    void *sink = open_sink(place, "-");
    struct sink_status status;

    restore_stdout(&pipes);
    close(pipes.reader);
    assert_int_equal(offer(sink, "{}"), 1);
    status = acknowledge(sink);
    assert_int_equal(status.lost, 1);
    assert_true(status.is_failing);
    assert_int_equal(offer(sink, "{}"), 0);
    assert_int_equal(close_sink(sink).lost, 0);
}

#define TEST(name) \
    cmocka_unit_test_setup_teardown(name, place_make, place_remove)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(lines_are_appended_at_the_flush),
        TEST(much_is_written_without_a_flush),
        TEST(what_is_not_flushed_is_lost_and_counted),
        TEST(bad_targets_are_refused),
        TEST(half_line_of_a_crash_is_ended),
        TEST(line_cut_by_a_full_disk_is_completed),
        TEST(line_cut_by_a_full_disk_is_taken_back_at_the_end),
        TEST(rotation_leaves_whole_lines_in_both_files),
        TEST(rotation_that_fails_keeps_the_old_file),
        TEST(file_put_aside_is_gone_on_with),
        TEST(full_device_refuses_only_what_does_not_fit),
        TEST(slow_reader_gets_every_line_in_order),
        TEST(stuck_reader_makes_it_hold_no_more_than_its_share),
        TEST(reader_that_is_gone_is_not_tried_again),
    };

    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    log_set_verbosity(LOG_LEVEL_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
