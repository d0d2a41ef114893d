/* filter_parse: an expression's tree. SPDX-License-Identifier: MIT */
/*
 * A parser by descent. What it makes is an array of nodes that refer to each
 * other by place; the texts of values lie in a copy of the expression.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/model/filter_internal.h"
#include "core/util/mem.h"
#include "core/util/utf8.h"

#define SHOWN_MAX 40 /* bytes of the expression in a message */
#define END_PREFIX 4 /* bytes of "cli." and "srv." */
#define END_KEY_SIZE 64

struct parser {
    const char *text;
    const char *at;
    const struct filter_language *language;
    struct filter *filter;
    char *texts; /* where the next value goes */
    const struct dpi *dpi;
    struct strbuf *error;
    unsigned tests;
    unsigned depth;
};

/* Say what is wrong at a place. @return false. */
static bool fail(struct parser *parser, const char *at, const char *what)
{
    char shown[SHOWN_MAX + 1];
    size_t len = strnlen(at, SHOWN_MAX);

    if (len == 0)
        strbuf_printf(parser->error, "filter: %s at the end", what);
    else {
        utf8_clean(shown, sizeof(shown), at, len);
        strbuf_printf(parser->error, "filter: %s at character %zu: %s", what,
                      (size_t)(at - parser->text) + 1, shown);
    }
    return false;
}

static void skip_blanks(struct parser *parser)
{
    while (*parser->at == ' ' || *parser->at == '\t' || *parser->at == '\n' ||
           *parser->at == '\r')
        parser->at++;
}

/* What a word may consist of: names, numbers, addresses, host names. */
static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9') || (unsigned char)c >= 0x80 ||
           (c != '\0' && strchr("_.:/@*-+%?&;,#$'", c) != NULL);
}

static size_t word_len(const char *at)
{
    size_t len = 0;

    while (is_word(at[len]))
        len++;
    return len;
}

/* Whether this word is at this place. */
static bool has_word(const char *at, const char *word)
{
    size_t len = strlen(word);

    return word_len(at) == len && strncasecmp(at, word, len) == 0;
}

/* Take this word of the language, if it is next. */
static bool take_word(struct parser *parser, const char *word)
{
    skip_blanks(parser);
    if (!has_word(parser->at, word))
        return false;
    parser->at += strlen(word);
    return true;
}

static bool take_char(struct parser *parser, char c)
{
    skip_blanks(parser);
    if (*parser->at != c)
        return false;
    parser->at++;
    return true;
}

/* Names */

static const struct filter_name *
find_name(const struct filter_language *language, const char *word, size_t len)
{
    for (size_t i = 0; i < language->count; i++) {
        const struct filter_name *name = &language->names[i];

        if (strlen(name->name) == len &&
            strncasecmp(name->name, word, len) == 0)
            return name;
    }
    return NULL;
}

/* The row with an end's prefix before its key, or NULL. */
static const struct field *find_end(const struct filter_language *language,
                                    enum way way, const char *key, size_t len)
{
    char full[END_KEY_SIZE];

    if (len + END_PREFIX >= sizeof(full))
        return NULL;
    memcpy(full, way == WAY_SENT ? "cli." : "srv.", END_PREFIX);
    memcpy(full + END_PREFIX, key, len);
    return field_find(language->rows, full, len + END_PREFIX);
}

/* Ask the rows of both ends. @return false: there are none. */
static bool use_ends(struct filter_node *node,
                     const struct filter_language *language, const char *key,
                     size_t len)
{
    node->is_of_end = true;
    for (enum way way = 0; way < WAYS; way++)
        node->field[way] = find_end(language, way, key, len);
    return node->field[WAY_SENT] != NULL && node->field[WAY_RCVD] != NULL;
}

