/* loop: the reactor, on libevent. SPDX-License-Identifier: MIT */
#include "core/run/loop_internal.h"

#include <assert.h>
#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include "core/util/log.h"
#include "core/util/mem.h"

/*
 * A struct loop owns the event_base; a struct loop_source owns one event of
 * it. Every callback goes through source_run(), which measures it. A callback
 * may free its own source, so nothing of the source is used after it, unless
 * loop->running still says that it lives.
 *
 * libevent's priorities are strict: as long as a high one has something, lower
 * ones wait, and a capture that outruns us always has something. So the loop
 * takes a breath: when captures have had CAPTURE_US, their descriptors are
 * left alone until the others are through, or have had BREATH_US. So does
 * deferred work of LOOP_TICK, a second's that takes longer than that for
 * example: after TICK_US it rests for BREATH_US.
 */
#define CAPTURE_US 2000
#define TICK_US 2000
#define BREATH_US 1000
#define NO_DELAY (-1)

/* After this long low priorities give way to a look at the high ones. */
#define DISPATCH_US 1000
#define DISPATCH_CALLBACKS 16

/* Buckets 0..3 are exactly 0..3 us, then four to each power of two. */
#define STEPS 4
#define STEP_BITS 2

enum source_kind {
    SOURCE_FD,
    SOURCE_SIGNAL,
    SOURCE_EVERY,
    SOURCE_AFTER,
    SOURCE_DEFER
};

struct loop {
    struct event_base *base;
    struct event *breath_idle;    /* goes off when the others are through */
    struct event *breath_limit;   /* goes off when they had their time */
    struct loop_source *running;  /* NULL: none, or it freed itself */
    struct loop_source *captures; /* SOURCE_FD of LOOP_CAPTURE, by `next` */
    int64_t now_us;               /* when the running callback began */
    int64_t capture_us;           /* captures ran since others could */
    int64_t tick_us;              /* and LOOP_TICK since lower ones could */
    unsigned sources;
    bool is_calling;
    bool is_breathing;
    bool is_stopped;
    uint64_t turns;
    uint64_t callbacks;
    long sleeps; /* of the process before loop_new() */
    struct loop_histogram ran[LOOP_PRIORITIES];
    struct loop_histogram late;
};

struct loop_source {
    struct loop *loop;
    struct event *event;
    struct loop_source *next; /* in loop->captures */
    union {
        void (*run)(void *arg);
        bool (*more)(void *arg); /* SOURCE_DEFER */
    };
    void *arg;
    int64_t due_us;      /* timers: when it should go off */
    int64_t resumed_us;  /* timers: since when nobody has held it back */
    int64_t interval_us; /* SOURCE_EVERY */
    enum source_kind kind;
    enum loop_priority priority;
    bool is_paused;
    bool is_spent; /* SOURCE_AFTER went off, or SOURCE_DEFER rests */
};

