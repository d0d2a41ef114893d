/* alerts_keep: where past and present alerts are kept.
 * SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/run/alerts_internal.h"
#include "core/util/json.h"
#include "core/util/log.h"
#include "core/util/mem.h"

#define WORDS_MAX (6 + 2 * ALERT_ROW_COLUMNS)
/* Of the hash, in one answer. */
#define SCAN_COUNT "64"
/* A stream drops whole blocks of entries at once where that is cheaper. */
#define EXACT_MAX 1024

const char *alert_key(char key[ALERT_KEY_SIZE], const struct alert_place *place,
                      const char *what)
{
    snprintf(key, ALERT_KEY_SIZE, "ntopng.alerts.ifid_%" PRIu32 ".%s",
             place->iface->ifid, what);
    return key;
}

static const char *const streams[2] = {"closed", "flows"};

/* The ring */

static void ring_put(struct alert_ring **ring, const struct alert_row *row)
{
    uint32_t at;

    if (*ring == NULL)
        *ring = mem_calloc(1, sizeof(**ring));
    at = (*ring)->count++ % ALERT_RING;
    free((*ring)->rows[at]);
    (*ring)->rows[at] = alert_row_pack(row);
}

const char *alert_ring_at(const struct alert_ring *ring, uint32_t age)
{
    if (ring == NULL || age >= ring->count || age >= ALERT_RING)
        return NULL;
    return ring->rows[(ring->count - 1 - age) % ALERT_RING];
}

static void ring_free(struct alert_ring **ring)
{
    if (*ring == NULL)
        return;
    for (uint32_t i = 0; i < ALERT_RING; i++)
        free((*ring)->rows[i]);
    free(*ring);
    *ring = NULL;
}

/* Streams */

static void write_row(struct alert_place *place, unsigned stream,
                      const struct alert_row *row)
{
    const struct alerts_config *config = &place->alerts->config;
    const char *words[WORDS_MAX] = {"XADD", NULL, "MAXLEN"};
    size_t count = 3;
    char key[ALERT_KEY_SIZE];
    char most[24];
    int64_t cap =
        stream == 0 ? prefs_int(config->prefs, PREF_MAX_NUM_ALERTS_PER_ENTITY) *
                          ALERT_CLOSED_ENTITIES
                    : prefs_int(config->prefs, PREF_MAX_NUM_FLOW_ALERTS);

    words[1] = alert_key(key, place, streams[stream]);
    if (cap > EXACT_MAX)
        words[count++] = "~";
    snprintf(most, sizeof(most), "%" PRId64, cap);
    words[count++] = most;
    words[count++] = "*";
    for (size_t i = 0; i < row->count; i++) {
        words[count++] = row->columns[i];
        words[count++] = row->texts[i];
    }
    if (!store_tell(config->store, count, words, NULL))
        place->alerts->counters.unwritten++;
}

void alert_keep(struct alert_place *place, enum alert_table table,
                const struct alert_row *row)
{
    unsigned stream = table == ALERT_TABLE_FLOWS;

    place->has_stored = true;
    if (place->alerts->has_begun)
        write_row(place, stream, row);
    else
        ring_put(&place->rings[stream], row);
}

/* The hash */

void alert_keep_engaged(struct alert_place *place,
                        const struct alert_item *item)
{
    struct alerts *alerts = place->alerts;
    char key[ALERT_KEY_SIZE];
    size_t len;
    const char *words[4] = {"HSET", alert_key(key, place, "engaged"),
                            item->key};

    if (!alerts->has_begun)
        return;
    alert_item_write(item, alerts->json);
    words[3] = json_text_of(alerts->json, &len);
    (void)store_tell(alerts->config.store, 4, words, NULL);
}

void alert_drop_engaged(struct alert_place *place,
                        const struct alert_item *item)
{
    char key[ALERT_KEY_SIZE];
    const char *words[3] = {"HDEL", alert_key(key, place, "engaged"),
                            item->key};

    if (place->alerts->has_begun)
        (void)store_tell(place->alerts->config.store, 3, words, NULL);
}

/* Beginning */

static void restore_one(struct alert_place *place, const char *key,
                        const struct store_reply *reply)
{
    size_t len;
    const char *text = store_reply_text(reply, &len);
    struct json_value *value = json_parse(text, len);
    struct alert_spec spec;

    if (alert_spec_read(&spec, value, key))
        alert_restore(place, &spec);
    else
        place->alerts->counters.garbage++;
    json_forget(value);
}

