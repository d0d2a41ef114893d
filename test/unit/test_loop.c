/* test_loop: order, timers and measures. SPDX-License-Identifier: MIT */
#include "core/run/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* What callbacks did, in order: one letter each. */
struct trace {
    struct loop *loop;
    struct loop_source *source;
    char text[64];
    int left; /* calls until the loop is stopped */
    int fd;
    int64_t spin_us;
};

static void note(struct trace *trace, char letter)
{
    size_t len = strlen(trace->text);

    if (len + 1 < sizeof(trace->text)) {
        trace->text[len] = letter;
        trace->text[len + 1] = '\0';
    }
    if (--trace->left <= 0)
        loop_stop(trace->loop);
}

static void spin(const struct loop *loop, int64_t us)
{
    while (loop_spent_us(loop) < us)
        ;
}

static int open_loop(void **state)
{
    static struct trace trace;

    memset(&trace, 0, sizeof(trace));
    trace.loop = loop_new();
    trace.left = 1;
    *state = &trace;
    return trace.loop != NULL ? 0 : -1;
}

static int close_loop(void **state)
{
    struct trace *trace = *state;

    loop_free(trace->loop); /* asserts that no source is left */
    return 0;
}

static void run_a(void *arg)
{
    note(arg, 'a');
}

static void run_b(void *arg)
{
    note(arg, 'b');
}

static void run_c(void *arg)
{
    note(arg, 'c');
}

static bool more_d(void *arg)
{
    note(arg, 'd');
    return true;
}

static void higher_priorities_run_first(void **state)
{
    struct trace *trace = *state;
    struct loop *loop = trace->loop;
    struct loop_source *c = loop_after(loop, 0, LOOP_PAGE, run_c, trace);
    struct loop_source *b = loop_after(loop, 0, LOOP_PEER, run_b, trace);
    struct loop_source *a = loop_after(loop, 0, LOOP_TICK, run_a, trace);

    trace->left = 3;
    usleep(1000);
    assert_int_equal(loop_run(loop), 0);
    assert_string_equal(trace->text, "abc");
    loop_source_free(a);
    loop_source_free(b);
    loop_source_free(c);
}

static void run_returns_when_nothing_can_happen(void **state)
{
    struct trace *trace = *state;
    struct loop_source *once =
        loop_after(trace->loop, 1000, LOOP_TICK, run_a, trace);

    trace->left = 9;
    assert_int_equal(loop_run(trace->loop), 0);
    assert_string_equal(trace->text, "a");
    loop_source_free(once);
}

static void run_every_slow(void *arg)
{
    struct trace *trace = arg;

    /* Longer than two intervals: the next two runs become one. */
    if (trace->text[0] == '\0')
        spin(trace->loop, 25000);
    note(trace, 'e');
}

/* Microseconds until the third run of a 10 ms timer whose first takes 25. */
static int64_t third_run(struct trace *trace)
{
    int64_t start = loop_now_us(trace->loop);

    trace->text[0] = '\0';
    trace->left = 3;
    trace->source =
        loop_every(trace->loop, 10000, LOOP_TICK, run_every_slow, trace);
    loop_run(trace->loop);
    loop_source_free(trace->source);
    return loop_now_us(trace->loop) - start;
}

static void every_keeps_its_phase_and_coalesces(void **state)
{
    struct trace *trace = *state;
    int64_t spent = third_run(trace);

    /* Runs at 10 (until 35), at once for both 20 and 30, and at 40 ms: not
     * at 35 for 30 apart, nor at 45, ten after the second. */
    assert_true(spent >= 40000);
    assert_int_equal(loop_late(trace->loop)->total, 3);
    /* A busy machine may be late, but not always. */
    for (int i = 0; i < 20 && spent >= 44500; i++)
        spent = third_run(trace);
    assert_true(spent < 44500);
}

static void timers_are_never_early(void **state)
{
    struct trace *trace = *state;

    for (int i = 0; i < 20; i++) {
        int64_t start = loop_now_us(trace->loop);
        struct loop_source *once =
            loop_after(trace->loop, 700 + i * 37, LOOP_TICK, run_a, trace);

        assert_int_equal(loop_run(trace->loop), 0);
        assert_true(loop_now_us(trace->loop) - start >= 700 + i * 37);
        loop_source_free(once);
    }
}

