/* mem: allocation that cannot fail. SPDX-License-Identifier: MIT */
#include "core/util/mem.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static void die(size_t size)
{
    fprintf(stderr,
            "kelvin: out of memory, %zu bytes wanted: "
            "lower -X and -x, or give it more\n",
            size);
    abort();
}

void *mem_calloc(size_t count, size_t size)
{
    void *ptr = calloc(count ? count : 1, size ? size : 1);

    if (ptr == NULL)
        die(count * size);
    return ptr;
}

void *mem_alloc(size_t size)
{
    void *ptr = malloc(size ? size : 1);

    if (ptr == NULL)
        die(size);
    return ptr;
}

void *mem_realloc(void *ptr, size_t count, size_t size)
{
    if (size != 0 && count > SIZE_MAX / size)
        die(SIZE_MAX);
    size *= count;
    ptr = realloc(ptr, size != 0 ? size : 1);
    if (ptr == NULL)
        die(size);
    return ptr;
}

char *mem_strdup(const char *text)
{
    size_t size = strlen(text) + 1;

    return memcpy(mem_alloc(size), text, size);
}

void *mem_map(size_t size)
{
    void *ptr = mmap(NULL, size, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (ptr == MAP_FAILED)
        die(size);
    return ptr;
}

void mem_unmap(void *ptr, size_t size)
{
    if (ptr != NULL)
        munmap(ptr, size);
}
