/* es_batch: records of one _bulk request. SPDX-License-Identifier: MIT */
#include "export/es_batch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/util/json.h"
#include "core/util/mem.h"

#define TIMESTAMP_KEY "\"ntop_timestamp\":\""
#define ID_KEY "\"FLOW_ID\":\""
#define TOO_MANY_REQUESTS 429

struct item {
    size_t at; /* in the text */
    size_t len;
    bool is_closed;
};

struct es_batch {
    struct item items[ES_BATCH_RECORDS];
    size_t count;
    size_t open;
    char *text; /* the records, one behind the other */
    size_t len;
    size_t size;
};

struct es_batch *es_batch_new(void)
{
    return mem_calloc(1, sizeof(struct es_batch));
}

void es_batch_free(struct es_batch *batch)
{
    if (batch == NULL)
        return;
    free(batch->text);
    free(batch);
}

void es_batch_clear(struct es_batch *batch)
{
    batch->count = batch->open = 0;
    batch->len = 0;
}

bool es_batch_add(struct es_batch *batch, const struct sink_record *record,
                  size_t max_records)
{
    if (batch->count == ES_BATCH_RECORDS || batch->count >= max_records ||
        (batch->count > 0 && batch->len + record->len > ES_BATCH_BYTES))
        return false;
    if (batch->len + record->len > batch->size) {
        batch->size = 2 * (batch->len + record->len);
        batch->text = mem_realloc(batch->text, batch->size, 1);
    }
    memcpy(batch->text + batch->len, record->json, record->len);
    batch->items[batch->count++] =
        (struct item){.at = batch->len, .len = record->len};
    batch->len += record->len;
    batch->open++;
    return true;
}

size_t es_batch_count(const struct es_batch *batch)
{
    return batch->count;
}

size_t es_batch_open(const struct es_batch *batch)
{
    return batch->open;
}

/* The text value of a key, which stands nowhere within another's: quotes are
 * escaped there. `*len` 0: it has none. */
static const char *find_value(const char *json, size_t json_len,
                              const char *key, size_t *len)
{
    const char *at = memmem(json, json_len, key, strlen(key));
    const char *end;

    *len = 0;
    if (at == NULL)
        return "";
    at += strlen(key);
    end = memchr(at, '"', json_len - (size_t)(at - json));
    if (end != NULL)
        *len = (size_t)(end - at);
    return at;
}

static void add_item(const char *json, size_t len, const char *index,
                     const char *type, const char *field_type,
                     struct strbuf *out)
{
    size_t id_len;
    size_t when_len;
    const char *id = find_value(json, len, ID_KEY, &id_len);
    const char *when = find_value(json, len, TIMESTAMP_KEY, &when_len);

    strbuf_puts(out, "{\"index\":{\"_index\":\"");
    strbuf_puts(out, index);
    if (type != NULL) {
        strbuf_puts(out, "\",\"_type\":\"");
        strbuf_puts(out, type);
    }
    if (id_len > 0) { /* what is sent again replaces itself */
        strbuf_puts(out, "\",\"_id\":\"");
        strbuf_add(out, id, id_len);
    }
    strbuf_puts(out, "\"}}\n");
    strbuf_add(out, json, len - 1);
    if (when_len > 0) {
        strbuf_puts(out, ",\"@timestamp\":\"");
        strbuf_add(out, when, when_len);
        strbuf_puts(out, "\"");
    }
    strbuf_puts(out, ",\"type\":\"");
    strbuf_puts(out, field_type);
    strbuf_puts(out, "\"}\n");
}

void es_batch_add_body(const struct es_batch *batch, const char *index,
                       const char *type, const char *field_type,
                       struct strbuf *out)
{
    for (size_t i = 0; i < batch->count; i++)
        if (!batch->items[i].is_closed)
            add_item(batch->text + batch->items[i].at, batch->items[i].len,
                     index, type, field_type, out);
}

static void close_item(struct es_batch *batch, struct item *item)
{
    item->is_closed = true;
    batch->open--;
}

static void note_example(struct es_verdict *verdict, uint64_t status,
                         const struct json_value *result)
{
    const struct json_value *error = json_get(result, "error");
    const char *type = json_as_text(json_get(error, "type"));
    const char *reason = json_as_text(json_get(error, "reason"));

    if (verdict->example[0] != '\0')
        return;
    snprintf(verdict->example, sizeof(verdict->example), "%u %s: %s",
             (unsigned)status, type != NULL ? type : "no type",
             reason != NULL ? reason : "no reason");
}

/* @return false: this is no answer about an item. */
static bool judge_item(struct es_batch *batch, struct item *item,
                       const struct json_value *entry,
                       struct es_verdict *verdict)
{
    const struct json_value *result = json_at(entry, 0, NULL);
    uint64_t status;

    if (!json_as_uint(json_get(result, "status"), &status))
        return false;
    if (status >= 200 && status < 300) {
        verdict->indexed++;
        close_item(batch, item);
        return true;
    }
    note_example(verdict, status, result);
    if (status == TOO_MANY_REQUESTS || status >= 500) {
        verdict->postponed++;
        return true;
    }
    verdict->rejected++;
    close_item(batch, item);
    return true;
}

static bool judge(struct es_batch *batch, const struct json_value *answer,
                  struct es_verdict *verdict)
{
    const struct json_value *items = json_get(answer, "items");
    size_t number = 0;

    if (json_type_of(items) != JSON_ARRAY || json_count(items) != batch->open)
        return false;
    for (size_t i = 0; i < batch->count; i++) {
        struct item *item = &batch->items[i];

        if (!item->is_closed &&
            !judge_item(batch, item, json_at(items, number++, NULL), verdict))
            return false;
    }
    return true;
}

bool es_batch_judge(struct es_batch *batch, const char *answer, size_t len,
                    struct es_verdict *verdict)
{
    struct json_value *value = json_parse(answer, len);
    bool is_good;

    *verdict = (struct es_verdict){0};
    is_good = judge(batch, value, verdict);
    json_forget(value);
    return is_good;
}

void es_batch_reject(struct es_batch *batch)
{
    for (size_t i = 0; i < batch->count; i++)
        if (!batch->items[i].is_closed)
            close_item(batch, &batch->items[i]);
}
