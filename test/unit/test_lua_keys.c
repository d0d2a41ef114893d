/* test_lua_keys: every key of the contract, or why not.
 * SPDX-License-Identifier: MIT */
#include "lua/fields_internal.h"
#include "lua_keys.h"
#include "lua_traffic.h"

/* The HTTP flow of the bed, which gets all that dissection could find. */
static uint32_t rich_flow(struct lua_bed *bed)
{
    static const uint8_t texts[] = {
        ATTR_DNS_QUERY,  ATTR_TLS_SERVER_NAME, ATTR_TLS_VERSION,
        ATTR_TLS_ALPN,   ATTR_TLS_JA3C,        ATTR_TLS_JA3S,
        ATTR_SSH_CLIENT, ATTR_SSH_SERVER,      ATTR_BITTORRENT_HASH,
    };
    struct flows *flows = &bed->traffic.iface->flows;
    uint32_t cursor = 0;
    uint32_t index;
    struct flow *flow;

    while ((index = flows_next(flows, &cursor)) != POOL_NONE)
        if (flows_at(flows, index)->app == 7)
            break;
    assert_int_not_equal(index, POOL_NONE);
    flow = flows_at(flows, index);
    for (size_t i = 0; i < sizeof(texts); i++)
        attrs_set_text(&flow->attrs, texts[i], "text", 4);
    attrs_set_text(&flow->attrs, ATTR_TLS_SUBJECT, "CN=x", 4);
    attrs_set_number(&flow->attrs, ATTR_DNS_RET_CODE, 0);
    return index;
}

static const char *type_at(lua_State *L, int index)
{
    if (lua_type(L, index) != LUA_TNUMBER)
        return luaL_typename(L, index);
    return lua_isinteger(L, index) ? "integer" : "float";
}

static unsigned check_section(lua_State *L, const struct section *section)
{
    unsigned wrong = 0;

    for (size_t i = 0; i < section->count; i++) {
        const struct key *key = &section->keys[i];
        const char *wanted = key->why == NULL ? key->type : "nil";

        lua_getfield(L, -1, key->key);
        if (strcmp(type_at(L, -1), wanted) != 0) {
            print_error("%s: %s is %s, not %s\n", section->name, key->key,
                        type_at(L, -1), wanted);
            wrong++;
        }
        lua_pop(L, 1);
    }
    return wrong;
}

static void every_key_has_its_type(void **state)
{
    struct lua_bed *bed = *state;
    lua_State *L = bed->script.L;
    unsigned wrong = 0;

    rich_flow(bed);
    script_run(&bed->script,
               "flow = interface.getFlowsInfo(nil, {filter = 'app=HTTP',\n"
               "    detailsLevel = 'max'}).flows[1]\n");
    for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++) {
        char text[256];

        snprintf(text, sizeof(text), "row = %s", sections[i].expression);
        script_run(&bed->script, text);
        lua_getglobal(L, "row");
        if (!lua_istable(L, -1))
            fail_msg("%s is no table", sections[i].name);
        wrong += check_section(L, &sections[i]);
        lua_pop(L, 1);
    }
    assert_int_equal(wrong, 0);
}

/* No row is told twice, and none is without unit and help texts. */
static void rows_are_whole(void **state)
{
    const struct field_rows *tables[] = {
        field_flow(), field_host(), field_device(),
        field_as(),   field_vlan(), fields_iface(),
    };

    (void)state;
    for (size_t t = 0; t < sizeof(tables) / sizeof(tables[0]); t++)
        for (size_t i = 0; i < tables[t]->count; i++) {
            const struct field *field = &tables[t]->fields[i];

            assert_non_null(field->unit);
            assert_non_null(field->help);
            assert_true(field->key != NULL || field->record != NULL);
            assert_true(field->get != NULL || field->rows != NULL ||
                        field->list != NULL);
            assert_true((field->type == FIELD_TABLE) == (field->rows != NULL));
            assert_true((field->type == FIELD_LIST) == (field->list != NULL));
            for (size_t j = 0; field->key != NULL && j < i; j++)
                if (tables[t]->fields[j].key != NULL)
                    assert_string_not_equal(field->key,
                                            tables[t]->fields[j].key);
        }
}

/* What a record and a script are told of the same flow comes from one row;
 * keys that only records have, or tell in another way, are these. */
static void records_and_scripts_agree(void **state)
{
    static const char *const only_records[] = {
        "IPV4_SRC_ADDR",
        "IPV4_DST_ADDR",
        "IPV6_SRC_ADDR",
        "IPV6_DST_ADDR",
        "PROTOCOL",
        "L7_PROTO_NAME",
        "TCP_FLAGS",
        "SRC_IP_LOCATION",
        "DST_IP_LOCATION",
        "INTERFACE",
        "NTOPNG_INSTANCE_NAME",
        "HTTP_HOST",
        "DNS_QUERY_TYPE",
        "DNS_RET_CODE",
        "ntop_timestamp",
        "FLOW_ID",
    };
    const struct field *fields[FIELDS_EXPORTED_MAX];
    size_t count = fields_exported(fields);
    size_t shared = 0;

    (void)state;
    for (size_t i = 0; i < count; i++) {
        bool is_only = false;

        for (size_t j = 0; j < sizeof(only_records) / sizeof(*only_records);
             j++)
            is_only |= strcmp(only_records[j], fields[i]->record) == 0;
        if (is_only != (fields[i]->key == NULL))
            fail_msg("scripts are not told %s", fields[i]->record);
        shared += fields[i]->key != NULL;
    }
    assert_int_equal(shared, 35);
}

