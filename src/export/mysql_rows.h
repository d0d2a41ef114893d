/* mysql_rows: records as rows of tables. SPDX-License-Identifier: MIT */
#ifndef KELVIN_EXPORT_MYSQL_ROWS_H
#define KELVIN_EXPORT_MYSQL_ROWS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/model/engine.h"
#include "core/util/strbuf.h"
#include "export/mysql_link.h"
#include "export/sink.h"

/* A column beside the key, as contracts have them. */
struct mysql_column {
    const char *name;
    const char *type[2]; /* in the table of IPv4, of IPv6 */
};

/* The columns in their order; NULL: there are no more. */
const struct mysql_column *mysql_column(size_t i);

/* Whether the record is one of IPv6. */
bool mysql_row_is_v6(const struct sink_record *record);

/*
 * Add "(1,2,'text',...)": the values of the columns.
 * @param engine knows the numbers of interfaces.
 * @return false, with nothing added, when it is no record.
 */
bool mysql_row_add(struct strbuf *out, struct mysql_link *link,
                   const struct sink_record *record,
                   const struct engine *engine);

#endif
