# test_files: capture files of every kind, good and bad.
# SPDX-License-Identifier: MIT

import gzip
import os
import struct
import subprocess

import pytest
from scapy.layers.inet import IP, TCP

import captures
from captures import SECOND, ether, udp
from conftest import FAULTY, quiet_environment, read_records, stable
from running import wait_for

LINES = captures.frames([ether() / udp(), ether() / udp(data=b"x" * 99)])
SIZE = sum(line.wire_len for line in LINES)

FORMATS = {
    "pcap": captures.pcap(LINES),
    "pcap big-endian": captures.pcap(LINES, order=">"),
    "pcap nanoseconds": captures.pcap(LINES, nano=True),
    "pcap nanoseconds big-endian": captures.pcap(LINES, order=">", nano=True),
    "pcapng": captures.pcapng(LINES),
    "pcapng big-endian": captures.pcapng(LINES, order=">"),
    "pcap gzip": gzip.compress(captures.pcap(LINES)),
    "pcapng gzip": gzip.compress(captures.pcapng(LINES)),
    "gzip of two members": gzip.compress(captures.pcap(LINES)[:60])
    + gzip.compress(captures.pcap(LINES)[60:]),
}


def check_both_frames(records):
    assert len(records) == 1
    record = records[0]
    assert (record["IN_PKTS"], record["IN_BYTES"]) == (2, SIZE)
    assert record["FIRST_SWITCHED"] == captures.START


@pytest.mark.parametrize("name", FORMATS)
def test_format_is_read(name, run_kelvin, tmp_path):
    path = tmp_path / "capture"
    path.write_bytes(FORMATS[name])
    check_both_frames(run_kelvin(path).records)


@pytest.mark.parametrize("name", FORMATS)
def test_format_is_read_from_a_pipe(name, run_kelvin):
    check_both_frames(run_kelvin("-", stdin=FORMATS[name]).records)


def test_file_as_standard_input_is_read(offline, tmp_path):
    path = captures.save(tmp_path / "in.pcap", LINES)
    command = offline("-i", "-", "-F", "file;-", "--shutdown-when-done")
    with path.open("rb") as stdin:
        done = subprocess.run(
            command, stdin=stdin, capture_output=True, timeout=60
        )
    assert done.returncode == 0, done.stderr
    check_both_frames(read_records(done.stdout.decode()))