static int64_t clock_us(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

struct event_base *loop_base(const struct loop *loop)
{
    return loop->base;
}

int64_t loop_now_us(const struct loop *loop)
{
    return loop->is_calling ? loop->now_us : clock_us(CLOCK_MONOTONIC);
}

int64_t loop_spent_us(const struct loop *loop)
{
    return loop->is_calling ? clock_us(CLOCK_MONOTONIC) - loop->now_us : 0;
}

int64_t loop_wall_us(void)
{
    return clock_us(CLOCK_REALTIME);
}

static unsigned bucket_of(uint64_t us)
{
    unsigned power, bucket;

    if (us < STEPS)
        return (unsigned)us;
    power = 63 - (unsigned)__builtin_clzll(us);
    bucket = (power - STEP_BITS + 1) * STEPS +
             (unsigned)(us >> (power - STEP_BITS) & (STEPS - 1));
    return bucket < LOOP_BUCKETS ? bucket : LOOP_BUCKETS - 1;
}

uint64_t loop_histogram_bound(unsigned bucket)
{
    unsigned power;

    if (bucket >= LOOP_BUCKETS - 1)
        return UINT64_MAX;
    if (bucket < STEPS)
        return bucket;
    power = bucket / STEPS - 1;
    return ((uint64_t)(STEPS + bucket % STEPS + 1) << power) - 1;
}

void loop_histogram_add(struct loop_histogram *histogram, int64_t us)
{
    uint64_t duration = us > 0 ? (uint64_t)us : 0;

    histogram->counts[bucket_of(duration)]++;
    histogram->total++;
    histogram->sum_us += duration;
    if (duration > histogram->max_us)
        histogram->max_us = duration;
}

uint64_t loop_histogram_percentile(const struct loop_histogram *histogram,
                                   double share)
{
    double wanted = share * (double)histogram->total;
    uint64_t seen = 0;

    for (unsigned i = 0; i < LOOP_BUCKETS; i++) {
        seen += histogram->counts[i];
        if (histogram->counts[i] > 0 && (double)seen >= wanted) {
            uint64_t bound = loop_histogram_bound(i);

            return bound < histogram->max_us ? bound : histogram->max_us;
        }
    }
    return histogram->max_us;
}

const struct loop_histogram *loop_ran(const struct loop *loop,
                                      enum loop_priority priority)
{
    return &loop->ran[priority];
}

const struct loop_histogram *loop_late(const struct loop *loop)
{
    return &loop->late;
}

uint64_t loop_callbacks(const struct loop *loop)
{
    return loop->callbacks;
}

uint64_t loop_turns(const struct loop *loop)
{
    return loop->turns;
}

static long process_sleeps(void)
{
    struct rusage usage;

    return getrusage(RUSAGE_SELF, &usage) == 0 ? usage.ru_nvcsw : 0;
}

uint64_t loop_wakeups(const struct loop *loop)
{
    return (uint64_t)(process_sleeps() - loop->sleeps);
}

static void log_event(int severity, const char *message)
{
    switch (severity) {
    case EVENT_LOG_DEBUG:
        log_debug("loop", "%s", message);
        break;
    case EVENT_LOG_MSG:
        log_info("loop", "%s", message);
        break;
    case EVENT_LOG_WARN:
        log_warnx("loop", "%s", message);
        break;
    default:
        log_errorx("loop", "%s", message);
        break;
    }
}

static void die(int code)
{
    log_errorx("loop", "libevent gives up, code %d", code);
    abort();
}

static void *resize(void *ptr, size_t size)
{
    return mem_realloc(ptr, 1, size);
}

/* These three are libevent's own global state; setting them twice is fine. */
static void adopt_libevent(void)
{
    event_set_mem_functions(mem_alloc, resize, free);
    event_set_log_callback(log_event);
    event_set_fatal_callback(die);
}

static struct event_base *base_new(void)
{
    struct timeval limit = {.tv_usec = DISPATCH_US};
    struct event_config *config = event_config_new();
    struct event_base *base;

    if (config == NULL)
        return NULL;
    /* Without it libevent's clock is as coarse as the kernel's tick (4 ms):
     * timers would be that late and slices not seen as long. */
    event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER);
    event_config_set_max_dispatch_interval(config, &limit, DISPATCH_CALLBACKS,
                                           LOOP_TICK);
    base = event_base_new_with_config(config);
    event_config_free(config);
    return base;
}

/* Wait for the event, or for `delay_us` if that is not NO_DELAY. */
static void must_add(struct event *event, int64_t delay_us)
{
    struct timeval delay = {.tv_sec = delay_us / 1000000,
                            .tv_usec = delay_us % 1000000};

    if (event_add(event, delay_us == NO_DELAY ? NULL : &delay) < 0) {
        log_error("loop", "cannot wait for an event");
        abort();
    }
}

static void breath_begin(struct loop *loop)
{
    loop->is_breathing = true;
    for (struct loop_source *at = loop->captures; at; at = at->next)
        event_del(at->event);
    must_add(loop->breath_idle, 0);
    event_base_update_cache_time(loop->base);
    must_add(loop->breath_limit, BREATH_US);
}

static void breath_end(evutil_socket_t fd, short what, void *arg)
{
    struct loop *loop = arg;

    (void)fd;
    (void)what;
    event_del(loop->breath_idle);
    event_del(loop->breath_limit);
    loop->is_breathing = false;
    loop->capture_us = 0;
    for (struct loop_source *at = loop->captures; at; at = at->next)
        if (!at->is_paused)
            must_add(at->event, NO_DELAY);
}

static struct event *breath_new(struct loop *loop, enum loop_priority priority)
{
    struct event *event = evtimer_new(loop->base, breath_end, loop);

    if (event != NULL)
        event_priority_set(event, priority);
    return event;
}

struct loop *loop_new(void)
{
    struct loop *loop;

    adopt_libevent();
    loop = mem_calloc(1, sizeof(*loop));
    loop->sleeps = process_sleeps();
    loop->base = base_new();
    if (loop->base == NULL)
        goto free_loop;
    if (event_base_priority_init(loop->base, LOOP_PRIORITIES) < 0)
        goto free_base;
    loop->breath_idle = breath_new(loop, LOOP_PAGE);
    loop->breath_limit = breath_new(loop, LOOP_CAPTURE);
    return loop;

free_base:
    event_base_free(loop->base);
free_loop:
    free(loop);
    errno = ENOSYS;
    return NULL;
}

