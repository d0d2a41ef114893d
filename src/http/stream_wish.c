/* stream_wish: what a reader of the stream wants to hear.
 * SPDX-License-Identifier: MIT */
#include "http/stream_wish.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/model/field.h"
#include "core/model/flow_view.h"
#include "core/util/mem.h"
#include "lua/lib_interface.h"

#define KEY_SIZE (ADDR_TEXT_SIZE + sizeof("@65535"))
#define ROW_FIELDS 10
#define TOLD_GONE 2 /* hashes are odd */

struct stream_row {
    int64_t flow; /* the key of a flow */
    struct addr addr;
    uint16_t vlan;
    uint64_t told; /* a hash of what was told last; 0: nothing */
    char key[KEY_SIZE];
};

/* What rows tell, by their names in tables of Lua. */
static const char *const flow_fields[ROW_FIELDS] = {
    "bytes",    "packets",   "cli2srv.bytes", "srv2cli.bytes", "throughput_bps",
    "duration", "seen.last", "flow.status",   "proto.ndpi",    "info",
};
static const char *const host_fields[ROW_FIELDS] = {
    "name",
    "bytes.sent",
    "bytes.rcvd",
    "packets.sent",
    "packets.rcvd",
    "throughput_bps",
    "throughput_pps",
    "seen.last",
    "active_flows.as_client",
    "active_flows.as_server",
};

/* --- Reading --- */

static bool parse_flow(struct stream_row *row)
{
    char *end;

    row->flow = strtoll(row->key, &end, 10);
    return row->key[0] >= '0' && row->key[0] <= '9' && *end == '\0';
}

static bool parse_host(struct stream_row *row)
{
    return lib_parse_host(row->key, &row->addr, &row->vlan);
}

/* Add rows of a list of keys. */
static bool add_rows(struct stream_wish *wish, const char *name,
                     const char *list, bool (*parse)(struct stream_row *row),
                     struct strbuf *error)
{
    while (*list != '\0') {
        size_t len = strcspn(list, ",");
        struct stream_row *row = &wish->rows[wish->count];

        if (wish->count == STREAM_ROWS) {
            strbuf_printf(error, "%s: at most %d rows", name, STREAM_ROWS);
            return false;
        }
        if (len >= sizeof(row->key)) {
            strbuf_printf(error, "%s: must be keys between commas", name);
            return false;
        }
        memcpy(row->key, list, len);
        row->key[len] = '\0';
        if (!parse(row)) {
            strbuf_printf(error, "%s: must be keys between commas", name);
            return false;
        }
        wish->count++;
        list += len + (list[len] == ',');
    }
    return true;
}

static bool read_topics(struct stream_wish *wish, const char *list,
                        struct strbuf *error)
{
    while (*list != '\0') {
        size_t len = strcspn(list, ",");

        if (len == strlen("throughput") && memcmp(list, "throughput", len) == 0)
            wish->throughput = true;
        else if (len == strlen("alerts") && memcmp(list, "alerts", len) == 0)
            wish->alerts = true;
        else {
            strbuf_puts(error, "topics: must be throughput, alerts or both");
            return false;
        }
        list += len + (list[len] == ',');
    }
    return true;
}

static const struct iface *find_iface(const struct engine *engine,
                                      const struct lib_access *access,
                                      const char *id)
{
    for (uint16_t i = 0; i < engine_ifaces(engine); i++) {
        const struct iface *iface = engine_iface(engine, i);
        char text[16];

        snprintf(text, sizeof(text), "%u", (unsigned)iface->id);
        if (lib_sees_iface(access, iface) &&
            (id[0] == '\0' || strcmp(text, id) == 0))
            return iface;
    }
    return NULL;
}

static const char *asked(const struct params *query, const char *name)
{
    const char *value = params_get(query, name);

    return value != NULL ? value : "";
}

bool stream_wish_read(struct stream_wish *wish, const struct params *query,
                      const struct engine *engine,
                      const struct lib_access *access, struct strbuf *error)
{
    const char *topics = asked(query, "topics");

    memset(wish, 0, sizeof(*wish));
    wish->rows = mem_calloc(STREAM_ROWS, sizeof(*wish->rows));
    wish->iface = find_iface(engine, access, asked(query, "ifid"));
    if (wish->iface == NULL) {
        strbuf_puts(error, "ifid: no such interface");
        return false;
    }
    if (!read_topics(wish, topics, error) ||
        !add_rows(wish, "flows", asked(query, "flows"), parse_flow, error))
        return false;
    wish->flows = wish->count;
    if (!add_rows(wish, "hosts", asked(query, "hosts"), parse_host, error))
        return false;
    if (topics[0] == '\0' && wish->count == 0)
        wish->throughput = true;
    return true;
}

void stream_wish_free(struct stream_wish *wish)
{
    free(wish->rows);
    wish->rows = NULL;
}

