#!/usr/bin/env bash
# Fetches the certificates and CRLs of the Public Key Interoperability Test
# Suite by NIST (PKITS, 2011) for the tests: fetch-pkits.sh TARGET_DIRECTORY
#
# They come from the Python package that carries them, by its digest, and end
# up in TARGET_DIRECTORY/pkits/{certs,crls}. If they are already there, it does
# nothing and doesn't use the network.
set -euo pipefail

package='cryptography-vectors==50.0.2'
digest=sha256:51641f03a3eb4edbe9fb68e3a3574d25f86aa502d06391fffa886330d02778a0
inside=cryptography_vectors/x509/PKITS_data

fail() {
    echo "error: $1" >&2
    [ $# -lt 2 ] || echo "hint: $2" >&2
    exit 1
}

[ $# -eq 1 ] || fail "expected one directory" "usage: fetch-pkits.sh TARGET_DIRECTORY"
pkits=$1/pkits
[ ! -d "$pkits" ] || exit 0

python3 -m pip --version >/dev/null 2>&1 \
    || fail "Python's pip, which fetches the PKITS test suite, is missing" \
        "run \"scripts/system-packages.sh test\", or install Python 3 with pip"

mkdir -p "$1"
work=$(mktemp -d "$1/pkits.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

echo "Fetching the PKITS test suite ($package, 56 MB)" >&2
echo "$package --hash=$digest" >"$work/requirements.txt"
python3 -m pip --disable-pip-version-check download --quiet --no-deps --require-hashes \
    --only-binary :all: --dest "$work" --requirement "$work/requirements.txt" >&2 \
    || fail "the PKITS test suite could not be fetched" \
        "see pip's messages above; it needs the network, or an index of packages set up for pip"
unzip -q "$work"/*.whl "$inside/certs/*" "$inside/crls/*" -d "$work/unpacked" \
    || fail "the PKITS test suite could not be unpacked" "is the disk full? See the messages above"

# A concurrent run may be faster: the files are the same.
python3 -c 'import os, sys; os.rename(*sys.argv[1:])' "$work/unpacked/$inside" "$pkits" \
    2>/dev/null || [ -d "$pkits" ] \
    || fail "the PKITS test suite could not be moved to $pkits"
