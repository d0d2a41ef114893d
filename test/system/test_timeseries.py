# test_timeseries: what charts ask for, and what preferences have written.
# SPDX-License-Identifier: MIT

import json
import shutil
import time

import pytest

import captures
import rrd
import web
from captures import SECOND, Frame, ether, udp
from conftest import ROOT, tool
from running import Running, wait_for

START = captures.START - captures.START % 86400
PATH = "/lua/get_timeseries.lua"
SPAN = 3600
# Ports that are an application each where nothing else is known.
PORTS = (53, 69, 123, 137, 161, 443, 500, 514, 1194, 1812, 1900, 3478, 5060,
         5353)
PREFERENCES = ("host_ndpi_rrd_creation", "tcp_flags_rrd_creation",
               "tcp_retr_ooo_lost_rrd_creation", "vlan_rrd_creation",
               "l2_device_rrd_creation")


def frames():
    """Each second a datagram to one of the ports, by turns; the later ports
    get less. On a VLAN and without; and a connection now and then."""
    made = []
    for at in range(SPAN + 1):
        port = PORTS[at % len(PORTS)]
        size = 1200 - 80 * (at % len(PORTS))
        packet = bytes(ether() / udp(src="10.1.0.1", dst="192.0.2.1",
                                     sport=30000 + at % len(PORTS),
                                     dport=port, data=b"\xff" * size))
        made.append(Frame((START + at) * SECOND + 1, packet, len(packet)))
        if at % 30 == 0:
            tagged = packet[:12] + b"\x81\0\0\7" + packet[12:]
            made.append(Frame((START + at) * SECOND + 2, tagged, len(tagged)))
    return made


@pytest.fixture(scope="module")
def site(offline, tmp_path_factory):
    tool("rrdcached")
    folder = tmp_path_factory.mktemp("timeseries")
    capture = captures.save(folder / "in.pcap", frames())
    callbacks = folder / "callbacks"
    shutil.copytree(ROOT / "scripts/callbacks", callbacks)
    (callbacks / "user").mkdir(exist_ok=True)
    (callbacks / "user/startup.lua").write_text("".join(
        f'ntop.setCache("ntopng.prefs.{name}", "1")\n' for name in PREFERENCES))
    one = Site(offline, folder, capture, callbacks)
    yield one
    one.close()


class Site(web.Site):
    def __init__(self, offline, folder, capture, callbacks):
        (self.port,) = web.free_ports(1)
        self.data = folder / "data"
        self.kelvin = Running(
            offline("-s", "-d", self.data, "-i", capture, "-n", "3",
                    "-m", "10.0.0.0/8", "-w", f":{self.port}", "-l", "0",
                    "-3", callbacks, "-1", ROOT / "html", "-v", "3",
                    "--rrdcached", "own"), folder)
        self.kelvin.wait_said("all files are read")

    def get(self, query="", status=200):
        answer = self.ask(f"{PATH}?{query}")
        assert answer.status == status, answer.text
        return json.loads(answer.text)

    def span(self, metric, more="", start=START, end=START + SPAN):
        return self.get(f"metric={metric}&epoch_begin={start}&epoch_end={end}"
                        f"&{more}")


def by_rrdtool(site, name):
    """The integral that rrdtool sees, by way of the daemon."""
    place = site.data / "rrdcached/rrdcached.sock"
    step, rows = rrd.fetch(site.data / name, START, START + SPAN - 1, place)
    return sum(row[0] * step for _, row in rows if row[0] is not None)


def test_the_answer_has_its_shape(site):
    answer = site.span("bytes", "points=60")
    (series,) = answer.pop("series")
    assert answer == {"start": START, "step": 60, "count": 60, "about": "",
                      "metric": "bytes", "unit": "bytes/s", "source": "rrd"}
    data = series.pop("data")
    assert len(data) == 60 and None not in data
    assert series["name"] == "bytes" and series["label"] == "Traffic"
    assert series["total"] == pytest.approx(by_rrdtool(site, "0/rrd/bytes.rrd"),
                                            abs=1)
    assert series["total"] == pytest.approx(sum(data) * 60, rel=1e-6)
    assert series["average"] == pytest.approx(sum(data) / 60)
    assert (series["max"], series["last"]) == (max(data), data[-1])


def test_what_is_counted_has_no_total(site):
    answer = site.span("num_hosts", "points=10")
    (series,) = answer["series"]
    assert answer["unit"] == "hosts" and "total" not in series
    assert series["max"] >= 2


def test_gaps_are_null(site):
    answer = site.span("bytes", "points=4", START - SPAN, START + SPAN)
    assert [value is None for value in answer["series"][0]["data"]] == [
        True, True, False, False]


