/* json: JSON texts, written and read. SPDX-License-Identifier: MIT */
#ifndef KELVIN_UTIL_JSON_H
#define KELVIN_UTIL_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Writing, piece by piece:
 *
 *   json = json_new();
 *   json_map(json);
 *   json_key(json, "bytes");
 *   json_uint(json, 1500);
 *   json_end_map(json);
 *   text = json_text_of(json, &len);
 *   json_free(json);
 *
 * A piece in the wrong place is a bug and aborts. Texts must be clean UTF-8
 * (utf8_clean).
 */
struct json;

struct json *json_new(void);
void json_free(struct json *json); /* NULL is fine */

/* Begin anew, keeping the memory. */
void json_reset(struct json *json);

void json_map(struct json *json);
void json_end_map(struct json *json);
void json_array(struct json *json);
void json_end_array(struct json *json);
void json_key(struct json *json, const char *key);
void json_text(struct json *json, const char *text);
void json_text_n(struct json *json, const char *text, size_t len);
void json_int(struct json *json, int64_t number);
void json_uint(struct json *json, uint64_t number);
/* Not finite: null. */
void json_double(struct json *json, double number);
void json_bool(struct json *json, bool value);
void json_null(struct json *json);

/* All so far, NUL-terminated; valid until the next piece. */
const char *json_text_of(const struct json *json, size_t *len);

/*
 * Reading: a text becomes a tree. It may come from anybody: nesting deeper
 * than JSON_DEPTH_MAX is refused, and what a value is has to be asked.
 */
struct json_value;

#define JSON_DEPTH_MAX 64

enum json_type {
    JSON_NULL, /* also of the NULL pointer */
    JSON_BOOL,
    JSON_NUMBER,
    JSON_TEXT,
    JSON_ARRAY,
    JSON_MAP
};

/* @return NULL when it is not one JSON value; free it with json_forget(). */
struct json_value *json_parse(const char *text, size_t len);
void json_forget(struct json_value *value); /* NULL is fine */

enum json_type json_type_of(const struct json_value *value);

/* A member of a map, or NULL: none such, or no map. */
const struct json_value *json_get(const struct json_value *map,
                                  const char *key);

/* Members of a map or elements of an array; 0 for others. */
size_t json_count(const struct json_value *value);

/* The element of an array or the value of a map's member; NULL past the end.
 * `*key` may be NULL, and gets the member's key. */
const struct json_value *json_at(const struct json_value *value, size_t index,
                                 const char **key);

/* The text, or NULL when it is none. */
const char *json_as_text(const struct json_value *value);

/* A whole number within 0 .. 2^64-1; @return false for anything else. */
bool json_as_uint(const struct json_value *value, uint64_t *number);

/* Any number that is finite; @return false for anything else. */
bool json_as_double(const struct json_value *value, double *number);

bool json_is_true(const struct json_value *value);

#endif
