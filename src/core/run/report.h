/* report: the state of things, for people. SPDX-License-Identifier: MIT */
#ifndef KELVIN_RUN_REPORT_H
#define KELVIN_RUN_REPORT_H

#include <stdio.h>

#include "core/model/engine.h"
#include "core/run/loop.h"

/*
 * Write what each interface has seen: a section with its name and one line
 * per kind of number, the ten largest applications and hosts; at the end how
 * fast all was processed in `elapsed_s` seconds, and how the loop feels
 * (NULL: no such line). The text is written in one piece.
 */
void report_write(FILE *out, const struct engine *engine,
                  const struct loop *loop, double elapsed_s);

/*
 * Write the applications that are recognised, a line "ID NAME BREED" each
 * with tabs between.
 * @param protocols_file as for dpi_new().
 * @return an exit status; why it is not 0 is in the log.
 */
int report_protocols(FILE *out, const char *protocols_file);

#endif
