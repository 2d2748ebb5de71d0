# shellcheck shell=bash
# For scripts/compare.sh: letting somebody into an archive, compared with copying it.
# shellcheck disable=SC2154

mkdir shared
for i in $(seq -w 128); do
    noise $((8 << 20)) "${i: -2}" >"shared/$i.wav"
done
openssl req -x509 -nodes -days 2 -newkey rsa:2048 -keyout auditor.key -out auditor.crt \
    -subj "/CN=auditor" 2>/dev/null
drop_shared() {
    rm -f copy.zip out.zip
}
copy_archive() {
    cp --reflink=never shared.zip copy.zip
}
share_archive() {
    "$callseal" share -q shared.zip -k customer.key -r auditor.crt -o out.zip
}

"$callseal" pack -q "${recipients[@]}" -o shared.zip shared
printf '\nSharing an archive of 1 GiB of recordings of 8 MiB\n'
race drop_shared "callseal share" share_archive "cp --reflink=never" copy_archive
mark "$(ratio "${medians[0]}" "${medians[1]}")" at-most 1.3 \
    "callseal takes $(ratio "${medians[0]}" "${medians[1]}") times as long as cp"
rm -f shared.zip

# The same recording under many names: an archive reads each of them.
if [ "$(free_kib /dev/shm)" -ge $((12 << 20)) ]; then
    mkdir many
    for i in $(seq -w 640); do
        ln shared/001.wav "many/$i.wav"
    done
    "$callseal" pack -q "${recipients[@]}" -o shared.zip many
    printf '\nSharing an archive of 5 GiB of recordings of 8 MiB\n'
    race drop_shared "callseal share" share_archive "cp --reflink=never" copy_archive
    mark "$(ratio "${medians[0]}" "${medians[1]}")" at-most 1.15 \
        "callseal takes $(ratio "${medians[0]}" "${medians[1]}") times as long as cp"
    drop_shared
    rm -rf many shared.zip
else
    printf '\nSharing an archive of 5 GiB: left out, less than 12 GiB is free in /dev/shm\n'
fi

# Version 1 proves a session key at its end: each message is read and hashed first.
"$callseal" pack -q "${recipients[@]}" --format rfc4880 -o shared.zip shared
printf '\nSharing it in version 1, all of which is read twice\n'
race drop_shared "callseal share" share_archive "cp --reflink=never" copy_archive
rm -rf shared shared.zip
