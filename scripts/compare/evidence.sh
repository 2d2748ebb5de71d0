# shellcheck shell=bash
# For scripts/compare.sh: signing an archive, compared with packing it without, and
# verifying one, compared with sha256sum on all cores.
# shellcheck disable=SC2154

mkdir signed
for i in $(seq -w 128); do
    noise $((8 << 20)) "${i: -2}" >"signed/$i.wav"
done
openssl req -x509 -nodes -days 2 -newkey rsa:2048 -keyout signer.key -out signer.crt \
    -subj "/CN=signer" -addext keyUsage=critical,digitalSignature 2>/dev/null
drop_signed() {
    rm -f out.zip
}
pack_alone() {
    "$callseal" pack -q "${recipients[@]}" -o out.zip signed
}
pack_signed() {
    "$callseal" pack -q "${recipients[@]}" --sign signer.key -o out.zip signed
}

# The manifest has two hashes of each recording: of its entry, and of its sealed data.
hash_twice() {
    for _ in 1 2; do
        find signed -type f -print0 | xargs -0 -n 8 -P "$(nproc)" openssl dgst -sha256
    done
}

printf '\nPacking 1 GiB of recordings of 8 MiB, signed and not\n'
race drop_signed "callseal pack --sign" pack_signed "callseal pack" pack_alone \
    "openssl dgst -sha256, twice" hash_twice
sum=$(awk -v a="${medians[1]}" -v b="${medians[2]}" 'BEGIN { print a + b }')
mark "$(ratio "${medians[0]}" "$sum")" at-most 1 \
    "signing takes $(ratio "${medians[0]}" "$sum") of the time of packing and then hashing"
echo "  and $(ratio "${medians[0]}" "${medians[1]}") of that of packing alone"

pack_signed
mkdir split
unzip -q -d split out.zip
verify_archive() {
    "$callseal" verify out.zip --signer signer.crt
}
hash_files() {
    find split -type f -print0 | xargs -0 -n 8 -P "$(nproc)" sha256sum
}
nothing() {
    :
}
printf '\nVerifying it without a key\n'
race nothing "callseal verify" verify_archive "sha256sum on all cores" hash_files
mark "$(ratio "${medians[1]}" "${medians[0]}")" at-least 0.8 \
    "callseal hashes $(ratio "${medians[1]}" "${medians[0]}") times as fast as sha256sum"
rm -rf signed split out.zip