static void use_name(struct filter_node *node,
                     const struct filter_language *language,
                     const struct filter_name *name)
{
    node->value_kind = (uint8_t)name->kind;
    node->is_of_end = name->is_of_end;
    if (name->key == NULL)
        return;
    if (name->is_of_end)
        use_ends(node, language, name->key, strlen(name->key));
    else
        node->field[0] =
            field_find(language->rows, name->key, strlen(name->key));
    assert(node->field[0] != NULL);
}

/* What the values of a row look like. @return false: it has no single one. */
static bool use_kind(struct filter_node *node)
{
    switch (node->field[0]->type) {
    case FIELD_NUMBER:
        node->value_kind = VALUE_NUMBER;
        return true;
    case FIELD_THOUSANDTHS:
    case FIELD_DECIMAL:
        node->value_kind = VALUE_DECIMAL;
        return true;
    case FIELD_TEXT:
        node->value_kind = VALUE_TEXT;
        return true;
    case FIELD_FLAG:
        node->value_kind = VALUE_YES;
        return true;
    default:
        return false;
    }
}

/* A name of the language, "cli." or "srv." and one of an end, a row, or what
 * rows of both ends are called without their prefix. */
static bool parse_name(struct parser *parser, struct filter_node *node)
{
    const struct filter_language *language = parser->language;
    const char *word = parser->at;
    size_t len = word_len(word);
    const struct filter_name *name = find_name(language, word, len);

    parser->at += len;
    node->end = FILTER_BOTH;
    if (language->has_ends && len > END_PREFIX) {
        if (strncasecmp(word, "cli.", END_PREFIX) == 0)
            node->end = WAY_SENT;
        else if (strncasecmp(word, "srv.", END_PREFIX) == 0)
            node->end = WAY_RCVD;
        if (node->end != FILTER_BOTH)
            name = find_name(language, word + END_PREFIX, len - END_PREFIX);
    }
    if (name != NULL && (node->end == FILTER_BOTH || name->is_of_end)) {
        use_name(node, language, name);
        return true;
    }
    node->field[0] = field_find(language->rows, word, len);
    if (node->field[0] == NULL &&
        (!language->has_ends || !use_ends(node, language, word, len)))
        return fail(parser, word, len == 0 ? "no name" : "unknown name");
    return use_kind(node) || fail(parser, word, "this name is a table");
}

/* Operators */

static bool has_order(const struct filter_node *node)
{
    return node->value_kind == VALUE_NUMBER ||
           node->value_kind == VALUE_DECIMAL;
}

static bool has_text(const struct filter_node *node)
{
    return node->field[0] != NULL && node->field[0]->type == FIELD_TEXT;
}

static bool is_value(const char *at)
{
    return *at == '"' ||
           (word_len(at) != 0 && !has_word(at, "and") && !has_word(at, "or") &&
            !has_word(at, "not") && !has_word(at, "in"));
}

static bool take_op(struct parser *parser, struct filter_node *node)
{
    static const struct {
        char text[3];
        uint8_t op;
    } ops[] = {{"==", OP_EQ}, {"!=", OP_NE}, {"<=", OP_LE}, {">=", OP_GE},
               {"=", OP_EQ},  {"<", OP_LT},  {">", OP_GT},  {"~", OP_HAS}};

    for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
        size_t len = strlen(ops[i].text);

        if (strncmp(parser->at, ops[i].text, len) != 0)
            continue;
        parser->at += len;
        node->op = ops[i].op;
        return true;
    }
    return false;
}

/* None before a value is "=". */
static bool parse_op(struct parser *parser, struct filter_node *node)
{
    const char *start;

    skip_blanks(parser);
    start = parser->at;
    if (!take_op(parser, node)) {
        node->op = OP_EQ;
        return is_value(start) ||
               fail(parser, start, "no operator (= != < <= > >= ~ in)");
    }
    if (node->op >= OP_LT && node->op <= OP_GE && !has_order(node))
        return fail(parser, start, "this name has no order");
    if (node->op == OP_HAS && !has_text(node))
        return fail(parser, start, "this name is no text");
    if (node->op == OP_NE) {
        node->op = OP_EQ;
        node->is_not = true;
    }
    return true;
}

