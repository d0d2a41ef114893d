# test_golden: kelvin, tshark and ndpiReader agree on real captures.
# SPDX-License-Identifier: MIT
"""Every file of ../shared/pcaps. What differs is listed by the test; what may
differ is in the tables below, each with its reason."""

from collections import Counter

import pytest

from references import directions, flows_of_records

# Files of which kelvin and tshark count IP packets differently: number of
# packets that kelvin has more in records, and why.
PACKETS_OUTSIDE_FLOWS = {}

# Flows whose packets or bytes differ from ndpiReader's: (file, protocol or
# None for all) and why.
FLOWS_THAT_DIFFER = {}

# Applications that differ: (file, ndpiReader's name, ours) and why.
NAMES_THAT_DIFFER = {}


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
    name = compared_file.path.name
    found = []
    for flow, ours, theirs in flow_differences(compared_file):
        accepted = {(name, flow.protocol), (name, None)}
        if not accepted & FLOWS_THAT_DIFFER.keys():
            found.append((flow, "ours", ours, "theirs", theirs))
    assert not found


def test_most_flows_are_known_to_both(compared):
    both = ours_alone = theirs_alone = 0
    for name, one in compared.items():
        ours = flows_of_records(one.kelvin.records).keys()
        both += len(ours & one.ndpi.keys())
        for flow in sorted(ours - one.ndpi.keys()):
            ours_alone += 1
            print(f"{name}: only kelvin has {flow}")
        for flow in sorted(one.ndpi.keys() - ours):
            theirs_alone += 1
            print(f"{name}: only ndpiReader has {flow}")
    print(f"{both} in both, {ours_alone} and {theirs_alone} in one")
    assert ours_alone + theirs_alone <= 0.01 * both


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


@pytest.mark.parametrize("arguments", [("--tunnel-outer",)])
def test_no_packet_is_lost_outside_of_tunnels_either(
    arguments, run_kelvin, compared
):
    tunnels = ["4in4tunnel.pcap", "6in4tunnel.pcap", "4in6tunnel.pcap",
               "capwap.pcap"]
    for name in tunnels:
        if name not in compared:
            continue
        one = compared[name]
        outer = run_kelvin(one.path, *arguments).records
        for key in ("PKTS", "BYTES"):
            total = [
                sum(r[f"IN_{key}"] + r[f"OUT_{key}"] for r in records)
                for records in (outer, one.kelvin.records)
            ]
            assert total[0] == total[1]
