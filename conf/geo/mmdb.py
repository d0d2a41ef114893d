#!/usr/bin/env python3
"""mmdb: write AS numbers and names as a MaxMind DB.

usage: mmdb.py OUTPUT.mmdb CSV...

Reads the CSV files of npm's @ip-location-db/asn, "first,last,number,name",
for IPv4 and IPv6, and writes one file with the keys of GeoLite2-ASN. The
format is MaxMind DB File Format Specification 2.0.
SPDX-License-Identifier: MIT
"""
import bisect
import csv
import ipaddress
import os
import struct
import sys
import time

POINTER, UTF8, DOUBLE, UINT16, UINT32, MAP, UINT64, ARRAY = (
    1, 2, 3, 5, 6, 7, 9, 11)
METADATA_MARKER = b"\xab\xcd\xefMaxMind.com"
SEPARATOR = bytes(16)  # between tree and data
BITS = 128


class Data:
    """The data section: equal values are stored once."""

    def __init__(self, share=True):
        self.out = bytearray()
        self.share = share
        self.seen = {}

    def put(self, value):
        """Store a value; return its offset."""
        key = repr(value)
        if key not in self.seen:
            encoded = self.encode(value)
            self.seen[key] = len(self.out)
            self.out += encoded
        return self.seen[key]

    def encode(self, value):
        if isinstance(value, dict):
            out = self.control(MAP, len(value))
            for name, member in value.items():
                out += self.key(name) + self.encode(member)
            return out
        if isinstance(value, list):
            out = self.control(ARRAY, len(value))
            return out + b"".join(self.encode(member) for member in value)
        if isinstance(value, str):
            text = value.encode()
            return self.control(UTF8, len(text)) + text
        if isinstance(value, float):
            return self.control(DOUBLE, 8) + struct.pack(">d", value)
        return self.unsigned(UINT32, value)

    def key(self, name):
        """Keys repeat in every record: point to the first."""
        if not self.share:
            return self.encode(name)
        return pointer(self.put(name))

    def unsigned(self, kind, value):
        raw = value.to_bytes(16, "big").lstrip(b"\0")
        return self.control(kind, len(raw)) + raw

    @staticmethod
    def control(kind, size):
        """The control byte and what follows it for kinds above 7 and sizes
        from 29 on."""
        extra = b""
        if size >= 285:
            if size >= 65821:
                raise ValueError("value too large")
            size, extra = 30, struct.pack(">H", size - 285)
        elif size >= 29:
            size, extra = 29, bytes([size - 29])
        if kind > 7:
            return bytes([size, kind - 7]) + extra
        return bytes([kind << 5 | size]) + extra


def pointer(offset):
    """A pointer of 11, 19 or 32 bits."""
    if offset < 2048:
        return bytes([POINTER << 5 | offset >> 8, offset & 0xFF])
    if offset < 526336:
        offset -= 2048
        return bytes([POINTER << 5 | 8 | offset >> 16]) + struct.pack(
            ">H", offset & 0xFFFF)
    return bytes([POINTER << 5 | 24]) + struct.pack(">I", offset)


class Tree:
    """The search tree; a node is a pair of records. A record is None, the
    number of a node, or the complement of an offset in the data section."""

    def __init__(self, ranges):
        """`ranges`: disjoint (first, last, offset), ascending."""
        self.ranges = ranges
        self.lasts = [last for _, last, _ in ranges]
        self.nodes = [None]
        self.nodes[0] = self.split(0, BITS, 0, len(ranges))

    def split(self, base, bits, low, high):
        """The two records for the halves of the 2^bits addresses from base,
        which ranges[low:high] meet."""
        middle = base + (1 << (bits - 1))
        cut = bisect.bisect_left(self.lasts, middle, low, high)
        crosses = cut < high and self.ranges[cut][0] < middle
        return (self.record(base, bits - 1, low, cut + crosses),
                self.record(middle, bits - 1, cut, high))

    def record(self, base, bits, low, high):
        if low == high:
            return None
        first, last, offset = self.ranges[low]
        if first <= base and last >= base + (1 << bits) - 1:
            return ~offset
        number = len(self.nodes)
        self.nodes.append(None)
        self.nodes[number] = self.split(base, bits, low, high)
        return number

    def write(self, data_len):
        """Return the tree's bytes and the size of a record in bits."""
        count = len(self.nodes)
        largest = count + len(SEPARATOR) + data_len
        size = 24 if largest < 1 << 24 else 28 if largest < 1 << 28 else 32
        out = bytearray()
        for node in self.nodes:
            left, right = (
                count if record is None else
                record if record >= 0 else
                count + len(SEPARATOR) + ~record for record in node)
            if size == 28:
                out += (left & 0xFFFFFF).to_bytes(3, "big")
                out.append(left >> 24 << 4 | right >> 24)
                out += (right & 0xFFFFFF).to_bytes(3, "big")
            else:
                out += left.to_bytes(size // 8, "big")
                out += right.to_bytes(size // 8, "big")
        return out, size


def metadata(kind, count, size):
    data = Data(share=False)
    number = data.unsigned
    members = {
        "node_count": number(UINT32, count),
        "record_size": number(UINT16, size),
        "ip_version": number(UINT16, 6),
        "database_type": data.encode(kind),
        "languages": data.encode([]),
        "binary_format_major_version": number(UINT16, 2),
        "binary_format_minor_version": number(UINT16, 0),
        "build_epoch": number(UINT64, int(time.time())),
        "description": data.encode({}),
    }
    out = data.control(MAP, len(members))
    for name, encoded in members.items():
        out += data.encode(name) + encoded
    return METADATA_MARKER + out


def disjoint(rows):
    """Sorted rows; where two overlap, which lists do by mistake, the later
    one is believed and the earlier ends before it."""
    rows = sorted(rows, key=lambda row: row[:2])
    out = []
    for first, last, value in rows:
        if out and out[-1][1] >= first:
            before = out.pop()
            if before[0] < first:
                out.append((before[0], first - 1, before[2]))
        out.append((first, last, value))
    return out


def mmdb_write(path, kind, ranges):
    """Write (first, last, value) rows, ranges of 128-bit numbers where IPv4
    is ::/96, under a temporary name, then rename."""
    data = Data()
    tree = Tree(disjoint((first, last, data.put(value))
                         for first, last, value in ranges))
    encoded, size = tree.write(len(data.out))
    with open(path + ".tmp", "wb") as out:
        out.write(encoded + SEPARATOR + data.out)
        out.write(metadata(kind, len(tree.nodes), size))
    os.rename(path + ".tmp", path)


def number(text):
    """An address as text, or as the number that it is in "-num" files."""
    return int(text) if text.isdigit() else int(ipaddress.ip_address(text))


def asn_rows(paths):
    for path in paths:
        with open(path, encoding="utf-8", newline="") as file:
            for first, last, asn, name in csv.reader(file):
                yield (number(first), number(last),
                       {"autonomous_system_number": int(asn),
                        "autonomous_system_organization": name})


def main():
    if len(sys.argv) < 3:
        sys.exit("usage: mmdb.py OUTPUT.mmdb CSV...")
    try:
        mmdb_write(sys.argv[1], "kelvin-ASN", asn_rows(sys.argv[2:]))
    except (OSError, ValueError) as error:
        sys.exit("mmdb.py: %s" % error)


if __name__ == "__main__":
    main()