def test_the_largest_applications_and_the_rest(site):
    answer = site.span("all")
    names = [series["name"] for series in answer["series"]]
    known = site.get()["metrics"]
    files = {path.stem for path in (site.data / "0/rrd").glob("*.rrd")}
    assert {metric["name"] for metric in known} == files | {"all"}
    applications = {metric["name"] for metric in known
                    if metric["unit"] == "bytes/s"} - {"bytes", "all"}
    assert len(applications) > 10, applications
    assert len(names) == 10 and names[-1] == "Other"
    totals = [series["total"] for series in answer["series"][:9]]
    assert totals == sorted(totals, reverse=True)
    for series in answer["series"][:3]:
        assert series["total"] == pytest.approx(
            by_rrdtool(site, f"0/rrd/{series['name']}.rrd"), rel=1e-6)
    rest = sum(by_rrdtool(site, f"0/rrd/{name}.rrd")
               for name in applications - set(names))
    assert answer["series"][-1]["total"] == pytest.approx(rest, rel=1e-6)
    assert {len(series["data"]) for series in answer["series"]} == {
        answer["count"]}


def test_hosts_by_parameter_and_by_what_it_is_about(site):
    one = site.span("bytes", "host=10.1.0.1")
    assert one == site.span("bytes", "about=10.1.0.1")
    assert [series["name"] for series in one["series"]] == ["sent", "rcvd"]
    assert one["series"][0]["total"] == pytest.approx(
        by_rrdtool(site, "0/rrd/10/1/0/1/bytes.rrd"), rel=1e-6)
    tagged = site.span("bytes", "host=10.1.0.1&vlan=7")
    assert tagged["about"] == "10.1.0.1@7"
    assert tagged["series"][0]["total"] == pytest.approx(
        by_rrdtool(site, "0/rrd/10/1/0/1@7/bytes.rrd"), rel=1e-6)


def test_preferences_say_what_is_written(site):
    data = site.data / "0"
    assert len(list((data / "rrd/10/1/0/1").glob("*.rrd"))) > 8
    assert (data / "vlanstats/7/bytes.rrd").exists()
    assert (data / "macs/02_00_00_00_00_01/bytes.rrd").exists()
    for name in ("tcp_syn", "tcp_synack", "tcp_finack", "tcp_rst",
                 "tcp_retransmissions", "tcp_ooo", "tcp_lost"):
        assert (data / f"rrd/{name}.rrd").exists(), name
    assert not (data / "asnstats").exists()
    assert not (data / "countrystats").exists()
    host = site.span("all", "host=10.1.0.1")
    assert len(host["series"]) > 8
    for about, path in (("vlan:7", "vlanstats/7"),
                        ("mac:02:00:00:00:00:01", "macs/02_00_00_00_00_01"),
                        ("net:10.0.0.0/8", "subnetstats/10/0/0/0/8")):
        series = site.span("bytes", f"about={about}")["series"]
        assert series[0]["total"] == pytest.approx(
            by_rrdtool(site, f"0/{path}/bytes.rrd"), rel=1e-6), about
    trouble = site.span("tcp_all")
    assert [series["name"] for series in trouble["series"]] == [
        "tcp_retransmissions", "tcp_ooo", "tcp_lost"]


def test_what_was_never_written_has_no_series(site):
    for query in ("metric=nothing", "metric=bytes&host=10.9.9.9",
                  "metric=bytes&about=vlan:99", "metric=../../x"):
        answer = site.get(f"{query}&epoch_begin={START}&epoch_end={START + 60}")
        assert (answer["series"], answer["count"]) == ([], 0)


@pytest.mark.parametrize("query, named", [
    ("metric=bytes&zoom=7m", "zoom"), ("metric=bytes&points=0", "points"),
    ("metric=bytes&epoch_begin=x", "epoch_begin"),
    ("metric=bytes&host=x", "host"), ("about=..", "about"),
    (f"metric=bytes&epoch_begin={START}&epoch_end={START}", "from"),
    ("metric=bytes&about=/etc", "about"),
])
def test_wrong_questions_are_refused_by_name(site, query, named):
    assert named in site.ask(f"{PATH}?{query}").text
    site.get(query, status=400)


def test_the_last_hour_is_in_memory(offline, tmp_path):
    """With rrdcached or without."""
    site = web.Site(offline, tmp_path, "-i", "lo", "-2", ROOT / "scripts")
    try:
        def seconds():
            site.ask("/health")
            answer = json.loads(site.ask(
                f"{PATH}?ifid=1&metric=packets&zoom=1m").text)
            assert answer["source"] == "memory" and answer["step"] == 1
            (series,) = answer["series"]
            known = [value for value in series["data"] if value is not None]
            assert series["total"] == pytest.approx(sum(known))
            assert answer["start"] + answer["count"] <= time.time() + 1
            return len(known) >= 3 and series["total"] > 0

        wait_for(seconds, "three seconds")
        answer = json.loads(site.ask(
            f"{PATH}?ifid=1&metric=bytes&zoom=1h&points=60").text)
        assert answer["step"] >= 59 and answer["count"] <= 61
    finally:
        site.close()
