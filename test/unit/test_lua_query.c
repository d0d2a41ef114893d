/* test_lua_query: pages of large and changing tables. SPDX-License-Identifier:
 * MIT */
#include <stdlib.h>
#include <string.h>

#include "lua/slices.h"
#include "model.h"
#include "script.h"

struct bed {
    struct traffic_bed traffic;
    struct script script;
};

static struct bed *bed_of(uint32_t flows)
{
    struct bed *bed = mem_calloc(1, sizeof(*bed));
    struct engine_config config = {
        .max_flows = flows,
        .max_hosts = 1024,
        .seed = {1, 2, 3, 4, 5, 6, 7},
    };

    for (int i = 0; i < FLOW_CLASSES; i++)
        config.timeout_s[i] = 600;
    bed->traffic.networks = network_new();
    network_add_private(bed->traffic.networks);
    config.networks = bed->traffic.networks;
    bed->traffic.engine = engine_new(&config);
    assert_non_null(bed->traffic.engine);
    bed->traffic.iface = engine_add_iface(bed->traffic.engine, "test", false);
    bed->traffic.now_us = START_US;
    script_open(&bed->script, bed->traffic.engine);
    return bed;
}

static void bed_free(struct bed *bed)
{
    script_close(&bed->script);
    traffic_close(&bed->traffic);
    free(bed);
}

/* A frame of a UDP flow of its own, of 46 bytes and some. */
static void add_flow(struct bed *bed, uint32_t number, unsigned more)
{
    struct addr client = addr_numbered(number);
    struct build b = {0};
    size_t ip;
    size_t udp;

    put_ether(&b, 0x0800);
    ip = put_ip4(&b, IP_PROTO_UDP, 1);
    memcpy(b.bytes + ip + 12, client.bytes + 12, 4);
    udp = put_udp(&b, 1024 + number % 60000, 2222);
    put_zeros(&b, more + 4);
    end_udp(&b, udp);
    end_ip4(&b, ip);
    traffic_frame(&bed->traffic, &b);
}

static void add_flows(struct bed *bed, uint32_t count)
{
    uint32_t random = 1;

    for (uint32_t i = 0; i < count; i++) {
        bed->traffic.now_us += next_random(&random) % 5;
        add_flow(bed, i, next_random(&random) % 1000);
    }
}

