#!/usr/bin/env bash
# Installs the packages in fresh trees of Debian 12, and uses them there, one line
# for each check: test-packages.sh TARGET_DIRECTORY. It needs root: for chroot and
# mounts.
set -euo pipefail

[ $# -eq 1 ] || {
    echo "error: expected one directory" >&2
    echo 'hint: run "make test-packages"' >&2
    exit 1
}
[ "$(id -u)" -eq 0 ] || {
    echo "error: only root can install the packages in fresh trees" >&2
    echo "hint: run: sudo scripts/test-packages.sh $1" >&2
    exit 1
}
packages=$(realpath "$1/packages")
# The mounts in the trees are gone when this ends, however it ends. Debian's own
# Python has the module for seccomp.
exec unshare --mount --propagation private --pid --fork --kill-child \
    /usr/bin/python3 -B "$(dirname "${BASH_SOURCE[0]}")/test-packages/main.py" "$packages"
