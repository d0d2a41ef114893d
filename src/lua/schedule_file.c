/* schedule_file: callbacks on the clock of a capture file.
 * SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "core/util/log.h"
#include "core/util/mem.h"
#include "lua/schedule_internal.h"

/*
 * The clock of the file's interface halts at the next moment at which a kind
 * is due (iface_halt_at()). There, when all that came before it is counted,
 * the kinds run one after the other, in their order; meanwhile the file
 * rests. Then the clock is let go to the next moment.
 */

/* Times of one kind in a silence, one after the other: an hour of minutes, a
 * month of days. What a silence has beyond, or a time stamp that is far from
 * all others, is left out but for its end: captures put together from pieces
 * of many years are read as fast as others. */
#define SILENT_MAX 60

struct schedule_file {
    struct schedule *schedule;
    struct iface *iface;
    struct lib_scope scope;
    struct callback_job jobs[SCHEDULE_KINDS];
    bool is_due[SCHEDULE_KINDS];
    unsigned silent[SCHEDULE_KINDS]; /* times since the last packet */
    uint64_t packets;                /* of the interface, at the last moment */
    int64_t moment_us;               /* of the last halt; 0: none yet */
    enum schedule_kind next;         /* the kind after the one at work */
    bool is_at_work;
};

static bool is_clocked(const struct schedule_file *file,
                       enum schedule_kind kind)
{
    const struct callbacks *callbacks = &file->schedule->callbacks[kind];

    return callbacks->row->of_ifaces && callbacks->counters.scripts > 0;
}

struct schedule_file *schedule_file_new(struct schedule *schedule,
                                        struct iface *iface)
{
    struct schedule_file *file = mem_calloc(1, sizeof(*file));

    file->schedule = schedule;
    file->iface = iface;
    file->scope.only = iface;
    for (unsigned i = 0; i < SCHEDULE_KINDS; i++) {
        callback_job_init(&file->jobs[i], &schedule->callbacks[i],
                          &schedule->config);
        file->jobs[i].scope = &file->scope;
        file->jobs[i].clock = file;
    }
    schedule_file_reload(file);
    return file;
}

void schedule_file_free(struct schedule_file *file)
{
    if (file == NULL)
        return;
    for (unsigned i = 0; i < SCHEDULE_KINDS; i++)
        callback_job_free(&file->jobs[i]);
    free(file);
}

/* Nothing is due for the spans that the clock is in already. */
static void skip_now(struct schedule_file *file)
{
    int64_t now_us = file->iface->ticked_us;
    long offset_s = schedule_offset_s(now_us);

    file->moment_us = now_us;
    for (unsigned i = 0; i < SCHEDULE_KINDS; i++)
        if (file->schedule->callbacks[i].row->of_ifaces)
            file->jobs[i].slot = schedule_slot(i, now_us, offset_s);
}

void schedule_file_reload(struct schedule_file *file)
{
    bool is_needed = false;

    for (unsigned i = 0; i < SCHEDULE_KINDS; i++) {
        is_needed |= is_clocked(file, i);
        callback_job_curtail(&file->jobs[i]);
    }
    if (file->moment_us != 0)
        skip_now(file);
    iface_halt_at(file->iface, is_needed ? 0 : IFACE_NEVER);
}

void schedule_file_stop(struct schedule_file *file)
{
    for (unsigned i = 0; i < SCHEDULE_KINDS; i++)
        callback_job_stop(&file->jobs[i]);
    iface_halt_at(file->iface, IFACE_NEVER);
}

/* When this kind is due next, were it not for what is left out. */
static int64_t next_us(struct schedule_file *file, enum schedule_kind kind)
{
    struct callbacks *callbacks = &file->schedule->callbacks[kind];
    int64_t now_us = file->moment_us;
    int64_t held_us = file->iface->held_us;
    int64_t soon_us = schedule_next_us(kind, now_us, schedule_offset_s(now_us));
    int64_t last_us =
        schedule_begin_us(kind, held_us, schedule_offset_s(held_us));
    int64_t left_out;

    if (file->silent[kind] < SILENT_MAX || last_us <= soon_us)
        return soon_us;
    left_out = (last_us - soon_us) / 1000000 / callbacks->row->period_s;
    callbacks->counters.overruns += (uint64_t)left_out;
    log_notice("lua",
               "%s: %s is silent for so long that %lld times are left "
               "out",
               callbacks->row->name, file->iface->name, (long long)left_out);
    return last_us;
}

/* Let the clock go to the next moment. */
static void let_go(struct schedule_file *file)
{
    int64_t soonest_us = IFACE_NEVER;

    for (unsigned i = 0; i < SCHEDULE_KINDS; i++) {
        int64_t its_us = is_clocked(file, i) ? next_us(file, i) : IFACE_NEVER;

        if (its_us < soonest_us)
            soonest_us = its_us;
    }
    iface_halt_at(file->iface, soonest_us);
}

/* Begin the next kind that is due. @return false: none was left. */
static bool go_on(struct schedule_file *file)
{
    while (file->next < SCHEDULE_KINDS) {
        enum schedule_kind kind = file->next++;

        if (!file->is_due[kind])
            continue;
        file->jobs[kind].clock_us = file->moment_us;
        if (callback_job_begin(&file->jobs[kind]))
            return true;
    }
    file->is_at_work = false;
    let_go(file);
    return false;
}

static void on_kind_ended(void *arg)
{
    struct schedule_file *file = arg;
    const struct schedule_config *config = &file->schedule->config;

    if (!go_on(file) && config->resume != NULL)
        config->resume(config->arg);
}

/* The clock stands still: find out what is due. */
static void begin_moment(struct schedule_file *file)
{
    int64_t now_us = file->iface->ticked_us;
    long offset_s = schedule_offset_s(now_us);
    uint64_t packets = file->iface->counters.all.packets;
    bool is_silent = packets == file->packets;

    file->packets = packets;
    if (file->moment_us == 0 || now_us < file->moment_us)
        skip_now(file); /* it begins, or was set back */
    file->moment_us = now_us;
    for (unsigned i = 0; i < SCHEDULE_KINDS; i++) {
        struct callback_job *job = &file->jobs[i];
        int64_t slot;

        file->is_due[i] = false;
        if (!is_silent)
            file->silent[i] = 0;
        if (!is_clocked(file, i))
            continue;
        slot = schedule_slot(i, now_us, offset_s);
        file->is_due[i] = slot != job->slot;
        file->silent[i] += file->is_due[i];
        job->slot = slot;
        job->ended = on_kind_ended;
    }
    file->next = 0;
    file->is_at_work = true;
    (void)go_on(file);
}

bool schedule_file_must_wait(struct schedule_file *file)
{
    if (!file->is_at_work && iface_is_halted(file->iface))
        begin_moment(file);
    return file->is_at_work;
}
