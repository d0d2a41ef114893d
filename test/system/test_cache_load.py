# test_cache_load: a thousand scripts wait for a Redis that hangs.
# SPDX-License-Identifier: MIT
"""Pages of a kelvin that watches the loopback meanwhile. Redis is one of this
test, stopped by SIGSTOP or asleep by DEBUG SLEEP."""

import re
import selectors
import shutil
import signal
import socket
import subprocess
import time

import pytest

import web
from conftest import ROOT
from running import wait_for
from test_redis import (  # noqa: F401 (fixtures)
    Redis, folder, needs_root, redis, start,
)

pytestmark = needs_root

RUNS = 1000
PER_ADDRESS = 50  # kelvin lets an address have 64 connections
OBSERVER = "127.0.7.7"
KIB_EACH = 200


class Pages:
    """A watching kelvin with a web server; its pages wait for Redis."""

    def __init__(self, start, redis, tmp_path):  # noqa: F811
        shutil.copytree(ROOT / "scripts", tmp_path / "scripts")
        (tmp_path / "scripts/lua/wait.lua").write_text(
            'print("[" .. ntop.getCache("key") .. "]")'
        )
        (self.port,) = web.free_ports(1)
        redis.start()
        redis.cli("set", "key", "value")
        self.kelvin = start("-r", f"unix:{redis.path}", "-l", "1", "-w",
                            f":{self.port}", "-2", tmp_path / "scripts")
        self.kelvin.wait_said("connected to")
        wait_for(lambda: self.answer("wait") == "[value]", self.kelvin.said)

    def ask(self, own, path):
        one = socket.socket()
        one.bind((own, 0))
        one.connect(("127.0.0.1", self.port))
        one.sendall(
            f"GET {path} HTTP/1.1\r\nHost: localhost\r\n"
            "Connection: close\r\n\r\n".encode()
        )
        return one

    def answer(self, name):
        with self.ask(OBSERVER, f"/lua/{name}.lua") as one:
            return web.Answer(web.drain(one)).text

    def metric(self, name):
        with self.ask(OBSERVER, "/metrics") as one:
            text = web.Answer(web.drain(one)).text
        return float(re.search(rf"^{re.escape(name)} (\S+)$", text, re.M)[1])

    def packets(self):
        return self.metric('kelvin_interface_packets_total{interface="lo"}')

    def resident(self):
        with open(f"/proc/{self.kelvin.pid}/status", encoding="ascii") as file:
            return int(re.search(r"VmRSS:\s+(\d+)", file.read())[1])

    def begin(self, count):
        """So many pages that wait, each on a connection of its own."""
        return [
            self.ask(f"127.0.9.{1 + i // PER_ADDRESS}", "/lua/wait.lua")
            for i in range(count)
        ]


@pytest.fixture
def pages(start, redis, tmp_path):  # noqa: F811
    return Pages(start, redis, tmp_path)


def drain_all(waiting, patience=60):
    """What each of them was answered."""
    texts = {one: b"" for one in waiting}
    end = time.monotonic() + patience
    with selectors.DefaultSelector() as selector:
        for one in waiting:
            one.setblocking(False)
            selector.register(one, selectors.EVENT_READ)
        while selector.get_map():
            assert time.monotonic() < end, "answers are missing"
            for key, _ in selector.select(1):
                data = key.fileobj.recv(65536)
                texts[key.fileobj] += data
                if not data:
                    selector.unregister(key.fileobj)
                    key.fileobj.close()
    return [web.Answer(text).text for text in texts.values()]


def test_a_thousand_wait_for_a_redis_that_is_stopped(
    pages, redis  # noqa: F811
):
    before = pages.resident()
    redis.send(signal.SIGSTOP)
    waiting = pages.begin(RUNS)
    wait_for(
        lambda: pages.metric("kelvin_script_waiting_runs") > RUNS * 9 / 10,
        lambda: pages.metric("kelvin_script_waiting_runs"),
    )
    each = (pages.resident() - before) / RUNS
    scripts = pages.metric("kelvin_script_memory_bytes") / 1024 / RUNS
    print(f"{each:.0f} KiB for a waiting page, {scripts:.0f} of it its script")
    assert each < KIB_EACH
    seen = pages.packets()
    pages.kelvin.talk(500)
    wait_for(lambda: pages.packets() >= seen + 500, "packets")
    # Within some seconds Redis counts as away; all pages are answered.
    assert set(drain_all(waiting)) == {"[]"}
    redis.send(signal.SIGCONT)
    wait_for(lambda: pages.answer("wait") == "[value]", pages.kelvin.said)
    assert pages.metric("kelvin_script_runs") == 0
    assert pages.kelvin.end() == 0


def test_a_thousand_wait_for_a_redis_that_sleeps(
    pages, redis  # noqa: F811
):
    """Not so long that it counts as away: each gets its value."""
    sleeper = subprocess.Popen(
        ["redis-cli", "-s", redis.path, "debug", "sleep", "3"],
        stdout=subprocess.DEVNULL,
    )
    time.sleep(0.2)
    waiting = pages.begin(RUNS)
    wait_for(
        lambda: pages.metric("kelvin_script_waiting_runs") > RUNS / 2,
        "pages that wait",
    )
    seen = pages.packets()
    pages.kelvin.talk(500)
    wait_for(lambda: pages.packets() >= seen + 500, "packets")
    assert set(drain_all(waiting)) == {"[value]"}
    assert sleeper.wait(10) == 0
    assert pages.kelvin.end() == 0
