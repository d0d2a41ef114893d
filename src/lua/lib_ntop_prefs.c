/* lib_ntop_prefs: class ntop, preferences and options.
 * SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "core/model/engine.h"
#include "core/run/alerts.h"
#include "core/run/options.h"
#include "core/run/prefs.h"
#include "core/run/resolver.h"
#include "lua/access.h"
#include "lua/ask.h"
#include "lua/lib.h"

#define HTTP_PORT 3000

/* What getPrefs() tells as preferences have it. */
static const struct {
    const char *key;
    enum pref pref;
} rows[] = {
    {"is_active_local_hosts_cache_enabled",
     PREF_IS_ACTIVE_LOCAL_HOST_CACHE_ENABLED},
    {"is_tiny_flows_export_enabled", PREF_TINY_FLOWS_EXPORT_ENABLED},
    {"slack_enabled", PREF_SLACK_NOTIFICATIONS_ENABLED},
    {"local_host_max_idle", PREF_LOCAL_HOST_MAX_IDLE},
    {"non_local_host_max_idle", PREF_NON_LOCAL_HOST_MAX_IDLE},
    {"flow_max_idle", PREF_FLOW_MAX_IDLE},
    {"local_host_cache_duration", PREF_LOCAL_HOST_CACHE_DURATION},
    {"intf_rrd_raw_days", PREF_INTF_RRD_RAW_DAYS},
    {"intf_rrd_1min_days", PREF_INTF_RRD_1MIN_DAYS},
    {"intf_rrd_1h_days", PREF_INTF_RRD_1H_DAYS},
    {"intf_rrd_1d_days", PREF_INTF_RRD_1D_DAYS},
    {"other_rrd_raw_days", PREF_OTHER_RRD_RAW_DAYS},
    {"other_rrd_1min_days", PREF_OTHER_RRD_1MIN_DAYS},
    {"other_rrd_1h_days", PREF_OTHER_RRD_1H_DAYS},
    {"other_rrd_1d_days", PREF_OTHER_RRD_1D_DAYS},
    {"housekeeping_frequency", PREF_HOUSEKEEPING_FREQUENCY},
    {"max_num_alerts_per_entity", PREF_MAX_NUM_ALERTS_PER_ENTITY},
    {"max_num_flow_alerts", PREF_MAX_NUM_FLOW_ALERTS},
    {"max_num_packets_per_tiny_flow", PREF_MAX_NUM_PACKETS_PER_TINY_FLOW},
    {"max_num_bytes_per_tiny_flow", PREF_MAX_NUM_BYTES_PER_TINY_FLOW},
};

static void set_preferences(lua_State *L, const struct prefs *prefs)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (pref_row(rows[i].pref)->type == PREF_BOOL)
            lib_set_boolean(L, rows[i].key, prefs_bool(prefs, rows[i].pref));
        else
            lib_set_integer(L, rows[i].key, prefs_int(prefs, rows[i].pref));
    }
    if (prefs_bool(prefs, PREF_IS_ACTIVE_LOCAL_HOST_CACHE_ENABLED))
        lib_set_integer(
            L, "active_local_hosts_cache_interval",
            prefs_int(prefs, PREF_ACTIVE_LOCAL_HOST_CACHE_INTERVAL));
}

/* Of the first "[addr:]port" that is not off; 0 when there is none. */
static lua_Integer port_of(const struct options_list *ports, int otherwise)
{
    lua_Integer port = ports->count == 0 ? otherwise : 0;

    for (size_t i = 0; i < ports->count && port == 0; i++) {
        const char *colon = strrchr(ports->items[i], ':');

        port = atoi(colon != NULL ? colon + 1 : ports->items[i]);
    }
    return port;
}

/* The first -F of this kind, behind "KIND;"; or NULL. */
static const char *find_export(const struct options *options, const char *kind)
{
    size_t len = strlen(kind);

    for (size_t i = 0; i < options->dump_flows.count; i++) {
        const char *spec = options->dump_flows.items[i];

        if (strncmp(spec, kind, len) == 0 && spec[len] == ';')
            return spec + len + 1;
    }
    return NULL;
}

