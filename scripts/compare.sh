#!/usr/bin/env bash
# Compares callseal with gpg, age, openssl and others: whole programs, in one run
# on one machine, so that the ratios mean something where the seconds don't. The
# programs take turns (A B A B A B), and the median counts. "make bench" builds
# and runs it. Ends with status 1 if a mark is missed.
#
#   CALLSEAL   the program to measure (default: target/release/callseal)
#   PARTS      what to measure (default: openpgp cms fields search share
#              evidence scale disk watch)
#   ROUNDS     the number of turns of each program (default: 3)
#   TMPDIR     a directory on a disk for the file of 6 GiB, and for the part disk
#              (default: /tmp)
#
# To try the script rather than check the marks, make the last three parts small:
#
#   CMS_MIB    the size of the CMS message (default: 1024)
#   DOCUMENTS  the number of JSON documents (default: 20000)
#   SCALES     the numbers of members (default: 100000 300000 1000000)
#   BACKLOG    the number of files that the service drains (default: 200000)
#
# Needs up to 2 GiB of /dev/shm, 4 GiB of it for the CMS message (with 4 GiB
# more of memory for openssl) and 8 GiB for 1,000,000 members, and 13 GiB of
# TMPDIR for the file of 6 GiB.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
callseal=${CALLSEAL:-$root/target/release/callseal}
rounds=${ROUNDS:-3}
parts=${PARTS:-openpgp cms fields search share evidence scale disk watch}
missed=0

# shellcheck source=scripts/compare/measuring.sh
. "$root/scripts/compare/measuring.sh"

for part in $parts; do
    case $part in
        openpgp | cms | fields | search | share | evidence | scale | disk | watch) ;;
        *) fail "unknown part '$part'" "use openpgp, cms, fields, search, share, evidence, scale, disk or watch" ;;
    esac
done
[ -x "$callseal" ] || fail "no program at $callseal" 'run "make bench", which builds it'
callseal=$(realpath "$callseal")
for tool in openssl gpg zip unzip age age-keygen taskset python3; do
    command -v "$tool" >/dev/null || fail "$tool is not installed" 'run "make bench", which installs it'
done
[ "$(free_kib /dev/shm)" -ge $((2 << 20)) ] || fail "less than 2 GiB is free in /dev/shm" "make room there"

work=$(mktemp -d /dev/shm/callseal-compare.XXXXXX)
disk=$(mktemp -d "${TMPDIR:-/tmp}/callseal-compare.XXXXXX")
# shellcheck disable=SC2317
clean_up() {
    gpgconf --homedir "$work/gnupg" --kill all >/dev/null 2>&1 || true
    rm -rf "$work" "$disk"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
cd "$work"
unset CALLSEAL_CONFIG
export LC_ALL=C GNUPGHOME=$work/gnupg
umask 077

mkdir gnupg
recipients=()
for party in customer vendor; do
    openssl req -x509 -nodes -days 60 -newkey rsa:2048 -keyout "$party.key" -out "$party.crt" \
        -subj "/CN=$party" 2>/dev/null
    recipients+=(-r "$party.crt")
done

echo "callseal compared with other programs, on a memory file system, with $(nproc) cores"
# callseal works on all cores, gpg and age on one: a busy machine slows down only
# callseal.
awk -v cores="$(nproc)" '$1 > cores / 4 {
    print "warning: the load is " $1 " already; what works on all cores looks slower than it is" }' \
    /proc/loadavg
"$callseal" --version
gpg --version | head -n 1
echo "age $(age --version)"
openssl version

for part in $parts; do
    # shellcheck source=/dev/null
    . "$root/scripts/compare/$part.sh"
done

echo
if [ "$missed" -gt 0 ]; then
    echo "$missed of the marks missed"
    exit 1
fi
echo "All marks met."
