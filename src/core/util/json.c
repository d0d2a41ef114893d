/* json: JSON texts, written and read. SPDX-License-Identifier: MIT */
#include "core/util/json.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_gen.h>
#include <yajl/yajl_tree.h>

#include "core/util/mem.h"

/* Writing */

struct json {
    yajl_gen gen;
};

static void *json_alloc(void *arg, size_t size)
{
    (void)arg;
    return mem_alloc(size);
}

static void *json_realloc(void *arg, void *ptr, size_t size)
{
    (void)arg;
    return mem_realloc(ptr, size, 1);
}

static void json_give(void *arg, void *ptr)
{
    (void)arg;
    free(ptr);
}

static void check(yajl_gen_status status)
{
    if (status != yajl_gen_status_ok)
        abort(); /* out of place: a bug of the caller's */
}

struct json *json_new(void)
{
    static const yajl_alloc_funcs memory = {json_alloc, json_realloc, json_give,
                                            NULL};
    struct json *json = mem_calloc(1, sizeof(*json));

    json->gen = yajl_gen_alloc(&memory);
    return json;
}

void json_free(struct json *json)
{
    if (json == NULL)
        return;
    yajl_gen_free(json->gen);
    free(json);
}

void json_reset(struct json *json)
{
    yajl_gen_clear(json->gen);
    yajl_gen_reset(json->gen, NULL);
}

void json_map(struct json *json)
{
    check(yajl_gen_map_open(json->gen));
}

void json_end_map(struct json *json)
{
    check(yajl_gen_map_close(json->gen));
}

void json_array(struct json *json)
{
    check(yajl_gen_array_open(json->gen));
}

void json_end_array(struct json *json)
{
    check(yajl_gen_array_close(json->gen));
}

void json_key(struct json *json, const char *key)
{
    json_text(json, key);
}

void json_text(struct json *json, const char *text)
{
    json_text_n(json, text, strlen(text));
}

void json_text_n(struct json *json, const char *text, size_t len)
{
    check(yajl_gen_string(json->gen, (const unsigned char *)text, len));
}

static void put_number(struct json *json, const char *digits)
{
    check(yajl_gen_number(json->gen, digits, strlen(digits)));
}

void json_int(struct json *json, int64_t number)
{
    char digits[24];

    snprintf(digits, sizeof(digits), "%" PRId64, number);
    put_number(json, digits);
}

void json_uint(struct json *json, uint64_t number)
{
    char digits[24];

    snprintf(digits, sizeof(digits), "%" PRIu64, number);
    put_number(json, digits);
}

void json_double(struct json *json, double number)
{
    if (isfinite(number))
        check(yajl_gen_double(json->gen, number));
    else
        json_null(json);
}

void json_bool(struct json *json, bool value)
{
    check(yajl_gen_bool(json->gen, value));
}

void json_null(struct json *json)
{
    check(yajl_gen_null(json->gen));
}

const char *json_text_of(const struct json *json, size_t *len)
{
    const unsigned char *text;

    check(yajl_gen_get_buf(json->gen, &text, len));
    return (const char *)text;
}

/* Reading: a struct json_value is the library's node under another name. */

static yajl_val node_of(const struct json_value *value)
{
    return (yajl_val)(uintptr_t)value;
}

static const struct json_value *value_of(yajl_val node)
{
    return (const struct json_value *)node;
}

/* The library frees a tree by recursion, so it must not be built too deep. */
static bool is_deep(const char *text, size_t len)
{
    int depth = 0;
    bool in_text = false;

    for (size_t i = 0; i < len; i++) {
        if (in_text && text[i] == '\\')
            i++;
        else if (text[i] == '"')
            in_text = !in_text;
        else if (!in_text && (text[i] == '[' || text[i] == '{'))
            depth++;
        else if (!in_text && (text[i] == ']' || text[i] == '}'))
            depth--;
        if (depth > JSON_DEPTH_MAX)
            return true;
    }
    return false;
}

struct json_value *json_parse(const char *text, size_t len)
{
    char error[64];
    char *copy;
    yajl_val node;

    if (memchr(text, '\0', len) != NULL || is_deep(text, len))
        return NULL;
    copy = mem_alloc(len + 1); /* the library wants it terminated */
    memcpy(copy, text, len);
    copy[len] = '\0';
    node = yajl_tree_parse(copy, error, sizeof(error));
    free(copy);
    return (struct json_value *)node;
}

void json_forget(struct json_value *value)
{
    yajl_tree_free((yajl_val)value);
}

enum json_type json_type_of(const struct json_value *value)
{
    if (value == NULL)
        return JSON_NULL;
    switch (node_of(value)->type) {
    case yajl_t_string:
        return JSON_TEXT;
    case yajl_t_number:
        return JSON_NUMBER;
    case yajl_t_object:
        return JSON_MAP;
    case yajl_t_array:
        return JSON_ARRAY;
    case yajl_t_true:
    case yajl_t_false:
        return JSON_BOOL;
    default:
        return JSON_NULL;
    }
}

const struct json_value *json_get(const struct json_value *map, const char *key)
{
    yajl_val node = node_of(map);

    if (json_type_of(map) != JSON_MAP)
        return NULL;
    for (size_t i = 0; i < node->u.object.len; i++)
        if (strcmp(node->u.object.keys[i], key) == 0)
            return value_of(node->u.object.values[i]);
    return NULL;
}

size_t json_count(const struct json_value *value)
{
    switch (json_type_of(value)) {
    case JSON_MAP:
        return node_of(value)->u.object.len;
    case JSON_ARRAY:
        return node_of(value)->u.array.len;
    default:
        return 0;
    }
}

const struct json_value *json_at(const struct json_value *value, size_t index,
                                 const char **key)
{
    yajl_val node = node_of(value);

    if (index >= json_count(value))
        return NULL;
    if (node->type == yajl_t_array)
        return value_of(node->u.array.values[index]);
    if (key != NULL)
        *key = node->u.object.keys[index];
    return value_of(node->u.object.values[index]);
}

const char *json_as_text(const struct json_value *value)
{
    return json_type_of(value) == JSON_TEXT ? node_of(value)->u.string : NULL;
}

bool json_as_uint(const struct json_value *value, uint64_t *number)
{
    const char *digits;
    char *end;

    if (json_type_of(value) != JSON_NUMBER)
        return false;
    /* As it was written: the library knows signed numbers only. */
    digits = node_of(value)->u.number.r;
    if (digits[strspn(digits, "0123456789")] != '\0')
        return false;
    errno = 0;
    *number = strtoull(digits, &end, 10);
    return errno == 0 && *end == '\0';
}

bool json_as_double(const struct json_value *value, double *number)
{
    if (json_type_of(value) != JSON_NUMBER)
        return false;
    *number = node_of(value)->u.number.d;
    return isfinite(*number);
}

bool json_is_true(const struct json_value *value)
{
    return value != NULL && node_of(value)->type == yajl_t_true;
}
