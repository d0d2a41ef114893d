/* share: where kelvin's own files are. SPDX-License-Identifier: MIT */
#ifndef KELVIN_RUN_SHARE_H
#define KELVIN_RUN_SHARE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Find the folder of data files that the build makes: the one given with -t,
 * else `share` beside the program (a build tree), else `../share/kelvin` from
 * it (an installation).
 * @return false when there is none; `path` is "" then.
 */
bool share_find(const char *install_dir, char *path, size_t size);

/*
 * Find the folder that holds `scripts` and `html`: the one given with -t, else
 * `../share/kelvin` from the program (an installation), else the checkout that
 * its build tree is in.
 * @return false when none has `scripts`; `path` is then where an installation
 * would have it.
 */
bool share_find_scripts(const char *install_dir, char *path, size_t size);

#endif
