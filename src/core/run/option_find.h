/* option_find: from a name to its row. SPDX-License-Identifier: MIT */
#ifndef KELVIN_RUN_OPTION_FIND_H
#define KELVIN_RUN_OPTION_FIND_H

#include <stddef.h>

#include "core/run/option_table.h"
#include "core/util/strbuf.h"

/* The row with this letter, or NULL. */
const struct option_row *option_find_short(char letter);

/*
 * The row with this long name of `len` bytes or, as getopt_long() has it, the
 * only one that begins so.
 * @return NULL with the reason appended to `error`: what kelvin does not have
 * though ntopng does, what may have been meant, or which names begin so.
 */
const struct option_row *option_find(const char *name, size_t len,
                                     struct strbuf *error);

/* Why there is no option with this letter, appended to `error`. */
void option_explain_short(char letter, struct strbuf *error);

#endif
