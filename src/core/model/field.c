/* field: what an entity can tell. SPDX-License-Identifier: MIT */
#include "core/model/field_internal.h"

#include <assert.h>
#include <string.h>
#include <strings.h>

static bool is_name(const char *name, const char *text, size_t len)
{
    return name != NULL && strlen(name) == len &&
           strncasecmp(name, text, len) == 0;
}

/* What follows "tls." in "tls.version", or NULL. */
static const char *within(const struct field *field, const char *key,
                          size_t len)
{
    size_t prefix = field->rows != NULL ? strlen(field->key) : 0;

    return prefix != 0 && prefix + 1 < len && key[prefix] == '.' &&
                   strncasecmp(field->key, key, prefix) == 0
               ? key + prefix + 1
               : NULL;
}

const struct field *field_find(const struct field_rows *rows, const char *key,
                               size_t len)
{
    for (size_t i = 0; i < rows->count; i++) {
        const struct field *field = &rows->fields[i];
        const char *rest = within(field, key, len);
        const struct field *found;

        if (is_name(field->key, key, len) || is_name(field->record, key, len))
            return field;
        if (field->rows == NULL)
            continue;
        found = rest != NULL
                    ? field_find(field->rows, rest, len - (size_t)(rest - key))
                    : field_find(field->rows, key, len);
        if (found != NULL && (rest != NULL || is_name(found->record, key, len)))
            return found;
    }
    return NULL;
}

static size_t add_exported(const struct field_rows *rows,
                           const struct field **fields, size_t count)
{
    for (size_t i = 0; i < rows->count; i++) {
        const struct field *field = &rows->fields[i];

        if (field->rows != NULL)
            count = add_exported(field->rows, fields, count);
        if (field->record == NULL)
            continue;
        assert(count < FIELDS_EXPORTED_MAX);
        fields[count++] = field;
    }
    return count;
}

size_t fields_exported(const struct field *fields[FIELDS_EXPORTED_MAX])
{
    return add_exported(field_flow(), fields, 0);
}

void field_put_number(const struct field_sink *sink, const char *key,
                      uint64_t number)
{
    struct field_value value;

    value.number = (int64_t)number;
    sink->value(sink->arg, key, FIELD_NUMBER, &value);
}

void field_put_text(const struct field_sink *sink, const char *key,
                    const char *text)
{
    struct field_value value;

    value.text = text;
    sink->value(sink->arg, key, FIELD_TEXT, &value);
}

void field_put_flag(const struct field_sink *sink, const char *key, bool flag)
{
    struct field_value value;

    value.flag = flag;
    sink->value(sink->arg, key, FIELD_FLAG, &value);
}

void field_put_vhost(const struct field_sink *sink, const struct vhost *vhost,
                     bool with_server, uint32_t now_s)
{
    char ip[ADDR_TEXT_SIZE];

    sink->open(sink->arg);
    if (with_server) {
        field_put_text(sink, "server.ip", addr_format(&vhost->server, ip));
        field_put_number(sink, "server.vlan", vhost->vlan);
    }
    field_put_number(sink, "bytes.sent", vhost->traffic[WAY_SENT].bytes);
    field_put_number(sink, "bytes.rcvd", vhost->traffic[WAY_RCVD].bytes);
    field_put_number(sink, "http.requests", vhost->requests);
    field_put_number(sink, "http.act_num_requests", vhost_recent(vhost, now_s));
    field_put_number(sink, "http.requests_trend", vhost_trend(vhost, now_s));
    sink->close(sink->arg, vhost->name);
}

void field_put_classes(const struct field_sink *sink,
                       const uint64_t classes[PACKET_CLASSES])
{
    for (unsigned i = 0; i < PACKET_CLASSES; i++)
        field_put_number(sink, packet_class_key(i), classes[i]);
}

void field_put_app(const struct field_sink *sink, const struct dpi *dpi,
                   uint16_t app, const struct traffic traffic[WAYS],
                   uint32_t duration_s)
{
    if (traffic[WAY_SENT].packets + traffic[WAY_RCVD].packets == 0)
        return;
    sink->open(sink->arg);
    field_put_text(sink, "breed", dpi_breed_name(dpi, app));
    field_put_number(sink, "packets.sent", traffic[WAY_SENT].packets);
    field_put_number(sink, "packets.rcvd", traffic[WAY_RCVD].packets);
    field_put_number(sink, "bytes.sent", traffic[WAY_SENT].bytes);
    field_put_number(sink, "bytes.rcvd", traffic[WAY_RCVD].bytes);
    field_put_number(sink, "duration", duration_s);
    sink->close(sink->arg, dpi_app_name(dpi, app));
}

void field_rate(const struct rate *rate, const struct iface *iface,
                enum field_rate which, struct field_value *value)
{
    uint32_t now_s = iface_now_s(iface);
    double now = (double)rate_bytes_per_s(rate, now_s);
    double before = (double)rate_before_bytes_per_s(rate, now_s);

    switch (which) {
    case RATE_BYTES:
        value->decimal = now;
        break;
    case RATE_BYTES_BEFORE:
        value->decimal = before;
        break;
    case RATE_DIFFERENCE:
        value->decimal = now - before;
        break;
    case RATE_PACKETS:
        value->decimal = (double)rate_packets_per_s(rate, now_s);
        break;
    case RATE_TREND:
        value->number = rate_trend(rate, now_s);
        break;
    }
}
