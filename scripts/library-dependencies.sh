#!/usr/bin/env bash
# Checks that the library alone doesn't depend on crates that only the program
# needs.
set -euo pipefail

program='clap|clap_complete|clap_mangen|hyper|hyper-util|indicatif|open|rpassword|sd-notify|signal-hook|tokio|tracing'
found=$("${CARGO:-cargo}" tree --locked --no-default-features --edges normal --prefix none --format '{p}' |
    grep -E "^($program) " || true)
if [ -n "$found" ]; then
    echo "error: the library depends on crates that only the program needs:" >&2
    echo "$found" >&2
    exit 1
fi
