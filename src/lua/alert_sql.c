/* alert_sql: the little SQL that asks for alerts. SPDX-License-Identifier: MIT
 */
#include "lua/alert_sql.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define DEPTH_MAX 16
#define WORD_SIZE ALERT_SQL_VALUE_SIZE

enum token {
    TOKEN_END,
    TOKEN_WORD,   /* a name or keyword */
    TOKEN_NUMBER, /* whole */
    TOKEN_TEXT,   /* in quotes */
    TOKEN_SIGN,   /* one or two signs */
    TOKEN_BAD,
};

struct parser {
    struct alert_sql *sql;
    const char *at; /* behind the token */
    enum token token;
    char word[WORD_SIZE];
    unsigned depth;
    const char *why; /* it is no good; NULL: so far it is */
};

/* Tokens */

static bool take(struct parser *parser, size_t len)
{
    if (len >= sizeof(parser->word)) {
        parser->token = TOKEN_BAD;
        return false;
    }
    memcpy(parser->word, parser->at, len);
    parser->word[len] = '\0';
    parser->at += len;
    return true;
}

/* A quote in a text is doubled. */
static enum token take_text(struct parser *parser)
{
    char quote = *parser->at++;
    size_t len = 0;

    for (; *parser->at != '\0'; parser->at++) {
        if (*parser->at == quote && *++parser->at != quote) {
            parser->word[len] = '\0';
            return TOKEN_TEXT;
        }
        if (len + 1 >= sizeof(parser->word))
            return TOKEN_BAD;
        parser->word[len++] = *parser->at;
    }
    return TOKEN_BAD;
}

static void next(struct parser *parser)
{
    static const char names[] = "abcdefghijklmnopqrstuvwxyz"
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789.";
    size_t len;

    while (isspace((unsigned char)*parser->at))
        parser->at++;
    parser->word[0] = '\0';
    if (*parser->at == ';' &&
        parser->at[strspn(parser->at, "; \t\r\n")] == '\0')
        parser->at += strlen(parser->at);
    if (*parser->at == '\0') {
        parser->token = TOKEN_END;
    } else if (*parser->at == '\'' || *parser->at == '"') {
        parser->token = take_text(parser);
    } else if (isdigit((unsigned char)*parser->at) ||
               (*parser->at == '-' && isdigit((unsigned char)parser->at[1]))) {
        parser->token = TOKEN_NUMBER;
        (void)take(parser, 1 + strspn(parser->at + 1, "0123456789"));
    } else if ((len = strspn(parser->at, names)) > 0) {
        parser->token = TOKEN_WORD;
        (void)take(parser, len);
    } else {
        len = strspn(parser->at, "<>=!");
        parser->token = TOKEN_SIGN;
        (void)take(parser, len > 2 ? 2 : len > 0 ? len : 1);
    }
}

static void fail(struct parser *parser, const char *why)
{
    if (parser->why == NULL)
        parser->why = why;
}

static bool is_word(const struct parser *parser, const char *word)
{
    return parser->token == TOKEN_WORD && strcasecmp(parser->word, word) == 0;
}

static bool is_sign(const struct parser *parser, const char *sign)
{
    return parser->token == TOKEN_SIGN && strcmp(parser->word, sign) == 0;
}

/* Go past it, if it is there. */
static bool accept_word(struct parser *parser, const char *word)
{
    if (!is_word(parser, word))
        return false;
    next(parser);
    return true;
}

static bool accept_sign(struct parser *parser, const char *sign)
{
    if (!is_sign(parser, sign))
        return false;
    next(parser);
    return true;
}

static void read_name(struct parser *parser, char name[ALERT_SQL_NAME_SIZE])
{
    if (parser->token != TOKEN_WORD ||
        strlen(parser->word) >= ALERT_SQL_NAME_SIZE)
        fail(parser, "a column is expected");
    else
        memcpy(name, parser->word, strlen(parser->word) + 1);
    next(parser);
}

static uint64_t read_count(struct parser *parser)
{
    uint64_t number = strtoull(parser->word, NULL, 10);

    if (parser->token != TOKEN_NUMBER || parser->word[0] == '-')
        fail(parser, "a number of rows is expected");
    next(parser);
    return number;
}

/* Conditions */

static int read_or(struct parser *parser);

