/* vm_internal: what the files of vm share. SPDX-License-Identifier: MIT */
#ifndef KELVIN_LUA_VM_INTERNAL_H
#define KELVIN_LUA_VM_INTERNAL_H

#include <lua.h>

#include "core/util/strbuf.h"
#include "lua/vm.h"
#include "lua/vm_code.h"

/* A slice of one run, after which the next has its turn. */
#define VM_SLICE_US 1000
/* Longer is a slow turn, which is counted and logged. */
#define VM_SLOW_US 5000
/* Where Lua cannot suspend (comparisons, callbacks of C functions), a script
 * may go on for so long; then it is ended as if by its deadline. */
#define VM_PINNED_US 500000
/* Instructions between two looks at the clock. */
#define VM_COUNT 1000

enum vm_state {
    VM_FRESH, /* not begun */
    VM_READY, /* in the queue */
    VM_RUNNING,
    VM_WAITING,
    VM_OVER, /* on its way out */
};

struct vm_run {
    struct vm *vm;
    struct vm_run *prev; /* of all runs */
    struct vm_run *next;
    struct vm_run *queue_next; /* of those that are ready */
    lua_State *L;
    lua_State *main;    /* the script's own coroutine, a thread of L */
    lua_State *current; /* the coroutine that runs now, for hooks */
    enum vm_state state;
    enum vm_result verdict; /* VM_DONE: nothing speaks against going on */
    const char *why;        /* constant text of the verdict */
    int status;             /* of the error object; see vm_run_status() */

    /* What to run; copies but for `source`. */
    char *path;
    char *folder;
    char *prelude;
    char **arguments;
    size_t argument_count;
    struct vm_script script;

    /* Time. */
    int64_t started_us;
    int64_t deadline_us; /* of the loop's clock; 0: none */
    int64_t paused_us;   /* when it began to wait for the writer */
    int64_t slice_us;    /* when the slice began */
    int64_t hook_us;     /* the last look at the clock */
    int count;           /* instructions to the next one */
    unsigned complaints; /* of slow turns, logged */

    /* Memory. */
    size_t used;
    size_t cap;
    size_t volume; /* allocated since the last look at the clock */
    const void *refused_ptr;
    size_t refused_size;

    /* Suspension. While a hook has suspended a coroutine, Lua cannot tell
     * where that stands: `where` was written before. */
    lua_State *hooked;
    char where[128];
    struct strbuf trace; /* of the same, once the run is condemned */
    unsigned pinned;     /* resumes that cannot pass a suspension on */
    bool is_user_yield;  /* the yield on its way is coroutine.yield()'s */
    bool waits;          /* vm_wait() was called in this slice */
    bool waits_output;
    size_t overfull; /* bytes written although the writer had enough */
    void (*cancel)(void *arg);
    void *cancel_arg;
    struct loop_source *timer; /* for the deadline of one that waits */
    unsigned files;            /* open ones */
};

struct vm {
    struct vm_config config;
    struct vm_run *runs;
    struct vm_run *ready_first;
    struct vm_run *ready_last;
    struct loop_source *turn;
    struct vm_code *code;
    struct vm_counters counters;
};

/* vm_memory.c: the allocator of a state; `arg` is its run. */
void *vm_memory(void *arg, void *ptr, size_t old_size, size_t size);

/* vm_state.c */

/* Make the state and the coroutine with the script on it, ready to resume.
 * @return false with a text in `error`. */
bool vm_state_open(struct vm_run *run, struct strbuf *error);

/* Describe the error on top of the failed coroutine, or where and why a
 * suspended one is ended: one line and a traceback. */
void vm_state_explain(struct vm_run *run, struct strbuf *error);

/* Have the hook called before the next instruction. */
void vm_state_hook_now(struct vm_run *run);

/* Where the coroutine stands, "file:line:", or the script's name; @return
 * text. Not for one that is hooked. */
const char *vm_state_where(lua_State *L, char *text, size_t size);

/* vm.c */
int64_t vm_now_us(const struct vm *vm);

/* End the run as soon as it is suspended: it must not go on. */
void vm_condemn(struct vm_run *run, enum vm_result verdict, const char *why);
bool vm_is_over(const struct vm_run *run, int64_t now_us); /* its deadline */

/* For lib_*.c that are part of the machine. */

/* Before and after a C function of the standard library that nothing can
 * interrupt: measure it, log it by its name (NULL: do not) when it was slow. */
int64_t vm_stretch_begin(const struct vm_run *run);
void vm_stretch_end(lua_State *L, struct vm_run *run, int64_t begin_us,
                    const char *what);

/* Called every so often by C functions that loop: @return true when they
 * shall suspend, `return lua_yieldk(L, 0, ctx, k)`. Raises an error where
 * they cannot and must end. */
bool vm_must_yield(lua_State *L, struct vm_run *run);

/* The same for functions that cannot suspend. Raises an error when they must
 * end. */
void vm_check(lua_State *L, struct vm_run *run);

/* Hand text to the writer. @return true when the script shall wait with
 * vm_wait_output(). Raises an error when a script that cannot wait goes on
 * and on. */
bool vm_write(lua_State *L, struct vm_run *run, const char *bytes, size_t len);
int vm_wait_output(lua_State *L, struct vm_run *run);

#endif
