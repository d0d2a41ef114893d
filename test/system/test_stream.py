# test_stream: what readers of /stream hear, and who hears what.
# SPDX-License-Identifier: MIT

import contextlib
import hashlib
import json
import os
import shutil
import socket
import time

import pytest

import captures
import web
from captures import ether, frame, udp
from conftest import ROOT
from running import PATIENCE, wait_for
from test_login import cookie, login, post
from test_redis import folder, redis  # noqa: F401 (fixtures)

RAISE = """
interface.select(_GET.name or ifname)
local raised = _GET.host
  and interface.engageHostAlert(0, _GET.host, _GET.id, 2, 1,
    "<b>\\n" .. _GET.id)
  or not _GET.host and interface.engageInterfaceAlert(0, _GET.id, 2, 2, "if")
print(tostring(raised))
"""


def pages(folder):
    shutil.copytree(ROOT / "scripts", folder / "scripts")
    (folder / "scripts/lua/raise.lua").write_text(RAISE)
    return folder / "scripts"


class Reader:
    """Reads events one by one."""

    def __init__(self, site, query="", headers=(), own="127.0.0.1"):
        self.socket = site.connect(own=own)
        lines = [f"GET /stream{query} HTTP/1.0", "Host: localhost", *headers]
        self.socket.sendall("\r\n".join(lines).encode() + b"\r\n\r\n")
        self.held = b""
        self.head = self.piece(b"\r\n\r\n").decode("latin-1")

    def piece(self, end):
        while end not in self.held:
            more = self.socket.recv(65536)
            if not more:
                raise EOFError
            self.held += more
        piece, _, self.held = self.held.partition(end)
        return piece

    def event(self):
        """(name, data) of the next one."""
        while True:
            text = self.piece(b"\n\n").decode()
            fields = dict(line.split(": ", 1) for line in text.split("\n"))
            if "event" in fields:
                assert set(fields) == {"event", "data"}, text
                return fields["event"], json.loads(fields["data"])

    def wait(self, name, good=lambda data: True):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            event, data = self.event()
            if event == name and good(data):
                return data
        raise AssertionError(f"no {name}")

    def settle(self, name, data):
        """The last row, once there are no more changes."""
        self.socket.settimeout(3)
        with contextlib.suppress(TimeoutError):
            while True:
                data = self.wait(name)
        self.socket.settimeout(PATIENCE)
        return data["rows"][0]

    def close(self):
        self.socket.close()


@contextlib.contextmanager
def reading(site, *words, **more):
    reader = Reader(site, *words, **more)
    try:
        yield reader
    finally:
        reader.close()


@pytest.fixture(scope="module")
def site(offline, tmp_path_factory):
    """Its second interface sees datagrams that talk() sends."""
    if os.geteuid() != 0:
        pytest.skip("skipped: capturing needs root")
    folder = tmp_path_factory.mktemp("stream")
    (port,) = web.free_ports(1)
    one = web.Site(offline, folder, "-l", "1", "-2", pages(folder), "-i", "lo",
                   "-B", f"udp port {port}", "-m", "127.0.0.0/8", "-v", "3")
    one.kelvin.wait_said("watching lo")
    one.talk_port = port
    one.talker = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    one.talker.bind(("127.0.0.1", 0))
    yield one
    one.talker.close()
    one.close()


def talk(site, size=1000):
    site.talker.sendto(b"x" * size, ("127.0.0.1", site.talk_port))


def key_of_flow(site):
    def rows():
        talk(site)
        found = json.loads(site.ask("/lua/get_flows_data.lua?ifid=1").text)
        return [row["key"] for row in found["data"]
                if row["raw"]["column_server"].endswith(f":{site.talk_port}")]

    wait_for(rows, "a flow")
    return rows()[0]


