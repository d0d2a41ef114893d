/* vm: Lua scripts that run beside everything else.
 * SPDX-License-Identifier: MIT */
#ifndef KELVIN_LUA_VM_H
#define KELVIN_LUA_VM_H

#include <lua.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/run/loop.h"

/*
 * Every run has a fresh Lua state, in which nothing of other runs is, and its
 * own bounds on memory and time. It runs as a coroutine in slices of a
 * millisecond at LOOP_PAGE, round robin with the other runs; what waits for
 * an event costs memory only.
 *
 *   vm = vm_new(&config);
 *   run = vm_start(vm, &script);   ... script.ended() is called, once
 *   vm_free(vm);
 *
 * A run that passes its bounds is closed while it is suspended: nothing of
 * the script is asked, so nothing of it can object.
 */
struct vm;
struct vm_run;
struct lib_context;

struct vm_config {
    struct loop *loop;
    const struct lib_context *context; /* for the libraries; not owned */
    size_t run_memory;   /* bytes that one run may have; 0: 64 MiB */
    size_t total_memory; /* bytes of all runs together; 0: 256 MiB */
    unsigned max_runs;   /* at the same time; 0: 1000 */
};

struct vm *vm_new(const struct vm_config *config);

/* End all runs, without calling their ended(), and give back everything.
 * Before the loop is freed; NULL is fine. */
void vm_free(struct vm *vm);

enum vm_result {
    VM_DONE,
    VM_FAILED,        /* a Lua error nobody caught, or no such script */
    VM_TIMED_OUT,     /* the deadline passed */
    VM_OUT_OF_MEMORY, /* a memory cap was hit */
    VM_CANCELLED,     /* inside only: ended() is not called with it */
};

struct vm_script {
    /* What to run: a file, whose code is cached; or, when `source` is not
     * NULL, this text, of which `path` is the name in messages. */
    const char *path;
    const char *source;
    size_t source_len;
    const char *folder;           /* one more to load from, or NULL */
    const char *prelude;          /* module to require before, if it is there */
    const char *const *arguments; /* `...` and the table `arg` */
    size_t argument_count;
    int64_t deadline_us; /* from now on, waiting included but for that for
                            vm_output_ready(); 0: none */
    size_t memory;       /* cap of this run; 0: that of the machine */
    bool is_page;        /* print() adds neither tabs nor newlines */
    bool is_quiet;       /* ended() tells of an error, the log does not */
    int64_t clock_us;    /* what os.time() tells; 0: the wall clock */

    /* Called protected before the script begins, to set more globals; it
     * leaves the stack as it was. May be NULL. */
    void (*prepare)(lua_State *L, void *arg);
    /* Take what the script writes. @return false: there is enough for now,
     * let the script wait for vm_output_ready(). NULL: it is thrown away. */
    bool (*write)(void *arg, const char *bytes, size_t len);
    /* The run is over; `error` is a message with traceback unless VM_DONE.
     * vm_run_status() may be asked; the run is gone afterwards. */
    void (*ended)(void *arg, enum vm_result result, const char *error);
    void *arg;
};

/* Begin a run; its first instruction comes in a later turn of the loop. All
 * of `script` but `arg` and `source` is copied; these must live as long as
 * the run. @return NULL when there are max_runs already, which is counted. */
struct vm_run *vm_start(struct vm *vm, const struct vm_script *script);

/* End a run at once without calling its ended(). */
void vm_cancel(struct vm_run *run);

/* The writer has room again: let a script that waits in print() go on. */
void vm_output_ready(struct vm_run *run);

/* What a run is asked by libraries. */
struct vm_run *vm_run_of(lua_State *L); /* of any coroutine of the run */
struct vm *vm_of(const struct vm_run *run);
const char *vm_run_name(const struct vm_run *run);
int64_t vm_run_clock_us(const struct vm_run *run);

/*
 * The whole number `status` of the error object that a run failed with, 0
 * without one. From 400 to 499 it is a refusal of what was asked, as
 * parameters.lua raises it: the log does not tell of it.
 */
int vm_run_status(const struct vm_run *run);

/*
 * Suspend the script until vm_wake(), and then call `k`; for the end of a C
 * function: `return vm_wait(L, ...)`. Whether the script is in a coroutine of
 * its own or not makes no difference. If the run ends before, cancel(arg) is
 * called once (NULL: nothing is) and vm_wake() must not be called any more.
 * Where Lua cannot suspend, as in a comparison of table.sort, cancel(arg) is
 * called and an error is raised.
 */
int vm_wait(lua_State *L, lua_KContext ctx, lua_KFunction k,
            void (*cancel)(void *arg), void *arg);

/* What the run waits for has come. From the loop, not from a C function of
 * the run itself. */
void vm_wake(struct vm_run *run);

/* What all runs have cost so far. */
struct vm_counters {
    uint64_t started;
    uint64_t refused; /* by max_runs */
    uint64_t done;
    uint64_t failed; /* timed out and out of memory apart */
    uint64_t timed_out;
    uint64_t out_of_memory;
    uint64_t cancelled;
    uint64_t slow_turns; /* that took more than 5 ms */
    uint64_t busy_us;    /* in slices of scripts */
    uint64_t output_bytes;
    unsigned active;
    unsigned waiting;
    size_t memory; /* bytes that active runs have */
    size_t memory_peak;
    uint64_t code_hits;
    uint64_t code_misses;
    size_t code_bytes;
};

/* Valid as long as the machine; up to date when asked. */
const struct vm_counters *vm_counters(struct vm *vm);

#endif
