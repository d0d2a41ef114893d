/* beneath: files inside a directory, and nowhere else.
 * SPDX-License-Identifier: MIT */
#ifndef KELVIN_RUN_BENEATH_H
#define KELVIN_RUN_BENEATH_H

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

/*
 * Paths here are relative to an open directory and cannot leave it: neither
 * by "..", nor by symbolic links, nor by an absolute name, whoever changes
 * the tree meanwhile. What leaves fails with EXDEV (or ELOOP where the kernel
 * is too old to tell and no links are followed at all). Directories may be
 * opened with O_PATH.
 */

/* open(2). Never blocks: a pipe without a writer is opened as it is.
 * @return a descriptor, closed on exec; or -1 with errno set. */
int beneath_open(int dir, const char *path, int flags, mode_t mode);

/* stat(2), following links that stay inside. @return 0 or -1 with errno. */
int beneath_stat(int dir, const char *path, struct stat *info);

/* Make a directory and those above it, 0750 each where they are new.
 * @return 0, also when all were there; or -1 with errno set. */
int beneath_mkdirs(int dir, const char *path);

/*
 * Remove a file, a link or a whole tree, in slices: each call removes up to
 * `*budget` entries and counts them off.
 * @return 1 when there is more to remove, 0 when it is gone, -1 with errno.
 */
int beneath_remove(int dir, const char *path, unsigned *budget);

/* The part of an absolute path that is inside `root`: "" for the root itself;
 * NULL when the text begins otherwise. Nothing is looked up. */
const char *beneath_relative(const char *root, const char *path);

#endif
