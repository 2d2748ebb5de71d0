// Recordings that sound and look a little like speech.

export interface WavOptions {
  readonly tag: number;
  readonly bits: number;
  readonly channels: number;
  readonly rate: number;
  readonly data: Uint8Array;
}

export function wav({ tag, bits, channels, rate, data }: WavOptions): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(44 + data.length);
  const view = new DataView(bytes.buffer);
  const block = (channels * bits) / 8;
  const text = (at: number, value: string) => [...value].forEach((c, i) => view.setUint8(at + i, c.charCodeAt(0)));
  text(0, "RIFF");
  view.setUint32(4, bytes.length - 8, true);
  text(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, tag, true);
  view.setUint16(22, channels, true);
  view.setUint32(24, rate, true);
  view.setUint32(28, rate * block, true);
  view.setUint16(32, block, true);
  view.setUint16(34, bits, true);
  text(36, "data");
  view.setUint32(40, data.length, true);
  bytes.set(data, 44);
  return bytes;
}

/** Syllables of a voice, with pauses, from -1 to 1. */
export function speech(seconds: number, rate: number, pitch: number, offset = 0): Float32Array {
  const samples = new Float32Array(Math.round(seconds * rate));
  for (let i = 0; i < samples.length; i++) {
    const t = i / rate + offset;
    const syllable = Math.max(0, Math.sin(2 * Math.PI * 1.9 * t)) * Math.max(0, Math.sin(2 * Math.PI * 0.13 * t) + 0.35);
    const tone = Math.sin(2 * Math.PI * pitch * t) + 0.5 * Math.sin(2 * Math.PI * pitch * 3.01 * t) + 0.25 * Math.sin(2 * Math.PI * pitch * 7.03 * t);
    samples[i] = 0.45 * syllable * tone;
  }
  return samples;
}

export function muLaw(samples: Float32Array): Uint8Array {
  return Uint8Array.from(samples, (sample) => {
    const linear = Math.round(Math.max(-1, Math.min(1, sample)) * 32_635);
    const magnitude = Math.abs(linear) + 132;
    const segment = Math.max(0, 31 - Math.clz32(magnitude) - 7);
    return ~((linear < 0 ? 0x80 : 0) | (segment << 4) | ((magnitude >> (segment + 3)) & 15)) & 255;
  });
}

export function pcm16(samples: Float32Array): Uint8Array {
  return new Uint8Array(Int16Array.from(samples, (sample) => Math.round(Math.max(-1, Math.min(1, sample)) * 32_767)).buffer);
}

export function interleaved(left: Float32Array, right: Float32Array): Float32Array {
  const both = new Float32Array(left.length * 2);
  left.forEach((sample, i) => (both[2 * i] = sample));
  right.forEach((sample, i) => (both[2 * i + 1] = sample));
  return both;
}
