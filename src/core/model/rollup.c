/* rollup: a flow's news to all who count. SPDX-License-Identifier: MIT */
#include "core/model/rollup.h"

#include <string.h>

#include "core/model/alert_detect.h"
#include "core/model/dialog.h"
#include "core/model/engine.h"
#include "core/model/flow_view.h"

void rollup_hosts(struct iface *iface, struct flow *flow)
{
    uint32_t now_s = iface_now_s(iface);
    bool is_new[WAYS] = {false, false};

    if ((flow->flags & FLOW_HANDED) != 0)
        return;
    flow->flags |= FLOW_HANDED;
    for (enum way way = 0; way < WAYS; way++) {
        const struct host *host;

        flow->host[way] = hosts_get(&iface->hosts, &flow->key.addr[way],
                                    flow->key.vlan, now_s);
        if (flow->host[way] == POOL_NONE)
            continue;
        host = hosts_at(&iface->hosts, flow->host[way]);
        host_prefetch_contacts(host);
        alert_detect_prefetch(iface, flow->host[way]);
        hosts_flow_begins(&iface->hosts, flow->host[way], way);
        is_new[way] =
            host->total_flows[WAY_SENT] + host->total_flows[WAY_RCVD] == 1;
    }
    for (enum way way = 0; way < WAYS; way++) {
        struct host *host;

        if (flow->host[way] == POOL_NONE)
            continue;
        host = hosts_at(&iface->hosts, flow->host[way]);
        if (host->name_source < NAME_DNS)
            host_learn_name(host, NAME_DNS,
                            namecache_get(&iface->names, &host->addr));
        if (host->device != flow->device[way])
            hosts_set_device(&iface->hosts, flow->host[way], flow->device[way]);
        host_contact(host, way,
                     flows_addr_hash(&iface->flows, &flow->key.addr[!way]));
        if (is_new[way]) {
            alert_detect_host(iface, flow->host[way], host);
            engine_host_seen(iface->engine, iface, host);
        }
    }
    alert_detect_flow(iface, flow);
}

/* Empty a flow's news and say what they were. */
static void take_delta(struct iface *iface, const struct flow *flow,
                       struct delta *delta)
{
    struct flow_news *news = flows_news(&iface->flows, flow);
    struct tcp *tcp = flows_tcp(&iface->flows, flow);

    for (enum way way = 0; way < WAYS && tcp != NULL; way++)
        tcp_take(tcp, way, delta->trouble[way]);
    for (enum way way = 0; way < WAYS && news != NULL; way++) {
        delta->traffic[way].packets = news->packets[way];
        delta->traffic[way].bytes = news->bytes[way];
        delta->goodput_bytes[way] = news->goodput[way];
        memcpy(delta->classes[way], news->classes[way],
               sizeof(delta->classes[way]));
        news->tick_bytes += (float)news->bytes[way];
        news->packets[way] = 0;
        news->bytes[way] = 0;
        news->goodput[way] = 0;
        memset(news->classes[way], 0, sizeof(news->classes[way]));
    }
    delta->l4 = l4_group(flow->key.l4_proto);
    delta->now_s = iface_now_s(iface);
}

/* An application gets a flow's bytes once it is decided, the earlier ones
 * too: nothing ever counts as unknown only because it was too early, or twice
 * because nDPI knows better after more packets. */
static void take_app_delta(struct flow *flow, struct delta *delta)
{
    if ((flow->flags & FLOW_DPI_DONE) == 0)
        return;
    delta->has_app = true;
    delta->app = flow->app != 0 ? flow->app : flow->master;
    delta->is_new_app = (flow->flags & FLOW_APP_HANDED) == 0;
    memcpy(delta->app_traffic, delta->is_new_app ? flow->total : delta->traffic,
           sizeof(delta->app_traffic));
    flow->flags |= FLOW_APP_HANDED;
}

/* A flow that ends may only tell what it was: nobody spoke now. */
static bool has_packets(const struct delta *delta)
{
    return (delta->traffic[WAY_SENT].packets |
            delta->traffic[WAY_RCVD].packets) != 0;
}

