// What a member is, by its name and by its first octets.

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
  const text = sample(content);
  if (text === undefined) return "other";
  const first = text.trimStart()[0];
  if (first === "{" || first === "[") return "json";
  return first === "<" ? "xml" : "text";
}

/** Returns the beginning of a text; `undefined` if it isn't one. */
function sample(content: Uint8Array): string | undefined {
  if (content.length === 0) return undefined;
  const isWide = (content[0] === 0xff && content[1] === 0xfe) || (content[0] === 0xfe && content[1] === 0xff);
  if (isWide) return decodeText(content.subarray(0, SAMPLE)).text;
  // A character that is cut off at the end of the sample is no fault.
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let text: string;
  try {
    text = decoder.decode(content.subarray(0, SAMPLE), { stream: true });
  } catch {
    return undefined;
  }
  return /[\u0000-\u0008\u000e-\u001a]/.test(text) ? undefined : text;
}
