/* field: what a flow record can tell. SPDX-License-Identifier: MIT */
#include "export/field.h"

#include <assert.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

/* The last second that four digits of a year can tell. */
#define LAST_SECOND 253402300799

/* Endpoints */

static bool get_mac(const struct field *field,
                    const struct record_source *source,
                    struct field_value *value)
{
    const struct devices *devices = &source->iface->devices;
    uint32_t index = source->flow->device[field->way];

    static_assert(sizeof(value->buffer) >= MAC_TEXT_SIZE, "a MAC fits");
    if (index == POOL_NONE)
        return false;
    value->text = mac_format(devices_at(devices, index)->mac, value->buffer);
    return true;
}

static bool get_addr(const struct field *field,
                     const struct record_source *source,
                     struct field_value *value)
{
    const struct flow_key *key = &source->flow->key;

    static_assert(sizeof(value->buffer) >= ADDR_TEXT_SIZE, "an address fits");
    if (key->ip_version != field->detail)
        return false;
    value->text = addr_format(&key->addr[field->way], value->buffer);
    return true;
}

static bool get_port(const struct field *field,
                     const struct record_source *source,
                     struct field_value *value)
{
    value->number = source->flow->key.port[field->way];
    return true;
}

static bool get_protocol(const struct field *field,
                         const struct record_source *source,
                         struct field_value *value)
{
    (void)field;
    value->number = source->flow->key.l4_proto;
    return true;
}

static bool get_vlan(const struct field *field,
                     const struct record_source *source,
                     struct field_value *value)
{
    (void)field;
    value->number = source->flow->key.vlan;
    return value->number != 0;
}

/* The host at one end, or NULL while it is not known. */
static const struct host *host_of(const struct field *field,
                                  const struct record_source *source)
{
    uint32_t index = source->flow->host[field->way];

    return index != POOL_NONE ? hosts_at(&source->iface->hosts, index) : NULL;
}

static bool get_country(const struct field *field,
                        const struct record_source *source,
                        struct field_value *value)
{
    const struct host *host = host_of(field, source);

    if (host == NULL || host->country_group == POOL_NONE)
        return false;
    value->text = groups_at(&source->iface->groups, host->country_group)->name;
    return true;
}

static bool get_place(const struct field *field,
                      const struct record_source *source,
                      struct field_value *value)
{
    const struct host *host = host_of(field, source);
    const double scale = pow(10, FIELD_PLACE_DECIMALS);

    if (host == NULL || !host->has_location)
        return false;
    /* False for what is no number, too: it comes from a file of others. */
    if (!(fabsf(host->longitude) <= 180 && fabsf(host->latitude) <= 90))
        return false;
    value->place[0] = (int32_t)lround((double)host->longitude * scale);
    value->place[1] = (int32_t)lround((double)host->latitude * scale);
    return true;
}

/* Application */

/* The application, or its master where that is all there is. */
static uint16_t app_of(const struct flow *flow)
{
    return flow->app != 0 ? flow->app : flow->master;
}

static bool get_app(const struct field *field,
                    const struct record_source *source,
                    struct field_value *value)
{
    (void)field;
    value->number = app_of(source->flow);
    return true;
}

static bool get_app_name(const struct field *field,
                         const struct record_source *source,
                         struct field_value *value)
{
    const struct dpi *dpi = engine_dpi(source->engine);
    uint16_t master = source->flow->master;
    uint16_t app = app_of(source->flow);

    (void)field;
    if (master == 0 || master == app)
        value->text = dpi_app_name(dpi, app);
    else
        value->text = dpi_full_name(dpi, master, app, value->buffer,
                                    sizeof(value->buffer));
    return true;
}

static bool get_category(const struct field *field,
                         const struct record_source *source,
                         struct field_value *value)
{
    (void)field;
    value->text =
        dpi_category_name(engine_dpi(source->engine), source->flow->category);
    return true;
}

static bool get_attr_text(const struct field *field,
                          const struct record_source *source,
                          struct field_value *value)
{
    value->text = attrs_text(source->flow->attrs, field->detail);
    return value->text != NULL;
}

static bool get_attr_number(const struct field *field,
                            const struct record_source *source,
                            struct field_value *value)
{
    value->number =
        attrs_number(source->flow->attrs, field->detail, UINT64_MAX);
    return value->number != UINT64_MAX;
}

/* Traffic */

