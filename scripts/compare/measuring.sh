# shellcheck shell=bash
# For scripts/compare.sh: measuring programs and checking marks. It uses the
# variables that are set here.
# shellcheck disable=SC2034,SC2154

fail() {
    echo "error: $1" >&2
    echo "hint: $2" >&2
    exit 1
}

# Prints the free space of a directory in KiB.
free_kib() {
    df -Pk "$1" | awk 'NR == 2 { print $4 }'
}

# Puts the command's wall-clock time in seconds into "took".
timed() {
    local start=$EPOCHREALTIME
    "$@" >"$work/output" 2>&1 || {
        cat "$work/output" >&2
        fail "this command failed: $*" "see its output above"
    }
    took=$(awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.3f", b - a }')
}

# Puts the command's peak memory in MiB into "peak".
measured() {
    if [ -x /usr/bin/time ]; then
        /usr/bin/time -f %M -o "$work/peak" "$@" >"$work/output" 2>&1 || {
            cat "$work/output" >&2
            fail "this command failed: $*" "see its output above"
        }
    else
        # The high-water mark never falls: the last value is the highest.
        "$@" >"$work/output" 2>&1 &
        while kill -0 $! 2>/dev/null; do
            awk '/^VmHWM:/ { print $2 }' "/proc/$!/status" >"$work/look" 2>/dev/null || true
            [ ! -s "$work/look" ] || mv "$work/look" "$work/peak"
            sleep 0.02
        done
        wait $! || {
            cat "$work/output" >&2
            fail "this command failed: $*" "see its output above"
        }
    fi
    peak=$(awk '{ printf "%d", $1 / 1024 }' "$work/peak")
}

median() {
    printf '%s\n' "$@" | sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
}

ratio() {
    awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", a / b }'
}

# mark VALUE at-least|at-most|below MARK TEXT
mark() {
    local verdict
    verdict=$(awk -v value="$1" -v way="$2" -v mark="$3" 'BEGIN {
        met = way == "at-least" ? value >= mark : way == "at-most" ? value <= mark : value < mark
        print met ? "met" : "MISSED" }')
    [ "$verdict" = met ] || missed=$((missed + 1))
    printf '  %s (mark: %s %s): %s\n' "$4" "${2/-/ }" "$3" "$verdict"
}

# race PREPARE NAME COMMAND [NAME COMMAND]…: each command is a function, and
# PREPARE runs before each. The medians are in "medians", in their order.
race() {
    local prepare=$1 round i
    shift
    local names=() commands=()
    while [ $# -gt 0 ]; do
        names+=("$1")
        commands+=("$2")
        shift 2
    done
    local times=("${names[@]/*/}")
    for ((round = 0; round < rounds; round++)); do
        for i in "${!commands[@]}"; do
            "$prepare"
            timed "${commands[i]}"
            times[i]+=" $took"
        done
    done
    "$prepare"
    medians=()
    for i in "${!names[@]}"; do
        # shellcheck disable=SC2086 # a list of numbers
        medians+=("$(median ${times[i]})")
        printf '  %-34s %8.3f s  (%s)\n' "${names[i]}" "${medians[i]}" "${times[i]# }"
    done
}

# Prints this many bytes that don't compress, the same each time.
noise() {
    head -c "$1" /dev/zero | openssl enc -aes-128-ctr -nosalt \
        -K 000102030405060708090a0b0c0d0e0f -iv "$2"000000000000000000000000000000
}
