/* schedule: scripts that the clock starts. SPDX-License-Identifier: MIT */
#include "lua/schedule.h"

#include <stdlib.h>
#include <time.h>

#include "core/util/log.h"
#include "core/util/mem.h"
#include "lua/schedule_internal.h"

#define SECOND_US 1000000LL
#define HOUR_S 3600
/* A timer that sleeps longer would not notice that the clock was set. */
#define SLEEP_MAX_US (60 * SECOND_US)
#define SHUTDOWN_US (5 * SECOND_US)

static const struct schedule_row kinds[SCHEDULE_KINDS] = {
    [SCHEDULE_STARTUP] = {"startup", 0, false, false, 60},
    [SCHEDULE_SECOND] = {"second", 1, false, true, 5},
    [SCHEDULE_MINUTE] = {"minute", 60, false, true, 60},
    [SCHEDULE_5MIN] = {"5min", 300, false, true, 300},
    [SCHEDULE_HOURLY] = {"hourly", HOUR_S, true, true, 1800},
    [SCHEDULE_DAILY] = {"daily", 24 * HOUR_S, true, true, HOUR_S},
    [SCHEDULE_HOUSEKEEPING] = {"housekeeping", 60, false, false, 60},
    [SCHEDULE_SHUTDOWN] = {"shutdown", 0, false, false, 5},
};

/* What is live is what callbacks by the wall clock are about. */
static const struct lib_scope live_ifaces;

/* --- Time --- */

/* Days begin with local time; hours too where zones differ by half an hour,
 * but not by whole ones, so that they go on when summer time ends. */
static int64_t local_shift_s(const struct schedule_row *row, long offset_s)
{
    if (!row->is_local)
        return 0;
    return row->period_s == HOUR_S ? offset_s % HOUR_S : offset_s;
}

int64_t schedule_slot(enum schedule_kind kind, int64_t wall_us, long offset_s)
{
    const struct schedule_row *row = &kinds[kind];

    return (wall_us / SECOND_US + local_shift_s(row, offset_s)) / row->period_s;
}

int64_t schedule_begin_us(enum schedule_kind kind, int64_t wall_us,
                          long offset_s)
{
    const struct schedule_row *row = &kinds[kind];

    return (schedule_slot(kind, wall_us, offset_s) * row->period_s -
            local_shift_s(row, offset_s)) *
           SECOND_US;
}

int64_t schedule_next_us(enum schedule_kind kind, int64_t wall_us,
                         long offset_s)
{
    return schedule_begin_us(kind, wall_us, offset_s) +
           kinds[kind].period_s * SECOND_US;
}

long schedule_offset_s(int64_t wall_us)
{
    time_t now = (time_t)(wall_us / SECOND_US);
    struct tm local;

    return localtime_r(&now, &local) != NULL ? local.tm_gmtoff : 0;
}

/* --- The wall clock --- */

static bool is_clocked(const struct schedule *schedule, enum schedule_kind kind)
{
    const struct callbacks *callbacks = &schedule->callbacks[kind];

    return callbacks->row->period_s > 0 && callbacks->counters.scripts > 0 &&
           (schedule->has_live || !callbacks->row->of_ifaces);
}

/* The time of this kind has come. */
static void begin(struct callback_job *job)
{
    if (job->run == NULL) {
        (void)callback_job_begin(job);
        return;
    }
    job->callbacks->counters.overruns++;
    log_warnx("lua", "%s: %s is still at work, so this time is left out",
              job->callbacks->row->name, vm_run_name(job->run));
}

static void on_time(void *arg);

/* Sleep until the next time of any kind; without any, for ever. */
static void set_timer(struct schedule *schedule)
{
    int64_t now_us = loop_wall_us();
    long offset_s = schedule_offset_s(now_us);
    int64_t next_us = now_us + SLEEP_MAX_US;
    bool is_needed = false;

    loop_source_free(schedule->timer);
    schedule->timer = NULL;
    for (unsigned i = 0; i < SCHEDULE_KINDS; i++) {
        int64_t its_us;

        if (!is_clocked(schedule, i))
            continue;
        is_needed = true;
        its_us = schedule_next_us(i, now_us, offset_s);
        if (its_us < next_us)
            next_us = its_us;
    }
    if (is_needed && !schedule->is_over)
        schedule->timer = loop_after(schedule->config.loop, next_us - now_us,
                                     LOOP_PAGE, on_time, schedule);
}

static bool is_settled(const struct schedule *schedule)
{
    return loop_now_us(schedule->config.loop) >= schedule->settled_us;
}

static void on_time(void *arg)
{
    struct schedule *schedule = arg;
    int64_t now_us = loop_wall_us();
    long offset_s = schedule_offset_s(now_us);

    for (unsigned i = 0; i < SCHEDULE_KINDS; i++) {
        struct callback_job *job = &schedule->jobs[i];
        int64_t slot;

        if (!is_clocked(schedule, i))
            continue;
        slot = schedule_slot(i, now_us, offset_s);
        if (slot == job->slot)
            continue;
        job->slot = slot;
        if (!kinds[i].of_ifaces || is_settled(schedule))
            begin(job);
    }
    set_timer(schedule);
}

