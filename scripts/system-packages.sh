#!/usr/bin/env bash
# Installs the system packages that are missing: system-packages.sh GROUP…
#
# Groups: build (to compile), demo (programs in the demo), test (peers of the
# tests; includes demo), player (to build and test the player's page), fuzz (to fuzz:
# libFuzzer is in C++), packages (to build the .deb, .rpm and .tar.gz), test-packages
# (to try them in fresh systems). If all packages are installed, it does nothing and
# doesn't use the network.
set -euo pipefail

# Debian's packages, and the commands that are checked on other systems.
build_packages=(libssl-dev libclang-dev pkg-config gcc make)
build_commands=(pkg-config cc make)
demo_packages=(openssl gnupg unzip zip)
demo_commands=(openssl gpg unzip zip)
test_packages=("${demo_packages[@]}" rnp sqop 7zip libarchive-tools python3 python3-pip python3-pycryptodome python3-cryptography age expect faketime strace openjdk-17-jre-headless openssh-client prometheus putty-tools bsh libbcpg-java libbcpkix-java libbcprov-java)
test_commands=("${demo_commands[@]}" rnp sqop 7zz bsdtar python3 pip3 age expect faketime strace java keytool promtool ssh-keygen puttygen)
player_packages=(chromium python3)
player_commands=(node npm chromium python3)
fuzz_packages=(g++ unzip zip)
fuzz_commands=(c++ unzip zip)
packages_packages=(dpkg-dev git gzip perl python3 python3-venv tar)
packages_commands=(dpkg-shlibdeps git gzip perl python3 tar)
test_packages_packages=(binutils debootstrap lintian openssl python3 python3-seccomp rpm systemd tar)
test_packages_commands=(objdump debootstrap lintian openssl python3 rpm systemd-analyze tar)

fail() {
    echo "error: $1" >&2
    [ $# -lt 2 ] || echo "hint: $2" >&2
    exit 1
}

# The README has the same numbers.
least_openssl=3.0.7
least_node=20.12.0

openssl_version() {
    openssl version | awk '{ print $2 }'
}

# Returns whether a version is the required one or newer.
is_new_enough() {
    is_at_least "$least_openssl" "$1"
}

is_at_least() {
    [ "$(printf '%s\n' "$1" "$2" | sort -V | head -n1)" = "$1" ]
}

# Debian 12 has an older one.
check_node() {
    [ "$needs_node" = yes ] || return 0
    local version
    version=$(node --version 2>/dev/null | tr -d v) || version=""
    [ -n "$version" ] && is_at_least "$least_node" "$version" && return
    fail "Node.js is ${version:-not found}, and $least_node or newer is needed for the player's page" \
        "install Node.js from nodejs.org, or from a newer release of the system"
}

packages=()
commands=()
needs_libraries=no
needs_modules=no
needs_openssl=no
needs_node=no
groups="build, demo, test, player, fuzz, packages or test-packages"
[ $# -gt 0 ] || fail "no group of packages named" "use $groups"
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
            needs_openssl=yes
            ;;
        test)
            packages+=("${test_packages[@]}")
            commands+=("${test_commands[@]}")
            needs_modules=yes
            needs_openssl=yes
            ;;
        player)
            packages+=("${player_packages[@]}")
            commands+=("${player_commands[@]}")
            # Node.js from elsewhere brings its own npm, with which Debian's conflicts.
            command -v node >/dev/null && command -v npm >/dev/null || packages+=(nodejs npm)
            needs_node=yes
            ;;
        fuzz)
            packages+=("${fuzz_packages[@]}")
            commands+=("${fuzz_commands[@]}")
            ;;
        packages)
            packages+=("${packages_packages[@]}")
            commands+=("${packages_commands[@]}")
            ;;
        test-packages)
            packages+=("${test_packages_packages[@]}")
            commands+=("${test_packages_commands[@]}")
            ;;
        *) fail "unknown group of packages '$group'" "use $groups" ;;
    esac
done

# Without Debian's tools, it can only check.
if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    missing=()
    for name in "${commands[@]}"; do
        command -v "$name" >/dev/null || missing+=("$name")
    done
    if [ "$needs_libraries" = yes ] && command -v pkg-config >/dev/null; then
        pkg-config --exists "openssl >= $least_openssl" \
            || missing+=("OpenSSL $least_openssl or newer with its headers")
    fi
    if [ "$needs_openssl" = yes ] && command -v openssl >/dev/null; then
        is_new_enough "$(openssl_version)" || missing+=("the program openssl $least_openssl or newer")
    fi
    if [ "$needs_modules" = yes ] && command -v python3 >/dev/null; then
        python3 -c 'import Cryptodome' 2>/dev/null || python3 -c 'import Crypto.Cipher' 2>/dev/null \
            || missing+=("PyCryptodome for python3")
        python3 -c 'import cryptography' 2>/dev/null || missing+=("cryptography for python3")
        for jar in bsh bcpg bcpkix bcprov; do
            [ -e "/usr/share/java/$jar.jar" ] || missing+=("/usr/share/java/$jar.jar")
        done
    fi
    echo "This is not Debian, so nothing is installed. Needed here: ${commands[*]}" >&2
    [ "$needs_modules" = no ] || echo "and PyCryptodome and cryptography for python3, BeanShell and BouncyCastle." >&2
    [ "$needs_libraries" = no ] || echo "and the libraries OpenSSL ($least_openssl or newer, with headers) and libclang." >&2
    check_node
    [ ${#missing[@]} -eq 0 ] || fail "not found: $(printf '%s, ' "${missing[@]}" | sed 's/, $//')" \
        "install them, then run this again"
    exit 0
fi

is_installed() {
    [ "$(dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# Some releases have an older one, and another program may precede Debian's in the
# PATH.
check_openssl() {
    if [ "$needs_libraries" = yes ] && ! pkg-config --exists "openssl >= $least_openssl"; then
        fail "the library OpenSSL is $(pkg-config --modversion openssl || echo not found), and $least_openssl or newer is needed" \
            "take a newer release of the system, or let cargo build OpenSSL in: --features vendored"
    fi
    if [ "$needs_openssl" = yes ] && ! is_new_enough "$(openssl_version)"; then
        fail "$(command -v openssl) is $(openssl_version), and $least_openssl or newer is needed" \
            "take a newer release of the system, or put a newer one first in the PATH"
    fi
}

missing=()
for package in "${packages[@]}"; do
    case " ${missing[*]-} " in *" $package "*) continue ;; esac
    is_installed "$package" || missing+=("$package")
done
if [ ${#missing[@]} -eq 0 ]; then
    check_openssl
    check_node
    exit 0
fi

# Use sudo only if needed, and only if it can work.
as_root=()
if [ "$(id -u)" -ne 0 ]; then
    if command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
        as_root=(sudo)
    else
        fail "these system packages are missing, and installing them needs root: ${missing[*]}" \
            "have this run as root: apt-get update && apt-get install -y --no-install-recommends ${missing[*]}"
    fi
fi

apt() {
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=120 "$@"
}

echo "Installing system packages: ${missing[*]}" >&2
# If a list can't be fetched, the last one may still be good enough.
apt update || { sleep 5 && apt update; } || echo "warning: the package lists could not be updated" >&2
apt install -y --no-install-recommends "${missing[@]}" \
    || fail "these system packages could not be installed: ${missing[*]}" \
        "see apt-get's messages above"
check_openssl
check_node
