#!/usr/bin/env bash
# Builds the packages, for amd64 alone: packages.sh TARGET_DIRECTORY
#
# The .deb uses the system's OpenSSL. The .rpm and the .tar.gz have OpenSSL built in,
# and need nothing but glibc 2.28 or newer. "make packages" installs what this
# needs. The packages end up in TARGET_DIRECTORY/packages.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

fail() {
    echo "error: $1" >&2
    [ $# -lt 2 ] || echo "hint: $2" >&2
    exit 1
}

[ $# -eq 1 ] || fail "expected one directory" 'run "make packages"'
[ "$(uname -sm)" = "Linux x86_64" ] || fail "packages are built on Linux on x86_64 only" \
    'elsewhere, run "cargo install --path ."'
cargo=${CARGO:-cargo}
mkdir -p "$1/packages/build"
out=$(realpath "$1/packages")
build=$out/build
portable=x86_64-unknown-linux-gnu
VERSION=$("$cargo" pkgid --locked | sed 's/.*[#@]//')
rm -f "$out"/callseal[-_]* "$out/SHA256SUMS"

# The same sources give the same packages.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
# OpenSSL bears a date. With this one, it's built anew only if its version changes.
date_of_dependencies=$(git log -1 --format=%ct Cargo.lock)
separator=$'\x1f'
CARGO_ENCODED_RUSTFLAGS=$(printf '%s' "--remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=/cargo" \
    "$separator--remap-path-prefix=$build=/build" "$separator--remap-path-prefix=$PWD=/callseal")
export VERSION SOURCE_DATE_EPOCH CARGO_ENCODED_RUSTFLAGS
export CARGO_TARGET_DIR=$build CARGO_PROFILE_RELEASE_STRIP=symbols PYTHONDONTWRITEBYTECODE=1

archive() {
    tar --create --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" \
        --mode=u=rwX,go=rX --directory "$(dirname "$1")" "$(basename "$1")" | gzip -9 --no-name
}

echo "Building for Debian, with the system's OpenSSL" >&2
SOURCE_DATE_EPOCH=$date_of_dependencies "$cargo" build --release --locked
deb_sbom=$out/callseal_$VERSION-1_amd64.spdx.json
scripts/packages/sbom.py >"$deb_sbom"
scripts/packages/licences.py >"$build/licences"
SBOM=$deb_sbom LICENCES=$build/licences \
    scripts/packages/stage.sh "$build/release/stage" "$build/release/callseal" deb
"$cargo" deb --quiet --no-build --no-strip --output "$out/" >/dev/null

echo "Building for every Linux with glibc 2.28 or newer, with OpenSSL built in" >&2
zig=$(scripts/packages/zig.sh "$out/zig")
# Whoever can write to the directories that OpenSSL loads its config and modules
# from can make callseal do anything. By default, those are in the directory of the
# build. These are root's on every machine, and nothing has to be there.
export PATH=$zig/bin:$PATH OPENSSL_CONFIG_DIR=/usr/lib/callseal/openssl
export GNUMAKEFLAGS="MODULESDIR=$OPENSSL_CONFIG_DIR/modules ENGINESDIR=$OPENSSL_CONFIG_DIR/engines"
# zig names its headers relative to a directory above them, which then aren't found.
(cd "$build" && SOURCE_DATE_EPOCH=$date_of_dependencies "$cargo" zigbuild --manifest-path "$OLDPWD/Cargo.toml" \
    --release --locked --features vendored --target "$portable.2.28")
program=$build/$portable/release/callseal
! grep -q "$build" "$program" || fail "the program names the directory that it was built in" \
    "see how scripts/packages.sh sets the directories of OpenSSL"
sbom=$out/callseal-$VERSION-x86_64-linux.spdx.json
scripts/packages/sbom.py --with-openssl >"$sbom"
scripts/packages/licences.py --with-openssl "$zig/ziglang" >"$build/licences"
stage=$build/$portable/release/stage
SBOM=$sbom LICENCES=$build/licences scripts/packages/stage.sh "$stage" "$program" portable
"$cargo" generate-rpm --target "$portable" --target-dir "$build" --payload-compress xz --output "$out/"

tree=$build/callseal-$VERSION-x86_64-linux
rm -rf "$tree"
cp -r "$stage" "$tree"
cp packaging/INSTALL "$tree/"
archive "$tree" >"$out/callseal-$VERSION-x86_64-linux.tar.gz"

# What the LGPL asks for, see packaging/LGPL.md.
sources=$build/callseal-$VERSION
rm -rf "$sources"
mkdir -p "$sources/lgpl"
git archive HEAD | tar --extract --directory "$sources"
for crate in sequoia-openpgp buffered-reader; do
    cp -r "$(scripts/packages/crate-directory.py "$crate")" "$sources/lgpl/"
done
archive "$sources" >"$out/callseal-$VERSION-source.tar.gz"
[ -z "$(git status --porcelain --untracked-files=no)" ] \
    || echo "warning: the sources have changes that are not committed, and callseal-$VERSION-source.tar.gz doesn't" >&2

(cd "$out" && sha256sum callseal[-_]* >SHA256SUMS)
echo "Packages for amd64 (x86_64), in $out:"
(cd "$out" && printf '  %s\n' callseal[-_]* SHA256SUMS)