/* Nothing is due for the spans that we are in already. */
static void skip_now(struct schedule *schedule)
{
    int64_t now_us = loop_wall_us();
    long offset_s = schedule_offset_s(now_us);

    for (unsigned i = 0; i < SCHEDULE_KINDS; i++)
        if (kinds[i].period_s > 0)
            schedule->jobs[i].slot = schedule_slot(i, now_us, offset_s);
}

/* --- The schedule --- */

static void open_kind(struct schedule *schedule, enum schedule_kind kind)
{
    struct callbacks *callbacks = &schedule->callbacks[kind];

    callbacks->row = &kinds[kind];
    callbacks_find(callbacks, schedule->dir);
    callback_job_init(&schedule->jobs[kind], callbacks, &schedule->config);
    if (kinds[kind].of_ifaces)
        schedule->jobs[kind].scope = &live_ifaces;
}

static void open_files(struct schedule *schedule)
{
    struct engine *engine = schedule->config.engine;

    schedule->file_count = engine_ifaces(engine);
    schedule->files =
        mem_calloc(schedule->file_count + 1u, sizeof(struct schedule_file *));
    for (uint16_t id = 0; id < schedule->file_count; id++) {
        struct iface *iface = engine_iface(engine, id);

        if (iface->is_live)
            schedule->has_live = true;
        else
            schedule->files[id] = schedule_file_new(schedule, iface);
    }
}

struct schedule *schedule_new(const struct schedule_config *config)
{
    struct schedule *schedule = mem_calloc(1, sizeof(*schedule));
    unsigned found = 0;

    schedule->config = *config;
    schedule->dir = mem_strdup(config->dir);
    if (config->prelude != NULL)
        schedule->prelude = mem_strdup(config->prelude);
    schedule->config.prelude = schedule->prelude;
    for (unsigned i = 0; i < SCHEDULE_KINDS; i++) {
        open_kind(schedule, i);
        found += schedule->callbacks[i].counters.scripts;
    }
    open_files(schedule);
    schedule->settled_us = loop_now_us(config->loop) + config->settle_us;
    if (found > 0)
        log_info("lua", "%u callback scripts in %s", found, schedule->dir);
    skip_now(schedule);
    set_timer(schedule);
    begin(&schedule->jobs[SCHEDULE_STARTUP]);
    return schedule;
}

void schedule_free(struct schedule *schedule)
{
    if (schedule == NULL)
        return;
    for (unsigned i = 0; i < SCHEDULE_KINDS; i++)
        callback_job_free(&schedule->jobs[i]);
    for (uint16_t id = 0; id < schedule->file_count; id++)
        schedule_file_free(schedule->files[id]);
    for (unsigned i = 0; i < SCHEDULE_KINDS; i++)
        callbacks_forget(&schedule->callbacks[i]);
    loop_source_free(schedule->timer);
    loop_source_free(schedule->limit);
    free(schedule->files);
    free(schedule->prelude);
    free(schedule->dir);
    free(schedule);
}

void schedule_reload(struct schedule *schedule)
{
    if (schedule->is_over)
        return;
    for (unsigned i = 0; i < SCHEDULE_KINDS; i++) {
        callbacks_find(&schedule->callbacks[i], schedule->dir);
        callback_job_curtail(&schedule->jobs[i]);
    }
    for (uint16_t id = 0; id < schedule->file_count; id++)
        if (schedule->files[id] != NULL)
            schedule_file_reload(schedule->files[id]);
    skip_now(schedule);
    set_timer(schedule);
}

bool schedule_must_wait(struct schedule *schedule, const struct iface *iface)
{
    return !schedule->is_over && iface->id < schedule->file_count &&
           schedule->files[iface->id] != NULL &&
           schedule_file_must_wait(schedule->files[iface->id]);
}

/* --- The end --- */

static void stop_all(struct schedule *schedule)
{
    for (unsigned i = 0; i < SCHEDULE_KINDS; i++)
        callback_job_stop(&schedule->jobs[i]);
    for (uint16_t id = 0; id < schedule->file_count; id++)
        if (schedule->files[id] != NULL)
            schedule_file_stop(schedule->files[id]);
}

static void finish_shutdown(void *arg)
{
    struct schedule *schedule = arg;
    void (*ended)(void *arg) = schedule->ended;

    schedule->ended = NULL;
    if (ended != NULL)
        ended(schedule->arg);
}

static void on_limit(void *arg)
{
    struct schedule *schedule = arg;

    log_warnx("lua", "shutdown scripts take too long");
    callback_job_stop(&schedule->jobs[SCHEDULE_SHUTDOWN]);
    finish_shutdown(schedule);
}

bool schedule_shut_down(struct schedule *schedule, void (*ended)(void *arg),
                        void *arg)
{
    struct callback_job *job = &schedule->jobs[SCHEDULE_SHUTDOWN];

    if (schedule->is_over)
        return schedule->ended != NULL;
    schedule->is_over = true;
    loop_source_free(schedule->timer);
    schedule->timer = NULL;
    stop_all(schedule);
    job->ended = finish_shutdown;
    job->clock = schedule;
    if (!callback_job_begin(job))
        return false;
    schedule->ended = ended;
    schedule->arg = arg;
    schedule->limit = loop_after(schedule->config.loop, SHUTDOWN_US, LOOP_PAGE,
                                 on_limit, schedule);
    return true;
}

const struct schedule_counters *
schedule_counters(const struct schedule *schedule, enum schedule_kind kind)
{
    return &schedule->callbacks[kind].counters;
}
