/* field: what an entity can tell. SPDX-License-Identifier: MIT */
#ifndef KELVIN_MODEL_FIELD_H
#define KELVIN_MODEL_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/model/engine.h"
#include "core/model/mask.h"

/*
 * What an entity (flow, host, device, group, interface) can tell is one const
 * table of rows. Tables of Lua, records, filters, documentation and tests read
 * the same rows: each renders the neutral value of a row in its own way.
 */
enum field_type {
    FIELD_NUMBER,      /* whole */
    FIELD_THOUSANDTHS, /* whole, to be shown divided by 1000 */
    FIELD_DECIMAL,
    FIELD_TEXT, /* clean UTF-8 */
    FIELD_FLAG,
    FIELD_PLACE, /* longitude, latitude */
    FIELD_TABLE, /* of `rows` about the same source */
    FIELD_LIST,  /* what `list` puts */
};

/* From which detail on tables have the row. */
enum field_level {
    FIELD_BASIC,   /* flows: normal; hosts: lists */
    FIELD_HIGH,    /* hosts: show_details */
    FIELD_HIGHER,  /* groups: with their applications */
    FIELD_MAX,     /* hosts: getHostInfo */
    FIELD_BY_NAME, /* in none: for filters, and for records */
};

/* Whether an entity has what a row tells. */
enum field_found {
    FIELD_NONE,
    FIELD_FOUND,
    FIELD_EMPTY, /* no, but tables show what stands for that: 0, "" */
};

static inline enum field_found field_found(bool is_there)
{
    return is_there ? FIELD_FOUND : FIELD_NONE;
}

/* The same for what tables always show. */
static inline enum field_found field_shown(bool is_there)
{
    return is_there ? FIELD_FOUND : FIELD_EMPTY;
}

#define FIELD_PLACE_DECIMALS 4 /* of a degree: ten metres */

struct field_value {
    union {
        int64_t number; /* or thousandths */
        double decimal;
        const char *text; /* may be `buffer` */
        bool flag;
        int32_t place[2]; /* in 1 / 10^FIELD_PLACE_DECIMALS degrees */
    };
    char buffer[192];
};

/* The entity, as far as its rows need it; all of it during the call only. */
struct field_source {
    const struct iface *iface;
    const struct networks *seen; /* hosts that the reader may see; NULL: all */
    const struct mask *mask; /* hosts that are hidden from everyone, or NULL */
    const struct flow *flow;
    const struct tcp *tcp; /* NULL for other protocols */
    /* Of a flow, what earlier records covered: counters and times are of what
     * came later. */
    const struct flow_mark *mark;
    const char *record_id;
    const struct host *host;
    const struct device *device;
    const struct group *group;
    uint32_t hosts; /* of a device or group, those that the reader may see */
    uint32_t index; /* of the entity in its pool, or POOL_NONE */
    enum field_level level;
};

/* Where a list goes: values under a key, or without one (NULL) in their order,
 * and tables of them, whose key comes when they are whole. */
struct field_sink {
    void (*value)(void *arg, const char *key, enum field_type type,
                  const struct field_value *value);
    void (*open)(void *arg);
    void (*close)(void *arg, const char *key);
    void *arg;
};

struct field_rows;

struct field {
    const char *key; /* in tables and filters; NULL: in records alone */
    enum field_type type;
    enum field_level level;
    const char *unit;   /* "" for none */
    const char *help;   /* one line */
    const char *record; /* the key in records; NULL: it is not exported */
    /* Fill the value. NULL, for tables and lists only: there always is one. */
    enum field_found (*get)(const struct field *field,
                            const struct field_source *source,
                            struct field_value *value);
    /* What `get` and `list` are asked for, where they serve several rows. */
    uint8_t way; /* enum way */
    uint8_t detail;
    const struct field_rows *rows; /* of a FIELD_TABLE */
    /* Of a FIELD_LIST: put what belongs into its table. */
    void (*list)(const struct field *field, const struct field_source *source,
                 const struct field_sink *sink);
};

struct field_rows {
    const struct field *fields;
    size_t count;
};

#define FIELD_ROWS(fields)                           \
    {                                                \
        fields, sizeof(fields) / sizeof((fields)[0]) \
    }

/* The functions of rows. */
#define FIELD_GET(name)                                      \
    enum field_found name(const struct field *field,         \
                          const struct field_source *source, \
                          struct field_value *value)
#define FIELD_LISTS(name)                                                   \
    void name(const struct field *field, const struct field_source *source, \
              const struct field_sink *sink)

/* Rows, in short. */
#define FIELD(key, type, level, unit, help, record, get, way, detail)      \
    {                                                                      \
        key, type, level, unit, help, record, get, way, detail, NULL, NULL \
    }
#define FIELD_OF_ROWS(key, level, help, get, rows)                     \
    {                                                                  \
        key, FIELD_TABLE, level, "", help, NULL, get, 0, 0, rows, NULL \
    }
#define FIELD_OF_LIST(key, level, unit, help, get, way, detail, list)          \
    {                                                                          \
        key, FIELD_LIST, level, unit, help, NULL, get, way, detail, NULL, list \
    }

/* The row with this key ("bytes"; "tls.version" is in the table of "tls"), or
 * of this key in records; in any case. NULL: there is none. */
const struct field *field_find(const struct field_rows *rows, const char *key,
                               size_t len);

/* The rows of flows that records have, in the order of their keys there; all
 * are single values. @return how many there are. */
#define FIELDS_EXPORTED_MAX 64
size_t fields_exported(const struct field *fields[FIELDS_EXPORTED_MAX]);

/* Put one value. */
void field_put_number(const struct field_sink *sink, const char *key,
                      uint64_t number);
void field_put_text(const struct field_sink *sink, const char *key,
                    const char *text);
void field_put_flag(const struct field_sink *sink, const char *key, bool flag);

/* Put a table of a virtual host's counters under its name (section 6.2 of the
 * contract). */
void field_put_vhost(const struct field_sink *sink, const struct vhost *vhost,
                     bool with_server, uint32_t now_s);

/* Put packet sizes and flags. */
void field_put_classes(const struct field_sink *sink,
                       const uint64_t classes[PACKET_CLASSES]);

/* Put a table of one application's counters under its name, unless it had no
 * packets. */
void field_put_app(const struct field_sink *sink, const struct dpi *dpi,
                   uint16_t app, const struct traffic traffic[WAYS],
                   uint32_t duration_s);

/* The rows of hosts, devices, autonomous systems and VLANs. */
const struct field_rows *field_host(void);
const struct field_rows *field_device(void);
const struct field_rows *field_as(void);
const struct field_rows *field_vlan(void);

/* The rows of flows: those with keys in records are in the order of these.
 * And how to ask them about a flow, of which index may be POOL_NONE. */
const struct field_rows *field_flow(void);
void field_of_flow(const struct iface *iface, const struct flow *flow,
                   uint32_t index, struct field_source *source);
void field_of_host(const struct iface *iface, uint32_t index,
                   struct field_source *source);

#endif
