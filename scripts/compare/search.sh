# shellcheck shell=bash
# For scripts/compare.sh: searching transcripts, compared with extracting them and with
# grep on the files, which doesn't decrypt.
# shellcheck disable=SC2154

mkdir transcripts
python3 - transcripts <<'PROGRAM'
import json, random, sys
random.seed(1)
words = "the call was about a bill and we could send it again by mail to your new address".split()
for number in range(200):
    turns, size = [], 0
    wanted = random.randrange(20 << 10, 200 << 10)
    while size < wanted:
        text = " ".join(random.choices(words, k=random.randrange(3, 30)))
        if random.random() < 0.002:
            text += " refund"
        turn = {"speaker": random.choice(["agent", "caller"]), "at": round(size / 15, 2), "text": text}
        turns.append(turn)
        size += len(json.dumps(turn)) + 40
    with open(f"{sys.argv[1]}/call-{number:03}.json", "w") as file:
        json.dump({"call": number, "turns": turns}, file, indent=1)
PROGRAM
"$callseal" pack -q -r customer.crt -o transcripts.zip transcripts
printf '\nSearching 200 transcripts of 20 to 200 KiB (%s KiB)\n' "$(du -sk transcripts | cut -f 1)"
remove_searched() {
    rm -rf searched
}
search_members() {
    "$callseal" grep refund transcripts.zip -k customer.key
}
search_any_case() {
    "$callseal" grep -i -C 2 'refund|address$' transcripts.zip -k customer.key
}
extract_transcripts() {
    "$callseal" extract -q transcripts.zip -k customer.key -C searched
}
search_files() {
    grep -rn refund transcripts
}
race remove_searched "callseal grep" search_members "callseal extract" extract_transcripts \
    "callseal grep -i -C 2, of two words" search_any_case "grep -rn, of the files" search_files
mark "$(ratio "${medians[0]}" "${medians[1]}")" at-most 2.0 \
    "callseal grep takes $(ratio "${medians[0]}" "${medians[1]}") of the time of extract"
diff <(search_members | sort) <(search_files | sort)
rm -rf transcripts transcripts.zip searched
