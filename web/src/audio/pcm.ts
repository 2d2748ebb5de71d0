// Samples that are decoded when they are asked for: a recording stays in memory as it was sealed,
// and doesn't become four or eight times as many octets of floats.
import type { Cut } from "../decoder/messages.ts";
import { A_LAW, MU_LAW } from "./g711.ts";

/** A recording as the player sees it. */
export interface PcmSource {
  readonly sampleRate: number;
  readonly channels: number;
  /** It can grow while the recording is decoded. */
  readonly frames: number;
  /** What it is, for people: `A-law`, `PCM, 16 bits` … */
  readonly codec: string;
  readonly decoding?: Decoding;
  /** One array for each channel. What lies before the start or after the end is silence. */
  read(start: number, count: number): Float32Array<ArrayBuffer>[];
}

/** A recording that is decoded before it's asked for, and plays meanwhile. */
export interface Decoding {
  readonly isOver: boolean;
  /** How much of the file is decoded, from 0 to 1. */
  readonly part: number;
  /** Once it's over: why there is no more. */
  readonly cut: Cut | undefined;
  onchange: () => void;
}

/** The recording can't be played here; it can be saved. */
export class UnplayableError extends Error {
  override readonly name = "UnplayableError";
}

export type Encoding = "unsigned 8" | "signed 8" | "signed 16" | "signed 24" | "signed 32" | "float 32" | "float 64" | "A-law" | "mu-law";

export interface PcmFormat {
  readonly encoding: Encoding;
  readonly channels: number;
  readonly sampleRate: number;
  /** The octets of one sample of one channel; more than the encoding's own ones are padding in front. */
  readonly sampleBytes: number;
  readonly littleEndian: boolean;
}

export const OCTETS: Readonly<Record<Encoding, number>> = {
  "unsigned 8": 1,
  "signed 8": 1,
  "signed 16": 2,
  "signed 24": 3,
  "signed 32": 4,
  "float 32": 4,
  "float 64": 8,
  "A-law": 1,
  "mu-law": 1,
};

const NAMES: Readonly<Record<Encoding, string>> = {
  "unsigned 8": "PCM, 8 bits",
  "signed 8": "PCM, 8 bits",
  "signed 16": "PCM, 16 bits",
  "signed 24": "PCM, 24 bits",
  "signed 32": "PCM, 32 bits",
  "float 32": "floats, 32 bits",
  "float 64": "floats, 64 bits",
  "A-law": "G.711 A-law",
  "mu-law": "G.711 mu-law",
};

/** More channels than any recorder of calls writes; a header that says more lies. */
const MOST_CHANNELS = 32;
/** Browsers play no lower ones, and no device records higher ones. */
const LOWEST_RATE = 3_000;
const HIGHEST_RATE = 384_000;

/** Throws if the browser plays no such samples. */
export function checkFormat(channels: number, sampleRate: number): void {
  if (channels < 1 || channels > MOST_CHANNELS) {
    throw new UnplayableError(`its header says ${channels} channels; 1 to ${MOST_CHANNELS} can be played`);
  }
  if (!(sampleRate >= LOWEST_RATE && sampleRate <= HIGHEST_RATE)) {
    throw new UnplayableError(`its header says ${sampleRate} samples a second; ${LOWEST_RATE} to ${HIGHEST_RATE} can be played`);
  }
}

export function pcmSource(data: Uint8Array, format: PcmFormat): PcmSource {
  const { encoding, channels, sampleRate, sampleBytes, littleEndian } = format;
  checkFormat(channels, sampleRate);
  const frameBytes = channels * sampleBytes;
  const frames = Math.floor(data.byteLength / frameBytes);
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const padding = littleEndian ? sampleBytes - OCTETS[encoding] : 0;
  const sample = decoder(encoding, view, littleEndian);

  return {
    sampleRate,
    channels,
    frames,
    codec: NAMES[encoding],
    read(start, count) {
      const from = Math.max(0, start);
      const to = Math.min(frames, start + count);
      return Array.from({ length: channels }, (_, channel) => {
        const samples = new Float32Array(count);
        let at = from * frameBytes + channel * sampleBytes + padding;
        for (let frame = from; frame < to; frame++, at += frameBytes) samples[frame - start] = sample(at);
        return samples;
      });
    },
  };
}

function decoder(encoding: Encoding, view: DataView, littleEndian: boolean): (at: number) => number {
  switch (encoding) {
    case "unsigned 8":
      return (at) => (view.getUint8(at) - 128) / 128;
    case "signed 8":
      return (at) => view.getInt8(at) / 128;
    case "signed 16":
      return (at) => view.getInt16(at, littleEndian) / 32_768;
    case "signed 24":
      return littleEndian
        ? (at) => (view.getUint16(at, true) + view.getInt8(at + 2) * 65_536) / 8_388_608
        : (at) => (view.getInt16(at, false) * 256 + view.getUint8(at + 2)) / 8_388_608;
    case "signed 32":
      return (at) => view.getInt32(at, littleEndian) / 2_147_483_648;
    case "float 32":
      return (at) => bounded(view.getFloat32(at, littleEndian));
    case "float 64":
      return (at) => bounded(view.getFloat64(at, littleEndian));
    case "A-law":
      return (at) => A_LAW[view.getUint8(at)] ?? 0;
    case "mu-law":
      return (at) => MU_LAW[view.getUint8(at)] ?? 0;
  }
}

/** Floats can be anything, NaN and infinity too; loudspeakers and ears stay whole. */
function bounded(value: number): number {
  return value > 1 ? 1 : value >= -1 ? value : value < -1 ? -1 : 0;
}