void loop_free(struct loop *loop)
{
    if (loop == NULL)
        return;
    assert(loop->sources == 0);
    event_free(loop->breath_idle);
    event_free(loop->breath_limit);
    event_base_free(loop->base);
    free(loop);
}

int loop_run(struct loop *loop)
{
    loop->is_stopped = false;
    while (!loop->is_stopped) {
        int result = event_base_loop(loop->base, EVLOOP_ONCE);

        if (result < 0)
            return -1;
        if (result > 0)
            break; /* no source is left */
        loop->turns++;
    }
    return 0;
}

void loop_stop(struct loop *loop)
{
    loop->is_stopped = true;
    event_base_loopbreak(loop->base);
}

static bool is_capture(const struct loop_source *source)
{
    return source->kind == SOURCE_FD && source->priority == LOOP_CAPTURE;
}

static int64_t defer_delay(struct loop_source *source)
{
    struct loop *loop = source->loop;

    if (source->priority != LOOP_TICK || loop->tick_us < TICK_US)
        return 0;
    loop->tick_us = 0;
    return BREATH_US;
}

/* Let the event come: timers at due_us, deferred work in the next turn. An
 * active event would run again in this one, so that is a timer of zero. */
static void source_arm(struct loop_source *source)
{
    struct loop *loop = source->loop;
    int64_t delay_us;

    switch (source->kind) {
    case SOURCE_FD:
        if (is_capture(source) && loop->is_breathing)
            break; /* breath_end() does */
        must_add(source->event, NO_DELAY);
        break;
    case SOURCE_SIGNAL:
        must_add(source->event, NO_DELAY);
        break;
    case SOURCE_EVERY:
    case SOURCE_AFTER:
        /* Else the delay would count from the beginning of the turn. */
        event_base_update_cache_time(loop->base);
        delay_us = source->due_us - clock_us(CLOCK_MONOTONIC);
        must_add(source->event, delay_us > 0 ? delay_us : 0);
        break;
    case SOURCE_DEFER:
        must_add(source->event, defer_delay(source));
        break;
    }
}

/* The next time of the phase that is not over yet. */
static void every_advance(struct loop_source *source, int64_t now_us)
{
    int64_t missed = (now_us - source->due_us) / source->interval_us;

    source->due_us += (missed + 1) * source->interval_us;
}

/* A timer that was paused when it was due is late since it went on. */
static int64_t lateness(const struct loop_source *source, int64_t now_us)
{
    return now_us - (source->resumed_us > source->due_us ? source->resumed_us
                                                         : source->due_us);
}

static void before_run(struct loop_source *source, int64_t now_us)
{
    struct loop *loop = source->loop;

    if (source->kind == SOURCE_EVERY || source->kind == SOURCE_AFTER)
        loop_histogram_add(&loop->late, lateness(source, now_us));
    if (source->kind == SOURCE_EVERY)
        every_advance(source, now_us);
    else if (source->kind == SOURCE_AFTER || source->kind == SOURCE_DEFER)
        source->is_spent = true;
}

/* `more`: what a deferred callback returned. Callbacks may have paused and
 * resumed their source, so arm only what is not waiting yet. */
static void after_run(struct loop_source *source, bool more)
{
    if (more)
        source->is_spent = false;
    if (source->is_paused || source->is_spent)
        return;
    if (source->kind == SOURCE_EVERY || source->kind == SOURCE_DEFER)
        source_arm(source);
}

static void account(struct loop *loop, enum loop_priority priority,
                    int64_t spent_us)
{
    loop->callbacks++;
    loop_histogram_add(&loop->ran[priority], spent_us);
    if (priority == LOOP_TICK)
        loop->tick_us += spent_us;
    else if (priority > LOOP_TICK)
        loop->tick_us = 0;
    if (priority != LOOP_CAPTURE) {
        loop->capture_us = 0;
        return;
    }
    loop->capture_us += spent_us;
    if (loop->capture_us >= CAPTURE_US && !loop->is_breathing)
        breath_begin(loop);
}

static void source_run(evutil_socket_t fd, short what, void *arg)
{
    struct loop_source *source = arg;
    struct loop *loop = source->loop;
    enum loop_priority priority = source->priority;
    bool more = false;

    (void)fd;
    (void)what;
    loop->running = source;
    loop->is_calling = true;
    loop->now_us = clock_us(CLOCK_MONOTONIC);
    before_run(source, loop->now_us);
    if (source->kind == SOURCE_DEFER)
        more = source->more(source->arg);
    else
        source->run(source->arg);
    if (loop->running == source)
        after_run(source, more);
    loop->running = NULL;
    loop->is_calling = false;
    account(loop, priority, clock_us(CLOCK_MONOTONIC) - loop->now_us);
}