static bool get_packets(const struct field *field,
                        const struct record_source *source,
                        struct field_value *value)
{
    value->number = flow_packets(source->flow, field->way) -
                    source->mark->packets[field->way];
    return true;
}

static bool get_bytes(const struct field *field,
                      const struct record_source *source,
                      struct field_value *value)
{
    value->number =
        flow_bytes(source->flow, field->way) - source->mark->bytes[field->way];
    return true;
}

/* TCP */

static bool get_flags(const struct field *field,
                      const struct record_source *source,
                      struct field_value *value)
{
    (void)field;
    if (source->tcp == NULL)
        return false;
    value->number =
        source->tcp->side[WAY_SENT].flags | source->tcp->side[WAY_RCVD].flags;
    return true;
}

static bool get_side_flags(const struct field *field,
                           const struct record_source *source,
                           struct field_value *value)
{
    if (source->tcp == NULL)
        return false;
    value->number = source->tcp->side[field->way].flags;
    return true;
}

static bool get_trouble(const struct field *field,
                        const struct record_source *source,
                        struct field_value *value)
{
    if (source->tcp == NULL)
        return false;
    value->number = tcp_trouble(source->tcp, field->way, field->detail) -
                    source->mark->trouble[field->way][field->detail];
    return true;
}

static bool get_nw_latency(const struct field *field,
                           const struct record_source *source,
                           struct field_value *value)
{
    if (source->tcp == NULL)
        return false;
    value->number = field->way == WAY_SENT ? tcp_client_latency_us(source->tcp)
                                           : source->tcp->server_latency_us;
    return value->number != 0;
}

static bool get_appl_latency(const struct field *field,
                             const struct record_source *source,
                             struct field_value *value)
{
    (void)field;
    if (source->tcp == NULL)
        return false;
    value->number = tcp_appl_latency_us(source->tcp);
    return value->number != 0;
}

/* Time and place of the measurement */

/* Epoch seconds, within what a record can tell: captures may say anything. */
static uint64_t seconds_of(int64_t us)
{
    if (us < 0)
        return 0;
    return us / 1000000 < LAST_SECOND ? (uint64_t)(us / 1000000) : LAST_SECOND;
}

/* A later record of a flow covers what came after the one before it. */
static int64_t first_us(const struct record_source *source)
{
    return source->mark->records != 0 ? source->mark->when_us
                                      : source->flow->first_us;
}

/* Time in captures may go backwards; records do not. */
static uint64_t last_second(const struct record_source *source)
{
    int64_t first = first_us(source);
    int64_t last = source->flow->last_us;

    return seconds_of(last > first ? last : first);
}

static bool get_first(const struct field *field,
                      const struct record_source *source,
                      struct field_value *value)
{
    (void)field;
    value->number = seconds_of(first_us(source));
    return true;
}

static bool get_last(const struct field *field,
                     const struct record_source *source,
                     struct field_value *value)
{
    (void)field;
    value->number = last_second(source);
    return true;
}

/* Decimal digits with leading zeros; @return the byte behind them. */
static char *put_digits(char *to, unsigned value, unsigned digits)
{
    for (unsigned i = digits; i-- > 0; value /= 10)
        to[i] = (char)('0' + value % 10);
    return to + digits;
}

/*
 * Write "YYYY-MM-DD" of days since 1970-01-01 in the Gregorian calendar. A
 * year is counted from March on, so that the leap day is its last.
 */
static char *put_date(char *to, uint64_t days)
{
    uint64_t since_0 = days + 719468; /* days since 0000-03-01 */
    unsigned era = (unsigned)(since_0 / 146097);
    unsigned day = (unsigned)(since_0 % 146097);
    unsigned year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
    unsigned day_of_year = day - (365 * year + year / 4 - year / 100);
    unsigned month = (5 * day_of_year + 2) / 153; /* 0 is March */

    to = put_digits(to, year + era * 400 + (month >= 10), 4);
    *to++ = '-';
    to = put_digits(to, month < 10 ? month + 3 : month - 9, 2);
    *to++ = '-';
    return put_digits(to, day_of_year - (153 * month + 2) / 5 + 1, 2);
}

/* "2017-06-12T20:56:31.0Z": strftime() costs as much as half a record. */
static bool get_timestamp(const struct field *field,
                          const struct record_source *source,
                          struct field_value *value)
{
    uint64_t seconds = last_second(source);
    unsigned of_day = (unsigned)(seconds % 86400);
    char *to = put_date(value->buffer, seconds / 86400);

