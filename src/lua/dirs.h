/* dirs: the directories that scripts know. SPDX-License-Identifier: MIT */
#ifndef KELVIN_LUA_DIRS_H
#define KELVIN_LUA_DIRS_H

#include "core/run/options.h"

/* A directory by its name, and open so that files are found inside it. */
struct dir {
    char *path; /* absolute, no slash at the end; never NULL */
    int fd;     /* O_PATH; -1: it is not there */
};

/* What ntop.getDirs() tells, and where scripts may be loaded from. */
struct lib_dirs {
    struct dir install;
    struct dir data; /* the only one where scripts may write */
    struct dir scripts;
    struct dir httpdocs;
    struct dir callbacks;
    struct dir pages;   /* scripts/lua */
    struct dir modules; /* scripts/lua/modules */
};

/* Find and open them as the options say; none needs to exist. After
 * privileges are dropped: what scripts may read is what that user may. */
void dirs_open(struct lib_dirs *dirs, const struct options *options);
void dirs_close(struct lib_dirs *dirs); /* also of zeros */

#endif
