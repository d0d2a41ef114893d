/* option_help: the usage text. SPDX-License-Identifier: MIT */
#ifndef KELVIN_RUN_OPTION_HELP_H
#define KELVIN_RUN_OPTION_HELP_H

#include "core/util/strbuf.h"

/* Append the usage text made from the rows; no line passes 80 columns. */
void option_add_help(struct strbuf *text);

#endif
