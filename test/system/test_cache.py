# test_cache: what scripts do with Redis.
# SPDX-License-Identifier: MIT
"""Scripts of --run over a capture, and a redis-server of their own."""

import datetime
import signal
import subprocess
import threading
import time

import pytest

import captures
from captures import ether, udp
from conftest import quiet_environment
from running import wait_for
from test_redis import Redis, folder  # noqa: F401 (fixture)

IDLE = "ntopng.prefs.flow_max_idle"
LEVEL = "ntopng.prefs.logging_level"


@pytest.fixture
def redis(folder):  # noqa: F811
    server = Redis(folder).start()
    yield server
    server.kill()


@pytest.fixture
def begin(offline, tmp_path):
    """Start a script; @return the process."""
    frames = captures.frames([ether() / udp()])
    capture = captures.save(tmp_path / "in.pcap", frames)
    started = []

    def run(text, *options):
        path = tmp_path / "script.lua"
        path.write_text(text)
        started.append(
            subprocess.Popen(
                offline(
                    *["-i", capture, "-s", "-n", "3", "-v", "1", *options],
                    *["--run", path],
                ),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                encoding="utf-8",
                env=quiet_environment(),
            )
        )
        return started[-1]

    yield run
    for one in started:
        if one.poll() is None:
            one.kill()
        one.communicate()


@pytest.fixture
def run(begin, redis):
    """Run a script that must succeed; @return what it printed."""

    def run(text, *options):
        one = begin(text, *(options or ("-r", f"unix:{redis.path}")))
        out, err = one.communicate(timeout=60)
        assert one.returncode == 0, err
        return out

    return run


# What must hold, once Redis is ready.
WAIT = """
local function ready() ntop.setCache('ready', 'x')
  return ntop.getCache('ready') == 'x' end
while not ready() do end
"""

SAME = """
local function same(got, want)
  if type(want) ~= 'table' then
    assert(got == want, tostring(got) .. ' is not ' .. tostring(want))
    return
  end
  assert(type(got) == 'table', tostring(got))
  for k, v in pairs(want) do same(got[k], v) end
  for k in pairs(got) do assert(want[k] ~= nil, 'too much: ' .. tostring(k)) end
end
"""


def test_strings(run, redis):
    run(
        WAIT
        + SAME
        + r"""
same(ntop.getCache('nothing'), '')
same(ntop.setCache('a', 'b\0\r\nc'), true)
same(ntop.getCache('a'), 'b\0\r\nc')
same(ntop.getPref('a'), 'b\0\r\nc')
same(ntop.setCache('n', 12), true)
same(ntop.getCache('n'), '12')
same(ntop.setCache('t', 'gone', 100), true)
same(ntop.setPref('p', 'q'), true)
same(ntop.delCache('n'), true)
same(ntop.getCache('n'), '')
local big = ('x'):rep(1 << 20)
same(ntop.setCache('big', big), true)
same(ntop.getCache('big'), big)
"""
    )
    assert 90 <= int(redis.cli("ttl", "t")) <= 100
    assert redis.cli("ttl", "a") == "-1"
    assert redis.cli("get", "p") == "q"


