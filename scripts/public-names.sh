#!/usr/bin/env bash
# Lists the library's public names, and counts those outside of fields and
# config. With a number as argument, fails if there are more.
set -euo pipefail

most=${1-}
cargo=${CARGO:-cargo}
# With the example, cargo gives the dependencies the same features as for the
# tests, and doesn't check them once more.
"$cargo" doc --quiet --no-deps --lib --example ivr_server --locked
target=$("$cargo" metadata --format-version 1 --no-deps --locked |
    sed 's/.*"target_directory":"\([^"]*\)".*/\1/')
names=$(grep -o '<li><a href="[^"]*\.html">[^<]*</a></li>' "$target/doc/callseal/all.html" |
    sed 's/<[^>]*>//g' | sort)
echo "$names"
count=$(grep -vcE '^(fields|config)::' <<<"$names")
echo "$count public names outside of fields and config" >&2
if [ -n "$most" ] && [ "$count" -gt "$most" ]; then
    echo "error: more than $most public names" >&2
    echo "hint: don't make names public that only the program needs" >&2
    exit 1
fi
