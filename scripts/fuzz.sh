#!/usr/bin/env bash
# Fuzzes the targets, or all if none is named: fuzz.sh [TARGET…]. They run one
# after the other, each for a minute or for FUZZ_SECONDS.
#
# Inputs that were found are kept between runs in fuzz/corpus/. With FUZZ_KEEP=1,
# the smallest inputs that reach all code are put into fuzz/seeds/TARGET.zip, for
# the ordinary tests.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

seconds=${FUZZ_SECONDS:-60}
# The dependencies' own checks stay as they are for users.
options=(-s none --no-cfg-fuzzing)
# Far more than the targets allow: OpenSSL's memory is counted only here.
limits=(-timeout=20 -rss_limit_mb=1024 -malloc_limit_mb=128 -max_len=65536)

targets=("$@")
[ $# -gt 0 ] || mapfile -t targets < <(cargo fuzz list)
cargo fuzz build "${options[@]}"

# Keeps the smallest inputs that together reach what the corpus does: as many as
# the ordinary tests can run in seconds.
keep() {
    local target=$1 smallest
    smallest=$(mktemp -d)
    cargo fuzz run "${options[@]}" "$target" "$smallest" "fuzz/corpus/$target" \
        -- -set_cover_merge=1 "${limits[@]}" 2>/dev/null
    rm -f "fuzz/seeds/$target.zip"
    # Without times and owners, so that the same inputs make the same archive.
    find "$smallest" -type f -exec touch -d 1980-01-01T00:00:00Z {} +
    (cd "$smallest" && find . -type f -printf '%s %p\n' | LC_ALL=C sort -n | sed -n '1,150s/^[0-9]* //p' |
        TZ=UTC zip -q -X -9 -@ inputs.zip)
    mv "$smallest/inputs.zip" "fuzz/seeds/$target.zip"
    rm -rf "$smallest"
}

failed=()
for target in "${targets[@]}"; do
    mkdir -p "fuzz/corpus/$target"
    [ ! -e "fuzz/seeds/$target.zip" ] || unzip -qo "fuzz/seeds/$target.zip" -d "fuzz/corpus/$target"
    log="fuzz/corpus/$target.log"
    if cargo fuzz run "${options[@]}" "$target" "fuzz/corpus/$target" "fuzz/seeds/$target" \
        -- "-max_total_time=$seconds" -print_final_stats=1 "${limits[@]}" >"$log" 2>&1; then
        inputs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
        echo "$target: $inputs inputs in $seconds seconds, nothing found"
        [ -z "${FUZZ_KEEP-}" ] || keep "$target"
    elif [ $? -gt 128 ]; then
        echo "error: $target: ended early by a signal (see $log)" >&2
        exit 1
    else
        failed+=("$target")
        grep -v -E '^(#[0-9]+|NEW_FUNC|stat::)' "$log" | tail -40
        echo "error: $target: found an input that fails (see $log)" >&2
    fi
done
[ ${#failed[@]} -eq 0 ] || {
    echo "hint: after fixing it, put the input into fuzz/seeds/TARGET/ under a descriptive name" >&2
    exit 1
}