def test_hashes_sets_and_lists(run, redis):
    run(
        WAIT
        + SAME
        + """
same(ntop.getHashCache('h', 'f'), '')
same(ntop.getHashAllCache('h'), nil)
same(ntop.getHashKeysCache('h'), nil)
same(ntop.setHashCache('h', 'f', 'v'), true)
same(ntop.setHashCache('h', 'g', 'w'), true)
same(ntop.getHashCache('h', 'f'), 'v')
same(ntop.getHashKeysCache('h'), {f = '', g = ''})
same(ntop.getHashAllCache('h'), {f = 'v', g = 'w'})
same(ntop.delHashCache('h', 'f'), true)
same(ntop.getHashAllCache('h'), {g = 'w'})

same(ntop.getMembersCache('s'), {})
same(ntop.setMembersCache('s', 'm'), true)
same(ntop.setMembersCache('s', 'n'), true)
local members = ntop.getMembersCache('s')
table.sort(members)
same(members, {'m', 'n'})
same(ntop.delMembersCache('s', 'm'), true)
same(ntop.getMembersCache('s'), {'n'})
same(ntop.setPopCache('s'), 'n')
same(ntop.setPopCache('s'), '')

same(ntop.lpopCache('l'), nil)
same(ntop.lrangeCache('l'), nil)
same(ntop.listIndexCache('l', 0), nil)
for i = 1, 5 do same(ntop.lpushCache('l', 'e' .. i, 3), true) end
same(ntop.lrangeCache('l'), {e5 = '', e4 = '', e3 = ''})
same(ntop.lrangeCache('l', 1), {e4 = '', e3 = ''})
same(ntop.lrangeCache('l', -2, -2), {e4 = ''})
same(ntop.lrangeCache('l', 0, 0), {e5 = ''})
same(ntop.lrangeCache('l', 7, 9), nil)
same(ntop.lrangeCache('l', -9, 99), {e5 = '', e4 = '', e3 = ''})
same(ntop.listIndexCache('l', -1), 'e3')
same(ntop.lpopCache('l'), 'e5')

same(ntop.getKeysCache('nothing*'), nil)
same(ntop.getKeysCache('[hl]'), {h = '', l = ''})
"""
    )


# What Redis must hold byte by byte: binary, texts of protocols, large ones.
BYTES = r"""
local all = {}
for i = 0, 255 do all[#all + 1] = string.char(i) end
local values = {
  table.concat(all), '', ' ', '$5\r\nhello\r\n', '*0\r\n', '\0', "it's \"x\"",
  '{"a":1}', '\xff\xfe', '%s%n', ('x'):rep(32 << 10), ('\0'):rep(40000),
}
"""


def test_values_come_back_byte_by_byte(run, redis):
    run(
        WAIT
        + SAME
        + BYTES
        + r"""
for i, value in ipairs(values) do
  same(ntop.setCache('s' .. i, value), true)
  same(ntop.getCache('s' .. i), value)
  same(ntop.setHashCache('h', 'f' .. i, value), true)
  same(ntop.getHashCache('h', 'f' .. i), value)
  same(ntop.lpushCache('l' .. i, value), true)
  same(ntop.listIndexCache('l' .. i, 0), value)
  same(ntop.lrangeCache('l' .. i), {[value] = ''})
  same(ntop.lpopCache('l' .. i), value)
  same(ntop.setMembersCache('m' .. i, value), true)
  same(ntop.getMembersCache('m' .. i), {value})
  same(ntop.setPopCache('m' .. i), value)
end
for i, value in ipairs(values) do
  same(ntop.getHashAllCache('h')['f' .. i], value)
end
"""
    )
    assert redis.cli("strlen", "s1") == "256"
    assert redis.cli("strlen", "s11") == str(32 << 10)
    assert redis.cli("hstrlen", "h", "f12") == "40000"


def test_keys_may_be_any_bytes(run):
    run(
        WAIT
        + SAME
        + BYTES
        + r"""
for i, key in ipairs(values) do
  if key ~= '' then
    same(ntop.setCache(key, 'v' .. i), true)
    same(ntop.getCache(key), 'v' .. i)
    same(ntop.setHashCache('fields', key, 'v' .. i), true)
    same(ntop.getHashCache('fields', key), 'v' .. i)
    same(ntop.getHashKeysCache('fields')[key], '')
    same(ntop.delHashCache('fields', key), true)
    same(ntop.delCache(key), true)
    same(ntop.getCache(key), '')
  end
end
same(ntop.getHashKeysCache('fields'), nil)
for key in pairs(ntop.getKeysCache('*')) do
  assert(key == 'ready' or key:find('^ntopng%.'), key)
end
"""
    )


def test_times_to_live(run, redis):
    run(
        WAIT
        + """
assert(ntop.setCache('short', 'x', 1))
assert(ntop.setCache('long', 'x', 100))
assert(ntop.setCache('none', 'x', 0))
assert(ntop.setCache('undone', 'x', 100) and ntop.setCache('undone', 'y'))
while ntop.getCache('short') ~= '' do end
for _, bad in ipairs { -1, 1 << 62, 'soon', {} } do
  local ok, done = pcall(ntop.setCache, 'bad', 'x', bad)
  assert(not ok or done == false or ntop.getCache('bad') == 'x')
end
"""
    )
    assert 90 <= int(redis.cli("ttl", "long")) <= 100
    assert redis.cli("ttl", "none") == redis.cli("ttl", "undone") == "-1"


