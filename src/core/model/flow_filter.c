/* flow_filter: flows by an expression. SPDX-License-Identifier: MIT */
#include "core/model/flow_filter.h"

#include <string.h>
#include <strings.h>

#include "core/model/engine.h"
#include "core/model/filter_internal.h"
#include "core/model/flow_view.h"

/* What names stand for */

static int64_t port(const struct filter_subject *subject,
                    const struct filter_name *name, enum way way)
{
    (void)name;
    return subject->flow->key.port[way];
}

static int64_t asn(const struct filter_subject *subject,
                   const struct filter_name *name, enum way way)
{
    const struct group *as = flow_as(subject->iface, subject->flow, way);

    (void)name;
    return as != NULL ? as->id : 0;
}

static int64_t network(const struct filter_subject *subject,
                       const struct filter_name *name, enum way way)
{
    (void)name;
    return flow_network(subject->iface, subject->flow, way);
}

static int64_t is_local(const struct filter_subject *subject,
                        const struct filter_name *name, enum way way)
{
    return network(subject, name, way) >= 0;
}

static int64_t vlan(const struct filter_subject *subject,
                    const struct filter_name *name, enum way way)
{
    (void)name;
    (void)way;
    return subject->flow->key.vlan;
}

static int64_t version(const struct filter_subject *subject,
                       const struct filter_name *name, enum way way)
{
    (void)name;
    (void)way;
    return subject->flow->key.ip_version;
}

static int64_t proto(const struct filter_subject *subject,
                     const struct filter_name *name, enum way way)
{
    (void)name;
    (void)way;
    return subject->flow->key.l4_proto;
}

static int64_t category(const struct filter_subject *subject,
                        const struct filter_name *name, enum way way)
{
    (void)name;
    (void)way;
    return subject->flow->category;
}

static int64_t status(const struct filter_subject *subject,
                      const struct filter_name *name, enum way way)
{
    const struct iface *iface = subject->iface;

    (void)name;
    (void)way;
    return flow_status(subject->flow, flows_tcp(&iface->flows, subject->flow),
                       iface->now_us);
}

static int64_t is_established(const struct filter_subject *subject,
                              const struct filter_name *name, enum way way)
{
    const struct tcp *tcp = flows_tcp(&subject->iface->flows, subject->flow);

    (void)name;
    (void)way;
    return tcp != NULL && tcp_is_established(tcp);
}

/* `detail` says of which way, or of both. */
static int64_t bytes(const struct filter_subject *subject,
                     const struct filter_name *name, enum way way)
{
    const struct flow *flow = subject->flow;

    (void)way;
    return (int64_t)(name->detail != FILTER_BOTH
                         ? flow_bytes(flow, name->detail)
                         : flow_bytes(flow, WAY_SENT) +
                               flow_bytes(flow, WAY_RCVD));
}

static int64_t packets(const struct filter_subject *subject,
                       const struct filter_name *name, enum way way)
{
    const struct flow *flow = subject->flow;

    (void)way;
    return (int64_t)(name->detail != FILTER_BOTH
                         ? flow_packets(flow, name->detail)
                         : flow_packets(flow, WAY_SENT) +
                               flow_packets(flow, WAY_RCVD));
}

static int64_t goodput(const struct filter_subject *subject,
                       const struct filter_name *name, enum way way)
{
    (void)name;
    (void)way;
    return (int64_t)(flow_goodput(subject->flow, WAY_SENT) +
                     flow_goodput(subject->flow, WAY_RCVD));
}

static int64_t duration(const struct filter_subject *subject,
                        const struct filter_name *name, enum way way)
{
    (void)name;
    (void)way;
    return subject->flow->last_us / 1000000 - subject->flow->first_us / 1000000;
}

static int64_t trouble(const struct filter_subject *subject,
                       const struct filter_name *name, enum way way)
{
    const struct tcp *tcp = flows_tcp(&subject->iface->flows, subject->flow);

    (void)way;
    return tcp != NULL ? (int64_t)tcp_trouble(tcp, false, name->detail) +
                             tcp_trouble(tcp, true, name->detail)
                       : 0;
}

static const char *host(const struct filter_subject *subject, enum way way,
                        char buffer[128])
{
    return flow_label(subject->iface, subject->flow, way, buffer);
}

static const char *country(const struct filter_subject *subject, enum way way,
                           char buffer[128])
{
    const struct group *group =
        flow_country(subject->iface, subject->flow, way);

    (void)buffer;
    return group != NULL ? group->name : "";
}

static const char *info(const struct filter_subject *subject, enum way way,
                        char buffer[128])
{
    (void)way;
    (void)buffer;
    return flow_info(subject->flow);
}

static const char *app_name(const struct filter_subject *subject, enum way way,
                            char buffer[128])
{
    (void)way;
    return dpi_full_name(engine_dpi(subject->iface->engine),
                         subject->flow->master, subject->flow->app, buffer,
                         128);
}

static const char *category_name(const struct filter_subject *subject,
                                 enum way way, char buffer[128])
{
    (void)way;
    (void)buffer;
    return dpi_category_name(engine_dpi(subject->iface->engine),
                             subject->flow->category);
}

