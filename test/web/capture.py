#!/usr/bin/python3
# capture: some traffic for a browser to look at. SPDX-License-Identifier: MIT
"""Usage: capture.py FILE

Two local hosts, one of them with names that browsers must not take for markup,
ask a server over HTTP, TLS and DNS; the figures are the same in each run.
"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "system"))

import captures  # noqa: E402
from scapy.layers.dns import DNS, DNSQR, DNSRR  # noqa: E402

HOSTILE = b"<img src=x onerror=alert(1)>"


def web_requests():
    request = captures.HTTP_REQUEST.replace(b"probe/1", HOSTILE).replace(
        b"/lua/first", b"/" + HOSTILE.replace(b" ", b"+"))
    return captures.conversation((request, captures.HTTP_RESPONSE), dport=80)


def tls():
    hello = captures.client_hello(b"mail.example.org")
    return captures.conversation(
        (hello, captures.server_hello()), client="10.1.0.7", sport=40001,
        dport=443, at=1.0)


def dns(name, address, at):
    question = DNS(id=7, rd=1, qd=DNSQR(qname=name))
    answer = DNS(id=7, qr=1, qd=DNSQR(qname=name),
                 an=DNSRR(rrname=name, rdata=address))
    there = captures.udp(dport=53, data=b"") / question
    back = captures.udp(src=captures.SERVER, dst=captures.CLIENT, sport=53,
                        dport=40000, data=b"") / answer
    return [captures.frame(captures.ether() / there, at),
            captures.frame(captures.ether() / back, at + 0.01)]


def main(path):
    frames = (web_requests() + tls() + dns(HOSTILE, "10.2.0.9", 2.0)
              + dns(b"www.example.org", captures.SERVER, 2.1))
    captures.save(pathlib.Path(path), sorted(frames, key=lambda f: f.when))


if __name__ == "__main__":
    main(sys.argv[1])