static bool more_three(void *arg)
{
    struct trace *trace = arg;

    note(trace, 'd');
    return strlen(trace->text) < 3;
}

static void defer_runs_while_true_then_rests(void **state)
{
    struct trace *trace = *state;
    struct loop_source *defer =
        loop_defer(trace->loop, LOOP_PAGE, more_three, trace);

    trace->left = 99;
    assert_int_equal(loop_run(trace->loop), 0); /* nothing left to do */
    assert_string_equal(trace->text, "ddd");
    loop_source_resume(defer);
    assert_int_equal(loop_run(trace->loop), 0);
    assert_string_equal(trace->text, "dddd");
    loop_source_free(defer);
}

static void deferred_work_lets_timers_through(void **state)
{
    struct trace *trace = *state;
    struct loop_source *defer =
        loop_defer(trace->loop, LOOP_PAGE, more_d, trace);
    struct trace timer = {.loop = trace->loop, .left = 1};
    struct loop_source *once =
        loop_after(trace->loop, 2000, LOOP_TICK, run_a, &timer);

    trace->left = 1000000000;
    assert_int_equal(loop_run(trace->loop), 0);
    assert_string_equal(timer.text, "a");
    loop_source_free(once);
    loop_source_free(defer);
}

static void run_free_self(void *arg)
{
    struct trace *trace = arg;

    loop_source_free(trace->source);
    trace->source = NULL;
    note(trace, 'f');
}

static bool more_free_self(void *arg)
{
    run_free_self(arg);
    return true;
}

static void sources_may_free_themselves(void **state)
{
    struct trace *trace = *state;
    struct loop *loop = trace->loop;
    int pipes[2];

    assert_int_equal(pipe(pipes), 0);
    assert_int_equal(write(pipes[1], "x", 1), 1);
    trace->source =
        loop_on_fd(loop, pipes[0], LOOP_READ, LOOP_PEER, run_free_self, trace);
    loop_run(loop);
    trace->source = loop_every(loop, 10, LOOP_TICK, run_free_self, trace);
    loop_run(loop);
    trace->source = loop_after(loop, 10, LOOP_TICK, run_free_self, trace);
    loop_run(loop);
    trace->source = loop_defer(loop, LOOP_TICK, more_free_self, trace);
    loop_run(loop);
    trace->source = loop_on_signal(loop, SIGUSR1, run_free_self, trace);
    raise(SIGUSR1);
    loop_run(loop);
    trace->source = loop_on_fd(loop, pipes[0], LOOP_READ, LOOP_CAPTURE,
                               run_free_self, trace);
    loop_run(loop);
    assert_string_equal(trace->text, "ffffff");
    close(pipes[0]);
    close(pipes[1]);
}

static void signals_and_writability_arrive(void **state)
{
    struct trace *trace = *state;
    struct loop_source *on_signal, *on_write;
    int pipes[2];

    assert_int_equal(pipe(pipes), 0);
    on_signal = loop_on_signal(trace->loop, SIGUSR2, run_a, trace);
    raise(SIGUSR2);
    loop_run(trace->loop);
    on_write =
        loop_on_fd(trace->loop, pipes[1], LOOP_WRITE, LOOP_PEER, run_b, trace);
    loop_run(trace->loop);
    assert_string_equal(trace->text, "ab");
    loop_source_free(on_signal);
    loop_source_free(on_write);
    close(pipes[0]);
    close(pipes[1]);
}

static void descriptors_that_cannot_wait_are_refused(void **state)
{
    struct trace *trace = *state;
    int fd = open("/proc/self/exe", O_RDONLY);

    assert_null(
        loop_on_fd(trace->loop, fd, LOOP_READ, LOOP_PEER, run_a, trace));
    assert_int_equal(errno, EPERM);
    close(fd);
    assert_null(
        loop_on_fd(trace->loop, -1, LOOP_READ, LOOP_PEER, run_a, trace));
    assert_int_equal(errno, EBADF);
}