static void scan(struct alert_place *place, const char *cursor);

static void on_scanned(void *arg, const struct store_reply *reply)
{
    struct alert_place *place = arg;
    const struct store_reply *pairs;
    const char *cursor;

    place->restoring = NULL;
    if (reply == NULL)
        return; /* all again when Redis is back */
    if (store_reply_count(reply) != 2) {
        place->is_restored = true;
        log_warnx("alert", "%s: alerts of before are not known: %s",
                  place->iface->name, store_reply_text(reply, NULL));
        return;
    }
    pairs = store_reply_at(reply, 1);
    for (size_t i = 0; i + 1 < store_reply_count(pairs); i += 2)
        restore_one(place, store_reply_text(store_reply_at(pairs, i), NULL),
                    store_reply_at(pairs, i + 1));
    cursor = store_reply_text(store_reply_at(reply, 0), NULL);
    if (strcmp(cursor, "0") == 0)
        place->is_restored = true;
    else
        scan(place, cursor);
}

static void scan(struct alert_place *place, const char *cursor)
{
    char key[ALERT_KEY_SIZE];
    const char *words[] = {"HSCAN", alert_key(key, place, "engaged"), cursor,
                           "COUNT", SCAN_COUNT};

    place->restoring = store_ask(place->alerts->config.store, on_scanned, place,
                                 5, words, NULL);
}

static void on_counted(void *arg, const struct store_reply *reply)
{
    struct alert_place *place = arg;

    if (reply != NULL && store_reply_number(reply) > 0)
        place->has_stored = true;
}

static void on_counted_closed(void *arg, const struct store_reply *reply)
{
    ((struct alert_place *)arg)->counting[0] = NULL;
    on_counted(arg, reply);
}

static void on_counted_flows(void *arg, const struct store_reply *reply)
{
    ((struct alert_place *)arg)->counting[1] = NULL;
    on_counted(arg, reply);
}

static void count_stored(struct alert_place *place)
{
    static store_done *const done[2] = {on_counted_closed, on_counted_flows};

    for (unsigned stream = 0; stream < 2; stream++) {
        char key[ALERT_KEY_SIZE];
        const char *words[] = {"XLEN", alert_key(key, place, streams[stream])};

        if (place->counting[stream] == NULL)
            place->counting[stream] =
                store_ask(place->alerts->config.store, done[stream], place, 2,
                          words, NULL);
    }
}

void alert_keep_begin(struct alert_place *place)
{
    struct alert_row row;

    for (unsigned stream = 0; stream < 2; stream++) {
        struct alert_ring **ring = &place->rings[stream];

        for (uint32_t age = ALERT_RING; age-- > 0;)
            if (alert_ring_at(*ring, age) != NULL) {
                alert_row_unpack(&row, alert_ring_at(*ring, age));
                write_row(place, stream, &row);
            }
        ring_free(ring);
    }
    /* A Redis that forgot them gets them again. */
    for (const struct alert_item *item = place->engaged.oldest; item != NULL;
         item = item->next)
        alert_keep_engaged(place, item);
    if (!place->is_restored && place->restoring == NULL)
        scan(place, "0");
    count_stored(place);
}

void alert_keep_end(struct alert_place *place)
{
    store_cancel(place->restoring);
    for (unsigned stream = 0; stream < 2; stream++) {
        store_cancel(place->counting[stream]);
        ring_free(&place->rings[stream]);
    }
}

/* Entities that are not to be told of */

static int compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

bool alert_is_suppressed(const struct alert_place *place, const char *value)
{
    return place->suppressed_count > 0 &&
           bsearch(&value, place->suppressed, place->suppressed_count,
                   sizeof(char *), compare) != NULL;
}

void alert_suppress(struct alert_place *place, const char *const *values,
                    size_t count)
{
    for (size_t i = 0; i < place->suppressed_count; i++)
        free(place->suppressed[i]);
    free(place->suppressed);
    if (count > ALERT_SUPPRESSED_MAX)
        count = ALERT_SUPPRESSED_MAX;
    place->suppressed = count > 0 ? mem_calloc(count, sizeof(char *)) : NULL;
    place->suppressed_count = count;
    for (size_t i = 0; i < count; i++)
        place->suppressed[i] = mem_strdup(values[i]);
    if (count > 0)
        qsort(place->suppressed, count, sizeof(char *), compare);
}
