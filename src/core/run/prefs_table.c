/* prefs_table: every preference there is. SPDX-License-Identifier: MIT */
#include "core/run/prefs_table.h"

#include <string.h>

#define DAY_MAX 3650
#define YEAR_S 31536000

#define KEY(word) .name = word, .key = "ntopng.prefs." word
#define ALERT_KEY(word) .name = word, .key = "ntopng.alerts." word
#define INT(low, high, of) .type = PREF_INT, .min = low, .max = high, .unit = of
#define BOOL .type = PREF_BOOL
#define TEXT(bytes) .type = PREF_TEXT, .max = bytes
#define CHOICE(words) .type = PREF_CHOICE, .choices = words

static const struct pref_row rows[PREFS_COUNT] = {
    [PREF_LOCAL_HOST_MAX_IDLE] =
        {KEY("local_host_max_idle"), INT(1, 86400, "seconds"),
         .group = PREF_GROUP_MEMORY, .preset = "300",
         .help = "A local host without flows is forgotten after this"},
    [PREF_NON_LOCAL_HOST_MAX_IDLE] =
        {KEY("non_local_host_max_idle"), INT(1, 86400, "seconds"),
         .group = PREF_GROUP_MEMORY, .preset = "60",
         .help = "A remote host without flows is forgotten after this"},
    [PREF_FLOW_MAX_IDLE] =
        {KEY("flow_max_idle"), INT(1, 86400, "seconds"),
         .group = PREF_GROUP_MEMORY, .preset = "60",
         .help = "A flow of UDP, or of neither TCP nor ICMP, ends after this",
         .option = "flow-timeout"},
    [PREF_HOUSEKEEPING_FREQUENCY] =
        {KEY("housekeeping_frequency"), INT(1, 3600, "seconds"),
         .group = PREF_GROUP_MEMORY, .preset = "5",
         .help = "How often the housekeeping script runs"},
    [PREF_LOCAL_HOST_CACHE_DURATION] =
        {KEY("local_host_cache_duration"), INT(60, YEAR_S, "seconds"),
         .group = PREF_GROUP_MEMORY, .preset = "3600",
         .help = "Saved local hosts are kept so long"},
    [PREF_IS_LOCAL_HOST_CACHE_ENABLED] =
        {KEY("is_local_host_cache_enabled"), BOOL, .group = PREF_GROUP_MEMORY,
         .preset = "1",
         .help = "Local hosts are saved when they are forgotten"},
    [PREF_IS_ACTIVE_LOCAL_HOST_CACHE_ENABLED] =
        {KEY("is_active_local_host_cache_enabled"), BOOL,
         .group = PREF_GROUP_MEMORY, .preset = "0",
         .help = "Active local hosts are saved now and then, too"},
    [PREF_ACTIVE_LOCAL_HOST_CACHE_INTERVAL] =
        {KEY("active_local_host_cache_interval"), INT(60, 86400, "seconds"),
         .group = PREF_GROUP_MEMORY, .preset = "3600",
         .help = "How often these are saved"},

    [PREF_INTF_RRD_RAW_DAYS] =
        {KEY("intf_rrd_raw_days"), INT(1, DAY_MAX, "days"),
         .group = PREF_GROUP_SERIES, .preset = "1",
         .help = "New series of interfaces keep every value"},
    [PREF_INTF_RRD_1MIN_DAYS] =
        {KEY("intf_rrd_1min_days"), INT(1, DAY_MAX, "days"),
         .group = PREF_GROUP_SERIES, .preset = "30",
         .help = "New series of interfaces keep a value a minute"},
    [PREF_INTF_RRD_1H_DAYS] =
        {KEY("intf_rrd_1h_days"), INT(1, DAY_MAX, "days"),
         .group = PREF_GROUP_SERIES, .preset = "100",
         .help = "New series of interfaces keep a value an hour"},
    [PREF_INTF_RRD_1D_DAYS] =
        {KEY("intf_rrd_1d_days"), INT(1, DAY_MAX, "days"),
         .group = PREF_GROUP_SERIES, .preset = "365",
         .help = "New series of interfaces keep a value a day"},
    [PREF_OTHER_RRD_RAW_DAYS] = {KEY("other_rrd_raw_days"),
                                 INT(1, DAY_MAX, "days"),
                                 .group = PREF_GROUP_SERIES, .preset = "1",
                                 .help = "Other new series keep every value"},
    [PREF_OTHER_RRD_1MIN_DAYS] = {KEY("other_rrd_1min_days"),
                                  INT(1, DAY_MAX, "days"),
                                  .group = PREF_GROUP_SERIES, .preset = "30",
                                  .help =
                                      "Other new series keep a value a minute"},
    [PREF_OTHER_RRD_1H_DAYS] = {KEY("other_rrd_1h_days"),
                                INT(1, DAY_MAX, "days"),
                                .group = PREF_GROUP_SERIES, .preset = "100",
                                .help =
                                    "Other new series keep a value an hour"},
    [PREF_OTHER_RRD_1D_DAYS] = {KEY("other_rrd_1d_days"),
                                INT(1, DAY_MAX, "days"),
                                .group = PREF_GROUP_SERIES, .preset = "365",
                                .help = "Other new series keep a value a day"},
    [PREF_HOST_RRD_CREATION] = {KEY("host_rrd_creation"), BOOL,
                                .group = PREF_GROUP_SERIES, .preset = "1",
                                .help =
                                    "Series of the traffic of each local host"},
    [PREF_HOST_NDPI_RRD_CREATION] =
        {KEY("host_ndpi_rrd_creation"), BOOL, .group = PREF_GROUP_SERIES,
         .preset = "0",
         .help = "Series of the applications of each local host"},
    [PREF_HOST_CATEGORIES_RRD_CREATION] =
        {KEY("host_categories_rrd_creation"), BOOL, .group = PREF_GROUP_SERIES,
         .preset = "0", .help = "Series of the categories of each local host"},
    [PREF_ASN_RRD_CREATION] = {KEY("asn_rrd_creation"), BOOL,
                               .group = PREF_GROUP_SERIES, .preset = "0",
                               .help = "Series of autonomous systems"},
    [PREF_VLAN_RRD_CREATION] = {KEY("vlan_rrd_creation"), BOOL,
                                .group = PREF_GROUP_SERIES, .preset = "0",
                                .help = "Series of VLANs"},
    [PREF_TCP_FLAGS_RRD_CREATION] =
        {KEY("tcp_flags_rrd_creation"), BOOL, .group = PREF_GROUP_SERIES,
         .preset = "0", .help = "Series of TCP packets by their flags"},
    [PREF_TCP_RETR_OOO_LOST_RRD_CREATION] =
        {KEY("tcp_retr_ooo_lost_rrd_creation"), BOOL,
         .group = PREF_GROUP_SERIES, .preset = "0",
         .help = "Series of TCP packets that were repeated, late or lost"},
    [PREF_HOST_POOLS_RRD_CREATION] = {KEY("host_pools_rrd_creation"), BOOL,
                                      .group = PREF_GROUP_SERIES, .preset = "0",
                                      .help = "Series of host pools"},
    [PREF_SNMP_DEVICES_RRD_CREATION] =
        {KEY("snmp_devices_rrd_creation"), BOOL, .group = PREF_GROUP_SERIES,
         .preset = "0", .help = "Series of the ports of SNMP devices"},
    [PREF_L2_DEVICE_RRD_CREATION] =
        {KEY("l2_device_rrd_creation"), BOOL, .group = PREF_GROUP_SERIES,
         .preset = "0", .help = "Series of the traffic of each network card"},
    [PREF_COUNTRY_RRD_CREATION] = {KEY("country_rrd_creation"), BOOL,
                                   .group = PREF_GROUP_SERIES, .preset = "0",
                                   .help = "Series of countries"},
    [PREF_HOST_TOP_SITES_CREATION] =
        {KEY("host_top_sites_creation"), BOOL, .group = PREF_GROUP_SERIES,
         .preset = "0", .help = "The sites that each local host visits most"},
    [PREF_MINUTE_TOP_TALKERS_RETENTION] =
        {KEY("minute_top_talkers_retention"),
         INT(1, DAY_MAX, "days"), .group = PREF_GROUP_SERIES, .preset = "365",
         .help = "Lists of the top talkers of each minute are kept so long"},

    [PREF_MYSQL_RETENTION] = {KEY("mysql_retention"), INT(1, DAY_MAX, "days"),
                              .group = PREF_GROUP_EXPORT, .preset = "7",
                              .help = "Flows are kept so long in MySQL"},
    [PREF_MYSQL_CHECK_OPEN_FILES_LIMIT] =
        {KEY("mysql_check_open_files_limit"), BOOL, .group = PREF_GROUP_EXPORT,
         .preset = "1",
         .help = "Whether MySQL may open enough files is looked at"},
    [PREF_FLOW_DB_DUMP_EXPORT_ENABLED] =
        {KEY("flow_db_dump_export_enabled"), BOOL, .group = PREF_GROUP_EXPORT,
         .preset = "1", .help = "Flows are written to the database of -F"},
    [PREF_TINY_FLOWS_EXPORT_ENABLED] =
        {KEY("tiny_flows_export_enabled"), BOOL, .group = PREF_GROUP_EXPORT,
         .preset = "1", .help = "Tiny flows are exported like others"},
    [PREF_MAX_NUM_PACKETS_PER_TINY_FLOW] =
        {KEY("max_num_packets_per_tiny_flow"), INT(1, 100, "packets"),
         .group = PREF_GROUP_EXPORT, .preset = "3",
         .help = "A tiny flow has at most so many"},
    [PREF_MAX_NUM_BYTES_PER_TINY_FLOW] =
        {KEY("max_num_bytes_per_tiny_flow"), INT(1, 100000, "bytes"),
         .group = PREF_GROUP_EXPORT, .preset = "64",
         .help = "A tiny flow has at most so many"},

    [PREF_DISABLE_ALERTS_GENERATION] =
        {KEY("disable_alerts_generation"), BOOL, .group = PREF_GROUP_ALERTS,
         .preset = "0", .help = "No alerts are raised",
         .option = "disable-alerts"},
    [PREF_MAX_NUM_ALERTS_PER_ENTITY] =
        {KEY("max_num_alerts_per_entity"), INT(1, 1000000, "alerts"),
         .group = PREF_GROUP_ALERTS, .preset = "1024",
         .help = "So many past alerts of a host, network or interface are "
                 "kept on average: 16 times as many of an interface"},
    [PREF_MAX_NUM_FLOW_ALERTS] = {KEY("max_num_flow_alerts"),
                                  INT(1, 1000000, "alerts"),
                                  .group = PREF_GROUP_ALERTS, .preset = "16384",
                                  .help =
                                      "So many past alerts of flows are kept"},
    [PREF_PROBING_ALERTS] = {KEY("probing_alerts"), BOOL,
                             .group = PREF_GROUP_ALERTS, .preset = "0",
                             .help =
                                 "Alerts for each TCP flow that only probes"},
    [PREF_SSL_ALERTS] =
        {KEY("ssl_alerts"), BOOL, .group = PREF_GROUP_ALERTS, .preset = "0",
         .help = "Alerts for flows whose TLS certificate is of another name"},
    [PREF_ALERTS_SYSLOG] = {KEY("alerts_syslog"), BOOL,
                            .group = PREF_GROUP_ALERTS, .preset = "0",
                            .help = "Alerts go to syslog, too"},
    [PREF_HOST_BLACKLIST] =
        {KEY("host_blacklist"), BOOL, .group = PREF_GROUP_ALERTS, .preset = "0",
         .help = "Alerts for hosts that are on lists of bad ones"},
    [PREF_DUMP_ALERTS_WHEN_IFACE_IS_ALERTED] =
        {ALERT_KEY("dump_alerts_when_iface_is_alerted"), BOOL,
         .group = PREF_GROUP_ALERTS, .preset = "0",
         .help = "Flows are kept as alerts while their interface is alerted"},
    [PREF_SLACK_NOTIFICATIONS_ENABLED] =
        {ALERT_KEY("slack_notifications_enabled"), BOOL,
         .group = PREF_GROUP_ALERTS, .preset = "0",
         .help = "Alerts go to Slack, too"},
    [PREF_SLACK_ALERT_SEVERITY] =
        {ALERT_KEY("slack_alert_severity"),
         CHOICE("only_errors|errors_and_warnings|all_alerts"),
         .group = PREF_GROUP_ALERTS, .preset = "only_errors",
         .help = "Which of them do"},
    [PREF_SLACK_WEBHOOK] = {ALERT_KEY("slack_webhook"), TEXT(512),
                            .group = PREF_GROUP_ALERTS, .preset = "",
                            .help = "URL that Slack gave for them",
                            .secret = true},
    [PREF_SENDER_USERNAME] = {ALERT_KEY("sender_username"), TEXT(128),
                              .group = PREF_GROUP_ALERTS, .preset = "",
                              .help = "Who they are from"},

    [PREF_THPT_CONTENT] = {KEY("thpt_content"), CHOICE("bps|pps"),
                           .group = PREF_GROUP_INTERFACE, .preset = "bps",
                           .help =
                               "Pages show throughput in bits or in packets"},
    [PREF_LOGGING_LEVEL] =
        {KEY("logging_level"), CHOICE("error|warning|normal|info|debug|trace"),
         .group = PREF_GROUP_INTERFACE, .preset = "normal",
         .help = "What is logged, as with -v 0, 1, 2, 3, 4 and 6",
         .option = "verbose"},
    [PREF_IS_AUTOLOGON_ENABLED] =
        {KEY("is_autologon_enabled"), BOOL, .group = PREF_GROUP_INTERFACE,
         .preset = "1",
         .help = "Sessions end by being idle (whatever the name says)",
         .option = "disable-autologout"},
    [PREF_SHOW_ADVANCED_PREFS] =
        {KEY("show_advanced_prefs"), BOOL, .group = PREF_GROUP_INTERFACE,
         .preset = "0",
         .help = "The page of preferences shows the rare ones, too"},
    [PREF_HOST_MASK] =
        {KEY("host_mask"), INT(0, 2, NULL), .group = PREF_GROUP_INTERFACE,
         .preset = "0",
         .help = "Pages hide the addresses of 0 no, 1 local, 2 remote hosts"},
    [PREF_ENABLE_ACCESS_LOG] =
        {KEY("enable_access_log"), BOOL, .group = PREF_GROUP_INTERFACE,
         .preset = "0",
         .help = "Each request is a line of ntopng_access.log in "
                 "the data directory",
         .option = "access-log"},
    [PREF_GOOGLE_APIS_BROWSER_KEY] =
        {KEY("google_apis_browser_key"), TEXT(128),
         .group = PREF_GROUP_INTERFACE, .preset = "",
         .help = "For scripts that show a map of Google's", .secret = true},
};

const struct pref_row *pref_row(enum pref pref)
{
    return &rows[pref];
}

/* Most keys under our prefixes are others': that is settled by the first
 * letters behind it. */
enum pref pref_find(const char *key)
{
    for (unsigned pref = 0; pref < PREFS_COUNT; pref++)
        if (strcmp(rows[pref].key, key) == 0)
            return (enum pref)pref;
    return PREFS_COUNT;
}

const char *pref_group_title(enum pref_group group)
{
    static const char *const titles[PREF_GROUPS] = {
        [PREF_GROUP_MEMORY] = "What is remembered",
        [PREF_GROUP_SERIES] = "Time series",
        [PREF_GROUP_EXPORT] = "Exports",
        [PREF_GROUP_ALERTS] = "Alerts",
        [PREF_GROUP_INTERFACE] = "Pages and log",
    };

    return titles[group];
}
