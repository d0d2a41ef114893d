#!/bin/sh
# packages: install what is missing. SPDX-License-Identifier: MIT
# Usage: conf/packages.sh build|test|bench
set -e

build="gcc make pkg-config libevent-dev libssl-dev libhiredis-dev libpcap-dev
libndpi-dev libyajl-dev libmaxminddb-dev libcap-ng-dev libmariadb-dev zlib1g-dev
liblua5.3-dev libcrypt-dev libsnmp-dev ieee-data redis-server rrdcached ca-certificates"
tests="clang libclang-rt-14-dev libcmocka-dev python3-pytest python3-scapy
tshark dnsmasq-base libndpi-bin mmdb-bin iproute2 tcpreplay curl openssl procps
lua5.3 chromium rrdtool prometheus snmpd socat jq rsyslog mariadb-server
wapiti"
# Node.js from elsewhere has its own npm, which Debian's would not go with.
command -v npm >/dev/null || tests="$tests npm"

case "$1" in
build) wanted=$build ;;
test) wanted="$build $tests" ;;
bench) wanted="$build libndpi-bin softflowd tcpreplay iproute2 wrk socat" ;;
*)
    echo "usage: conf/packages.sh build|test|bench" >&2
    exit 2
    ;;
esac

command -v dpkg-query >/dev/null || exit 0 # not Debian: the compiler will tell

missing=
for package in $wanted; do
    case $(dpkg-query -W -f '${Status}' "$package" 2>/dev/null) in
    "install ok installed") ;;
    *) missing="$missing $package" ;;
    esac
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ]; then
    as_root=
elif command -v sudo >/dev/null; then
    as_root="sudo"
else
    echo "kelvin: install first, as root: apt-get install$missing" >&2
    exit 1
fi
echo "kelvin: installing$missing"
$as_root apt-get update -q
# shellcheck disable=SC2086 # words are packages
$as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install -q -y --no-install-recommends $missing
