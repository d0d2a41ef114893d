/* scripts: all that runs Lua, together. SPDX-License-Identifier: MIT */
#ifndef KELVIN_LUA_SCRIPTS_H
#define KELVIN_LUA_SCRIPTS_H

#include <stdbool.h>

#include "lua/errand.h"
#include "lua/lib.h"
#include "lua/schedule.h"
#include "lua/vm.h"

/* The module that callbacks and --run find loaded, if there is such a one. */
#define SCRIPTS_PRELUDE "lua_utils"

/*
 *   scripts = scripts_new(&parts)
 *   scripts_keep_time(scripts)       callbacks; or
 *   scripts_run(scripts, errand, ended, arg)
 *   scripts_shut_down(scripts, ended, arg)
 *   scripts_free(scripts)
 */
struct scripts;

/* Directories, services and the machine. `parts` is what the libraries work
 * on; its `dirs` and `services` are filled in here. It is copied. After
 * privileges are dropped. */
struct scripts *scripts_new(const struct lib_context *parts);

/* End all that runs and give back everything; NULL is fine. */
void scripts_free(struct scripts *scripts);

struct vm *scripts_vm(struct scripts *scripts);

/* Where scripts are; valid as long as `scripts`. */
const struct lib_dirs *scripts_dirs(const struct scripts *scripts);

/* Run callbacks by the clock from now on, `startup` first. Those of a file
 * hold it up: resume(arg) is called when one is to be read again. */
void scripts_keep_time(struct scripts *scripts, void (*resume)(void *arg),
                       void *arg);

/* As schedule_must_wait(); false without callbacks. */
bool scripts_must_wait(struct scripts *scripts, const struct iface *iface);

/* Look for callbacks again. */
void scripts_reload(struct scripts *scripts);

/* Run --run's script; ended(arg) is called when it is over. */
void scripts_run(struct scripts *scripts, struct errand *errand,
                 void (*ended)(void *arg), void *arg);

/* The callbacks' end; as schedule_shut_down(). */
bool scripts_shut_down(struct scripts *scripts, void (*ended)(void *arg),
                       void *arg);

#endif