/* Pages laid end to end are the whole list, which is in order. */
static const char paging[] =
    "local function value(f, column)\n"
    "    if column == 'column_bytes' or column == 'column_' then\n"
    "        return f.bytes\n"
    "    elseif column == 'column_client' then\n"
    "        return f['cli.host']\n"
    "    elseif column == 'column_server' then\n"
    "        return f['srv.host']\n"
    "    elseif column == 'column_proto_l4' then\n"
    "        return f['proto.l4']\n"
    "    elseif column == 'column_info' then\n"
    "        return f.info\n"
    "    elseif column == 'column_vlan' then\n"
    "        return f.vlan\n"
    "    end\n"
    "    return 0\n"
    "end\n"
    "local function get(column, up, hits, skip)\n"
    "    local r = interface.getFlowsInfo(nil, {sortColumn = column,\n"
    "        a2zSortOrder = up, maxHits = hits, toSkip = skip,\n"
    "        detailsLevel = 'high'})\n"
    "    assert(r.numFlows == 300)\n"
    "    return r.flows\n"
    "end\n"
    "for _, column in ipairs{'column_bytes', 'column_', 'column_client',\n"
    "    'column_server', 'column_proto_l4', 'column_info', 'column_vlan',\n"
    "    'column_ndpi', 'column_duration', 'column_thpt'} do\n"
    "    for _, up in ipairs{true, false} do\n"
    "        local all = get(column, up)\n"
    "        assert(#all == 300)\n"
    "        for i = 2, #all do\n"
    "            local a = value(all[i - 1], column)\n"
    "            local b = value(all[i], column)\n"
    "            assert(up and a <= b or not up and a >= b)\n"
    "        end\n"
    "        local at = 0\n"
    "        for skip = 0, 300, 7 do\n"
    "            for _, f in ipairs(get(column, up, 7, skip)) do\n"
    "                at = at + 1\n"
    "                assert(f['ntopng.key'] == all[at]['ntopng.key'])\n"
    "            end\n"
    "        end\n"
    "        assert(at == 300, column .. at)\n"
    "    end\n"
    "end\n"
    "for _, page in ipairs{{-1, 0, 0}, {0, 0, 0}, {5, 300, 0}, {5, 299, 1},\n"
    "    {5, -7, 5}, {1 << 40, 0, 300}, {math.maxinteger, 290, 10},\n"
    "    {10, math.maxinteger, 0}, {math.mininteger, math.mininteger, 0},\n"
    "    {1/0, 0, 300}, {-1/0, 0, 0}, {70000, 65536, 0}, {2.9, 0, 2},\n"
    "    {300, 1 << 32, 0}, {1 << 32, 1 << 32, 0}} do\n"
    "    local n = #get('column_bytes', true, page[1], page[2])\n"
    "    assert(n == page[3], page[1] .. ' ' .. page[2] .. ': ' .. n)\n"
    "end\n"
    "local hosts = interface.getHostsInfo(true, 'column_ip', 5, 10)\n"
    "local n = 0\n"
    "for _ in pairs(hosts.hosts) do n = n + 1 end\n"
    "assert(hosts.numHosts == 300 and n == 5)\n"
    "assert(hosts.hosts['10.0.0.10'] and hosts.hosts['10.0.0.14'])\n"
    "hosts = interface.getHostsInfo(true, 'column_traffic', 1, 0, false)\n"
    "assert(hosts.hosts['10.0.1.1'])\n"
    "for _, column in ipairs{'column_ip', 'column_', 'column_vlan',\n"
    "    'column_name', 'column_country', 'column_os', 'column_since',\n"
    "    'column_asn', 'column_thpt', 'column_num_flows', 'column_traffic',\n"
    "    'column_local_network_id', 'column_local_network', 'column_mac',\n"
    "    'column_uploaders', 'column_downloaders', 'column_unknowers',\n"
    "    'column_incomingflows', 'column_outgoingflows'} do\n"
    "    local seen, count = {}, 0\n"
    "    for skip = 0, 300, 50 do\n"
    "        local page = interface.getHostsInfo(false, column, 50, skip,\n"
    "                                            false).hosts\n"
    "        for key in pairs(page) do\n"
    "            assert(not seen[key])\n"
    "            seen[key] = true\n"
    "            count = count + 1\n"
    "        end\n"
    "    end\n"
    "    assert(count == 300, column .. count)\n"
    "end\n";

static void pages_are_parts_of_the_whole(void **state)
{
    struct bed *bed = bed_of(1024);

    (void)state;
    add_flows(bed, 300);
    bed->traffic.now_us = START_US + 2 * SECOND_US;
    add_flow(bed, 0, 0);
    script_run(&bed->script, paging);
    bed_free(bed);
}

/* The same from where Lua cannot yield: a comparator. */
static void works_where_it_cannot_yield(void **state)
{
    struct bed *bed = bed_of(4096);

    (void)state;
    add_flows(bed, 2000);
    script_run(&bed->script, "local n = 0\n"
                             "table.sort({2, 1}, function(a, b)\n"
                             "    n = interface.getFlowsInfo().numFlows\n"
                             "    return a < b\n"
                             "end)\n"
                             "assert(n == 2000)\n");
    assert_int_equal(bed->script.turns, 1);
    bed_free(bed);
}

/* Flows come and go while a list is made, in each of its phases. */
static void tables_change_meanwhile(void **state)
{
    struct bed *bed = bed_of(4096);
    uint32_t random = 99;
    uint32_t number = 100000;

    (void)state;
    for (int round = 0; round < 12; round++) {
        add_flows(bed, 3000);
        script_begin(
            &bed->script,
            "local r = interface.getFlowsInfo(nil, {detailsLevel = 'max',\n"
            "    sortColumn = 'column_client', filter = 'port=2222'})\n"
            "local seen = {}\n"
            "for i, f in ipairs(r.flows) do\n"
            "    assert(not seen[f['ntopng.key']] and f['cli.ip'])\n"
            "    seen[f['ntopng.key']] = true\n"
            "end\n"
            "assert(#r.flows <= r.numFlows)\n"
            "local h = interface.getHostsInfo(true, 'column_mac')\n"
            "local g = interface.getGroupedHosts(true, 'column_mac')\n"
            "local s = interface.getStats().stats\n"
            "assert(s.flows <= 4096 and h.numHosts <= 1024)\n"
            "interface.getMacsInfo()\n"
            "interface.findHost('10.')\n"
            "interface.getFlowsStats()\n"
            "interface.similarHostActivity('10.0.1.1')\n");
        while (script_turn(&bed->script)) {
            uint32_t choice = next_random(&random) % 16;

            if (choice == 0)
                engine_flush(bed->traffic.engine);
            else if (choice < 12)
                for (unsigned i = 0; i < 100 * choice; i++)
                    add_flow(bed, number++, i % 50);
            bed->traffic.now_us += (int64_t)choice * 20 * SECOND_US;
        }
    }
    bed_free(bed);
}

