// Another speed at the same pitch: WSOLA (Verhelst and Roelands, 1993).
//
// Overlapping windows of 40 ms are put together anew. Each is taken from near the place where the
// speed wants it: there where it continues the window before best.
import type { PcmSource } from "./pcm.ts";

export interface Piece {
  readonly channels: Float32Array<ArrayBuffer>[];
  /** The frames of the recording that it stands for. */
  readonly from: number;
  readonly to: number;
}

export class Stretcher {
  readonly #source: PcmSource;
  readonly #speed: number;
  /** The frames that each step gives: half of a window. */
  readonly #hop: number;
  /** How far from its place a window may be taken. */
  readonly #reach: number;
  readonly #rising: Float32Array;
  /** Where the speed wants the next window. */
  #at: number;
  /** Where the window before would go on. */
  #continues: number;

  constructor(source: PcmSource, start: number, speed: number) {
    this.#source = source;
    this.#speed = speed;
    this.#hop = Math.max(16, Math.round(source.sampleRate * 0.02));
    this.#reach = Math.max(8, Math.round(source.sampleRate * 0.0125));
    this.#rising = Float32Array.from({ length: this.#hop }, (_, i) => 0.5 - 0.5 * Math.cos((Math.PI * (i + 0.5)) / this.#hop));
    this.#at = start;
    this.#continues = start;
  }

  /** About `count` frames of sound, or nothing at the end. */
  next(count: number): Piece | undefined {
    const from = Math.round(this.#at);
    if (from >= this.#source.frames) return undefined;
    const piece = this.#speed === 1 ? this.#unchanged(count) : this.#stretched(count);
    return { channels: piece, from, to: Math.min(Math.round(this.#at), this.#source.frames) };
  }

  #unchanged(count: number): Float32Array<ArrayBuffer>[] {
    const start = Math.round(this.#at);
    const length = Math.min(count, this.#source.frames - start);
    this.#at = start + length;
    return this.#source.read(start, length);
  }

  #stretched(count: number): Float32Array<ArrayBuffer>[] {
    const steps = Math.max(1, Math.round(count / this.#hop));
    const output = Array.from({ length: this.#source.channels }, () => new Float32Array(steps * this.#hop));
    let step = 0;
    for (; step < steps && this.#at < this.#source.frames; step++) this.#step(output, step * this.#hop);
    return step === steps ? output : output.map((samples) => samples.slice(0, step * this.#hop));
  }

  #step(output: Float32Array[], offset: number): void {
    const start = this.#best(Math.round(this.#at));
    const falling = this.#source.read(this.#continues, this.#hop);
    const rising = this.#source.read(start, this.#hop);
    for (let channel = 0; channel < output.length; channel++) {
      const out = output[channel];
      const before = falling[channel];
      const after = rising[channel];
      if (!out || !before || !after) continue;
      for (let i = 0; i < this.#hop; i++) {
        const weight = this.#rising[i] ?? 0;
        out[offset + i] = (before[i] ?? 0) * (1 - weight) + (after[i] ?? 0) * weight;
      }
    }
    this.#continues = start + this.#hop;
    this.#at += this.#hop * this.#speed;
  }

  /** The place near `wanted` whose sound is most like what would have come: coarse first, then fine. */
  #best(wanted: number): number {
    if (wanted === this.#continues) return wanted;
    const pattern = mono(this.#source.read(this.#continues, this.#hop));
    const field = mono(this.#source.read(wanted - this.#reach, this.#hop + 2 * this.#reach));
    const coarse = Math.max(1, Math.round(this.#source.sampleRate / 8_000));
    const near = mostAlike(pattern, field, 0, 2 * this.#reach, coarse, coarse);
    const best = mostAlike(pattern, field, Math.max(0, near - coarse), Math.min(2 * this.#reach, near + coarse), 1, 1);
    return Math.max(0, wanted - this.#reach + best);
  }
}

function mostAlike(pattern: Float32Array, field: Float32Array, from: number, to: number, step: number, stride: number): number {
  let best = Math.round((from + to) / 2);
  let bestLikeness = -Infinity;
  for (let offset = from; offset <= to; offset += step) {
    let product = 0;
    let energy = 1e-9;
    for (let i = 0; i < pattern.length; i += stride) {
      const sample = field[offset + i] ?? 0;
      product += (pattern[i] ?? 0) * sample;
      energy += sample * sample;
    }
    const likeness = product / Math.sqrt(energy);
    if (likeness > bestLikeness) [best, bestLikeness] = [offset, likeness];
  }
  return best;
}

function mono(channels: Float32Array[]): Float32Array {
  const [first = new Float32Array(0), ...others] = channels;
  for (const samples of others) for (let i = 0; i < first.length; i++) first[i] = (first[i] ?? 0) + (samples[i] ?? 0);
  return first;
}
