/* filter_parse: an expression's tree. SPDX-License-Identifier: MIT */
/*
 * A parser by descent over the rows of one table. What it makes is an array of
 * nodes that refer to each other by place; the texts of values lie in a copy
 * of the expression.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/model/filter_internal.h"
#include "core/packet/l4.h"
#include "core/util/mem.h"
#include "core/util/utf8.h"

#define SHOWN_MAX 40 /* bytes of the expression in a message */
#define PREFIX_V4 96 /* bits before an IPv4 address, see addr.h */

struct parser {
    const char *text;
    const char *at;
    struct flow_filter *filter;
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

/* Take this word of the language, if it is next. */
static bool take_word(struct parser *parser, const char *word)
{
    size_t len = strlen(word);

    skip_blanks(parser);
    if (word_len(parser->at) != len || strncasecmp(parser->at, word, len) != 0)
        return false;
    parser->at += len;
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

static bool parse_name(struct parser *parser, struct filter_node *node)
{
    const char *start = parser->at;
    size_t len = word_len(start);
    const char *word = start;

    node->end = FILTER_BOTH;
    if (len > 4 && strncasecmp(word, "cli.", 4) == 0)
        node->end = WAY_SENT;
    else if (len > 4 && strncasecmp(word, "srv.", 4) == 0)
        node->end = WAY_RCVD;
    parser->at += len;
    if (node->end != FILTER_BOTH) {
        word += 4;
        len -= 4;
    }
    node->name = flow_filter_name(word, len);
    if (node->name != NULL &&
        (node->end == FILTER_BOTH || node->name->is_of_end))
        return true;
    return fail(parser, start, len == 0 ? "no name" : "unknown name");
}

static bool parse_op(struct parser *parser, struct filter_node *node)
{
    static const struct {
        char text[3];
        uint8_t op;
    } ops[] = {{"==", OP_EQ}, {"!=", OP_NE}, {"<=", OP_LE}, {">=", OP_GE},
               {"=", OP_EQ},  {"<", OP_LT},  {">", OP_GT},  {"~", OP_HAS}};
    const char *start;

    skip_blanks(parser);
    start = parser->at;
    for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
        size_t len = strlen(ops[i].text);

        if (strncmp(start, ops[i].text, len) != 0)
            continue;
        parser->at += len;
        node->op = ops[i].op;
        if (node->op >= OP_LT && node->op <= OP_GE &&
            node->name->kind != VALUE_NUMBER)
            return fail(parser, start, "this name has no order");
        if (node->op == OP_HAS && node->name->text == NULL)
            return fail(parser, start, "this name is no text");
        if (node->op == OP_NE) {
            node->op = OP_EQ;
            node->is_not = true;
        }
        return true;
    }
    return fail(parser, start, "no operator (= != < <= > >= ~)");
}

/* The next value as text, a word or what is in quotes; NULL: there is none,
 * and it was said. */
static const char *take_value(struct parser *parser)
{
    char *to = parser->texts;
    const char *start;
    size_t len;

    skip_blanks(parser);
    start = parser->at;
    if (*start != '"') {
        len = word_len(start);
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

static bool read_number(const char *text, int64_t *number)
{
    unsigned long long whole;
    uint64_t scale = 1;
    bool is_negative = *text == '-';
    char *end;

    text += is_negative;
    if (*text < '0' || *text > '9')
        return false;
    whole = strtoull(text, &end, 10);
    switch (*end) {
    case 'k':
    case 'K':
        scale = 1000;
        break;
    case 'm':
    case 'M':
        scale = 1000 * 1000;
        break;
    case 'g':
    case 'G':
        scale = 1000 * 1000 * 1000;
        break;
    default:
        break;
    }
    if (end[scale > 1] != '\0' || whole > INT64_MAX / scale)
        return false;
    *number = (int64_t)(whole * scale);
    if (is_negative)
        *number = -*number;
    return true;
}

static bool read_net(char *text, struct filter_value *value)
{
    char *slash = strchr(text, '/');
    unsigned least = 0;
    unsigned bits = 128;

    if (slash != NULL)
        *slash++ = '\0';
    if (!addr_parse(text, &value->addr))
        return false;
    if (addr_is_v4(&value->addr))
        least = PREFIX_V4;
    if (slash != NULL) {
        char *end;
        unsigned long prefix = strtoul(slash, &end, 10);

        if (*slash < '0' || *slash > '9' || *end != '\0' ||
            prefix > 128 - least)
            return false;
        bits = (unsigned)prefix + least;
    }
    value->prefix = (uint8_t)bits;
    return true;
}

static bool read_yes(const char *text, int64_t *number)
{
    static const char *const yes[] = {"yes", "true", "1"};
    static const char *const no[] = {"no", "false", "0"};

    for (int i = 0; i < 3; i++) {
        *number = strcasecmp(text, yes[i]) == 0;
        if (*number != 0 || strcasecmp(text, no[i]) == 0)
            return true;
    }
    return false;
}

static bool read_id(const char *text, int id, unsigned limit, int64_t *number)
{
    *number = id;
    return id >= 0 || (read_number(text, number) && *number >= 0 &&
                       *number < (int64_t)limit);
}

/* Understand the text of a value. @return false when it is none of these. */
static bool read_value(const struct parser *parser, enum filter_value_kind kind,
                       char *text, struct filter_value *value)
{
    switch (kind) {
    case VALUE_NUMBER:
        return read_number(text, &value->number);
    case VALUE_ADDR:
        value->prefix = 128;
        return addr_parse(text, &value->addr);
    case VALUE_NET:
        return read_net(text, value);
    case VALUE_MAC:
        return mac_parse(text, value->mac);
    case VALUE_YES:
        return read_yes(text, &value->number);
    case VALUE_PROTO:
        value->number = l4_number(text);
        return value->number >= 0;
    case VALUE_APP:
        return read_id(text, dpi_app_id(parser->dpi, text), DPI_APPS,
                       &value->number);
    case VALUE_CATEGORY:
        return read_id(text, dpi_category_id(parser->dpi, text),
                       dpi_categories(), &value->number);
    default:
        return true;
    }
}

static bool parse_value(struct parser *parser, struct filter_node *node)
{
    static const char *const wrong[VALUE_KINDS] = {
        [VALUE_NUMBER] = "no number",
        [VALUE_ADDR] = "no address",
        [VALUE_NET] = "no network",
        [VALUE_MAC] = "no MAC address",
        [VALUE_YES] = "neither yes nor no",
        [VALUE_PROTO] = "unknown IP protocol",
        [VALUE_APP] = "unknown application",
        [VALUE_CATEGORY] = "unknown category",
    };
    char *texts = parser->texts;
    const char *start;
    const char *text;

    skip_blanks(parser);
    start = parser->at;
    text = take_value(parser);
    if (text == NULL)
        return false;
    node->value.text = text;
    return node->op == OP_HAS ||
           read_value(parser, node->name->kind, texts, &node->value) ||
           fail(parser, start, wrong[node->name->kind]);
}

/* A new node, zeroed. Their number is bounded by that of the tests. */
static uint8_t new_node(struct parser *parser, enum filter_node_kind kind)
{
    assert(parser->filter->count < FILTER_NODES_MAX);
    parser->filter->nodes[parser->filter->count].kind = (uint8_t)kind;
    return (uint8_t)parser->filter->count++;
}

static bool parse_test(struct parser *parser, uint8_t *place)
{
    struct filter_node *node;

    skip_blanks(parser);
    if (parser->tests++ == FLOW_FILTER_TESTS_MAX)
        return fail(parser, parser->at, "too many tests");
    *place = new_node(parser, NODE_TEST);
    node = &parser->filter->nodes[*place];
    return parse_name(parser, node) && parse_op(parser, node) &&
           parse_value(parser, node);
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
    if (parser->depth == FLOW_FILTER_DEPTH_MAX)
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

struct flow_filter *flow_filter_new(const char *text, const struct dpi *dpi,
                                    struct strbuf *error)
{
    struct parser parser = {
        .text = text, .at = text, .dpi = dpi, .error = error};
    size_t len = strnlen(text, FLOW_FILTER_TEXT_MAX + 1);
    struct flow_filter *filter;

    if (len > FLOW_FILTER_TEXT_MAX) {
        strbuf_printf(error, "filter: longer than %d bytes",
                      FLOW_FILTER_TEXT_MAX);
        return NULL;
    }
    filter = mem_calloc(1, sizeof(*filter));
    /* A value needs one byte more than it takes, its operator gives it. */
    filter->texts = mem_alloc(len + 1);
    parser.filter = filter;
    parser.texts = filter->texts;
    skip_blanks(&parser);
    filter->is_empty = *parser.at == '\0';
    if (filter->is_empty)
        return filter;
    if (parse_or(&parser, &filter->root)) {
        skip_blanks(&parser);
        if (*parser.at == '\0')
            return filter;
        fail(&parser, parser.at, "neither \"and\" nor \"or\"");
    }
    flow_filter_free(filter);
    return NULL;
}

void flow_filter_free(struct flow_filter *filter)
{
    if (filter == NULL)
        return;
    free(filter->texts);
    free(filter);
}
