/* vm_memory: what a run may allocate. SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "lua/vm_internal.h"

/*
 * Lua asks here for every byte. A refusal makes it collect all garbage and
 * ask the same once more; a second refusal is final: the script gets "not
 * enough memory", which it may catch, so the run is condemned here as well.
 *
 * Of the total, the last quarter is for runs that have little: one greedy run
 * must not be the end of all others.
 */
#define LITTLE (1u << 20)

/* One instruction may move much memory (`a .. b`): look at the clock soon
 * after so many bytes. */
#define VOLUME_MAX (256u << 10)

static bool may_grow(const struct vm_run *run, size_t by)
{
    const struct vm *vm = run->vm;
    size_t cap = vm->config.total_memory;
    size_t total = vm->counters.memory;

    if (run->state == VM_OVER) /* files are closed by finalisers */
        return true;
    if (by > run->cap || run->used > run->cap - by || by > cap ||
        total > cap - by)
        return false;
    return run->used + by <= LITTLE || total + by <= cap - cap / 4;
}

static void refuse(struct vm_run *run, const void *ptr, size_t size)
{
    bool is_final = size > run->cap ||
                    (run->refused_size == size && run->refused_ptr == ptr);

    run->refused_ptr = ptr;
    run->refused_size = size;
    if (is_final && run->current != NULL)
        vm_condemn(run, VM_OUT_OF_MEMORY, "not enough memory");
}

static void account(struct vm_run *run, size_t old_size, size_t size)
{
    struct vm_counters *counters = &run->vm->counters;

    run->used += size - old_size;
    counters->memory += size - old_size;
    if (counters->memory > counters->memory_peak)
        counters->memory_peak = counters->memory;
    if (size <= old_size)
        return;
    run->refused_size = 0;
    run->volume += size;
    if (run->volume > VOLUME_MAX && run->current != NULL) {
        run->volume = 0;
        vm_state_hook_now(run);
    }
}

void *vm_memory(void *arg, void *ptr, size_t old_size, size_t size)
{
    struct vm_run *run = arg;
    void *block;

    if (ptr == NULL)
        old_size = 0; /* Lua tells the kind of object instead */
    if (size == 0) {
        account(run, old_size, 0);
        free(ptr);
        return NULL;
    }
    if (size > old_size && !may_grow(run, size - old_size)) {
        refuse(run, ptr, size);
        return NULL;
    }
    block = realloc(ptr, size);
    if (block == NULL) {
        /* Lua relies on it that making a block smaller cannot fail. */
        if (size <= old_size)
            return ptr;
        refuse(run, ptr, size);
        return NULL;
    }
    account(run, old_size, size);
    return block;
}
