// AU files (.au, .snd), and G.711 without any header.
import { OCTETS, UnplayableError, pcmSource, type Encoding, type PcmSource } from "./pcm.ts";

const ENCODINGS: ReadonlyMap<number, Encoding> = new Map([
  [1, "mu-law"],
  [2, "signed 8"],
  [3, "signed 16"],
  [4, "signed 24"],
  [5, "signed 32"],
  [6, "float 32"],
  [7, "float 64"],
  [27, "A-law"],
]);

export function isAu(bytes: Uint8Array): boolean {
  return bytes.length >= 24 && String.fromCharCode(...bytes.subarray(0, 4)) === ".snd";
}

export function parseAu(bytes: Uint8Array): PcmSource {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = Math.min(Math.max(24, view.getUint32(4)), bytes.length);
  // The size may be unknown (all ones), and may lie.
  const size = Math.min(view.getUint32(8), bytes.length - start);
  const encoding = ENCODINGS.get(view.getUint32(12));
  if (!encoding) throw new UnplayableError(`its codec is number ${view.getUint32(12)} of AU files, which browsers don't decode`);
  return pcmSource(bytes.subarray(start, start + size), {
    encoding,
    channels: view.getUint32(20),
    sampleRate: view.getUint32(16),
    sampleBytes: OCTETS[encoding],
    littleEndian: false,
  });
}

/** Telephony's samples without a header: only the name says what they are. */
export function headerless(bytes: Uint8Array, name: string): PcmSource | undefined {
  const ending = /\.(ulaw|mulaw|ul|alaw|al)$/i.exec(name)?.[1]?.toLowerCase();
  if (ending === undefined) return undefined;
  const encoding = ending.startsWith("a") ? "A-law" : "mu-law";
  return pcmSource(bytes, { encoding, channels: 1, sampleRate: 8_000, sampleBytes: 1, littleEndian: true });
}
