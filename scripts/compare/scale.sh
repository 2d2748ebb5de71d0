# shellcheck shell=bash
# For scripts/compare.sh: archives of 100,000, 300,000 and 1,000,000 members, on a
# memory file system. Time and peak memory show whether they grow with the number
# of members, and no faster. Listing and opening one member is compared with unzip,
# which reads the directory, too.
# shellcheck disable=SC2154

scales=${SCALES:-100000 300000 1000000}

# show NAME COMMAND…: prints the time and the peak memory of a command.
show() {
    local name=$1
    shift
    timed measured "$@"
    printf '  %-34s %8.3f s  %5d MiB\n' "$name" "$took" "$peak"
}
cat_one() {
    "$callseal" cat "$archive" "$one" -k customer.key
}
unzip_one() {
    unzip -p "$archive" "$one.pgp"
}
no_preparation() {
    :
}

for members in $scales; do
    printf '\n%s members\n' "$members"
    # Each file takes a page and an inode, each member less than a page.
    if [ "$(free_kib "$work")" -lt $((members * 8)) ]; then
        echo "  left out: less than $((members * 8 / 1024)) MiB are free in /dev/shm"
        continue
    fi
    mkdir scale
    (
        cd scale
        seq 0 $(((members - 1) / 1000)) | awk '{ printf "d%04d\n", $1 }' | xargs mkdir
        awk -v members="$members" 'BEGIN {
            for (i = 0; i < members; i++) {
                file = sprintf("d%04d/call%06d.callsre", i / 1000, i)
                printf "<call id=\"%d\"/>\n", i > file
                close(file)
            }
        }'
    )
    archive=scale.zip
    one=$(printf 'scale/d%04d/call%06d.callsre' $((members / 2000)) $((members / 2)))
    show "callseal pack" "$callseal" pack -q -r customer.crt -o "$archive" scale
    mark "$peak" below 256 "its memory is $peak MiB"
    rm -rf scale
    if [ "$members" -le 100000 ]; then
        drop_split() {
            rm -rf split
        }
        extract_all() {
            "$callseal" extract -q "$archive" -k customer.key -C split
        }
        unzip_all() {
            unzip -q "$archive" -d split
        }
        race drop_split "callseal extract" extract_all "unzip -q" unzip_all
        mark "$(ratio "${medians[0]}" "${medians[1]}")" at-most 0.7 \
            "callseal takes $(ratio "${medians[0]}" "${medians[1]}") times as long as unzip"
        drop_split
        show "callseal extract" "$callseal" extract -q "$archive" -k customer.key -C split
        mark "$peak" below 128 "its memory is $peak MiB"
        drop_split
    fi
    show "callseal list" "$callseal" list "$archive"
    mark "$peak" below 160 "its memory is $peak MiB"
    show "callseal list --json" "$callseal" list --json "$archive"
    mark "$peak" below 160 "its memory is $peak MiB"
    show "unzip -l" unzip -l "$archive"
    show "callseal cat, of one member" "$callseal" cat "$archive" "$one" -k customer.key
    race no_preparation "callseal cat, of one member" cat_one "unzip -p, of one member" unzip_one
    # Below that, the private key operation and the start of the program count.
    if [ "$members" -ge 300000 ]; then
        mark "$(ratio "${medians[0]}" "${medians[1]}")" at-most 2.0 \
            "callseal takes $(ratio "${medians[0]}" "${medians[1]}") of the time of unzip"
    fi
    rm -f "$archive"
done
