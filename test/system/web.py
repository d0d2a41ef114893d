# web: a kelvin with a web server, and requests as raw as needed.
# SPDX-License-Identifier: MIT

import contextlib
import gzip
import pathlib
import re
import socket
import ssl
import time

import captures
from running import PATIENCE, Running

# What is below the html directory of a Site.
FILES = {
    "css/page.css": b"body { color: black }\n",
    "js/app.3f9a0c12.js": b"let x = 1;\n" * 1000,
    "js/large.js": bytes(range(32, 127)) * 20000,
    "img/dot.svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>\n",
    "img/icon.svg": b"<svg xmlns='http://www.w3.org/2000/svg' id='i'/>\n",
    "top.txt": b"0123456789" * 10,
    "css/.hidden": b"hidden",
    "empty.txt": b"",
}

# On every answer, whatever it is.
COMMON = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
}


def free_ports(count):
    """Ports of the loopback that nobody has; all differ."""
    with contextlib.ExitStack() as stack:
        ports = []
        for _ in range(count):
            one = stack.enter_context(socket.socket())
            one.bind(("127.0.0.1", 0))
            ports.append(one.getsockname()[1])
    return ports


class Answer:
    """One answer, parsed; chunks and gzip are undone."""

    def __init__(self, raw, has_body=True):
        head, _, rest = raw.partition(b"\r\n\r\n")
        line, *fields = head.decode("latin-1").split("\r\n")
        assert re.match(r"HTTP/1\.[01] \d{3} \S", line), raw[:200]
        self.status = int(line.split()[1])
        self.fields = [tuple(f.split(": ", 1)) for f in fields]
        self.headers = {name.lower(): value for name, value in self.fields}
        length = int(self.headers.get("content-length", len(rest)))
        if self.status in (204, 304):
            length = 0
        chunked = self.headers.get("transfer-encoding") == "chunked"
        if not has_body:
            self.body, self.rest = b"", rest
        elif chunked:
            self.body, self.rest = unchunk(rest)
        else:
            self.body, self.rest = rest[:length], rest[length:]
            if "content-length" in self.headers:
                assert len(self.body) == length, "the body is cut"
        self.packed = self.body
        if self.headers.get("content-encoding") == "gzip" and self.body:
            self.body = gzip.decompress(self.body)

    @property
    def text(self):
        return self.body.decode()


def unchunk(data):
    body = b""
    while True:
        line, _, data = data.partition(b"\r\n")
        size = int(line, 16)
        if size == 0:
            assert data[:2] == b"\r\n"
            return body, data[2:]
        assert data[size : size + 2] == b"\r\n"
        body, data = body + data[:size], data[size + 2 :]


class Site:
    """A running kelvin that has read a small capture."""

    def __init__(self, offline, folder, *more, tls=False,
                 needs_login=False):
        self.html = folder / "html"
        for name, content in FILES.items():
            path = self.html / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        capture = captures.save(
            folder / "some.pcap",
            captures.frames([captures.ether() / captures.udp()]),
        )
        self.port, self.tls_port = free_ports(2)
        # -s: another user may not look into this folder.
        self.data = folder / "data"
        words = ["-s", "-d", self.data, "-i", capture,
                 "-1", self.html, "-w", f":{self.port}"]
        if not needs_login and "-l" not in more:
            words += ["-l", "0"]
        if tls:
            words += ["-W", f":{self.tls_port}"]
        self.kelvin = Running(offline(*words, *more), folder)
        self.kelvin.wait_said("some.pcap")
        assert self.kelvin.process.poll() is None, self.kelvin.said()

    def close(self):
        assert self.kelvin.end() == 0, self.kelvin.said()

    def connect(self, own="127.0.0.1", tls=None):
        port = self.tls_port if tls else self.port
        end = time.monotonic() + PATIENCE
        while True:
            try:
                one = socket.create_connection(
                    ("127.0.0.1", port), PATIENCE, (own, 0)
                )
                break
            except ConnectionRefusedError:
                assert time.monotonic() < end, self.kelvin.said()
                time.sleep(0.02)
        return tls.wrap_socket(one) if tls else one

    def raw(self, data, **more):
        """Send this, and no more; all that comes until the end."""
        with self.connect(**more) as one:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                one.sendall(data)
            return drain(one)

    def ask(self, path, method="GET", headers=(), body=b"", **more):
        host = () if any(h.lower().startswith("host:") for h in headers) else (
            "Host: localhost",)
        lines = [f"{method} {path} HTTP/1.1", *host,
                 "Connection: close", *headers]
        if body:
            lines.append(f"Content-Length: {len(body)}")
        head = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"
        return Answer(self.raw(head + body, **more), method != "HEAD")

    def metric(self, name):
        found = re.search(rf"^{re.escape(name)} (\S+)$",
                          self.ask("/metrics").text, re.M)
        assert found, name
        return float(found[1])

    def resident(self):
        """KiB."""
        status = pathlib.Path(f"/proc/{self.kelvin.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1])


def drain(one):
    data = b""
    with contextlib.suppress(ConnectionResetError, ssl.SSLError):
        while chunk := one.recv(65536):
            data += chunk
    return data


def no_verify(minimum=None, maximum=None):
    """A TLS client that takes any certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if minimum:
        context.minimum_version = minimum
    if maximum:
        context.maximum_version = maximum
    return context
