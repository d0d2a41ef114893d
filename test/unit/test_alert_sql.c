/* test_alert_sql: what is understood of SQL. SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lua/alert_sql.h"

static struct alert_sql sql;
static char why[ALERT_SQL_WHY_SIZE];

static bool parse(const char *selection, const char *clauses)
{
    return alert_sql_parse(&sql, selection, clauses, why);
}

static struct alert_row *row(void)
{
    static struct alert_row one;

    alert_row_clear(&one);
    alert_row_int(&one, "alert_type", 2);
    alert_row_int(&one, "alert_tstamp", 1600000000);
    alert_row_text(&one, "alert_entity_val", "10.0.0.1@0");
    alert_row_text(&one, "alert_json", "A 'quoted' Text");
    alert_row_text(&one, "rowid", "15-2");
    return &one;
}

static void conditions_hold_or_not(void **state)
{
    static const struct {
        const char *where;
        bool holds;
    } cases[] = {
        {"alert_type = 2", true},
        {"alert_type == 2", true},
        {"alert_type != 2", false},
        {"alert_type <> 3", true},
        {"alert_type = \"2\"", true},
        {"alert_type > 10", false},
        {"alert_type < 10", true},
        {"alert_type >= -1", true},
        {"alert_tstamp >= 1600000000 AND alert_tstamp < 1600000001", true},
        {"alert_tstamp>=1600000000 and alert_tstamp<=1599999999", false},
        {"alert_entity_val = '10.0.0.1@0'", true},
        {"alert_entity_val = '10.0.0.1'", false},
        {"alert_entity_val LIKE '10.%'", true},
        {"alert_entity_val like '%.1@0'", true},
        {"alert_entity_val LIKE '%0.0%'", true},
        {"alert_entity_val LIKE '11%'", false},
        {"alert_json LIKE '%QUOTED%text'", true},
        {"alert_json = 'A ''quoted'' Text'", true},
        {"alert_json LIKE '%'", true},
        {"alert_json LIKE ''", false},
        {"rowid = '15-2'", true},
        {"nothing = 1", false},
        {"nothing != 1", false},
        {"alert_type = 3 OR alert_type = 2", true},
        {"alert_type = 2 AND alert_type = 3 OR rowid = '15-2'", true},
        {"alert_type = 2 AND (alert_type = 3 OR rowid = 'x')", false},
        {"((alert_type = 2))", true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char clauses[256];

        snprintf(clauses, sizeof(clauses), "WHERE %s", cases[i].where);
        if (!parse("SELECT *", clauses))
            fail_msg("%s: %s", clauses, why);
        if (alert_sql_matches(&sql, row()) != cases[i].holds)
            fail_msg("%s", clauses);
    }
    assert_true(parse("SELECT *", NULL));
    assert_true(alert_sql_matches(&sql, row()));
}

static void selections_and_clauses_are_read(void **state)
{
    (void)state;
    assert_true(parse("SELECT rowid, *", "ORDER BY alert_tstamp DESC "
                                         "LIMIT 20,10"));
    assert_int_equal(sql.item_count, 2);
    assert_string_equal(sql.items[0].name, "rowid");
    assert_true(sql.items[1].is_all);
    assert_string_equal(sql.order, "alert_tstamp");
    assert_true(sql.is_descending);
    assert_int_equal(sql.skip, 20);
    assert_int_equal(sql.limit, 10);
    assert_true(parse("select count(*) as count", "limit 5 offset 7;"));
    assert_true(alert_sql_counts(&sql));
    assert_string_equal(sql.items[0].name, "count");
    assert_int_equal(sql.limit, 5);
    assert_int_equal(sql.skip, 7);
    assert_true(parse("SELECT alert_type, COUNT(*)", "GROUP BY alert_type"));
    assert_string_equal(sql.items[1].name, "COUNT(*)");
    assert_string_equal(sql.group, "alert_type");
    assert_true(parse("DELETE ", "WHERE rowid = '1-0'"));
    assert_true(sql.is_delete);
}

static void all_else_is_refused(void **state)
{
    static const char *const bad[][2] = {
        {"", ""},
        {"DROP", ""},
        {"SELECT", ""},
        {"SELECT *,", ""},
        {"SELECT * FROM x", ""},
        {"SELECT SUM(alert_type)", ""},
        {"SELECT COUNT(alert_type)", ""},
        {"DELETE; SELECT *", ""},
        {"SELECT *", "; DELETE"},
        {"SELECT *", "WHERE"},
        {"SELECT *", "WHERE alert_type"},
        {"SELECT *", "WHERE alert_type ="},
        {"SELECT *", "WHERE alert_type = alert_entity"},
        {"SELECT *", "WHERE alert_type = 'x"},
        {"SELECT *", "WHERE alert_type + 1 = 2"},
        {"SELECT *", "WHERE (alert_type = 2"},
        {"SELECT *", "WHERE alert_type = 2)"},
        {"SELECT *", "WHERE alert_type = 2 AND"},
        {"SELECT *", "WHERE a_name_that_is_much_too_long_for_a_column = 1"},
        {"SELECT *", "ORDER alert_type"},
        {"SELECT *", "GROUP BY alert_type"},
        {"SELECT *", "LIMIT -1"},
        {"SELECT *", "LIMIT x"},
        {"SELECT *", "LIMIT 1 UNION SELECT 1"},
        {"SELECT *", "HAVING 1 = 1"},
    };
    char many[4096] = "WHERE a = 1";
    char deep[128] = "WHERE ";

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (parse(bad[i][0], bad[i][1]))
            fail_msg("%s %s", bad[i][0], bad[i][1]);
    }
    assert_true(parse("DELETE ; ", " ;"));
    for (int i = 0; i < ALERT_SQL_NODES; i++)
        strcat(many, " OR a = 1");
    assert_false(parse("SELECT *", many));
    memset(deep + 6, '(', 40);
    strcpy(deep + 46, "a = 1");
    assert_false(parse("SELECT *", deep));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conditions_hold_or_not),
        cmocka_unit_test(selections_and_clauses_are_read),
        cmocka_unit_test(all_else_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
