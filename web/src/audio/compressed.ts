// Compressed recordings: a worker of their own decodes each, and ends with it.
//
// Some octets can become days of silence in many channels. So they are decoded in pieces, and no more
// is kept than fits. Where a file of a stranger makes its decoder hang, that worker hangs alone.
import code from "worker:../decoder/worker.ts";
import { CHUNK_FRAMES, type Cut, type Decoded } from "../decoder/messages.ts";
import { startWorker } from "../workers/start.ts";
import { checkFormat, UnplayableError, type Decoding, type PcmSource } from "./pcm.ts";

/** Gives the recording once it can begin; the rest follows. Aborting ends the worker at any time. */
export async function decodeCompressed(bytes: Uint8Array<ArrayBuffer>, signal: AbortSignal): Promise<PcmSource> {
  signal.throwIfAborted();
  const worker = startWorker(code);
  const end = () => worker.terminate();
  signal.addEventListener("abort", end, { once: true });
  // The page keeps its own octets, to save them.
  const copy = bytes.slice();
  worker.postMessage(copy, [copy.buffer]);
  try {
    return await firstPart(worker, signal);
  } catch (error) {
    end();
    throw error;
  }
}

function firstPart(worker: Worker, signal: AbortSignal): Promise<PcmSource> {
  return new Promise((resolve, reject) => {
    let source: ChunkSource | undefined;
    const fail = (message: string) => {
      worker.terminate();
      source?.end("damaged");
      reject(new UnplayableError(message));
    };
    worker.onerror = worker.onmessageerror = () => fail("it is damaged, or too much for this page");
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    worker.onmessage = ({ data }: MessageEvent<Decoded>) => {
      switch (data.kind) {
        case "format":
          try {
            checkFormat(data.channels, data.sampleRate);
            source = new ChunkSource(data);
          } catch (error) {
            reject(error);
          }
          break;
        case "chunk":
          source?.add(data.samples, data.part);
          if (source) resolve(source);
          break;
        case "end":
          worker.terminate();
          source?.end(data.cut);
          if (source) resolve(source);
          break;
        case "problem":
          fail(data.message);
          break;
      }
    };
  });
}

interface Format {
  readonly sampleRate: number;
  readonly channels: number;
  readonly codec: string;
}

/** Samples as they come from the decoder. Exported for tests. */
export class ChunkSource implements PcmSource, Decoding {
  readonly sampleRate: number;
  readonly channels: number;
  readonly codec: string;
  readonly decoding: Decoding = this;
  frames = 0;
  isOver = false;
  cut: Cut | undefined;
  part = 0;
  onchange = (): void => {};
  readonly #chunks: Int16Array[] = [];

  constructor({ sampleRate, channels, codec }: Format) {
    this.sampleRate = sampleRate;
    this.channels = channels;
    this.codec = codec;
  }

  /** All chunks but the last one have `CHUNK_FRAMES`. */
  add(samples: Int16Array, part: number): void {
    this.#chunks.push(samples);
    this.frames += samples.length / this.channels;
    this.part = part;
    this.onchange();
  }

  end(cut: Cut | undefined): void {
    this.isOver = true;
    this.cut = cut;
    this.onchange();
  }

  read(start: number, count: number): Float32Array<ArrayBuffer>[] {
    const lanes = Array.from({ length: this.channels }, () => new Float32Array(count));
    const end = Math.min(this.frames, start + count);
    for (let frame = Math.max(0, start); frame < end; ) {
      const chunk = this.#chunks[Math.floor(frame / CHUNK_FRAMES)]!;
      const offset = frame % CHUNK_FRAMES;
      const next = Math.min(end, frame + CHUNK_FRAMES - offset);
      lanes.forEach((samples, channel) => {
        let at = offset * this.channels + channel;
        for (let i = frame - start; i < next - start; i++, at += this.channels) samples[i] = chunk[at]! / 32_768;
      });
      frame = next;
    }
    return lanes;
  }
}