/* Values */

/* The next value as text, a word (in a list none has a comma) or what is in
 * quotes; NULL: there is none, and it was said. */
static const char *take_value(struct parser *parser, bool in_list)
{
    char *to = parser->texts;
    const char *start;
    size_t len;

    skip_blanks(parser);
    start = parser->at;
    if (*start != '"') {
        len = word_len(start);
        if (in_list && memchr(start, ',', len) != NULL)
            len = (size_t)((const char *)memchr(start, ',', len) - start);
        if (len == 0)
            return fail(parser, start, "no value"), NULL;
        memcpy(to, start, len);
        parser->at += len;
        to += len;
    } else {
        while (*++parser->at != '"') {
            if (*parser->at == '\\' &&
                (parser->at[1] == '"' || parser->at[1] == '\\'))
                parser->at++;
            if (*parser->at == '\0')
                return fail(parser, start, "no end of the quotes"), NULL;
            *to++ = *parser->at;
        }
        parser->at++;
    }
    *to++ = '\0';
    start = parser->texts;
    parser->texts = to;
    return start;
}

static bool parse_value(struct parser *parser, struct filter_node *node,
                        bool in_list)
{
    static const char *const wrong[VALUE_KINDS] = {
        [VALUE_NUMBER] = "no whole number",
        [VALUE_DECIMAL] = "no number",
        [VALUE_YES] = "neither yes nor no",
        [VALUE_ADDR] = "no address",
        [VALUE_NET] = "no network",
        [VALUE_MAC] = "no MAC address",
        [VALUE_PROTO] = "unknown IP protocol",
        [VALUE_APP] = "unknown application",
        [VALUE_CATEGORY] = "unknown category",
    };
    const char *start;
    const char *text;

    skip_blanks(parser);
    start = parser->at;
    text = take_value(parser, in_list);
    if (text == NULL)
        return false;
    node->value.text = text;
    return node->op == OP_HAS ||
           filter_read_value(parser->dpi, node->value_kind, text,
                             &node->value) ||
           fail(parser, start, wrong[node->value_kind]);
}

/* A new node, zeroed. Their number is bounded by that of the tests. */
static uint8_t new_node(struct parser *parser, enum filter_node_kind kind)
{
    assert(parser->filter->count < FILTER_NODES_MAX);
    parser->filter->nodes[parser->filter->count].kind = (uint8_t)kind;
    return (uint8_t)parser->filter->count++;
}

/* The node of one more test. @return false: there are too many. */
static bool new_test(struct parser *parser, uint8_t *place)
{
    if (parser->tests++ == FILTER_TESTS_MAX)
        return fail(parser, parser->at, "too many tests");
    *place = new_node(parser, NODE_TEST);
    return true;
}

/* What follows "in": a value, or several in parentheses with commas between
 * them, each of which is a test. */
static bool parse_list(struct parser *parser, uint8_t *place)
{
    struct filter_node *nodes = parser->filter->nodes;
    uint8_t first = *place;
    uint8_t last = first;

    if (nodes[first].value_kind == VALUE_ADDR)
        nodes[first].value_kind = VALUE_NET;
    if (!take_char(parser, '('))
        return parse_value(parser, &nodes[first], false);
    while (parse_value(parser, &nodes[last], true)) {
        uint8_t left = *place;

        if (take_char(parser, ')'))
            return true;
        if (!take_char(parser, ','))
            return fail(parser, parser->at, "neither , nor )");
        if (!new_test(parser, &last))
            return false;
        nodes[last] = nodes[first];
        *place = new_node(parser, NODE_OR);
        nodes[*place].left = left;
        nodes[*place].right = last;
    }
    return false;
}

