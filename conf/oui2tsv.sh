#!/bin/sh
# oui2tsv: IEEE's lists of MAC prefixes as one sorted table.
# SPDX-License-Identifier: MIT
#
# usage: oui2tsv.sh [FILE...] > oui.tsv
#
# Reads oui.txt, mam.txt, oui36.txt and iab.txt, by default those of Debian's
# ieee-data; files that are not there are left out. Writes "AABBCC<tab>Name" for
# 24, 28 and 36 bits, in the order that vendor.c bisects. Blocks that are
# private, or divided further by the Registration Authority, name nobody.
set -eu
export LC_ALL=C

if [ $# -eq 0 ]; then
    for name in oui mam oui36 iab; do
        set -- "$@" "/usr/share/ieee-data/$name.txt"
    done
fi

for file in "$@"; do
    if [ -r "$file" ]; then
        cat "$file"
    else
        echo "oui2tsv: $file is missing" >&2
    fi
done | tr -d '\r' | awk '
# "74-1A-E0   (hex)  Name" gives the block that the next line divides.
$2 == "(hex)" {
    block = $1
    gsub(/-/, "", block)
}

# "002272 (base 16)" is the block itself, "900000-9FFFFF (base 16)" a range
# in it: the digits that both ends share belong to the prefix.
$2 == "(base" && $3 == "16)" {
    range = $1
    name = $0
    sub(/^[^)]*\)[ \t]*/, "", name)
    gsub(/[ \t]+/, " ", name)
    sub(/ $/, "", name)
    if (name == "" || tolower(name) == "private" ||
        name == "IEEE Registration Authority")
        next
    prefix = toupper(block)
    if (length(range) == 13)
        prefix = prefix shared(range)
    if (prefix ~ /^[0-9A-F]+$/ &&
        (length(prefix) == 6 || length(prefix) == 7 || length(prefix) == 9))
        print prefix "\t" name
}

function shared(range,    i) {
    for (i = 1; i <= 6; i++)
        if (substr(range, i, 1) != substr(range, i + 7, 1))
            break
    return toupper(substr(range, 1, i - 1))
}' | sort -s -u -t "$(printf '\t')" -k 1,1
