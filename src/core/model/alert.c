/* alert: what may be wrong in a network. SPDX-License-Identifier: MIT */
#include "core/model/alert.h"

#include <stdlib.h>
#include <string.h>

#include "core/util/mem.h"

static const struct alert_kind_row kinds[ALERT_KINDS] = {
    [ALERT_FLOWS_FULL] = {"flows_full", ALERT_TYPE_IFACE, ALERT_ERROR,
                          ALERT_OF_IFACE, "the table of flows is full",
                          "flows thrown out"},
    [ALERT_HOSTS_FULL] = {"hosts_full", ALERT_TYPE_IFACE, ALERT_ERROR,
                          ALERT_OF_IFACE, "the table of hosts is full",
                          "hosts thrown out"},
    [ALERT_DROPS] = {"packet_drops", ALERT_TYPE_IFACE, ALERT_WARNING,
                     ALERT_OF_IFACE, "packets are lost before they are seen",
                     "% of the last minute"},
    [ALERT_MALFORMED] = {"malformed_burst", ALERT_TYPE_SUSPICIOUS,
                         ALERT_WARNING, ALERT_OF_IFACE,
                         "many packets are malformed", "% of the last minute"},
    [ALERT_LINK_DOWN] = {"interface_down", ALERT_TYPE_IFACE, ALERT_ERROR,
                         ALERT_OF_IFACE, "the interface is down", NULL},
    [ALERT_NEW_DEVICE] = {"new_device", ALERT_TYPE_SUSPICIOUS, ALERT_INFO,
                          ALERT_OF_DEVICE, "a device was never seen before",
                          NULL},
    [ALERT_SYN_ATTACKER] = {"syn_flood_attacker", ALERT_TYPE_SYN_FLOOD,
                            ALERT_ERROR, ALERT_OF_HOST,
                            "the host sends a flood of SYNs", "SYN/s"},
    [ALERT_SYN_VICTIM] = {"syn_flood_victim", ALERT_TYPE_SYN_FLOOD, ALERT_ERROR,
                          ALERT_OF_HOST, "the host gets a flood of SYNs",
                          "SYN/s"},
    [ALERT_FLOW_ATTACKER] = {"flow_flood_attacker", ALERT_TYPE_FLOW_FLOOD,
                             ALERT_ERROR, ALERT_OF_HOST,
                             "the host begins a flood of flows", "flows/s"},
    [ALERT_FLOW_VICTIM] = {"flow_flood_victim", ALERT_TYPE_FLOW_FLOOD,
                           ALERT_ERROR, ALERT_OF_HOST,
                           "the host gets a flood of flows", "flows/s"},
    [ALERT_SCAN] = {"port_scan", ALERT_TYPE_SUSPICIOUS, ALERT_WARNING,
                    ALERT_OF_HOST, "the host tries many ports or hosts in vain",
                    "ports or hosts a minute"},
    [ALERT_SLOW_CLIENT] = {"slow_client", ALERT_TYPE_MISCONFIGURED,
                           ALERT_WARNING, ALERT_OF_HOST,
                           "the host has many slow or nearly empty connections",
                           "flows a minute"},
    [ALERT_FLOW_PROBING] = {"tcp_probing", ALERT_TYPE_FLOW, ALERT_WARNING,
                            ALERT_OF_FLOW, "TCP probing", NULL},
    [ALERT_FLOW_CERTIFICATE] = {"tls_certificate", ALERT_TYPE_FLOW,
                                ALERT_WARNING, ALERT_OF_FLOW,
                                "TLS certificate of another name", NULL},
};

const struct alert_kind_row *alert_kind_row(enum alert_kind kind)
{
    return &kinds[kind];
}

static const char *name_in(const char *const *names, int count, int number)
{
    return number >= 0 && number < count ? names[number] : "other";
}

const char *alert_severity_name(int severity)
{
    static const char *const names[ALERT_SEVERITIES] = {"info", "warning",
                                                        "error"};

    return name_in(names, ALERT_SEVERITIES, severity);
}

const char *alert_entity_name(int entity)
{
    static const char *const names[ALERT_ENTITIES] = {
        "interface", "host", "network", "SNMP device", "flow", "device"};

    return name_in(names, ALERT_ENTITIES, entity);
}

const char *alert_type_name(int type)
{
    static const char *const names[ALERT_TYPES] = {
        "SYN flood",
        "flow flood",
        "threshold crossed",
        "dangerous host",
        "periodic activity",
        "quota exceeded",
        "malware",
        "host under attack",
        "host attacks",
        "misconfigured application",
        "suspicious activity",
        "too many alerts",
        "database misconfigured",
        "interface",
        "flow misbehaviour",
    };

    return name_in(names, ALERT_TYPES, type);
}

void alert_config_preset(struct alert_config *config)
{
    *config = (struct alert_config){
        .limits = {.per_s = {
                       [ALERT_RATE_FLOW_ATTACKER] = ALERT_PRESET_FLOWS_PER_S,
                       [ALERT_RATE_FLOW_VICTIM] = ALERT_PRESET_FLOWS_PER_S,
                       [ALERT_RATE_SYN_ATTACKER] = ALERT_PRESET_SYNS_PER_S,
                       [ALERT_RATE_SYN_VICTIM] = ALERT_PRESET_SYNS_PER_S,
                   }}};
}

/* Sorted by address and VLAN: an administrator makes some of them, and they
 * are looked up for hosts that are new. */
struct rule {
    struct addr addr;
    uint16_t vlan;
    struct alert_limits limits;
};

struct alert_rules {
    struct rule *items;
    size_t count;
};

struct alert_rules *alert_rules_new(void)
{
    return mem_calloc(1, sizeof(struct alert_rules));
}

void alert_rules_free(struct alert_rules *rules)
{
    if (rules == NULL)
        return;
    free(rules->items);
    free(rules);
}

/* Where it is, or should be. */
static size_t place_of(const struct alert_rules *rules, const struct addr *addr,
                       uint16_t vlan, bool *is_there)
{
    size_t low = 0;
    size_t high = rules->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct rule *rule = &rules->items[middle];
        int order = addr_compare(&rule->addr, addr);

        if (order == 0)
            order = (int)rule->vlan - (int)vlan;
        if (order == 0) {
            *is_there = true;
            return middle;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *is_there = false;
    return low;
}

bool alert_rules_set(struct alert_rules *rules, const struct addr *addr,
                     uint16_t vlan, const struct alert_limits *limits)
{
    bool is_there;
    size_t at = place_of(rules, addr, vlan, &is_there);
    size_t behind = rules->count - at;

    if (limits == NULL) {
        if (is_there) {
            memmove(&rules->items[at], &rules->items[at + 1],
                    (behind - 1) * sizeof(*rules->items));
            rules->count--;
        }
        return true;
    }
    if (!is_there) {
        if (rules->count == ALERT_HOSTS_CONFIGURED)
            return false;
        rules->items =
            mem_realloc(rules->items, rules->count + 1, sizeof(*rules->items));
        memmove(&rules->items[at + 1], &rules->items[at],
                behind * sizeof(*rules->items));
        rules->count++;
    }
    rules->items[at] = (struct rule){*addr, vlan, *limits};
    return true;
}

const struct alert_limits *alert_rules_find(const struct alert_rules *rules,
                                            const struct addr *addr,
                                            uint16_t vlan)
{
    bool is_there;
    size_t at = place_of(rules, addr, vlan, &is_there);

    return is_there ? &rules->items[at].limits : NULL;
}