static void assert_found(const char *text, const char *key, const char *record)
{
    const struct field *field = field_find(field_flow(), text, strlen(text));

    if (field == NULL)
        fail_msg("not found: %s", text);
    if (key != NULL)
        assert_string_equal(field->key, key);
    if (record != NULL)
        assert_string_equal(field->record, record);
}

static void rows_are_found_by_either_name(void **state)
{
    static const char *const none[] = {"",      "byte",  "bytess",   "tls.",
                                       "tls.x", "icmp.", "version.", "code"};

    (void)state;
    assert_found("bytes", "bytes", NULL);
    assert_found("CLI2SRV.Bytes", "cli2srv.bytes", "IN_BYTES");
    assert_found("in_bytes", "cli2srv.bytes", "IN_BYTES");
    assert_found("tls.version", "version", "TLS_VERSION");
    assert_found("JA3C_HASH", "ja3.client", "JA3C_HASH");
    assert_found("interarrival.srv2cli.max", "max", NULL);
    assert_found("PROTOCOL", NULL, "PROTOCOL");
    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
        if (field_find(field_flow(), none[i], strlen(none[i])) != NULL)
            fail_msg("found: %s", none[i]);
}

/* Commercial ones apart. Those that cannot do anything here say why. */
static void every_function_is_there(void **state)
{
    static const char *const names[] = {
        "correlateHostActivity",
        "dumpLocalHosts2redis",
        "engageHostAlert",
        "engageInterfaceAlert",
        "engageNetworkAlert",
        "findFlowByKey",
        "findHost",
        "getASInfo",
        "getASesInfo",
        "getCachedNumAlerts",
        "getDefaultIfName",
        "getFlowKey",
        "getFlowPeers",
        "getFlowsInfo",
        "getFlowsStats",
        "getFlowsStatus",
        "getGroupedHosts",
        "getHostActivityMap",
        "getHostInfo",
        "getHostsInfo",
        "getIfNames",
        "getLatestActivityHostsInfo",
        "getLocalHostsInfo",
        "getMacInfo",
        "getMacManufacturers",
        "getMacsInfo",
        "getNetworksStats",
        "getRemoteHostsInfo",
        "getStats",
        "getVLANInfo",
        "getVLANsInfo",
        "getnDPICategories",
        "getnDPIFlowsCount",
        "getnDPIProtoBreed",
        "getnDPIProtoCategory",
        "getnDPIProtoId",
        "getnDPIProtoName",
        "getnDPIProtocols",
        "getnDPIStats",
        "isBridgeInterface",
        "isIdle",
        "isPacketInterface",
        "isPcapDumpInterface",
        "isRunning",
        "listHTTPhosts",
        "name2id",
        "queryAlertsRaw",
        "queryFlowAlertsRaw",
        "refreshHostsAlertsConfiguration",
        "releaseHostAlert",
        "releaseInterfaceAlert",
        "releaseNetworkAlert",
        "resetCounters",
        "restoreHost",
        "select",
        "setActiveInterfaceId",
        "setSecondTraffic",
        "similarHostActivity",
    };
    static const char *const missing[] = {
        "dropFlowTraffic",
        "updateHostTrafficPolicy",
        "reloadL7Rules",
        "reloadShapers",
        "getPeerHitRate",
        "findUserFlows",
        "findPidFlows",
        "findFatherPidFlows",
        "findNameFlows",
        "getSFlowDevices",
        "getSFlowDeviceInfo",
        "getEndpoint",
        "loadScalingFactorPrefs",
        "getInterfaceDumpTapPolicy",
        "getInterfaceDumpTapName",
        "getInterfacePacketsDumpedTap",
        "dumpFlowTraffic",
        "setHostDumpPolicy",
        "loadDumpPrefs",
        "getInterfaceDumpDiskPolicy",
        "getInterfaceDumpMaxPkts",
        "getInterfaceDumpMaxSec",
        "getInterfaceDumpMaxFiles",
        "getInterfacePacketsDumpedFile",
        "findMemberPool",
        "findMacPool",
        "reloadHostPools",
        "execSQLQuery",
        "resetPeriodicStats",
        "setInterfaceIdleState",
    };
    struct lua_bed *bed = *state;
    char text[128];

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(text, sizeof(text),
                 "assert(type(interface.%s) == 'function', '%s')", names[i],
                 names[i]);
        script_run(&bed->script, text);
    }
    for (size_t i = 0; i < sizeof(missing) / sizeof(missing[0]); i++) {
        snprintf(text, sizeof(text),
                 "local r, why = interface.%s() assert(r == nil and #why > 9)",
                 missing[i]);
        script_run(&bed->script, text);
    }
    script_run(&bed->script,
               "assert(interface.setSecondTraffic() == true)\n"
               "assert(interface.refreshHostsAlertsConfiguration(true))\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_key_has_its_type, lua_bed_make,
                                        lua_bed_remove),
        cmocka_unit_test_setup_teardown(every_function_is_there, lua_bed_make,
                                        lua_bed_remove),
        cmocka_unit_test(rows_are_whole),
        cmocka_unit_test(records_and_scripts_agree),
        cmocka_unit_test(rows_are_found_by_either_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
