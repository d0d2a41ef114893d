# test_grafana: what Grafana's JSON data sources ask, and what they get.
# SPDX-License-Identifier: MIT
"""The requests are those that the plug-ins send, as their sources show:
grafana-simple-json-datasource, and simpod-json-datasource. The capture was
made here, so that every answer is known."""

import datetime
import json
import re

import pytest

import captures
import web
from captures import SECOND, Frame, ether, udp
from conftest import ROOT, tool
from running import Running
from test_login import NEW, basic, first_login

BASE = "/lua/modules/grafana"
JSON = "Content-Type: application/json"
START = captures.START - captures.START % 86400
HOUR, FIVE = 3600, 300
SIZE = 1000  # bytes of a frame on the wire
# Each host sends a frame in each of its seconds.
EVERY = {"10.1.0.1": 1, "10.1.0.2": 5, "fd00::1": 10}
SECONDS = 2 * HOUR + 1
NAME = "the_day_of.pcap"  # an interface with underscores


def make_frames():
    frames = []
    for at in range(SECONDS):
        for host, every in EVERY.items():
            if at % every:
                continue
            head = 14 + (40 if ":" in host else 20) + 8
            packet = bytes(ether() / udp(
                src=host, dst="fd00:9::9" if ":" in host else "192.0.2.1",
                sport=5000, dport=9, data=bytes(SIZE - head)))
            frames.append(Frame((START + at) * SECOND + 1000, packet,
                                len(packet)))
    return frames


@pytest.fixture(scope="module")
def site(offline, tmp_path_factory):
    tool("rrdcached")
    folder = tmp_path_factory.mktemp("grafana")
    capture = captures.save(folder / NAME, make_frames())
    one = Site(offline, folder, capture)
    yield one
    one.close()


class Site(web.Site):
    """One that has read the capture into its time series."""

    def __init__(self, offline, folder, capture):
        (self.port,) = web.free_ports(1)
        self.data = folder / "data"
        self.kelvin = Running(
            offline("-s", "-d", self.data, "-i", capture, "-n", "3",
                    "-m", "10.0.0.0/8,fd00::/16", "-w", f":{self.port}",
                    "-2", ROOT / "scripts", "-1", ROOT / "html", "-v", "3",
                    "-l", "0", "--rrdcached", "own"), folder)
        self.kelvin.wait_said("all files are read")

    def post(self, path, value, *headers):
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        return self.ask(f"{BASE}{path}", "POST", [JSON, *headers], body)

    def query(self, *targets, start=START, end=START + 2 * HOUR, **more):
        answer = self.post("/query", request(*targets, start=start, end=end,
                                             **more))
        assert answer.status == 200, answer.text
        assert answer.headers["content-type"].startswith("application/json")
        return json.loads(answer.text)


def iso(when, fraction=".000"):
    utc = datetime.datetime.fromtimestamp(when, datetime.timezone.utc)
    return utc.strftime(f"%Y-%m-%dT%H:%M:%S{fraction}Z")


def request(*targets, start, end, **more):
    """As the simple JSON plug-in sends it for a panel."""
    return {
        "app": "dashboard", "requestId": "Q100", "timezone": "browser",
        "panelId": 2, "dashboardId": 1,
        "range": {"from": iso(start), "to": iso(end),
                  "raw": {"from": "now-6h", "to": "now"}},
        "rangeRaw": {"from": "now-6h", "to": "now"},
        "interval": "1s", "intervalMs": 1000, "maxDataPoints": 600,
        "targets": [
            {"target": name, "refId": chr(65 + i), "type": "timeserie"}
            if isinstance(name, str) else name
            for i, name in enumerate(targets)
        ],
        "scopedVars": {"__interval": {"text": "1s", "value": "1s"}},
        "startTime": 1600000000000, "cacheTimeout": None,
        "adhocFilters": [],
        **more,
    }


def interface(metric):
    return f"interface_{NAME}_{metric}"


def host(key, metric):
    return f"host_{key}_interface_{NAME}_{metric}"


INTERFACE = [interface(name) for name in (
    "traffic_bps", "traffic_total_bytes", "allprotocols_bps", "traffic_pps",
    "traffic_total_packets")]
OF_HOST = ("traffic_bps", "traffic_total_bytes", "allprotocols_bps")


@pytest.mark.parametrize("path", [BASE, f"{BASE}/"])
def test_it_answers_that_it_is_there(site, path):
    answer = site.ask(path)
    assert (answer.status, json.loads(answer.text)) == (200, {"status": "OK"})
    assert answer.headers["content-type"].startswith("application/json")


def search(site, text, path="/search"):
    answer = site.post(path, {"target": text} if text is not None else {})
    assert answer.status == 200
    return json.loads(answer.text)