static void add_to_host(struct iface *iface, const struct flow *flow,
                        const struct delta *delta, enum way way)
{
    struct host *host = flow->host[way] != POOL_NONE
                            ? hosts_at(&iface->hosts, flow->host[way])
                            : NULL;

    if (host != NULL)
        host_add(host, delta, way);
    if (!has_packets(delta))
        return;
    devices_add(&iface->devices, flow->device[way], delta, way);
    if (host == NULL)
        return;
    host_active(host, delta->now_s);
    groups_add(&iface->groups, host->as_group, delta, way);
    groups_add(&iface->groups, host->country_group, delta, way);
    groups_add(&iface->groups, host->os_group, delta, way);
}

/* Of what that side sends. */
static enum locality flow_locality(const struct iface *iface,
                                   const struct flow *flow, enum way way)
{
    bool from_local = flow_network(iface, flow, way) >= 0;
    bool to_local = flow_network(iface, flow, !way) >= 0;

    return from_local ? (to_local ? LOCAL_TO_LOCAL : LOCAL_TO_REMOTE)
                      : (to_local ? REMOTE_TO_LOCAL : REMOTE_TO_REMOTE);
}

static void add_traffic(struct traffic *to, const struct traffic *from)
{
    to->packets += from->packets;
    to->bytes += from->bytes;
}

static void add_to_app(struct iface *iface, const struct delta *delta)
{
    struct iface_app *app = &iface->apps[delta->app % DPI_APPS];
    uint8_t breed = dpi_breed(engine_dpi(iface->engine), delta->app);

    if (delta->is_new_app) {
        app->flows++;
        app->active_flows++;
    }
    if (app->last_s != delta->now_s) {
        app->last_s = delta->now_s;
        app->duration_s++;
    }
    for (enum way way = 0; way < WAYS; way++) {
        add_traffic(&app->traffic[way], &delta->app_traffic[way]);
        add_traffic(&iface->counters.breeds[breed], &delta->app_traffic[way]);
    }
}

static void add_to_networks(struct iface *iface, const struct flow *flow,
                            const struct delta *delta)
{
    int network[WAYS] = {flow_network(iface, flow, WAY_SENT),
                         flow_network(iface, flow, WAY_RCVD)};

    for (enum way way = 0; way < WAYS; way++) {
        struct iface_network *to;

        if (network[way] < 0)
            continue;
        to = &iface->networks[network[way]];
        if (network[!way] == network[way]) {
            to->inner += delta->traffic[way].bytes;
        } else {
            to->egress += delta->traffic[way].bytes;
            to->ingress += delta->traffic[!way].bytes;
        }
    }
}

static void add_to_iface(struct iface *iface, const struct flow *flow,
                         const struct delta *delta)
{
    for (enum way way = 0; way < WAYS; way++) {
        enum locality locality = flow_locality(iface, flow, way);

        add_traffic(&iface->counters.locality[locality], &delta->traffic[way]);
        add_traffic(&iface->rolled[way], &delta->traffic[way]);
        for (unsigned i = 0; i < TCP_TROUBLE_COUNT; i++)
            iface->counters.trouble[i] += delta->trouble[way][i];
    }
    add_to_networks(iface, flow, delta);
    if (flow->key.vlan != 0) {
        uint32_t vlan = groups_find(&iface->groups, GROUP_VLAN, flow->key.vlan);

        groups_add(&iface->groups, vlan, delta, WAY_SENT);
    }
    if (delta->has_app)
        add_to_app(iface, delta);
}

static void record(struct iface *iface, uint32_t index, bool is_partial)
{
    iface->counters.records++;
    engine_record(iface->engine, iface, flows_at(&iface->flows, index),
                  flows_mark(&iface->flows, index), is_partial);
}

static void set_mark(struct iface *iface, uint32_t index)
{
    const struct flow *flow = flows_at(&iface->flows, index);
    const struct tcp *tcp = flows_tcp(&iface->flows, flow);
    struct flow_mark *mark = flows_set_mark(&iface->flows, index);

    for (enum way way = 0; way < WAYS; way++) {
        mark->packets[way] = flow_packets(flow, way);
        mark->bytes[way] = flow_bytes(flow, way);
        for (unsigned i = 0; tcp != NULL && i < TCP_TROUBLE_COUNT; i++)
            mark->trouble[way][i] = tcp_trouble(tcp, way, i);
    }
    mark->when_us = flow->last_us;
    mark->records++;
}

