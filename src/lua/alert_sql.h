/* alert_sql: the little SQL that asks for alerts. SPDX-License-Identifier: MIT
 */
#ifndef KELVIN_LUA_ALERT_SQL_H
#define KELVIN_LUA_ALERT_SQL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/run/alert_row.h"

/*
 * Scripts for ntopng ask its tables of alerts by pieces of SQL. There are no
 * such tables here; this reads what these scripts say, and no more:
 *
 * selection  SELECT * | SELECT column, COUNT(*) [AS name], ... | DELETE
 * clauses    [WHERE condition] [GROUP BY column]
 *            [ORDER BY column [ASC|DESC]]
 *            [LIMIT [skip,] count | LIMIT count OFFSET skip]
 * condition  column (= == != <> < <= > >= LIKE) value, with AND, OR and
 *            parentheses; values are numbers, 'texts' and "texts"
 *
 * Columns are those of alert_row.h; a row without one does not match.
 */
#define ALERT_SQL_ITEMS 16
#define ALERT_SQL_NODES 64
#define ALERT_SQL_NAME_SIZE 32
#define ALERT_SQL_VALUE_SIZE 128

enum alert_sql_operator {
    ALERT_SQL_AND,
    ALERT_SQL_OR,
    ALERT_SQL_EQ,
    ALERT_SQL_NE,
    ALERT_SQL_LT,
    ALERT_SQL_LE,
    ALERT_SQL_GT,
    ALERT_SQL_GE,
    ALERT_SQL_LIKE, /* '%' stands for anything; case does not count */
};

struct alert_sql_node {
    enum alert_sql_operator operator;
    int left; /* nodes of AND and OR */
    int right;
    char column[ALERT_SQL_NAME_SIZE];
    char text[ALERT_SQL_VALUE_SIZE];
    bool is_number;
    int64_t number;
};

struct alert_sql_item {
    bool is_all;                      /* "*" */
    bool is_count;                    /* "COUNT(*)" */
    char column[ALERT_SQL_NAME_SIZE]; /* of neither */
    char name[ALERT_SQL_NAME_SIZE];   /* of the result */
};

struct alert_sql {
    bool is_delete;
    struct alert_sql_item items[ALERT_SQL_ITEMS];
    unsigned item_count;
    struct alert_sql_node nodes[ALERT_SQL_NODES];
    int node_count;
    int where;                       /* the root of the condition; -1: none */
    char group[ALERT_SQL_NAME_SIZE]; /* "": none, as the next */
    char order[ALERT_SQL_NAME_SIZE];
    bool is_descending;
    uint64_t skip;
    uint64_t limit; /* UINT64_MAX: none */
};

/* @return false with one line in `why`. `clauses` may be NULL. */
#define ALERT_SQL_WHY_SIZE 128
bool alert_sql_parse(struct alert_sql *sql, const char *selection,
                     const char *clauses, char why[ALERT_SQL_WHY_SIZE]);

bool alert_sql_matches(const struct alert_sql *sql,
                       const struct alert_row *row);

/* Whether rows are counted and not told. */
bool alert_sql_counts(const struct alert_sql *sql);

#endif
