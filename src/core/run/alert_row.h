/* alert_row: one alert as it is stored and shown. SPDX-License-Identifier: MIT
 */
#ifndef KELVIN_RUN_ALERT_ROW_H
#define KELVIN_RUN_ALERT_ROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/model/alert.h"
#include "core/model/iface.h"

/*
 * Columns and texts, numbers in decimal, under the names that ntopng gave the
 * columns of its tables:
 *
 * engaged  alert_id, alert_engine, alert_tstamp, alert_type, alert_severity,
 *          alert_entity, alert_entity_val, alert_origin, alert_target,
 *          alert_json (a text for people)
 * closed   the same without the first two, and alert_tstamp_end
 * flows    alert_tstamp, alert_type, alert_severity, alert_json, and the
 *          flow's: vlan_id, proto, l7_proto, first_switched, cli_addr ...
 *
 * Rows of the latter two have a `rowid`, which is their id in the stream.
 */
#define ALERT_ROW_COLUMNS 34
#define ALERT_ROW_BYTES 4096
#define ALERT_TEXT_MAX 512 /* bytes of one text; longer ones are cut */

struct alert_row {
    size_t count;
    const char *columns[ALERT_ROW_COLUMNS];
    const char *texts[ALERT_ROW_COLUMNS];
    size_t used;
    char bytes[ALERT_ROW_BYTES];
};

void alert_row_clear(struct alert_row *row);

/* Add a column; both are copied and made clean UTF-8. What does not fit is
 * left out. `text` may be NULL: "". */
void alert_row_add(struct alert_row *row, const char *column, const char *text,
                   size_t len);
void alert_row_text(struct alert_row *row, const char *column,
                    const char *text);
void alert_row_int(struct alert_row *row, const char *column, int64_t number);

/* A column's text, or NULL. */
const char *alert_row_get(const struct alert_row *row, const char *column);

/* A column as number. @return false: there is none, or it is no number. */
bool alert_row_number(const struct alert_row *row, const char *column,
                      int64_t *number);

/* The same row in as many bytes as it needs; give it to free(). */
char *alert_row_pack(const struct alert_row *row);
void alert_row_unpack(struct alert_row *row, const char *packed);

/* The row of a flow, as it is now. */
void alert_row_of_flow(struct alert_row *row, const struct iface *iface,
                       const struct alert_event *event, const char *text);

/* What a query wants; all zero but the numbers -1 is all. */
struct alert_filter {
    int64_t from_s;    /* alert_tstamp is this or later */
    int64_t to_s;      /* and before this; 0: whenever */
    int type;          /* -1: any */
    int severity;      /* -1: any */
    int entity;        /* -1: any; rows of flows have none */
    const char *value; /* alert_entity_val, or either address of a flow;
                          NULL: any */
};

bool alert_filter_matches(const struct alert_filter *filter,
                          const struct alert_row *row);

#endif
