/* vm: Lua scripts that run beside everything else.
 * SPDX-License-Identifier: MIT */
#include "lua/vm.h"

#include <assert.h>
#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

#include "core/util/log.h"
#include "core/util/mem.h"
#include "lua/vm_internal.h"

/*
 * The life of a run: vm_start() puts it into the queue of those that are
 * ready. on_turn() takes the first, makes its state if it has none yet, and
 * resumes its coroutine. That comes back when the script ended or failed, when
 * a hook saw that the slice is over (the run goes to the end of the queue), or
 * when it waits for an event (vm_wake() puts it back into the queue).
 *
 * A run whose deadline passed is closed between two slices. Only where Lua
 * cannot suspend does the hook raise an error, again at every instruction, so
 * that it gets past everything that catches errors.
 */
#define RUN_MEMORY ((size_t)64 << 20)
#define TOTAL_MEMORY ((size_t)256 << 20)
#define RUNS_MAX 1000
#define ERROR_MAX 16384
#define COMPLAINTS_MAX 3
/* What a script that cannot wait may write beyond "enough". */
#define OVERFULL_MAX ((size_t)1 << 20)

static bool on_turn(void *arg);

struct vm *vm_new(const struct vm_config *config)
{
    struct vm *vm = mem_calloc(1, sizeof(*vm));

    vm->config = *config;
    if (vm->config.run_memory == 0)
        vm->config.run_memory = RUN_MEMORY;
    if (vm->config.total_memory == 0)
        vm->config.total_memory = TOTAL_MEMORY;
    if (vm->config.max_runs == 0)
        vm->config.max_runs = RUNS_MAX;
    vm->code = vm_code_new();
    vm->turn = loop_defer(config->loop, LOOP_PAGE, on_turn, vm);
    return vm;
}

void vm_free(struct vm *vm)
{
    if (vm == NULL)
        return;
    while (vm->runs != NULL)
        vm_cancel(vm->runs);
    loop_source_free(vm->turn);
    vm_code_free(vm->code);
    free(vm);
}

int64_t vm_now_us(const struct vm *vm)
{
    return loop_now_us(vm->config.loop) + loop_spent_us(vm->config.loop);
}

bool vm_is_over(const struct vm_run *run, int64_t now_us)
{
    return run->deadline_us != 0 && now_us >= run->deadline_us;
}

void vm_condemn(struct vm_run *run, enum vm_result verdict, const char *why)
{
    if (run->verdict == VM_DONE) {
        run->verdict = verdict;
        run->why = why;
    }
    vm_state_hook_now(run);
}

/* --- The queue --- */

static void queue_put(struct vm_run *run)
{
    struct vm *vm = run->vm;

    run->state = run->L == NULL ? VM_FRESH : VM_READY;
    run->queue_next = NULL;
    if (vm->ready_last != NULL)
        vm->ready_last->queue_next = run;
    else
        vm->ready_first = run;
    vm->ready_last = run;
}

static struct vm_run *queue_take(struct vm *vm)
{
    struct vm_run *run = vm->ready_first;

    vm->ready_first = run->queue_next;
    if (vm->ready_first == NULL)
        vm->ready_last = NULL;
    return run;
}

/* Take out of the middle; nothing happens when it is not there. */
static void queue_remove(struct vm_run *run)
{
    struct vm_run *before = NULL;
    struct vm_run **at = &run->vm->ready_first;

    while (*at != NULL && *at != run) {
        before = *at;
        at = &before->queue_next;
    }
    if (*at == NULL)
        return;
    *at = run->queue_next;
    if (run->vm->ready_last == run)
        run->vm->ready_last = before;
}

/* --- Begin and end --- */

static char *copy(const char *text)
{
    return text != NULL ? mem_strdup(text) : NULL;
}

struct vm_run *vm_start(struct vm *vm, const struct vm_script *script)
{
    struct vm_run *run;

    if (vm->counters.active >= vm->config.max_runs) {
        vm->counters.refused++;
        return NULL;
    }
    run = mem_calloc(1, sizeof(*run));
    run->vm = vm;
    run->script = *script;
    run->path = mem_strdup(script->path);
    run->folder = copy(script->folder);
    run->prelude = copy(script->prelude);
    run->argument_count = script->argument_count;
    run->arguments =
        mem_calloc(script->argument_count + 1, sizeof(*run->arguments));
    for (size_t i = 0; i < script->argument_count; i++)
        run->arguments[i] = mem_strdup(script->arguments[i]);
    run->started_us = vm_now_us(vm);
    if (script->deadline_us > 0)
        run->deadline_us = run->started_us + script->deadline_us;
    run->cap = script->memory != 0 ? script->memory : vm->config.run_memory;
    run->count = VM_COUNT;
    strbuf_init(&run->trace, ERROR_MAX);
    run->next = vm->runs;
    if (vm->runs != NULL)
        vm->runs->prev = run;
    vm->runs = run;
    vm->counters.started++;
    vm->counters.active++;
    queue_put(run);
    loop_source_resume(vm->turn);
    return run;
}

