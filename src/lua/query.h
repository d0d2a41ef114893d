/* query: sorted pages of large tables. SPDX-License-Identifier: MIT */
#ifndef KELVIN_LUA_QUERY_H
#define KELVIN_LUA_QUERY_H

#include "lua/push.h"
#include "lua/slices.h"

/*
 * Which entities, in which order, from where and how many. A walk keeps the
 * first `skip + hits` of those that match in a heap, then sorts them and makes
 * tables of the page, all in slices. Of what was removed meanwhile there is no
 * row; a row tells the present.
 */
#define QUERY_TEXT 48 /* bytes of a text that take part in the order */
#define QUERY_HITS 32768
#define QUERY_LABEL 64 /* "2001:db8::1@4095" */

struct query;

/* What an entity is sorted by. */
struct query_key {
    double number;
    unsigned char text[QUERY_TEXT]; /* as memcmp() sorts, zeros behind */
};

struct query_column {
    const char *name; /* "column_bytes" */
    bool is_text;     /* the key's text counts, else its number */
    void (*get)(const struct query *query, uint32_t index,
                struct query_key *key);
};

/* One sort of list. */
struct query_kind {
    const char *count_name; /* "numFlows" */
    const char *rows_name;  /* "flows" */
    const struct query_column *columns;
    size_t columns_count;
    /* Whether an entity belongs to the list. */
    bool (*matches)(const struct query *query, uint32_t index);
    const struct field_rows *(*rows)(void);
    void (*describe)(const struct query *query, uint32_t index,
                     struct field_source *source);
    /* The key of a row in the list, or NULL: an array. */
    const char *(*label)(const struct query *query, uint32_t index,
                         char text[QUERY_LABEL]);
    /* Change the row of an entity, which is on top of the stack; may be
     * NULL. */
    void (*adjust)(lua_State *L, const struct query *query, uint32_t index);
    bool is_bare; /* the result is the rows, not a table with their number */
    /* Only what belongs to hosts that the user may see; see query_seen(). */
    uint32_t (*of_host)(const struct host *host);
};

/* Hosts of an entity that the user may see, of this life of its index. */
struct query_seen {
    uint32_t life;
    uint32_t hosts;
};

enum query_phase { QUERY_SEE, QUERY_WALK, QUERY_SORT, QUERY_PUSH };

/* A list may have its own struct that begins with this one. */
struct query {
    struct slices slices;
    const struct query_kind *kind;
    const struct iface *iface;
    const struct lib_access *access;
    enum field_level level;
    const struct query_column *column;
    bool is_descending;
    uint64_t skip;
    uint64_t hits;
    uint32_t only; /* this entity alone: its row or nil is the result */

    /* Its own. */
    enum query_phase phase;
    struct walk walk;
    uint64_t matched;
    unsigned char *heap; /* a userdata at index 3 */
    size_t heap_size;    /* entries that there is room for */
    size_t heap_count;
    size_t entry_size;
    size_t sorted; /* entries from here on are in their place */
    size_t pushed;
    lua_Integer rows;
    struct query_seen *seen; /* by entity, a userdata at index 4, or NULL */
    const struct pool *pool; /* of the entities */
};

/* Set what all queries begin with: the whole list by the first column, from
 * its start, for the run's user. The rest is zero already. */
void query_init(struct query *query, lua_State *L,
                const struct query_kind *kind, const struct iface *iface,
                const struct pool *pool);

/* Run a copy of the query and of the `size` bytes that it begins, keeping of
 * the stack its `keep` topmost values. @return what the C function has to
 * return. */
int query_run(lua_State *L, const struct query *query, size_t size, int keep);

/* The column of this name; the kind's first one when there is none, which is
 * logged. */
const struct query_column *query_column(const struct query_kind *kind,
                                        const char *name);

/* A page's offset or length: less than nothing is nothing. */
uint64_t query_size(int64_t number);

/* A text as a key: without case, zeros behind. */
void query_key_text(struct query_key *key, const char *text);
void query_key_addr(struct query_key *key, const struct addr *addr);

/* Of a kind with `of_host`: how many hosts that the user may see belong to
 * the entity; UINT32_MAX when the user may see all. */
uint32_t query_seen(const struct query *query, uint32_t index);

#endif
