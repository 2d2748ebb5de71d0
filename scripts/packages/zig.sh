#!/usr/bin/env bash
# Prints the directory with zig and cargo-zigbuild, which link for old versions of
# glibc: zig.sh DIRECTORY. They are installed there, if they are missing.
set -euo pipefail

directory=$1
requirements=$(dirname "${BASH_SOURCE[0]}")/requirements.txt
if ! cmp -s "$requirements" "$directory/requirements.txt"; then
    echo "Fetching zig and cargo-zigbuild (100 MB, once)" >&2
    rm -rf "$directory"
    python3 -m venv "$directory" >&2
    "$directory/bin/pip" --disable-pip-version-check install --quiet --no-deps --require-hashes \
        --only-binary :all: --requirement "$requirements" >&2 || {
        echo "error: zig could not be fetched" >&2
        echo "hint: see pip's messages above; it needs the network, or an index of packages set up for pip" >&2
        exit 1
    }
    ln -s "$(dirname "$("$directory/bin/python" -c 'import ziglang; print(ziglang.__file__)')")" "$directory/ziglang"
    cp "$requirements" "$directory/"
fi
echo "$directory"
