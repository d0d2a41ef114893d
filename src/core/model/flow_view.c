/* flow_view: a flow as people see it. SPDX-License-Identifier: MIT */
#include "core/model/flow_view.h"

#include "core/model/engine.h"
#include "core/model/network.h"

#define SECOND_US 1000000
#define LIFE_BITS 21
/* Nothing is said of an application before so many packets. */
#define EARLY_PACKETS 10

const struct host *flow_host(const struct iface *iface, const struct flow *flow,
                             enum way way)
{
    return flow->host[way] != POOL_NONE
               ? hosts_at(&iface->hosts, flow->host[way])
               : NULL;
}

int flow_network(const struct iface *iface, const struct flow *flow,
                 enum way way)
{
    const struct host *host = flow_host(iface, flow, way);

    return host != NULL ? host->network
                        : network_find(engine_config(iface->engine)->networks,
                                       &flow->key.addr[way]);
}

const char *flow_label(const struct iface *iface, const struct flow *flow,
                       enum way way, char text[ADDR_TEXT_SIZE])
{
    const struct host *host = flow_host(iface, flow, way);

    return host != NULL ? host_label(host, text)
                        : addr_format(&flow->key.addr[way], text);
}

const struct group *flow_as(const struct iface *iface, const struct flow *flow,
                            enum way way)
{
    const struct host *host = flow_host(iface, flow, way);

    return host != NULL && host->as_group != POOL_NONE
               ? groups_at(&iface->groups, host->as_group)
               : NULL;
}

const struct group *flow_country(const struct iface *iface,
                                 const struct flow *flow, enum way way)
{
    const struct host *host = flow_host(iface, flow, way);

    return host != NULL && host->country_group != POOL_NONE
               ? groups_at(&iface->groups, host->country_group)
               : NULL;
}

/* The first of these texts that there is, or NULL. */
static const char *first_text(const struct flow *flow, const uint8_t *which,
                              size_t count)
{
    if (flow->attrs == NULL)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        const char *text = attrs_text(flow->attrs, which[i]);

        if (text != NULL)
            return text;
    }
    return NULL;
}

const char *flow_server_name(const struct flow *flow)
{
    static const uint8_t which[] = {ATTR_TLS_SERVER_NAME, ATTR_HTTP_HOST,
                                    ATTR_SERVER_NAME};

    return first_text(flow, which, sizeof(which));
}

const char *flow_info(const struct flow *flow)
{
    static const uint8_t which[] = {
        ATTR_DNS_QUERY,       ATTR_HTTP_URL,   ATTR_TLS_SERVER_NAME,
        ATTR_BITTORRENT_HASH, ATTR_HTTP_HOST,  ATTR_SERVER_NAME,
        ATTR_SSH_CLIENT,      ATTR_SSH_SERVER,
    };
    const char *text = first_text(flow, which, sizeof(which));

    return text != NULL ? text : "";
}

const char *flow_app_shown(const struct iface *iface, const struct flow *flow,
                           char *text, size_t size)
{
    if (flow_app(flow) == 0 && (flow->flags & FLOW_DPI_DONE) == 0 &&
        flow_packets(flow, WAY_SENT) + flow_packets(flow, WAY_RCVD) <=
            EARLY_PACKETS)
        return "(Too Early)";
    return dpi_full_name(engine_dpi(iface->engine), flow->master,
                         flow_app(flow), text, size);
}

int64_t flow_key_number(const struct iface *iface, uint32_t index)
{
    uint32_t life = pool_life(&iface->flows.pool, index);

    return (int64_t)(life & ((1u << LIFE_BITS) - 1)) << 32 | index;
}

uint32_t flow_by_key(const struct iface *iface, int64_t key)
{
    uint32_t index = (uint32_t)key;

    return pool_life(&iface->flows.pool, index) != 0 &&
                   flow_key_number(iface, index) == key
               ? index
               : POOL_NONE;
}

bool flow_is_app(const struct flow *flow, uint16_t app)
{
    if (app == 0)
        return flow->app == 0 && flow->master == 0;
    return flow->app == app || flow->master == app;
}

bool flow_is_idle(const struct iface *iface, const struct flow *flow)
{
    const struct engine_config *config = engine_config(iface->engine);

    return iface->now_us - flow->last_us >=
           (int64_t)config->timeout_s[flow->class] * SECOND_US;
}

float flow_throughput(const struct iface *iface, const struct flow *flow)
{
    return flow_bytes_per_s(flow, iface_rated_tick(iface));
}