static const struct filter_name names[] = {
    {"ip", VALUE_ADDR, true, 0, NULL, NULL},
    {"net", VALUE_NET, true, 0, NULL, NULL},
    {"port", VALUE_NUMBER, true, 0, port, NULL},
    {"mac", VALUE_MAC, true, 0, NULL, NULL},
    {"host", VALUE_TEXT, true, 0, NULL, host},
    {"country", VALUE_TEXT, true, 0, NULL, country},
    {"asn", VALUE_NUMBER, true, 0, asn, NULL},
    {"network", VALUE_NUMBER, true, 0, network, NULL},
    {"local", VALUE_YES, true, 0, is_local, NULL},
    {"vlan", VALUE_NUMBER, false, 0, vlan, NULL},
    {"version", VALUE_NUMBER, false, 0, version, NULL},
    {"proto", VALUE_PROTO, false, 0, proto, NULL},
    {"app", VALUE_APP, false, 0, NULL, app_name},
    {"category", VALUE_CATEGORY, false, 0, category, category_name},
    {"info", VALUE_TEXT, false, 0, NULL, info},
    {"status", VALUE_NUMBER, false, 0, status, NULL},
    {"established", VALUE_YES, false, 0, is_established, NULL},
    {"bytes", VALUE_NUMBER, false, FILTER_BOTH, bytes, NULL},
    {"packets", VALUE_NUMBER, false, FILTER_BOTH, packets, NULL},
    {"goodput", VALUE_NUMBER, false, 0, goodput, NULL},
    {"cli2srv.bytes", VALUE_NUMBER, false, WAY_SENT, bytes, NULL},
    {"srv2cli.bytes", VALUE_NUMBER, false, WAY_RCVD, bytes, NULL},
    {"cli2srv.packets", VALUE_NUMBER, false, WAY_SENT, packets, NULL},
    {"srv2cli.packets", VALUE_NUMBER, false, WAY_RCVD, packets, NULL},
    {"duration", VALUE_NUMBER, false, 0, duration, NULL},
    {"retransmissions", VALUE_NUMBER, false, TCP_RETRANSMISSION, trouble, NULL},
    {"out_of_order", VALUE_NUMBER, false, TCP_OUT_OF_ORDER, trouble, NULL},
    {"lost", VALUE_NUMBER, false, TCP_LOST, trouble, NULL},
};

const struct filter_name *flow_filter_name(const char *name, size_t len)
{
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strlen(names[i].name) == len &&
            strncasecmp(names[i].name, name, len) == 0)
            return &names[i];
    return NULL;
}

/* Testing a flow */

static bool in_net(const struct addr *addr, const struct filter_value *value)
{
    unsigned whole = value->prefix / 8;
    unsigned rest = value->prefix % 8;

    if (memcmp(addr->bytes, value->addr.bytes, whole) != 0)
        return false;
    return rest == 0 ||
           ((addr->bytes[whole] ^ value->addr.bytes[whole]) >> (8 - rest)) == 0;
}

static bool has_mac(const struct filter_subject *subject, enum way way,
                    const uint8_t mac[MAC_SIZE])
{
    uint32_t index = subject->flow->device[way];

    return index != POOL_NONE &&
           memcmp(devices_at(&subject->iface->devices, index)->mac, mac,
                  MAC_SIZE) == 0;
}

static bool compare(int64_t number, enum filter_op op, int64_t with)
{
    switch (op) {
    case OP_LT:
        return number < with;
    case OP_LE:
        return number <= with;
    case OP_GT:
        return number > with;
    case OP_GE:
        return number >= with;
    default:
        return number == with;
    }
}

static bool test_text(const struct filter_node *node,
                      const struct filter_subject *subject, enum way way)
{
    char buffer[128];
    const char *text = node->name->text(subject, way, buffer);

    return node->op == OP_HAS ? strcasestr(text, node->value.text) != NULL
                              : strcasecmp(text, node->value.text) == 0;
}

static bool test_end(const struct filter_node *node,
                     const struct filter_subject *subject, enum way way)
{
    const struct filter_name *name = node->name;

    if (node->op == OP_HAS)
        return test_text(node, subject, way);
    switch (name->kind) {
    case VALUE_ADDR:
    case VALUE_NET:
        return in_net(&subject->flow->key.addr[way], &node->value);
    case VALUE_MAC:
        return has_mac(subject, way, node->value.mac);
    case VALUE_TEXT:
        return test_text(node, subject, way);
    case VALUE_APP:
        return flow_is_app(subject->flow, (uint16_t)node->value.number);
    default:
        return compare(name->number(subject, name, way), node->op,
                       node->value.number);
    }
}

static bool test(const struct filter_node *node,
                 const struct filter_subject *subject)
{
    if (!node->name->is_of_end)
        return test_end(node, subject, WAY_SENT);
    if (node->end != FILTER_BOTH)
        return test_end(node, subject, node->end);
    return test_end(node, subject, WAY_SENT) ||
           test_end(node, subject, WAY_RCVD);
}

/* As deep as there are nodes at most. */
static bool is_true(const struct flow_filter *filter, uint8_t place,
                    const struct filter_subject *subject)
{
    const struct filter_node *node = &filter->nodes[place];
    bool is;

    if (node->kind == NODE_TEST)
        is = test(node, subject);
    else if (node->kind == NODE_AND)
        is = is_true(filter, node->left, subject) &&
             is_true(filter, node->right, subject);
    else
        is = is_true(filter, node->left, subject) ||
             is_true(filter, node->right, subject);
    return is != node->is_not;
}

bool flow_filter_matches(const struct flow_filter *filter,
                         const struct iface *iface, const struct flow *flow)
{
    struct filter_subject subject = {iface, flow};

    return filter->is_empty || is_true(filter, filter->root, &subject);
}
