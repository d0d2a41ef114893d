/* alert_engaged: alerts that are on, of an interface. SPDX-License-Identifier:
 * MIT */
#include "core/run/alert_engaged.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/util/mem.h"
#include "core/util/utf8.h"

#define KEY_SIZE (ALERT_VALUE_MAX + ALERT_ID_MAX + 32)

void alert_engaged_init(struct alert_engaged *engaged, uint32_t seed)
{
    *engaged = (struct alert_engaged){.seed = seed};
}

void alert_engaged_clear(struct alert_engaged *engaged)
{
    while (engaged->oldest != NULL)
        alert_engaged_remove(engaged, engaged->oldest);
}

static bool is_short(const char *text, size_t most)
{
    return text != NULL && *text != '\0' && strlen(text) <= most;
}

bool alert_spec_is_good(const struct alert_spec *spec)
{
    return spec->engine >= 0 && spec->engine < ALERT_ENGINES &&
           (int)spec->entity >= 0 && spec->entity < ALERT_ENTITIES &&
           spec->severity >= 0 && spec->severity < ALERT_SEVERITIES &&
           spec->type >= 0 && is_short(spec->value, ALERT_VALUE_MAX) &&
           is_short(spec->id, ALERT_ID_MAX);
}

static void put_key(const struct alert_spec *spec, char key[KEY_SIZE])
{
    int len = snprintf(key, KEY_SIZE, "%d|%d|%s|%s", spec->engine,
                       (int)spec->entity, spec->value, spec->id);

    (void)utf8_clean(key, KEY_SIZE, key, (size_t)len);
}

/* FNV-1a from a secret: whoever finds collisions still meets the bound. */
static uint32_t hash_of(const struct alert_engaged *engaged, const char *key)
{
    uint32_t hash = engaged->seed;

    for (; *key != '\0'; key++)
        hash = (hash ^ (unsigned char)*key) * 16777619u;
    return hash ^ hash >> 15;
}

static struct alert_item *find(const struct alert_engaged *engaged,
                               const char *key, uint32_t hash)
{
    struct alert_item *item = engaged->buckets[hash % ALERT_BUCKETS];

    while (item != NULL && (item->hash != hash || strcmp(item->key, key) != 0))
        item = item->chain;
    return item;
}

struct alert_item *alert_engaged_find(const struct alert_engaged *engaged,
                                      const struct alert_spec *spec)
{
    char key[KEY_SIZE];

    put_key(spec, key);
    return find(engaged, key, hash_of(engaged, key));
}

/* Append a clean copy, cut to ALERT_TEXT_MAX. */
static const char *keep(char **at, const char *text)
{
    const char *copy = *at;

    if (text == NULL)
        text = "";
    *at += utf8_clean(*at, ALERT_TEXT_MAX + 1, text, strlen(text)) + 1;
    return copy;
}

static struct alert_item *item_new(const struct alert_spec *spec,
                                   const char *key)
{
    const char *const texts[] = {key,        spec->value,  spec->id,
                                 spec->text, spec->origin, spec->target};
    /* As utf8_clean() may need all of it at the last one. */
    size_t size = sizeof(struct alert_item) + ALERT_TEXT_MAX + 1;
    struct alert_item *item;
    char *at;

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        size_t len = texts[i] != NULL ? strlen(texts[i]) : 0;

        size += (len < ALERT_TEXT_MAX ? len : ALERT_TEXT_MAX) + 1;
    }
    item = mem_calloc(1, size);
    at = item->texts;
    item->engine = spec->engine;
    item->entity = (int)spec->entity;
    item->type = spec->type;
    item->severity = spec->severity;
    item->when_s = spec->when_s;
    item->key = keep(&at, key);
    item->value = keep(&at, spec->value);
    item->id = keep(&at, spec->id);
    item->text = keep(&at, spec->text);
    item->origin = keep(&at, spec->origin);
    item->target = keep(&at, spec->target);
    return item;
}

struct alert_item *alert_engaged_add(struct alert_engaged *engaged,
                                     const struct alert_spec *spec)
{
    struct alert_item *item;
    struct alert_item **bucket;
    char key[KEY_SIZE];

    if (engaged->count == ALERT_ENGAGED_MAX ||
        alert_engaged_of(engaged, (int)spec->entity, spec->value) >=
            ALERT_ENGAGED_OF_ENTITY)
        return NULL;
    put_key(spec, key);
    item = item_new(spec, key);
    item->hash = hash_of(engaged, key);
    bucket = &engaged->buckets[item->hash % ALERT_BUCKETS];
    item->chain = *bucket;
    *bucket = item;
    item->prev = engaged->youngest;
    if (engaged->youngest != NULL)
        engaged->youngest->next = item;
    else
        engaged->oldest = item;
    engaged->youngest = item;
    engaged->count++;
    return item;
}

