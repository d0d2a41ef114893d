/* option_value: text to value, by type. SPDX-License-Identifier: MIT */
#ifndef KELVIN_RUN_OPTION_VALUE_H
#define KELVIN_RUN_OPTION_VALUE_H

#include <stdbool.h>

#include "core/run/option_table.h"
#include "core/run/options.h"
#include "core/util/strbuf.h"

/* Where an option was read, for messages about it. */
struct option_where {
    const char *file; /* NULL: the command line */
    unsigned line;
    struct strbuf *error;
};

/* Put "FILE:LINE: " into the error when it was a file. Control characters of
 * all text that goes there are masked by option_add_text(). */
void option_begin_error(const struct option_where *where);

/* Append text of the admin's, masked and cut to a readable length. */
void option_add_text(struct strbuf *error, const char *text, size_t len);

/* Set every member to its row's preset; `options` needs no initialisation. */
void option_set_presets(struct options *options);

/*
 * Set the member of a row; an earlier value gives way, a list grows.
 * @param value is NULL for types without a value; copied.
 * @return false with one line in the error.
 */
bool option_set(struct options *options, const struct option_row *row,
                const char *value, const struct option_where *where);

/* Names of the flow classes, by enum options_flow_class. */
const char *option_flow_class_name(enum options_flow_class flow_class);

#endif