def test_much_is_asked_for_in_slices(run, redis):
    redis.cli("debug", "populate", 20000, "many")
    redis.cli("config", "set", "slowlog-log-slower-than", 0)
    redis.cli("config", "set", "slowlog-max-len", 100000)
    out = run(
        WAIT
        + """
for i = 1, 3000 do
  ntop.setHashCache('h', 'f' .. i, i) ntop.setMembersCache('s', 'm' .. i)
  ntop.lpushCache('l', 'e' .. i)
end
local function count(t)
  local n = 0
  for _ in pairs(t) do n = n + 1 end
  return n
end
print(count(ntop.getKeysCache('many:*')), count(ntop.getHashAllCache('h')),
      count(ntop.getHashKeysCache('h')), #ntop.getMembersCache('s'),
      count(ntop.lrangeCache('l')), count(ntop.lrangeCache('l', 100, -101)))
"""
    )
    assert out.split() == ["20000", "3000", "3000", "3000", "3000", "2800"]
    log = redis.cli("slowlog", "get", 100000).lower()
    assert "scan" in log
    for whole in ("\nkeys\n", "hgetall\nh\n", "smembers\n"):
        assert whole not in log


def test_wrong_types_of_keys_are_told(run, redis):
    redis.cli("set", "text", "x")
    redis.cli("rpush", "list", "x")
    run(
        WAIT
        + """
local function told(want, got, why)
  assert(got == want, tostring(got))
  assert(why:find('^WRONGTYPE'), why)
end
told('', ntop.getCache('list'))
told('', ntop.getHashCache('text', 'f'))
told(nil, ntop.getHashAllCache('text'))
told(nil, ntop.getHashKeysCache('text'))
told(nil, ntop.getMembersCache('text'))
told('', ntop.setPopCache('text'))
told(nil, ntop.lpopCache('text'))
told(nil, ntop.lrangeCache('text'))
told(nil, ntop.listIndexCache('text', 0))
told(false, ntop.setHashCache('text', 'f', 'v'))
told(false, ntop.delHashCache('text', 'f'))
told(false, ntop.setMembersCache('text', 'f'))
told(false, ntop.delMembersCache('text', 'f'))
told(false, ntop.lpushCache('text', 'f', 2))
"""
    )


ONE = ["getCache", "getPref", "delCache", "getKeysCache", "getHashKeysCache",
       "getHashAllCache", "getMembersCache", "setPopCache", "lpopCache",
       "lrangeCache", "getHostId", "getIdToHost", "getResolvedName",
       "resolveName"]  # fmt: skip
TWO = ["setCache", "setPref", "getHashCache", "delHashCache",
       "setMembersCache", "delMembersCache", "lpushCache",
       "listIndexCache"]  # fmt: skip


def test_wrong_arguments_are_errors_that_tell_the_right_ones(run):
    names = ",".join(f"'{name}'" for name in ONE + TWO)
    run(
        f"for _, name in ipairs {{{names}, 'setHashCache'}} do\n"
        "  for _, bad in ipairs {{n = 0}, {{}}, {true}, {print}} do\n"
        "    local ok, why = pcall(ntop[name], table.unpack(bad))\n"
        "    assert(not ok, name)\n"
        "    assert(why:find('ntop.' .. name .. ': expected ' .. name .. '(',"
        " 1, true), why)\n"
        "  end\nend\n"
        f"for _, name in ipairs {{{','.join(repr(n) for n in TWO)}}} do\n"
        "  assert(not pcall(ntop[name], 'x'), name)\n"
        "  assert(not pcall(ntop[name], 'x', {}), name)\n"
        "end\n"
        "assert(not pcall(ntop.setHashCache, 'x', 'y'))\n"
        "assert(not pcall(ntop.setCache, 'x', 'y', 'z'))\n"
    )


