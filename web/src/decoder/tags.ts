// Tags that follow the sound in a file, or stand in it: titles, lyrics and pictures, which can be long.

/** One of each kind, and some that were added twice. */
const MOST_TAGS = 8;

/** The length of a tag at the end of a file, by what it ends with; 0 if there is none. */
type Tag = (file: DataView) => number;

const TAGS: readonly Tag[] = [id3v1, id3v2, apev2, lyrics];

/** Returns a file without the tags at its end. */
export function withoutTags(file: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  let sound = file;
  for (let count = 0; count < MOST_TAGS; count++) {
    const view = new DataView(sound.buffer, sound.byteOffset, sound.byteLength);
    const length = Math.max(...TAGS.map((tag) => tag(view)));
    if (length === 0 || length > sound.length) break;
    sound = sound.subarray(0, sound.length - length);
  }
  return sound;
}

/** Of zeros: more of them are sound that was lost. */
const MOST_PADDING = 65_536;

/** Returns where the tags that begin there end. Files that were joined have them in their middle. */
export function afterTags(file: Uint8Array<ArrayBuffer>, at: number): number {
  for (let length; at < file.length && (length = lengthByBeginning(file.subarray(at))) > 0; ) at += length;
  return Math.min(at, file.length);
}

/** Whether nothing but tags and padding is there, to the end of the file. */
export function isTrailer(file: Uint8Array<ArrayBuffer>, at: number): boolean {
  const rest = file.subarray(afterTags(file, at));
  return rest.length <= MOST_PADDING && rest.every((octet) => octet === 0);
}

/** The length of a tag by what it begins with; 0 if there is none. */
function lengthByBeginning(file: Uint8Array<ArrayBuffer>): number {
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  const name = textAt(view, 0, Math.min(8, file.length));
  if (name.startsWith("TAG")) return 128;
  if (name.startsWith("ID3") && file.length >= 10) {
    const hasFooter = (view.getUint8(5) & 0x10) !== 0;
    return id3Size(view, 6) + (hasFooter ? 20 : 10);
  }
  if (name !== "APETAGEX" || file.length < 32) return 0;
  const isHeader = (view.getUint32(20, true) & 0x2000_0000) !== 0;
  return isHeader ? 32 + view.getUint32(12, true) : 32;
}

function id3v1(file: DataView): number {
  return stands("TAG", file, 128) ? 128 : 0;
}

/** Of version 2.4, whose header is repeated at its end as a footer. */
function id3v2(file: DataView): number {
  if (!stands("3DI", file, 10)) return 0;
  return id3Size(file, file.byteLength - 4) + 20;
}

/** Seven bits of each of four octets. */
function id3Size(file: DataView, at: number): number {
  return [0, 1, 2, 3].reduce((sum, i) => sum * 128 + (file.getUint8(at + i) & 127), 0);
}

function apev2(file: DataView): number {
  if (!stands("APETAGEX", file, 32)) return 0;
  const end = file.byteLength;
  const hasHeader = (file.getUint32(end - 12, true) & 0x8000_0000) !== 0;
  // The size counts the footer, and not the header.
  return Math.max(32, file.getUint32(end - 20, true)) + (hasHeader ? 32 : 0);
}

/** Lyrics3 of version 2. Its length stands in six digits, and counts neither them nor what follows. */
function lyrics(file: DataView): number {
  if (!stands("LYRICS200", file, 9) || file.byteLength < 15) return 0;
  const digits = textAt(file, file.byteLength - 15, 6);
  return /^\d{6}$/.test(digits) ? Number(digits) + 15 : 0;
}

/** Whether a text stands so many octets in front of the end. */
function stands(text: string, file: DataView, before: number): boolean {
  return file.byteLength >= before && textAt(file, file.byteLength - before, text.length) === text;
}

export function textAt(file: DataView, at: number, length: number): string {
  return String.fromCharCode(...new Uint8Array(file.buffer, file.byteOffset + at, length));
}
