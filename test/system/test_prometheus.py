# test_prometheus: a Prometheus that scrapes a running kelvin.
# SPDX-License-Identifier: MIT
"""Debian's prometheus and promtool; the loopback is what is watched."""

import json
import re
import shutil
import socket
import subprocess
import time
import urllib.parse
import urllib.request

import pytest

import web
from conftest import ROOT, tool
from running import Running, wait_for

CONF = ROOT / "conf/prometheus"
HOSTS = "/lua/hosts_metrics.lua"
OPEN = "application/openmetrics-text; version=1.0.0"


def promtool(*words, **more):
    done = subprocess.run([tool("promtool"), *map(str, words)],
                          capture_output=True, check=False, **more)
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def test_rules_and_configuration_are_good(tmp_path):
    for name in ("prometheus.yml", "kelvin.rules.yml"):
        shutil.copy(CONF / name, tmp_path)
    (tmp_path / "kelvin.password").write_text("secret")
    promtool("check", "config", tmp_path / "prometheus.yml")
    promtool("check", "rules", tmp_path / "kelvin.rules.yml")


@pytest.fixture(scope="module")
def site(offline, tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    one = web.Site(offline, folder, "-2", ROOT / "scripts",
                   "-i", "lo", "-m", "127.0.0.0/8,10.1.0.0/16")
    yield one
    one.close()


def test_rules_name_metrics_that_there_are(site):
    """A rule on a metric that does not exist never fires."""
    has = site.ask("/metrics").text
    rules = (CONF / "kelvin.rules.yml").read_text()
    for name in set(re.findall(r"\bkelvin_\w+", rules)):
        if name.startswith(("kelvin_series_", "kelvin_export_")):
            continue  # of parts that this one does not have
        assert name in has, name


def test_both_formats_are_good(site):
    plain = site.ask("/metrics")
    assert plain.headers["content-type"].startswith("text/plain; version=0.0.4")
    promtool("check", "metrics", input=plain.body)
    hosts = site.ask(HOSTS)
    assert hosts.status == 200
    promtool("check", "metrics", input=hosts.body)

    answer = site.ask("/metrics", headers=[f"Accept: {OPEN},text/plain;q=0.5"])
    assert answer.headers["content-type"] == f"{OPEN}; charset=utf-8"
    lines = answer.text.splitlines()
    assert lines[-1] == "# EOF" and answer.text.endswith("# EOF\n")
    assert "" not in lines
    kinds = dict(line.split()[2:4] for line in lines
                 if line.startswith("# TYPE "))
    counters = [name for name, kind in kinds.items() if kind == "counter"]
    assert counters and not [n for n in counters if n.endswith("_total")]
    samples = {line.split("{")[0].split()[0] for line in lines
               if not line.startswith("#")}
    assert "kelvin_interface_bytes" in counters
    assert "kelvin_interface_bytes_total" in samples
    # The same samples, whatever the format.
    assert samples == {line.split("{")[0].split()[0]
                       for line in plain.text.splitlines()
                       if not line.startswith("#")}


@pytest.mark.parametrize("accept, is_open", [
    ("text/plain", False), ("*/*", False), (OPEN, True),
    (f"{OPEN};q=0.2,text/plain;q=0.5", False),
    (f"{OPEN};q=0.7,text/plain;q=0.5,*/*;q=0.1", True),
    ("application/openmetrics-text;q=0", False),
])
def test_the_format_is_the_one_that_is_wanted(site, accept, is_open):
    answer = site.ask("/metrics", headers=[f"Accept: {accept}"])
    assert answer.text.endswith("# EOF\n") == is_open


def test_applications_are_counted(site):
    """The server's own answers are HTTP over the loopback."""
    wait_for(lambda: re.search(
        r'^kelvin_application_bytes_total\{interface="lo",application="HTTP",'
        r'by="server"\} [1-9]', site.ask("/metrics").text, re.M),
        "HTTP of the loopback")


def test_hosts_are_as_many_as_wanted(site):
    text = site.ask(HOSTS + "?most=1").text
    samples = [line for line in text.splitlines() if line[:1] != "#"]
    assert [re.sub(r" \d+$", "", line) for line in samples
            if "some.pcap" in line] == [
        'kelvin_host_bytes_total{interface="some.pcap",host="10.1.0.1",'
        f'direction="{way}"}}' for way in ("received", "sent")]
    assert site.ask(HOSTS + "?most=x").status == 400
    assert site.ask(HOSTS + "?most=201").status == 400


def chatter(count, size):
    """Datagrams over the loopback; @return the bytes on the wire."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one, \
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        for _ in range(count):
            one.sendto(bytes(size), other.getsockname())
    return count * (size + 42)


@pytest.fixture
def prometheus(site, tmp_path):
    (port,) = web.free_ports(1)
    config = tmp_path / "prometheus.yml"
    config.write_text(
        "global: {scrape_interval: 1s, evaluation_interval: 1s}\n"
        f"rule_files: ['{CONF}/kelvin.rules.yml']\n"
        "scrape_configs:\n"
        "  - job_name: kelvin\n"
        f"    static_configs: [{{targets: ['127.0.0.1:{site.port}']}}]\n"
        "  - job_name: kelvin-hosts\n"
        f"    metrics_path: {HOSTS}\n"
        f"    static_configs: [{{targets: ['127.0.0.1:{site.port}']}}]\n")
    one = Running(
        [tool("prometheus"), f"--config.file={config}",
         f"--storage.tsdb.path={tmp_path}/data",
         f"--web.listen-address=127.0.0.1:{port}"], tmp_path)

    def ask(expression):
        query = urllib.parse.urlencode({"query": expression})
        with urllib.request.urlopen(
                f"http://127.0.0.1:{port}/api/v1/query?{query}") as answer:
            told = json.load(answer)
        assert told["status"] == "success", told
        return [(row["metric"], float(row["value"][1]))
                for row in told["data"]["result"]]

    def is_up():
        try:
            return ask('up{job="kelvin"} == 1') and ask(
                'up{job="kelvin-hosts"} == 1')
        except OSError:
            return False

    wait_for(is_up, one.said)
    yield ask
    assert one.end() == 0
    one.kill()


def test_prometheus_has_the_right_rates(site, prometheus):
    counter = 'kelvin_interface_bytes_total{interface="lo"}'
    wait_for(lambda: prometheus(counter), "a first value")
    ((_, before),) = prometheus(counter)
    began = time.time()
    sent = 0
    while time.time() < began + 8:
        sent += chatter(100, 1000)
        time.sleep(0.1)
    lasted = time.time() - began

    def grown():
        ((_, now),) = prometheus(counter)
        return now - before >= sent

    wait_for(grown, "all of it")
    # What others say over the loopback meanwhile comes on top.
    ((_, rate),) = prometheus(f"max_over_time(rate({counter}[4s])[10s:1s])")
    assert rate >= 0.7 * sent / lasted
    ((_, own),) = prometheus(
        'sum(kelvin_application_bytes_total{interface="lo"})')
    ((_, all_of_it),) = prometheus(counter)
    assert own == pytest.approx(all_of_it, rel=0.5)
    wait_for(lambda: prometheus('kelvin:interface_bits:rate1m{interface="lo"}'),
             "the rule's result")
    ((_, hosts),) = prometheus(
        'sum(kelvin_host_bytes_total{host="127.0.0.1",interface="lo"})')
    assert hosts > sent
    assert prometheus('ALERTS{alertname="KelvinDown"}') == []
