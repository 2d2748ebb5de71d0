#!/usr/bin/env bash
# The main job from end to end, on the sample calls, with two parties. Every
# command is shown before it is run. "make demo" builds and then runs this.
#
#   CALLSEAL   the program to show (default: target/release/callseal)
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
program=${CALLSEAL:-$root/target/release/callseal}
[ -x "$program" ] || {
    echo "error: no program at $program" >&2
    echo "hint: run \"make demo\", which builds it" >&2
    exit 1
}
program=$(realpath "$program")

work=$(mktemp -d "${TMPDIR:-/tmp}/callseal-demo.XXXXXX")
finished=no
# Runs on every way out; the shell's own exit status stays as it was.
# shellcheck disable=SC2317
clean_up() {
    gpgconf --homedir "$work/gnupg" --kill all >/dev/null 2>&1 || true
    rm -rf "$work"
    if [ "$finished" = no ]; then
        echo "demo: FAILED" >&2
    fi
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Shows commands as they would be typed.
mkdir "$work/bin"
ln -s "$program" "$work/bin/callseal"
PATH=$work/bin:$PATH
# Ignores the user's config: only the script's arguments count.
unset CALLSEAL CALLSEAL_CONFIG
umask 077
cd "$work"

say() {
    printf '\n# %s\n' "$*"
}

# Quotes one word for a shell.
quoted() {
    if [[ $1 =~ ^[A-Za-z0-9_@%+=:,./-]+$ ]]; then
        printf '%s' "$1"
    else
        printf "'%s'" "${1//\'/\'\\\'\'}"
    fi
}

# Shows a command, then runs it; the demo ends if it fails.
run() {
    show "$@"
    "$@" || failed $? "$@"
}

# Does the same without the command's progress output, unless it fails: openssl
# prints a screenful of dots for every key.
run_quietly() {
    show "$@"
    "$@" 2>"$work/progress" || {
        local status=$?
        cat "$work/progress" >&2
        failed "$status" "$@"
    }
}

show() {
    printf '$ %s\n' "$(typed "$@")"
}

failed() {
    local status=$1
    shift
    echo "demo: this command ended with status $status: $(typed "$@")" >&2
    exit "$status"
}

# Returns a command as it would be typed.
typed() {
    local word line=
    for word in "$@"; do
        line+="${line:+ }$(quoted "$word")"
    done
    printf '%s' "$line"
}

# Shows and writes a small file.
write() {
    printf '$ echo %s > %s\n' "$(quoted "$2")" "$(quoted "$1")"
    printf '%s\n' "$2" >"$1"
}

call=calls/2026-03-14/agent-17/20260314-091502-0117
member=$call/04-caller-card-number.wav

say "The sample calls: recordings, metadata and logs, with a card number in them."
run cp -a "$root/testdata/calls" calls
run ls "$call"

say "Two parties each make a key and a certificate; the vendor's key has a passphrase."
run_quietly openssl req -x509 -nodes -days 365 -newkey rsa:2048 \
    -keyout customer.key -out customer.crt -subj "/O=Customer/CN=Call files of the customer"
run openssl rand -hex -out vendor.pass 16
run_quietly openssl req -x509 -days 365 -newkey rsa:2048 -passout file:vendor.pass \
    -keyout vendor.key -out vendor.crt -subj "/O=Vendor/CN=Call files for the vendor"

say "The speech platform's own setting says who may open the calls."
write client_property.conf 'LOGGING_ENCRYPTION_KEY = customer.crt,vendor.crt'

say "Pack the calls for both. This takes certificates only, no private key."
run callseal pack --config client_property.conf -o calls.zip calls

say "Anyone can see what is in the archive and who can open it, but not the contents."
run callseal list calls.zip --config client_property.conf

say "The customer extracts everything and gets every byte back."
run mkdir as-customer as-vendor
run callseal extract calls.zip -k customer.key -C as-customer
run diff -r calls as-customer/calls

say "The vendor extracts one recording with its own key and passphrase."
run callseal extract calls.zip "$member" -k vendor.key --passphrase-file vendor.pass -C as-vendor
run cmp "$member" "as-vendor/$member"

say "And without callseal: unzip and GnuPG open the same member, once GnuPG has the key."
run callseal pack --config client_property.conf --format rfc4880 -o calls-for-gpg.zip calls
run callseal export --gpg customer.key -o customer.asc
run mkdir gnupg
run gpg --homedir gnupg --batch --quiet --import customer.asc
run unzip -j calls-for-gpg.zip "$member.pgp" -d by-hand
run gpg --homedir gnupg --batch --quiet --output by-hand/recording.wav \
    --decrypt "by-hand/${member##*/}.pgp"
run cmp "$member" by-hand/recording.wav

finished=yes
printf '\nAll went well: every byte came back, with either key, with callseal and without.\n'
