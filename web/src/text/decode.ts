// From octets to text.

export interface Decoded {
  readonly text: string;
  readonly encoding: string;
}

/** UTF-8, UTF-16 with its mark, or else Latin-1 (as browsers know it: windows-1252). */
export function decodeText(bytes: Uint8Array): Decoded {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return decoded("UTF-16LE", bytes, false);
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return decoded("UTF-16BE", bytes, false);
  try {
    return decoded("UTF-8", bytes, true);
  } catch {
    return { text: new TextDecoder("latin1").decode(bytes), encoding: "Latin-1" };
  }
}

function decoded(encoding: string, bytes: Uint8Array, fatal: boolean): Decoded {
  return { text: new TextDecoder(encoding, { fatal }).decode(bytes), encoding };
}