/* --- Telling --- */

static void put_field(struct json *json, const struct field *field,
                      const struct field_source *source)
{
    struct field_value value;

    if (field->get(field, source, &value) == FIELD_NONE)
        return;
    json_key(json, field->key);
    switch (field->type) {
    case FIELD_NUMBER:
        json_int(json, value.number);
        break;
    case FIELD_THOUSANDTHS:
        json_double(json, (double)value.number / 1000);
        break;
    case FIELD_DECIMAL:
        json_double(json, value.decimal);
        break;
    case FIELD_TEXT:
        json_text(json, value.text);
        break;
    case FIELD_FLAG:
        json_bool(json, value.flag);
        break;
    case FIELD_PLACE:
    case FIELD_TABLE:
    case FIELD_LIST:
        json_null(json);
        break;
    }
}

/* Where the row is now. @return false: it is gone, or not for this user. */
static bool find_row(const struct stream_wish *wish,
                     const struct stream_row *row, bool is_flow,
                     const struct lib_access *access,
                     struct field_source *source)
{
    const struct iface *iface = wish->iface;
    uint32_t index;

    source->seen = lib_seen_networks(access);
    source->level = FIELD_HIGH;
    if (is_flow) {
        index = flow_by_key(iface, row->flow);
        if (index == POOL_NONE ||
            !lib_sees_flow(access, flows_at(&iface->flows, index)))
            return false;
        field_of_flow(iface, flows_at(&iface->flows, index), index, source);
        return true;
    }
    index = hosts_find(&iface->hosts, &row->addr, row->vlan);
    if (index == POOL_NONE || !lib_sees_addr(access, &row->addr))
        return false;
    field_of_host(iface, index, source);
    return true;
}

static void put_key(struct json *json, const struct stream_row *row,
                    bool is_flow)
{
    if (is_flow)
        json_int(json, row->flow);
    else
        json_text(json, row->key);
}

/* FNV-1a: only to see whether a text is the same as before. */
static uint64_t hash_of(const char *text, size_t len)
{
    uint64_t hash = UINT64_C(14695981039346656037);

    for (size_t i = 0; i < len; i++)
        hash = (hash ^ (unsigned char)text[i]) * UINT64_C(1099511628211);
    return hash | 1;
}

static void make_row(struct json *json, const struct stream_row *row,
                     bool is_flow, const struct field_source *source)
{
    const struct field_rows *rows = is_flow ? field_flow() : field_host();
    const char *const *names = is_flow ? flow_fields : host_fields;

    json_reset(json);
    json_map(json);
    json_key(json, "key");
    put_key(json, row, is_flow);
    for (unsigned i = 0; i < ROW_FIELDS; i++) {
        const struct field *field =
            field_find(rows, names[i], strlen(names[i]));

        assert(field != NULL);
        put_field(json, field, source);
    }
    json_end_map(json);
}

/* Flows, or hosts: from row `from` to before `to`. */
static void tell_rows(struct stream_wish *wish, const char *event,
                      unsigned from, unsigned to,
                      const struct lib_access *access, struct json *json,
                      struct strbuf *out)
{
    bool is_flow = from < wish->flows;
    struct strbuf changed;
    struct strbuf gone;

    strbuf_init(&changed, out->limit);
    strbuf_init(&gone, out->limit);
    for (unsigned i = from; i < to; i++) {
        struct stream_row *row = &wish->rows[i];
        struct field_source source = {0};
        const char *text;
        size_t len;

        if (find_row(wish, row, is_flow, access, &source)) {
            make_row(json, row, is_flow, &source);
            text = json_text_of(json, &len);
            if (hash_of(text, len) == row->told)
                continue;
            row->told = hash_of(text, len);
            strbuf_puts(&changed, changed.len > 0 ? "," : "");
            strbuf_add(&changed, text, len);
        } else if (row->told != TOLD_GONE) {
            row->told = TOLD_GONE;
            strbuf_printf(&gone, is_flow ? "%s%s" : "%s\"%s\"",
                          gone.len > 0 ? "," : "", row->key);
        }
    }
    if (changed.len + gone.len > 0)
        strbuf_printf(out,
                      "event: %s\ndata: {\"time\":%u,\"ifid\":%u,\"rows\":[%s],"
                      "\"gone\":[%s]}\n\n",
                      event, iface_now_s(wish->iface), wish->iface->id,
                      changed.len > 0 ? changed.text : "",
                      gone.len > 0 ? gone.text : "");
    strbuf_free(&changed);
    strbuf_free(&gone);
}

void stream_wish_tell(struct stream_wish *wish, const struct lib_access *access,
                      struct json *json, struct strbuf *out)
{
    tell_rows(wish, "flows", 0, wish->flows, access, json, out);
    tell_rows(wish, "hosts", wish->flows, wish->count, access, json, out);
}