@pytest.mark.parametrize("typed", [None, "", "h", "host", "host_", "interf",
                                   "interface_", f"interface_{NAME}"])
def test_names_of_interfaces_are_found(site, typed):
    assert search(site, typed) == INTERFACE
    assert search(site, typed, "/search/") == INTERFACE


def test_a_part_of_a_name_finds_it(site):
    assert search(site, "total") == [INTERFACE[1], INTERFACE[4]]
    assert search(site, "PPS") == [INTERFACE[3]]
    assert search(site, "nowhere") == []


def test_hosts_are_found_once_one_is_named(site):
    def both(*keys):
        return INTERFACE + [host(key, name) for key in keys for name in OF_HOST]

    assert search(site, "host_10.1") == both("10.1.0.1", "10.1.0.2")
    assert search(site, "host_10.1.0.2") == both("10.1.0.2")
    assert search(site, "10.1.0.2") == both("10.1.0.2")
    assert search(site, "host_10.1.0.2_interface_the") == both("10.1.0.2")
    assert search(site, "host_fd00::1") == both("fd00::1")
    # Remote ones have no series.
    assert search(site, "host_192.0.2") == INTERFACE


def test_names_for_the_newer_data_source(site):
    expected = [{"label": name, "value": name} for name in INTERFACE]
    assert json.loads(site.post("/metrics", {"metric": ""}).text) == expected
    assert json.loads(site.post("/metrics", {
        "metric": "pps", "payload": {}}).text) == expected[3:4]
    assert json.loads(site.post("/metric-payload-options", {
        "metric": INTERFACE[0], "payload": {}, "name": "x"}).text) == []
    assert json.loads(site.post("/variable", {
        "payload": {"target": "total"}, "range": {}}).text) == [
        {"__text": name, "__value": name}
        for name in (INTERFACE[1], INTERFACE[4])]


# Bytes of a second, on the average of a time that all intervals divide.
RATE = sum(SIZE / every for every in EVERY.values())


def test_traffic_of_an_interface_in_bits(site):
    (series,) = site.query(interface("traffic_bps"))
    assert series["target"] == f"bytes [{NAME}]"
    points = series["datapoints"]
    # 7,200 seconds, and at most 600 points of them.
    assert len(points) == 600
    assert [when for _, when in points] == [
        (START + 12 * i) * 1000 for i in range(600)]
    total = sum(value * 12 for value, _ in points)
    assert total == pytest.approx(RATE * 8 * 2 * HOUR, rel=0.001)


def test_each_second_can_be_seen(site):
    start = START + HOUR
    (series,) = site.query(interface("traffic_bps"), start=start,
                           end=start + 60)
    points = series["datapoints"]
    assert [when for _, when in points] == [
        (start + i) * 1000 for i in range(60)]
    for value, when in points:
        second = when // 1000 - START
        sent = sum(SIZE for every in EVERY.values() if second % every == 0)
        assert value == pytest.approx(8 * sent, abs=1)
    (packets,) = site.query(interface("traffic_pps"), start=start,
                            end=start + 60, maxDataPoints=6)
    assert packets["target"] == f"packets [{NAME}]"
    assert [value for value, _ in packets["datapoints"]] == pytest.approx(
        [sum(1 / every for every in EVERY.values())] * 6)


def test_interval_is_the_least_step(site):
    (series,) = site.query(interface("traffic_bps"), intervalMs=600000)
    assert len(series["datapoints"]) == 12
    assert [value for value, _ in series["datapoints"]] == pytest.approx(
        [RATE * 8] * 12, rel=0.002)


def test_totals_are_one_number(site):
    answer = site.query(interface("traffic_total_bytes"),
                        interface("traffic_total_packets"),
                        host("10.1.0.2", "traffic_total_bytes"))
    assert [series["target"] for series in answer] == [
        f"Total [{NAME}]", f"Total [{NAME}]", f"Total [10.1.0.2, {NAME}]"]
    values = []
    for series in answer:
        ((value, when),) = series["datapoints"]
        assert when == (START + 2 * HOUR) * 1000
        values.append(value)
    assert values == pytest.approx(
        [RATE * 2 * HOUR, RATE / SIZE * 2 * HOUR, SIZE / 5 * 2 * HOUR],
        rel=0.001)


def test_hosts_have_both_directions(site):
    sent, received = site.query(host("10.1.0.1", "traffic_bps"))
    assert sent["target"] == f"sent [10.1.0.1, {NAME}]"
    assert received["target"] == f"rcvd [10.1.0.1, {NAME}]"
    assert [when for _, when in sent["datapoints"]] == [
        (START + FIVE * i) * 1000 for i in range(24)]
    assert [value for value, _ in sent["datapoints"]] == pytest.approx(
        [SIZE * 8] * 24, rel=0.001)
    assert {value for value, _ in received["datapoints"]} == {0}


