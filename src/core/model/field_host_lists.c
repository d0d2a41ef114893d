/* field_host_lists: tables in the tables of hosts. SPDX-License-Identifier: MIT
 */
#include <stdio.h>

#include "core/model/field_internal.h"

/* Applications, sizes, messages */

FIELD_LISTS(field_host_list_apps)
{
    const struct dpi *dpi = engine_dpi(source->iface->engine);
    const struct host *host = source->host;

    const struct host_app *unknown = host_app(host, 0);
    struct traffic traffic[WAYS];

    (void)field;
    for (enum way way = 0; way < WAYS; way++)
        traffic[way] = host_app_traffic(host, 0, way);
    field_put_app(sink, dpi, 0, traffic,
                  unknown != NULL ? unknown->duration_s : 0);
    for (unsigned i = 0; i < host->apps_count; i++)
        if (&host->apps[i] != unknown)
            field_put_app(sink, dpi, host->apps[i].app, host->apps[i].traffic,
                          host->apps[i].duration_s);
}

FIELD_LISTS(field_host_list_classes)
{
    uint64_t classes[PACKET_CLASSES];

    for (unsigned i = 0; i < PACKET_CLASSES; i++)
        classes[i] = host_class(source->host, field->way, i);
    field_put_classes(sink, classes);
}

/* `detail` is the IP version that the row is about. */
FIELD_GET(field_host_has_icmp)
{
    (void)value;
    return field_found(source->host->local != NULL &&
                       ((source->host->flags & HOST_V6) != 0) ==
                           (field->detail == 6));
}

FIELD_LISTS(field_host_list_icmp)
{
    const struct icmp_counter *icmp;

    (void)field;
    for (unsigned i = 0; (icmp = host_icmp_at(source->host, i)) != NULL; i++) {
        char key[sizeof("255,255")];

        snprintf(key, sizeof(key), "%u,%u", icmp->type, icmp->code);
        sink->open(sink->arg);
        field_put_number(sink, "sent", icmp->packets[WAY_SENT]);
        field_put_number(sink, "rcvd", icmp->packets[WAY_RCVD]);
        sink->close(sink->arg, key);
    }
}

static bool has_dns(const struct dns_counters *dns)
{
    return (dns->queries | dns->replies_ok | dns->replies_error) != 0;
}

FIELD_GET(field_host_dns)
{
    (void)field;
    (void)value;
    return field_found(has_dns(host_dns(source->host, WAY_SENT)) ||
                       has_dns(host_dns(source->host, WAY_RCVD)));
}

static void put_dns(const struct field_sink *sink, const char *key,
                    const struct dns_counters *dns)
{
    static const char *const types[] = {
        "num_a",  "num_ns",  "num_cname", "num_soa", "num_ptr",
        "num_mx", "num_txt", "num_aaaa",  "num_any", "num_other",
    };

    sink->open(sink->arg);
    field_put_number(sink, "num_queries", dns->queries);
    field_put_number(sink, "num_replies_ok", dns->replies_ok);
    field_put_number(sink, "num_replies_error", dns->replies_error);
    sink->open(sink->arg);
    for (unsigned i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        field_put_number(sink, types[i], dns->by_type[i]);
    sink->close(sink->arg, "queries");
    sink->close(sink->arg, key);
}

FIELD_LISTS(field_host_list_dns)
{
    (void)field;
    put_dns(sink, "sent", host_dns(source->host, WAY_SENT));
    put_dns(sink, "rcvd", host_dns(source->host, WAY_RCVD));
}

FIELD_GET(field_host_http)
{
    const struct http_counters *client = host_http(source->host, WAY_SENT);
    const struct http_counters *server = host_http(source->host, WAY_RCVD);

    (void)field;
    (void)value;
    return field_found((client->requests | client->responses |
                        server->requests | server->responses) != 0);
}

static void put_http(const struct field_sink *sink, const char *key,
                     const struct http_counters *http)
{
    static const char *const methods[] = {"num_get", "num_post", "num_head",
                                          "num_put", "num_other"};
    static const char *const classes[] = {"num_1xx", "num_2xx", "num_3xx",
                                          "num_4xx", "num_5xx"};

    sink->open(sink->arg);
    sink->open(sink->arg);
    field_put_number(sink, "total", http->requests);
    for (unsigned i = 0; i < 5; i++)
        field_put_number(sink, methods[i], http->by_method[i]);
    sink->close(sink->arg, "query");
    sink->open(sink->arg);
    field_put_number(sink, "total", http->responses);
    for (unsigned i = 0; i < 5; i++)
        field_put_number(sink, classes[i], http->by_class[i]);
    sink->close(sink->arg, "response");
    sink->close(sink->arg, key);
}

static void put_vhosts(const struct field_sink *sink,
                       const struct field_source *source)
{
    const struct host *host = source->host;
    const struct vhosts *vhosts = &source->iface->vhosts;
    const struct vhost *vhost;
    uint32_t cursor = 0;

    sink->open(sink->arg);
    while ((vhost = vhosts_next(vhosts, &cursor)) != NULL)
        if (vhost->vlan == host->vlan &&
            addr_equal(&vhost->server, &host->addr))
            field_put_vhost(sink, vhost, false, iface_now_s(source->iface));
    sink->close(sink->arg, "virtual_hosts");
}

static uint32_t count_vhosts(const struct field_source *source)
{
    const struct host *host = source->host;

    return host_http(host, WAY_RCVD)->requests != 0
               ? vhosts_of_server(&source->iface->vhosts, &host->addr,
                                  host->vlan)
               : 0;
}

FIELD_GET(field_host_vhosts)
{
    (void)field;
    value->number = count_vhosts(source);
    return FIELD_FOUND;
}

/* As client it sends requests: the counters' first half. */
FIELD_LISTS(field_host_list_http)
{
    (void)field;
    put_http(sink, "sender", host_http(source->host, WAY_SENT));
    put_http(sink, "receiver", host_http(source->host, WAY_RCVD));
    if (count_vhosts(source) != 0)
        put_vhosts(sink, source);
}
