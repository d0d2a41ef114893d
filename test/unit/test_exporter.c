/* test_exporter: each flow to each sink, and nothing uncounted.
 * SPDX-License-Identifier: MIT */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/util/log.h"
#include "export/exporter.h"
#include "traffic.h"

struct bed {
    struct traffic_bed traffic;
    char paths[2][64];
    char specs[2][80];
    struct strbuf error;
};

static int bed_make(void **state)
{
    struct bed *bed = mem_calloc(1, sizeof(*bed));

    for (int i = 0; i < 2; i++) {
        int fd;

        strcpy(bed->paths[i], "/tmp/test_exporter.XXXXXX");
        fd = mkstemp(bed->paths[i]);
        assert_true(fd >= 0);
        close(fd);
        snprintf(bed->specs[i], sizeof(bed->specs[i]), "file;%s",
                 bed->paths[i]);
    }
    strbuf_init(&bed->error, 512);
    traffic_open(&bed->traffic, NULL);
    *state = bed;
    return 0;
}

static int bed_remove(void **state)
{
    struct bed *bed = *state;

    traffic_close(&bed->traffic);
    for (int i = 0; i < 2; i++)
        unlink(bed->paths[i]);
    strbuf_free(&bed->error);
    free(bed);
    return 0;
}

static struct exporter *open_exporter(struct bed *bed, const char *one,
                                      const char *two)
{
    const char *specs[2] = {one, two};
    struct exporter *exporter = exporter_new(
        specs, two != NULL ? 2 : 1, bed->traffic.engine, NULL, &bed->error);

    assert_non_null(exporter);
    engine_observe(bed->traffic.engine, exporter_observer(exporter));
    return exporter;
}

static unsigned count_lines(const char *path)
{
    FILE *in = fopen(path, "r");
    unsigned lines = 0;
    int c;

    assert_non_null(in);
    while ((c = getc(in)) != EOF)
        lines += c == '\n';
    fclose(in);
    return lines;
}

/* `count` flows begin and end. */
static void pass_flows(struct bed *bed, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        traffic_udp(&bed->traffic, i % 250);
    engine_flush(bed->traffic.engine);
}

static struct exporter_counters count_of(const struct exporter *exporter,
                                         size_t sink)
{
    struct exporter_counters counters;

    exporter_counters(exporter, sink, &counters);
    return counters;
}

static void assert_sum(const struct exporter *exporter, size_t sink)
{
    struct exporter_counters now = count_of(exporter, sink);

    assert_int_equal(now.records,
                     now.exported + now.queued + now.spooled + now.dropped);
    assert_int_equal(now.dropped, now.refused + now.lost + now.rejected +
                                      now.expired + now.damaged);
}

static void every_sink_gets_every_record(void **state)
{
    struct bed *bed = *state;
    struct exporter *exporter =
        open_exporter(bed, bed->specs[0], bed->specs[1]);

    assert_int_equal(exporter_sinks(exporter), 2);
    assert_string_equal(exporter_spec(exporter, 1), bed->specs[1]);
    pass_flows(bed, 100);
    assert_int_equal(count_of(exporter, 1).records, 100);
    assert_int_equal(count_of(exporter, 1).queued, 100);
    assert_sum(exporter, 1);
    exporter_flush(exporter);
    assert_int_equal(count_of(exporter, 1).exported, 100);
    assert_int_equal(count_of(exporter, 1).queued, 0);
    assert_true(count_of(exporter, 1).bytes > 100 * 100);
    assert_sum(exporter, 1);
    pass_flows(bed, 5);
    exporter_free(exporter);
    assert_int_equal(count_lines(bed->paths[0]), 105);
    assert_int_equal(count_lines(bed->paths[1]), 105);
}

static void no_sinks_are_fine(void **state)
{
    struct bed *bed = *state;
    struct exporter *exporter =
        exporter_new(NULL, 0, bed->traffic.engine, NULL, &bed->error);

    assert_non_null(exporter);
    engine_observe(bed->traffic.engine, exporter_observer(exporter));
    pass_flows(bed, 3);
    exporter_flush(exporter);
    assert_false(exporter_must_wait(exporter));
    exporter_free(exporter);
    exporter_free(NULL);
}

#define KINDS                                                     \
    "there is: \"file;PATH\" \"logstash;HOST;tcp|udp|tls;PORT\" " \
    "\"syslog[;HOST;udp|tcp|tls;PORT]\" "                         \
    "\"es;TYPE;INDEX;URL[;USER:PASSWORD]\" "                      \
    "\"mysql;HOST|SOCKET;DATABASE;TABLE;USER;PASSWORD\""

