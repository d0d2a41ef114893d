/* errand: the script of --run. SPDX-License-Identifier: MIT */
#ifndef KELVIN_LUA_ERRAND_H
#define KELVIN_LUA_ERRAND_H

#include <stdbool.h>

#include "core/run/options.h"
#include "core/util/strbuf.h"
#include "lua/vm.h"

/*
 * A script that is run once, for a person who waits: it has no deadline and a
 * gibibyte of memory, its output is that of the program, and its error is
 * told on standard error.
 */
struct errand;

/* Read the script of --run and see that it is Lua, while still privileged and
 * before any capture is read. @return NULL with one line in the error. */
struct errand *errand_new(const struct options *options, struct strbuf *error);

/* Before vm_free() if it was started; NULL is fine. */
void errand_free(struct errand *errand);

/* Run it; ended(arg) is called when its last output is written. Output goes
 * to standard output without blocking, however slowly that is read. */
void errand_start(struct errand *errand, struct loop *loop, struct vm *vm,
                  const char *prelude, void (*ended)(void *arg), void *arg);

/* Whether it ran to its end, without an error and with all output written. */
bool errand_succeeded(const struct errand *errand);

#endif