def test_addresses_may_be_of_version_6(site):
    sent, _ = site.query(host("fd00::1", "traffic_bps"))
    assert sent["target"] == f"sent [fd00::1, {NAME}]"
    assert sent["datapoints"][5] == [pytest.approx(SIZE / 10 * 8, rel=0.001),
                                     (START + 5 * FIVE) * 1000]


def test_applications_are_a_series_each(site):
    (series,) = site.query(interface("allprotocols_bps"))
    assert series["target"] == f"Unknown [{NAME}]"
    assert len(series["datapoints"]) == 24
    assert sum(value for value, _ in series["datapoints"]) / 24 == (
        pytest.approx(RATE * 8, rel=0.03))


def test_old_names_mean_the_same(site):
    old = site.query(*map(interface, (
        "bytes", "bytestotal", "packets", "packetstotal", "allprotocols")),
        host("10.1.0.1", "bytes"))
    new = site.query(*map(interface, (
        "traffic_bps", "traffic_total_bytes", "traffic_pps",
        "traffic_total_packets", "allprotocols_bps")),
        host("10.1.0.1", "traffic_bps"))
    assert old == new and len(new) == 7


def test_what_is_not_known_is_null(site):
    (series,) = site.query(interface("traffic_bps"), start=START - HOUR,
                           end=START + HOUR, maxDataPoints=4)
    values = [value for value, _ in series["datapoints"]]
    assert values[:2] == [None, None]
    assert values[2:] == pytest.approx([RATE * 8] * 2, rel=0.001)


@pytest.mark.parametrize("name", [
    "", "x", "interface_", "interface_nowhere_traffic_bps",
    interface("nothing"), host("10.1.0.1", "traffic_pps"),
    host("10.9.9.9", "traffic_bps"), host("../../x", "traffic_bps"),
    host("nonsense", "traffic_bps"), interface("allcategories_bps"),
])
def test_unknown_names_have_no_series(site, name):
    assert site.query(name) == []
    both = site.query(name, interface("traffic_pps"))
    assert [series["target"] for series in both] == [f"packets [{NAME}]"]


def test_hidden_targets_are_left_out(site):
    assert site.query({"target": interface("traffic_bps"), "refId": "A",
                       "hide": True, "type": "timeserie"}) == []
    assert site.query({"refId": "A"}, {"target": None}, {"target": 5}) == []


def test_tables(site):
    def table(name):
        (answer,) = site.query({"target": name, "refId": "A", "type": "table"})
        assert answer["type"] == "table"
        return [c["text"] for c in answer["columns"]], answer["rows"]

    columns, rows = table(interface("allprotocols_bps"))
    assert columns == ["Application", "Bytes", "Bits per second"]
    (row,) = rows
    assert row[0] == "Unknown"
    assert row[1:] == pytest.approx([RATE * 2 * HOUR, RATE * 8], rel=0.03)

    columns, rows = table(interface("traffic_bps"))
    assert columns[0] == "Host" and {"10.1.0.1", "192.0.2.1"} <= {
        row[0] for row in rows}

    columns, rows = table(host("10.1.0.1", "traffic_bps"))
    assert columns == ["Time", f"sent [10.1.0.1, {NAME}]",
                       f"rcvd [10.1.0.1, {NAME}]"]
    assert rows[3] == [(START + 3 * FIVE) * 1000,
                       pytest.approx(SIZE * 8, rel=0.001), 0]


def test_filters_of_the_dashboard(site):
    answer = json.loads(site.post("/tag-keys", {}).text)
    assert answer == [{"type": "string", "text": "application"}]
    answer = json.loads(site.post("/tag-values", {"key": "application"}).text)
    assert answer == [{"text": "Unknown"}]
    assert json.loads(site.post("/tag-values", {"key": "other"}).text) == []

    def filtered(operator, value):
        return len(site.query(interface("allprotocols_bps"), adhocFilters=[
            {"key": "application", "operator": operator, "value": value}]))

    assert (filtered("=", "Unknown"), filtered("!=", "Unknown")) == (1, 0)
    assert (filtered("=", "DNS"), filtered("!=", "DNS")) == (0, 1)


def test_no_alerts_are_no_annotations(site):
    answer = site.post("/annotations", {
        "range": {"from": iso(START), "to": iso(START + HOUR)},
        "annotation": {"name": "x", "datasource": "kelvin", "query": "#x",
                       "enable": True, "iconColor": "red"}})
    assert (answer.status, json.loads(answer.text)) == (200, [])


