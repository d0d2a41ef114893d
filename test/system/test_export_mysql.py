# test_export_mysql: records in the tables of a real MariaDB.
# SPDX-License-Identifier: MIT

import json
import shutil
import signal
import socket
import subprocess

import pytest

import captures
from conftest import tool
from exports import Fed, flow_key
from running import wait_for

PASSWORD = "it's \\ a \"secret\""


class MariaDb:
    """A server of its own: data, socket and port."""

    def __init__(self, folder, port):
        self.folder = folder / "db"
        self.folder.mkdir()
        self.socket = self.folder / "s"
        self.port = port
        self.process = None
        installer = tool("mariadb-install-db")
        self.server = shutil.which("mariadbd", path="/usr/sbin:/usr/bin")
        subprocess.run(
            [installer, "--no-defaults", f"--datadir={self.folder}/data",
             "--auth-root-authentication-method=normal", "--skip-test-db"],
            check=True, capture_output=True,
        )

    def start(self):
        self.process = subprocess.Popen(
            [self.server, "--no-defaults", f"--datadir={self.folder}/data",
             f"--socket={self.socket}", f"--port={self.port}", "--user=root",
             "--bind-address=127.0.0.1", f"--pid-file={self.folder}/pid"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        wait_for(self.answers, "MariaDB")

    def run(self, sql, database=""):
        return subprocess.run(
            ["mariadb", "--no-defaults", f"--socket={self.socket}", "-u",
             "root", "-N", "-B", "-r", "-e", sql, database],
            capture_output=True, text=True,
        )

    def answers(self):
        return self.run("SELECT 1").returncode == 0

    def ask(self, sql, database="flows"):
        done = self.run(sql, database)
        assert done.returncode == 0, done.stderr
        return [line.split("\t") for line in done.stdout.splitlines()]

    def kill(self):
        if self.process is not None:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
            self.process.wait()
        self.process = None


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    from web import free_ports

    one = MariaDb(tmp_path_factory.mktemp("maria"), free_ports(1)[0])
    one.start()
    quoted = PASSWORD.replace("\\", "\\\\").replace("'", "\\'")
    one.ask(f"CREATE USER kelvin@'%' IDENTIFIED BY '{quoted}'", "")
    one.ask("GRANT ALL ON flows.* TO kelvin@'%'", "")
    yield one
    one.kill()


@pytest.fixture
def maria(installed):
    """Running, and without the database."""
    if installed.process is None:
        installed.start()
    installed.ask("DROP DATABASE IF EXISTS flows", "")
    return installed


@pytest.fixture
def fed(offline, tmp_path):
    running = []

    def start(*exports, **more):
        running.append(Fed(offline, tmp_path, *exports, **more))
        return running[-1]

    yield start
    for one in running:
        one.close()


@pytest.fixture
def spec(maria, tmp_path):
    (tmp_path / "password").write_text(PASSWORD)
    return f"mysql;{maria.socket};flows;flows;kelvin;@{tmp_path}/password"


def flows_in(maria):
    return {
        (src, dst, int(port))
        for src, dst, port in maria.ask(
            "SELECT INET_NTOA(IP_SRC_ADDR), INET_NTOA(IP_DST_ADDR), "
            "L4_SRC_PORT FROM flowsv4"
        )
    }


def keys(numbers):
    return {flow_key(number) for number in numbers}


def test_rows_say_what_records_say(fed, maria, spec, tmp_path):
    kelvin = fed(spec, f"file;{tmp_path}/flows.json")
    connection = captures.Tcp("fd00::1", "fd00::2")
    connection.send("c", "S")
    kelvin.write(captures.pcap(connection.frames)[24:])
    kelvin.flows(3000)
    kelvin.finish()
    records = [json.loads(line) for line in
               (tmp_path / "flows.json").read_text().splitlines()]
    rows = maria.ask(
        "SELECT FLOW_ID, VLAN_ID, L7_PROTO, INET_NTOA(IP_SRC_ADDR), "
        "L4_SRC_PORT, INET_NTOA(IP_DST_ADDR), L4_DST_PORT, PROTOCOL, IN_BYTES,"
        " OUT_BYTES, PACKETS, FIRST_SWITCHED, LAST_SWITCHED, "
        "NTOPNG_INSTANCE_NAME, JSON FROM flowsv4"
    )
    assert len(rows) == 3000
    by_id = {row[0]: row for row in rows}
    for record in records:
        if "IPV6_SRC_ADDR" in record:
            continue
        row = by_id[record["FLOW_ID"]]
        assert json.loads(row[-1]) == record
        assert row[1:-1] == [
            str(record.get(key, 0))
            for key in ("SRC_VLAN", "L7_PROTO", "IPV4_SRC_ADDR",
                        "L4_SRC_PORT", "IPV4_DST_ADDR", "L4_DST_PORT",
                        "PROTOCOL", "IN_BYTES", "OUT_BYTES")
        ] + [str(record["IN_PKTS"] + record["OUT_PKTS"])] + [
            str(record[key]) for key in ("FIRST_SWITCHED", "LAST_SWITCHED",
                                         "NTOPNG_INSTANCE_NAME")
        ]
    assert maria.ask("SELECT IP_SRC_ADDR, IP_DST_ADDR FROM flowsv6") == [
        ["fd00::1", "fd00::2"]
    ]


def test_hostile_texts_stay_texts(fed, maria, spec):
    url = "/'; DROP TABLE flowsv4; -- \\' %s \" \u00e9"
    connection = captures.Tcp(dport=80)
    connection.send("c", "S")
    connection.send("s", "SA")
    connection.send("c", "A")
    connection.send(
        "c", "PA",
        f"GET {url.replace(' ', '+')} HTTP/1.1\r\nHost: a'b\\\r\n\r\n".encode(),
    )
    connection.send("s", "PA", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    kelvin = fed(spec)
    kelvin.write(captures.pcap(connection.frames)[24:])
    kelvin.finish()
    [[info, text]] = maria.ask("SELECT INFO, JSON FROM flowsv4")
    record = json.loads(text)
    assert info == (record.get("HTTP_HOST", "") + record["HTTP_URL"])[:255]
    assert "DROP" in info


def test_older_tables_get_what_they_lack(fed, maria, spec):
    maria.ask("CREATE DATABASE flows", "")
    maria.ask(
        "CREATE TABLE flowsv4 (idx int(11) auto_increment, VLAN_ID smallint "
        "unsigned, L7_PROTO smallint unsigned, IP_SRC_ADDR int unsigned, "
        "L4_SRC_PORT smallint unsigned, IP_DST_ADDR int unsigned, L4_DST_PORT "
        "smallint unsigned, PROTOCOL tinyint unsigned, PACKETS int unsigned, "
        "FIRST_SWITCHED int unsigned, LAST_SWITCHED int unsigned, INFO "
        "varchar(255), JSON blob, NTOPNG_INSTANCE_NAME varchar(256), KEY "
        "(idx, IP_SRC_ADDR)) ENGINE=MyISAM DEFAULT CHARSET=utf8 PARTITION BY "
        "HASH (FIRST_SWITCHED) PARTITIONS 8"
    )
    maria.ask("INSERT INTO flowsv4 (INFO) VALUES ('old')")
    kelvin = fed(spec)
    kelvin.flows(100)
    kelvin.finish()
    assert maria.ask("SELECT COUNT(*), SUM(IN_BYTES) FROM flowsv4") == [
        ["101", "6200"]
    ]


def test_wrong_password_is_told_and_nothing_lost(fed, maria, spec, tmp_path):
    wrong = fed(f"mysql;{maria.socket};flows;flows;kelvin;no-such-secret")
    wrong.flows(100)
    wrong.settle()
    wrong.wait_said("Access denied for user 'kelvin'")
    wrong.wait_sink(lambda now: now["spooled_records"] == 100)
    wrong.kill()
    assert "no-such-secret" not in wrong.said()
    right = fed(spec, first=200)
    right.flows(100)
    right.finish()
    assert flows_in(maria) == keys([*range(100), *range(200, 300)])


def test_server_killed_in_mid_stream(fed, maria, spec):
    kelvin = fed(spec)
    for _ in range(2):
        kelvin.flows(3000)
        kelvin.settle()
        wait_for(lambda: maria.run("SELECT 1 FROM flowsv4 LIMIT 1",
                                   "flows").stdout != "", "some rows")
        maria.kill()
        kelvin.flows(1000)
        kelvin.settle()
        assert kelvin.sink()["failing"] in (0, 1)
        maria.start()
    kelvin.wait_sink(lambda now: now["queued_records"]
                     + now["spooled_records"] == 0)
    kelvin.finish()
    assert maria.ask("SELECT COUNT(*) FROM flowsv4") == [[str(kelvin.fed)]]
    assert flows_in(maria) == keys(range(kelvin.fed))


def test_server_that_hangs_holds_up_nothing(fed, maria, spec):
    kelvin = fed(spec)
    kelvin.flows(1000)
    kelvin.settle()
    kelvin.wait_sink(lambda now: now["exported_records_total"] == 1000)
    maria.process.send_signal(signal.SIGSTOP)
    kelvin.flows(4000)
    kelvin.settle()
    kelvin.wait_sink(lambda now: now["spooled_records"] >= 4000)
    maria.process.send_signal(signal.SIGCONT)
    kelvin.wait_sink(lambda now: now["spooled_records"] == 0)
    kelvin.finish()
    assert flows_in(maria) == keys(range(kelvin.fed))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_restart_in_an_outage(fed, maria, spec, number):
    maria.kill()
    kelvin = fed(spec)
    kelvin.flows(5000)
    kelvin.settle()
    kelvin.wait_sink(lambda now: now["spooled_records"] == 5000)
    kelvin.end(number)
    second = fed(spec, first=kelvin.fed)
    maria.start()
    second.flows(10)
    second.settle()
    second.wait_sink(lambda now: now["queued_records"]
                     + now["spooled_records"] == 0)
    second.finish()
    alive = {5000} if number == signal.SIGKILL else set()
    assert flows_in(maria) == keys(set(range(5012)) - alive)


def test_over_tcp(fed, maria, tmp_path, spec):
    kelvin = fed(spec.replace(str(maria.socket), "127.0.0.1")
                 + f";port={maria.port}")
    kelvin.flows(100)
    kelvin.finish()
    assert flows_in(maria) == keys(range(100))


def packet_of(number, body):
    return len(body).to_bytes(3, "little") + bytes([number]) + body


class Rogue:
    """Greets as a server, then asks for what is none of its business."""

    def __init__(self):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.heard = b""

    def accept(self):
        peer, _ = self.socket.accept()
        peer.settimeout(20)
        peer.sendall(packet_of(
            0, b"\x0a8.0.30\0" + b"\1\0\0\0" + b"12345678\0" + b"\xff\xf7"
            + b"\x2d\2\0" + b"\xff\xc1" + b"\x15" + bytes(10)
            + b"123456789012\0" + b"mysql_native_password\0"))
        self.hear(peer)
        return peer

    def hear(self, peer):
        try:
            some = peer.recv(65536)
        except ConnectionResetError:
            some = b""
        self.heard += some
        return some


# The library knows ways to log in that tell a server the password as it is,
# or ask at the terminal, which is one more way to wait.
@pytest.mark.parametrize("way", [b"mysql_clear_password", b"dialog"])
def test_server_cannot_choose_a_worse_login(fed, way):
    rogue = Rogue()
    with rogue.socket:
        kelvin = fed(f"mysql;127.0.0.1;flows;flows;kelvin;very-secret;"
                     f"port={rogue.port}")
        with rogue.accept() as peer:
            peer.sendall(packet_of(2, b"\xfe" + way + b"\0\4Your word?\0"))
            while rogue.hear(peer):
                continue
        assert b"very-secret" not in rogue.heard
        kelvin.flows(10)
        kelvin.settle()
        kelvin.kill()


def test_server_gets_no_files(fed, tmp_path):
    secret = tmp_path / "other"
    secret.write_text("of-this-machine")
    rogue = Rogue()
    with rogue.socket:
        kelvin = fed(f"mysql;127.0.0.1;flows;flows;kelvin;very-secret;"
                     f"port={rogue.port}")
        with rogue.accept() as peer:
            peer.sendall(packet_of(2, b"\0\0\0\2\0\0\0"))
            rogue.hear(peer)
            peer.sendall(packet_of(1, b"\xfb" + str(secret).encode()))
            rogue.hear(peer)
        kelvin.kill()
    assert b"of-this-machine" not in rogue.heard
