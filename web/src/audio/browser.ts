// What the browser does for the player: it decodes compressed recordings, and it plays samples.
import type { Output } from "./engine.ts";
import { UnplayableError, type PcmSource } from "./pcm.ts";

/** The browser decodes all at once, to floats; this keeps them below some hundred MiB. */
const MOST_COMPRESSED = 48 * 1024 * 1024;
const FULL_RATE_BELOW = 4 * 1024 * 1024;

export async function decodeCompressed(bytes: Uint8Array<ArrayBuffer>): Promise<PcmSource> {
  if (bytes.byteLength > MOST_COMPRESSED) {
    throw new UnplayableError("it is compressed and larger than 48 MiB, which the browser would decode all at once");
  }
  const sampleRate = bytes.byteLength < FULL_RATE_BELOW ? 44_100 : 16_000;
  const context = new OfflineAudioContext({ numberOfChannels: 1, length: 1, sampleRate });
  let decoded: AudioBuffer;
  try {
    // It takes the octets away from whoever gives them; the page still saves them.
    decoded = await context.decodeAudioData(bytes.slice().buffer);
  } catch {
    throw new UnplayableError("it is damaged, or the browser doesn't know its codec");
  }
  return {
    sampleRate,
    channels: decoded.numberOfChannels,
    frames: decoded.length,
    codec: "compressed",
    read(start, count) {
      return Array.from({ length: decoded.numberOfChannels }, (_, channel) => {
        const samples = new Float32Array(count);
        const from = Math.max(0, start);
        const to = Math.max(from, Math.min(decoded.length, start + count));
        samples.set(decoded.getChannelData(channel).subarray(from, to), from - start);
        return samples;
      });
    },
  };
}

let isAwake = false;

/** The browser starts what plays sound once it's first asked: that can be while the vault opens a recording. */
export function wakeAudio(): void {
  if (isAwake) return;
  isAwake = true;
  void new AudioContext().close();
}

/** Plays through Web Audio: no media element, and so no file, no cache and no address of the plaintext. */
export function webAudioOutput(sampleRate: number): Output {
  const context = audioContext(sampleRate);
  const gain = context.createGain();
  gain.connect(context.destination);
  return {
    get now() {
      return context.currentTime;
    },
    start(channels, when) {
      const buffer = context.createBuffer(channels.length, channels[0]?.length ?? 1, sampleRate);
      channels.forEach((samples, channel) => buffer.copyToChannel(samples, channel));
      const node = context.createBufferSource();
      node.buffer = buffer;
      node.connect(gain);
      node.start(when);
      return {
        stop() {
          node.stop();
          node.disconnect();
        },
      };
    },
    setVolume(volume) {
      gain.gain.setTargetAtTime(volume, context.currentTime, 0.01);
    },
    resume: () => context.resume(),
    suspend: () => context.suspend(),
    close: () => void context.close(),
  };
}

/** At the recording's own rate its pieces join without a seam. A rate that no device knows is resampled. */
function audioContext(sampleRate: number): AudioContext {
  try {
    return new AudioContext({ sampleRate });
  } catch {
    return new AudioContext();
  }
}