/* A long flow tells what came since its last record. */
static void record_if_long(struct iface *iface, uint32_t index)
{
    const struct flow *flow = flows_at(&iface->flows, index);
    int64_t every_us =
        (int64_t)engine_config(iface->engine)->partial_record_s * 1000000;
    int64_t since_us = (flow->flags & FLOW_MARKED) != 0
                           ? flows_mark(&iface->flows, index)->when_us
                           : flow->first_us;

    if (every_us == 0 || flow->last_us - since_us < every_us)
        return;
    record(iface, index, true);
    set_mark(iface, index);
}

/* Nothing since the last roll-up, as for most flows when they end. */
static bool has_news(const struct iface *iface, const struct flow *flow)
{
    const struct flow_news *news = flows_news(&iface->flows, flow);

    return (news != NULL &&
            (news->packets[WAY_SENT] | news->packets[WAY_RCVD]) != 0) ||
           (flow->flags & FLOW_APP_HANDED) == 0;
}

/* All of a connection counts for the name that it asked for first. */
static void add_to_vhost(struct iface *iface, const struct flow *flow,
                         const struct delta *delta)
{
    const char *name =
        delta->has_app ? attrs_text(flow->attrs, ATTR_HTTP_HOST) : NULL;

    if (name != NULL)
        vhosts_add(&iface->vhosts, &flow->key.addr[WAY_RCVD], flow->key.vlan,
                   name, strlen(name), delta->app_traffic, delta->now_s);
}

static void hand_over(struct iface *iface, struct flow *flow)
{
    struct delta delta = {0};

    if (!has_news(iface, flow))
        return;
    rollup_hosts(iface, flow);
    take_delta(iface, flow, &delta);
    take_app_delta(flow, &delta);
    if (delta.is_new_app && flow->attrs != NULL)
        dialog_decided(iface, flow);
    add_to_host(iface, flow, &delta, WAY_SENT);
    add_to_host(iface, flow, &delta, WAY_RCVD);
    add_to_iface(iface, flow, &delta);
    if ((flow->flags & FLOW_HTTP) != 0)
        add_to_vhost(iface, flow, &delta);
    alert_detect_delta(iface, flow, &delta);
}

void rollup_flow(struct iface *iface, uint32_t index)
{
    struct flow *flow = flows_at(&iface->flows, index);

    hand_over(iface, flow);
    flows_refresh(&iface->flows, index,
                  flow_class_of(flow, flows_tcp(&iface->flows, flow)));
    record_if_long(iface, index);
}

/* Settle the throughput in this tick, and nothing is new any more. A tick may
 * come late, and takes the longer; one that follows it early is not worth a
 * peak. */
static void rate(struct iface *iface, uint32_t index)
{
    struct flow *flow = flows_at(&iface->flows, index);
    const struct flow_news *news = flows_news(&iface->flows, flow);
    float seconds = (float)iface->tick_interval_us / 1e6f;

    if (news == NULL)
        return;
    flow_tick(flow, iface->tick,
              seconds > 1 ? news->tick_bytes / seconds : news->tick_bytes);
    flows_untouch(&iface->flows, index);
}

static void decide(struct iface *iface, struct flow *flow)
{
    struct dpi_verdict verdict = {
        .master = flow->master, .app = flow->app, .category = flow->category};
    struct dpi_ends ends = {
        .client = flow->key.addr[0],
        .server = flow->key.addr[1],
        .client_port = flow->key.port[0],
        .server_port = flow->key.port[1],
        .l4_proto = flow->key.l4_proto,
        .ip_version = flow->key.ip_version,
    };

    dpi_finish(engine_dpi(iface->engine), &flow->dpi, &ends, &verdict,
               &flow->attrs);
    flow->app = verdict.app;
    flow->master = verdict.master;
    flow->category = verdict.category;
    flow->flags |= FLOW_DPI_DONE;
    if (verdict.is_guess)
        flow->flags |= FLOW_APP_GUESSED;
}

/* A closed connection has nothing more to say, and what nDPI collected of it
 * is many times a flow's size. */