@pytest.mark.parametrize("first, last", [
    (iso(START, ""), iso(START + HOUR, "")),
    (iso(START), iso(START + HOUR)),
    (iso(START)[:-1] + "+00:00", iso(START + HOUR)),
    (iso(START + 7200)[:-1] + "+02:00", iso(START - 1800)[:-1] + "-01:30"),
    (START * 1000, (START + HOUR) * 1000),
])
def test_times_in_their_forms(site, first, last):
    answer = site.query(interface("traffic_pps"),
                        range={"from": first, "to": last}, maxDataPoints=60)
    assert [when for _, when in answer[0]["datapoints"]] == [
        (START + 60 * i) * 1000 for i in range(60)]


@pytest.mark.parametrize("wrong", [
    {}, {"from": "now-6h", "to": "now"}, {"from": iso(START)},
    {"from": iso(START), "to": iso(START)},
    {"from": "2020-13-01T00:00:00Z", "to": iso(START)},
    {"from": [], "to": {}}, {"from": iso(START), "to": 1e300}, 5, None,
])
def test_other_times_are_refused(site, wrong):
    answer = site.post("/query", request(
        interface("traffic_bps"), start=START, end=START + HOUR, range=wrong))
    assert answer.status == 400 and "range" in json.loads(answer.text)["error"]


@pytest.mark.parametrize("body", [b"{", b"5", b'"x"', b"[1", b"\xff\xfe",
                                  b"null"])
def test_bodies_that_are_no_objects_are_refused(site, body):
    for path in ("/search", "/query", "/metrics", "/variable", "/annotations",
                 "/tag-keys", "/tag-values", "/metric-payload-options"):
        assert site.post(path, body).status == 400


def test_strange_values_harm_nothing(site):
    for value in (5, [], {}, True, "x" * 1000, "\0", "host_" * 100, "%s%n",
                  "host_%_interface_%", "[[[", "host_..", "host_/etc"):
        assert site.post("/search", {"target": value}).status == 200
        assert site.post("/query", request(
            {"target": value, "type": value}, start=START, end=START + 60,
            maxDataPoints=value, intervalMs=value, adhocFilters=value,
        )).status == 200
    assert site.query(interface("traffic_bps"))


def test_a_password_is_asked_for(offline, tmp_path):
    one = web.Site(offline, tmp_path, "-2", ROOT / "scripts", "-1",
                   ROOT / "html", needs_login=True)
    try:
        first_login(one)
        asked = ("POST", [JSON], b'{"target":""}')
        assert one.ask(f"{BASE}/search", *asked).status in (302, 303, 401)
        answer = one.ask(f"{BASE}/search", "POST",
                         [JSON, basic("admin", NEW),
                          "Origin: http://grafana.example"], asked[2])
        assert answer.status == 200
        assert "interface_some.pcap_traffic_bps" in json.loads(answer.text)
        assert (answer.headers["access-control-allow-origin"]
                == "http://grafana.example")
    finally:
        one.close()


# --- What is in conf/grafana ---

DASHBOARDS = sorted((ROOT / "conf/grafana/dashboards").glob("*.json"))


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)
def test_dashboards_ask_for_what_there_is(site, path):
    """Each target, with the variables filled in, has an answer."""
    board = json.loads(path.read_text())
    assert board["title"].startswith("kelvin: ") and board["uid"]
    panels = board["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    places = [panel["gridPos"] for panel in panels]
    assert all(place["x"] + place["w"] <= 24 for place in places)
    metrics = site.ask("/metrics").text
    for panel in panels:
        for target in panel["targets"]:
            if "expr" in target:
                names = re.findall(r"\b(?:kelvin|process)_\w+", target["expr"])
                assert names and all(name in metrics for name in names)
                continue
            name = target["target"].replace("${interface}", NAME).replace(
                "${host}", "10.1.0.1")
            # Applications of hosts are not kept unless a preference says so.
            if not name.startswith("host_") or "allprotocols" not in name:
                assert site.query({**target, "target": name}), name


def test_variables_of_dashboards_find_the_interface(site):
    for path in DASHBOARDS:
        for variable in json.loads(path.read_text())["templating"]["list"]:
            if variable["name"] != "interface":
                continue
            found = json.loads(site.post("/variable", {
                "payload": {"target": variable["query"]}}).text)
            pattern = variable["regex"].strip("/")
            assert [re.match(pattern, row["__text"])[1] for row in found] == [
                NAME]


def test_dashboards_are_different_ones():
    boards = [json.loads(path.read_text()) for path in DASHBOARDS]
    assert len({board["uid"] for board in boards}) == len(boards) == 4
