#!/bin/sh
# fetch: countries of addresses, from npm. SPDX-License-Identifier: MIT
#
# usage: fetch.sh DIRECTORY
#
# Leaves *.mmdb and their licences there; the files that kelvin has open
# already stay whole, because new ones are renamed over them.
set -eu
here=$(dirname "$0")
dest=$1
# shellcheck source=npm.sh
. "$here/npm.sh"

if ! npm_get "$here" "$dest"; then
    echo "geo: countries cannot be fetched now; kelvin works without them," \
        "and \"make geo\" tries again" >&2
    exit 1
fi
npm_take geo-whois-asn-country-mmdb geo-whois-asn-country.mmdb
