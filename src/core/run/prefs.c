/* prefs: what is set while kelvin runs. SPDX-License-Identifier: MIT */
#include "core/run/prefs.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/run/option_value.h"
#include "core/util/log.h"
#include "core/util/mem.h"

/* As they are read; decimal digits and a sign. */
#define NUMBER_LEN 20

struct value {
    char *text; /* as Redis has or would have it */
    int64_t number;
    uint64_t stamp; /* when prefs_set() was */
    char *refused;  /* the bad value that was logged, or NULL */
};

struct listener {
    void (*changed)(void *arg, enum pref pref);
    void *arg;
};

struct prefs {
    struct store *store;
    struct value values[PREFS_COUNT];
    uint64_t stamp;
    struct listener listeners[PREFS_LISTENERS];
    unsigned listeners_count;
};

void pref_explain(const struct pref_row *row, struct strbuf *text)
{
    switch (row->type) {
    case PREF_BOOL:
        strbuf_puts(text, "1 or 0");
        break;
    case PREF_INT:
        strbuf_printf(text, "a number from %" PRId64 " to %" PRId64 "%s%s",
                      row->min, row->max, row->unit != NULL ? " " : "",
                      row->unit != NULL ? row->unit : "");
        break;
    case PREF_CHOICE:
        strbuf_puts(text, "one of ");
        for (const char *at = row->choices; *at != '\0'; at++)
            strbuf_printf(text, *at == '|' ? ", " : "%c", *at);
        break;
    case PREF_TEXT:
        strbuf_printf(text, "a text of at most %" PRId64 " bytes", row->max);
        break;
    }
}

/* ntopng writes digits; hands and scripts write words. */
static bool parse_bool(const char *text, int64_t *number)
{
    static const char *const words[2][4] = {{"0", "false", "no", "disabled"},
                                            {"1", "true", "yes", "enabled"}};

    for (unsigned i = 0; i < 2 * 4; i++) {
        if (strcmp(text, words[i / 4][i % 4]) == 0) {
            *number = i / 4;
            return true;
        }
    }
    return false;
}

static bool parse_int(const struct pref_row *row, const char *text,
                      int64_t *number)
{
    size_t len = strlen(text);
    char *end;

    if (len == 0 || len > NUMBER_LEN || strspn(text, "-0123456789") != len)
        return false;
    *number = strtoll(text, &end, 10);
    return *end == '\0' && *number >= row->min && *number <= row->max;
}

static bool parse_choice(const struct pref_row *row, const char *text,
                         int64_t *number)
{
    size_t len = strlen(text);
    const char *at = row->choices;

    for (*number = 0;; ++*number) {
        size_t this = strcspn(at, "|");

        if (this == len && memcmp(at, text, len) == 0)
            return true;
        if (at[this] == '\0')
            return false;
        at += this + 1;
    }
}

static bool parse_text(const struct pref_row *row, const char *text)
{
    for (const char *at = text; *at != '\0'; at++)
        if ((unsigned char)*at < ' ' || *at == 127)
            return false;
    return strlen(text) <= (size_t)row->max;
}

static bool parse(const struct pref_row *row, const char *text, int64_t *number)
{
    *number = 0;
    switch (row->type) {
    case PREF_BOOL:
        return parse_bool(text, number);
    case PREF_INT:
        return parse_int(row, text, number);
    case PREF_CHOICE:
        return parse_choice(row, text, number);
    case PREF_TEXT:
        return parse_text(row, text);
    }
    return false;
}

/* Put the value there. @return whether it is another one. */
static bool put(struct prefs *prefs, enum pref pref, const char *text,
                int64_t number)
{
    const struct pref_row *row = pref_row(pref);
    struct value *value = &prefs->values[pref];
    char digits[NUMBER_LEN + 2];

    free(value->refused);
    value->refused = NULL;
    if (row->type == PREF_BOOL || row->type == PREF_INT) {
        snprintf(digits, sizeof(digits), "%" PRId64, number);
        text = digits;
    }
    if (value->text != NULL && strcmp(value->text, text) == 0)
        return false;
    text = mem_strdup(text); /* it may be the old one */
    free(value->text);
    value->text = (char *)text;
    value->number = number;
    return true;
}

/* Put the preset there. @return whether it is another one. */
static bool put_preset(struct prefs *prefs, enum pref pref)
{
    const char *preset = pref_row(pref)->preset;
    int64_t number;
    bool is_good = parse(pref_row(pref), preset, &number);

    assert(is_good);
    (void)is_good;
    return put(prefs, pref, preset, number);
}

struct prefs *prefs_new(struct store *store)
{
    struct prefs *prefs = mem_calloc(1, sizeof(*prefs));

    prefs->store = store;
    for (unsigned pref = 0; pref < PREFS_COUNT; pref++)
        put_preset(prefs, (enum pref)pref);
    return prefs;
}

