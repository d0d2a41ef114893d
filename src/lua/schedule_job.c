/* schedule_job: the scripts of a kind, found and run.
 * SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/util/log.h"
#include "core/util/mem.h"
#include "lua/schedule_internal.h"

#define SECOND_US 1000000LL
#define LINE_MAX_BYTES 1024

/* --- Finding scripts --- */

static bool is_script(const char *path)
{
    struct stat info;

    return stat(path, &info) == 0 && S_ISREG(info.st_mode);
}

static void add(struct callbacks *callbacks, const char *path)
{
    if (callbacks->counters.scripts < SCHEDULE_SCRIPTS_MAX && is_script(path))
        callbacks->paths[callbacks->counters.scripts++] = mem_strdup(path);
}

static int compare_paths(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Add the scripts of a folder whose names begin so, by name. */
static void add_folder(struct callbacks *callbacks, const char *folder,
                       const char *prefix)
{
    unsigned first = callbacks->counters.scripts;
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
        add(callbacks, path);
    }
    if (dir != NULL)
        closedir(dir);
    qsort(callbacks->paths + first, callbacks->counters.scripts - first,
          sizeof(*callbacks->paths), compare_paths);
}

void callbacks_forget(struct callbacks *callbacks)
{
    for (unsigned i = 0; i < callbacks->counters.scripts; i++)
        free(callbacks->paths[i]);
    callbacks->counters.scripts = 0;
}

void callbacks_find(struct callbacks *callbacks, const char *dir)
{
    const char *name = callbacks->row->name;
    char path[PATH_MAX];

    callbacks_forget(callbacks);
    snprintf(path, sizeof(path), "%s/%s.lua", dir, name);
    add(callbacks, path);
    snprintf(path, sizeof(path), "%s/user", dir);
    add_folder(callbacks, path, name);
    snprintf(path, sizeof(path), "%s/user/%s", dir, name);
    add_folder(callbacks, path, "");
}

/* --- Running them --- */

/* What callbacks print are lines of the log. */
static void log_line(struct callback_job *job)
{
    if (job->line.len > 0)
        log_notice("lua", "%s: %s", job->callbacks->row->name, job->line.text);
    strbuf_reset(&job->line);
}

static bool on_write(void *arg, const char *bytes, size_t len)
{
    struct callback_job *job = arg;

    while (len > 0) {
        const char *end = memchr(bytes, '\n', len);
        size_t part = end != NULL ? (size_t)(end - bytes) : len;

        strbuf_add(&job->line, bytes, part);
        if (end != NULL)
            log_line(job);
        part += end != NULL;
        bytes += part;
        len -= part;
    }
    return true;
}

static void on_prepare(lua_State *L, void *arg)
{
    const struct callback_job *job = arg;

    lib_set_scope(L, job->scope);
}

static bool go_on(struct callback_job *job);

static void on_ended(void *arg, enum vm_result result, const char *error)
{
    struct callback_job *job = arg;

    (void)error; /* the machine has logged it */
    log_line(job);
    job->run = NULL;
    job->callbacks->counters.failed += result != VM_DONE;
    if (!go_on(job) && job->ended != NULL)
        job->ended(job->clock);
}

/* Start the next script that can be started. @return false: there is none. */
static bool go_on(struct callback_job *job)
{
    struct callbacks *callbacks = job->callbacks;

    while (job->run == NULL && job->next < callbacks->counters.scripts) {
        struct vm_script script = {
            .path = callbacks->paths[job->next++],
            .prelude = job->config->prelude,
            .deadline_us = callbacks->row->deadline_s * SECOND_US,
            .clock_us = job->clock_us,
            .prepare = on_prepare,
            .write = on_write,
            .ended = on_ended,
            .arg = job,
        };

        job->run = vm_start(job->config->vm, &script);
        if (job->run != NULL)
            callbacks->counters.runs++;
        else
            log_warnx("lua", "%s: too many scripts are running", script.path);
    }
    return job->run != NULL;
}

void callback_job_init(struct callback_job *job, struct callbacks *callbacks,
                       const struct schedule_config *config)
{
    job->callbacks = callbacks;
    job->config = config;
    strbuf_init(&job->line, LINE_MAX_BYTES);
}

void callback_job_free(struct callback_job *job)
{
    callback_job_stop(job);
    strbuf_free(&job->line);
}

bool callback_job_begin(struct callback_job *job)
{
    job->next = 0;
    return go_on(job);
}

void callback_job_stop(struct callback_job *job)
{
    if (job->run != NULL)
        vm_cancel(job->run);
    job->run = NULL;
    callback_job_curtail(job);
}

void callback_job_curtail(struct callback_job *job)
{
    job->next = SCHEDULE_SCRIPTS_MAX;
}
