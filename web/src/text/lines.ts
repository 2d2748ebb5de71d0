// The lines of a text, as ranges of it. A formatted text is made of the same characters as the
// text that came: only where its lines begin and how far they are indented is new.

export type Language = "plain" | "json" | "xml";

export interface Lines {
  readonly text: string;
  readonly language: Language;
  readonly count: number;
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;
  /** In characters. */
  readonly indents: Uint8Array;
  /** There are more lines than a page can hold. */
  readonly isCut: boolean;
}

/** The most lines that are shown: their places take 45 MB. */
export const MOST_LINES = 5_000_000;

export class LineBuilder {
  readonly #text: string;
  readonly #language: Language;
  #count = 0;
  #isCut = false;
  #starts = new Uint32Array(1024);
  #ends = new Uint32Array(1024);
  #indents = new Uint8Array(1024);

  constructor(text: string, language: Language) {
    this.#text = text;
    this.#language = language;
  }

  /** Says false once there is no room for more. */
  add(start: number, end: number, indent: number): boolean {
    if (this.#count === MOST_LINES) {
      this.#isCut = true;
      return false;
    }
    if (this.#count === this.#starts.length) this.#grow();
    this.#starts[this.#count] = start;
    this.#ends[this.#count] = end;
    this.#indents[this.#count] = Math.min(indent, 255);
    this.#count++;
    return true;
  }

  finish(): Lines {
    return {
      text: this.#text,
      language: this.#language,
      count: this.#count,
      starts: this.#starts.subarray(0, this.#count),
      ends: this.#ends.subarray(0, this.#count),
      indents: this.#indents.subarray(0, this.#count),
      isCut: this.#isCut,
    };
  }

  #grow(): void {
    const double = <A extends Uint32Array | Uint8Array>(old: A, empty: A): A => (empty.set(old), empty);
    const length = 2 * this.#count;
    this.#starts = double(this.#starts, new Uint32Array(length));
    this.#ends = double(this.#ends, new Uint32Array(length));
    this.#indents = double(this.#indents, new Uint8Array(length));
  }
}

/** The lines as they are. */
export function* plainLines(text: string, language: Language): Generator<void, Lines> {
  const builder = new LineBuilder(text, language);
  let start = 0;
  for (let steps = 1; start <= text.length; steps++) {
    let end = nextBreak(text, start);
    const next = end + (text.startsWith("\r\n", end) ? 2 : 1);
    // The end of the last line isn't the start of another one.
    if (start === text.length && start > 0) break;
    if (!builder.add(start, end, 0)) break;
    start = next;
    if (steps % 4096 === 0) yield;
  }
  return builder.finish();
}

/** Line feeds and carriage returns end lines, alone or together. */
function nextBreak(text: string, start: number): number {
  for (let at = start; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 10 || code === 13) return at;
  }
  return text.length;
}

/** The line in which a character of the text stands. */
export function lineAt(lines: Lines, offset: number): number {
  return lastNotAbove(lines.starts, offset);
}

/** The last place in an ascending array whose number isn't above `value`; 0 if all are. */
export function lastNotAbove(ascending: Uint32Array, value: number): number {
  let low = 0;
  let high = ascending.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((ascending[middle] ?? 0) <= value) low = middle;
    else high = middle - 1;
  }
  return Math.max(0, low);
}
