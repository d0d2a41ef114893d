/* schedule: scripts that the clock starts. SPDX-License-Identifier: MIT */
#include "lua/schedule.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "core/util/log.h"
#include "core/util/mem.h"
#include "core/util/strbuf.h"

#define SECOND_US 1000000LL
#define HOUR_S 3600
#define SCRIPTS_MAX 256 /* of one kind */
/* A timer that sleeps longer would not notice that the clock was set. */
#define SLEEP_MAX_US (60 * SECOND_US)
#define SHUTDOWN_US (5 * SECOND_US)
#define LINE_MAX_BYTES 1024

static const struct kind_row {
    const char *name;
    int period_s;   /* 0: not by the clock */
    bool is_local;  /* begins as local time says */
    int deadline_s; /* of one script */
} kinds[SCHEDULE_KINDS] = {
    [SCHEDULE_STARTUP] = {"startup", 0, false, 60},
    [SCHEDULE_SECOND] = {"second", 1, false, 5},
    [SCHEDULE_MINUTE] = {"minute", 60, false, 60},
    [SCHEDULE_5MIN] = {"5min", 300, false, 300},
    [SCHEDULE_HOURLY] = {"hourly", HOUR_S, true, 1800},
    [SCHEDULE_DAILY] = {"daily", 24 * HOUR_S, true, HOUR_S},
    [SCHEDULE_HOUSEKEEPING] = {"housekeeping", 60, false, 60},
    [SCHEDULE_SHUTDOWN] = {"shutdown", 0, false, 5},
};

/* The scripts of one kind, and the one of them that is at work. */
struct kind {
    struct schedule *schedule;
    const struct kind_row *row;
    char *paths[SCRIPTS_MAX];
    unsigned next; /* the script that comes after the one at work */
    struct vm_run *run;
    struct strbuf line; /* what a script has printed of a line */
    int64_t slot;
    struct schedule_counters counters;
};

struct schedule {
    struct schedule_config config;
    char *dir;
    char *prelude;
    struct loop_source *timer;
    struct loop_source *limit; /* of the shutdown */
    void (*ended)(void *arg);
    void *arg;
    bool is_over;
    struct kind kinds[SCHEDULE_KINDS];
};

/* --- Time --- */

/* Days begin with local time; hours too where zones differ by half an hour,
 * but not by whole ones, so that they go on when summer time ends. */
static int64_t local_shift_s(const struct kind_row *row, long offset_s)
{
    if (!row->is_local)
        return 0;
    return row->period_s == HOUR_S ? offset_s % HOUR_S : offset_s;
}

int64_t schedule_slot(enum schedule_kind kind, int64_t wall_us, long offset_s)
{
    const struct kind_row *row = &kinds[kind];

    return (wall_us / SECOND_US + local_shift_s(row, offset_s)) / row->period_s;
}

int64_t schedule_next_us(enum schedule_kind kind, int64_t wall_us,
                         long offset_s)
{
    const struct kind_row *row = &kinds[kind];
    int64_t slot = schedule_slot(kind, wall_us, offset_s);

    return ((slot + 1) * row->period_s - local_shift_s(row, offset_s)) *
           SECOND_US;
}

static long local_offset_s(int64_t wall_us)
{
    time_t now = (time_t)(wall_us / SECOND_US);
    struct tm local;

    return localtime_r(&now, &local) != NULL ? local.tm_gmtoff : 0;
}

/* --- Finding scripts --- */

static bool is_script(const char *path)
{
    struct stat info;

    return stat(path, &info) == 0 && S_ISREG(info.st_mode);
}

static void kind_add(struct kind *kind, const char *path)
{
    if (kind->counters.scripts < SCRIPTS_MAX && is_script(path))
        kind->paths[kind->counters.scripts++] = mem_strdup(path);
}

static int compare_paths(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Add the scripts of a folder whose names begin so, by name. */
static void kind_add_folder(struct kind *kind, const char *folder,
                            const char *prefix)
{
    unsigned first = kind->counters.scripts;
    DIR *dir = opendir(folder);
    struct dirent *entry;
    char path[PATH_MAX];

    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        const char *suffix = strrchr(entry->d_name, '.');

        if (entry->d_name[0] == '.' || suffix == NULL ||
            strcmp(suffix, ".lua") != 0 ||
            strncmp(entry->d_name, prefix, strlen(prefix)) != 0)
            continue;
        snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
        kind_add(kind, path);
    }
    if (dir != NULL)
        closedir(dir);
    qsort(kind->paths + first, kind->counters.scripts - first,
          sizeof(*kind->paths), compare_paths);
}

