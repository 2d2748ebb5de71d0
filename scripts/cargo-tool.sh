#!/usr/bin/env bash
# Installs one of cargo's tools, if it is missing: cargo-tool.sh TOOL
#
# Any installed version will do. If there is one, it does nothing and doesn't use
# the network.
set -euo pipefail

case ${1-} in
    deny) version=0.20.2 ;;
    fuzz) version=0.13.2 ;;
    deb) version=3.7.0 ;;
    generate-rpm) version=0.21.1 ;;
    *)
        echo "error: no tool is called '${1-}'" >&2
        echo "hint: use deny, fuzz, deb or generate-rpm" >&2
        exit 1
        ;;
esac
tool="cargo-$1"
cargo=${CARGO:-cargo}
! "$cargo" "$1" --version >/dev/null 2>&1 || exit 0

# They run for seconds: optimising them would cost more time than it saves.
echo "Installing $tool $version (takes two minutes, once)" >&2
CARGO_PROFILE_RELEASE_OPT_LEVEL=0 CARGO_PROFILE_RELEASE_LTO=off \
    "$cargo" install --quiet --locked --version "$version" "$tool" || {
    echo "error: $tool could not be installed" >&2
    echo "hint: with network access, run: cargo install --locked --version $version $tool" >&2
    exit 1
}
