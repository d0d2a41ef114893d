/* record: a flow as JSON. SPDX-License-Identifier: MIT */
#include "export/record.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_gen.h>

#include "core/util/mem.h"
#include "export/field.h"

#define NUMBER_SIZE 24 /* the digits of 64 bits, sign and point */
#define ID_SIZE (16 + 1 + 20 + 1)

struct recorder {
    const struct engine *engine;
    struct hash_key nonce;
    uint64_t records; /* made so far */
    yajl_gen json;
    char *text; /* of the latest record */
    size_t len;
    size_t size; /* allocated */
};

/* Where yajl writes to, mostly a byte or a word at a time, for which its own
 * buffer does too much. */
static void put(void *arg, const char *piece, size_t len)
{
    struct recorder *recorder = arg;

    if (len > recorder->size - recorder->len) {
        recorder->size = 2 * (recorder->size + len);
        recorder->text = mem_realloc(recorder->text, recorder->size, 1);
    }
    if (len == 1)
        recorder->text[recorder->len] = *piece;
    else
        memcpy(recorder->text + recorder->len, piece, len);
    recorder->len += len;
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

struct recorder *recorder_new(const struct engine *engine,
                              const struct hash_key *nonce)
{
    const yajl_alloc_funcs memory = {json_alloc, json_realloc, json_free, NULL};
    struct recorder *recorder = mem_calloc(1, sizeof(*recorder));

    recorder->engine = engine;
    recorder->nonce = *nonce;
    recorder->json = yajl_gen_alloc(&memory);
    yajl_gen_config(recorder->json, yajl_gen_print_callback, put, recorder);
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

/* yajl refuses only what is out of place, which is a bug here. */
static void check(yajl_gen_status status)
{
    assert(status == yajl_gen_status_ok);
    (void)status;
}

static void write_text(yajl_gen json, const char *text)
{
    check(yajl_gen_string(json, (const unsigned char *)text, strlen(text)));
}

/*
 * The number value / 10^decimals. printf(), which yajl has for numbers, would
 * take most of a record's time and heed the locale.
 */
static void write_number(yajl_gen json, uint64_t value, bool is_negative,
                         unsigned decimals)
{
    char digits[NUMBER_SIZE];
    char *at = digits + sizeof(digits);

    for (unsigned written = 0; value != 0 || written <= decimals; written++) {
        if (written != 0 && written == decimals)
            *--at = '.';
        *--at = (char)('0' + value % 10);
        value /= 10;
    }
    if (is_negative)
        *--at = '-';
    check(yajl_gen_number(json, at, (size_t)(digits + sizeof(digits) - at)));
}

static void write_place(yajl_gen json, const int32_t place[2])
{
    check(yajl_gen_array_open(json));
    for (int i = 0; i < 2; i++)
        write_number(json, (uint64_t)labs(place[i]), place[i] < 0,
                     FIELD_PLACE_DECIMALS);
    check(yajl_gen_array_close(json));
}

static void write_value(yajl_gen json, enum field_type type,
                        const struct field_value *value)
{
    switch (type) {
    case FIELD_TEXT:
        write_text(json, value->text);
        break;
    case FIELD_NUMBER:
        write_number(json, value->number, false, 0);
        break;
    case FIELD_DECIMAL:
        write_number(json, value->number, false, 3);
        break;
    case FIELD_PLACE:
        write_place(json, value->place);
        break;
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
    struct record_source source = {
        .engine = recorder->engine,
        .iface = iface,
        .flow = flow,
        .tcp = flows_tcp(&iface->flows, flow),
        .mark = mark,
        .id = id,
    };
    size_t count;
    const struct field *fields = field_table(&count);
    struct field_value value;

    write_id(recorder, iface, flow, id);
    recorder->len = 0;
    yajl_gen_reset(recorder->json, NULL);
    check(yajl_gen_map_open(recorder->json));
    for (size_t i = 0; i < count; i++) {
        if (!fields[i].get(&fields[i], &source, &value))
            continue;
        write_text(recorder->json, fields[i].name);
        write_value(recorder->json, fields[i].type, &value);
    }
    check(yajl_gen_map_close(recorder->json));
    put(recorder, "", 1); /* ends it as text, too */
    *len = recorder->len - 1;
    return recorder->text;
}