static void kind_forget(struct kind *kind)
{
    for (unsigned i = 0; i < kind->counters.scripts; i++)
        free(kind->paths[i]);
    kind->counters.scripts = 0;
}

static void kind_find(struct kind *kind)
{
    const struct schedule *schedule = kind->schedule;
    char path[PATH_MAX];

    snprintf(path, sizeof(path), "%s/%s.lua", schedule->dir, kind->row->name);
    kind_add(kind, path);
    snprintf(path, sizeof(path), "%s/user", schedule->dir);
    kind_add_folder(kind, path, kind->row->name);
    snprintf(path, sizeof(path), "%s/user/%s", schedule->dir, kind->row->name);
    kind_add_folder(kind, path, "");
}

/* --- Running them --- */

static void kind_go_on(struct kind *kind);

/* What callbacks print are lines of the log. */
static void log_line(struct kind *kind)
{
    if (kind->line.len > 0)
        log_notice("lua", "%s: %s", kind->row->name, kind->line.text);
    strbuf_reset(&kind->line);
}

static bool on_write(void *arg, const char *bytes, size_t len)
{
    struct kind *kind = arg;

    while (len > 0) {
        const char *end = memchr(bytes, '\n', len);
        size_t part = end != NULL ? (size_t)(end - bytes) : len;

        strbuf_add(&kind->line, bytes, part);
        if (end != NULL)
            log_line(kind);
        part += end != NULL;
        bytes += part;
        len -= part;
    }
    return true;
}

static void on_ended(void *arg, enum vm_result result, const char *error)
{
    struct kind *kind = arg;

    (void)error; /* the machine has logged it */
    log_line(kind);
    kind->run = NULL;
    kind->counters.failed += result != VM_DONE;
    kind_go_on(kind);
}

static void finish_shutdown(struct schedule *schedule)
{
    void (*ended)(void *arg) = schedule->ended;

    schedule->ended = NULL;
    if (ended != NULL)
        ended(schedule->arg);
}

/* Start the next script of the kind that can be started. */
static void kind_go_on(struct kind *kind)
{
    struct schedule *schedule = kind->schedule;

    while (kind->run == NULL && kind->next < kind->counters.scripts) {
        struct vm_script script = {
            .path = kind->paths[kind->next++],
            .prelude = schedule->prelude,
            .deadline_us = kind->row->deadline_s * SECOND_US,
            .write = on_write,
            .ended = on_ended,
            .arg = kind,
        };

        kind->run = vm_start(schedule->config.vm, &script);
        if (kind->run != NULL)
            kind->counters.runs++;
        else
            log_warnx("lua", "%s: too many scripts are running", script.path);
    }
    if (kind->run == NULL && kind == &schedule->kinds[SCHEDULE_SHUTDOWN])
        finish_shutdown(schedule);
}

/* The time of this kind has come. */
static void kind_begin(struct kind *kind)
{
    if (kind->counters.scripts == 0)
        return;
    if (kind->run != NULL) {
        kind->counters.overruns++;
        log_warnx("lua", "%s: %s is still at work, so this time is left out",
                  kind->row->name, vm_run_name(kind->run));
        return;
    }
    kind->next = 0;
    kind_go_on(kind);
}

/* --- The clock --- */

static bool is_clocked(const struct kind *kind)
{
    return kind->row->period_s > 0 && kind->counters.scripts > 0;
}

static void on_time(void *arg);

