/* schedule_internal: what the files of schedule share.
 * SPDX-License-Identifier: MIT */
#ifndef KELVIN_LUA_SCHEDULE_INTERNAL_H
#define KELVIN_LUA_SCHEDULE_INTERNAL_H

#include "core/util/strbuf.h"
#include "lua/access.h"
#include "lua/schedule.h"

#define SCHEDULE_SCRIPTS_MAX 256 /* of one kind */

struct schedule_row {
    const char *name;
    int period_s;   /* 0: not by the clock */
    bool is_local;  /* begins as local time says */
    bool of_ifaces; /* by the clocks of interfaces, else by the wall's */
    int deadline_s; /* of one script */
};

/* The scripts of a kind. */
struct callbacks {
    const struct schedule_row *row;
    char *paths[SCHEDULE_SCRIPTS_MAX];
    struct schedule_counters counters;
};

/* Those of one kind at work by one clock, one after the other. */
struct callback_job {
    struct callbacks *callbacks;
    const struct schedule_config *config;
    const struct lib_scope *scope; /* of interfaces; NULL: all */
    int64_t clock_us;              /* what it is for them; 0: the wall's time */
    unsigned next;                 /* the script after the one at work */
    struct vm_run *run;
    struct strbuf line;         /* what a script has printed of a line */
    int64_t slot;               /* of the last time */
    void (*ended)(void *clock); /* the last script has; NULL: tell nobody */
    void *clock;
};

struct schedule_file; /* the clock of a capture file */

struct schedule {
    struct schedule_config config;
    char *dir;
    char *prelude;
    struct callbacks callbacks[SCHEDULE_KINDS];
    struct callback_job jobs[SCHEDULE_KINDS]; /* by the wall clock */
    struct schedule_file **files; /* by the number of the interface, or NULL */
    uint16_t file_count;          /* of `files` */
    bool has_live;                /* interfaces */
    int64_t settled_us;           /* of the loop's clock */
    struct loop_source *timer;
    struct loop_source *limit; /* of the shutdown */
    void (*ended)(void *arg);
    void *arg;
    bool is_over;
};

/* schedule.c */

/* When the span begins that this moment is in. */
int64_t schedule_begin_us(enum schedule_kind kind, int64_t wall_us,
                          long offset_s);

/* How far local time is before UTC. */
long schedule_offset_s(int64_t wall_us);

/* schedule_job.c */

/* Look for the scripts of a kind anew; `row` is set. */
void callbacks_find(struct callbacks *callbacks, const char *dir);
void callbacks_forget(struct callbacks *callbacks);

void callback_job_init(struct callback_job *job, struct callbacks *callbacks,
                       const struct schedule_config *config);
void callback_job_free(struct callback_job *job);

/* Run the scripts, from the first one on. @return false when there was none
 * that could be started: ended() is not called. */
bool callback_job_begin(struct callback_job *job);

/* End what runs; ended() is not called. */
void callback_job_stop(struct callback_job *job);

/* Start no other script after the one at work: the list has changed. */
void callback_job_curtail(struct callback_job *job);

/* schedule_file.c */
struct schedule_file *schedule_file_new(struct schedule *schedule,
                                        struct iface *iface);
void schedule_file_free(struct schedule_file *file);
void schedule_file_reload(struct schedule_file *file);
void schedule_file_stop(struct schedule_file *file); /* for good */
bool schedule_file_must_wait(struct schedule_file *file);

#endif
