# test_class_ntop: the whole class, by name. SPDX-License-Identifier: MIT
"""Every function of the contract is there, and every key of its tables, of
the type that scripts expect; what each does is tested where it belongs."""

import json
import subprocess

import pytest

import captures
from captures import CLIENT, ether, udp
from conftest import quiet_environment

FUNCTIONS = """
getDirs getInfo getUptime dumpFile checkLicense systemHostStat isdir exists
notEmptyFile fileLastChange mkdir readdir rmdir listReports deleteDumpFiles
gettimemsec verboseTrace setLoggingLevel syslog send_udp_data inet_ntoa
networkPrefix getservbyport getMacManufacturer getSiteCategories hasVLANs
hasGeoIP isWindows isPro isEnterprise getLocalNetworks getNetworkNameById
reloadPreferences setAlertsTemporaryDisabled allocHostBlacklist
swapHostBlacklist addToHostBlacklist zmq_connect zmq_disconnect zmq_receive
execQuery

getCache getPref setCache setPref delCache getKeysCache getHashCache
setHashCache delHashCache getHashKeysCache getHashAllCache setMembersCache
delMembersCache getMembersCache setPopCache lpushCache lpopCache lrangeCache
listIndexCache getHostId getIdToHost getResolvedName resolveName

getNologinUser getUsers getUserGroup getAllowedNetworks isLoginDisabled
resetUserPassword addUser changeUserRole changeAllowedNets changeAllowedIfname
changeUserHostPool deleteUser addUserLifetime clearUserLifetime
getRandomCSRFValue httpRedirect httpGet postHTTPJsonData getHttpPrefix snmpget
snmpgetnext

rrd_create rrd_update rrd_lastupdate rrd_fetch rrd_fetch_columns
insertMinuteSampling insertHourSampling insertDaySampling getMinuteSampling
getMinuteSamplingsFromEpoch getHourSamplingsFromEpoch getDaySamplingsFromEpoch
getMinuteSamplingsInterval deleteMinuteStatsOlderThan deleteHourStatsOlderThan
deleteDayStatsOlderThan getPrefs
""".split()

# What kelvin cannot do returns nil and the reason.
MISSING = {
    "deleteDumpFiles": "not written to files",
    "execQuery": "SQLite",
    "getSiteCategories": "no categories",
    "zmq_connect": "probes",
    "zmq_disconnect": "probes",
    "zmq_receive": "probes",
}

PREFS = {
    "boolean": """
    is_dns_resolution_enabled_for_all_hosts is_dns_resolution_enabled
    is_categorization_enabled is_flow_device_port_rrd_creation_enabled
    is_httpbl_enabled is_autologout_enabled are_alerts_enabled
    are_top_talkers_enabled is_dump_flows_enabled
    is_dump_flows_to_mysql_enabled is_dump_flows_to_es_enabled
    is_dump_flows_to_ls_enabled is_flow_aggregation_enabled
    is_active_local_hosts_cache_enabled are_user_scripts_enabled
    is_captive_portal_enabled is_tiny_flows_export_enabled slack_enabled
    has_cmdl_trace_lvl has_cmdl_disable_alerts""",
    "integer": """
    http_port http.port http.alt_port local_host_max_idle
    non_local_host_max_idle flow_max_idle local_host_cache_duration
    max_num_hosts max_num_flows dump_hosts intf_rrd_raw_days
    intf_rrd_1min_days intf_rrd_1h_days intf_rrd_1d_days other_rrd_raw_days
    other_rrd_1min_days other_rrd_1h_days other_rrd_1d_days
    housekeeping_frequency max_num_alerts_per_entity max_num_flow_alerts
    max_num_packets_per_tiny_flow max_num_bytes_per_tiny_flow""",
    "string": "instance_name",
}

INFO = {
    "string": "product copyright authors license version platform OS "
    "command_line version.git version.luajit version.ndpi version.httpd "
    "version.geoip",
    "integer": "bits uptime pro.demo_ends_at",
    "boolean": "pro.release version.enterprise_edition "
    "version.embedded_edition",
}

DIRS = {"string": "installdir workingdir scriptdir httpdocsdir callbacksdir"}


