/* host_json: a host as it is kept over a restart. SPDX-License-Identifier: MIT
 */
#include "core/run/host_json.h"

#include <stdio.h>
#include <string.h>

#include "core/packet/tcp.h"
#include "core/run/kept_json.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Tables of what is kept, read for writing and for reading. */

static const char *const l4_keys[L4_GROUPS][WAYS] = {
    [L4_TCP] = {"tcp_sent", "tcp_rcvd"},
    [L4_UDP] = {"udp_sent", "udp_rcvd"},
    [L4_ICMP] = {"icmp_sent", "icmp_rcvd"},
    [L4_OTHER] = {"other_ip_sent", "other_ip_rcvd"},
};

static const char *const class_keys[WAYS] = {"pktStats.sent", "pktStats.recv"};
static const char *const flow_keys[WAYS] = {"flows.as_client",
                                            "flows.as_server"};
static const char *const low_keys[WAYS] = {"low_goodput_flows.as_client",
                                           "low_goodput_flows.as_server"};

static const char *const trouble_keys[TCP_TROUBLE_KINDS] = {
    [TCP_RETRANSMISSION] = "pktRetr",
    [TCP_OUT_OF_ORDER] = "pktOOO",
    [TCP_LOST] = "pktLost",
};

/* 32-bit members of struct dns_counters and struct http_counters. */
struct member {
    const char *key;
    size_t offset;
};

static const struct member dns_members[] = {
    {"num_queries", offsetof(struct dns_counters, queries)},
    {"num_replies_ok", offsetof(struct dns_counters, replies_ok)},
    {"num_replies_error", offsetof(struct dns_counters, replies_error)},
    {"num_a", offsetof(struct dns_counters, by_type[0])},
    {"num_ns", offsetof(struct dns_counters, by_type[1])},
    {"num_cname", offsetof(struct dns_counters, by_type[2])},
    {"num_soa", offsetof(struct dns_counters, by_type[3])},
    {"num_ptr", offsetof(struct dns_counters, by_type[4])},
    {"num_mx", offsetof(struct dns_counters, by_type[5])},
    {"num_txt", offsetof(struct dns_counters, by_type[6])},
    {"num_aaaa", offsetof(struct dns_counters, by_type[7])},
    {"num_any", offsetof(struct dns_counters, by_type[8])},
    {"num_other", offsetof(struct dns_counters, by_type[9])},
};

static const struct member http_members[] = {
    {"total", offsetof(struct http_counters, requests)},
    {"num_get", offsetof(struct http_counters, by_method[0])},
    {"num_post", offsetof(struct http_counters, by_method[1])},
    {"num_head", offsetof(struct http_counters, by_method[2])},
    {"num_put", offsetof(struct http_counters, by_method[3])},
    {"num_other", offsetof(struct http_counters, by_method[4])},
    {"responses", offsetof(struct http_counters, responses)},
    {"num_1xx", offsetof(struct http_counters, by_class[0])},
    {"num_2xx", offsetof(struct http_counters, by_class[1])},
    {"num_3xx", offsetof(struct http_counters, by_class[2])},
    {"num_4xx", offsetof(struct http_counters, by_class[3])},
    {"num_5xx", offsetof(struct http_counters, by_class[4])},
};

static const char *const http_keys[WAYS] = {"sender", "receiver"};

/* Writing */

static void put_hex(struct json *json, const char *key, const uint8_t *bytes,
                    size_t len)
{
    char text[2 * MINUTES_PER_DAY / 8 + 1];

    for (size_t i = 0; i < len; i++)
        snprintf(text + 2 * i, 3, "%02x", bytes[i]);
    kept_put_text(json, key, text);
}

static void put_identity(struct json *json, const struct iface *iface,
                         const struct host *host)
{
    char addr[ADDR_TEXT_SIZE];
    char mac[MAC_TEXT_SIZE];

    kept_put_uint(json, "v", KEPT_VERSION);
    if (host->device != POOL_NONE)
        kept_put_text(
            json, "mac_address",
            mac_format(devices_at(&iface->devices, host->device)->mac, mac));
    kept_put_uint(json, "seen.first", host->first_s);
    kept_put_uint(json, "seen.last", host->last_s);
    if (host->as_group != POOL_NONE) {
        const struct group *as = groups_at(&iface->groups, host->as_group);

        kept_put_uint(json, "asn", as->id);
        kept_put_text(json, "asname", as->name);
    }
    if (host->os_group != POOL_NONE)
        kept_put_text(json, "os",
                      groups_at(&iface->groups, host->os_group)->name);
    kept_put_some(json, "vlan_id", host->vlan);
    if (host->name != NULL) {
        kept_put_text(json, "symbolic_name", host->name);
        kept_put_uint(json, "name_source", host->name_source);
    }
    json_key(json, "ip");
    json_map(json);
    kept_put_uint(json, "ipVersion", addr_is_v4(&host->addr) ? 4 : 6);
    json_key(json, "localHost");
    json_bool(json, (host->flags & HOST_LOCAL) != 0);
    kept_put_text(json, "ip", addr_format(&host->addr, addr));
    json_end_map(json);
    json_key(json, "localHost");
    json_bool(json, (host->flags & HOST_LOCAL) != 0);
    json_key(json, "systemHost");
    json_bool(json, (host->flags & HOST_SYSTEM) != 0);
}