/* Rows are of what is still there; the count is of when it was looked at. */
static void rows_of_the_gone_are_left_out(void **state)
{
    struct bed *bed = bed_of(4096);

    (void)state;
    add_flows(bed, 2000);
    script_begin(&bed->script, "local r = interface.getFlowsInfo()\n"
                               "assert(r.numFlows == 2000)\n"
                               "assert(#r.flows < 2000, #r.flows)\n"
                               "assert(#r.flows > 0)\n");
    for (int i = 0; i < 2000 / SLICE_ENTRIES * 2 + 5; i++)
        assert_true(script_turn(&bed->script));
    engine_flush(bed->traffic.engine);
    while (script_turn(&bed->script))
        continue;
    bed_free(bed);
}

/* The ten largest of 100,000 flows: many short turns, and little memory. */
static void the_top_ten_of_many_cost_little(void **state)
{
    struct bed *bed = bed_of(131072);
    int before_kib;
    int after_kib;

    (void)state;
    add_flows(bed, 100000);
    script_begin(&bed->script,
                 "local r = interface.getFlowsInfo(nil, {maxHits = 10,\n"
                 "    sortColumn = 'column_bytes', a2zSortOrder = false,\n"
                 "    detailsLevel = 'normal'})\n"
                 "assert(r.numFlows == 100000 and #r.flows == 10)\n"
                 "for i = 1, 10 do assert(r.flows[i].bytes >= 1040) end\n");
    lua_gc(bed->script.L, LUA_GCCOLLECT, 0);
    lua_gc(bed->script.L, LUA_GCSTOP, 0);
    before_kib = lua_gc(bed->script.L, LUA_GCCOUNT, 0);
    while (script_turn(&bed->script))
        continue;
    after_kib = lua_gc(bed->script.L, LUA_GCCOUNT, 0);
    assert_true(bed->script.turns >= 100000 / SLICE_ENTRIES);
    assert_true(bed->script.turns <= 100000 / SLICE_ENTRIES + 10);
    assert_true(after_kib - before_kib < 32);
    bed_free(bed);
}

/* A run that is given up in any of its turns leaves nothing behind. */
static void given_up_runs_leak_nothing(void **state)
{
    struct bed *bed = bed_of(4096);

    (void)state;
    add_flows(bed, 3000);
    for (unsigned turns = 1; turns < 60; turns++) {
        script_begin(&bed->script,
                     "interface.getFlowsInfo(nil, {filter = 'vlan=0'})\n"
                     "interface.getGroupedHosts(true, 'column_mac')\n");
        for (unsigned i = 0; i < turns; i++)
            if (!script_turn(&bed->script))
                break;
        script_close(&bed->script);
        script_open(&bed->script, bed->traffic.engine);
    }
    bed_free(bed);
}

/* By the name that is shown, also where nothing is known yet. */
static void applications_are_sorted_as_shown(void **state)
{
    struct bed *bed = bed_of(64);

    (void)state;
    for (unsigned i = 0; i < 3; i++)
        add_flow(bed, i, 0);
    for (unsigned i = 0; i < 12; i++)
        add_flow(bed, 1, 0);
    script_run(&bed->script,
               "local names = {}\n"
               "local page = {sortColumn = 'column_ndpi', maxHits = 9}\n"
               "for i, row in ipairs(interface.getFlowsInfo(nil, page).flows) "
               "do names[i] = row['proto.ndpi'] end\n"
               "local text = table.concat(names, ' ')\n"
               "assert(text == '(Too Early) (Too Early) Unknown', text)");
    bed_free(bed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_are_parts_of_the_whole),
        cmocka_unit_test(works_where_it_cannot_yield),
        cmocka_unit_test(tables_change_meanwhile),
        cmocka_unit_test(rows_of_the_gone_are_left_out),
        cmocka_unit_test(the_top_ten_of_many_cost_little),
        cmocka_unit_test(given_up_runs_leak_nothing),
        cmocka_unit_test(applications_are_sorted_as_shown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
