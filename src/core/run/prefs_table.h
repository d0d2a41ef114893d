/* prefs_table: every preference there is. SPDX-License-Identifier: MIT */
#ifndef KELVIN_RUN_PREFS_TABLE_H
#define KELVIN_RUN_PREFS_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum pref_type {
    PREF_BOOL,   /* "1" or "0" */
    PREF_INT,    /* decimal, min..max */
    PREF_CHOICE, /* one word of choices */
    PREF_TEXT,   /* at most max bytes */
};

enum pref_group {
    PREF_GROUP_MEMORY,
    PREF_GROUP_SERIES,
    PREF_GROUP_EXPORT,
    PREF_GROUP_ALERTS,
    PREF_GROUP_INTERFACE,
    PREF_GROUPS
};

/* In the order of the table. */
enum pref {
    PREF_LOCAL_HOST_MAX_IDLE,
    PREF_NON_LOCAL_HOST_MAX_IDLE,
    PREF_FLOW_MAX_IDLE,
    PREF_HOUSEKEEPING_FREQUENCY,
    PREF_LOCAL_HOST_CACHE_DURATION,
    PREF_IS_LOCAL_HOST_CACHE_ENABLED,
    PREF_IS_ACTIVE_LOCAL_HOST_CACHE_ENABLED,
    PREF_ACTIVE_LOCAL_HOST_CACHE_INTERVAL,
    PREF_INTF_RRD_RAW_DAYS,
    PREF_INTF_RRD_1MIN_DAYS,
    PREF_INTF_RRD_1H_DAYS,
    PREF_INTF_RRD_1D_DAYS,
    PREF_OTHER_RRD_RAW_DAYS,
    PREF_OTHER_RRD_1MIN_DAYS,
    PREF_OTHER_RRD_1H_DAYS,
    PREF_OTHER_RRD_1D_DAYS,
    PREF_HOST_RRD_CREATION,
    PREF_HOST_NDPI_RRD_CREATION,
    PREF_HOST_CATEGORIES_RRD_CREATION,
    PREF_ASN_RRD_CREATION,
    PREF_VLAN_RRD_CREATION,
    PREF_TCP_FLAGS_RRD_CREATION,
    PREF_TCP_RETR_OOO_LOST_RRD_CREATION,
    PREF_HOST_POOLS_RRD_CREATION,
    PREF_SNMP_DEVICES_RRD_CREATION,
    PREF_L2_DEVICE_RRD_CREATION,
    PREF_COUNTRY_RRD_CREATION,
    PREF_HOST_TOP_SITES_CREATION,
    PREF_MINUTE_TOP_TALKERS_RETENTION,
    PREF_MYSQL_RETENTION,
    PREF_MYSQL_CHECK_OPEN_FILES_LIMIT,
    PREF_FLOW_DB_DUMP_EXPORT_ENABLED,
    PREF_TINY_FLOWS_EXPORT_ENABLED,
    PREF_MAX_NUM_PACKETS_PER_TINY_FLOW,
    PREF_MAX_NUM_BYTES_PER_TINY_FLOW,
    PREF_DISABLE_ALERTS_GENERATION,
    PREF_MAX_NUM_ALERTS_PER_ENTITY,
    PREF_MAX_NUM_FLOW_ALERTS,
    PREF_PROBING_ALERTS,
    PREF_SSL_ALERTS,
    PREF_ALERTS_SYSLOG,
    PREF_HOST_BLACKLIST,
    PREF_DUMP_ALERTS_WHEN_IFACE_IS_ALERTED,
    PREF_SLACK_NOTIFICATIONS_ENABLED,
    PREF_SLACK_ALERT_SEVERITY,
    PREF_SLACK_WEBHOOK,
    PREF_SENDER_USERNAME,
    PREF_THPT_CONTENT,
    PREF_LOGGING_LEVEL,
    PREF_IS_AUTOLOGON_ENABLED,
    PREF_SHOW_ADVANCED_PREFS,
    PREF_HOST_MASK,
    PREF_ENABLE_ACCESS_LOG,
    PREF_GOOGLE_APIS_BROWSER_KEY,
    PREFS_COUNT
};

struct pref_row {
    const char *name; /* of the key, without its prefix */
    const char *key;  /* in Redis */
    enum pref_type type;
    enum pref_group group;
    const char *preset; /* its value while Redis has none */
    int64_t min;
    int64_t max;
    const char *choices; /* "a|b|c" */
    const char *unit;    /* NULL: none */
    const char *help;    /* a sentence for people */
    const char *option;  /* of the command line, which wins; NULL: none */
    bool secret;         /* its value is not for the log */
};

/* The row; valid for ever. */
const struct pref_row *pref_row(enum pref pref);

/* The preference with this key of Redis, or PREFS_COUNT. */
enum pref pref_find(const char *key);

const char *pref_group_title(enum pref_group group);

#endif