static void decide_if_closed(struct iface *iface, struct flow *flow)
{
    if (flow->dpi != POOL_NONE && (flow->flags & FLOW_DPI_DONE) == 0 &&
        flow_class_of(flow, flows_tcp(&iface->flows, flow)) == FLOW_TCP_CLOSED)
        decide(iface, flow);
}

void rollup_tick(struct iface *iface, uint32_t index)
{
    struct flow *flow = flows_at(&iface->flows, index);

    decide_if_closed(iface, flow);
    rollup_flow(iface, index);
    rate(iface, index);
}

static void prefetch_flows(const struct iface *iface, const uint32_t *flows,
                           unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        pool_prefetch(&iface->flows.pool, flows[i]);
}

/* What a flow points to; the hosts, if it knows them, or where to find them. */
static void prefetch_parts(const struct iface *iface, uint32_t index)
{
    const struct flow *flow = flows_at(&iface->flows, index);

    if (flow->key.l4_proto == IP_PROTO_TCP)
        pool_prefetch(&iface->flows.tcp, flow->tcp);
    for (enum way way = 0; way < WAYS; way++)
        if ((flow->flags & FLOW_HANDED) != 0)
            pool_prefetch(&iface->hosts.pool, flow->host[way]);
        else
            hosts_prefetch_slot(&iface->hosts, &flow->key.addr[way],
                                flow->key.vlan);
}

void rollup_prefetch(struct iface *iface, const uint32_t *flows, unsigned count)
{
    uint32_t now_s = iface_now_s(iface);

    prefetch_flows(iface, flows, count);
    for (unsigned i = 0; i < count; i++)
        prefetch_parts(iface, flows[i]);
    for (unsigned i = 0; i < count; i++) {
        struct flow *flow = flows_at(&iface->flows, flows[i]);

        rollup_hosts(iface, flow);
        for (enum way way = 0; way < WAYS; way++)
            if (flow->host[way] != POOL_NONE)
                host_prefetch(hosts_at(&iface->hosts, flow->host[way]), now_s);
    }
}

/* Of an ended flow's hosts only the front is needed, as mostly they know of
 * all its packets. */
static void prefetch_end(const struct iface *iface, uint32_t index)
{
    const struct flow *flow = flows_at(&iface->flows, index);

    flows_prefetch_slot(&iface->flows, index);
    attrs_prefetch(flow->attrs);
    if (flow->key.l4_proto == IP_PROTO_TCP)
        pool_prefetch(&iface->flows.tcp, flow->tcp);
    for (enum way way = 0; way < WAYS; way++)
        hosts_prefetch_front(&iface->hosts, flow->host[way]);
}

void rollup_prefetch_ends(const struct iface *iface, const uint32_t *flows,
                          unsigned count)
{
    prefetch_flows(iface, flows, count);
    for (unsigned i = 0; i < count; i++)
        prefetch_end(iface, flows[i]);
}

static void leave_hosts(struct iface *iface, struct flow *flow)
{
    bool is_low =
        flow->key.l4_proto == IP_PROTO_TCP && flow_has_low_goodput(flow);

    for (enum way way = 0; way < WAYS; way++) {
        devices_release(&iface->devices, flow->device[way]);
        if (flow->host[way] == POOL_NONE)
            continue;
        if (is_low)
            hosts_at(&iface->hosts, flow->host[way])->low_goodput_flows[way]++;
        hosts_flow_ends(&iface->hosts, flow->host[way], way);
    }
}

void rollup_end(struct iface *iface, uint32_t index, enum flow_end why)
{
    struct flow *flow = flows_at(&iface->flows, index);
    struct iface_app *app;

    if ((flow->flags & FLOW_DPI_DONE) == 0)
        decide(iface, flow);
    hand_over(iface, flow);
    rate(iface, index); /* for its peak */
    record(iface, index, false);
    alert_detect_flow_end(iface, flow);
    leave_hosts(iface, flow);
    app = &iface->apps[(flow->app != 0 ? flow->app : flow->master) % DPI_APPS];
    app->active_flows--;
    iface->counters.flows_ended++;
    if (why == FLOW_END_EVICTED)
        iface->counters.flows_evicted++;
    flows_remove(&iface->flows, index);
}
