# test_names: kelvin asks a name server who a host is.
# SPDX-License-Identifier: MIT
"""dnsmasq answers at the far end of the cable of test_live."""

import shutil
import subprocess

import pytest
from scapy.layers.dns import DNS, DNSQR, DNSRR

import captures
from captures import CLIENT, SERVER, ether, udp
from conftest import tool
from running import Running, wait_for
from test_live import FAR, cable, is_capturing, send  # noqa: F401

LOCAL, REMOTE = "10.77.0.9", "198.51.100.7"
DNSMASQ = shutil.which("dnsmasq", path="/usr/sbin:/usr/bin")


class NameServer:
    """Knows both names; its log tells what it was asked."""

    def __init__(self, cable, folder):  # noqa: F811
        self.log = folder / "dnsmasq.log"
        self.process = subprocess.Popen(
            cable.command(
                DNSMASQ,
                *["--keep-in-foreground", "--no-resolv", "--no-hosts"],
                *["--conf-file=/dev/null", "--pid-file=", "--log-queries"],
                *["--user=root", "--log-async=0", f"--log-facility={self.log}"],
                f"--listen-address={FAR}",
                f"--host-record=laptop.home,{LOCAL}",
                f"--host-record=www.far.example,{REMOTE}",
                far=True,
            ),
            stderr=subprocess.DEVNULL,
        )
        wait_for(lambda: "started" in self.said(), self.said)

    def said(self):
        return self.log.read_text() if self.log.exists() else ""

    def was_asked_for(self, address):
        reverse = ".".join(reversed(address.split(".")))
        return f"query[PTR] {reverse}." in self.said()

    def stop(self):
        self.process.kill()
        self.process.wait()


@pytest.fixture
def server(cable, tmp_path):  # noqa: F811
    if DNSMASQ is None:
        pytest.skip("skipped: dnsmasq is not installed")
    tool("mount")
    server = NameServer(cable, tmp_path)
    yield server
    server.stop()


@pytest.fixture
def asking(cable, server, offline, tmp_path):  # noqa: F811
    """Start kelvin where /etc/resolv.conf names the far end."""
    resolv = tmp_path / "resolv.conf"
    resolv.write_text(f"nameserver {FAR}\n")
    started = []

    def run(*more):
        script = 'mount --bind "$0" /etc/resolv.conf && exec "$@"'
        command = offline("-i", "probe0", "-v", "3", *more)
        kelvin = Running(
            cable.command("sh", "-c", script, resolv, *command), tmp_path
        )
        started.append(kelvin)
        wait_for(lambda: is_capturing(cable, 1), kelvin.said)
        return kelvin

    yield run
    for kelvin in started:
        kelvin.kill()


def appear(cable):  # noqa: F811
    """Both hosts send something, the remote one first."""
    for address in (REMOTE, LOCAL):
        send(cable, [ether() / udp(src=address, dst="10.77.0.1")])


def test_local_hosts_are_asked_for(cable, server, asking):  # noqa: F811
    kelvin = asking()
    appear(cable)
    wait_for(lambda: "laptop.home" in kelvin.report(), kelvin.said)
    assert not server.was_asked_for(REMOTE)
    assert kelvin.end() == 0


def test_all_hosts_are_asked_for_by_option(cable, server, asking):  # noqa: F811
    kelvin = asking("-n", "1")
    appear(cable)

    def both():
        report = kelvin.report()
        return "laptop.home" in report and "www.far.example" in report

    wait_for(both, kelvin.said)
    assert kelvin.end() == 0


@pytest.mark.parametrize("mode", [2, 3])
def test_nobody_is_asked_by_option(mode, cable, server, asking):  # noqa: F811
    kelvin = asking("-n", mode)
    appear(cable)
    wait_for(lambda: LOCAL in kelvin.report(), kelvin.said)
    kelvin.report()
    assert not server.was_asked_for(LOCAL)
    assert not server.was_asked_for(REMOTE)
    assert kelvin.end() == 0


def test_server_that_is_gone_stops_nothing(cable, server, asking):  # noqa: F811
    server.stop()
    kelvin = asking()
    appear(cable)
    wait_for(lambda: LOCAL in kelvin.report(), kelvin.said)
    assert kelvin.end() == 0


@pytest.mark.parametrize("mode, learns", [(0, True), (2, True), (3, False)])
def test_answers_on_the_wire_are_learned_by_option(
    mode, learns, run_kelvin, tmp_path
):
    query = DNS(id=1, qd=DNSQR(qname="files.example"))
    answer = DNS(
        id=1,
        qr=1,
        qd=DNSQR(qname="files.example"),
        an=DNSRR(rrname="files.example", rdata=SERVER),
    )
    lines = captures.frames(
        [
            ether() / udp(dst="10.2.0.3", dport=53, data=query),
            ether() / udp(src="10.2.0.3", dst=CLIENT, sport=53, dport=40000,
                          data=answer),
            ether() / udp(),
        ]
    )
    path = captures.save(tmp_path / "dns.pcap", lines)
    report = run_kelvin(path, "-n", mode).report.text
    assert ("files.example" in report) == learns
