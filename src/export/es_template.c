/* es_template: types of the fields, for Elasticsearch. SPDX-License-Identifier:
 * MIT */
#include "export/es_template.h"

#include <ctype.h>
#include <string.h>

#include "core/model/field.h"
#include "core/util/json.h"

#define KEYWORD_MAX 1024 /* bytes; longer texts are kept, but not searched */

/* From the first conversion of strftime to the last is a star. */
static void add_pattern(struct strbuf *out, const char *index)
{
    const char *first = strchr(index, '%');
    const char *last = strrchr(index, '%');

    if (first == NULL || last[1] == '\0') {
        strbuf_puts(out, index);
        return;
    }
    strbuf_add(out, index, (size_t)(first - index));
    strbuf_puts(out, "*");
    strbuf_puts(out, last + 2);
}

void es_template_add_name(struct strbuf *out, const char *index)
{
    strbuf_puts(out, "kelvin-");
    for (const char *at = index; *at != '\0' && *at != '%'; at++)
        if (isalnum((unsigned char)*at) || *at == '-')
            strbuf_add(out, at, 1);
}

static bool ends_in(const char *text, const char *end)
{
    size_t len = strlen(text);
    size_t end_len = strlen(end);

    return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

static void add_type(struct json *json, const char *name, const char *type)
{
    json_key(json, name);
    json_map(json);
    json_key(json, "type");
    json_text(json, type);
    if (strcmp(type, "keyword") == 0) {
        json_key(json, "ignore_above");
        json_uint(json, KEYWORD_MAX);
    }
}

static void add_field(struct json *json, const struct field *field)
{
    const char *name = field->record;

    if (field->type == FIELD_PLACE) {
        add_type(json, name, "geo_point");
    } else if (ends_in(name, "_SRC_ADDR") || ends_in(name, "_DST_ADDR")) {
        add_type(json, name, "ip");
    } else if (strcmp(name, "ntop_timestamp") == 0) {
        add_type(json, name, "date");
    } else if (ends_in(name, "_SWITCHED")) {
        add_type(json, name, "date");
        json_key(json, "format");
        json_text(json, "epoch_second");
    } else if (field->type == FIELD_TEXT) {
        add_type(json, name, "keyword");
    } else if (field->type == FIELD_NUMBER) {
        add_type(json, name, "long");
    } else {
        add_type(json, name, "double");
    }
    json_end_map(json);
}

static void add_properties(struct json *json)
{
    const struct field *fields[FIELDS_EXPORTED_MAX];
    size_t count = fields_exported(fields);

    json_key(json, "properties");
    json_map(json);
    add_type(json, "@timestamp", "date");
    json_end_map(json);
    add_type(json, "type", "keyword");
    json_end_map(json);
    for (size_t i = 0; i < count; i++)
        add_field(json, fields[i]);
    json_end_map(json);
}

static void add_settings(struct json *json)
{
    json_key(json, "settings");
    json_map(json);
    json_key(json, "index.refresh_interval");
    json_text(json, "5s");
    json_end_map(json);
}

void es_template_add(struct strbuf *out, const struct es_dialect *dialect,
                     const char *index, const char *type)
{
    struct json *json = json_new();
    struct strbuf pattern;
    size_t len;
    const char *text;

    strbuf_init(&pattern, 1024);
    add_pattern(&pattern, index);
    json_map(json);
    json_key(json, "index_patterns");
    json_array(json);
    json_text(json, pattern.text);
    json_end_array(json);
    if (dialect->has_composable) {
        json_key(json, "template");
        json_map(json);
    }
    add_settings(json);
    json_key(json, "mappings");
    json_map(json);
    if (dialect->has_types) {
        json_key(json, type);
        json_map(json);
    }
    add_properties(json);
    if (dialect->has_types)
        json_end_map(json);
    json_end_map(json);
    if (dialect->has_composable)
        json_end_map(json);
    json_end_map(json);
    text = json_text_of(json, &len);
    strbuf_add(out, text, len);
    strbuf_free(&pattern);
    json_free(json);
}
