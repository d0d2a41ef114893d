/* mem: allocation that cannot fail. SPDX-License-Identifier: MIT */
#ifndef KELVIN_UTIL_MEM_H
#define KELVIN_UTIL_MEM_H

#include <stddef.h>

/*
 * kelvin's memory is bounded by its options, not by handling failed
 * allocations: a process that cannot get a few bytes more cannot report that
 * it cannot, so these say what was asked for and abort.
 */

/* Zeroed memory for `count` objects of `size` bytes; give it to free(). */
void *mem_calloc(size_t count, size_t size);

/* `size` uninitialised bytes; give them to free(). */
void *mem_alloc(size_t size);

/* realloc() for `count` objects of `size` bytes; checks the product. */
void *mem_realloc(void *ptr, size_t count, size_t size);

/* A copy of the string; give it to free(). */
char *mem_strdup(const char *text);

/*
 * `size` bytes of zeroed address space whose pages cost memory only once
 * they are touched; give them to mem_unmap() with the same size.
 */
void *mem_map(size_t size);
void mem_unmap(void *ptr, size_t size);

#endif
