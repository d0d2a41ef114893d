/* record: a flow as JSON. SPDX-License-Identifier: MIT */
#include "export/record.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_gen.h>

#include "core/model/field.h"
#include "core/util/mem.h"

#define NUMBER_SIZE 24 /* the digits of 64 bits, sign and point */
#define KEY_SIZE 32    /* a field's name with what stands around it */
#define ID_SIZE (16 + 1 + 20 + 1)

/* A row of flows that records have, and its name there: `,"NAME":`. */
struct column {
    const struct field *field;
    char key[KEY_SIZE];
    size_t len;
};

/*
 * yajl quotes what has to be: names once, and texts with quotes, backslashes
 * or control characters. All else goes straight into the record, which has
 * fifty small pieces and would take a third of a short flow's time if each
 * went through yajl.
 */
struct recorder {
    const struct engine *engine;
    struct hash_key nonce;
    uint64_t records; /* made so far */
    yajl_gen json;
    struct column columns[FIELDS_EXPORTED_MAX];
    size_t count;
    char *text; /* of the latest record */
    size_t len;
    size_t size; /* allocated */
};

/* Make room for so many bytes more. @return where they go. */
static char *reserve(struct recorder *recorder, size_t more)
{
    if (more > recorder->size - recorder->len) {
        recorder->size = 2 * (recorder->size + more);
        recorder->text = mem_realloc(recorder->text, recorder->size, 1);
    }
    return recorder->text + recorder->len;
}

/* Where yajl writes to. */
static void put(void *arg, const char *piece, size_t len)
{
    struct recorder *recorder = arg;

    memcpy(reserve(recorder, len), piece, len);
    recorder->len += len;
}

static void put_char(struct recorder *recorder, char c)
{
    *reserve(recorder, 1) = c;
    recorder->len++;
}

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

static void json_free(void *arg, void *ptr)
{
    (void)arg;
    free(ptr);
}

/* A text of its own, as yajl quotes it. */
static void quote(struct recorder *recorder, const char *text, size_t len)
{
    yajl_gen_status status;

    yajl_gen_reset(recorder->json, NULL);
    status = yajl_gen_string(recorder->json, (const unsigned char *)text, len);
    assert(status == yajl_gen_status_ok); /* it refuses what is out of place */
    (void)status;
}

static void make_columns(struct recorder *recorder)
{
    const struct field *fields[FIELDS_EXPORTED_MAX];

    recorder->count = fields_exported(fields);
    for (size_t i = 0; i < recorder->count; i++) {
        struct column *column = &recorder->columns[i];

        recorder->len = 0;
        put_char(recorder, ',');
        quote(recorder, fields[i]->record, strlen(fields[i]->record));
        put_char(recorder, ':');
        assert(recorder->len <= sizeof(column->key));
        memcpy(column->key, recorder->text, recorder->len);
        column->len = recorder->len;
        column->field = fields[i];
    }
}

struct recorder *recorder_new(const struct engine *engine,
                              const struct hash_key *nonce)
{
    const yajl_alloc_funcs memory = {json_alloc, json_realloc, json_free, NULL};
    struct recorder *recorder = mem_calloc(1, sizeof(*recorder));

    recorder->engine = engine;
    recorder->nonce = *nonce;
    recorder->json = yajl_gen_alloc(&memory);
    yajl_gen_config(recorder->json, yajl_gen_print_callback, put, recorder);
    make_columns(recorder);
    return recorder;
}

void recorder_free(struct recorder *recorder)
{
    if (recorder == NULL)
        return;
    yajl_gen_free(recorder->json);
    free(recorder->text);
    free(recorder);
}

/* All of a fixed size is copied, which is faster than to count. */
static void write_key(struct recorder *recorder, const struct column *column)
{
    memcpy(reserve(recorder, KEY_SIZE), column->key, KEY_SIZE);
    recorder->len += column->len;
}

/* The same byte eight times. */
#define EIGHT(byte) (UINT64_C(0x0101010101010101) * (byte))

/* Whether some of eight bytes are zero: a borrow goes through it alone. */
static bool has_zero(uint64_t bytes)
{
    return ((bytes - EIGHT(1)) & ~bytes & EIGHT(0x80)) != 0;
}

static bool has_special(uint64_t bytes)
{
    bool has_control = ((bytes - EIGHT(' ')) & ~bytes & EIGHT(0x80)) != 0;

    return has_control || has_zero(bytes ^ EIGHT('"')) ||
           has_zero(bytes ^ EIGHT('\\'));
}

/* @return whether all characters stand for themselves between quotes. */
static bool is_plain(const char *text, size_t len)
{
    uint64_t bytes;

    for (; len >= sizeof(bytes); len -= sizeof(bytes)) {
        memcpy(&bytes, text, sizeof(bytes));
        text += sizeof(bytes);
        if (has_special(bytes))
            return false;
    }
    bytes = EIGHT('x');
    for (size_t i = 0; i < len; i++)
        bytes = bytes << 8 | (unsigned char)text[i];
    return !has_special(bytes);
}

