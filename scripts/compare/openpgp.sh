# shellcheck shell=bash
# For scripts/compare.sh: call files and recordings as OpenPGP messages, compared
# with gpg, age and cp.
# shellcheck disable=SC2154

for party in customer vendor; do
    "$callseal" export -q --gpg "$party.key" -o "$party.asc"
    gpg --batch --quiet --import "$party.asc"
done
gpg_recipients=()
while read -r fingerprint; do
    gpg_recipients+=(-r "$fingerprint")
done < <(gpg --batch --list-keys --with-colons | awk -F: '$1 == "fpr" { print $10 }')
age_recipients=()
for party in 1 2; do
    age-keygen -o "age-$party.key" 2>/dev/null
    age_recipients+=(-r "$(age-keygen -y "age-$party.key")")
done

encrypt=(gpg --batch --quiet --yes --no-tty --trust-model always --multifile "${gpg_recipients[@]}" --encrypt)
decrypt=(gpg --batch --quiet --yes --no-tty --multifile --decrypt)

# --- call files ------------------------------------------------------------

files=2000
mkdir calls
noise $((files * 16384)) 01 | split -b 16384 -a 4 -d - calls/call-

drop_packed() {
    rm -rf calls.zip by-gpg.zip
    find calls -name '*.gpg' -delete
}
pack_calls() {
    "$callseal" pack -q "${recipients[@]}" -o calls.zip calls
}
gpg_calls() {
    "${encrypt[@]}" calls/call-*
    zip -0 -q -r by-gpg.zip calls -i '*.gpg'
}
printf '\nPacking %s call files of 16 KiB for two RSA-2048 recipients\n' "$files"
zip_calls() {
    zip -0 -q -r by-gpg.zip calls -x '*.gpg'
}
race drop_packed "callseal pack" pack_calls "zip -0" zip_calls "gpg --multifile, zip -0" gpg_calls
mark "$(ratio "${medians[0]}" "${medians[1]}")" at-most 0.95 \
    "callseal takes $(ratio "${medians[0]}" "${medians[1]}") times as long as zip, which seals nothing"
medians=("${medians[0]}" "${medians[2]}")
mark "$(ratio "${medians[1]}" "${medians[0]}")" at-least 5 \
    "callseal is $(ratio "${medians[1]}" "${medians[0]}") times as fast"

pack_calls
"${encrypt[@]}" calls/call-*
mkdir sealed
mv calls/*.gpg sealed
drop_extracted() {
    rm -rf extracted
    find sealed -type f ! -name '*.gpg' -delete
}
extract_calls() {
    "$callseal" extract -q calls.zip -k customer.key -C extracted
}
gpg_extract_calls() {
    "${decrypt[@]}" sealed/*.gpg
}
# This splits the archive, and opens nothing.
unzip_calls() {
    unzip -q calls.zip -d extracted
}
printf '\nExtracting them\n'
race drop_extracted "callseal extract" extract_calls "unzip -q" unzip_calls \
    "gpg --multifile --decrypt" gpg_extract_calls
mark "$(ratio "${medians[0]}" "${medians[1]}")" at-most 0.7 \
    "callseal takes $(ratio "${medians[0]}" "${medians[1]}") times as long as unzip"
mark "$(ratio "${medians[2]}" "${medians[0]}")" at-least 60 \
    "callseal is $(ratio "${medians[2]}" "${medians[0]}") times as fast as gpg"

# The times only mean something if the outputs are the same.
extract_calls
gpg_extract_calls
diff -r calls extracted/calls
rm -f sealed/*.gpg
diff -r calls sealed
rm -rf calls extracted sealed calls.zip

# --- private key operations ------------------------------------------------

mkdir small
noise $((2000 * 1024)) 02 | split -b 1024 -a 4 -d - small/call-
"$callseal" pack -q "${recipients[@]}" -o small.zip small
drop_small() {
    rm -rf extracted
}
# One of the cores that we may use.
core=$(taskset -cp $$ | sed 's/.*: //; s/[-,].*//')
extract_small() {
    taskset -c "$core" "$callseal" extract -q --ignore-index --jobs 1 small.zip -k customer.key \
        -C extracted
}
printf '\nExtracting 2000 members of 1 KiB without their index, with one worker on one core\n'
raw=()
extracted=()
for ((round = 0; round < rounds; round++)); do
    drop_small
    timed extract_small
    extracted+=("$(awk -v t="$took" 'BEGIN { printf "%.0f", 2000 / t }')")
    raw+=("$(taskset -c "$core" openssl speed -seconds 2 -mr rsa2048 2>/dev/null \
        | awk -F: '/^\+F2:/ { printf "%.0f", $4; exit }')")
