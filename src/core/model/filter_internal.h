/* filter_internal: what its two files share. SPDX-License-Identifier: MIT
 */
#ifndef KELVIN_MODEL_FILTER_INTERNAL_H
#define KELVIN_MODEL_FILTER_INTERNAL_H

#include "core/model/flow_filter.h"

#define FILTER_BOTH 2
/* Every test brings one "and" or "or" at most. "not" flips a node. */
#define FILTER_NODES_MAX (2 * FLOW_FILTER_TESTS_MAX)

enum filter_op { OP_EQ, OP_NE, OP_LT, OP_LE, OP_GT, OP_GE, OP_HAS, FILTER_OPS };

enum filter_node_kind { NODE_TEST, NODE_AND, NODE_OR };

struct filter_value {
    const char *text;
    int64_t number;
    struct addr addr;
    uint8_t mac[MAC_SIZE];
    uint8_t prefix; /* bits of addr that count, of 128 */
};

struct filter_node {
    uint8_t kind; /* enum filter_node_kind */
    uint8_t op;   /* enum filter_op, of a test; never OP_NE */
    uint8_t end;  /* enum way or FILTER_BOTH */
    bool is_not;
    uint8_t left; /* nodes of "and" and "or" */
    uint8_t right;
    const struct filter_name *name;
    struct filter_value value;
};

struct flow_filter {
    struct filter_node nodes[FILTER_NODES_MAX];
    unsigned count;
    uint8_t root;
    bool is_empty;
    char *texts; /* the values, each ending in NUL */
};

struct filter_subject {
    const struct iface *iface;
    const struct flow *flow;
};

/* What a value may look like. */
enum filter_value_kind {
    VALUE_NUMBER,
    VALUE_TEXT,
    VALUE_ADDR,
    VALUE_NET,
    VALUE_MAC,
    VALUE_YES,
    VALUE_PROTO,
    VALUE_APP,
    VALUE_CATEGORY,
    VALUE_KINDS
};

/* One row for each name of the language. */
struct filter_name {
    const char *name;
    enum filter_value_kind kind;
    bool is_of_end;
    uint8_t detail; /* what `number` is asked for, where it serves several */
    int64_t (*number)(const struct filter_subject *subject,
                      const struct filter_name *name, enum way way);
    const char *(*text)(const struct filter_subject *subject, enum way way,
                        char buffer[128]);
};

/* The row of a name of `len` bytes in any case, or NULL. */
const struct filter_name *flow_filter_name(const char *name, size_t len);

#endif
