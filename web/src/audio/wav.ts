// WAV files (RIFF, RF64), as telephone systems write them and as nobody should.
//
// No size in a header is believed: each is cut to the octets that are there.
import { OCTETS, UnplayableError, pcmSource, type Encoding, type PcmFormat, type PcmSource } from "./pcm.ts";

interface Chunk {
  readonly id: string;
  readonly start: number;
  /** What its header says. */
  readonly size: number;
}

/** Codecs that are found in WAV files of calls and that nothing here decodes. */
const CODECS: ReadonlyMap<number, string> = new Map([
  [0x0002, "Microsoft ADPCM"],
  [0x0010, "OKI ADPCM"],
  [0x0011, "IMA ADPCM"],
  [0x0014, "G.723 ADPCM"],
  [0x0022, "TrueSpeech"],
  [0x0031, "GSM 6.10"],
  [0x0038, "AMR-NB"],
  [0x0039, "AMR-WB"],
  [0x0040, "G.721 ADPCM"],
  [0x0042, "G.723.1"],
  [0x0045, "G.726 ADPCM"],
  [0x0050, "MPEG layer 2"],
  [0x0055, "MP3"],
  [0x0064, "G.726 ADPCM"],
  [0x0065, "G.722 ADPCM"],
  [0x0083, "G.729"],
  [0x0111, "G.723.1"],
  [0x0133, "G.729"],
  [0xa109, "Speex"],
]);

/** A file can hold nothing but empty chunks. */
const MOST_CHUNKS = 10_000;

const PCM = 1;
const FLOAT = 3;
const A_LAW = 6;
const MU_LAW = 7;
const EXTENSIBLE = 0xfffe;

export function isWav(bytes: Uint8Array): boolean {
  const form = ascii(bytes, 0);
  return (form === "RIFF" || form === "RF64" || form === "RIFX") && ascii(bytes, 8) === "WAVE";
}

export function parseWav(bytes: Uint8Array): PcmSource {
  if (ascii(bytes, 0) === "RIFX") throw new UnplayableError("it is a big-endian WAV file (RIFX)");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let format: PcmFormat | undefined;
  let data: Uint8Array | undefined;
  for (const chunk of chunks(view, bytes)) {
    if (chunk.id === "fmt ") format ??= parseFormat(view, chunk);
    if (chunk.id === "data") data ??= bytes.subarray(chunk.start, chunk.start + chunk.size);
    if (format && data) return pcmSource(data, format);
  }
  throw new UnplayableError(format ? "its WAV header has no samples after it" : "its WAV header doesn't say the format");
}

function* chunks(view: DataView, bytes: Uint8Array): Generator<Chunk> {
  let at = 12;
  for (let count = 0; count < MOST_CHUNKS && at + 8 <= view.byteLength; count++) {
    const id = ascii(bytes, at);
    const start = at + 8;
    const left = view.byteLength - start;
    const said = view.getUint32(at + 4, true);
    const size = id === "data" && isUnknown(said, view, bytes, start) ? left : Math.min(said, left);
    yield { id, start, size };
    at = start + size + (size % 2);
  }
}

/** A recorder that doesn't come back to its header leaves 0 or the highest number there. */
function isUnknown(said: number, view: DataView, bytes: Uint8Array, start: number): boolean {
  if (said === 0xffff_ffff) return true;
  if (said !== 0) return false;
  const chunkFollows =
    start + 8 <= view.byteLength &&
    /^[\x20-\x7e]{4}$/.test(ascii(bytes, start)) &&
    view.getUint32(start + 4, true) <= view.byteLength - start - 8;
  return !chunkFollows;
}

function parseFormat(view: DataView, { start, size }: Chunk): PcmFormat {
  if (size < 14) throw new UnplayableError("its WAV header is cut off");
  const channels = view.getUint16(start + 2, true);
  const blockBytes = view.getUint16(start + 12, true);
  const bits = size >= 16 ? view.getUint16(start + 14, true) : 8;
  let tag = view.getUint16(start, true);
  if (tag === EXTENSIBLE && size >= 40) tag = view.getUint16(start + 24, true);

  const encoding = encodingOf(tag, bits);
  const needed = OCTETS[encoding];
  const inBlock = channels > 0 && blockBytes % channels === 0 ? blockBytes / channels : 0;
  // Twelve bits in two octets, twenty in four: samples lie in the upper bits of wider places.
  const sampleBytes = tag === PCM && inBlock > needed && inBlock <= 8 ? inBlock : needed;
  return { encoding, channels, sampleRate: view.getUint32(start + 4, true), sampleBytes, littleEndian: true };
}

function encodingOf(tag: number, bits: number): Encoding {
  if (tag === A_LAW) return "A-law";
  if (tag === MU_LAW) return "mu-law";
  if (tag === FLOAT && bits === 32) return "float 32";
  if (tag === FLOAT && bits === 64) return "float 64";
  if (tag === PCM && bits >= 1 && bits <= 32) {
    return bits <= 8 ? "unsigned 8" : bits <= 16 ? "signed 16" : bits <= 24 ? "signed 24" : "signed 32";
  }
  if (tag === PCM || tag === FLOAT) throw new UnplayableError(`its header says samples of ${bits} bits`);
  const name = CODECS.get(tag) ?? `unknown to this page (0x${tag.toString(16).padStart(4, "0")})`;
  throw new UnplayableError(`its codec is ${name}, which browsers don't decode`);
}

function ascii(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + 4));
}
