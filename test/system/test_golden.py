# test_golden: kelvin, tshark and ndpiReader agree on real captures.
# SPDX-License-Identifier: MIT
"""Every file of ../shared/pcaps. What differs is listed by the test; what may
differ is in the tables below, each with its reason."""

from collections import Counter

import pytest

from references import directions, flows_of_records

CUT = "ndpiReader counts captured bytes, and drops what a snap length cut"
LIES = "ndpiReader believes or drops other broken headers"

# Files of which kelvin and tshark count IP packets differently: number of
# packets that kelvin has more in records, and why.
PACKETS_OUTSIDE_FLOWS = {}

# How many flows have other packets or bytes with ndpiReader, and why.
FLOWS_THAT_DIFFER = {
    "anydesk-2.pcap": (1, CUT),
    "fuzz-2006-09-29-28586.pcap": (5, LIES),
    "ja3_lots_of_cipher_suites_2_anon.pcap": (1, CUT),
    "ndpi_match_string_subprotocol__error.pcapng": (1, CUT),
    "synscan.pcap": (
        1,
        "ndpiReader counts the answers of one flow for its client",
    ),
}

# How many flows only kelvin and only ndpiReader has, and why.
FLOWS_OF_ONE = {
    "badpackets.pcap": (93, 0, CUT),
    "capwap.pcap": (
        1,
        0,
        "ndpiReader drops frames in CAPWAP that are not IP; for kelvin they "
        "are packets of the tunnel",
    ),
    "fuzz-2006-09-29-28586.pcap": (1, 1, LIES),
}

# Applications that differ: (file, ndpiReader's name, ours) and why.
NAMES_THAT_DIFFER = {
    ("ftp.pcap", "FTP_DATA", "Unknown"): (
        "nDPI guesses it from the first segment without payload, which it"
        " is not shown here"
    ),
    ("fuzz-2006-09-29-28586.pcap", "HTTP", "Unknown"): (
        "flipped bits: another port in one frame"
    ),
    ("tinc.pcap", "TINC", "Unknown"): (
        "nDPI learns the peers' UDP ports from the SYN, without payload"
    ),
}


def test_packets_and_bytes_are_tsharks(compared_file):
    frames = compared_file.frames
    report = compared_file.kelvin.report
    assert report.number("packets") == len(frames)
    size = sum(int(row["frame.len"]) for row in frames)
    assert report.number("bytes") == size


def test_every_ip_packet_is_in_a_record(compared_file):
    records = compared_file.kelvin.records
    found = sum(r["IN_PKTS"] + r["OUT_PKTS"] for r in records)
    wanted = sum(
        1 for row in compared_file.frames if row["ip.src"] or row["ipv6.src"]
    )
    more, _ = PACKETS_OUTSIDE_FLOWS.get(compared_file.path.name, (0, ""))
    assert found - wanted == more


def flow_differences(compared):
    """Flows that both have, with different counts."""
    ours = flows_of_records(compared.kelvin.records)
    for flow in ours.keys() & compared.ndpi.keys():
        theirs = compared.ndpi[flow]
        packets = directions(ours[flow], "*_PKTS")
        size = directions(ours[flow], "*_BYTES")
        if packets != theirs.packets or size != theirs.bytes:
            yield flow, (packets, size), (theirs.packets, theirs.bytes)


def test_flows_have_ndpireaders_packets_and_bytes(compared_file):
    found = list(flow_differences(compared_file))
    for flow, ours, theirs in found:
        print(f"{flow}: {ours}, ndpiReader {theirs}")
    name = compared_file.path.name
    assert len(found) == FLOWS_THAT_DIFFER.get(name, (0, ""))[0]


def test_flows_are_ndpireaders(compared_file):
    ours = flows_of_records(compared_file.kelvin.records).keys()
    theirs = compared_file.ndpi.keys()
    for flow in sorted(ours - theirs):
        print(f"only kelvin has {flow}")
    for flow in sorted(theirs - ours):
        print(f"only ndpiReader has {flow}")
    wanted = FLOWS_OF_ONE.get(compared_file.path.name, (0, 0, ""))[:2]
    assert (len(ours - theirs), len(theirs - ours)) == wanted


def test_applications_are_ndpireaders(compared):
    agreed, differences = 0, Counter()
    for file, one in compared.items():
        ours = flows_of_records(one.kelvin.records)
        for flow in ours.keys() & one.ndpi.keys():
            names = {record["L7_PROTO_NAME"] for record in ours[flow]}
            if names & one.ndpi[flow].names:
                agreed += 1
            else:
                pair = ("/".join(sorted(one.ndpi[flow].names)),
                        "/".join(sorted(names)))
                differences[(file, *pair)] += 1
    total = agreed + differences.total()
    for key, count in sorted(differences.items()):
        print(f"{key}: {count} ({NAMES_THAT_DIFFER.get(key, 'no reason')})")
    print(f"{agreed} of {total} applications agree")
    assert agreed >= 0.99 * total
    assert not differences.keys() - NAMES_THAT_DIFFER.keys()


@pytest.mark.parametrize(
    "name",
    ["4in4tunnel.pcap", "4in6tunnel.pcap", "6in4tunnel.pcap", "capwap.pcap"],
)
def test_tunnels_have_as_much_outside_as_inside(name, run_kelvin, compared):
    one = compared[name]
    outer = run_kelvin(one.path, "--tunnel-outer").records
    for key in ("PKTS", "BYTES"):
        outside, inside = (
            sum(r[f"IN_{key}"] + r[f"OUT_{key}"] for r in records)
            for records in (outer, one.kelvin.records)
        )
        assert outside == inside