static void write_text(struct recorder *recorder, const char *text)
{
    size_t len = strlen(text);
    char *to;

    if (!is_plain(text, len)) {
        quote(recorder, text, len);
        return;
    }
    to = reserve(recorder, len + 2);
    to[0] = '"';
    memcpy(to + 1, text, len);
    to[len + 1] = '"';
    recorder->len += len + 2;
}

/*
 * The number value / 10^decimals. printf(), which yajl has for numbers, would
 * take most of a record's time and heed the locale.
 */
static void write_number(struct recorder *recorder, uint64_t value,
                         bool is_negative, unsigned decimals)
{
    char digits[2 * NUMBER_SIZE] = {0}; /* the second half is copied along */
    char *at = digits + NUMBER_SIZE;

    for (unsigned written = 0; value != 0 || written <= decimals; written++) {
        if (written != 0 && written == decimals)
            *--at = '.';
        *--at = (char)('0' + value % 10);
        value /= 10;
    }
    if (is_negative)
        *--at = '-';
    memcpy(reserve(recorder, NUMBER_SIZE), at, NUMBER_SIZE);
    recorder->len += (size_t)(digits + NUMBER_SIZE - at);
}

static void write_place(struct recorder *recorder, const int32_t place[2])
{
    for (int i = 0; i < 2; i++) {
        put_char(recorder, i == 0 ? '[' : ',');
        write_number(recorder, (uint64_t)labs(place[i]), place[i] < 0,
                     FIELD_PLACE_DECIMALS);
    }
    put_char(recorder, ']');
}

/* A number with three decimals; what is none is 0. */
static void write_decimal(struct recorder *recorder, double decimal)
{
    double size = fabs(decimal) * 1000;
    uint64_t thousandths = size < 1e18 ? (uint64_t)llround(size) : 0;

    write_number(recorder, thousandths, decimal < 0 && thousandths != 0, 3);
}

static void write_value(struct recorder *recorder, enum field_type type,
                        const struct field_value *value)
{
    switch (type) {
    case FIELD_TEXT:
        write_text(recorder, value->text);
        break;
    case FIELD_NUMBER:
        write_number(recorder, (uint64_t)llabs(value->number),
                     value->number < 0, 0);
        break;
    case FIELD_THOUSANDTHS:
        write_number(recorder, (uint64_t)llabs(value->number),
                     value->number < 0, 3);
        break;
    case FIELD_DECIMAL:
        write_decimal(recorder, value->decimal);
        break;
    case FIELD_FLAG:
        write_number(recorder, value->flag, false, 0);
        break;
    case FIELD_PLACE:
        write_place(recorder, value->place);
        break;
    case FIELD_TABLE:
    case FIELD_LIST:
        assert(false); /* records are flat: fields_exported() */
    }
}

/* What tells this flow from all others: who, since when, and where. */
static uint64_t hash_flow(const struct recorder *recorder,
                          const struct iface *iface, const struct flow *flow)
{
    const struct flow_key *key = &flow->key;
    const uint64_t *nonce = recorder->nonce.word;
    uint64_t rest = (uint64_t)key->port[0] | (uint64_t)key->port[1] << 16 |
                    (uint64_t)key->vlan << 32 | (uint64_t)key->l4_proto << 48;
    uint64_t begin = (uint64_t)flow->first_us ^ (uint64_t)iface->id << 52;
    hash_wide sum;

    sum = hash_pair(key->addr[0].words[0], key->addr[0].words[1], nonce[0],
                    nonce[1]);
    sum += hash_pair(key->addr[1].words[0], key->addr[1].words[1], nonce[2],
                     nonce[3]);
    sum += hash_pair(rest, begin, nonce[4], nonce[5]);
    return (uint64_t)sum ^ (uint64_t)(sum >> 64);
}

static void write_id(struct recorder *recorder, const struct iface *iface,
                     const struct flow *flow, char id[ID_SIZE])
{
    uint64_t hash = hash_flow(recorder, iface, flow);
    uint64_t number = recorder->records++;
    uint64_t place = 1;
    char *at = id;

    for (int shift = 60; shift >= 0; shift -= 4)
        *at++ = "0123456789abcdef"[hash >> shift & 0xf];
    *at++ = '-';
    while (number / place >= 10)
        place *= 10;
    for (; place != 0; place /= 10)
        *at++ = (char)('0' + number / place % 10);
    *at = '\0';
}

const char *recorder_write(struct recorder *recorder, const struct iface *iface,
                           const struct flow *flow,
                           const struct flow_mark *mark, size_t *len)
{
    char id[ID_SIZE];
    struct field_source source = {.seen = NULL};
    struct field_value value;

    field_of_flow(iface, flow, POOL_NONE, &source);
    source.mark = mark;
    source.record_id = id;
    write_id(recorder, iface, flow, id);
    recorder->len = 0;
    for (size_t i = 0; i < recorder->count; i++) {
        const struct column *column = &recorder->columns[i];
        const struct field *field = column->field;

        if (field->get(field, &source, &value) != FIELD_FOUND)
            continue;
        write_key(recorder, column);
        write_value(recorder, field->type, &value);
    }
    assert(recorder->len > 0);
    recorder->text[0] = '{'; /* instead of the first key's comma */
    put_char(recorder, '}');
    put_char(recorder, '\0'); /* ends it as text, too */
    *len = recorder->len - 1;
    return recorder->text;
}
