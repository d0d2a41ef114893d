/* iface_json: an interface's totals as they are kept.
 * SPDX-License-Identifier: MIT */
#include "core/run/iface_json.h"

#include <string.h>

#include "core/packet/tcp.h"
#include "core/run/kept_json.h"

static const char *const l3_keys[L3_KIND_COUNT] = {
    [L3_IPV4] = "IPv4",       [L3_IPV6] = "IPv6",   [L3_ARP] = "ARP",
    [L3_MPLS_OTHER] = "MPLS", [L3_OTHER] = "other",
};

static const char *const locality_keys[LOCALITIES] = {
    [LOCAL_TO_LOCAL] = "local2local",
    [LOCAL_TO_REMOTE] = "local2remote",
    [REMOTE_TO_LOCAL] = "remote2local",
    [REMOTE_TO_REMOTE] = "remote2remote",
};

static const char *const trouble_keys[TCP_TROUBLE_KINDS] = {
    [TCP_RETRANSMISSION] = "retransmissions",
    [TCP_OUT_OF_ORDER] = "out_of_order",
    [TCP_LOST] = "lost",
};

static void begin(struct json *json, const char *key)
{
    json_key(json, key);
    json_map(json);
}

static void put_counters(struct json *json, const struct iface_counters *all)
{
    kept_put_traffic(json, "all", &all->all);
    kept_put_uint(json, "flows", all->flows);
    begin(json, "eth");
    for (unsigned i = 0; i < L3_KIND_COUNT; i++)
        kept_put_traffic(json, l3_keys[i], &all->l3[i]);
    json_end_map(json);
    begin(json, "localstats");
    for (unsigned i = 0; i < LOCALITIES; i++)
        kept_put_traffic(json, locality_keys[i], &all->locality[i]);
    json_end_map(json);
    begin(json, "pktSizeDistribution");
    for (unsigned i = 0; i < PACKET_CLASSES; i++)
        kept_put_some(json, packet_class_key(i), all->classes[i]);
    json_end_map(json);
    begin(json, "tcpPacketStats");
    for (unsigned i = 0; i < TCP_TROUBLE_KINDS; i++)
        kept_put_some(json, trouble_keys[i], all->trouble[i]);
    json_end_map(json);
    kept_put_some(json, "arp.requests", all->arp_requests);
    kept_put_some(json, "arp.replies", all->arp_replies);
}

void iface_json_write(struct json *json, const struct iface *iface,
                      const struct iface_past *totals)
{
    json_map(json);
    kept_put_uint(json, "v", KEPT_VERSION);
    kept_put_text(json, "name", iface->name);
    kept_put_some(json, "since", totals->since_s);
    put_counters(json, &totals->counters);
    begin(json, "ndpiStats");
    for (uint16_t id = 0; id < DPI_APPS; id++) {
        const struct iface_app *app = &totals->apps[id];
        struct kept_app kept = {
            {app->traffic[0], app->traffic[1]}, app->duration_s, app->flows};

        if (app->flows != 0)
            kept_put_app(json, engine_dpi(iface->engine), id, &kept);
    }
    json_end_map(json);
    json_end_map(json);
}

static void get_counters(const struct json_value *root,
                         struct iface_counters *all)
{
    all->all = kept_get_traffic(root, "all");
    all->flows = kept_get_count(root, "flows");
    for (unsigned i = 0; i < L3_KIND_COUNT; i++)
        all->l3[i] = kept_get_traffic(json_get(root, "eth"), l3_keys[i]);
    for (unsigned i = 0; i < LOCALITIES; i++)
        all->locality[i] =
            kept_get_traffic(json_get(root, "localstats"), locality_keys[i]);
    for (unsigned i = 0; i < PACKET_CLASSES; i++)
        all->classes[i] = kept_get_count(json_get(root, "pktSizeDistribution"),
                                         packet_class_key(i));
    for (unsigned i = 0; i < TCP_TROUBLE_KINDS; i++)
        all->trouble[i] =
            kept_get_count(json_get(root, "tcpPacketStats"), trouble_keys[i]);
    all->arp_requests = kept_get_count(root, "arp.requests");
    all->arp_replies = kept_get_count(root, "arp.replies");
}

static void take_app(void *arg, uint16_t id, const struct kept_app *kept)
{
    struct iface_past *totals = arg;
    struct iface_app *app = &totals->apps[id % DPI_APPS];

    memcpy(app->traffic, kept->traffic, sizeof(app->traffic));
    app->flows = kept->flows;
    app->duration_s = (uint32_t)kept->duration_s;
}

bool iface_json_read(const struct iface *iface, const char *text, size_t len,
                     struct iface_past *totals)
{
    struct json_value *root = json_parse(text, len);
    bool is_good = json_type_of(json_get(root, "all")) == JSON_MAP &&
                   kept_has_version(root);

    memset(totals, 0, sizeof(*totals));
    if (is_good) {
        get_counters(root, &totals->counters);
        totals->since_s = (uint32_t)kept_get_count(root, "since");
        kept_get_apps(json_get(root, "ndpiStats"), engine_dpi(iface->engine),
                      take_app, totals);
    }
    json_forget(root);
    return is_good;
}