static void set_exports(lua_State *L, const struct options *options)
{
    const char *mysql = find_export(options, "mysql");
    bool to_es = find_export(options, "es") != NULL;
    bool to_logstash = find_export(options, "logstash") != NULL;
    const char *base;

    lib_set_boolean(L, "is_dump_flows_enabled",
                    mysql != NULL || to_es || to_logstash);
    lib_set_boolean(L, "is_dump_flows_to_mysql_enabled", mysql != NULL);
    lib_set_boolean(L, "is_dump_flows_to_es_enabled", to_es);
    lib_set_boolean(L, "is_dump_flows_to_ls_enabled", to_logstash);
    base = mysql != NULL ? strchr(mysql, ';') : NULL;
    if (base == NULL) /* mysql;<host>;<database>;... */
        return;
    lua_pushlstring(L, base + 1, strcspn(base + 1, ";"));
    lua_setfield(L, -2, "mysql_dbname");
}

static void set_options(lua_State *L, const struct options *options)
{
    static const char *const sticky[] = {NULL, "local", "remote", "all"};

    lib_set_boolean(L, "is_dns_resolution_enabled",
                    options->dns_mode == RESOLVER_LOCAL ||
                        options->dns_mode == RESOLVER_ALL);
    lib_set_boolean(L, "is_dns_resolution_enabled_for_all_hosts",
                    options->dns_mode == RESOLVER_ALL);
    lib_set_boolean(L, "has_cmdl_trace_lvl", options->verbosity >= 0);
    lib_set_boolean(L, "has_cmdl_disable_alerts", options->disable_alerts);
    lib_set_integer(L, "http_port", port_of(&options->http_port, HTTP_PORT));
    lib_set_integer(L, "http.port", port_of(&options->http_port, HTTP_PORT));
    lib_set_integer(L, "http.alt_port", port_of(&options->https_port, 0));
    lib_set_integer(L, "max_num_hosts", options->max_hosts);
    lib_set_integer(L, "max_num_flows", options->max_flows);
    lib_set_integer(L, "dump_hosts", (lua_Integer)options->dump_hosts);
    if (sticky[options->sticky_hosts & OPTIONS_HOSTS_ALL] != NULL)
        lib_set_string(L, "sticky_hosts",
                       sticky[options->sticky_hosts & OPTIONS_HOSTS_ALL]);
    set_exports(L, options);
}

/* What an option and a preference decide together. */
static void set_both(lua_State *L, const struct options *options,
                     const struct prefs *prefs)
{
    lib_set_boolean(L, "is_autologout_enabled",
                    !options->disable_autologout &&
                        prefs_bool(prefs, PREF_IS_AUTOLOGON_ENABLED));
    lib_set_boolean(L, "are_alerts_enabled",
                    !options->disable_alerts &&
                        !prefs_bool(prefs, PREF_DISABLE_ALERTS_GENERATION));
}

/* What scripts ask for and kelvin has never, or always. */
static void set_fixed(lua_State *L)
{
    static const char *const never[] = {
        "is_captive_portal_enabled",
        "is_categorization_enabled",
        "is_flow_aggregation_enabled",
        "is_flow_device_port_rrd_creation_enabled",
        "is_httpbl_enabled",
    };

    for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++)
        lib_set_boolean(L, never[i], false);
    lib_set_boolean(L, "are_top_talkers_enabled", true);
    lib_set_boolean(L, "are_user_scripts_enabled", true);
}

static int ntop_get_prefs(lua_State *L)
{
    const struct lib_context *context = lib_context_of(L);

    lua_createtable(L, 0, 64);
    if (context->prefs != NULL)
        set_preferences(L, context->prefs);
    if (context->options != NULL)
        set_options(L, context->options);
    if (context->options != NULL && context->prefs != NULL)
        set_both(L, context->options, context->prefs);
    set_fixed(L);
    if (context->engine != NULL)
        lib_set_string(L, "instance_name",
                       engine_config(context->engine)->instance_name);
    return 1;
}

/* Stack: values, in the order of preferences. */
static int take_all(lua_State *L, enum ask_result result, lua_KContext stamp)
{
    struct prefs *prefs = lib_context_of(L)->prefs;

    if (result != ASK_ANSWER) {
        lua_pushnil(L);
        lua_insert(L, -2);
        return 2;
    }
    for (unsigned pref = 0; pref < PREFS_COUNT; pref++) {
        size_t len = 0;
        const char *text;

        lua_rawgeti(L, -1, (lua_Integer)pref + 1);
        text = lua_tolstring(L, -1, &len);
        prefs_take(prefs, (enum pref)pref, (uint64_t)stamp, text, len);
        lua_pop(L, 1);
    }
    lua_newtable(L);
    return 1;
}

