// Tags that follow the sound in a file: titles, lyrics and pictures, which can be long.

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

function id3v1(file: DataView): number {
  return stands("TAG", file, 128) ? 128 : 0;
}

/** Of version 2.4, whose header is repeated at its end as a footer. */
function id3v2(file: DataView): number {
  if (!stands("3DI", file, 10)) return 0;
  // Seven bits of each octet.
  const size = [4, 3, 2, 1].reduce((sum, at) => sum * 128 + (file.getUint8(file.byteLength - at) & 127), 0);
  return size + 20;
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

function textAt(file: DataView, at: number, length: number): string {
  return String.fromCharCode(...new Uint8Array(file.buffer, file.byteOffset + at, length));
}
