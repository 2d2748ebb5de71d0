// The waveform: the lowest and the highest sample of each column.
import type { PcmSource } from "./pcm.ts";

export interface Peaks {
  readonly columns: number;
  /** How many columns are known. */
  done: number;
  readonly lowest: Float32Array[];
  readonly highest: Float32Array[];
}

const FRAMES_A_STEP = 32_768;

/** Yields after each part of the work. Every sample counts: a short click is seen, too. */
export function* computePeaks(source: PcmSource, columns: number): Generator<Peaks, Peaks> {
  const lanes = () => Array.from({ length: source.channels }, () => new Float32Array(columns));
  const peaks: Peaks = { columns, done: 0, lowest: lanes(), highest: lanes() };
  for (; peaks.done < columns; peaks.done++) {
    const end = Math.floor(((peaks.done + 1) * source.frames) / columns);
    let start = Math.floor((peaks.done * source.frames) / columns);
    do {
      const count = Math.min(FRAMES_A_STEP, Math.max(1, end - start));
      source.read(start, count).forEach((samples, channel) => widen(peaks, channel, samples));
      start += count;
      yield peaks;
    } while (start < end);
  }
  return peaks;
}

function widen(peaks: Peaks, channel: number, samples: Float32Array): void {
  const lowest = peaks.lowest[channel];
  const highest = peaks.highest[channel];
  if (!lowest || !highest) return;
  let low = lowest[peaks.done] ?? 0;
  let high = highest[peaks.done] ?? 0;
  for (const sample of samples) {
    if (sample < low) low = sample;
    if (sample > high) high = sample;
  }
  lowest[peaks.done] = low;
  highest[peaks.done] = high;
}
