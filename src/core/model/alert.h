/* alert: what may be wrong in a network. SPDX-License-Identifier: MIT */
#ifndef KELVIN_MODEL_ALERT_H
#define KELVIN_MODEL_ALERT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/packet/addr.h"

struct flow;
struct tcp;

/* What the engine finds by itself; scripts find more. */
enum alert_kind {
    ALERT_FLOWS_FULL,       /* flows are thrown out for room */
    ALERT_HOSTS_FULL,       /* the same of hosts */
    ALERT_DROPS,            /* packets were lost before we saw them */
    ALERT_MALFORMED,        /* many frames that cannot be decoded */
    ALERT_LINK_DOWN,        /* the interface went away */
    ALERT_NEW_DEVICE,       /* a MAC that was never seen before */
    ALERT_SYN_ATTACKER,     /* many SYNs, no connections */
    ALERT_SYN_VICTIM,       /* the target of these */
    ALERT_FLOW_ATTACKER,    /* many new flows as client */
    ALERT_FLOW_VICTIM,      /* the same as server */
    ALERT_SCAN,             /* tries many ports or hosts in vain */
    ALERT_SLOW_CLIENT,      /* many slow or nearly empty connections */
    ALERT_FLOW_PROBING,     /* one TCP flow that only probes */
    ALERT_FLOW_CERTIFICATE, /* one flow, whose certificate is another's */
    ALERT_KINDS
};

/* The numbers of the enums below are ntopng's and are stored. */
enum alert_severity {
    ALERT_INFO,
    ALERT_WARNING,
    ALERT_ERROR,
    ALERT_SEVERITIES
};

enum alert_entity {
    ALERT_OF_IFACE,
    ALERT_OF_HOST,
    ALERT_OF_NETWORK,
    ALERT_OF_SNMP_DEVICE,
    ALERT_OF_FLOW,
    ALERT_OF_DEVICE, /* a MAC; ntopng of that time had none of these */
    ALERT_ENTITIES
};

enum alert_type {
    ALERT_TYPE_SYN_FLOOD,
    ALERT_TYPE_FLOW_FLOOD,
    ALERT_TYPE_THRESHOLD,
    ALERT_TYPE_DANGEROUS_HOST,
    ALERT_TYPE_PERIODIC,
    ALERT_TYPE_QUOTA,
    ALERT_TYPE_MALWARE,
    ALERT_TYPE_HOST_ATTACKED,
    ALERT_TYPE_HOST_ATTACKS,
    ALERT_TYPE_MISCONFIGURED,
    ALERT_TYPE_SUSPICIOUS,
    ALERT_TYPE_TOO_MANY,
    ALERT_TYPE_DATABASE,
    ALERT_TYPE_IFACE,
    ALERT_TYPE_FLOW,
    ALERT_TYPES
};

struct alert_kind_row {
    const char *id; /* of the alert among those of its entity */
    enum alert_type type;
    enum alert_severity severity;
    enum alert_entity entity;
    const char *text; /* for people: what happens */
    const char *unit; /* of the event's value and limit; NULL: it has none */
};

const struct alert_kind_row *alert_kind_row(enum alert_kind kind);

/* The words for a stored number, as logs show them; "other" if unknown. */
const char *alert_severity_name(int severity);
const char *alert_entity_name(int entity);
const char *alert_type_name(int type);

enum alert_action {
    ALERT_ENGAGE,  /* it begins */
    ALERT_RELEASE, /* it has been over for a minute */
    ALERT_ONCE,    /* it happened */
};

/* What an observer is told; valid during the call. */
struct alert_event {
    enum alert_kind kind;
    enum alert_action action;
    int64_t when_us; /* of the interface's clock */
    /* What was measured and what would have been right; 0 on release. */
    uint64_t value;
    uint64_t limit;
    struct addr addr; /* of the host, or the last one of the device */
    uint16_t vlan;
    uint8_t mac[MAC_SIZE];   /* of the device */
    const char *vendor;      /* of the device, or "" */
    const struct flow *flow; /* of ALERT_OF_FLOW */
    const struct tcp *tcp;
};

/* Rates that make a flood, of a host and second. */
enum alert_rate {
    ALERT_RATE_FLOW_ATTACKER, /* new flows as client */
    ALERT_RATE_FLOW_VICTIM,   /* new flows as server */
    ALERT_RATE_SYN_ATTACKER,  /* SYNs of what is not established */
    ALERT_RATE_SYN_VICTIM,
    ALERT_RATES
};

/* In the order of `ntopng.prefs.IP:VLAN.alerts_config`. */
struct alert_limits {
    /* More than this is a flood; 0: never. */
    uint32_t per_s[ALERT_RATES];
};

/* Of one host: as it is for all. */
#define ALERT_LIMIT_COMMON UINT32_MAX

/* ntopng's: those of flows suit a small network. */
#define ALERT_PRESET_FLOWS_PER_S 25
#define ALERT_PRESET_SYNS_PER_S 8192

struct alert_config {
    bool is_on;
    bool probing;      /* tell of flows that probe */
    bool certificates; /* tell of flows with another's certificate */
    struct alert_limits limits;
};

/* All off, the limits as above. */
void alert_config_preset(struct alert_config *config);

/*
 * Limits of single hosts, of all interfaces; at most ALERT_HOSTS_CONFIGURED.
 */
#define ALERT_HOSTS_CONFIGURED 4096

struct alert_rules;

struct alert_rules *alert_rules_new(void);
void alert_rules_free(struct alert_rules *rules); /* NULL is fine */

/* Set a host's own limits; NULL: it has none. @return false: no room. */
bool alert_rules_set(struct alert_rules *rules, const struct addr *addr,
                     uint16_t vlan, const struct alert_limits *limits);

/* The host's own limits, or NULL. Valid until the next change. */
const struct alert_limits *alert_rules_find(const struct alert_rules *rules,
                                            const struct addr *addr,
                                            uint16_t vlan);

#endif