def test_throughput_comes_first(site):
    with reading(site) as reader:
        assert " 200 " in reader.head
        event, data = reader.event()
        assert event == "throughput"
        assert [one["name"] for one in data["interfaces"]] == [
            "some.pcap", "lo"]
        talk(site, 500)
        got = reader.wait("throughput",
                          lambda data: data["interfaces"][1]["packets"])
        one = got["interfaces"][1]
        assert one["bytes"] >= 500 and one["drops"] == 0


def test_changes_of_flows(site):
    key = key_of_flow(site)
    with reading(site, f"?ifid=1&flows={key},4294967299") as reader:
        event, first = reader.event()
        assert event == "flows"
        assert first["ifid"] == 1 and first["gone"] == [4294967299]
        assert [row["key"] for row in first["rows"]] == [key]
        before = reader.settle("flows", first)
        assert set(before) == {
            "key", "bytes", "packets", "cli2srv.bytes", "srv2cli.bytes",
            "throughput_bps", "duration", "seen.last", "flow.status",
            "proto.ndpi", "info"}
        for _ in range(3):
            talk(site, 700)
        after = reader.wait(
            "flows", lambda data: data["rows"]
            and data["rows"][0]["packets"] >= before["packets"] + 3)
        assert after["gone"] == []
        row = after["rows"][0]
        assert row["bytes"] - before["bytes"] == 3 * (700 + 42)
        # What stays the same is not told: throughput falls to 0, then silence.
        reader.wait("flows", lambda data: data["rows"]
                    and data["rows"][0]["throughput_bps"] == 0)
        reader.socket.settimeout(3)
        with pytest.raises(TimeoutError):
            reader.event()


def test_changes_of_hosts(site):
    key_of_flow(site)
    with reading(site, "?ifid=1&hosts=127.0.0.1,10.9.9.9@7") as reader:
        event, first = reader.event()
        assert (event, first["gone"]) == ("hosts", ["10.9.9.9@7"])
        # What came before is counted by and by.
        before = reader.settle("hosts", first)
        assert before["key"] == "127.0.0.1"
        talk(site, 100)
        row = reader.wait("hosts", lambda data: data["rows"]
                          and data["rows"][0]["bytes.sent"]
                          > before["bytes.sent"])["rows"][0]
        assert row["bytes.sent"] - before["bytes.sent"] == 142


def test_alerts_come_as_they_are_raised(site):
    with reading(site, "?topics=alerts") as reader, \
            reading(site) as deaf:
        assert site.ask("/lua/raise.lua?ifid=1&host=127.0.0.1&id=one"
                        ).text == "true"
        alert = reader.wait("alert")
        assert alert["ifid"] == 1 and alert["what"] == "begins"
        assert alert["entity"] == "127.0.0.1@0"
        assert (alert["severity"], alert["text"]) == ("warning", "<b>?one")
        # The same again is no news.
        site.ask("/lua/raise.lua?ifid=1&host=127.0.0.1&id=one")
        site.ask("/lua/raise.lua?ifid=1&id=two")
        assert reader.wait("alert")["entity"].startswith("iface_")
        for _ in range(3):
            assert deaf.event()[0] == "throughput"


def test_topics_add_up(site):
    key = key_of_flow(site)
    query = f"?topics=throughput,alerts&ifid=1&flows={key}&hosts=127.0.0.1"
    with reading(site, query) as reader:
        names = {reader.event()[0] for _ in range(6)}
        assert {"throughput", "flows", "hosts"} <= names


@pytest.mark.parametrize("query, name", [
    ("topics=all", "topics"), ("topics=throughput;x", "topics"),
    ("ifid=9", "ifid"), ("ifid=x", "ifid"), ("flows=x", "flows"),
    ("flows=-1", "flows"), ("flows=1,,2", "flows"), ("hosts=x", "hosts"),
    ("hosts=10.0.0.1@70000", "hosts"), ("hosts=10.0.0.1@", "hosts"),
    ("flows=" + ",".join(map(str, range(101))), "flows"),
    ("flows=" + "1" * 300, "flows"), ("hosts=%3Cb%3E", "hosts"),
    ("flows=" + ",".join(map(str, range(60))) + "&hosts="
     + ",".join(f"10.0.0.{i}" for i in range(60)), "hosts"),
])
def test_wrong_wishes_are_named(site, query, name):
    answer = site.ask(f"/stream?{query}")
    assert answer.status == 400
    assert f"{name}: " in answer.text and "<b>" not in answer.text
    assert site.ask(f"/stream?{query}", "HEAD").status == 400