static int add_node(struct parser *parser, const struct alert_sql_node *node)
{
    struct alert_sql *sql = parser->sql;

    if (sql->node_count == ALERT_SQL_NODES) {
        fail(parser, "there are too many conditions");
        return -1;
    }
    sql->nodes[sql->node_count] = *node;
    return sql->node_count++;
}

static void read_operator(struct parser *parser, struct alert_sql_node *node)
{
    static const struct {
        const char *sign;
        enum alert_sql_operator operator;
    } signs[] = {
        {"=", ALERT_SQL_EQ},  {"==", ALERT_SQL_EQ}, {"!=", ALERT_SQL_NE},
        {"<>", ALERT_SQL_NE}, {"<", ALERT_SQL_LT},  {"<=", ALERT_SQL_LE},
        {">", ALERT_SQL_GT},  {">=", ALERT_SQL_GE},
    };

    if (accept_word(parser, "LIKE")) {
        node->operator= ALERT_SQL_LIKE;
        return;
    }
    for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++)
        if (accept_sign(parser, signs[i].sign)) {
            node->operator= signs[i].operator;
            return;
        }
    fail(parser, "a comparison is expected");
}

static void read_value(struct parser *parser, struct alert_sql_node *node)
{
    char *end;

    if (parser->token != TOKEN_NUMBER && parser->token != TOKEN_TEXT)
        fail(parser, "a number or a text in quotes is expected");
    memcpy(node->text, parser->word, sizeof(node->text));
    errno = 0;
    node->number = strtoll(node->text, &end, 10);
    node->is_number = errno == 0 && end != node->text && *end == '\0';
    next(parser);
}

static int read_primary(struct parser *parser)
{
    struct alert_sql_node node = {.operator= ALERT_SQL_EQ };
    int inner;

    if (!accept_sign(parser, "(")) {
        read_name(parser, node.column);
        read_operator(parser, &node);
        read_value(parser, &node);
        return add_node(parser, &node);
    }
    if (++parser->depth > DEPTH_MAX) {
        fail(parser, "there are too many parentheses");
        return -1;
    }
    inner = read_or(parser);
    if (!accept_sign(parser, ")"))
        fail(parser, "a ')' is missing");
    parser->depth--;
    return inner;
}

static int read_and(struct parser *parser)
{
    int left = read_primary(parser);

    while (parser->why == NULL && accept_word(parser, "AND")) {
        struct alert_sql_node node = {.operator= ALERT_SQL_AND, .left = left};

        node.right = read_primary(parser);
        left = add_node(parser, &node);
    }
    return left;
}

static int read_or(struct parser *parser)
{
    int left = read_and(parser);

    while (parser->why == NULL && accept_word(parser, "OR")) {
        struct alert_sql_node node = {.operator= ALERT_SQL_OR, .left = left};

        node.right = read_and(parser);
        left = add_node(parser, &node);
    }
    return left;
}

/* Selection and clauses */

static void read_item(struct parser *parser)
{
    struct alert_sql *sql = parser->sql;
    struct alert_sql_item item = {0};

    if (accept_sign(parser, "*")) {
        item.is_all = true;
    } else if (accept_word(parser, "COUNT")) {
        item.is_count = true;
        if (!accept_sign(parser, "(") || !accept_sign(parser, "*") ||
            !accept_sign(parser, ")"))
            fail(parser, "COUNT counts '(*)'");
        memcpy(item.name, "COUNT(*)", sizeof("COUNT(*)"));
    } else {
        read_name(parser, item.column);
        memcpy(item.name, item.column, sizeof(item.name));
    }
    if (accept_word(parser, "AS") ||
        (!item.is_all && parser->token == TOKEN_WORD))
        read_name(parser, item.name);
    if (sql->item_count == ALERT_SQL_ITEMS)
        fail(parser, "there are too many columns");
    else
        sql->items[sql->item_count++] = item;
}

static void read_selection(struct parser *parser)
{
    if (accept_word(parser, "DELETE")) {
        parser->sql->is_delete = true;
    } else if (accept_word(parser, "SELECT")) {
        do
            read_item(parser);
        while (parser->why == NULL && accept_sign(parser, ","));
    } else {
        fail(parser, "SELECT or DELETE is expected");
    }
    if (parser->token != TOKEN_END)
        fail(parser, "the selection goes on with something unknown");
}

