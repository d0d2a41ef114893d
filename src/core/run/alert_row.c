/* alert_row: one alert as it is stored and shown. SPDX-License-Identifier: MIT
 */
#include "core/run/alert_row.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/model/flow_view.h"
#include "core/util/mem.h"
#include "core/util/utf8.h"

void alert_row_clear(struct alert_row *row)
{
    row->count = 0;
    row->used = 0;
}

/* A clean copy, or NULL: no room. */
static const char *keep(struct alert_row *row, const char *text, size_t len)
{
    char *copy = row->bytes + row->used;
    size_t room = sizeof(row->bytes) - row->used;

    if (room > ALERT_TEXT_MAX + 1)
        room = ALERT_TEXT_MAX + 1;
    if (room == 0)
        return NULL;
    row->used += utf8_clean(copy, room, text, len) + 1;
    return copy;
}

void alert_row_add(struct alert_row *row, const char *column, const char *text,
                   size_t len)
{
    size_t used = row->used;
    const char *kept_column;
    const char *kept_text;

    if (row->count == ALERT_ROW_COLUMNS)
        return;
    kept_column = keep(row, column, strlen(column));
    kept_text = keep(row, text != NULL ? text : "", text != NULL ? len : 0);
    if (kept_column == NULL || kept_text == NULL) {
        row->used = used;
        return;
    }
    row->columns[row->count] = kept_column;
    row->texts[row->count] = kept_text;
    row->count++;
}

void alert_row_text(struct alert_row *row, const char *column, const char *text)
{
    alert_row_add(row, column, text, text != NULL ? strlen(text) : 0);
}

void alert_row_int(struct alert_row *row, const char *column, int64_t number)
{
    char text[24];

    snprintf(text, sizeof(text), "%" PRId64, number);
    alert_row_text(row, column, text);
}

const char *alert_row_get(const struct alert_row *row, const char *column)
{
    for (size_t i = 0; i < row->count; i++)
        if (strcmp(row->columns[i], column) == 0)
            return row->texts[i];
    return NULL;
}

bool alert_row_number(const struct alert_row *row, const char *column,
                      int64_t *number)
{
    const char *text = alert_row_get(row, column);
    char *end;

    if (text == NULL || *text == '\0')
        return false;
    errno = 0;
    *number = strtoll(text, &end, 10);
    return errno == 0 && *end == '\0';
}

/* Columns and texts in turn, each with its NUL; an empty column ends it. */
char *alert_row_pack(const struct alert_row *row)
{
    size_t size = 1;
    char *packed;
    char *at;

    for (size_t i = 0; i < row->count; i++)
        size += strlen(row->columns[i]) + strlen(row->texts[i]) + 2;
    packed = mem_alloc(size);
    at = packed;
    for (size_t i = 0; i < row->count; i++) {
        at = stpcpy(at, row->columns[i]) + 1;
        at = stpcpy(at, row->texts[i]) + 1;
    }
    *at = '\0';
    return packed;
}

void alert_row_unpack(struct alert_row *row, const char *packed)
{
    alert_row_clear(row);
    while (*packed != '\0') {
        const char *text = packed + strlen(packed) + 1;

        alert_row_text(row, packed, text);
        packed = text + strlen(text) + 1;
    }
}

static void add_ends(struct alert_row *row, const struct iface *iface,
                     const struct flow *flow, const struct tcp *tcp)
{
    static const char *const ends[WAYS] = {"cli", "srv"};

    for (enum way way = 0; way < WAYS; way++) {
        const struct host *host = flow_host(iface, flow, way);
        const struct group *country = flow_country(iface, flow, way);
        const struct group *as = flow_as(iface, flow, way);
        const struct group *os = host != NULL && host->os_group != POOL_NONE
                                     ? groups_at(&iface->groups, host->os_group)
                                     : NULL;
        char text[ADDR_TEXT_SIZE];
        char column[32];

#define COLUMN(name) \
    (snprintf(column, sizeof(column), "%s_%s", ends[way], name), column)
        alert_row_text(row, COLUMN("addr"),
                       addr_format(&flow->key.addr[way], text));
        alert_row_int(row, COLUMN("port"), flow->key.port[way]);
        alert_row_text(row, COLUMN("country"),
                       country != NULL ? country->name : "");
        alert_row_text(row, COLUMN("os"), os != NULL ? os->name : "");
        alert_row_int(row, COLUMN("asn"), as != NULL ? as->id : 0);
        alert_row_int(row, COLUMN("blacklisted"), 0);
        alert_row_int(row, COLUMN("localhost"),
                      flow_network(iface, flow, way) >= 0);
#undef COLUMN
        snprintf(column, sizeof(column), "%s2%s_bytes", ends[way], ends[!way]);
        alert_row_int(row, column, (int64_t)flow_bytes(flow, way));
        snprintf(column, sizeof(column), "%s2%s_packets", ends[way],
                 ends[!way]);
        alert_row_int(row, column, (int64_t)flow_packets(flow, way));
        snprintf(column, sizeof(column), "%s2%s_tcpflags", ends[way],
                 ends[!way]);
        alert_row_int(row, column, tcp != NULL ? tcp->side[way].flags : 0);
    }
}

void alert_row_of_flow(struct alert_row *row, const struct iface *iface,
                       const struct alert_event *event, const char *text)
{
    const struct alert_kind_row *kind = alert_kind_row(event->kind);
    const struct flow *flow = event->flow;

    alert_row_clear(row);
    alert_row_int(row, "alert_tstamp", event->when_us / 1000000);
    alert_row_int(row, "alert_type", kind->type);
    alert_row_int(row, "alert_severity", kind->severity);
    alert_row_text(row, "alert_json", text);
    alert_row_int(row, "vlan_id", flow->key.vlan);
    alert_row_int(row, "proto", flow->key.l4_proto);
    alert_row_int(row, "l7_proto", flow->app != 0 ? flow->app : flow->master);
    alert_row_int(row, "first_switched", flow->first_us / 1000000);
    alert_row_int(row, "last_switched", flow->last_us / 1000000);
    add_ends(row, iface, flow, event->tcp);
}

/* @return true also where nothing is asked for. */
static bool is_number(const struct alert_row *row, const char *column,
                      int wanted)
{
    int64_t number;

    return wanted < 0 ||
           (alert_row_number(row, column, &number) && number == wanted);
}

static bool is_text(const struct alert_row *row, const char *column,
                    const char *wanted)
{
    const char *text = alert_row_get(row, column);

    return text != NULL && strcmp(text, wanted) == 0;
}

bool alert_filter_matches(const struct alert_filter *filter,
                          const struct alert_row *row)
{
    int64_t when_s;

    if (!alert_row_number(row, "alert_tstamp", &when_s) ||
        when_s < filter->from_s ||
        (filter->to_s != 0 && when_s >= filter->to_s))
        return false;
    if (!is_number(row, "alert_type", filter->type) ||
        !is_number(row, "alert_severity", filter->severity) ||
        !is_number(row, "alert_entity", filter->entity))
        return false;
    return filter->value == NULL ||
           is_text(row, "alert_entity_val", filter->value) ||
           is_text(row, "cli_addr", filter->value) ||
           is_text(row, "srv_addr", filter->value);
}
