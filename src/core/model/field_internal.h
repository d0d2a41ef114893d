/* field_internal: what the files of the field tables share.
 * SPDX-License-Identifier: MIT */
#ifndef KELVIN_MODEL_FIELD_INTERNAL_H
#define KELVIN_MODEL_FIELD_INTERNAL_H

#include "core/model/field.h"

/* Throughput of hosts, devices and groups: `detail` of its rows. */
enum field_rate {
    RATE_BYTES,
    RATE_BYTES_BEFORE,
    RATE_DIFFERENCE,
    RATE_PACKETS,
    RATE_TREND
};

/* Fill `value` for such a row. */
void field_rate(const struct rate *rate, const struct iface *iface,
                enum field_rate which, struct field_value *value);

/* The rows of local hosts' messages, of applications and sizes. */
FIELD_LISTS(field_host_list_apps);
FIELD_LISTS(field_host_list_classes);
FIELD_GET(field_host_has_icmp);
FIELD_LISTS(field_host_list_icmp);
FIELD_GET(field_host_dns);
FIELD_LISTS(field_host_list_dns);
FIELD_GET(field_host_http);
FIELD_GET(field_host_vhosts);
FIELD_LISTS(field_host_list_http);

/* The accessors of the rows of flows. */

#define FIELD_BOTH WAYS /* `way` of a row about both directions */

/* Of one end (`way`). */
FIELD_GET(field_flow_mac);
FIELD_GET(field_flow_ip);
FIELD_GET(field_flow_ip_of_version); /* `detail`: only of this version */
FIELD_GET(field_flow_ip_number);
FIELD_GET(field_flow_port);
FIELD_GET(field_flow_host);
FIELD_GET(field_flow_is_system);
FIELD_GET(field_flow_is_seen);
FIELD_GET(field_flow_network);
FIELD_GET(field_flow_is_local);
FIELD_GET(field_flow_is_private);
FIELD_GET(field_flow_asn);
FIELD_GET(field_flow_country);
FIELD_GET(field_flow_city);
FIELD_GET(field_flow_degrees); /* `detail`: 0 latitude, 1 longitude */
FIELD_GET(field_flow_place);

/* What it is about. */
FIELD_GET(field_flow_vlan);
FIELD_GET(field_flow_version);
FIELD_GET(field_flow_l4_number);
FIELD_GET(field_flow_l4);
FIELD_GET(field_flow_app);
FIELD_GET(field_flow_app_name);       /* for records */
FIELD_GET(field_flow_app_name_shown); /* see flow_app_shown() */
FIELD_GET(field_flow_breed);
FIELD_GET(field_flow_category);
FIELD_GET(field_flow_attr);        /* `detail`: enum attr */
FIELD_GET(field_flow_attr_number); /* the same */
FIELD_GET(field_flow_server_name);
FIELD_GET(field_flow_info);
FIELD_GET(field_flow_certificate);
FIELD_GET(field_flow_has_tls);
FIELD_LISTS(field_flow_risks);
FIELD_GET(field_flow_is_icmp);
FIELD_GET(field_flow_icmp); /* `detail`: 0 type, 1 code */

/* How much and how well; `way` of counters may be FIELD_BOTH. */
enum field_count {
    COUNT_PACKETS,
    COUNT_BYTES,
    COUNT_GOODPUT,
    COUNT_NEW_PACKETS, /* since the last update */
    COUNT_NEW_BYTES,
    COUNT_NEW_GOODPUT
};

FIELD_GET(field_flow_packets); /* since the last record */
FIELD_GET(field_flow_bytes);
FIELD_GET(field_flow_count); /* `detail`: enum field_count */
FIELD_GET(field_flow_trouble);
FIELD_GET(field_flow_has_trouble);
FIELD_GET(field_flow_tcp_flags);
FIELD_GET(field_flow_is_established);
FIELD_GET(field_flow_nw_latency);
FIELD_GET(field_flow_appl_latency);
FIELD_GET(field_flow_max_throughput);
FIELD_GET(field_flow_throughput);
FIELD_GET(field_flow_top_throughput);
FIELD_GET(field_flow_trend);
FIELD_GET(field_flow_interarrival); /* `detail`: 0 min, 1 max, 2 avg */
FIELD_GET(field_flow_has_low_goodput);
FIELD_GET(field_flow_is_idle);
FIELD_GET(field_flow_status);

/* When, and which. */
FIELD_GET(field_flow_first);
FIELD_GET(field_flow_last);
FIELD_GET(field_flow_duration);
FIELD_GET(field_flow_timestamp);
FIELD_GET(field_flow_key);
FIELD_GET(field_flow_instance);
FIELD_GET(field_flow_iface);
FIELD_GET(field_flow_record_id);

#endif