static void read_by(struct parser *parser, char column[ALERT_SQL_NAME_SIZE])
{
    if (!accept_word(parser, "BY"))
        fail(parser, "BY is expected");
    read_name(parser, column);
}

static void read_limit(struct parser *parser)
{
    struct alert_sql *sql = parser->sql;

    sql->limit = read_count(parser);
    if (accept_sign(parser, ",")) {
        sql->skip = sql->limit;
        sql->limit = read_count(parser);
    } else if (accept_word(parser, "OFFSET")) {
        sql->skip = read_count(parser);
    }
}

static void read_clauses(struct parser *parser)
{
    struct alert_sql *sql = parser->sql;

    if (accept_word(parser, "WHERE"))
        sql->where = read_or(parser);
    if (accept_word(parser, "GROUP"))
        read_by(parser, sql->group);
    if (accept_word(parser, "ORDER")) {
        read_by(parser, sql->order);
        sql->is_descending = accept_word(parser, "DESC");
        if (!sql->is_descending)
            (void)accept_word(parser, "ASC");
    }
    if (accept_word(parser, "LIMIT"))
        read_limit(parser);
    if (parser->token != TOKEN_END)
        fail(parser, "the clauses go on with something unknown");
}

bool alert_sql_parse(struct alert_sql *sql, const char *selection,
                     const char *clauses, char why[ALERT_SQL_WHY_SIZE])
{
    struct parser parser = {.sql = sql, .at = selection};

    memset(sql, 0, sizeof(*sql));
    sql->where = -1;
    sql->limit = UINT64_MAX;
    next(&parser);
    read_selection(&parser);
    parser.at = clauses != NULL ? clauses : "";
    next(&parser);
    if (parser.why == NULL)
        read_clauses(&parser);
    if (parser.why == NULL && sql->group[0] != '\0' && !alert_sql_counts(sql))
        fail(&parser, "groups are for COUNT(*)");
    if (parser.why != NULL)
        snprintf(why, ALERT_SQL_WHY_SIZE, "%s, at \"%.40s\"", parser.why,
                 parser.word);
    return parser.why == NULL;
}

bool alert_sql_counts(const struct alert_sql *sql)
{
    for (unsigned i = 0; i < sql->item_count; i++)
        if (sql->items[i].is_count)
            return true;
    return false;
}

/* Matching */

static char lower(char c)
{
    return (char)tolower((unsigned char)c);
}

/* Where they part, try again with one more behind the last '%'. */
static bool is_like(const char *text, const char *pattern)
{
    const char *any = NULL;
    const char *from = NULL;

    while (*text != '\0') {
        if (*pattern == '%') {
            any = ++pattern;
            from = text;
        } else if (lower(*pattern) == lower(*text)) {
            pattern++;
            text++;
        } else if (any != NULL) {
            pattern = any;
            text = ++from;
        } else {
            return false;
        }
    }
    return pattern[strspn(pattern, "%")] == '\0';
}

static bool compares(const struct alert_sql_node *node,
                     const struct alert_row *row)
{
    const char *text = alert_row_get(row, node->column);
    int64_t number;
    int order;

    if (text == NULL)
        return false;
    if (node->operator== ALERT_SQL_LIKE)
        return is_like(text, node->text);
    if (node->is_number && alert_row_number(row, node->column, &number))
        order = (number > node->number) - (number < node->number);
    else
        order = strcmp(text, node->text);
    switch (node->operator) {
    case ALERT_SQL_EQ:
        return order == 0;
    case ALERT_SQL_NE:
        return order != 0;
    case ALERT_SQL_LT:
        return order < 0;
    case ALERT_SQL_LE:
        return order <= 0;
    case ALERT_SQL_GT:
        return order > 0;
    default:
        return order >= 0;
    }
}

/* As deep as the text was: AND and OR lean to the left. */
static bool holds(const struct alert_sql *sql, int index,
                  const struct alert_row *row)
{
    const struct alert_sql_node *node = &sql->nodes[index];

    if (node->operator== ALERT_SQL_AND)
        return holds(sql, node->left, row) && holds(sql, node->right, row);
    if (node->operator== ALERT_SQL_OR)
        return holds(sql, node->left, row) || holds(sql, node->right, row);
    return compares(node, row);
}

bool alert_sql_matches(const struct alert_sql *sql, const struct alert_row *row)
{
    return sql->where < 0 || holds(sql, sql->where, row);
}
