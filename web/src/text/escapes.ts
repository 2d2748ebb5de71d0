// Characters that can't be seen, or that turn the order of others, are shown by their numbers.
// A name like `report<U+202E>vaw.exe` then looks like what it is.

// Controls, soft hyphen, marks and overrides of direction, invisible characters, line separators,
// the byte order mark, tags, and halves of surrogate pairs.
const UNSEEN =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\u{e0000}-\u{e0fff}]|\p{Surrogate}/gu;

/** The text of a name. */
export function shown(text: string): string {
  return text.replace(UNSEEN, escape);
}

export function escape(character: string): string {
  return `[U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}]`;
}

/** The parts of a text that are shown by their numbers; tabs aren't. */
export function* unseen(text: string): Generator<{ readonly start: number; readonly end: number }> {
  for (const match of text.matchAll(UNSEEN)) {
    if (match[0] !== "\t") yield { start: match.index, end: match.index + match[0].length };
  }
}
