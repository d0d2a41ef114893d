# test_export_syslog: records as messages, as rsyslog reads them.
# SPDX-License-Identifier: MIT

import json
import shutil
import signal
import socket
import subprocess

import pytest

from conftest import tool
from exports import Fed, Receiver, assert_all
from running import wait_for

CONFIG = """
global(workDirectory="{folder}" maxMessageSize="64k")
module(load="imtcp" StreamDriver.Name="ptcp" StreamDriver.Mode="0")
module(load="imudp")
module(load="mmjsonparse")
input(type="imtcp" address="127.0.0.1" port="{port}" ruleset="flows")
input(type="imudp" address="127.0.0.1" port="{port}" ruleset="flows"
      rcvbufSize="4m")
template(name="fields" type="list") {{
    property(name="$!all-json") constant(value="\\n")
}}
template(name="heads" type="string"
         string="%pri% %protocol-version% %app-name% %msgid% %hostname%\\n")
ruleset(name="flows") {{
    action(type="mmjsonparse" cookie="" {more})
    if $parsesuccess == "OK" then {{
        action(type="omfile" file="{out}" template="fields"
               asyncWriting="off" flushOnTXEnd="on")
        action(type="omfile" file="{out}.heads" template="heads")
    }} else
        action(type="omfile" file="{out}.bad")
}}
"""


class Rsyslog(Receiver):
    """Parses the JSON of what comes over TCP and UDP."""

    more = ""

    def command(self):
        folder = self.path.parent
        config = folder / "rsyslog.conf"
        config.write_text(CONFIG.format(folder=folder, port=self.port,
                                        out=self.path, more=self.more))
        return [tool("rsyslogd"), "-n", "-f", config, "-i",
                folder / "rsyslog.pid"]


@pytest.fixture
def rsyslog(tmp_path):
    tool("rsyslogd")
    one = Rsyslog(tmp_path)
    yield one
    one.kill()


@pytest.fixture
def fed(offline, tmp_path):
    running = []

    def start(*exports, **more):
        running.append(Fed(offline, tmp_path, *exports, **more))
        return running[-1]

    yield start
    for one in running:
        one.close()


@pytest.mark.parametrize("protocol", ["tcp", "udp"])
def test_rsyslog_parses_each_record(fed, rsyslog, protocol):
    rsyslog.start().wait_listens()
    kelvin = fed(f"syslog;127.0.0.1;{protocol};{rsyslog.port}")
    kelvin.flows(300)
    kelvin.finish()
    wait_for(lambda: len(rsyslog.lines()) == 300, "all messages")
    assert_all(rsyslog.records(), 0, 300)
    record = rsyslog.records()[0]
    assert isinstance(record["IN_BYTES"], int)
    head = (rsyslog.path.parent / f"{rsyslog.path.name}.heads").read_text()
    assert head.splitlines()[0] == f"134 1 kelvin flow {socket.gethostname()}"


def test_rsyslog_takes_the_lines_for_logstash(fed, rsyslog):
    rsyslog.more = 'useRawMsg="on"'
    rsyslog.start().wait_listens()
    kelvin = fed(f"logstash;127.0.0.1;tcp;{rsyslog.port}")
    kelvin.flows(20000)
    kelvin.finish()
    wait_for(lambda: len(rsyslog.lines()) == 20000, "all lines")
    assert_all(rsyslog.records(), 0, 20000)


def test_rsyslog_killed_in_mid_stream(fed, rsyslog):
    rsyslog.start().wait_listens()
    kelvin = fed(f"syslog;127.0.0.1;tcp;{rsyslog.port}")
    kelvin.flows(5000)
    kelvin.settle()
    wait_for(lambda: len(rsyslog.lines()) > 100, "some lines")
    rsyslog.kill()
    kelvin.flows(5000)
    kelvin.settle()
    kelvin.wait_sink(lambda now: now["failing"] == 1)
    rsyslog.start().wait_listens()
    kelvin.wait_sink(lambda now: now["spooled_records"] == 0)
    kelvin.finish()
    wait_for(lambda: len(rsyslog.keys()) == 10002, "all flows")
    assert_all(rsyslog.records(), 0, 10002)


def test_local_syslog(fed, tmp_path, offline, kelvin):
    """In a mount namespace, where /dev/log is ours."""
    if subprocess.run(["unshare", "-m", "true"],
                      capture_output=True).returncode != 0:
        pytest.skip("skipped: namespaces need root")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as one:
        one.bind(str(tmp_path / "log"))
        one.settimeout(20)
        script = (
            f"mount -t tmpfs tmpfs /dev && ln -s {tmp_path}/log /dev/log && "
            'mknod -m 666 /dev/null c 1 3 && mknod -m 666 /dev/urandom c 1 9'
            ' && exec "$@"'
        )
        running = fed("syslog", prefix=["unshare", "-m", "sh", "-ec", script,
                                        "sh"])
        running.flows(50)
        running.pipe.close()
        records = []
        for _ in range(50):
            message = one.recv(65536).decode()
            assert message.startswith("<134>")
            head, _, json_text = message.partition("]: ")
            assert head.split()[-1].startswith("kelvin[")
            records.append(json.loads(json_text))
        assert running.process.wait(30) == 0
    assert_all(records, 0, 50)
