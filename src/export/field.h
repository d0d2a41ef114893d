/* field: what a flow record can tell. SPDX-License-Identifier: MIT */
#ifndef KELVIN_EXPORT_FIELD_H
#define KELVIN_EXPORT_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/model/engine.h"

/* What a record is made of; all of it only during the observer's call. */
struct record_source {
    const struct engine *engine;
    const struct iface *iface;
    const struct flow *flow;
    const struct tcp *tcp;        /* NULL for other protocols */
    const struct flow_mark *mark; /* what earlier records covered */
    const char *id;               /* of this record */
};

enum field_type {
    FIELD_TEXT,
    FIELD_NUMBER,  /* whole, not negative */
    FIELD_DECIMAL, /* thousandths */
    FIELD_PLACE,   /* longitude, latitude */
};

#define FIELD_PLACE_DECIMALS 4 /* of a degree: ten metres */

struct field_value {
    union {
        const char *text; /* clean UTF-8, may be `buffer` */
        uint64_t number;  /* or thousandths */
        int32_t place[2]; /* in 1 / 10^FIELD_PLACE_DECIMALS degrees */
    };
    char buffer[128];
};

/*
 * One row for each key of the record, in the record's order. Whoever needs
 * to know what a record consists of (JSON, tables of databases, the schema,
 * the documentation) reads these rows.
 */
struct field {
    const char *name;
    enum field_type type;
    const char *unit; /* "" for none */
    const char *help; /* one line */
    /* Fill the value; @return false where the flow has none. */
    bool (*get)(const struct field *field, const struct record_source *source,
                struct field_value *value);
    /* What `get` is asked for, where it serves several rows. */
    uint8_t way;    /* enum way: of what client or server sent */
    uint8_t detail; /* enum attr, enum tcp_trouble or an IP version */
};

/* All rows; `*count` tells how many. */
const struct field *field_table(size_t *count);

#endif