static void put_counters(struct json *json, const struct host *host)
{
    for (unsigned l4 = 0; l4 < L4_GROUPS; l4++)
        for (enum way way = 0; way < WAYS; way++) {
            struct traffic traffic = host_l4(host, l4, way);

            kept_put_traffic(json, l4_keys[l4][way], &traffic);
        }
    for (enum way way = 0; way < WAYS; way++) {
        struct traffic sum = host_traffic(host, way);

        json_key(json, class_keys[way]);
        json_map(json);
        for (unsigned i = 0; i < PACKET_CLASSES; i++)
            kept_put_some(json, packet_class_key(i), host_class(host, way, i));
        json_end_map(json);
        kept_put_traffic(json, kept_way(way), &sum);
        kept_put_uint(json, flow_keys[way], host->total_flows[way]);
        kept_put_some(json, low_keys[way], host->low_goodput_flows[way]);
    }
    json_key(json, "tcpPacketStats");
    json_map(json);
    for (unsigned i = 0; i < TCP_TROUBLE_KINDS; i++)
        kept_put_some(json, trouble_keys[i], host->trouble[i]);
    json_end_map(json);
}

static void put_members(struct json *json, const char *key,
                        const struct member *members, size_t count,
                        const void *counters)
{
    json_key(json, key);
    json_map(json);
    for (size_t i = 0; i < count; i++) {
        uint32_t number;

        memcpy(&number, (const char *)counters + members[i].offset,
               sizeof(number));
        kept_put_some(json, members[i].key, number);
    }
    json_end_map(json);
}

static void put_local(struct json *json, const struct host *host)
{
    const struct host_local *local = host->local;

    json_key(json, "dns");
    json_map(json);
    for (enum way way = 0; way < WAYS; way++)
        put_members(json, kept_way(way), dns_members, COUNT(dns_members),
                    host_dns(host, way));
    json_end_map(json);
    json_key(json, "http");
    json_map(json);
    for (enum way way = 0; way < WAYS; way++)
        put_members(json, http_keys[way], http_members, COUNT(http_members),
                    host_http(host, way));
    json_end_map(json);
    json_key(json, "activity");
    json_map(json);
    kept_put_uint(json, "day", local->day);
    put_hex(json, "minutes", local->active_minutes,
            sizeof(local->active_minutes));
    json_end_map(json);
    json_key(json, "contacts");
    json_map(json);
    for (enum way way = 0; way < WAYS; way++)
        put_hex(json, kept_way(way), local->contacts[way], CONTACT_REGISTERS);
    json_end_map(json);
}

void host_json_write(struct json *json, const struct iface *iface,
                     const struct host *host)
{
    json_map(json);
    put_identity(json, iface, host);
    put_counters(json, host);
    json_key(json, "ndpiStats");
    json_map(json);
    for (unsigned i = 0; i < host->apps_count; i++) {
        const struct host_app *app = &host->apps[i];
        struct kept_app kept = {
            {app->traffic[0], app->traffic[1]}, app->duration_s, app->flows};

        kept_put_app(json, engine_dpi(iface->engine), app->app, &kept);
    }
    json_end_map(json);
    if (host->local != NULL)
        put_local(json, host);
    json_end_map(json);
}

/* Reading: what is missing or no count is as zero; nothing is ever taken
 * away. */

/* Up to where a narrow counter can count. */
static void add_narrow(uint32_t *counter, uint64_t more)
{
    *counter =
        more < UINT32_MAX - *counter ? *counter + (uint32_t)more : UINT32_MAX;
}

static void add_class(struct host *host, enum way way, enum packet_class class,
                      uint64_t more)
{
    uint32_t known = host_class(host, way, class);
    uint32_t sum = known;

    add_narrow(&sum, more);
    host_add_class(host, way, class, sum - known);
}

static unsigned nibble(char digit)
{
    if (digit >= '0' && digit <= '9')
        return (unsigned)(digit - '0');
    return digit >= 'a' && digit <= 'f' ? (unsigned)(digit - 'a' + 10) : 16;
}

