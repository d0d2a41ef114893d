/* report: the state of things, for people. SPDX-License-Identifier: MIT */
#ifndef KELVIN_RUN_REPORT_H
#define KELVIN_RUN_REPORT_H

#include <stdio.h>

#include "core/model/engine.h"
#include "core/run/alerts.h"
#include "core/run/loop.h"
#include "core/run/series.h"
#include "core/run/store.h"
#include "core/util/strbuf.h"

/* What a report tells of. */
struct report_source {
    const struct engine *engine;
    const struct loop *loop;                     /* NULL: not how it feels */
    const struct store *store;                   /* NULL: there is none */
    const struct series *series;                 /* NULL: there are none */
    const struct alerts *alerts;                 /* NULL: there are none */
    void (*more)(void *arg, struct strbuf *out); /* at the end, or NULL */
    void *arg;
    double elapsed_s; /* since the packets came */
};

/*
 * Write what each interface has seen: a section with its name and one line
 * per kind of number, the ten largest applications and hosts; at the end how
 * fast all was processed, how the loop feels, how Redis and time series do and
 * what alerts there were. Who reads `fd` misses what is left when he has taken
 * nothing for `wait_ms` milliseconds: packets do not wait for him.
 */
void report_write(int fd, int wait_ms, const struct report_source *source);

/* The same to the log, whatever its verbosity: for a daemon, whose standard
 * error nobody sees. */
void report_log(const struct report_source *source);

/*
 * Write the applications that are recognised, a line "ID NAME BREED" each
 * with tabs between.
 * @param protocols_file as for dpi_new().
 * @return an exit status; why it is not 0 is in the log.
 */
int report_protocols(FILE *out, const char *protocols_file);

/*
 * Write what entities tell, the rows of field.h: entity, key in tables and
 * filters, key in records ("-": none), type, unit and help, one row a line
 * with tabs between.
 * @return an exit status, as above.
 */
int report_fields(FILE *out);

#endif