/* It waits for nothing any more; whoever it waited for is told. */
static void stop_waiting(struct vm_run *run)
{
    void (*cancel)(void *arg) = run->cancel;

    if (run->state == VM_WAITING)
        run->vm->counters.waiting--;
    run->waits = false;
    run->waits_output = false;
    run->cancel = NULL;
    if (cancel != NULL)
        cancel(run->cancel_arg);
}

static void run_free(struct vm_run *run)
{
    struct vm *vm = run->vm;

    run->current = NULL;
    if (run->L != NULL)
        lua_close(run->L);
    loop_source_free(run->timer);
    strbuf_free(&run->trace);
    if (run->prev != NULL)
        run->prev->next = run->next;
    else
        vm->runs = run->next;
    if (run->next != NULL)
        run->next->prev = run->prev;
    vm->counters.active--;
    for (size_t i = 0; i < run->argument_count; i++)
        free(run->arguments[i]);
    free(run->arguments);
    free(run->prelude);
    free(run->folder);
    free(run->path);
    free(run);
}

static void count_end(struct vm_counters *counters, enum vm_result result)
{
    switch (result) {
    case VM_DONE:
        counters->done++;
        break;
    case VM_FAILED:
        counters->failed++;
        break;
    case VM_TIMED_OUT:
        counters->timed_out++;
        break;
    case VM_OUT_OF_MEMORY:
        counters->out_of_memory++;
        break;
    case VM_CANCELLED:
        counters->cancelled++;
        break;
    }
}

/* A message and its traceback, a line of the log each. */
static void log_error_lines(const char *error)
{
    while (*error != '\0') {
        size_t len = strcspn(error, "\n");

        bool is_frame = *error == '\t';

        log_warnx("lua", "%s%.*s", is_frame ? "  " : "", (int)(len - is_frame),
                  error + is_frame);
        error += len + (error[len] == '\n');
    }
}

static bool is_refusal(const struct vm_run *run)
{
    return run->status >= 400 && run->status < 500;
}

static void run_end(struct vm_run *run, enum vm_result result,
                    const char *error)
{
    count_end(&run->vm->counters, result);
    if (result != VM_DONE && result != VM_CANCELLED && !run->script.is_quiet &&
        !is_refusal(run))
        log_error_lines(error);
    stop_waiting(run);
    run->state = VM_OVER;
    if (run->script.ended != NULL && result != VM_CANCELLED)
        run->script.ended(run->script.arg, result, error);
    run_free(run);
}

void vm_cancel(struct vm_run *run)
{
    if (run->state == VM_OVER)
        return;
    if (run->state == VM_RUNNING) { /* its own writer cancels it */
        run->script.write = NULL;
        vm_condemn(run, VM_CANCELLED, "cancelled");
        return;
    }
    if (run->state != VM_WAITING)
        queue_remove(run);
    run_end(run, VM_CANCELLED, NULL);
}

/* --- Slices --- */

/* End a run that is suspended or failed, and tell where it stands. */
static void end_explained(struct vm_run *run, enum vm_result result)
{
    struct strbuf error;

    strbuf_init(&error, ERROR_MAX);
    if (result != VM_CANCELLED)
        vm_state_explain(run, &error);
    run_end(run, result, error.text != NULL ? error.text : "");
    strbuf_free(&error);
}

static void on_deadline(void *arg)
{
    struct vm_run *run = arg;

    if (run->state != VM_WAITING)
        return; /* its next slice sees it */
    run->verdict = VM_TIMED_OUT;
    run->why = "the deadline passed";
    end_explained(run, VM_TIMED_OUT);
}

/* A slow reader is not the script's fault, and its own limits end it: the
 * clock stands still meanwhile. */
static void begin_waiting(struct vm_run *run)
{
    run->state = VM_WAITING;
    run->vm->counters.waiting++;
    if (run->waits_output) {
        loop_source_free(run->timer);
        run->timer = NULL;
        run->paused_us = vm_now_us(run->vm);
    } else if (run->deadline_us != 0 && run->timer == NULL)
        run->timer = loop_after(run->vm->config.loop,
                                run->deadline_us - vm_now_us(run->vm),
                                LOOP_PAGE, on_deadline, run);
}

/* The coroutine came back. */
static void after_slice(struct vm_run *run, int status)
{
    if (run->verdict != VM_DONE)
        end_explained(run, run->verdict);
    else if (status == LUA_OK)
        run_end(run, VM_DONE, NULL);
    else if (status != LUA_YIELD)
        end_explained(run, status == LUA_ERRMEM ? VM_OUT_OF_MEMORY : VM_FAILED);
    else if (run->waits)
        begin_waiting(run);
    else
        queue_put(run);
}