/* @return false when it is not exactly `len` bytes in hexadecimal. */
static bool get_hex(const struct json_value *map, const char *key,
                    uint8_t *bytes, size_t len)
{
    const char *text = json_as_text(json_get(map, key));

    if (text == NULL || strlen(text) != 2 * len)
        return false;
    for (size_t i = 0; i < len; i++) {
        unsigned high = nibble(text[2 * i]);
        unsigned low = nibble(text[2 * i + 1]);

        if ((high | low) > 15)
            return false;
        bytes[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

static void add_counters(struct host *host, const struct json_value *root)
{
    for (unsigned l4 = 0; l4 < L4_GROUPS; l4++)
        for (enum way way = 0; way < WAYS; way++) {
            struct traffic more = kept_get_traffic(root, l4_keys[l4][way]);

            host_add_l4(host, l4, way, &more);
        }
    for (enum way way = 0; way < WAYS; way++) {
        const struct json_value *classes = json_get(root, class_keys[way]);

        for (unsigned i = 0; i < PACKET_CLASSES; i++)
            add_class(host, way, i,
                      kept_get_count(classes, packet_class_key(i)));
        host->total_flows[way] += kept_get_count(root, flow_keys[way]);
        add_narrow(&host->low_goodput_flows[way],
                   kept_get_count(root, low_keys[way]));
    }
    for (unsigned i = 0; i < TCP_TROUBLE_KINDS; i++)
        add_narrow(
            &host->trouble[i],
            kept_get_count(json_get(root, "tcpPacketStats"), trouble_keys[i]));
}

static void add_app(void *arg, uint16_t id, const struct kept_app *app)
{
    struct host_app more = {
        .app = id,
        .traffic = {app->traffic[0], app->traffic[1]},
    };

    add_narrow(&more.duration_s, app->duration_s);
    add_narrow(&more.flows, app->flows);
    host_add_app(arg, &more);
}

static void add_members(void *counters, const struct json_value *map,
                        const struct member *members, size_t count)
{
    for (size_t i = 0; i < count; i++)
        add_narrow((uint32_t *)(void *)((char *)counters + members[i].offset),
                   kept_get_count(map, members[i].key));
}

static void add_messages(struct host *host, const struct json_value *root)
{
    const struct json_value *dns = json_get(root, "dns");
    const struct json_value *http = json_get(root, "http");

    for (enum way way = 0; way < WAYS; way++) {
        const struct json_value *part = json_get(dns, kept_way(way));

        if (json_count(part) > 0)
            add_members(host_count_dns(host, way), part, dns_members,
                        COUNT(dns_members));
        part = json_get(http, http_keys[way]);
        if (json_count(part) > 0)
            add_members(host_count_http(host, way), part, http_members,
                        COUNT(http_members));
    }
}

static void add_local(struct host *host, const struct json_value *root)
{
    struct host_local *local = host->local;
    const struct json_value *activity = json_get(root, "activity");
    uint8_t minutes[sizeof(local->active_minutes)];
    uint8_t registers[CONTACT_REGISTERS];

    add_messages(host, root);
    for (enum way way = 0; way < WAYS; way++)
        if (get_hex(json_get(root, "contacts"), kept_way(way), registers,
                    sizeof(registers)))
            host_contacts_merge(local, way, registers);
    if (kept_get_count(activity, "day") == local->day &&
        get_hex(activity, "minutes", minutes, sizeof(minutes)))
        for (size_t i = 0; i < sizeof(minutes); i++)
            local->active_minutes[i] |= minutes[i];
}

static void add_identity(struct host *host, const struct json_value *root)
{
    uint64_t first_s = kept_get_count(root, "seen.first");
    uint64_t source = NAME_DNS; /* ntopng does not tell */
    const char *name = json_as_text(json_get(root, "symbolic_name"));

    if (first_s != 0 && first_s < host->first_s)
        host->first_s = (uint32_t)first_s;
    (void)json_as_uint(json_get(root, "name_source"), &source);
    if (name != NULL && source > NAME_NONE && source < NAME_SOURCES)
        host_learn_name(host, (enum name_source)source, name);
}

static bool is_of(const struct json_value *root, const struct host *host)
{
    const char *text = json_as_text(json_get(json_get(root, "ip"), "ip"));
    struct addr addr;

    return kept_has_version(root) && text != NULL && addr_parse(text, &addr) &&
           addr_equal(&addr, &host->addr);
}

bool host_json_restore(const struct iface *iface, struct host *host,
                       const char *text, size_t len)
{
    struct json_value *root = json_parse(text, len);
    bool is_good = root != NULL && is_of(root, host);

    if (is_good) {
        uint64_t own[WAYS] = {host_traffic(host, WAY_SENT).bytes,
                              host_traffic(host, WAY_RCVD).bytes};

        add_identity(host, root);
        add_counters(host, root);
        for (enum way way = 0; host->local != NULL && way < WAYS; way++)
            host->local->restored_bytes[way] +=
                host_traffic(host, way).bytes - own[way];
        kept_get_apps(json_get(root, "ndpiStats"), engine_dpi(iface->engine),
                      add_app, host);
        if (host->local != NULL)
            add_local(host, root);
    }
    json_forget(root);
    return is_good;
}
