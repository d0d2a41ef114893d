/* scripts: all that runs Lua, together. SPDX-License-Identifier: MIT */
#include "lua/scripts.h"

#include <stdlib.h>

#include "core/run/loop_http.h"
#include "core/run/services.h"
#include "core/run/snmp.h"
#include "core/run/store.h"
#include "core/run/totals.h"
#include "core/util/mem.h"

/* Three quarters of it are what --run's script may have. */
#define ERRAND_TOTAL ((size_t)1536 << 20)
#define SERVICES_FILE "/etc/services"
#define HTTP_CALLS 32 /* of scripts, at the same time */
#define SNMP_CALLS 64 /* the same */

struct scripts {
    struct lib_dirs dirs;
    struct lib_context context;
    struct vm *vm;
    struct schedule *schedule;
};

struct scripts *scripts_new(const struct lib_context *parts)
{
    struct scripts *scripts = mem_calloc(1, sizeof(*scripts));
    struct vm_config config = {.loop = parts->loop,
                               .context = &scripts->context};

    if (parts->options->run != NULL)
        config.total_memory = ERRAND_TOTAL;
    dirs_open(&scripts->dirs, parts->options);
    scripts->context = *parts;
    scripts->context.dirs = &scripts->dirs;
    scripts->context.services = services_new(SERVICES_FILE);
    scripts->context.http = loop_http_new(parts->loop, HTTP_CALLS);
    scripts->context.snmp = snmp_new(parts->loop, SNMP_CALLS);
    scripts->vm = vm_new(&config);
    return scripts;
}

void scripts_free(struct scripts *scripts)
{
    if (scripts == NULL)
        return;
    schedule_free(scripts->schedule);
    vm_free(scripts->vm);
    snmp_free(scripts->context.snmp);
    loop_http_free(scripts->context.http);
    services_free(scripts->context.services);
    dirs_close(&scripts->dirs);
    free(scripts);
}

struct vm *scripts_vm(struct scripts *scripts)
{
    return scripts->vm;
}

const struct lib_dirs *scripts_dirs(const struct scripts *scripts)
{
    return &scripts->dirs;
}

void scripts_keep_time(struct scripts *scripts, void (*resume)(void *arg),
                       void *arg)
{
    struct schedule_config config = {
        .loop = scripts->context.loop,
        .vm = scripts->vm,
        .engine = scripts->context.engine,
        .dir = scripts->dirs.callbacks.path,
        .prelude = SCRIPTS_PRELUDE,
        .settle_us = store_state(scripts->context.store) != STORE_OFF
                         ? TOTALS_LATE_US
                         : 0,
        .resume = resume,
        .arg = arg,
    };

    scripts->schedule = schedule_new(&config);
}

bool scripts_must_wait(struct scripts *scripts, const struct iface *iface)
{
    return scripts->schedule != NULL &&
           schedule_must_wait(scripts->schedule, iface);
}

void scripts_reload(struct scripts *scripts)
{
    if (scripts->schedule != NULL)
        schedule_reload(scripts->schedule);
}

void scripts_run(struct scripts *scripts, struct errand *errand,
                 void (*ended)(void *arg), void *arg)
{
    errand_start(errand, scripts->context.loop, scripts->vm, SCRIPTS_PRELUDE,
                 ended, arg);
}

bool scripts_shut_down(struct scripts *scripts, void (*ended)(void *arg),
                       void *arg)
{
    return scripts->schedule != NULL &&
           schedule_shut_down(scripts->schedule, ended, arg);
}