/* Sleep until the next time of any kind; without any, for ever. */
static void set_timer(struct schedule *schedule)
{
    int64_t now_us = loop_wall_us();
    long offset_s = local_offset_s(now_us);
    int64_t next_us = now_us + SLEEP_MAX_US;
    bool is_needed = false;

    loop_source_free(schedule->timer);
    schedule->timer = NULL;
    for (unsigned i = 0; i < SCHEDULE_KINDS; i++) {
        int64_t its_us;

        if (!is_clocked(&schedule->kinds[i]))
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

static void on_time(void *arg)
{
    struct schedule *schedule = arg;
    int64_t now_us = loop_wall_us();
    long offset_s = local_offset_s(now_us);

    for (unsigned i = 0; i < SCHEDULE_KINDS; i++) {
        struct kind *kind = &schedule->kinds[i];
        int64_t slot;

        if (!is_clocked(kind))
            continue;
        slot = schedule_slot(i, now_us, offset_s);
        if (slot == kind->slot)
            continue;
        kind->slot = slot;
        kind_begin(kind);
    }
    set_timer(schedule);
}

/* Nothing is due for the spans that we are in already. */
static void skip_now(struct schedule *schedule)
{
    int64_t now_us = loop_wall_us();
    long offset_s = local_offset_s(now_us);

    for (unsigned i = 0; i < SCHEDULE_KINDS; i++)
        if (schedule->kinds[i].row->period_s > 0)
            schedule->kinds[i].slot = schedule_slot(i, now_us, offset_s);
}

/* --- The schedule --- */

struct schedule *schedule_new(const struct schedule_config *config)
{
    struct schedule *schedule = mem_calloc(1, sizeof(*schedule));
    unsigned found = 0;

    schedule->config = *config;
    schedule->dir = mem_strdup(config->dir);
    if (config->prelude != NULL)
        schedule->prelude = mem_strdup(config->prelude);
    for (unsigned i = 0; i < SCHEDULE_KINDS; i++) {
        struct kind *kind = &schedule->kinds[i];

        kind->schedule = schedule;
        kind->row = &kinds[i];
        strbuf_init(&kind->line, LINE_MAX_BYTES);
        kind_find(kind);
        found += kind->counters.scripts;
    }
    if (found > 0)
        log_info("lua", "%u callback scripts in %s", found, schedule->dir);
    skip_now(schedule);
    set_timer(schedule);
    kind_begin(&schedule->kinds[SCHEDULE_STARTUP]);
    return schedule;
}

/* End what is at work but for the shutdown. */
static void stop_all(struct schedule *schedule, bool with_shutdown)
{
    for (unsigned i = 0; i < SCHEDULE_KINDS; i++) {
        struct kind *kind = &schedule->kinds[i];

        if (kind->run == NULL || (i == SCHEDULE_SHUTDOWN && !with_shutdown))
            continue;
        vm_cancel(kind->run);
        kind->run = NULL;
        kind->next = kind->counters.scripts;
    }
}

void schedule_free(struct schedule *schedule)
{
    if (schedule == NULL)
        return;
    stop_all(schedule, true);
    loop_source_free(schedule->timer);
    loop_source_free(schedule->limit);
    for (unsigned i = 0; i < SCHEDULE_KINDS; i++) {
        kind_forget(&schedule->kinds[i]);
        strbuf_free(&schedule->kinds[i].line);
    }
    free(schedule->prelude);
    free(schedule->dir);
    free(schedule);
}

void schedule_reload(struct schedule *schedule)
{
    for (unsigned i = 0; i < SCHEDULE_KINDS; i++) {
        struct kind *kind = &schedule->kinds[i];

        kind_forget(kind);
        kind_find(kind);
        if (kind->run != NULL) /* what comes after it may be another script */
            kind->next = kind->counters.scripts;
    }
    skip_now(schedule);
    set_timer(schedule);
}

static void on_limit(void *arg)
{
    struct schedule *schedule = arg;

    log_warnx("lua", "shutdown scripts take too long");
    stop_all(schedule, true);
    finish_shutdown(schedule);
}

bool schedule_shut_down(struct schedule *schedule, void (*ended)(void *arg),
                        void *arg)
{
    struct kind *kind = &schedule->kinds[SCHEDULE_SHUTDOWN];

    if (schedule->is_over)
        return schedule->ended != NULL;
    schedule->is_over = true;
    loop_source_free(schedule->timer);
    schedule->timer = NULL;
    stop_all(schedule, false);
    if (kind->counters.scripts == 0)
        return false;
    schedule->ended = ended;
    schedule->arg = arg;
    schedule->limit = loop_after(schedule->config.loop, SHUTDOWN_US, LOOP_PAGE,
                                 on_limit, schedule);
    kind_begin(kind);
    return true;
}

const struct schedule_counters *
schedule_counters(const struct schedule *schedule, enum schedule_kind kind)
{
    return &schedule->kinds[kind].counters;
}