@pytest.fixture
def run(offline, tmp_path):
    """Run a script; @return what it printed, and what the log said."""
    capture = captures.save(
        tmp_path / "in.pcap", captures.frames([ether() / udp()])
    )

    def run(text, *options):
        path = tmp_path / "script.lua"
        path.write_text(text)
        done = subprocess.run(
            offline("-s", "-n", "3", "-v", "3", "-i", capture, *options,
                    "--run", path),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            env=quiet_environment(),
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout, done.stderr

    return run


def test_every_function_is_there(run):
    out, _ = run(
        "local missing = {} for _, name in ipairs { '%s' } do "
        "if type(ntop[name]) ~= 'function' then missing[#missing + 1] = name "
        "end end print(table.concat(missing, ' '))" % "', '".join(FUNCTIONS)
    )
    assert out == "\n"


@pytest.mark.parametrize(
    "call, keys",
    [("getPrefs", PREFS), ("getInfo", INFO), ("getDirs", DIRS)],
)
def test_every_key_has_its_type(call, keys, run):
    out, _ = run(
        f"for k, v in pairs(ntop.{call}()) do "
        "print(k, math.type(v) or type(v)) end"
    )
    types = dict(line.split("\t") for line in out.splitlines())
    for wanted, names in keys.items():
        for name in names.split():
            assert types.get(name) == wanted, name


@pytest.mark.parametrize("name", MISSING)
def test_what_cannot_be_says_why_once(name, run):
    out, log = run(f"print(ntop.{name}()) print(ntop.{name}('x', 'y'))")
    first, second = out.splitlines()
    assert first == second
    assert first.startswith("nil\t")
    assert MISSING[name] in first
    assert log.count(f"ntop.{name}() returns nil") == 1

ENGAGE = 'interface.engageInterfaceAlert(0, "id", 2, 1, "text")'
COUNT = "interface.getCachedNumAlerts().num_alerts_engaged"


def test_alerts_can_be_paused(run):
    out, _ = run(
        f"""
        print({ENGAGE}, {COUNT})
        print(ntop.setAlertsTemporaryDisabled(true), {COUNT})
        print({ENGAGE}, {COUNT})
        print(ntop.setAlertsTemporaryDisabled(false))
        print({ENGAGE}, {COUNT})
        """
    )
    rows = [line.split("\t") for line in out.splitlines()]
    assert rows[0][0] == rows[4][0] == "true"
    assert [row[-1] for row in rows] == ["1", "0", "0", "true", "1"]


def test_alerts_that_an_option_forbids_stay_off(run):
    out, _ = run(
        f"print(ntop.setAlertsTemporaryDisabled(false)) "
        f"print({ENGAGE}, {COUNT})", "-H"
    )
    first, second = out.splitlines()
    assert first == "false\tnot allowed"
    assert second.endswith("\t0") or second.startswith("nil")


def test_system_numbers_are_those_of_the_kernel(run):
    out, _ = run(
        'print(require("dkjson").encode(ntop.systemHostStat()))'
    )
    told = json.loads(out)
    with open("/proc/meminfo", encoding="ascii") as file:
        kernel = dict(line.split(":") for line in file)
    assert told["mem_total"] == int(kernel["MemTotal"].split()[0])
    assert sorted(told) == [
        "cpu_idle", "cpu_load", "mem_buffers", "mem_cached", "mem_free",
        "mem_shmem", "mem_sreclaimable", "mem_total", "mem_used",
    ]


def test_hosts_of_a_blacklist_are_marked(run):
    out, _ = run(
        f"""
        local function bad()
          local names = {{}}
          for key, host in pairs(interface.getHostsInfo().hosts) do
            if host.is_blacklisted then names[#names + 1] = key end
          end
          return #names, names[1], interface.getHostInfo("{CLIENT}")
            .is_blacklisted
        end
        print(ntop.addToHostBlacklist("10.1.0.0/16"))
        print(ntop.swapHostBlacklist())
        assert(ntop.allocHostBlacklist())
        print(ntop.addToHostBlacklist("10.1.0.0/33"))
        print(pcall(ntop.addToHostBlacklist))
        assert(ntop.addToHostBlacklist("10.1.0.0/16"))
        print(bad())
        assert(ntop.swapHostBlacklist())
        print(bad())
        print(interface.getHostsInfo(true, "column_ip", 9, 0, true, nil, nil,
          nil, nil, nil, nil, nil, nil, nil, "is_blacklisted").numHosts)
        assert(ntop.allocHostBlacklist() and ntop.swapHostBlacklist())
        print(bad())
        """
    )
    lines = out.splitlines()
    assert "comes first" in lines[0] and "comes first" in lines[1]
    assert lines[2] == "nil\tthis is no network"
    assert "expected addToHostBlacklist(network: string)" in lines[3]
    assert lines[4] == lines[7] == "0\tnil\tfalse"
    assert lines[5] == f"1\t{CLIENT}\ttrue"
    assert lines[6] == "1"
