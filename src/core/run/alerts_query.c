/* alerts_query: asking for alerts. SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/run/alerts_internal.h"
#include "core/util/mem.h"

/* Of a stream, in one answer; of what is in memory, in one turn. */
#define PIECE 64
#define PIECE_TEXT "64"
#define ID_SIZE 48

struct alert_query {
    struct alert_place *place;
    enum alert_table table;
    struct alert_filter filter;
    char *value; /* of the filter */
    struct alert_query_handler handler;
    struct loop_source *turn; /* the first one, and all when in memory */
    struct store_call *call;
    char end[ID_SIZE]; /* entries up to this id are to come */
    char *engaged;     /* the key of the last item that was given */
    struct alert_row row;
    uint32_t age; /* in the ring */
};

static void forget(struct alert_query *query)
{
    loop_source_free(query->turn);
    free(query->value);
    free(query->engaged);
    free(query);
}

static void finish(struct alert_query *query, bool is_whole)
{
    struct alert_query_handler handler = query->handler;

    forget(query);
    handler.done(handler.arg, is_whole);
}

/* @return false: that is enough. */
static bool give(struct alert_query *query)
{
    return !alert_filter_matches(&query->filter, &query->row) ||
           query->handler.row(query->handler.arg, &query->row);
}

/* From Redis */

/* The id before this one, "0-0" for the first: older servers know no open
 * ranges. @return false: the text is no id. */
static bool id_before(const char *id, char before[ID_SIZE])
{
    uint64_t ms;
    uint64_t number;
    char rest;

    if (sscanf(id, "%" SCNu64 "-%" SCNu64 "%c", &ms, &number, &rest) != 2)
        return false;
    if (number > 0)
        number--;
    else if (ms > 0) {
        ms--;
        number = UINT64_MAX;
    }
    snprintf(before, ID_SIZE, "%" PRIu64 "-%" PRIu64, ms, number);
    return true;
}

/* An entry is its id and an array of fields and values; what is none is
 * passed over. @return its id, or "". */
static const char *read_entry(struct alert_row *row,
                              const struct store_reply *entry)
{
    const struct store_reply *fields;
    const char *id;

    alert_row_clear(row);
    if (store_reply_count(entry) != 2)
        return "";
    id = store_reply_text(store_reply_at(entry, 0), NULL);
    fields = store_reply_at(entry, 1);
    alert_row_text(row, "rowid", id);
    for (size_t i = 0; i + 1 < store_reply_count(fields); i += 2) {
        const struct store_reply *text = store_reply_at(fields, i + 1);
        size_t len;
        const char *bytes = store_reply_text(text, &len);

        alert_row_add(row, store_reply_text(store_reply_at(fields, i), NULL),
                      bytes, len);
    }
    return id;
}

static bool ask(struct alert_query *query);

static void on_piece(void *arg, const struct store_reply *reply)
{
    struct alert_query *query = arg;
    size_t count = store_reply_count(reply);
    const char *id = "";

    query->call = NULL;
    for (size_t i = 0; i < count; i++) {
        id = read_entry(&query->row, store_reply_at(reply, i));
        if (!give(query)) {
            finish(query, true);
            return;
        }
    }
    if (count < PIECE)
        finish(query, true);
    else if (!id_before(id, query->end) || strcmp(query->end, id) == 0 ||
             !ask(query))
        finish(query, false);
}

static void on_reply(void *arg, const struct store_reply *reply)
{
    if (reply != NULL && store_reply_type(reply) == STORE_ARRAY) {
        on_piece(arg, reply);
        return;
    }
    ((struct alert_query *)arg)->call = NULL;
    finish(arg, false);
}

static bool ask(struct alert_query *query)
{
    char key[ALERT_KEY_SIZE];
    const char *words[] = {
        "XREVRANGE",
        alert_key(key, query->place,
                  query->table == ALERT_TABLE_FLOWS ? "flows" : "closed"),
        query->end,
        "-",
        "COUNT",
        PIECE_TEXT};

    query->call = store_ask(query->place->alerts->config.store, on_reply, query,
                            6, words, NULL);
    return query->call != NULL;
}

/* From memory */

/* The one before the last that was given; that may be gone meanwhile. */
static const struct alert_item *next_engaged(const struct alert_query *query)
{
    const struct alert_item *item = query->place->engaged.youngest;

    if (query->engaged == NULL)
        return item;
    while (item != NULL && strcmp(item->key, query->engaged) != 0)
        item = item->prev;
    return item != NULL ? item->prev : NULL;
}

static bool has_engaged(struct alert_query *query)
{
    const struct alert_item *item = next_engaged(query);
    const struct alert_item *last = item;
    bool goes_on = true;

    for (int i = 0; i < PIECE && item != NULL && goes_on; i++) {
        alert_item_row(item, &query->row);
        goes_on = give(query);
        last = item;
        item = item->prev;
    }
    if (item == NULL || !goes_on)
        return false;
    free(query->engaged);
    query->engaged = mem_strdup(last->key);
    return true;
}

static bool has_ring(struct alert_query *query)
{
    const struct alert_ring *ring =
        query->place->rings[query->table == ALERT_TABLE_FLOWS];

    for (int i = 0; i < PIECE; i++) {
        const char *packed = alert_ring_at(ring, query->age++);

        if (packed == NULL)
            return false;
        alert_row_unpack(&query->row, packed);
        if (!give(query))
            return false;
    }
    return true;
}

static bool on_turn(void *arg)
{
    struct alert_query *query = arg;
    bool is_engaged = query->table == ALERT_TABLE_ENGAGED;

    if (!is_engaged && query->place->alerts->has_begun) {
        if (!ask(query))
            finish(query, false);
        return false;
    }
    if (is_engaged ? has_engaged(query) : has_ring(query))
        return true;
    finish(query, true);
    return false;
}

struct alert_query *alerts_query(struct alerts *alerts,
                                 const struct iface *iface,
                                 enum alert_table table,
                                 const struct alert_filter *filter,
                                 const struct alert_query_handler *handler)
{
    struct alert_query *query = mem_calloc(1, sizeof(*query));

    query->place = &alerts->places[iface->id];
    query->table = table;
    query->filter = *filter;
    query->handler = *handler;
    if (filter->value != NULL) {
        query->value = mem_strdup(filter->value);
        query->filter.value = query->value;
    }
    snprintf(query->end, sizeof(query->end), "+");
    query->turn = loop_defer(alerts->config.loop, LOOP_PEER, on_turn, query);
    return query;
}

void alerts_cancel(struct alert_query *query)
{
    if (query == NULL)
        return;
    store_cancel(query->call);
    forget(query);
}

bool alerts_delete(struct alerts *alerts, const struct iface *iface,
                   enum alert_table table, const char *rowid)
{
    char key[ALERT_KEY_SIZE];
    const char *words[] = {
        "XDEL",
        alert_key(key, &alerts->places[iface->id],
                  table == ALERT_TABLE_FLOWS ? "flows" : "closed"),
        rowid};

    return rowid != NULL && alerts->has_begun &&
           store_tell(alerts->config.store, 3, words, NULL);
}