void prefs_free(struct prefs *prefs)
{
    if (prefs == NULL)
        return;
    for (unsigned pref = 0; pref < PREFS_COUNT; pref++) {
        free(prefs->values[pref].text);
        free(prefs->values[pref].refused);
    }
    free(prefs);
}

bool prefs_bool(const struct prefs *prefs, enum pref pref)
{
    assert(pref_row(pref)->type == PREF_BOOL);
    return prefs->values[pref].number != 0;
}

int64_t prefs_int(const struct prefs *prefs, enum pref pref)
{
    return prefs->values[pref].number;
}

const char *prefs_text(const struct prefs *prefs, enum pref pref)
{
    return prefs->values[pref].text;
}

const char *prefs_get_text(const struct prefs *prefs, const char *key)
{
    enum pref pref = pref_find(key);

    return pref != PREFS_COUNT ? prefs->values[pref].text : NULL;
}

void prefs_listen(struct prefs *prefs, void (*changed)(void *arg, enum pref),
                  void *arg)
{
    assert(prefs->listeners_count < PREFS_LISTENERS);
    prefs->listeners[prefs->listeners_count++] =
        (struct listener){changed, arg};
}

static void tell_listeners(const struct prefs *prefs, enum pref pref)
{
    const struct pref_row *row = pref_row(pref);

    for (unsigned i = 0; i < prefs->listeners_count; i++)
        prefs->listeners[i].changed(prefs->listeners[i].arg, pref);
    /* Now, as it may be the log that changed. */
    log_info("prefs", "%s is now %s", row->key,
             row->secret ? "another" : prefs->values[pref].text);
}

/* "KEY 'VALUE': must be ...". */
static void add_refusal(const struct pref_row *row, const char *value,
                        struct strbuf *text)
{
    strbuf_puts(text, row->key);
    if (!row->secret) {
        strbuf_puts(text, " '");
        option_add_text(text, value, strlen(value));
        strbuf_puts(text, "'");
    }
    strbuf_puts(text, ": must be ");
    pref_explain(row, text);
}

static enum pref find(const char *key, struct strbuf *error)
{
    enum pref pref = pref_find(key);

    if (pref == PREFS_COUNT) {
        option_add_text(error, key, strlen(key));
        strbuf_puts(error, ": there is no such preference");
    }
    return pref;
}

/* Tell Redis, and know what it will answer better than what it said before. */
static void write_through(struct prefs *prefs, enum pref pref, bool is_set)
{
    const char *const argv[] = {is_set ? "SET" : "DEL", pref_row(pref)->key,
                                prefs->values[pref].text};

    prefs->values[pref].stamp = ++prefs->stamp;
    if (store_state(prefs->store) != STORE_OFF)
        store_tell(prefs->store, is_set ? 3 : 2, argv, NULL);
}

bool prefs_set(struct prefs *prefs, const char *key, const char *value,
               struct strbuf *error)
{
    enum pref pref = find(key, error);
    bool is_new;
    int64_t number;

    if (pref == PREFS_COUNT)
        return false;
    if (!parse(pref_row(pref), value, &number)) {
        add_refusal(pref_row(pref), value, error);
        return false;
    }
    is_new = put(prefs, pref, value, number);
    write_through(prefs, pref, true);
    if (is_new)
        tell_listeners(prefs, pref);
    return true;
}

bool prefs_reset(struct prefs *prefs, const char *key, struct strbuf *error)
{
    enum pref pref = find(key, error);
    bool is_new;

    if (pref == PREFS_COUNT)
        return false;
    is_new = put_preset(prefs, pref);
    write_through(prefs, pref, false);
    if (is_new)
        tell_listeners(prefs, pref);
    return true;
}

uint64_t prefs_stamp(const struct prefs *prefs)
{
    return prefs->stamp;
}

static void refuse(struct prefs *prefs, enum pref pref, const char *text)
{
    struct value *value = &prefs->values[pref];
    struct strbuf line;

    if (value->refused != NULL && strcmp(value->refused, text) == 0)
        return;
    free(value->refused);
    value->refused = mem_strdup(text);
    strbuf_init(&line, 1024);
    add_refusal(pref_row(pref), text, &line);
    if (pref_row(pref)->secret)
        log_warnx("prefs", "%s; the old one stays", line.text);
    else
        log_warnx("prefs", "%s; '%s' stays", line.text, value->text);
    strbuf_free(&line);
}

void prefs_take(struct prefs *prefs, enum pref pref, uint64_t stamp,
                const char *text, size_t len)
{
    int64_t number;
    bool is_new;

    if (stamp < prefs->values[pref].stamp)
        return;
    if (text == NULL) {
        is_new = put_preset(prefs, pref);
    } else if (strlen(text) != len || !parse(pref_row(pref), text, &number)) {
        refuse(prefs, pref, text);
        return;
    } else {
        is_new = put(prefs, pref, text, number);
    }
    if (is_new)
        tell_listeners(prefs, pref);
}
