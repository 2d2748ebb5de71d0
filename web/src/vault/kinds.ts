// What a member is, by its name and by its first octets.

import { isBinary } from "../text/binary.ts";
import { decodeText } from "../text/decode.ts";
import { type MemberKind } from "./protocol.ts";

const ENDINGS: Readonly<Record<string, MemberKind>> = Object.fromEntries(
  (
    [
      ["audio", "wav wave mp3 ogg oga opus flac m4a aac au snd ulaw ul alaw al gsm amr"],
      ["json", "json"],
      ["xml", "xml ssml grxml vxml nlsml emma svg"],
      ["text", "txt log csv tsv md srt vtt ndjson jsonl conf ini properties yaml yml html htm"],
    ] as const
  ).flatMap(([kind, endings]) => endings.split(" ").map((ending) => [ending, kind])),
);

/** Returns the kind by the ending of a name. */
export function kindByName(name: string): MemberKind {
  const file = name.slice(name.lastIndexOf("/") + 1);
  const dot = file.lastIndexOf(".");
  return dot < 0 ? "other" : (ENDINGS[file.slice(dot + 1).toLowerCase()] ?? "other");
}

/** What files of sound begin with, as Latin-1; a dot stands for any octet. */
const SOUNDS = [/^RIFF....WAVE/s, /^RF64....WAVE/s, /^ID3/, /^\u00ff[\u00e2-\u00fd]/, /^OggS/, /^fLaC/, /^\.snd/, /^#!AMR/, /^....ftyp/s];

/** Octets that are looked at. */
const SAMPLE = 4096;

/** Returns the kind of a content: by its name, if that fits what it begins with. */
export function kindOf(name: string, content: Uint8Array): MemberKind {
  const beginning = String.fromCharCode(...content.subarray(0, 16));
  if (SOUNDS.some((pattern) => pattern.test(beginning))) return "audio";
  const named = kindByName(name);
  if (named !== "other") return named;
  const sample = content.subarray(0, SAMPLE);
  if (sample.length === 0 || isBinary(sample)) return "other";
  const first = decodeText(sample).text.trimStart()[0];
  if (first === "{" || first === "[") return "json";
  return first === "<" ? "xml" : "text";
}