/* Whether a name is all there is of a test, as in "local and not vlan=5". */
static bool is_alone(struct parser *parser, const struct filter_node *node)
{
    const char *at;

    skip_blanks(parser);
    at = parser->at;
    return node->value_kind == VALUE_YES &&
           (*at == '\0' || *at == ')' || has_word(at, "and") ||
            has_word(at, "or"));
}

static bool parse_test(struct parser *parser, uint8_t *place)
{
    struct filter_node *node;
    const char *start;
    bool is_not;

    skip_blanks(parser);
    if (!new_test(parser, place))
        return false;
    node = &parser->filter->nodes[*place];
    if (!parse_name(parser, node))
        return false;
    if (is_alone(parser, node)) {
        node->value.number = 1;
        return true;
    }
    start = parser->at;
    is_not = take_word(parser, "not");
    if (!take_word(parser, "in")) {
        parser->at = start;
        return parse_op(parser, node) && parse_value(parser, node, false);
    }
    if (!parse_list(parser, place))
        return false;
    parser->filter->nodes[*place].is_not = is_not;
    return true;
}

static bool parse_or(struct parser *parser, uint8_t *place);

static bool parse_negation(struct parser *parser, uint8_t *place)
{
    const char *start;
    bool is_not;

    skip_blanks(parser);
    start = parser->at;
    is_not = take_word(parser, "not");
    if (!is_not && !take_char(parser, '('))
        return parse_test(parser, place);
    if (parser->depth == FILTER_DEPTH_MAX)
        return fail(parser, start, "too deep");
    parser->depth++;
    if (is_not) {
        if (!parse_negation(parser, place))
            return false;
        parser->filter->nodes[*place].is_not ^= true;
    } else {
        if (!parse_or(parser, place))
            return false;
        if (!take_char(parser, ')'))
            return fail(parser, parser->at, "no )");
    }
    parser->depth--;
    return true;
}

/* Operands of one word, from the left. */
static bool parse_chain(struct parser *parser, enum filter_node_kind kind,
                        bool (*operand)(struct parser *parser, uint8_t *place),
                        uint8_t *place)
{
    if (!operand(parser, place))
        return false;
    while (take_word(parser, kind == NODE_AND ? "and" : "or")) {
        uint8_t left = *place;
        uint8_t right;

        if (!operand(parser, &right))
            return false;
        *place = new_node(parser, kind);
        parser->filter->nodes[*place].left = left;
        parser->filter->nodes[*place].right = right;
    }
    return true;
}

static bool parse_and(struct parser *parser, uint8_t *place)
{
    return parse_chain(parser, NODE_AND, parse_negation, place);
}

static bool parse_or(struct parser *parser, uint8_t *place)
{
    return parse_chain(parser, NODE_OR, parse_and, place);
}

bool filter_parse(struct filter *filter, const char *text,
                  const struct filter_language *language, const struct dpi *dpi,
                  struct strbuf *error)
{
    struct parser parser = {
        .text = text,
        .at = text,
        .language = language,
        .filter = filter,
        .dpi = dpi,
        .error = error,
    };
    size_t len = strnlen(text, FILTER_TEXT_MAX + 1);

    if (len > FILTER_TEXT_MAX) {
        strbuf_printf(error, "filter: longer than %d bytes", FILTER_TEXT_MAX);
        return false;
    }
    /* A value needs one byte more than it takes; its operator, blank or comma
     * gives it, but the last one's. */
    filter->texts = mem_alloc(len + 1);
    parser.texts = filter->texts;
    skip_blanks(&parser);
    filter->is_empty = *parser.at == '\0';
    if (filter->is_empty)
        return true;
    if (!parse_or(&parser, &filter->root))
        return false;
    skip_blanks(&parser);
    return *parser.at == '\0' ||
           fail(&parser, parser.at, "neither \"and\" nor \"or\"");
}

void filter_clear(struct filter *filter)
{
    free(filter->texts);
    filter->texts = NULL;
}
