# shellcheck shell=bash
# For scripts/compare.sh: fields of JSON documents, compared with a Python program
# that does the same with PyCryptodome, and with jq, which seals nothing.
# (sops isn't measured: it seals one file per start, and isn't available here.
# Debian has no package of it, PyPI's is its unmaintained predecessor, and npm's
# only starts it.)
# shellcheck disable=SC2154

documents=${DOCUMENTS:-20000}
# The first Python on the path may not be the one with the system's packages.
python=
for name in python3 /usr/bin/python3; do
    if "$name" -c 'import Cryptodome' 2>/dev/null || "$name" -c 'import Crypto.Cipher' 2>/dev/null; then
        python=$name
        break
    fi
done
[ -n "$python" ] || fail "python3 has no PyCryptodome" 'run "make bench", which installs it'
peer=$root/scripts/compare/fields_peer.py

"$python" "$peer" make "$documents" >calls.ndjson

drop_nothing() {
    :
}
seal_fields() {
    "$callseal" fields seal -q --fields 'caller.number,transcript,cards[*].pan' -r customer.crt \
        <calls.ndjson >sealed.ndjson
}
python_seal_fields() {
    "$python" "$peer" seal customer.crt <calls.ndjson >by-python.ndjson
}
open_fields() {
    "$callseal" fields open -q -k customer.key <sealed.ndjson >opened.ndjson
}
python_open_fields() {
    "$python" "$peer" open customer.key <by-python.ndjson >opened-by-python.ndjson
}
parse_only() {
    jq -c . calls.ndjson >by-jq.ndjson
}
# race_python NAME COMMAND…: callseal's, then Python's, then more. callseal
# works on all cores and Python on one; the mark is one for a single core.
race_python() {
    local i
    race drop_nothing "$@"
    local rates=()
    for i in "${!medians[@]}"; do
        rates+=("$(awk -v n="$documents" -v t="${medians[i]}" 'BEGIN { printf "%.0f", n / t }')")
    done
    echo "  documents per second: ${rates[*]}"
    mark "$(ratio "${medians[1]}" "${medians[0]}")" at-least 5 \
        "callseal is $(ratio "${medians[1]}" "${medians[0]}") times as fast as Python"
}

jq=()
if command -v jq >/dev/null; then
    jq=("jq -c . (seals nothing)" parse_only)
else
    printf '\nLeft out: jq, which is not installed\n'
fi
printf '\nSealing three fields in each of %s documents of 1 KiB, RSA-2048\n' "$documents"
race_python "callseal fields seal" seal_fields "Python with PyCryptodome" python_seal_fields "${jq[@]}"
printf '\nOpening them\n'
race_python "callseal fields open" open_fields "Python with PyCryptodome" python_open_fields

cmp opened.ndjson calls.ndjson
cmp opened-by-python.ndjson calls.ndjson
rm -f ./*.ndjson