static void count_slice(struct vm_run *run)
{
    struct vm_counters *counters = &run->vm->counters;
    int64_t took_us = vm_now_us(run->vm) - run->slice_us;
    char where[128];

    counters->busy_us += (uint64_t)took_us;
    if (took_us <= VM_SLOW_US)
        return;
    counters->slow_turns++;
    if (run->complaints++ < COMPLAINTS_MAX)
        log_info("lua", "%s a turn of %.1f ms",
                 run->hooked != NULL
                     ? run->where
                     : vm_state_where(run->main, where, sizeof(where)),
                 (double)took_us / 1e3);
}

static void run_slice(struct vm_run *run)
{
    struct strbuf error;
    int status;

    run->slice_us = run->hook_us = vm_now_us(run->vm);
    run->volume = 0;
    if (vm_is_over(run, run->slice_us)) {
        run->verdict = VM_TIMED_OUT;
        run->why = "the deadline passed";
        if (run->hooked == NULL) {
            end_explained(run, VM_TIMED_OUT);
            return;
        }
        /* Its next hook, some instructions further, tells where it is. */
    }
    run->hooked = NULL;
    if (run->state == VM_FRESH) {
        strbuf_init(&error, ERROR_MAX);
        if (!vm_state_open(run, &error)) {
            run_end(run, run->verdict != VM_DONE ? run->verdict : VM_FAILED,
                    error.text);
            strbuf_free(&error);
            return;
        }
        strbuf_free(&error);
        status = lua_resume(run->main, NULL, (int)run->argument_count + 1);
    } else {
        run->state = VM_RUNNING;
        run->current = run->main;
        status = lua_resume(run->main, NULL, 0);
    }
    run->current = NULL;
    count_slice(run);
    after_slice(run, status);
}

static bool on_turn(void *arg)
{
    struct vm *vm = arg;

    while (vm->ready_first != NULL &&
           loop_spent_us(vm->config.loop) < VM_SLICE_US)
        run_slice(queue_take(vm));
    return vm->ready_first != NULL;
}

/* --- Waiting --- */

int vm_wait(lua_State *L, lua_KContext ctx, lua_KFunction k,
            void (*cancel)(void *arg), void *arg)
{
    struct vm_run *run = vm_run_of(L);

    if (run == NULL || run->pinned > 0 || !lua_isyieldable(L)) {
        if (cancel != NULL)
            cancel(arg);
        return luaL_error(L, "cannot wait inside a callback of a C function");
    }
    run->waits = true;
    run->cancel = cancel;
    run->cancel_arg = arg;
    return lua_yieldk(L, 0, ctx, k);
}

void vm_wake(struct vm_run *run)
{
    assert(run->state == VM_WAITING);
    run->cancel = NULL;
    stop_waiting(run);
    queue_put(run);
    loop_source_resume(run->vm->turn);
}

/* --- Output --- */

bool vm_write(lua_State *L, struct vm_run *run, const char *bytes, size_t len)
{
    if (run->script.write == NULL || len == 0)
        return false;
    run->vm->counters.output_bytes += len;
    if (run->script.write(run->script.arg, bytes, len)) {
        run->overfull = 0;
        return false;
    }
    if (run->pinned == 0 && lua_isyieldable(L))
        return true;
    run->overfull += len;
    if (run->overfull > OVERFULL_MAX) {
        vm_condemn(run, VM_FAILED, "too much output where it cannot wait");
        luaL_error(L, "%s", run->why);
    }
    return false;
}

static int written(lua_State *L, int status, lua_KContext ctx)
{
    (void)L;
    (void)status;
    (void)ctx;
    return 0;
}

int vm_wait_output(lua_State *L, struct vm_run *run)
{
    run->waits_output = true;
    return vm_wait(L, 0, written, NULL, NULL);
}

void vm_output_ready(struct vm_run *run)
{
    run->overfull = 0;
    if (run->state != VM_WAITING || !run->waits_output)
        return;
    if (run->deadline_us != 0)
        run->deadline_us += vm_now_us(run->vm) - run->paused_us;
    vm_wake(run);
}

/* --- Questions --- */

struct vm_run *vm_run_of(lua_State *L)
{
    return *(struct vm_run **)lua_getextraspace(L);
}

struct vm *vm_of(const struct vm_run *run)
{
    return run->vm;
}

const char *vm_run_name(const struct vm_run *run)
{
    return run->path;
}

int64_t vm_run_clock_us(const struct vm_run *run)
{
    return run->script.clock_us != 0 ? run->script.clock_us : loop_wall_us();
}

int vm_run_status(const struct vm_run *run)
{
    return run->status;
}

const struct vm_counters *vm_counters(struct vm *vm)
{
    vm->counters.code_hits = vm_code_hits(vm->code);
    vm->counters.code_misses = vm_code_misses(vm->code);
    vm->counters.code_bytes = vm_code_bytes(vm->code);
    return &vm->counters;
}
