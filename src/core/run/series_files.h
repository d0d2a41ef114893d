/* series_files: files of series as they were written last.
 * SPDX-License-Identifier: MIT */
#ifndef KELVIN_RUN_SERIES_FILES_H
#define KELVIN_RUN_SERIES_FILES_H

#include <stdbool.h>
#include <stdint.h>

#define SERIES_VALUES 3 /* data sources of a file at most */

/*
 * What this run has written to which file: to know that a file is there, and
 * that a counter began anew. Bounded: among some that share a place the one
 * that was written longest ago makes room, which costs one unknown value when
 * it comes back.
 */
struct series_files;

struct series_file {
    uint64_t hash; /* of its path; 0: nobody */
    int64_t time_s;
    int64_t values[SERIES_VALUES];
    bool is_missed; /* they were not taken: the next ones follow nothing */
    bool is_made;   /* the file is there */
};

struct series_files *series_files_new(void);
void series_files_free(struct series_files *files); /* NULL is fine */

/* Never 0. */
uint64_t series_files_hash(const struct series_files *files, const char *path);

/* The file, or NULL. Valid until series_files_add(). */
struct series_file *series_files_find(struct series_files *files,
                                      uint64_t hash);

/* A place for one that is not known yet, with its hash and zeros. */
struct series_file *series_files_add(struct series_files *files, uint64_t hash);

/* How many are known. */
uint32_t series_files_count(const struct series_files *files);

#endif
