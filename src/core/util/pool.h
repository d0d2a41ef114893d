/* pool: equal objects by 32-bit index. SPDX-License-Identifier: MIT */
#ifndef KELVIN_UTIL_POOL_H
#define KELVIN_UTIL_POOL_H

#include <stddef.h>
#include <stdint.h>

/*
 * Entities refer to each other by index, half the size of a pointer, and
 * zeroed memory refers to nothing. The address space for `cap` objects is
 * reserved at once; a page costs memory when its first object is taken.
 */
#define POOL_NONE 0u
#define POOL_CACHE_LINE 64 /* at least, of all processors we meet */

struct pool {
    unsigned char *base;
    size_t size;        /* bytes of one object */
    uint32_t cap;       /* most objects alive at once */
    uint32_t count;     /* objects alive */
    uint32_t fresh;     /* lowest index never taken */
    uint32_t free_head; /* freed objects, linked by their first four bytes */
    uint32_t *lives;    /* by index, see pool_track(); NULL: not tracked */
};

/* Prepare an empty pool of `cap` objects of `size` bytes (at least 4). */
void pool_init(struct pool *pool, uint32_t cap, size_t size);

/* Count the lives of every index from now on, for those who come back to an
 * object later and must know that it is the same; before the first is
 * taken. */
void pool_track(struct pool *pool);

/* Give back the address space; every object is gone. */
void pool_clear(struct pool *pool);

/* The index of a new zeroed object, or POOL_NONE when the pool is full. */
uint32_t pool_take(struct pool *pool);

/* Give back an object; its index may be handed out again at once. */
void pool_give(struct pool *pool, uint32_t index);

/* Which life of a tracked index this is, an odd number, or 0 when nothing
 * lives there; any index may be asked about. Numbers repeat after 2^32. */
static inline uint32_t pool_life(const struct pool *pool, uint32_t index)
{
    if (index == POOL_NONE || index >= pool->fresh)
        return 0;
    return (pool->lives[index] & 1) != 0 ? pool->lives[index] : 0;
}

/* The object at `index`, which must be alive. Valid until given back. */
static inline void *pool_at(const struct pool *pool, uint32_t index)
{
    return pool->base + (size_t)index * pool->size;
}

/* Ask the processor for an object, or nobody, before it is needed. */
static inline void pool_prefetch(const struct pool *pool, uint32_t index)
{
    const unsigned char *object = pool_at(pool, index);

    for (size_t at = 0; at < pool->size; at += POOL_CACHE_LINE)
        __builtin_prefetch(object + at);
}

#endif
