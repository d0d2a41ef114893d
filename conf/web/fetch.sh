#!/bin/sh
# fetch: what browsers run of others, from npm. SPDX-License-Identifier: MIT
#
# usage: fetch.sh DIRECTORY
#
# Leaves there what package-lock.json pins, with its licences. Pages work
# without it, but for charts that one can zoom.
set -eu
here=$(dirname "$0")
dest=$1

command -v npm >/dev/null || {
    echo "web: npm is not installed; charts stay as the server draws them" >&2
    exit 1
}
mkdir -p "$dest"
work=$(mktemp -d "$dest/npm.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
cp "$here/package.json" "$here/package-lock.json" "$work"
# npm would wait minutes where there is no way out.
(cd "$work" && npm ci --ignore-scripts --no-audit --no-fund \
    --no-update-notifier --loglevel=error --fetch-retries=1 \
    --fetch-timeout=60000 >&2) || {
    echo "web: npm cannot fetch; charts stay as the server draws them" >&2
    exit 1
}
from=$work/node_modules/uplot
cp "$from/LICENSE" "$dest/uPlot.LICENSE"
cp "$from/dist/uPlot.min.css" "$dest/uPlot.css"
mv "$from/dist/uPlot.iife.min.js" "$dest/uPlot.js"
