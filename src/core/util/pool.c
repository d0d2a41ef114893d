/* pool: equal objects by 32-bit index. SPDX-License-Identifier: MIT */
#include "core/util/pool.h"

#include <assert.h>
#include <string.h>

#include "core/util/mem.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#include <sanitizer/asan_interface.h>
#endif
#endif
#ifndef ASAN_POISON_MEMORY_REGION
#define ASAN_POISON_MEMORY_REGION(ptr, size) ((void)(ptr), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(ptr, size) ((void)(ptr), (void)(size))
#endif

/* Index 0 is nobody, so there is room for one object more than the cap. */
static size_t map_size(const struct pool *pool)
{
    return ((size_t)pool->cap + 1) * pool->size;
}

void pool_init(struct pool *pool, uint32_t cap, size_t size)
{
    assert(size >= sizeof(uint32_t) && cap < UINT32_MAX);
    *pool = (struct pool){.size = size, .cap = cap, .fresh = 1};
    pool->base = mem_map(map_size(pool));
}

void pool_track(struct pool *pool)
{
    assert(pool->fresh == 1 && pool->lives == NULL);
    pool->lives = mem_map(((size_t)pool->cap + 1) * sizeof(*pool->lives));
}

void pool_clear(struct pool *pool)
{
    if (pool->base == NULL)
        return;
    if (pool->lives != NULL)
        mem_unmap(pool->lives, ((size_t)pool->cap + 1) * sizeof(*pool->lives));
    ASAN_UNPOISON_MEMORY_REGION(pool->base, pool->fresh * pool->size);
    mem_unmap(pool->base, map_size(pool));
    *pool = (struct pool){0};
}

uint32_t pool_take(struct pool *pool)
{
    uint32_t index = pool->free_head;

    if (index != POOL_NONE) {
        unsigned char *object = pool_at(pool, index);

        ASAN_UNPOISON_MEMORY_REGION(object, pool->size);
        memcpy(&pool->free_head, object, sizeof(pool->free_head));
        memset(object, 0, pool->size);
    } else if (pool->fresh <= pool->cap) {
        index = pool->fresh++; /* the kernel's pages are zero already */
    } else {
        return POOL_NONE;
    }
    pool->count++;
    if (pool->lives != NULL)
        pool->lives[index]++;
    return index;
}

void pool_give(struct pool *pool, uint32_t index)
{
    unsigned char *object = pool_at(pool, index);

    assert(index != POOL_NONE && index < pool->fresh && pool->count > 0);
    memcpy(object, &pool->free_head, sizeof(pool->free_head));
    ASAN_POISON_MEMORY_REGION(object, pool->size);
    pool->free_head = index;
    pool->count--;
    if (pool->lives != NULL)
        pool->lives[index]++;
}