def test_preferences_are_checked_and_live(run, redis):
    redis.cli("set", IDLE, 77)
    run(
        WAIT
        + f"""
assert(ntop.getPref('{IDLE}') == '77')
ntop.reloadPreferences()
assert(ntop.getPrefs().flow_max_idle == 77)
assert(ntop.setPref('{IDLE}', '78') == true)
assert(ntop.getPrefs().flow_max_idle == 78)
assert(ntop.getCache('{IDLE}') == '78')
local done, why = ntop.setPref('{IDLE}', 'soon')
assert(done == false and why:find('{IDLE}', 1, true), why)
assert(ntop.setCache('{IDLE}', '\\0') == false)
assert(ntop.getPref('{IDLE}') == '78')
assert(ntop.getPref('{LEVEL}') == 'normal')
"""
    )
    assert redis.cli("get", IDLE) == "78"


def test_preferences_and_options_in_a_table(run):
    out = run(
        """
local p = ntop.getPrefs()
print(p.http_port, p['http.port'], p.max_num_flows, p.is_dump_flows_enabled,
      p.is_dump_flows_to_es_enabled, p.are_alerts_enabled, p.sticky_hosts,
      p.dump_hosts, p.instance_name, p.intf_rrd_1d_days, p.has_cmdl_trace_lvl,
      p.is_dns_resolution_enabled, p.active_local_hosts_cache_interval)
""",
        *["-r", "none", "-w", "127.0.0.1:4321", "-X", "2000", "-H", "-S"],
        *["remote", "-D", "all", "-N", "me"],
    )
    assert out.split() == (
        "4321 4321 2000 false false false remote 3 me 365 true false nil"
    ).split()


@pytest.mark.parametrize("where", ["none", "unix:/nowhere/redis", "unasked"])
def test_without_redis_scripts_go_on(where, run):
    options = ["-r", where] if where != "unasked" else ["-u"]
    run(
        f"""
local away = '{where}' == 'unix:/nowhere/redis'
local function nothing(want, got, why)
  assert(got == want and type(why) == 'string', tostring(got))
end
nothing('', ntop.getCache('a'))
nothing('', ntop.getHashCache('a', 'b'))
nothing(nil, ntop.getKeysCache('*'))
nothing(nil, ntop.getHashAllCache('a'))
nothing(nil, ntop.getMembersCache('a'))
nothing(nil, ntop.lrangeCache('a'))
nothing(nil, ntop.lpopCache('a'))
nothing(nil, ntop.getHostId('a'))
assert(ntop.setCache('a', 'b') == away)
assert(ntop.setHashCache('a', 'b', 'c') == away)
assert(ntop.lpushCache('a', 'b', 3) == away)
assert(ntop.getPref('{IDLE}') == '60')
assert(ntop.setPref('{IDLE}', '61') and ntop.getPref('{IDLE}') == '61')
assert(ntop.delCache('{IDLE}') and ntop.getPref('{IDLE}') == '60')
assert(ntop.setPref('{IDLE}', 'x') == false)
assert(ntop.getResolvedName('10.0.0.1@7') == '10.0.0.1@7')
assert(ntop.resolveName('10.0.0.1') ~= '')
""",
        *options,
    )


def test_redis_that_dies_is_an_answer(begin, redis):
    script = begin(
        WAIT
        + """
io.write('go\\n')
local value, why
repeat value, why = ntop.getCache('ready') until why
assert(value == '', value)
print(why, ntop.getHashAllCache('h'))
""",
        *["-r", f"unix:{redis.path}"],
    )
    wait_for(lambda: redis.cli("get", "ready") == "x", "the script")
    redis.kill()
    out, err = script.communicate(timeout=60)
    assert script.returncode == 0, err
    assert "Redis" in out


def test_redis_that_sleeps_is_waited_for(run, redis):
    sleeper = threading.Thread(target=redis.cli, args=("debug", "sleep", 2))
    redis.cli("set", "key", "value")
    sleeper.start()
    time.sleep(0.3)
    begin_s = time.monotonic()
    out = run("repeat v = ntop.getCache('key') until v ~= '' print(v)")
    sleeper.join()
    assert out == "value\n"
    assert time.monotonic() - begin_s < 30


def test_waiting_in_a_coroutine_and_ending_meanwhile(run, redis):
    out = run(
        WAIT
        + """
local co = coroutine.wrap(function()
  ntop.setCache('k', 'v') coroutine.yield(ntop.getCache('k')) end)
print(co())
print(pcall(tostring, setmetatable({}, {__tostring = function()
  return ntop.getCache('k') end})))
"""
    )
    assert out.startswith("v\nfalse\t") and "cannot wait" in out