def test_fifo_is_read(offline, tmp_path):
    path = tmp_path / "fifo"
    os.mkfifo(path)
    kelvin = subprocess.Popen(
        offline("-i", path, "-F", "file;-", "--shutdown-when-done"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=quiet_environment(),
    )
    with kelvin:
        with path.open("wb") as fifo:
            fifo.write(captures.pcap(LINES))
        out, err = kelvin.communicate(timeout=60)
    assert kelvin.returncode == 0, err
    check_both_frames(read_records(out.decode()))


def test_interface_is_named_by_the_file(run_kelvin, tmp_path):
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        captures.save(tmp_path / folder / "same.pcap", LINES)
    both = [tmp_path / "one/same.pcap", tmp_path / "two/same.pcap"]
    records = run_kelvin(both).records
    assert sorted(r["INTERFACE"] for r in records) == [
        "same.pcap",
        "same.pcap#2",
    ]
    assert len({r["FLOW_ID"] for r in records}) == 2


def test_list_names_one_capture_a_line(run_kelvin, tmp_path):
    captures.save(tmp_path / "a.pcap", LINES[:1])
    captures.save(tmp_path / "b.pcap", LINES[1:])
    listed = tmp_path / "day.list"
    listed.write_text(f"# a day\n\na.pcap\n{tmp_path}/b.pcap\n")
    records = run_kelvin(listed).records
    assert sorted(r["IN_BYTES"] for r in records) == sorted(
        line.wire_len for line in LINES
    )


def test_a_long_list_is_read_to_its_end(run_kelvin, tmp_path):
    """More files than are read at once, plain and compressed."""
    names = []
    for number in range(40):
        data = captures.pcap(LINES)
        names.append(f"{number:02}.pcap" + (".gz" if number % 3 == 0 else ""))
        (tmp_path / names[-1]).write_bytes(
            gzip.compress(data) if names[-1].endswith(".gz") else data
        )
    listed = tmp_path / "days.list"
    listed.write_text("\n".join(names))
    records = run_kelvin(listed).records
    assert sorted(r["INTERFACE"] for r in records) == sorted(names)
    assert {r["IN_BYTES"] for r in records} == {SIZE}


def test_pipes_do_not_hold_files_up(offline, tmp_path):
    """Eight pipes whose writers take their time, before two files."""
    fifos = [tmp_path / f"fifo{number}" for number in range(8)]
    for path in fifos:
        os.mkfifo(path)
    files = [
        captures.save(tmp_path / name, LINES) for name in ("a.pcap", "b.pcap")
    ]
    inputs = [word for path in (*fifos, *files) for word in ("-i", str(path))]
    said = tmp_path / "said"
    kelvin = subprocess.Popen(
        offline(*inputs, "-F", "file;-", "--shutdown-when-done"),
        stdout=subprocess.PIPE,
        stderr=said.open("wb"),
        env=quiet_environment(),
    )
    with kelvin:
        writers = [path.open("wb") for path in fifos]
        wait_for(
            lambda: "reading b.pcap" in said.read_text(),
            "the files are read",
        )
        for writer in writers:
            writer.write(captures.pcap(LINES))
            writer.close()
        out, _ = kelvin.communicate(timeout=60)
    assert kelvin.returncode == 0, said.read_text()
    assert len(read_records(out.decode())) == len(fifos) + len(files)


def test_list_with_a_missing_capture_says_which(run_kelvin, tmp_path):
    listed = tmp_path / "day.list"
    listed.write_text("gone.pcap\n")
    result = run_kelvin(listed, expect=1)
    assert "gone.pcap" in result.stderr


def test_pcapng_with_many_interfaces_and_odd_blocks(run_kelvin, tmp_path):
    raw = bytes(udp())
    plain, cooked = LINES[0], captures.frame(raw, 1.0)
    fine = captures.frame(bytes(ether() / udp()), 2.0)
    binary = captures.frame(bytes(ether() / udp()), 3.5)
    shifted = captures.frame(bytes(ether() / udp()), 4.0)
    data = (
        captures.section()
        + captures.block(0x0BAD, b"custom block that nobody knows")
        + captures.interface(captures.ETHERNET)
        + captures.interface(captures.RAW)
        + captures.interface(captures.ETHERNET, resolution=9)
        + captures.interface(captures.ETHERNET, resolution=0x8A)
        + captures.interface(captures.ETHERNET, offset=1_000_000)
        + captures.block(4, struct.pack("<HH", 0, 0))  # names, none
        + captures.packet_block(plain, 0)
        + captures.packet_block(cooked, 1)
        + captures.block(5, struct.pack("<III", 0, 0, 0))  # statistics
        + captures.packet_block(fine, 2, ticks=10**9)
        + captures.packet_block(binary, 3, ticks=2**10)
        + captures.packet_block(shifted, 4, offset=1_000_000)
    )
    path = tmp_path / "odd.pcapng"
    path.write_bytes(data)
    records = run_kelvin(path).records
    assert len(records) == 1
    assert records[0]["IN_PKTS"] == 5
    assert records[0]["FIRST_SWITCHED"] == captures.START
    assert records[0]["LAST_SWITCHED"] == captures.START + 4


def test_pcapng_with_two_sections_of_both_byte_orders(run_kelvin, tmp_path):
    path = tmp_path / "sections.pcapng"
    path.write_bytes(
        captures.pcapng(LINES[:1], order="<")
        + captures.pcapng(LINES[1:], order=">")
    )
    check_both_frames(run_kelvin(path).records)


def test_pcapng_simple_packets_are_counted(run_kelvin, tmp_path):
    line = LINES[0]
    simple = captures.block(3, struct.pack("<I", line.wire_len) + line.data)
    path = tmp_path / "simple.pcapng"
    path.write_bytes(captures.section() + captures.interface() + simple)
    assert run_kelvin(path).report.number("packets") == 1


def test_snapped_frames_count_by_their_length_on_the_wire(
    run_kelvin, tmp_path
):
    whole = bytes(ether() / udp(data=bytes(1000)))
    cut = captures.frame(whole[:64], wire_len=len(whole))
    record = run_kelvin(captures.save(tmp_path / "cut.pcap", [cut])).records[0]
    assert record["IN_BYTES"] == len(whole)
    assert record["L4_DST_PORT"] == 50000


def test_snaplen_0_means_no_limit(run_kelvin, tmp_path):
    path = captures.save(tmp_path / "zero.pcap", LINES, snaplen=0)
    check_both_frames(run_kelvin(path).records)


# Bad files: what was read before the fault counts


def test_truncated_file_counts_up_to_the_cut(run_kelvin, tmp_path):
    whole = captures.pcap(LINES)
    first = 24 + 16 + len(LINES[0].data)
    for size in (first + 1, first + 15, first + 16, len(whole) - 1):
        path = tmp_path / f"cut-{size}.pcap"
        path.write_bytes(whole[:size])
        result = run_kelvin(path, expect=FAULTY)
        assert [r["IN_PKTS"] for r in result.records] == [1]
        assert "truncated" in result.stderr.lower()


def test_truncated_gzip_counts_up_to_the_cut(run_kelvin, tmp_path):
    noise = [ether() / udp(data=os.urandom(900)) for _ in range(50)]
    data = gzip.compress(captures.pcap(captures.frames(noise)))
    path = tmp_path / "cut.pcap.gz"
    path.write_bytes(data[: len(data) // 2])
    result = run_kelvin(path, expect=FAULTY)
    assert 10 < result.records[0]["IN_PKTS"] < 40


NO_CAPTURES = {
    "empty": b"",
    "one byte": b"\xd4",
    "text": b"this is not a capture file\n" * 10,
    "zeros": bytes(4096),
    "cut header": captures.pcap([])[:23],
    "gzip of text": gzip.compress(b"neither is this"),
    "gzip of nothing": gzip.compress(b""),
    "gzip magic alone": b"\x1f\x8b",
    "pcapng magic alone": captures.section()[:8],
    "pcapng of length 0": struct.pack("<III", 0x0A0D0D0A, 0, 0x1A2B3C4D),
    "unknown version": b"\xd4\xc3\xb2\xa1"
    + struct.pack("<HH", 99, 0)
    + bytes(16),
}


@pytest.mark.parametrize("name", NO_CAPTURES)
def test_no_capture_is_refused_with_its_name(name, run_kelvin, tmp_path):
    path = tmp_path / "strange.pcap"
    path.write_bytes(NO_CAPTURES[name])
    result = run_kelvin(path, expect=1)
    assert result.records == []
    assert "strange.pcap" in result.stderr


@pytest.mark.parametrize("name", NO_CAPTURES)
def test_no_capture_in_a_pipe_is_refused(name, run_kelvin):
    assert run_kelvin("-", stdin=NO_CAPTURES[name], expect=1).records == []


def test_missing_file_is_refused_with_its_name(run_kelvin, tmp_path):
    result = run_kelvin(tmp_path / "gone.pcap", expect=1)
    assert "gone.pcap" in result.stderr


def test_capture_without_packets_is_fine(run_kelvin, tmp_path):
    result = run_kelvin(captures.save(tmp_path / "none.pcap", []))
    assert result.records == []
    assert result.report.number("packets") == 0


def test_huge_captured_length_ends_the_reading(run_kelvin, tmp_path):
    for claimed in (0x7FFFFFFF, 0xFFFFFFFF, 300_000_000):
        lie = struct.pack("<IIII", captures.START, 0, claimed, claimed)
        path = tmp_path / f"{claimed}.pcap"
        path.write_bytes(captures.pcap(LINES) + lie + bytes(200))
        result = run_kelvin(path, expect=FAULTY)
        assert [r["IN_PKTS"] for r in result.records] == [2]


def test_wire_length_below_the_captured_is_survived(run_kelvin, tmp_path):
    lines = [captures.Frame(l.when, l.data, 10) for l in LINES]
    result = run_kelvin(captures.save(tmp_path / "lie.pcap", lines))
    assert result.report.number("packets") == 2


def test_unknown_link_type_is_said(run_kelvin, tmp_path):
    path = captures.save(tmp_path / "usb.pcap", LINES, link=220)
    result = run_kelvin(path, expect=FAULTY)
    assert result.records == []
    assert result.report.number("link-type") == 2


# Time


@pytest.mark.parametrize("jump", [-5, -86400, -20 * 365 * 86400])
def test_time_going_backwards_loses_nothing(jump, run_kelvin, tmp_path):
    lines = [
        captures.frame(ether() / udp(), 0),
        captures.frame(ether() / udp(), jump),
        captures.frame(ether() / udp(), jump + 1),
        captures.frame(ether() / udp(), 2),
    ]
    records = run_kelvin(captures.save(tmp_path / "back.pcap", lines)).records
    assert sum(r["IN_PKTS"] for r in records) == 4
    assert all(r["FIRST_SWITCHED"] <= r["LAST_SWITCHED"] for r in records)
    assert all(r["FIRST_SWITCHED"] >= 0 for r in records)


def test_jump_of_years_ends_flows_and_takes_no_time(run_kelvin, tmp_path):
    years = 40 * 365 * 86400
    lines = [
        captures.frame(ether() / udp(), 0),
        captures.frame(ether() / udp(), years),
    ]
    path = captures.save(tmp_path / "jump.pcap", lines)
    records = run_kelvin(path, timeout=20).records
    assert [r["IN_PKTS"] for r in records] == [1, 1]
    assert records[1]["FIRST_SWITCHED"] - records[0]["LAST_SWITCHED"] == years


@pytest.mark.parametrize("when", [0, 1, 2**31 - 1, 2**31, 2**32 - 1])
def test_any_second_is_a_time(when, run_kelvin, tmp_path):
    lines = [captures.Frame(when * SECOND, l.data, l.wire_len) for l in LINES]
    path = captures.save(tmp_path / "when.pcap", lines)
    record = run_kelvin(path).records[0]
    assert record["FIRST_SWITCHED"] == when
    assert record["LAST_SWITCHED"] == when


def test_microseconds_past_a_second_are_survived(run_kelvin, tmp_path):
    data = LINES[0].data
    size = len(data)
    head = struct.pack("<IIII", captures.START, 2**32 - 1, size, size)
    path = tmp_path / "over.pcap"
    path.write_bytes(captures.pcap([]) + head + data)
    assert run_kelvin(path).report.number("packets") == 1


def test_microsecond_and_nanosecond_captures_tell_the_same(
    run_kelvin, tmp_path
):
    lines = captures.conversation(
        (captures.HTTP_REQUEST, captures.HTTP_RESPONSE)
    )
    micro = captures.save(tmp_path / "same.pcap", lines)
    found = [stable(r) for r in run_kelvin(micro).records]
    nano = captures.save(tmp_path / "same.pcap", lines, nano=True, order=">")
    assert [stable(r) for r in run_kelvin(nano).records] == found
    assert len(found) == 1


# Filters


def filter_capture(tmp_path):
    lines = captures.frames(
        [
            ether() / udp(dport=50000),
            ether() / udp(dport=50001),
            ether()
            / IP(src=captures.CLIENT, dst=captures.SERVER)
            / TCP(dport=50000, flags="S"),
        ]
    )
    return captures.save(tmp_path / "filter.pcap", lines)


def test_packet_filter(run_kelvin, tmp_path):
    records = run_kelvin(filter_capture(tmp_path), "-B", "tcp").records
    assert [r["PROTOCOL"] for r in records] == [6]


def test_filter_of_one_interface(run_kelvin, tmp_path):
    path = filter_capture(tmp_path)
    records = run_kelvin([f"{path};udp port 50001", path]).records
    assert len(records) == 4
    alone = [r for r in records if r["INTERFACE"] == "filter.pcap"]
    assert [r["L4_DST_PORT"] for r in alone] == [50001]


def test_filter_of_an_interface_wins_over_the_common_one(
    run_kelvin, tmp_path
):
    path = filter_capture(tmp_path)
    records = run_kelvin(f"{path};udp port 50001", "-B", "tcp").records
    assert [r["L4_DST_PORT"] for r in records] == [50001]


def test_filter_holds_for_each_link_type_of_a_pcapng(run_kelvin, tmp_path):
    data = (
        captures.section()
        + captures.interface(captures.ETHERNET)
        + captures.interface(captures.RAW)
        + captures.packet_block(LINES[0], 0)
        + captures.packet_block(captures.frame(bytes(udp())), 1)
        + captures.packet_block(captures.frame(bytes(udp(dport=9))), 1)
    )
    path = tmp_path / "two.pcapng"
    path.write_bytes(data)
    records = run_kelvin(path, "-B", "udp port 50000").records
    assert [r["IN_PKTS"] for r in records] == [2]


def test_bad_filter_is_refused_with_its_text(run_kelvin, tmp_path):
    path = filter_capture(tmp_path)
    for arguments in ((path, "-B", "port port"), (f"{path};port port",)):
        result = run_kelvin(*arguments, expect=2)
        assert "port port" in result.stderr


def test_filter_for_another_link_type_is_no_mistake_of_usage(
    run_kelvin, tmp_path
):
    path = filter_capture(tmp_path)
    result = run_kelvin(path, "-B", "wlan type mgt", expect=1)
    assert "wlan type mgt" in result.stderr