static void paused_sources_are_silent(void **state)
{
    struct trace *trace = *state;
    struct trace end = {.loop = trace->loop, .left = 1};
    struct loop_source *paused, *once;
    int pipes[2];

    assert_int_equal(pipe(pipes), 0);
    assert_int_equal(write(pipes[1], "x", 1), 1);
    paused = loop_on_fd(trace->loop, pipes[0], LOOP_READ, LOOP_CAPTURE, run_a,
                        trace);
    loop_source_pause(paused);
    once = loop_after(trace->loop, 3000, LOOP_PAGE, run_b, &end);
    loop_run(trace->loop);
    assert_string_equal(trace->text, "");
    loop_source_resume(paused);
    loop_run(trace->loop);
    assert_string_equal(trace->text, "a");
    loop_source_free(paused);
    loop_source_free(once);
    close(pipes[0]);
    close(pipes[1]);
}

/* Nobody was kept waiting by a timer that was held back on purpose. */
static void a_pause_is_no_lateness(void **state)
{
    struct trace *trace = *state;
    struct trace end = {.loop = trace->loop, .left = 1};
    struct loop_source *paused, *once;

    paused = loop_every(trace->loop, 1000, LOOP_PEER, run_a, trace);
    loop_source_pause(paused);
    once = loop_after(trace->loop, 500000, LOOP_PEER, run_b, &end);
    loop_run(trace->loop);
    loop_source_resume(paused);
    loop_run(trace->loop);
    assert_string_equal(trace->text, "a");
    assert_int_equal(loop_late(trace->loop)->total, 2);
    assert_true(loop_late(trace->loop)->max_us < 400000);
    loop_source_free(paused);
    loop_source_free(once);
}

static void run_busy_capture(void *arg)
{
    struct trace *trace = arg;

    spin(trace->loop, 1500);
    trace->spin_us += loop_spent_us(trace->loop);
}

/* Two captures that outrun us; a page's work must still get its share. */
static void busy_captures_leave_time_to_others(void **state)
{
    struct trace *trace = *state;
    struct trace page = {.loop = trace->loop, .left = 50};
    struct loop_source *captures[2], *defer;
    int64_t start, spent;
    int pipes[2];

    assert_int_equal(pipe(pipes), 0);
    assert_int_equal(write(pipes[1], "x", 1), 1);
    for (int i = 0; i < 2; i++)
        captures[i] = loop_on_fd(trace->loop, pipes[0], LOOP_READ, LOOP_CAPTURE,
                                 run_busy_capture, trace);
    defer = loop_defer(trace->loop, LOOP_PAGE, more_d, &page);
    start = loop_now_us(trace->loop);
    loop_run(trace->loop);
    spent = loop_now_us(trace->loop) - start;
    assert_true(spent < 1000000);
    /* And the captures had most of the time. */
    assert_true(trace->spin_us * 2 > spent);
    for (int i = 0; i < 2; i++)
        loop_source_free(captures[i]);
    loop_source_free(defer);
    close(pipes[0]);
    close(pipes[1]);
}

/* It never ends by itself. */
static bool more_ticks(void *arg)
{
    struct trace *trace = arg;

    spin(trace->loop, 500);
    if (--trace->left <= 0)
        loop_stop(trace->loop);
    return true;
}

/* A tick of many slices; pages must still get their share. */
static void long_ticks_leave_time_to_others(void **state)
{
    struct trace *trace = *state;
    struct trace page = {.loop = trace->loop, .left = 20};
    struct loop_source *tick, *defer;

    trace->left = 10000;
    tick = loop_defer(trace->loop, LOOP_TICK, more_ticks, trace);
    defer = loop_defer(trace->loop, LOOP_PAGE, more_d, &page);
    loop_run(trace->loop);
    assert_int_equal(page.left, 0);
    assert_true(trace->left > 0);
    loop_source_free(tick);
    loop_source_free(defer);
}

static void run_spin(void *arg)
{
    struct trace *trace = arg;

    spin(trace->loop, 3000);
    note(trace, 's');
}