def test_wishes_are_bounded_together(site):
    hosts = ",".join(f"10.0.{i}.1" for i in range(100))
    with contextlib.ExitStack() as stack:
        for i in range(100):
            reader = stack.enter_context(reading(
                site, f"?hosts={hosts}", own=f"127.0.4.{i % 50 + 1}"))
            assert " 200 " in reader.head
        refused = site.ask(f"/stream?hosts={hosts}")
        assert refused.status == 503
    wait_for(lambda: site.metric("kelvin_http_streams") == 0, "the end")
    assert site.ask("/stream", "HEAD").status == 200


def test_500_streams(site, is_asan):
    """All are served each second, and pages come as before."""
    begin = time.monotonic()
    site.ask("/health")
    with contextlib.ExitStack() as stack:
        readers = [stack.enter_context(reading(
            site, "?topics=throughput,alerts", own=f"127.0.5.{i % 50 + 1}"))
            for i in range(500)]
        assert site.metric("kelvin_http_streams") == 500
        site.ask("/lua/raise.lua?ifid=1&host=127.0.0.1&id=all")
        for reader in readers:
            assert reader.wait("alert")["text"].endswith("all")
        seconds = [[reader.wait("throughput")["interfaces"][1]["time"]
                    for _ in range(3)] for reader in readers]
        for one in seconds:
            assert all(later - one[0] >= i for i, later in enumerate(one))
        slowest = 0.0
        for _ in range(20):
            begin = time.monotonic()
            assert site.ask("/lua/get_hosts_data.lua").status == 200
            slowest = max(slowest, time.monotonic() - begin)
        assert slowest < (20 if is_asan else 5)
        assert site.metric("kelvin_http_stream_skipped_events_total") == 0
    wait_for(lambda: site.metric("kelvin_http_streams") == 0, "the end")


# --- Users


@pytest.fixture
def guarded(offline, redis, tmp_path):  # noqa: F811
    """Two interfaces, two users who see parts of one."""
    redis.start()
    for name, key, value in (
            ("ann", "allowed_ifname", "more.pcap"),
            ("bob", "allowed_nets", "10.1.0.0/16")):
        for field, text in (("password", hashlib.md5(b"long ago").hexdigest()),
                            ("group", "unprivileged"), (key, value)):
            redis.cli("set", f"ntopng.user.{name}.{field}", text)
    redis.cli("set", "ntopng.user.root.password",
              hashlib.md5(b"long ago").hexdigest())
    redis.cli("set", "ntopng.user.root.group", "administrator")
    capture = captures.save(tmp_path / "more.pcap", [
        frame(ether() / udp("10.1.0.1", "10.2.0.2", 4000, 5000), 0),
        frame(ether() / udp("10.3.0.3", "10.2.0.2", 4001, 5001), 1)])
    one = web.Site(offline, tmp_path, "-1", ROOT / "html", "-2",
                   pages(tmp_path), "-r", f"unix:{redis.path}", "-i", capture,
                   needs_login=True)
    one.kelvin.wait_said("all files are read")
    one.cookies = {name: cookie(login(one, name, "long ago"))
                   for name in ("root", "ann", "bob")}
    yield one
    one.close()


def keys(site, user):
    answer = site.ask("/lua/get_flows_data.lua?ifid=1",
                      headers=[site.cookies[user]])
    return {row["raw"]["column_client"]: row["key"]
            for row in json.loads(answer.text)["data"]}