static void bad_specs_are_named(void **state)
{
    static const struct {
        const char *spec;
        const char *expected;
    } rows[] = {
        {"", "-F : no such kind of export, " KINDS},
        {";", "-F : no such kind of export, " KINDS},
        {"nonsense;secret", "-F nonsense: no such kind of export, " KINDS},
        {"fil;x", "-F fil: no such kind of export, " KINDS},
        {"FILE;x", "-F FILE: no such kind of export, " KINDS},
        {"file", "-F file: must be like \"file;PATH\""},
        {"file;", "-F file;: names no file"},
        {"file;x;y", "-F file;x;y: too many fields"},
        {"file;x;color=red", "-F file;x;color=red: there is no option color"},
        {"file;x;spool=1k;spool=2k",
         "-F file;x;spool=1k;spool=2k: option spool is there twice"},
        {"file;x;filter=colour=red",
         "-F file;x;filter=colour=red: filter: unknown name at character 1: "
         "colour=red"},
        {"logstash;h;tcp",
         "-F logstash;h;tcp: must be like \"logstash;HOST;tcp|udp|tls;PORT\""},
        {"logstash;h;icmp;1",
         "-F logstash;h;icmp;1: the protocol must be tcp, udp or tls"},
        {"logstash;;tcp;1",
         "-F logstash;;tcp;1: this is not the name of a host"},
        {"logstash;h;tcp;0",
         "-F logstash;h;tcp;0: the port must be a number from 1 to 65535"},
        {"file;/nowhere/at/all",
         "-F file;/nowhere/at/all: cannot open: No such file or directory"},
        {"es;flows;x;ftp://localhost;me:secret",
         "-F es;flows;x;ftp://localhost;***: the third field must be a URL of "
         "http or https"},
        {"es;flows;x;http://me:secret@localhost",
         "-F es;flows;x;http://me:secret@localhost: user and password go in "
         "the fourth field"},
        {"mysql;h;d;t;me;secret;color=red",
         "-F mysql;h;d;t;me;***;color=red: there is no option color"},
        {"mysql;h;d`;t;me;secret",
         "-F mysql;h;d`;t;me;***: database and table must be of letters, "
         "digits and _-$"},
        {"mysql;h;d;t;me;@/no/such/file",
         "-F mysql;h;d;t;me;@/no/such/file: secret in /no/such/file: No such "
         "file or directory"},
        {"kafka", "-F kafka: not in this version"},
    };
    struct bed *bed = *state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *specs[2] = {bed->specs[0], rows[i].spec};

        strbuf_reset(&bed->error);
        assert_null(
            exporter_new(specs, 2, bed->traffic.engine, NULL, &bed->error));
        assert_string_equal(bed->error.text, rows[i].expected);
    }
}

static void specs_are_checked_without_opening(void **state)
{
    struct bed *bed = *state;
    const char *specs[] = {"file;/nowhere/at/all", "file;-", "nonsense;x"};

    assert_true(exporter_check(specs, 2, &bed->error));
    assert_true(exporter_check(NULL, 0, &bed->error));
    assert_int_equal(bed->error.len, 0);
    assert_false(exporter_check(specs, 3, &bed->error));
    assert_non_null(strstr(bed->error.text, "nonsense"));
}

static void same_spec_twice_is_refused(void **state)
{
    struct bed *bed = *state;
    const char *specs[2] = {bed->specs[0], bed->specs[0]};

    assert_null(exporter_new(specs, 2, bed->traffic.engine, NULL, &bed->error));
    assert_non_null(strstr(bed->error.text, "given twice"));
}

static void full_disk_is_counted_and_harms_no_other_sink(void **state)
{
    struct bed *bed = *state;
    struct exporter *exporter =
        open_exporter(bed, "file;/dev/full;memory=4M", bed->specs[1]);

    for (int i = 0; i < 200; i++) {
        pass_flows(bed, 250);
        assert_false(exporter_must_wait(exporter));
    }
    exporter_flush(exporter);
    assert_int_equal(count_of(exporter, 0).records, 50000);
    assert_int_equal(count_of(exporter, 0).exported, 0);
    assert_true(count_of(exporter, 0).refused > 0);
    assert_sum(exporter, 0);
    assert_int_equal(count_of(exporter, 1).exported, 50000);
    exporter_be_patient(exporter, NULL, NULL);
    pass_flows(bed, 250);
    assert_sum(exporter, 0);
    assert_false(exporter_finish(exporter));
    assert_int_equal(count_of(exporter, 1).exported, 50250);
    exporter_free(exporter);
    assert_int_equal(count_lines(bed->paths[1]), 50250);
}

