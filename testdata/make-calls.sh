#!/usr/bin/env bash
# Makes the sample calls in testdata/calls/ anew. Needs espeak-ng and python3.
#
# Run by hand; what it makes is committed. The same version of espeak-ng gives
# the same bytes. README.md in that directory is written by hand and is kept.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

for tool in espeak-ng python3; do
    command -v "$tool" >/dev/null || {
        echo "error: $tool is not installed" >&2
        exit 1
    }
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# say VOICE NAME WORDS: one recording as espeak-ng makes it.
say() {
    espeak-ng -v "$1" -s 165 -w "$work/$2.wav" "$3"
}

prompt=en-us+f3
caller=en-us+m3

say $prompt welcome "Welcome to the account line. Say balance, or say make a payment."
say $caller payment "I would like to make a payment, please."
say $prompt ask-card "Please say your card number, one digit at a time."
say $caller card "Four, one, one, one. One, one, one, one. One, one, one, one. One, one, one, one."
say $caller balance "What is the balance of my account? It ends in eight two."
say fr+f2 french "Bonjour, je voudrais laisser un message. Merci."

rm -rf calls/2026-*
python3 - "$work" calls <<'PYTHON'
import json
import math
import os
import random
import struct
import sys
import wave
from datetime import datetime, timedelta, timezone
from pathlib import Path
from xml.sax.saxutils import escape

SPOKEN, CALLS = map(Path, sys.argv[1:])
RATE = 8000  # samples a second, as on the telephone


def spoken(name):
    """What espeak-ng said, as 16-bit samples at RATE with a little line noise."""
    with wave.open(str(SPOKEN / f"{name}.wav")) as file:
        assert file.getnchannels() == 1 and file.getsampwidth() == 2
        source_rate = file.getframerate()
        data = file.readframes(file.getnframes())
    source = struct.unpack(f"<{len(data) // 2}h", data)
    noise = random.Random(name)
    return [
        max(-32768, min(32767, round(sample) + noise.randint(-6, 6)))
        for sample in resample(source, source_rate)
    ]


def resample(source, source_rate):
    """`source` at RATE: low-pass with a windowed sinc, then pick."""
    step = source_rate / RATE
    reach = int(8 * step)
    for i in range(int(len(source) / step)):
        centre = i * step
        first = max(0, math.ceil(centre - reach))
        last = min(len(source) - 1, math.floor(centre + reach))
        total = 0.0
        for k in range(first, last + 1):
            x = (k - centre) / step
            sinc = math.sin(math.pi * x) / (math.pi * x) if x else 1.0
            window = 0.5 + 0.5 * math.cos(math.pi * (k - centre) / reach)
            total += source[k] * sinc * window
        yield 0.8 * total / step


def mu_law(samples):
    """ITU-T G.711 mu-law, one byte a sample."""
    coded = bytearray()
    for sample in samples:
        sign = 0x80 if sample < 0 else 0
        magnitude = min(abs(sample), 32635) + 132
        exponent = magnitude.bit_length() - 8
        mantissa = (magnitude >> (exponent + 3)) & 0x0F
        coded.append(~(sign | exponent << 4 | mantissa) & 0xFF)
    return bytes(coded)


def chunk(name, body):
    return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)


def riff(*chunks):
    return chunk(b"RIFF", b"WAVE" + b"".join(chunks))


def wav_pcm(samples):
    fmt = struct.pack("<HHIIHH", 1, 1, RATE, RATE * 2, 2, 16)
    return riff(chunk(b"fmt ", fmt), chunk(b"data", struct.pack(f"<{len(samples)}h", *samples)))


def wav_mu_law(samples):
    fmt = struct.pack("<HHIIHHH", 7, 1, RATE, RATE, 1, 8, 0)
    fact = struct.pack("<I", len(samples))
    return riff(chunk(b"fmt ", fmt), chunk(b"fact", fact), chunk(b"data", mu_law(samples)))


def stamp(time):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def metadata(call, start, seconds, ani, agent, nodes):
    document = {
        "call_id": call,
        "ani": ani,
        "dnis": "+1-212-555-0100",
        "agent": agent,
        "start": stamp(start),
        "end": stamp(start + timedelta(seconds=seconds)),
        "language": nodes[0]["language"],
        "nodes": nodes,
    }
    return (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode()


def node(name, offset, outcome, language="en-US"):
    return {"name": name, "offset_ms": offset, "outcome": outcome, "language": language}


def recognition(call, grammar, interpretations):
    """A recognition result in the manner of NLSML."""
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<result xmlns="http://www.ietf.org/xml/ns/mrcpv2" grammar="{escape(grammar)}">',
        f"  <!-- call {call} -->",
    ]
    for confidence, words, instance in interpretations:
        lines += [
            f'  <interpretation grammar="{escape(grammar)}" confidence="{confidence:.2f}">',
            f'    <input mode="speech" confidence="{confidence:.2f}">{escape(words)}</input>',
            f"    <instance><meaning>{escape(instance)}</meaning></instance>",
            "  </interpretation>",
        ]
    return ("\n".join([*lines, "</result>"]) + "\n").encode()