def test_metrics_are_for_those_who_see_all(guarded):
    """Each figure is about all networks or about every interface."""
    for user, status in (("root", 200), ("ann", 403), ("bob", 403)):
        answer = guarded.ask("/metrics", headers=[guarded.cookies[user]])
        assert answer.status == status, user
        assert (b"some.pcap" in answer.body) == (status == 200)


def test_users_hear_of_what_they_see(guarded):
    def read(user, query=""):
        return reading(guarded, query, headers=[guarded.cookies[user]])

    for user, names in (("root", ["some.pcap", "more.pcap"]),
                        ("ann", ["more.pcap"]),
                        ("bob", ["some.pcap", "more.pcap"])):
        with read(user) as reader:
            data = reader.wait("throughput")
            assert [one["name"] for one in data["interfaces"]] == names
    flows = keys(guarded, "root")
    mine, other = flows["10.1.0.1:4000"], flows["10.3.0.3:4001"]
    query = f"?ifid=1&flows={mine},{other}&hosts=10.1.0.1,10.2.0.2,10.3.0.3"
    with read("bob", query) as reader:
        data = reader.wait("flows")
        assert [row["key"] for row in data["rows"]] == [mine]
        assert data["gone"] == [other]
        data = reader.wait("hosts")
        assert [row["key"] for row in data["rows"]] == ["10.1.0.1"]
        assert data["gone"] == ["10.2.0.2", "10.3.0.3"]
    answer = guarded.ask("/stream?ifid=0", headers=[guarded.cookies["ann"]])
    assert answer.status == 400
    with read("ann", f"?ifid=1&flows={other}") as reader:
        assert reader.wait("flows")["rows"][0]["key"] == other


def test_users_hear_their_alerts(guarded):
    def raise_alert(query):
        assert guarded.ask(f"/lua/raise.lua?{query}",
                           headers=[guarded.cookies["root"]]).text == "true"

    with contextlib.ExitStack() as stack:
        readers = {
            user: stack.enter_context(reading(
                guarded, "?topics=alerts", headers=[guarded.cookies[user]]))
            for user in guarded.cookies}
        raise_alert("name=some.pcap&host=10.1.0.1&id=first")
        raise_alert("name=some.pcap&host=10.3.0.3&id=second")
        raise_alert("name=more.pcap&host=10.1.0.1&id=third")
        raise_alert("name=more.pcap&id=last")
        heard = {}
        for user, reader in readers.items():
            heard[user] = []
            while not heard[user] or heard[user][-1] != "if":
                heard[user].append(reader.wait("alert")["text"][-6:])
        short = {user: [t.strip(">\n")[-5:] for t in texts]
                 for user, texts in heard.items()}
        assert short["root"] == ["first", "econd", "third", "if"]
        assert short["ann"] == ["third", "if"]
        assert short["bob"] == ["first", "third", "if"]


def test_a_user_has_so_many_streams(guarded):
    with contextlib.ExitStack() as stack:
        for i in range(32):
            reader = stack.enter_context(reading(
                guarded, headers=[guarded.cookies["ann"]],
                own=f"127.0.6.{i + 1}"))
            assert " 200 " in reader.head
        answer = guarded.ask("/stream", headers=[guarded.cookies["ann"]])
        assert answer.status == 429
        with reading(guarded, headers=[guarded.cookies["bob"]]) as reader:
            assert " 200 " in reader.head


def test_logging_out_ends_streams(guarded):
    mine = guarded.cookies["ann"]
    with reading(guarded, headers=[mine]) as reader, \
            reading(guarded, headers=[guarded.cookies["bob"]]) as other:
        reader.event()
        target = guarded.ask("/lua/logout.lua", headers=[
            mine, "Accept: text/html"]).headers["location"]
        assert post(guarded, target, [mine]).status == 303
        with pytest.raises(EOFError):
            for _ in range(5):
                reader.event()
        assert guarded.ask("/stream", headers=[mine]).status == 401
        other.event()