    (void)field;
    *to++ = 'T';
    to = put_digits(to, of_day / 3600, 2);
    *to++ = ':';
    to = put_digits(to, of_day / 60 % 60, 2);
    *to++ = ':';
    to = put_digits(to, of_day % 60, 2);
    memcpy(to, ".0Z", sizeof(".0Z"));
    value->text = value->buffer;
    return true;
}

static bool get_instance(const struct field *field,
                         const struct record_source *source,
                         struct field_value *value)
{
    (void)field;
    value->text = engine_config(source->engine)->instance_name;
    return value->text != NULL;
}

static bool get_iface(const struct field *field,
                      const struct record_source *source,
                      struct field_value *value)
{
    (void)field;
    value->text = source->iface->name;
    return true;
}

static bool get_id(const struct field *field,
                   const struct record_source *source,
                   struct field_value *value)
{
    (void)field;
    value->text = source->id;
    return true;
}

/* clang-format off */
static const struct field fields[] = {
    {"IN_SRC_MAC", FIELD_TEXT, "", "MAC address of the client",
     get_mac, WAY_SENT, 0},
    {"OUT_DST_MAC", FIELD_TEXT, "", "MAC address of the server",
     get_mac, WAY_RCVD, 0},
    {"IPV4_SRC_ADDR", FIELD_TEXT, "", "address of the client",
     get_addr, WAY_SENT, 4},
    {"IPV4_DST_ADDR", FIELD_TEXT, "", "address of the server",
     get_addr, WAY_RCVD, 4},
    {"IPV6_SRC_ADDR", FIELD_TEXT, "", "address of the client",
     get_addr, WAY_SENT, 6},
    {"IPV6_DST_ADDR", FIELD_TEXT, "", "address of the server",
     get_addr, WAY_RCVD, 6},
    {"L4_SRC_PORT", FIELD_NUMBER, "", "port of the client, 0 without ports",
     get_port, WAY_SENT, 0},
    {"L4_DST_PORT", FIELD_NUMBER, "", "port of the server, 0 without ports",
     get_port, WAY_RCVD, 0},
    {"PROTOCOL", FIELD_NUMBER, "", "IP protocol number",
     get_protocol, 0, 0},
    {"L7_PROTO", FIELD_NUMBER, "", "application as nDPI counts, 0 unknown",
     get_app, 0, 0},
    {"L7_PROTO_NAME", FIELD_TEXT, "", "application, as in TLS.Amazon",
     get_app_name, 0, 0},
    {"TCP_FLAGS", FIELD_NUMBER, "bits", "TCP flags seen in both directions",
     get_flags, 0, 0},
    {"CLIENT_TCP_FLAGS", FIELD_NUMBER, "bits", "TCP flags of the client",
     get_side_flags, WAY_SENT, 0},
    {"SERVER_TCP_FLAGS", FIELD_NUMBER, "bits", "TCP flags of the server",
     get_side_flags, WAY_RCVD, 0},
    {"IN_PKTS", FIELD_NUMBER, "packets", "from client to server",
     get_packets, WAY_SENT, 0},
    {"IN_BYTES", FIELD_NUMBER, "bytes", "frames from client to server",
     get_bytes, WAY_SENT, 0},
    {"OUT_PKTS", FIELD_NUMBER, "packets", "from server to client",
     get_packets, WAY_RCVD, 0},
    {"OUT_BYTES", FIELD_NUMBER, "bytes", "frames from server to client",
     get_bytes, WAY_RCVD, 0},
    {"FIRST_SWITCHED", FIELD_NUMBER, "s", "first packet, since 1970",
     get_first, 0, 0},
    {"LAST_SWITCHED", FIELD_NUMBER, "s", "last packet, since 1970",
     get_last, 0, 0},
    {"CLIENT_NW_LATENCY_MS", FIELD_DECIMAL, "ms", "SYN-ACK to ACK",
     get_nw_latency, WAY_SENT, 0},
    {"SERVER_NW_LATENCY_MS", FIELD_DECIMAL, "ms", "SYN to SYN-ACK",
     get_nw_latency, WAY_RCVD, 0},
    {"APPL_LATENCY_MS", FIELD_DECIMAL, "ms", "request to first answer byte",
     get_appl_latency, 0, 0},
    {"RETRANSMITTED_IN_PKTS", FIELD_NUMBER, "packets", "by the client",
     get_trouble, WAY_SENT, TCP_RETRANSMISSION},
    {"RETRANSMITTED_OUT_PKTS", FIELD_NUMBER, "packets", "by the server",
     get_trouble, WAY_RCVD, TCP_RETRANSMISSION},
    {"OOORDER_IN_PKTS", FIELD_NUMBER, "packets", "out of order, of the client",
     get_trouble, WAY_SENT, TCP_OUT_OF_ORDER},
    {"OOORDER_OUT_PKTS", FIELD_NUMBER, "packets", "out of order, of the server",
     get_trouble, WAY_RCVD, TCP_OUT_OF_ORDER},
    {"LOST_IN_PKTS", FIELD_NUMBER, "gaps", "in what the client sent",
     get_trouble, WAY_SENT, TCP_LOST},
    {"LOST_OUT_PKTS", FIELD_NUMBER, "gaps", "in what the server sent",
     get_trouble, WAY_RCVD, TCP_LOST},
    {"SRC_VLAN", FIELD_NUMBER, "", "VLAN id, when tagged",
     get_vlan, 0, 0},
    {"SRC_IP_COUNTRY", FIELD_TEXT, "", "country of the client, ISO 3166-1",
     get_country, WAY_SENT, 0},
    {"DST_IP_COUNTRY", FIELD_TEXT, "", "country of the server, ISO 3166-1",
     get_country, WAY_RCVD, 0},
    {"SRC_IP_LOCATION", FIELD_PLACE, "degrees", "where the client is",
     get_place, WAY_SENT, 0},
    {"DST_IP_LOCATION", FIELD_PLACE, "degrees", "where the server is",
     get_place, WAY_RCVD, 0},
    {"category", FIELD_TEXT, "", "category of the application",
     get_category, 0, 0},
    {"NTOPNG_INSTANCE_NAME", FIELD_TEXT, "", "who measured",
     get_instance, 0, 0},
    {"INTERFACE", FIELD_TEXT, "", "where it was measured",
     get_iface, 0, 0},
    {"HTTP_HOST", FIELD_TEXT, "", "of the first request",
     get_attr_text, 0, ATTR_HTTP_HOST},
    {"HTTP_URL", FIELD_TEXT, "", "of the first request",
     get_attr_text, 0, ATTR_HTTP_URL},
    {"HTTP_METHOD", FIELD_TEXT, "", "of the first request",
     get_attr_text, 0, ATTR_HTTP_METHOD},
    {"HTTP_RET_CODE", FIELD_NUMBER, "", "of the latest response",
     get_attr_number, 0, ATTR_HTTP_RET_CODE},
    {"DNS_QUERY", FIELD_TEXT, "", "name asked for",
     get_attr_text, 0, ATTR_DNS_QUERY},
    {"DNS_QUERY_TYPE", FIELD_NUMBER, "", "type asked for",
     get_attr_number, 0, ATTR_DNS_QUERY_TYPE},
    {"DNS_RET_CODE", FIELD_NUMBER, "", "code of the answer",
     get_attr_number, 0, ATTR_DNS_RET_CODE},
    {"SSL_SERVER_NAME", FIELD_TEXT, "", "TLS server name of the client",
     get_attr_text, 0, ATTR_TLS_SERVER_NAME},
    {"JA3C_HASH", FIELD_TEXT, "", "JA3 fingerprint of the client",
     get_attr_text, 0, ATTR_TLS_JA3C},
    {"JA3S_HASH", FIELD_TEXT, "", "JA3 fingerprint of the server",
     get_attr_text, 0, ATTR_TLS_JA3S},
    {"TLS_VERSION", FIELD_TEXT, "", "as in TLSv1.2",
     get_attr_text, 0, ATTR_TLS_VERSION},
    {"BITTORRENT_HASH", FIELD_TEXT, "", "what is shared, in hex",
     get_attr_text, 0, ATTR_BITTORRENT_HASH},
    {"ntop_timestamp", FIELD_TEXT, "", "LAST_SWITCHED in UTC, ISO 8601",
     get_timestamp, 0, 0},
    {"FLOW_ID", FIELD_TEXT, "", "unique, the same when sent again",
     get_id, 0, 0},
};
/* clang-format on */

const struct field *field_table(size_t *count)
{
    *count = sizeof(fields) / sizeof(fields[0]);
    return fields;
}
