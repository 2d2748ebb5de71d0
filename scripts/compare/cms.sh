# shellcheck shell=bash
# For scripts/compare.sh: CMS messages, compared with openssl.
# shellcheck disable=SC2154

# --- one large message -----------------------------------------------------

cms_mib=${CMS_MIB:-1024}
# The content, the message and the output of both programs. To open the message,
# openssl needs two to three times its size in memory.
room=$((4 * cms_mib * 1024))
memory_kib=$(awk '$1 == "MemAvailable:" { print $2 }' /proc/meminfo)
cms=
if [ "$(free_kib "$work")" -ge "$room" ] && [ "$memory_kib" -ge $((2 * room)) ]; then
    cms=$work/cms
elif [ "$(free_kib "$disk")" -ge "$room" ] && [ "$memory_kib" -ge "$room" ]; then
    cms=$disk/cms
fi

drop_cms() {
    rm -f "$cms/by-callseal" "$cms/by-openssl"
}
open_cms() {
    "$callseal" open -q "$cms/message" -k customer.key -o "$cms/by-callseal"
}
openssl_open_cms() {
    openssl cms -decrypt -binary -inform DER -in "$cms/message" -out "$cms/by-openssl" \
        -inkey customer.key -recip customer.crt
}
seal_cms() {
    "$callseal" seal -q --format "$format" "${recipients[@]}" -o "$cms/by-callseal" "$cms/content"
}
# Writes the message to the given place.
openssl_seal() {
    openssl cms -encrypt -binary -stream -outform DER "-$cipher" -in "$cms/content" -out "$1" \
        customer.crt vendor.crt
}
openssl_seal_cms() {
    openssl_seal "$cms/by-openssl"
}
# race_openssl COMMAND OF-OPENSSL: both are names of functions.
race_openssl() {
    race drop_cms "callseal ${1%_cms}" "$1" "openssl cms" "$2"
    mark "$(ratio "${medians[0]}" "${medians[1]}")" at-most 1.0 \
        "callseal takes $(ratio "${medians[0]}" "${medians[1]}") of the time of openssl"
}
# peak_of TEXT PROGRAM ARGUMENT…
peak_of() {
    local what=$1
    shift
    measured "$@"
    printf '  %-34s %8d MiB\n' "$what" "$peak"
}

if [ -z "$cms" ]; then
    printf '\nLeft out: a CMS message of %s MiB, for want of room or memory\n' "$cms_mib"
else
    mkdir "$cms"
    noise $((cms_mib << 20)) 03 >"$cms/content"
    for cipher in aes-256-cbc aes-256-gcm; do
        case $cipher in
            aes-256-cbc) format="cms" ;;
            aes-256-gcm) format="cms-gcm" ;;
        esac
        printf '\nOpening a CMS message of %s MiB by openssl, %s\n' "$cms_mib" "$cipher"
        openssl_seal "$cms/message"
        race_openssl open_cms openssl_open_cms
        peak_of "openssl cms, peak memory" openssl cms -decrypt -binary -inform DER \
            -in "$cms/message" -out "$cms/by-openssl" -inkey customer.key -recip customer.crt
        peak_of "callseal open, peak memory" \
            "$callseal" open -q "$cms/message" -k customer.key -o "$cms/by-callseal"
        mark "$peak" at-most 32 "callseal takes $peak MiB"
        cmp "$cms/by-openssl" "$cms/content"
        cmp "$cms/by-callseal" "$cms/content"
        drop_cms

        printf '\nSealing it for two RSA-2048 recipients, %s\n' "$cipher"
        race_openssl seal_cms openssl_seal_cms
        peak_of "openssl cms, peak memory" openssl cms -encrypt -binary -stream -outform DER \
            "-$cipher" -in "$cms/content" -out "$cms/by-openssl" customer.crt vendor.crt
        drop_cms
        peak_of "callseal seal, peak memory" "$callseal" seal -q --format "$format" \
            "${recipients[@]}" -o "$cms/by-callseal" "$cms/content"
        mark "$peak" at-most 32 "callseal takes $peak MiB"
        mv "$cms/by-callseal" "$cms/message"
        openssl_open_cms
        cmp "$cms/by-openssl" "$cms/content"
        rm "$cms/message"
        drop_cms
    done
    rm -r "$cms"
fi

# --- an archive of small messages ------------------------------------------

genesys=1000
mkdir genesys
noise $((genesys * 16384)) 04 | split -b 16384 -a 4 -d - genesys/call-
"$callseal" pack -q --format cms -r customer.crt -o genesys.zip genesys
drop_genesys() {
    rm -rf extracted unzipped
}
extract_genesys() {
    "$callseal" extract -q genesys.zip -k customer.key -C extracted
}
# As Genesys documents it, with the certificate given.
openssl_extract_genesys() {
    local file
    unzip -q genesys.zip -d unzipped
    for file in unzipped/genesys/*.p7m; do
        openssl smime -decrypt -binary -inform DER -in "$file" -out "${file%.p7m}" \
            -inkey customer.key -recip customer.crt
        rm "$file"
    done
}
printf '\nExtracting %s CMS members of 16 KiB\n' "$genesys"
race drop_genesys "callseal extract" extract_genesys \
    "unzip, openssl smime one by one" openssl_extract_genesys
mark "$(ratio "${medians[1]}" "${medians[0]}")" at-least 10 \
    "callseal is $(ratio "${medians[1]}" "${medians[0]}") times as fast"
extract_genesys
openssl_extract_genesys
diff -r genesys extracted/genesys
diff -r genesys unzipped/genesys
drop_genesys
rm -r genesys genesys.zip
