/* series_files: files of series as they were written last.
 * SPDX-License-Identifier: MIT */
#include "core/run/series_files.h"

#include <stdlib.h>
#include <sys/random.h>

#include "core/util/mem.h"

/* Neighbours are looked at one after the other from where the hash says. */
#define PLACES (1u << 17)
#define NEIGHBOURS 16
#define SIZE ((PLACES + NEIGHBOURS) * sizeof(struct series_file))

struct series_files {
    struct series_file *places;
    uint64_t seed; /* names of hosts are others' choice */
    uint32_t count;
};

struct series_files *series_files_new(void)
{
    struct series_files *files = mem_calloc(1, sizeof(*files));

    files->places = mem_map(SIZE);
    if (getrandom(&files->seed, sizeof(files->seed), GRND_NONBLOCK) < 0)
        files->seed = (uintptr_t)files->places;
    return files;
}

void series_files_free(struct series_files *files)
{
    if (files == NULL)
        return;
    mem_unmap(files->places, SIZE);
    free(files);
}

/* FNV-1a from a secret start, its bits spread in the end. */
uint64_t series_files_hash(const struct series_files *files, const char *path)
{
    uint64_t hash = files->seed ^ UINT64_C(0xcbf29ce484222325);

    for (; *path != '\0'; path++)
        hash = (hash ^ (unsigned char)*path) * UINT64_C(0x100000001b3);
    hash ^= hash >> 32;
    hash *= UINT64_C(0x9e3779b97f4a7c15);
    hash ^= hash >> 29;
    return hash != 0 ? hash : 1;
}

struct series_file *series_files_find(struct series_files *files, uint64_t hash)
{
    struct series_file *file = &files->places[hash & (PLACES - 1)];

    for (unsigned i = 0; i < NEIGHBOURS; i++)
        if (file[i].hash == hash)
            return &file[i];
    return NULL;
}

struct series_file *series_files_add(struct series_files *files, uint64_t hash)
{
    struct series_file *file = &files->places[hash & (PLACES - 1)];
    struct series_file *place = file;

    for (unsigned i = 0; i < NEIGHBOURS && place->hash != 0; i++)
        if (file[i].hash == 0 || file[i].time_s < place->time_s)
            place = &file[i];
    files->count += place->hash == 0;
    *place = (struct series_file){.hash = hash};
    return place;
}

uint32_t series_files_count(const struct series_files *files)
{
    return files->count;
}
