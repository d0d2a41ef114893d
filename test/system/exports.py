# exports: a kelvin that is fed flow by flow, and who takes its records.
# SPDX-License-Identifier: MIT

import json
import os
import re
import signal
import socket
import struct
import subprocess
import time

import captures
from conftest import quiet_environment
from running import PATIENCE, Running, wait_for
from web import free_ports

PREFIX = "kelvin_export_"
IDLE_S = 100  # of the packets' clock, longer than UDP flows live


def flow_key(number):
    """Addresses and port of the flow with this number."""
    return (
        f"10.{number >> 24 & 255}.{number >> 16 & 255}.1",
        f"10.{number >> 8 & 255}.{number & 255}.2",
        1024 + number % 50000,
    )


def key_of(record):
    return (
        record["IPV4_SRC_ADDR"],
        record["IPV4_DST_ADDR"],
        record["L4_SRC_PORT"],
    )


def packet(number, when):
    """A datagram of the flow with this number, in a capture file."""
    src, dst, port = flow_key(number)
    data = b"0123456789abcdefghij"
    udp = struct.pack(">HHHH", port, 9999, 8 + len(data), 0) + data
    head = struct.pack(
        ">BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0,
        socket.inet_aton(src), socket.inet_aton(dst),
    )
    frame = b"\2\0\0\0\0\2\2\0\0\0\0\1\x08\0" + head + udp
    return struct.pack("<IIII", when, 0, len(frame), len(frame)) + frame


class Fed(Running):
    """A kelvin that reads packets from a pipe as the test writes them.

    Each call of `flows` adds as many flows, all different. They end when the
    packets' clock goes on, which `settle` makes it do.
    """

    def __init__(self, offline, folder, *exports, first=0, prefix=(), **more):
        self.port = free_ports(1)[0]
        self.first = self.fed = first
        self.packets = 0  # that it has read, by the latest metrics
        self.when = captures.START
        words = ["-s", "-d", folder / "data", "-w", f":{self.port}", "-l", "1",
                 "-i", "-", "-v", "3", "--shutdown-when-done",
                 "-3", folder / "no-callbacks"]
        (folder / "no-callbacks").mkdir(exist_ok=True)
        for export in exports:
            words += ["-F", export]
        self.pipe, write_to = None, None
        reading, write_to = os.pipe()
        place = folder / f"run{first}"
        place.mkdir()
        super().__init__([*prefix, *offline(*words)], place, stdin=reading,
                         **more)
        os.close(reading)
        self.pipe = os.fdopen(write_to, "wb", buffering=0)
        self.write(captures.pcap([]))

    def write(self, data):
        while data:
            data = data[self.pipe.write(data) :]

    def flows(self, count, batch=5000):
        """Feed so many; all but the last one's batch end."""
        while count > 0:
            some = min(count, batch)
            self.when += IDLE_S
            self.write(b"".join(
                packet(self.fed + i, self.when) for i in range(some)
            ))
            self.fed += some
            count -= some

    def settle(self):
        """Let all flows so far end."""
        self.flows(1)
        wait_for(
            lambda: self.ended() >= self.fed - self.first - 1
            and self.packets == self.fed - self.first,
            lambda: f"{self.fed - 1} records, there are {self.sink()}",
        )

    def ended(self):
        """How many flows of this run the first sink was told of."""
        now = self.sink()
        return (now["records_total"] + now["filtered_records_total"]
                - now["recovered_records"])

    def metrics(self):
        """The counters of each sink by name; the sum is right."""
        with socket.create_connection(("127.0.0.1", self.port), 10) as one:
            one.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
            text = b"".join(iter(lambda: one.recv(65536), b"")).decode()
        self.packets = int(
            re.search(r"^kelvin_interface_packets_total\S* (\d+)$", text,
                      re.M)[1]
        )
        sinks = {}
        for name, sink, value in re.findall(
            rf'^{PREFIX}(\w+){{kind="\w+",sink="(\d+)"}} (\d+)$', text, re.M
        ):
            sinks.setdefault(int(sink), {})[name] = int(value)
        for counters in sinks.values():
            check_sum(counters)
        return sinks

    def sink(self, number=0):
        wait_for(self.is_up, self.said)
        return self.metrics()[number]

    def is_up(self):
        try:
            self.metrics()
        except OSError:
            return False
        return True

    def wait_sink(self, condition, number=0):
        wait_for(lambda: condition(self.sink(number)),
                 lambda: f"{self.sink(number)}\n{self.said()}")

    def finish(self, expect=0):
        """The end of the packets; all flows end."""
        self.pipe.close()
        assert self.process.wait(PATIENCE) == expect, self.said()

    def close(self):
        self.kill()
        self.pipe.close()


def check_sum(counters):
    dropped = sum(
        counters[f"{reason}_records_total"]
        for reason in ("refused", "lost", "rejected", "expired", "damaged")
    )
    assert counters["records_total"] == (
        counters["exported_records_total"]
        + counters["queued_records"]
        + counters["spooled_records"]
        + dropped
    ), counters


class Receiver:
    """A program that takes what comes to a port into a file."""

    def __init__(self, folder, port=None, name="received"):
        self.port = port or free_ports(1)[0]
        self.path = folder / name
        self.path.touch()
        self.process = None

    def command(self):
        return ["socat", "-u", f"TCP-LISTEN:{self.port},reuseaddr",
                f"OPEN:{self.path},append"]

    def start(self, prefix=()):
        assert self.process is None
        self.process = subprocess.Popen([*prefix, *self.command()])
        return self

    def listens(self):
        with open(f"/proc/{self.process.pid}/net/tcp") as table:
            return f":{self.port:04X} 00000000:0000 0A" in table.read()

    def wait_listens(self):
        wait_for(self.listens, f"a listener at {self.port}")
        return self

    def signal(self, number):
        self.process.send_signal(number)

    def kill(self):
        """As if its machine's memory went away: nothing is tidied up."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            if not self.path.read_bytes().endswith(b"\n"):
                with self.path.open("ab") as file:
                    file.write(b"\n")  # it would have, had it lived
        self.process = None

    def lines(self):
        text = self.path.read_bytes()
        assert b"\0" not in text
        return [line for line in text.split(b"\n") if line]

    def records(self):
        """Those that are whole; what a killed receiver left is not."""
        records = []
        for line in self.lines():
            try:
                records.append(json.loads(line))
            except ValueError:
                pass
        return records

    def keys(self):
        return {key_of(record) for record in self.records()}


def assert_all(records, first, count):
    """Each flow is there, and what is there twice is the same record."""
    got = {}
    for record in records:
        known = got.setdefault(record["FLOW_ID"], record)
        assert known == record, "two records with one FLOW_ID"
    keys = {key_of(record) for record in got.values()}
    wanted = {flow_key(number) for number in range(first, first + count)}
    assert len(got) == len(keys), "a flow under two FLOW_IDs"
    assert keys == wanted, (
        f"{len(wanted - keys)} missing, {len(keys - wanted)} strange"
    )
