# shellcheck shell=bash
# For scripts/compare.sh: extraction to a disk, flushed, compared with unzip and
# sync, which don't decrypt.
# shellcheck disable=SC2154

# race_to_disk FILES MARK: as unzip takes some tenths of a second at least, each turn
# must find the same state. So all that was written before is on the disk, and
# nothing is removed between the turns: ext4 takes minutes until it gives the
# inodes of removed files to new ones, and searches long for others meanwhile.
race_to_disk() {
    local files=$1
    mkdir calls "$disk/flushed"
    noise $((files * 16384)) 05 | split -b 16384 -a 5 -d - calls/call-
    "$callseal" pack -q -r customer.crt -o "$disk/flushed/calls.zip" calls
    turn=0
    printf '\nExtracting %s call files of 16 KiB to a disk, and flushing them\n' "$files"
    race next_turn "callseal extract" extract_to_disk "unzip, sync" unzip_to_disk \
        "callseal extract, to memory" extract_to_memory
    mark "$(ratio "${medians[0]}" "${medians[1]}")" at-most "$2" \
        "callseal takes $(ratio "${medians[0]}" "${medians[1]}") of the time of unzip and sync"
    echo "  and $(ratio "${medians[0]}" "${medians[2]}") of that to memory, which needs no flush"
    extract_to_disk
    diff -r calls "$disk/flushed/$turn/calls"
    rm -rf calls "$disk/flushed"
}
next_turn() {
    turn=$((turn + 1))
    rm -rf in-memory
    sync -f "$disk"
}
extract_to_disk() {
    "$callseal" extract -q "$disk/flushed/calls.zip" -k customer.key -C "$disk/flushed/$turn"
}
extract_to_memory() {
    "$callseal" extract -q "$disk/flushed/calls.zip" -k customer.key -C in-memory
}
unzip_to_disk() {
    unzip -q "$disk/flushed/calls.zip" -d "$disk/flushed/$turn"
    sync -f "$disk/flushed/$turn"
}

if [ "$(stat -f -c %T "$disk")" = tmpfs ]; then
    printf '\nLeft out: extraction to a disk, since %s is in memory\n' "${TMPDIR:-/tmp}"
else
    race_to_disk 2000 0.8
    race_to_disk 20000 0.8
fi
