/* mysql_rows: records as rows of tables. SPDX-License-Identifier: MIT */
#include "export/mysql_rows.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/util/json.h"
#include "core/util/mem.h"
#include "core/util/utf8.h"

#define INFO_MAX 255 /* characters; bytes are never fewer */

struct row {
    const struct json_value *record;
    const struct sink_record *source;
    struct mysql_link *link;
    const struct engine *engine;
    struct strbuf *out;
};

/* A column, and how its value is made. */
struct maker {
    struct mysql_column column;
    void (*add)(const struct row *row, const char *key);
    const char *key; /* in the record */
};

#define SAME(type) \
    {              \
        type, type \
    }

static uint64_t number_of(const struct row *row, const char *key)
{
    uint64_t number = 0;

    (void)json_as_uint(json_get(row->record, key), &number);
    return number;
}

static void add_number(const struct row *row, const char *key)
{
    strbuf_printf(row->out, "%" PRIu64, number_of(row, key));
}

static void add_packets(const struct row *row, const char *key)
{
    (void)key;
    strbuf_printf(row->out, "%" PRIu64,
                  number_of(row, "IN_PKTS") + number_of(row, "OUT_PKTS"));
}

static void add_quoted(const struct row *row, const char *text, size_t len)
{
    char *escaped = mem_alloc(2 * len + 1);
    size_t escaped_len = mysql_link_escape(row->link, escaped, text, len);

    strbuf_puts(row->out, "'");
    strbuf_add(row->out, escaped, escaped_len);
    strbuf_puts(row->out, "'");
    free(escaped);
}

static void add_text(const struct row *row, const char *key)
{
    const char *text = json_as_text(json_get(row->record, key));

    if (text == NULL)
        text = "";
    add_quoted(row, text, strlen(text));
}

/* "SRC" or "DST": a number of IPv4, a text of IPv6. */
static void add_address(const struct row *row, const char *key)
{
    char name[24] = "IPV4_";
    const char *text;
    struct in_addr v4;

    strcat(strcat(name, key), "_ADDR");
    text = json_as_text(json_get(row->record, name));
    if (text != NULL && inet_pton(AF_INET, text, &v4) == 1) {
        strbuf_printf(row->out, "%" PRIu32, ntohl(v4.s_addr));
        return;
    }
    name[3] = '6';
    add_text(row, name);
}

/* The first of these that it has. */
static void add_info(const struct row *row, const char *key)
{
    static const char *const keys[] = {"DNS_QUERY", "SSL_SERVER_NAME",
                                       "BITTORRENT_HASH"};
    const char *host = json_as_text(json_get(row->record, "HTTP_HOST"));
    const char *url = json_as_text(json_get(row->record, "HTTP_URL"));
    struct strbuf info;
    char clean[INFO_MAX + 1] = "";

    (void)key;
    strbuf_init(&info, 8192);
    if (host != NULL)
        strbuf_puts(&info, host);
    if (url != NULL)
        strbuf_puts(&info, url);
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]) && info.len == 0;
         i++) {
        const char *text = json_as_text(json_get(row->record, keys[i]));

        if (text != NULL)
            strbuf_puts(&info, text);
    }
    if (info.len > 0)
        (void)utf8_clean(clean, sizeof(clean), info.text, info.len);
    add_quoted(row, clean, strlen(clean));
    strbuf_free(&info);
}

static void add_json(const struct row *row, const char *key)
{
    (void)key;
    add_quoted(row, row->source->json, row->source->len);
}

static void add_iface(const struct row *row, const char *key)
{
    const char *name = json_as_text(json_get(row->record, key));
    unsigned number = 0;

    for (uint16_t i = 0; name != NULL && i < engine_ifaces(row->engine); i++) {
        const struct iface *iface = engine_iface(row->engine, i);

        if (strcmp(iface->name, name) == 0)
            number = (unsigned)iface->ifid;
    }
    strbuf_printf(row->out, "%u", number);
}

#define WORD SAME("smallint unsigned NOT NULL DEFAULT 0")
#define LONG SAME("int unsigned NOT NULL DEFAULT 0")
#define HUGE SAME("bigint unsigned NOT NULL DEFAULT 0")
#define ADDRESS                       \
    {                                 \
        "int unsigned", "varchar(48)" \
    }

static const struct maker makers[] = {
    {{"VLAN_ID", WORD}, add_number, "SRC_VLAN"},
    {{"L7_PROTO", WORD}, add_number, "L7_PROTO"},
    {{"IP_SRC_ADDR", ADDRESS}, add_address, "SRC"},
    {{"L4_SRC_PORT", WORD}, add_number, "L4_SRC_PORT"},
    {{"IP_DST_ADDR", ADDRESS}, add_address, "DST"},
    {{"L4_DST_PORT", WORD}, add_number, "L4_DST_PORT"},
    {{"PROTOCOL", SAME("tinyint unsigned NOT NULL DEFAULT 0")},
     add_number,
     "PROTOCOL"},
    {{"IN_BYTES", HUGE}, add_number, "IN_BYTES"},
    {{"OUT_BYTES", HUGE}, add_number, "OUT_BYTES"},
    {{"PACKETS", HUGE}, add_packets, NULL},
    {{"FIRST_SWITCHED", LONG}, add_number, "FIRST_SWITCHED"},
    {{"LAST_SWITCHED", LONG}, add_number, "LAST_SWITCHED"},
    {{"INFO", SAME("varchar(255)")}, add_info, NULL},
    {{"JSON", SAME("json")}, add_json, NULL},
    {{"NTOPNG_INSTANCE_NAME", SAME("varchar(256)")},
     add_text,
     "NTOPNG_INSTANCE_NAME"},
    {{"INTERFACE_ID", WORD}, add_iface, "INTERFACE"},
    {{"FLOW_ID", SAME("varchar(40)")}, add_text, "FLOW_ID"},
};

#define MAKERS (sizeof(makers) / sizeof(makers[0]))

const struct mysql_column *mysql_column(size_t i)
{
    return i < MAKERS ? &makers[i].column : NULL;
}

bool mysql_row_is_v6(const struct sink_record *record)
{
    static const char key[] = "\"IPV6_SRC_ADDR\":";

    return memmem(record->json, record->len, key, sizeof(key) - 1) != NULL;
}

bool mysql_row_add(struct strbuf *out, struct mysql_link *link,
                   const struct sink_record *record,
                   const struct engine *engine)
{
    struct json_value *value = json_parse(record->json, record->len);
    struct row row = {value, record, link, engine, out};

    if (value == NULL)
        return false;
    for (size_t i = 0; i < MAKERS; i++) {
        strbuf_puts(out, i == 0 ? "(" : ",");
        makers[i].add(&row, makers[i].key);
    }
    strbuf_puts(out, ")");
    json_forget(value);
    return true;
}