static void it_measures_what_callbacks_take(void **state)
{
    struct trace *trace = *state;
    const struct loop_histogram *ran = loop_ran(trace->loop, LOOP_PEER);
    struct loop_source *once =
        loop_after(trace->loop, 0, LOOP_PEER, run_spin, trace);

    loop_run(trace->loop);
    assert_int_equal(ran->total, 1);
    assert_true(ran->max_us >= 3000);
    assert_true(loop_histogram_percentile(ran, 0.5) >= 3000);
    assert_int_equal(loop_ran(trace->loop, LOOP_PAGE)->total, 0);
    assert_int_equal(loop_callbacks(trace->loop), 1);
    assert_true(loop_turns(trace->loop) >= 1);
    loop_source_free(once);
}

static void an_idle_loop_sleeps(void **state)
{
    struct trace *trace = *state;
    struct loop_source *once =
        loop_after(trace->loop, 50000, LOOP_PEER, run_a, trace);

    loop_run(trace->loop);
    assert_in_range(loop_wakeups(trace->loop), 1, 5);
    assert_in_range(loop_turns(trace->loop), 1, 3);
    loop_source_free(once);
}

static void histogram_buckets_meet(void **state)
{
    struct loop_histogram histogram = {0};

    (void)state;
    for (unsigned i = 0; i + 1 < LOOP_BUCKETS; i++) {
        uint64_t bound = loop_histogram_bound(i);

        memset(&histogram, 0, sizeof(histogram));
        loop_histogram_add(&histogram, (int64_t)bound);
        loop_histogram_add(&histogram, (int64_t)bound + 1);
        assert_int_equal(histogram.counts[i], 1);
        assert_int_equal(histogram.counts[i + 1], 1);
    }
    /* Beyond a minute there is one bucket for all. */
    assert_true(loop_histogram_bound(LOOP_BUCKETS - 2) > 60000000);
    assert_true(loop_histogram_bound(LOOP_BUCKETS - 1) == UINT64_MAX);
}

static void histogram_percentiles(void **state)
{
    struct loop_histogram histogram = {0};

    (void)state;
    assert_int_equal(loop_histogram_percentile(&histogram, 0.5), 0);
    for (int i = 0; i < 999; i++)
        loop_histogram_add(&histogram, 3);
    loop_histogram_add(&histogram, 5000);
    loop_histogram_add(&histogram, -7); /* clocks that disagree: 0 */
    loop_histogram_add(&histogram, INT64_MAX);
    assert_int_equal(loop_histogram_percentile(&histogram, 0), 0);
    assert_int_equal(loop_histogram_percentile(&histogram, 0.5), 3);
    assert_in_range(loop_histogram_percentile(&histogram, 0.9985), 5000, 6000);
    assert_true(loop_histogram_percentile(&histogram, 1) ==
                (uint64_t)INT64_MAX);
}

static void the_wall_clock_is_one(void **state)
{
    (void)state;
    assert_true(loop_wall_us() > INT64_C(1500000000000000));
}

#define LOOP_TEST(name) \
    cmocka_unit_test_setup_teardown(name, open_loop, close_loop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LOOP_TEST(higher_priorities_run_first),
        LOOP_TEST(run_returns_when_nothing_can_happen),
        LOOP_TEST(every_keeps_its_phase_and_coalesces),
        LOOP_TEST(timers_are_never_early),
        LOOP_TEST(defer_runs_while_true_then_rests),
        LOOP_TEST(deferred_work_lets_timers_through),
        LOOP_TEST(sources_may_free_themselves),
        LOOP_TEST(signals_and_writability_arrive),
        LOOP_TEST(descriptors_that_cannot_wait_are_refused),
        LOOP_TEST(paused_sources_are_silent),
        LOOP_TEST(a_pause_is_no_lateness),
        LOOP_TEST(busy_captures_leave_time_to_others),
        LOOP_TEST(long_ticks_leave_time_to_others),
        LOOP_TEST(it_measures_what_callbacks_take),
        LOOP_TEST(an_idle_loop_sleeps),
        cmocka_unit_test(histogram_buckets_meet),
        cmocka_unit_test(histogram_percentiles),
        cmocka_unit_test(the_wall_clock_is_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