def test_numbers_of_the_day(run, redis):
    out = run(
        WAIT
        + """
local a, b = ntop.getHostId('10.0.0.1'), ntop.getHostId('10.0.0.2')
print(a, b, ntop.getHostId('10.0.0.1'), ntop.getIdToHost(a),
      ntop.getIdToHost(b), ntop.getIdToHost(999) == '')
"""
    )
    assert out.split() == "1 2 1 10.0.0.1 10.0.0.2 true".split()
    day = datetime.datetime.now().strftime("ntopng.%y%m%d.hostkeys")
    assert redis.cli("hget", day, "in.pcap|10.0.0.1") == "1"
    assert int(redis.cli("ttl", day)) > 0


def test_names_are_taken_from_redis(run, redis):
    redis.cli("set", "ntopng.dns.cache.10.0.0.1", "one.example")
    redis.cli("set", "ntopng.dns.cache.10.0.0.2", "10.0.0.2")
    out = run(
        WAIT
        + """
print(ntop.resolveName('10.0.0.1'), ntop.resolveName('10.0.0.2'),
      ntop.getResolvedName('10.0.0.1@5'), ntop.getResolvedName('a.name'))
"""
    )
    assert out.split() == ["one.example", "10.0.0.2", "one.example@5", "a.name"]


def test_signal_ends_a_script_that_waits(begin, redis):
    script = begin(WAIT + "while true do ntop.getCache('x') end",
                   *["-r", f"unix:{redis.path}"])  # fmt: skip
    wait_for(lambda: redis.cli("get", "ready") == "x", "the script")
    redis.send(signal.SIGSTOP)
    script.send_signal(signal.SIGTERM)
    try:
        assert script.wait(30) is not None
    finally:
        redis.send(signal.SIGCONT)


def test_samplings_are_found_by_time_and_go_when_old(run, redis):
    key = "ntopng.samplings.ifid_3.minute"
    redis.cli(
        *["zadd", key],
        *[w for at in range(60, 60 * 501, 60) for w in (at, f"{at}:text {at}")],
    )
    out = run(
        WAIT
        + SAME
        + """
local function count(t)
  local n = 0
  for _ in pairs(t) do n = n + 1 end
  return n
end
same(ntop.getMinuteSampling(3, 179), 'text 120')
same(ntop.getMinuteSampling(3, 59), '')
same(count(ntop.getMinuteSamplingsInterval(3, 0, 1 << 40)), 500)
same(ntop.getMinuteSamplingsInterval(3, 61, 180),
     {['text 120'] = '', ['text 180'] = ''})
same(ntop.getMinuteSamplingsFromEpoch(3, 185, 1),
     {['text 120'] = '', ['text 180'] = ''})
same(ntop.getMinuteSamplingsInterval(4, 0, 180), {})
local now
repeat
  now = os.time() // 60
  same(ntop.insertMinuteSampling(3, 'one'), true)
  same(ntop.insertMinuteSampling(3, 'a:b'), true)
until os.time() // 60 == now
same(ntop.getMinuteSampling(3, os.time()), 'a:b')
same(ntop.getMinuteSampling(3, 120), '')
same(ntop.insertHourSampling(3, 'hour'), true)
same(ntop.insertDaySampling(3, 'day'), true)
same(ntop.getHourSamplingsFromEpoch(3, os.time() + 3600, 2), {hour = ''})
same(ntop.getDaySamplingsFromEpoch(3, os.time() + 86400, 2), {day = ''})
same(ntop.deleteHourStatsOlderThan(3, 2), true)
same(ntop.getHourSamplingsFromEpoch(3, os.time() + 3600, 2), {hour = ''})
for _, name in ipairs {'insertMinuteSampling', 'getMinuteSampling',
                       'getDaySamplingsFromEpoch',
                       'deleteDayStatsOlderThan'} do
  local ok, why = pcall(ntop[name], 3, {})
  assert(not ok and why:find('ntop.' .. name .. ': expected', 1, true), why)
end
"""
    )
    assert out == ""
