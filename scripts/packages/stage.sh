#!/usr/bin/env bash
# Lays out the files of a package as they are installed, in the directory TREE:
# stage.sh TREE PROGRAM deb|portable
#
# It takes VERSION, and SBOM and LICENCES, two files that were made for PROGRAM.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

tree=$1
program=$2
kind=$3

rm -rf "$tree"
install -D "$program" "$tree/usr/bin/callseal"
install -D -m 644 packaging/callseal.toml "$tree/etc/callseal/callseal.toml"

share=$tree/usr/share
completion() {
    mkdir -p "$(dirname "$share/$2")"
    "$program" completions "$1" >"$share/$2"
}
completion bash bash-completion/completions/callseal
completion fish fish/vendor_completions.d/callseal.fish
case $kind in
    deb) completion zsh zsh/vendor-completions/_callseal ;;
    portable) completion zsh zsh/site-functions/_callseal ;;
esac

mkdir -p "$share/man/man1"
cp man/*.1 "$share/man/man1/"
gzip -9 --no-name "$share"/man/man1/*.1

units=$tree/usr/lib/systemd/system
install -D -m 644 -t "$units" packaging/*.service packaging/*.timer

doc=$share/doc/callseal
install -D -m 644 -t "$doc" README.md SECURITY.md CHANGELOG.md LICENSE-MIT LICENSE-APACHE packaging/LGPL.md
cp -r docs "$doc/"
install -m 644 "$SBOM" "$doc/callseal.spdx.json"
install -m 644 "$LICENCES" "$doc/THIRD-PARTY-LICENCES"
install -m 644 "$(scripts/packages/crate-directory.py sequoia-openpgp)/LICENSE.txt" "$doc/LGPL-2.0.txt"
install -m 644 "$(rustc --print sysroot)/share/doc/rust/COPYRIGHT-library.html" \
    "$doc/RUST-STANDARD-LIBRARY.html" || {
    echo "error: Rust's list of the licences of its standard library is missing" >&2
    echo "hint: build with the Rust of rustup, in version 1.86 or newer, which has it" >&2
    exit 1
}

if [ "$kind" = portable ]; then
    # Debian's package makes the user itself.
    install -D -m 644 packaging/sysusers.conf "$tree/usr/lib/sysusers.d/callseal.conf"
    exit 0
fi
# The changelog that Debian demands; its readers want CHANGELOG.md.
gzip -9 --no-name >"$doc/changelog.Debian.gz" <<END
callseal ($VERSION-1) unstable; urgency=medium

  * See CHANGELOG.md.

 -- The callseal authors <callseal@callseal.invalid>  $(LC_ALL=C date -u -R -d "@$SOURCE_DATE_EPOCH")
END