/* A process that reads all of a pipe once it is told to go on (SIGCONT). */
static pid_t start_reader(const int ends[2])
{
    pid_t reader = fork();
    char bytes[4096];

    assert_true(reader >= 0);
    if (reader == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        close(ends[1]);
        raise(SIGSTOP);
        while (read(ends[0], bytes, sizeof(bytes)) > 0)
            continue;
        _exit(0);
    }
    assert_int_equal(waitpid(reader, NULL, WUNTRACED), reader);
    close(ends[0]);
    return reader;
}

/* An exporter to standard output, which is this descriptor meanwhile. */
static struct exporter *open_on(struct bed *bed, int fd)
{
    int saved = dup(STDOUT_FILENO);
    struct exporter *exporter;

    fflush(stdout);
    dup2(fd, STDOUT_FILENO);
    close(fd);
    exporter = open_exporter(bed, "file;-;memory=4M", NULL);
    dup2(saved, STDOUT_FILENO);
    close(saved);
    return exporter;
}

static void slow_reader_makes_files_wait_and_the_end_too(void **state)
{
    struct bed *bed = *state;
    struct exporter *exporter;
    int ends[2];
    int status;
    pid_t reader;

    assert_int_equal(pipe(ends), 0);
    reader = start_reader(ends);
    exporter = open_on(bed, ends[1]);
    for (int i = 0; i < 200; i++)
        pass_flows(bed, 250);
    assert_true(exporter_must_wait(exporter));
    assert_true(count_of(exporter, 0).refused > 0);
    assert_sum(exporter, 0);
    kill(reader, SIGCONT);
    exporter_be_patient(exporter, NULL, NULL);
    pass_flows(bed, 250);
    assert_int_equal(count_of(exporter, 0).records, 50250);
    while (exporter_must_wait(exporter))
        continue;
    exporter_flush(exporter);
    assert_int_equal(count_of(exporter, 0).lost, 0);
    assert_sum(exporter, 0);
    exporter_free(exporter);
    assert_int_equal(waitpid(reader, &status, 0), reader);
    assert_int_equal(status, 0);
}

static bool is_third_call(void *arg)
{
    int *calls = arg;

    return ++*calls == 3;
}

static void patience_ends_when_it_is_told_to(void **state)
{
    struct bed *bed = *state;
    struct exporter *exporter;
    int calls = 0;
    int ends[2];

    assert_int_equal(pipe(ends), 0); /* that nobody reads */
    exporter = open_on(bed, ends[1]);
    exporter_be_patient(exporter, is_third_call, &calls);
    for (int i = 0; i < 200; i++)
        pass_flows(bed, 250);
    assert_int_equal(calls, 3);
    assert_false(exporter_finish(exporter));
    assert_sum(exporter, 0);
    exporter_free(exporter);
    close(ends[0]);
}

static void all_that_is_exported_is_complete(void **state)
{
    struct bed *bed = *state;
    struct exporter *exporter = open_exporter(bed, bed->specs[0], NULL);

    pass_flows(bed, 10);
    assert_true(exporter_finish(exporter));
    assert_int_equal(count_lines(bed->paths[0]), 10);
    exporter_free(exporter);
}

static void rotation_goes_on_in_a_new_file(void **state)
{
    struct bed *bed = *state;
    struct exporter *exporter = open_exporter(bed, bed->specs[0], NULL);

    pass_flows(bed, 10);
    assert_int_equal(rename(bed->paths[0], bed->paths[1]), 0);
    exporter_reopen(exporter);
    pass_flows(bed, 7);
    exporter_free(exporter);
    assert_int_equal(count_lines(bed->paths[1]), 10);
    assert_int_equal(count_lines(bed->paths[0]), 7);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bed_make, bed_remove)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(every_sink_gets_every_record),
        TEST(no_sinks_are_fine),
        TEST(bad_specs_are_named),
        TEST(specs_are_checked_without_opening),
        TEST(same_spec_twice_is_refused),
        TEST(full_disk_is_counted_and_harms_no_other_sink),
        TEST(slow_reader_makes_files_wait_and_the_end_too),
        TEST(patience_ends_when_it_is_told_to),
        TEST(all_that_is_exported_is_complete),
        TEST(rotation_goes_on_in_a_new_file),
    };

    signal(SIGPIPE, SIG_IGN);
    log_set_verbosity(LOG_LEVEL_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
