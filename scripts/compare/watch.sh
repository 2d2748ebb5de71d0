# shellcheck shell=bash
# For scripts/compare.sh: the service drains a backlog, compared with pack, which reads
# nothing back and removes nothing. How long the archive takes is said beside it: pack
# makes that at once, the service later.
# shellcheck disable=SC2154

backlog=${BACKLOG:-200000}

# config PLACE SETTLE GRACE: writes the config of a service there.
config() {
    mkdir -p "$1/spool" "$1/outbox"
    cat >"$1/watch.toml" <<END
[profiles.all]
recipients = ["$work/customer.crt", "$work/vendor.crt"]
[[watch]]
name = "calls"
spool = "spool"
outbox = "outbox"
settle = "$2"
grace = "$3"
END
}

# drain DIRECTORY: in it, files of 16 KiB in directories of 1,000.
drain() {
    local place=$1 directory
    config "$place" 1s 0s
    for directory in $(seq -w $((backlog / 1000))); do
        mkdir "$place/spool/$directory"
        noise $((1000 * 16384)) "$(printf %02d $((10#$directory % 100)))" |
            (cd "$place/spool/$directory" && split -b 16384 -a 3 -d - call-)
    done
    sync -f "$place"
    timed "$callseal" pack -q --jobs 2 "${recipients[@]}" -o "$place/packed.zip" "$place/spool"
    local packed=$took drained bundled
    rm "$place/packed.zip"
    sync -f "$place"
    # The files are there once: this is no race of several turns.
    read -r drained bundled peak < <(python3 "$root/scripts/compare/drain.py" "$callseal" "$place")
    echo "  callseal pack --jobs 2   $packed s"
    echo "  callseal watch           $drained s until all calls are sealed and gone from the spool"
    echo "  then, with --once        $bundled s for the archive of them"
    mark "$(ratio "$packed" "$drained")" at-least 0.5 \
        "the service works at $(ratio "$packed" "$drained") of the rate of pack"
    echo "  with the archive, at $(awk -v p="$packed" -v d="$drained" -v b="$bundled" \
        'BEGIN { printf "%.2f", p / (d + b) }')"
    mark "$peak" below 128 "it takes $peak MiB"
    [ -z "$(find "$place/spool" -type f -not -path '*/.callseal/*')" ] ||
        fail "files are left in the spool" "see $place"
    rm -r "$place/spool" "$place/outbox"
}

mkdir backlog
printf '\nSealing a backlog of %s call files of 16 KiB, in memory\n' "$backlog"
drain "$work/backlog"
rm -r backlog
if [ "$(stat -f -c %T "$disk")" = tmpfs ]; then
    printf '\nLeft out: a backlog on a disk, since %s is in memory\n' "${TMPDIR:-/tmp}"
else
    mkdir "$disk/backlog"
    printf '\nSealing a backlog of %s call files of 16 KiB, on a disk\n' "$backlog"
    ! findmnt -n -o OPTIONS -T "$disk" | grep -qw discard ||
        echo "  (mounted with discard: the disk is told of each file that is removed)"
    drain "$disk/backlog"
    rm -r "$disk/backlog"
fi

# respond DIRECTORY: a call in it is sealed soon.
respond() {
    local place=$1 longest median
    config "$place" 0s 1h
    read -r longest median < <(python3 "$root/scripts/compare/latency.py" "$callseal" "$place")
    mark "$longest" below 200 "it is sealed after $median ms, at most $longest ms (of 20)"
    rm -r "$place"
}

printf '\nSealing a call that is renamed into the spool, in memory and in %s\n' "${TMPDIR:-/tmp}"
respond "$work/response"
respond "$disk/response"
