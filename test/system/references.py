# references: what tshark and ndpiReader say of a capture.
# SPDX-License-Identifier: MIT
"""Both programs, and kelvin, run once per file of ../shared/pcaps; the tests
compare. Flows are known by protocol and both ends in order, so that neither
side's idea of a client matters, nor where it ends one flow and begins the
next; direction is by the end that sends.
"""

import csv
import ipaddress
import subprocess
from collections import Counter, defaultdict, namedtuple
from concurrent.futures import ThreadPoolExecutor

Flow = namedtuple("Flow", "protocol low high")


def address(text):
    """As ndpiReader writes it: of each `:0:` only `::` is left."""
    if ":" not in text:
        return text
    text = str(ipaddress.ip_address(text))
    out = ""
    while text:
        step = 3 if text.startswith(":0:") else 1
        out += "::" if step == 3 else text[0]
        text = text[step:]
    return out


def flow_of(protocol, one, other):
    """The flow of two (address, port) ends."""
    low, high = sorted([one, other])
    return Flow(protocol, low, high)


# kelvin


def ends_of(record):
    version = "IPV6" if "IPV6_SRC_ADDR" in record else "IPV4"
    return (
        (address(record[f"{version}_SRC_ADDR"]), record["L4_SRC_PORT"]),
        (address(record[f"{version}_DST_ADDR"]), record["L4_DST_PORT"]),
    )


def flows_of_records(records):
    """Records by flow."""
    flows = defaultdict(list)
    for record in records:
        client, server = ends_of(record)
        flows[flow_of(record["PROTOCOL"], client, server)].append(record)
    return flows


def directions(records, key):
    """Sum of a pair of keys, such as IN_PKTS and OUT_PKTS, by sending end."""
    sums = Counter()
    for record in records:
        client, server = ends_of(record)
        sums[client] += record.get(key.replace("*", "IN"), 0)
        sums[server] += record.get(key.replace("*", "OUT"), 0)
    return sums


# ndpiReader

NdpiFlow = namedtuple("NdpiFlow", "names packets bytes")


def ndpi_flows(program, path, folder):
    """Flow to application names, packets and bytes by sending end."""
    out = folder / f"{path.name}.csv"
    subprocess.run(
        [program, "-v", "2", "-t", "-i", str(path), "-C", str(out)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
        timeout=120,
    )
    flows = {}
    with out.open(encoding="utf-8", errors="replace", newline="") as lines:
        rows = csv.reader(lines, quoting=csv.QUOTE_NONE)
        header = next(rows)
        sni = header.index("server_name_sni")
        for row in rows:
            add_ndpi_row(flows, row, sni)
    return flows


def add_ndpi_row(flows, row, sni):
    client, server = (row[5], int(row[6])), (row[7], int(row[8]))
    flow = flow_of(int(row[1]), client, server)
    # Names of servers are not quoted: they may have commas.
    start = sni + 1
    while not all(cell.isdigit() for cell in row[start : start + 6]):
        start += 1
    there, size_there, _, back, size_back, _ = map(int, row[start : start + 6])
    seen = flows.setdefault(flow, NdpiFlow(set(), Counter(), Counter()))
    seen.names.add(row[10])
    seen.packets[client] += there
    seen.packets[server] += back
    seen.bytes[client] += size_there
    seen.bytes[server] += size_back


# tshark

FIELDS = [
    "frame.len",
    "ip.src",
    "ip.dst",
    "ip.proto",
    "ipv6.src",
    "ipv6.dst",
    "tcp.srcport",
    "tcp.dstport",
    "tcp.stream",
    "tcp.flags",
    "icmp.type",
    "icmpv6.type",
    "tcp.analysis.retransmission",
    "tcp.analysis.fast_retransmission",
    "tcp.analysis.spurious_retransmission",
    "tcp.analysis.out_of_order",
    "tcp.analysis.lost_segment",
    "tcp.analysis.initial_rtt",
]


def tshark_frames(program, path):
    """For each frame the innermost value of each field, as text."""
    command = [program, "-n", "-r", str(path), "-T", "fields"]
    command += ["-E", "occurrence=l", "-E", "separator=/t"]
    for field in FIELDS:
        command += ["-e", field]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    return [
        dict(zip(FIELDS, line.split("\t")))
        for line in done.stdout.splitlines()
    ]


class TcpFlow:
    """Marks by sending end, and the initial round-trip times in ms."""

    def __init__(self):
        self.retransmitted = Counter()
        self.out_of_order = Counter()
        self.lost = Counter()
        self.round_trips = {}
        self.answered = set()  # streams with a SYN-ACK


def tshark_tcp(frames):
    """Flow to what tshark's analysis says of it."""
    flows = defaultdict(TcpFlow)
    for row in frames:
        if not row["tcp.stream"] or row["icmp.type"] or row["icmpv6.type"]:
            continue
        inner_v6 = row["ipv6.src"] and row["ip.proto"] in ("", "41")
        version = "ipv6" if inner_v6 else "ip"
        source = (address(row[f"{version}.src"]), int(row["tcp.srcport"]))
        target = (address(row[f"{version}.dst"]), int(row["tcp.dstport"]))
        flow = flows[flow_of(6, source, target)]
        marks = {key[13:] for key in FIELDS[12:] if row[key]}
        flow.retransmitted[source] += bool(
            marks
            & {
                "retransmission",
                "fast_retransmission",
                "spurious_retransmission",
            }
        )
        flow.out_of_order[source] += "out_of_order" in marks
        flow.lost[source] += "lost_segment" in marks
        flags = int(row["tcp.flags"] or "0", 16)
        if flags & 0x12 == 0x12:
            flow.answered.add(row["tcp.stream"])
        # Without a SYN-ACK tshark takes whatever comes after the SYN, such as
        # a RST: a round trip, but not that of a handshake.
        if row["tcp.analysis.initial_rtt"] and (
            row["tcp.stream"] in flow.answered
        ):
            flow.round_trips[row["tcp.stream"]] = 1000 * float(
                row["tcp.analysis.initial_rtt"]
            )
    return flows


# All files at once

Compared = namedtuple("Compared", "path kelvin ndpi frames")


def compare_all(paths, run_kelvin, ndpi_reader, tshark, folder):
    """Run the three programs on each file, two files at a time."""

    def compare(path):
        return Compared(
            path,
            run_kelvin(path, expect=(0, 1)),
            ndpi_flows(ndpi_reader, path, folder),
            tshark_frames(tshark, path),
        )

    with ThreadPoolExecutor(2) as pool:
        return {c.path.name: c for c in pool.map(compare, paths)}
