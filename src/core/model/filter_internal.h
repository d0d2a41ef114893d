/* filter_internal: filters of all entities. SPDX-License-Identifier: MIT */
#ifndef KELVIN_MODEL_FILTER_INTERNAL_H
#define KELVIN_MODEL_FILTER_INTERNAL_H

#include "core/model/field.h"
#include "core/model/flow_filter.h"

/*
 * One language for all entities, see flow_filter.h: its names are the rows of
 * the entity's field table and a few of its own.
 */
#define FILTER_BOTH WAYS
/* Every test brings one "and" or "or" at most. "not" flips a node. */
#define FILTER_NODES_MAX (2 * FILTER_TESTS_MAX)

enum filter_op { OP_EQ, OP_NE, OP_LT, OP_LE, OP_GT, OP_GE, OP_HAS };

enum filter_node_kind { NODE_TEST, NODE_AND, NODE_OR };

/* What a value may look like. */
enum filter_value_kind {
    VALUE_NUMBER, /* whole */
    VALUE_DECIMAL,
    VALUE_TEXT,
    VALUE_YES,
    VALUE_ADDR,
    VALUE_NET,
    VALUE_HOST, /* a network, an address or a name */
    VALUE_MAC,
    VALUE_PROTO,
    VALUE_APP,
    VALUE_CATEGORY,
    VALUE_KINDS
};

/* A name of the language that is no row, or means more than one. */
struct filter_name {
    const char *name;
    enum filter_value_kind kind;
    const char *key; /* the row that is asked, or NULL */
    bool is_of_end;  /* the row's key has "cli." or "srv." before it */
};

struct filter_language {
    const struct filter_name *names;
    size_t count;
    const struct field_rows *rows;
    bool has_ends; /* client and server */
};

struct filter_value {
    const char *text;
    int64_t number;
    double decimal;
    struct addr addr;
    uint8_t mac[MAC_SIZE];
    uint8_t prefix; /* bits of addr that count, of 128 */
    bool is_net;    /* of VALUE_HOST: a network or address, no name */
};

struct filter_node {
    uint8_t kind;       /* enum filter_node_kind */
    uint8_t op;         /* enum filter_op, of a test; never OP_NE */
    uint8_t end;        /* enum way or FILTER_BOTH */
    uint8_t value_kind; /* enum filter_value_kind */
    bool is_of_end;
    bool is_not;
    uint8_t left; /* nodes of "and" and "or" */
    uint8_t right;
    const struct field *field[WAYS]; /* of the first alone, or of each end */
    struct filter_value value;
};

struct filter {
    struct filter_node nodes[FILTER_NODES_MAX];
    unsigned count;
    uint8_t root;
    bool is_empty;
    char *texts; /* the values, each ending in NUL */
};

/* Parse an expression into a zeroed filter, to be cleared in any case.
 * @return false with one line in `error` that names the place. */
bool filter_parse(struct filter *filter, const char *text,
                  const struct filter_language *language, const struct dpi *dpi,
                  struct strbuf *error);
void filter_clear(struct filter *filter);

/* Understand the text of a value, which must stay where it is.
 * @return false when it is none of this kind. */
bool filter_read_value(const struct dpi *dpi, enum filter_value_kind kind,
                       const char *text, struct filter_value *value);

/* Whether it is true for what `source` is about. */
bool filter_matches(const struct filter *filter,
                    const struct field_source *source);

#endif
