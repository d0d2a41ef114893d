/* option_file: options, one a line. SPDX-License-Identifier: MIT */
#ifndef KELVIN_RUN_OPTION_FILE_H
#define KELVIN_RUN_OPTION_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/run/options.h"
#include "core/util/strbuf.h"

/*
 * A configuration file has one option a line, with its value after '=' or a
 * blank: `-i=eth0`, `-i eth0`, `--interface=eth0`, `interface=eth0`. Blanks
 * around a value and a pair of double quotes around it do not count; lines
 * that are empty or begin with '#' neither.
 */

/* Set what the file says. @return false with one line in the error that
 * names the file and, where it is about one, the line. */
bool option_file_read(const char *path, struct options *options,
                      struct strbuf *error);

/* The same for the `len` bytes of a file's text; `path` is for messages. */
bool option_file_parse(const char *path, const char *text, size_t len,
                       struct options *options, struct strbuf *error);

#endif