void loop_call_begin(struct loop *loop)
{
    loop->is_calling = true;
    loop->now_us = clock_us(CLOCK_MONOTONIC);
}

void loop_call_end(struct loop *loop, enum loop_priority priority)
{
    loop->is_calling = false;
    account(loop, priority, clock_us(CLOCK_MONOTONIC) - loop->now_us);
}

/* An unarmed source; the event's flags follow from the kind. */
static struct loop_source *source_new(struct loop *loop, enum source_kind kind,
                                      int fd, short flags,
                                      enum loop_priority priority, void *arg)
{
    struct loop_source *source = mem_calloc(1, sizeof(*source));

    source->loop = loop;
    source->kind = kind;
    source->priority = priority;
    source->arg = arg;
    source->event = event_new(loop->base, fd, flags, source_run, source);
    if (source->event == NULL || event_priority_set(source->event, priority)) {
        log_errorx("loop", "cannot make an event");
        abort();
    }
    loop->sources++;
    return source;
}

struct loop_source *loop_on_fd(struct loop *loop, int fd, enum loop_want want,
                               enum loop_priority priority,
                               void (*run)(void *arg), void *arg)
{
    short flags = EV_PERSIST | (want == LOOP_READ ? EV_READ : EV_WRITE);
    struct loop_source *source;

    if (fd < 0) {
        errno = EBADF;
        return NULL;
    }
    source = source_new(loop, SOURCE_FD, fd, flags, priority, arg);
    source->run = run;
    if (event_add(source->event, NULL) < 0) {
        int saved = errno;

        loop_source_free(source);
        errno = saved;
        return NULL;
    }
    if (is_capture(source)) {
        source->next = loop->captures;
        loop->captures = source;
    }
    return source;
}

struct loop_source *loop_on_signal(struct loop *loop, int signal_number,
                                   void (*run)(void *arg), void *arg)
{
    struct loop_source *source =
        source_new(loop, SOURCE_SIGNAL, signal_number, EV_SIGNAL | EV_PERSIST,
                   LOOP_CAPTURE, arg);

    source->run = run;
    source_arm(source);
    return source;
}

static struct loop_source *timer_new(struct loop *loop, enum source_kind kind,
                                     int64_t delay_us,
                                     enum loop_priority priority,
                                     void (*run)(void *arg), void *arg)
{
    struct loop_source *source = source_new(loop, kind, -1, 0, priority, arg);

    source->run = run;
    source->due_us = clock_us(CLOCK_MONOTONIC) + delay_us;
    return source;
}

struct loop_source *loop_every(struct loop *loop, int64_t interval_us,
                               enum loop_priority priority,
                               void (*run)(void *arg), void *arg)
{
    struct loop_source *source =
        timer_new(loop, SOURCE_EVERY, interval_us, priority, run, arg);

    assert(interval_us > 0);
    source->interval_us = interval_us;
    source_arm(source);
    return source;
}

struct loop_source *loop_after(struct loop *loop, int64_t delay_us,
                               enum loop_priority priority,
                               void (*run)(void *arg), void *arg)
{
    struct loop_source *source =
        timer_new(loop, SOURCE_AFTER, delay_us, priority, run, arg);

    source_arm(source);
    return source;
}

struct loop_source *loop_defer(struct loop *loop, enum loop_priority priority,
                               bool (*run)(void *arg), void *arg)
{
    struct loop_source *source =
        source_new(loop, SOURCE_DEFER, -1, 0, priority, arg);

    source->more = run;
    source_arm(source);
    return source;
}

void loop_source_pause(struct loop_source *source)
{
    source->is_paused = true;
    event_del(source->event);
}

void loop_source_resume(struct loop_source *source)
{
    source->is_paused = false;
    source->resumed_us = clock_us(CLOCK_MONOTONIC);
    if (source->kind == SOURCE_DEFER)
        source->is_spent = false;
    if (!source->is_spent)
        source_arm(source);
}

void loop_source_free(struct loop_source *source)
{
    if (source == NULL)
        return;
    if (source->loop->running == source)
        source->loop->running = NULL;
    for (struct loop_source **at = &source->loop->captures; *at != NULL;
         at = &(*at)->next) {
        if (*at == source) {
            *at = source->next;
            break;
        }
    }
    source->loop->sources--;
    event_free(source->event); /* takes it out of the loop first */
    free(source);
}

const char *loop_version(void)
{
    return event_get_version();
}
