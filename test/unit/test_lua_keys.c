/* test_lua_keys: every key of the contract, or why not.
 * SPDX-License-Identifier: MIT */
#include "core/model/flow_view.h"
#include "export/field.h"
#include "lua/fields_internal.h"
#include "lua_traffic.h"
#include "lua_keys.h"

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
    const struct push_rows *tables[] = {
        fields_flow(), fields_host(), fields_device(),
        fields_as(),   fields_vlan(), fields_iface(),
    };

    (void)state;
    for (size_t t = 0; t < sizeof(tables) / sizeof(tables[0]); t++)
        for (size_t i = 0; i < tables[t]->count; i++) {
            const struct push_field *field = &tables[t]->fields[i];

            assert_non_null(field->unit);
            assert_non_null(field->help);
            assert_true(field->get != NULL || field->rows != NULL ||
                        field->push != NULL);
            assert_true((field->type == PUSH_TABLE) == (field->rows != NULL));
            assert_true((field->type == PUSH_LIST) == (field->push != NULL));
            for (size_t j = 0; j < i; j++)
                assert_string_not_equal(field->key, tables[t]->fields[j].key);
        }
}

static const struct push_field *row_of_record(const struct push_rows *rows,
                                              const char *record)
{
    for (size_t i = 0; i < rows->count; i++) {
        const struct push_field *field = &rows->fields[i];
        const struct push_field *within = NULL;

        if (field->record != NULL && strcmp(field->record, record) == 0)
            return field;
        if (field->rows != NULL)
            within = row_of_record(field->rows, record);
        if (within != NULL)
            return within;
    }
    return NULL;
}

/* What a record and a script are told of the same flow is the same; keys that
 * only records have, or tell in another way, are these. */
static void records_and_scripts_agree(void **state)
{
    static const char *const only_records[] = {
        "IPV4_SRC_ADDR",   "IPV4_DST_ADDR",   "IPV6_SRC_ADDR",
        "IPV6_DST_ADDR",   "PROTOCOL",        "L7_PROTO_NAME",
        "TCP_FLAGS",       "FIRST_SWITCHED",  "LAST_SWITCHED",
        "SRC_IP_LOCATION", "DST_IP_LOCATION", "NTOPNG_INSTANCE_NAME",
        "INTERFACE",       "HTTP_HOST",       "DNS_QUERY_TYPE",
        "DNS_RET_CODE",    "ntop_timestamp",  "FLOW_ID",
    };
    static const struct flow_mark none;
    struct lua_bed *bed = *state;
    uint32_t index = rich_flow(bed);
    struct push_source source = {.level = PUSH_MAX};
    struct record_source record = {.mark = &none, .id = "id"};
    const struct field *fields;
    size_t count;
    unsigned shared = 0;

    fields_of_flow(bed->traffic.iface, index, &source);
    record.engine = bed->traffic.engine;
    record.iface = bed->traffic.iface;
    record.flow = source.flow;
    record.tcp = source.tcp;
    fields = field_table(&count);
    for (size_t i = 0; i < count; i++) {
        const struct push_field *row =
            row_of_record(fields_flow(), fields[i].name);
        struct field_value told;
        struct push_value value;
        bool is_known = row != NULL;

        for (size_t j = 0; j < sizeof(only_records) / sizeof(*only_records);
             j++)
            is_known |= strcmp(only_records[j], fields[i].name) == 0;
        if (!is_known)
            fail_msg("scripts are not told %s", fields[i].name);
        if (row == NULL || !fields[i].get(&fields[i], &record, &told))
            continue;
        assert_true(row->get(row, &source, &value));
        shared++;
        if (fields[i].type == FIELD_TEXT)
            assert_string_equal(value.text, told.text);
        else if (fields[i].type == FIELD_NUMBER)
            assert_int_equal(value.number, told.number);
        else
            assert_true(value.decimal == (double)told.number / 1000);
    }
    assert_true(shared > 25);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_key_has_its_type, lua_bed_make,
                                        lua_bed_remove),
        cmocka_unit_test(rows_are_whole),
        cmocka_unit_test_setup_teardown(records_and_scripts_agree, lua_bed_make,
                                        lua_bed_remove),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