void alert_engaged_remove(struct alert_engaged *engaged,
                          struct alert_item *item)
{
    struct alert_item **link = &engaged->buckets[item->hash % ALERT_BUCKETS];

    while (*link != item)
        link = &(*link)->chain;
    *link = item->chain;
    if (item->prev != NULL)
        item->prev->next = item->next;
    else
        engaged->oldest = item->next;
    if (item->next != NULL)
        item->next->prev = item->prev;
    else
        engaged->youngest = item->prev;
    engaged->count--;
    free(item);
}

uint32_t alert_engaged_of(const struct alert_engaged *engaged, int entity,
                          const char *value)
{
    uint32_t count = 0;

    for (const struct alert_item *item = engaged->oldest; item != NULL;
         item = item->next)
        count += item->entity == entity && strcmp(item->value, value) == 0;
    return count;
}

static void add_common(const struct alert_item *item, struct alert_row *row)
{
    alert_row_int(row, "alert_type", item->type);
    alert_row_int(row, "alert_severity", item->severity);
    alert_row_int(row, "alert_entity", item->entity);
    alert_row_text(row, "alert_entity_val", item->value);
    alert_row_text(row, "alert_origin", item->origin);
    alert_row_text(row, "alert_target", item->target);
    alert_row_text(row, "alert_json", item->text);
}

void alert_item_row(const struct alert_item *item, struct alert_row *row)
{
    alert_row_clear(row);
    alert_row_text(row, "alert_id", item->id);
    alert_row_int(row, "alert_engine", item->engine);
    alert_row_int(row, "alert_tstamp", item->when_s);
    add_common(item, row);
}

void alert_item_closed_row(const struct alert_item *item, int64_t end_s,
                           struct alert_row *row)
{
    alert_row_clear(row);
    alert_row_int(row, "alert_tstamp", item->when_s);
    alert_row_int(row, "alert_tstamp_end", end_s);
    add_common(item, row);
}

void alert_item_write(const struct alert_item *item, struct json *json)
{
    json_reset(json);
    json_map(json);
    json_key(json, "alert_id");
    json_text(json, item->id);
    json_key(json, "alert_engine");
    json_int(json, item->engine);
    json_key(json, "alert_tstamp");
    json_int(json, item->when_s);
    json_key(json, "alert_type");
    json_int(json, item->type);
    json_key(json, "alert_severity");
    json_int(json, item->severity);
    json_key(json, "alert_entity");
    json_int(json, item->entity);
    json_key(json, "alert_entity_val");
    json_text(json, item->value);
    json_key(json, "alert_origin");
    json_text(json, item->origin);
    json_key(json, "alert_target");
    json_text(json, item->target);
    json_key(json, "alert_json");
    json_text(json, item->text);
    json_end_map(json);
}

/* A number up to `most`, or -1. */
static int64_t number_of(const struct json_value *map, const char *key,
                         int64_t most)
{
    uint64_t number;

    return json_as_uint(json_get(map, key), &number) && number <= (uint64_t)most
               ? (int64_t)number
               : -1;
}

bool alert_spec_read(struct alert_spec *spec, const struct json_value *value,
                     const char *key)
{
    char ours[KEY_SIZE];

    *spec = (struct alert_spec){
        .engine = (int)number_of(value, "alert_engine", ALERT_ENGINES),
        .entity =
            (enum alert_entity)number_of(value, "alert_entity", ALERT_ENTITIES),
        .value = json_as_text(json_get(value, "alert_entity_val")),
        .id = json_as_text(json_get(value, "alert_id")),
        .type = (int)number_of(value, "alert_type", INT32_MAX),
        .severity = (int)number_of(value, "alert_severity", ALERT_SEVERITIES),
        .text = json_as_text(json_get(value, "alert_json")),
        .origin = json_as_text(json_get(value, "alert_origin")),
        .target = json_as_text(json_get(value, "alert_target")),
        .when_s = number_of(value, "alert_tstamp", UINT32_MAX),
    };
    if (!alert_spec_is_good(spec) || spec->when_s < 0)
        return false;
    put_key(spec, ours);
    return strcmp(ours, key) == 0;
}
