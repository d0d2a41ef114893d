"""geo_files: small MMDB files for test_geo. usage: geo_files.py DIRECTORY
SPDX-License-Identifier: MIT
"""
import ipaddress
import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "conf", "geo"))
sys.dont_write_bytecode = True

import mmdb  # noqa: E402


def ranges(records):
    for text, record in records:
        network = ipaddress.ip_network(text)
        yield int(network[0]), int(network[-1]), record


FILES = {
    "nested": [
        ("192.0.2.0/25", {
            "city": {"names": {"de": "Rom", "en": "Rome"}},
            "continent": {"code": "EU"},
            "country": {"iso_code": "IT", "names": {"en": "Italy"}},
            "registered_country": {"iso_code": "FR"},
            "location": {"latitude": 41.9, "longitude": 12.5}}),
        ("192.0.2.128/25", {"registered_country": {"iso_code": "FR"}}),
        ("2001:db8::/33", {"country": {"iso_code": "JP"}}),
    ],
    "flat": [
        ("192.0.2.0/24", {"country_code": "DE", "city": "Berlin",
                          "latitude": 52.5, "longitude": 13.4}),
        ("198.51.100.0/25", {"country_code": "us", "city": "\x1b[31m" +
                             "\u00e9" * 200,
                             "latitude": -33.5, "longitude": -70.25}),
        ("198.51.100.128/26", {"country_code": "ZZ", "city": "",
                               "latitude": 0.0, "longitude": 0.0}),
        ("198.51.100.192/26", {"country_code": 7, "city": {"a": "b"},
                               "latitude": 91.0, "longitude": "x"}),
    ],
    "asn": [
        ("192.0.2.0/24", {"autonomous_system_number": 64496,
                          "autonomous_system_organization": "Example AS"}),
        ("2001:db8::/32", {"autonomous_system_number": 4200000000,
                           "autonomous_system_organization": "N" * 300}),
    ],
}

for name, records in FILES.items():
    path = os.path.join(sys.argv[1], name + ".mmdb")
    mmdb.mmdb_write(path, "test " + name, ranges(records))