/* Changes in Redis come by themselves within a second: this is for scripts
 * that will not wait so long. */
static int ntop_reload_preferences(lua_State *L)
{
    const struct prefs *prefs = lib_context_of(L)->prefs;
    struct ask_words words = {.count = 0};

    if (prefs == NULL) {
        lua_newtable(L);
        return 1;
    }
    ask_add(&words, "MGET");
    for (unsigned pref = 0; pref < PREFS_COUNT; pref++)
        ask_add(&words, pref_row((enum pref)pref)->key);
    return ask_redis(L, &words, take_all, (lua_KContext)prefs_stamp(prefs));
}

/* setAlertsTemporaryDisabled(flag): until told otherwise, or the end of the
 * program; -H stays. */
static int ntop_set_alerts_disabled(lua_State *L)
{
    const struct lib_context *context = lib_context_of(L);
    bool is_paused = lib_boolean(L, 1);

    if (!lib_is_admin(lib_access_of(L)) || context->alerts == NULL ||
        (context->options != NULL && context->options->disable_alerts)) {
        lua_pushboolean(L, false);
        lua_pushliteral(L, "not allowed");
        return 2;
    }
    alerts_pause(context->alerts, is_paused);
    lua_pushboolean(L, true);
    return 1;
}

/* --- The table, as a form needs it --- */

static const char *const types[] = {
    [PREF_BOOL] = "boolean",
    [PREF_INT] = "integer",
    [PREF_CHOICE] = "choice",
    [PREF_TEXT] = "text",
};

static void push_row(lua_State *L, const struct prefs *prefs, enum pref pref)
{
    const struct pref_row *row = pref_row(pref);

    lua_createtable(L, 0, 14);
    lib_set_string(L, "name", row->name);
    lib_set_string(L, "key", row->key);
    lib_set_string(L, "type", types[row->type]);
    lib_set_string(L, "group", pref_group_title(row->group));
    lib_set_string(L, "preset", row->preset);
    lib_set_string(L, "help", row->help);
    if (row->type == PREF_INT)
        lib_set_integer(L, "min", row->min);
    if (row->type == PREF_INT || row->type == PREF_TEXT)
        lib_set_integer(L, "max", row->max);
    if (row->choices != NULL)
        lib_set_string(L, "choices", row->choices);
    if (row->unit != NULL)
        lib_set_string(L, "unit", row->unit);
    if (row->option != NULL)
        lib_set_string(L, "option", row->option);
    /* A secret is set, but never told. */
    lib_set_boolean(L, "is_secret", row->secret);
    lib_set_boolean(L, "is_set", prefs_text(prefs, pref)[0] != '\0');
    lib_set_string(L, "value", row->secret ? "" : prefs_text(prefs, pref));
}

/*
 * getPreferences(): every preference, in the order of their table: name, key
 * (for setPref), type (boolean, integer, choice, text), group (a title), help,
 * preset, value; min, max (of integers; bytes of texts), choices ("a|b"),
 * unit and option (of the command line, which wins) where there are any;
 * is_secret (its value is not told), is_set. For administrators.
 */
static int ntop_get_preferences(lua_State *L)
{
    const struct prefs *prefs = lib_context_of(L)->prefs;

    if (!lib_is_admin(lib_access_of(L)) || prefs == NULL) {
        lua_pushnil(L);
        lua_pushliteral(L, "preferences are for administrators");
        return 2;
    }
    lua_createtable(L, PREFS_COUNT, 0);
    for (unsigned pref = 0; pref < PREFS_COUNT; pref++) {
        push_row(L, prefs, (enum pref)pref);
        lua_rawseti(L, -2, (lua_Integer)pref + 1);
    }
    return 1;
}

void lib_ntop_prefs_open(lua_State *L)
{
    static const struct lib_function functions[] = {
        {"getPreferences", "", ntop_get_preferences},
        {"getPrefs", "", ntop_get_prefs},
        {"reloadPreferences", "", ntop_reload_preferences},
        {"setAlertsTemporaryDisabled", "flag: boolean",
         ntop_set_alerts_disabled},
        {NULL, NULL, NULL},
    };

    lib_register(L, "ntop", functions);
}
