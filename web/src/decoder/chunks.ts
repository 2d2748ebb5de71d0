// Decoded samples as they are kept: 16 bits, interleaved, in chunks of one size, and not without an end.
import { CHUNK_FRAMES } from "./messages.ts";

/** 512 MiB: three quarters of an hour of stereo at 48 kHz, nine hours of telephony. */
export const MOST_SAMPLES = 2 ** 28;

export class Chunks {
  #chunk: Int16Array<ArrayBuffer>;
  #frames = 0;
  #skip: number;
  #left: number;
  readonly #channels: number;
  readonly #take: (chunk: Int16Array<ArrayBuffer>) => void;

  /** The first `skip` frames are the encoder's delay, and no sound. */
  constructor(channels: number, skip: number, take: (chunk: Int16Array<ArrayBuffer>) => void, most = MOST_SAMPLES) {
    this.#channels = channels;
    this.#skip = skip;
    this.#take = take;
    this.#left = Math.floor(most / channels);
    this.#chunk = this.#empty();
  }

  /** Says whether there was room for all. Each channel has an array of its own, and all have one length. */
  add(channels: readonly Float32Array[]): boolean {
    const count = channels[0]?.length ?? 0;
    let at = Math.min(this.#skip, count);
    this.#skip -= at;
    const end = Math.min(count, at + this.#left);
    this.#left -= end - at;
    while (at < end) {
      const frames = Math.min(end - at, CHUNK_FRAMES - this.#frames);
      channels.forEach((samples, channel) => this.#interleave(samples.subarray(at, at + frames), channel));
      this.#frames += frames;
      at += frames;
      if (this.#frames === CHUNK_FRAMES) this.#give();
    }
    return end === count;
  }

  finish(): void {
    if (this.#frames > 0) this.#give();
  }

  #give(): void {
    const samples = this.#frames * this.#channels;
    this.#take(samples === this.#chunk.length ? this.#chunk : this.#chunk.slice(0, samples));
    this.#chunk = this.#empty();
    this.#frames = 0;
  }

  #empty(): Int16Array<ArrayBuffer> {
    return new Int16Array(CHUNK_FRAMES * this.#channels);
  }

  #interleave(samples: Float32Array, channel: number): void {
    const chunk = this.#chunk;
    let at = this.#frames * this.#channels + channel;
    for (const sample of samples) {
      const value = Math.round(sample * 32_768);
      // What isn't a number becomes 0 in the array.
      chunk[at] = value > 32_767 ? 32_767 : value < -32_768 ? -32_768 : value;
      at += this.#channels;
    }
  }
}
