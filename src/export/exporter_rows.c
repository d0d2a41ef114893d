/* exporter_rows: the counters of sinks, and who shows them.
 * SPDX-License-Identifier: MIT */
#include "export/exporter_rows.h"

#include <string.h>

#include "core/util/fmt.h"

#define ROW(member, metric, help, is_gauge)                                \
    {                                                                      \
#member, metric, help, offsetof(struct exporter_counters, member), \
            is_gauge                                                       \
    }

static const struct exporter_row rows[] = {
    ROW(records, "records_total",
        "Flow records for a sink, those of the run before included.", false),
    ROW(recovered, "recovered_records",
        "Of these, those that the run before left on disk.", true),
    ROW(filtered, "filtered_records_total",
        "Records that the sink's filter is against.", false),
    ROW(exported, "exported_records_total", "Records that the target has.",
        false),
    ROW(queued, "queued_records", "Records that wait in memory.", true),
    ROW(spooled, "spooled_records", "Records that wait on disk.", true),
    ROW(retried, "retried_records_total", "Records sent again.", false),
    ROW(dropped, NULL, "Records dropped, for whatever reason.", false),
    ROW(refused, "refused_records_total",
        "Records dropped because there was no room for them.", false),
    ROW(lost, "lost_records_total",
        "Records given up after they were accepted.", false),
    ROW(rejected, "rejected_records_total",
        "Records dropped because the target does not want them.", false),
    ROW(expired, "expired_records_total",
        "Records dropped as the oldest ones of a full spool.", false),
    ROW(damaged, "damaged_records_total",
        "Records dropped because the spool was damaged.", false),
    ROW(bytes, "bytes_total", "Bytes sent to the target.", false),
    ROW(memory, "memory_bytes", "Memory of the queue.", true),
    ROW(disk, "spool_bytes", "Files of the spool.", true),
    ROW(lag_s, "lag_seconds", "Age of the oldest record that waits.", true),
    ROW(failing, "failing", "Whether the target is away or refuses.", true),
};

const struct exporter_row *exporter_rows(size_t *count)
{
    *count = sizeof(rows) / sizeof(rows[0]);
    return rows;
}

uint64_t exporter_value(const struct exporter_row *row,
                        const struct exporter_counters *counters)
{
    uint64_t value;

    memcpy(&value, (const char *)counters + row->offset, sizeof(value));
    return value;
}

static void put_sink(const struct exporter *exporter, size_t sink,
                     struct strbuf *out)
{
    struct exporter_counters counters;
    char text[FMT_SIZE];
    const char *before = "  records     ";

    exporter_counters(exporter, sink, &counters);
    strbuf_printf(out, "export %s%s\n", exporter_spec(exporter, sink),
                  counters.failing ? ", failing" : "");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint64_t value = exporter_value(&rows[i], &counters);

        if (rows[i].offset > offsetof(struct exporter_counters, retried) ||
            (value == 0 && i > 0))
            continue;
        strbuf_printf(out, "%s%s%s%s", before, fmt_count(value, text),
                      i > 0 ? " " : "", i > 0 ? rows[i].name : "");
        before = ", ";
    }
    strbuf_puts(out, "\n");
}

void exporter_report(void *arg, struct strbuf *out)
{
    const struct exporter *exporter = arg;

    for (size_t i = 0; i < exporter_sinks(exporter); i++)
        put_sink(exporter, i, out);
}
