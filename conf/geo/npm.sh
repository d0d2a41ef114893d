# shellcheck shell=sh
# npm: packages of data into a directory; sourced by the fetch.sh here and
# in more/. SPDX-License-Identifier: MIT

# npm_get FROM DEST: get the packages that FROM's lock file pins, into a
# directory beneath DEST that goes away when the script ends.
npm_get() {
    command -v npm >/dev/null || {
        echo "geo: npm is not installed" >&2
        return 1
    }
    npm_dest=$2
    npm_work=$(mktemp -d "$2/npm.XXXXXX") || return 1
    trap 'rm -rf "$npm_work"' EXIT
    trap 'exit 1' HUP INT TERM
    cp "$1/package.json" "$1/package-lock.json" "$npm_work" || return 1
    # npm would wait minutes where there is no way out.
    (cd "$npm_work" && npm ci --ignore-scripts --no-audit --no-fund \
        --no-update-notifier --loglevel=error --fetch-retries=1 \
        --fetch-timeout=60000 >&2)
}

# npm_path PACKAGE: where it is unpacked.
npm_path() {
    echo "$npm_work/node_modules/@ip-location-db/$1"
}

# npm_take PACKAGE FILE...: move files, and copy what their owners ask to be
# told.
npm_take() {
    npm_from=$(npm_path "$1")
    npm_name=$1
    shift
    for npm_file in "$@"; do
        mv -f "$npm_from/$npm_file" "$npm_dest/$npm_file"
    done
    cat "$npm_from"/*LICENSE* >"$npm_dest/$npm_name.LICENSE"
}
