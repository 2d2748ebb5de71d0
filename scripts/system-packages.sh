#!/usr/bin/env bash
# Installs the system packages that are missing: system-packages.sh GROUP…
#
# Groups: build (to compile), demo (what the demo shows), test (what the tests
# run against; includes demo). Does nothing, and asks nothing of the network,
# where all are there.
set -euo pipefail

# Debian's packages, and the commands by which other systems are judged.
build_packages=(libssl-dev libclang-dev pkg-config gcc make)
build_commands=(pkg-config cc make)
demo_packages=(openssl gnupg unzip zip)
demo_commands=(openssl gpg unzip zip)
test_packages=("${demo_packages[@]}" rnp sqop 7zip libarchive-tools python3 python3-pip python3-pycryptodome age expect faketime strace)
test_commands=("${demo_commands[@]}" rnp sqop 7zz bsdtar python3 pip3 age expect faketime strace)

fail() {
    echo "error: $1" >&2
    [ $# -lt 2 ] || echo "hint: $2" >&2
    exit 1
}

packages=()
commands=()
needs_libraries=no
needs_modules=no
[ $# -gt 0 ] || fail "no group of packages named" "use build, demo or test"
for group in "$@"; do
    case $group in
        build)
            packages+=("${build_packages[@]}")
            commands+=("${build_commands[@]}")
            needs_libraries=yes
            ;;
        demo)
            packages+=("${demo_packages[@]}")
            commands+=("${demo_commands[@]}")
            ;;
        test)
            packages+=("${test_packages[@]}")
            commands+=("${test_commands[@]}")
            needs_modules=yes
            ;;
        *) fail "no group of packages is called '$group'" "use build, demo or test" ;;
    esac
done

# On a system without Debian's tools we can only look.
if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    missing=()
    for name in "${commands[@]}"; do
        command -v "$name" >/dev/null || missing+=("$name")
    done
    if [ "$needs_libraries" = yes ] && command -v pkg-config >/dev/null; then
        pkg-config --exists 'openssl >= 3.0' || missing+=("OpenSSL 3 with its headers")
    fi
    if [ "$needs_modules" = yes ] && command -v python3 >/dev/null; then
        python3 -c 'import Cryptodome' 2>/dev/null || python3 -c 'import Crypto.Cipher' 2>/dev/null \
            || missing+=("PyCryptodome for python3")
    fi
    echo "This is not Debian, so nothing is installed. Needed here: ${commands[*]}" >&2
    [ "$needs_modules" = no ] || echo "and PyCryptodome for python3." >&2
    [ "$needs_libraries" = no ] || echo "and the libraries OpenSSL (3.0 or newer, with headers) and libclang." >&2
    [ ${#missing[@]} -eq 0 ] || fail "not found: $(printf '%s, ' "${missing[@]}" | sed 's/, $//')" \
        "install them, then run this again"
    exit 0
fi

is_installed() {
    [ "$(dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

missing=()
for package in "${packages[@]}"; do
    case " ${missing[*]-} " in *" $package "*) continue ;; esac
    is_installed "$package" || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

# With sudo only if needed, and only if it can work.
as_root=()
if [ "$(id -u)" -ne 0 ]; then
    if command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
        as_root=(sudo)
    else
        fail "these system packages are missing, and installing them takes root: ${missing[*]}" \
            "have this run as root: apt-get update && apt-get install -y --no-install-recommends ${missing[*]}"
    fi
fi

apt() {
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=120 "$@"
}

echo "Installing system packages: ${missing[*]}" >&2
# A list that cannot be fetched now may still be good enough from last time.
apt update || { sleep 5 && apt update; } || echo "warning: the package lists could not be updated" >&2
apt install -y --no-install-recommends "${missing[@]}" \
    || fail "these system packages could not be installed: ${missing[*]}" \
        "see apt-get's messages above"
