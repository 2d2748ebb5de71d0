// What the browser does for the player: it plays samples.
import type { Output } from "./engine.ts";

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