def callsre(call, xml, samples):
    """A stand-in for a .callsre file: a container of our own making."""
    audio = mu_law(samples)
    header = (
        "CALLSRE-STAND-IN 1\r\n"
        f"call-id: {call}\r\n"
        f"xml-length: {len(xml)}\r\n"
        f"audio-format: ulaw/{RATE}/1\r\n"
        f"audio-length: {len(audio)}\r\n"
        "\r\n"
    )
    return header.encode() + xml + audio


def write(path, time, data):
    target = CALLS / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(data)
    target.chmod(0o644)
    os.utime(target, (time.timestamp(), time.timestamp()))


def at(*when):
    return datetime(*when, tzinfo=timezone.utc)


welcome, payment, ask_card, card, balance, french = map(
    spoken, ["welcome", "payment", "ask-card", "card", "balance", "french"]
)

# A caller pays, and says a card number aloud: why such files are sealed.
start, call = at(2026, 3, 14, 9, 15, 2), "20260314-091502-0117"
folder = f"2026-03-14/agent-17/{call}"
card_xml = recognition(call, "builtin:grammar/digits?length=16", [
    (0.94, "four one one one one one one one one one one one one one one one", "4111111111111111"),
    (0.31, "four one one one one one one one one one one one one one one nine", "4111111111111119"),
])
write(f"{folder}/call.json", start + timedelta(seconds=41), metadata(
    call, start, 41, "+1-212-555-0142", "agent 17", [
        node("welcome", 0, "played"),
        node("main-menu", 5200, "payment"),
        node("ask-card", 9800, "played"),
        node("card-number", 14100, "4111111111111111"),
        node("transfer", 29600, "agent 17"),
    ]))
write(f"{folder}/01-prompt-welcome.wav", start + timedelta(seconds=5), wav_pcm(welcome))
write(f"{folder}/02-caller-payment.wav", start + timedelta(seconds=9), wav_pcm(payment))
write(f"{folder}/03-prompt-card-number.wav", start + timedelta(seconds=14), wav_pcm(ask_card))
write(f"{folder}/04-caller-card-number.wav", start + timedelta(seconds=29), wav_pcm(card))
write(f"{folder}/recognition.xml", start + timedelta(seconds=30), card_xml)
write(f"{folder}/{call}.callsre", start + timedelta(seconds=30), callsre(call, card_xml, card))

# A balance enquiry, recorded as the line delivered it: mu-law.
start, call = at(2026, 3, 14, 10, 22, 47), "20260314-102247-0118"
folder = f"2026-03-14/agent-23/{call}"
balance_xml = recognition(call, "main-menu.grxml", [
    (0.88, "what is the balance of my account it ends in eight two", "balance"),
    (0.12, "what is the ballast of my account it ends in eighty two", "unknown"),
])
write(f"{folder}/call.json", start + timedelta(seconds=19), metadata(
    call, start, 19, "+1-212-555-0167", "agent 23", [
        node("main-menu", 0, "balance"),
        node("read-balance", 7400, "played"),
    ]))
write(f"{folder}/01-caller-balance.wav", start + timedelta(seconds=7), wav_mu_law(balance))
write(f"{folder}/recognition.xml", start + timedelta(seconds=8), balance_xml)
write(f"{folder}/{call}.callsre", start + timedelta(seconds=8), callsre(call, balance_xml, balance))
write(f"{folder}/agent note.txt", start + timedelta(seconds=95),
      b"Caller asked for the balance twice: the first answer was cut off.\r\n")

# A message at night in French, after a recording that never began.
start, call = at(2026, 3, 15, 23, 11, 9), "20260315-231109-0119"
folder = f"2026-03-15/night-line/{call}"
write(f"{folder}/call.json", start + timedelta(seconds=12), metadata(
    call, start, 12, "+1-212-555-0183", None, [
        node("leave-message", 0, "no input", "fr-FR"),
        node("leave-message", 6000, "recorded", "fr-FR"),
    ]))
write(f"{folder}/01-no-input.wav", start + timedelta(seconds=6), b"")
write(f"{folder}/02-message-enregistr\u00e9.wav", start + timedelta(seconds=11), wav_pcm(french))
PYTHON

du -sh calls