done
drop_small
ours=$(median "${extracted[@]}")
theirs=$(median "${raw[@]}")
printf '  %-34s %8s /s (%s)\n' "callseal extract, members" "$ours" "${extracted[*]}" \
    "openssl speed rsa2048, private" "$theirs" "${raw[*]}"
mark "$(ratio "$((100 * ours))" "$theirs")" at-least 70 \
    "that is $(ratio "$((100 * ours))" "$theirs") % of the rate of OpenSSL alone"
rm -rf small small.zip

# --- recordings ------------------------------------------------------------

# A WAV header for 8 MiB of PCM in all: 8 kHz, 16 bits, mono.
wav_header() {
    printf 'RIFF\370\377\177\000WAVEfmt \020\000\000\000\001\000\001\000'
    printf '\100\037\000\000\200\076\000\000\002\000\020\000data\324\377\177\000'
}
mkdir recordings
for i in $(seq -w 64); do
    { wav_header && noise $(((8 << 20) - 44)) "$i"; } >"recordings/$i.wav"
done
drop_recordings() {
    rm -rf recordings.zip by-gpg.zip by-age copy
    find recordings -name '*.gpg' -delete
    mkdir by-age
}
pack_recordings() {
    "$callseal" pack -q "${recipients[@]}" -o recordings.zip recordings
}
age_recordings() {
    local file
    for file in recordings/*.wav; do
        age "${age_recipients[@]}" -o "by-age/${file##*/}.age" "$file"
    done
}
copy_recordings() {
    cp -r recordings copy
}
# Without compression, as callseal does with audio: it costs gpg five times
# the time, and doesn't shrink noise.
gpg_recordings() {
    "${encrypt[@]}" --compress-algo none recordings/*.wav
    zip -0 -q -r by-gpg.zip recordings -i '*.gpg'
}
printf '\nPacking 64 recordings of 8 MiB\n'
race drop_recordings "callseal pack" pack_recordings "age, one by one" age_recordings \
    "cp -r" copy_recordings "gpg --multifile, zip -0" gpg_recordings
mark "$(ratio "${medians[0]}" "${medians[1]}")" at-most 1.0 \
    "callseal takes $(ratio "${medians[0]}" "${medians[1]}") of the time of age"
echo "  and $(ratio "${medians[0]}" "${medians[2]}") of that of cp," \
    "$(ratio "${medians[0]}" "${medians[3]}") of that of gpg and zip"

# --- memory ----------------------------------------------------------------

printf '\nPeak memory with two workers\n'
show_peak() {
    mark "$peak" below 128 "$(printf '%-40s %4d MiB' "$1" "$peak")"
}
measured "$callseal" pack -q --jobs 2 "${recipients[@]}" -o recordings.zip recordings
show_peak "64 recordings of 8 MiB, packed"
measured "$callseal" extract -q --jobs 2 recordings.zip -k customer.key -C extracted
show_peak "the same, extracted"
rm -rf recordings extracted recordings.zip

# Small files that are done while a large one before them is being written.
mkdir -p mixed/small
truncate -s 2G mixed/large
(cd mixed/small && seq -f '%06g.json' 24000 | xargs touch)
measured "$callseal" pack -q --jobs 2 --compress none "${recipients[@]}" -o mixed.zip mixed
show_peak "24,000 small files behind one of 2 GiB"
rm -rf mixed mixed.zip

if [ "$(free_kib "$disk")" -lt $((13 << 20)) ]; then
    echo "  left out: the file of 6 GiB, since there are less than 13 GiB in ${TMPDIR:-/tmp}"
else
    truncate -s 6G "$disk/large"
    measured "$callseal" pack -q --jobs 2 --compress none "${recipients[@]}" -o "$disk/large.zip" "$disk/large"
    show_peak "a sparse file of 6 GiB, packed"
    measured "$callseal" extract -q --jobs 2 "$disk/large.zip" -k customer.key -C "$disk/extracted"
    show_peak "the same, extracted"
    [ "$(find "$disk/extracted" -type f -size 6291456k | wc -l)" -eq 1 ] \
        || fail "the file of 6 GiB did not come back whole" "this is a bug"
fi
