# test_fetch_names: names of web servers, asked of a name server.
# SPDX-License-Identifier: MIT
"""dnsmasq and a web server at the far end of the cable of test_live; a script
at the near end, where /etc/resolv.conf names the far one."""

import json
import subprocess

import pytest

import captures
from captures import ether, udp
from conftest import quiet_environment, tool
from running import wait_for
from test_live import FAR, cable  # noqa: F401 (fixture)
from test_names import DNSMASQ

PORT = 8080
SERVE = f"""
import http.server
print("ready", flush=True)
http.server.HTTPServer(("{FAR}", {PORT}),
    http.server.SimpleHTTPRequestHandler).serve_forever()
"""
RECORDS = [
    f"web.example,{FAR}",
    # Nobody is at the first of them: it is a network of its own.
    f"both.example,{FAR},fd00:77::2",
    "gone.example,10.77.0.99",
]


@pytest.fixture
def names(cable, tmp_path):  # noqa: F811
    """A name server and a web server."""
    if DNSMASQ is None:
        pytest.skip("skipped: dnsmasq is not installed")
    log = tmp_path / "dnsmasq.log"
    cable.helpers.append(
        subprocess.Popen(
            cable.command(
                DNSMASQ,
                *["--keep-in-foreground", "--no-resolv", "--no-hosts"],
                *["--conf-file=/dev/null", "--pid-file=", "--user=root"],
                *["--log-async=0", "--log-queries", f"--log-facility={log}"],
                *[f"--host-record={record}" for record in RECORDS],
                f"--listen-address={FAR}",
                far=True,
            ),
            stderr=subprocess.DEVNULL,
        )
    )
    wait_for(lambda: log.exists() and "started" in log.read_text(), "dnsmasq")
    cable.serve("/usr/bin/python3", "-u", "-c", SERVE)
    return log


@pytest.fixture
def get(cable, names, offline, tmp_path):  # noqa: F811
    """httpGet() of a host; @return its status, or why there is none."""
    tool("mount")
    capture = captures.save(
        tmp_path / "in.pcap", captures.frames([ether() / udp()])
    )
    resolv, script = tmp_path / "resolv.conf", tmp_path / "script.lua"
    resolv.write_text(f"nameserver {FAR}\n")

    def get(host, seconds=10):
        url = json.dumps(f"http://{host}:{PORT}/")
        script.write_text(
            f"local t, why = ntop.httpGet({url}, '', '', {seconds}) "
            "print(t and t.RESPONSE_CODE or why)"
        )
        done = subprocess.run(
            cable.command(
                "sh", "-c",
                'mount --bind "$0" /etc/resolv.conf && exec "$@"', resolv,
                *offline("-s", "-n", "3", "-i", capture, "--run", script),
            ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            env=quiet_environment(),
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    return get


def test_a_name_is_looked_up(get, names):
    assert get("web.example") == "200"
    asked = names.read_text().lower()  # it mixes cases against forgers
    assert "query[a] web.example" in asked
    assert "query[aaaa] web.example" in asked


def test_a_host_of_both_families_is_reached(get):
    assert get("both.example") == "200"


def test_no_such_name(get):
    assert get("none.example") == "none.example: no such host"


def test_nobody_is_there(get):
    assert get("gone.example", 2) in (
        "gone.example: no answer within 2 s",
        "gone.example: No route to host",
    )


def test_a_name_server_that_is_silent(cable, names, get):  # noqa: F811
    cable.helpers[0].kill()
    cable.helpers[0].wait()
    cable.serve(
        "/usr/bin/python3", "-u", "-c",
        "import socket; one = socket.socket(socket.AF_INET, "
        f"socket.SOCK_DGRAM); one.bind(('{FAR}', 53)); print('ready', "
        "flush=True); [one.recv(999) for _ in iter(int, 1)]",
    )
    assert get("web.example", 1) == "web.example: no answer within 1 s"
