/* exporter_rows: the counters of sinks, and who shows them.
 * SPDX-License-Identifier: MIT */
#ifndef KELVIN_EXPORT_EXPORTER_ROWS_H
#define KELVIN_EXPORT_EXPORTER_ROWS_H

#include "export/exporter.h"

/* A row for each counter. */
struct exporter_row {
    const char *name;   /* in Lua; the member's */
    const char *metric; /* in /metrics, behind "kelvin_export_"; NULL: none */
    const char *help;
    size_t offset; /* in struct exporter_counters, of a uint64_t */
    bool is_gauge; /* it may become less */
};

const struct exporter_row *exporter_rows(size_t *count);
uint64_t exporter_value(const struct exporter_row *row,
                        const struct exporter_counters *counters);

/* Add what a report says of all sinks. `arg` is the exporter. */
void exporter_report(void *arg, struct strbuf *out);

#endif
