// Plays a recording in pieces that are scheduled a little ahead.
//
// The clock, the timer and the loudspeaker come from outside, so that tests have their own.
import { mixed, type Mix } from "./mix.ts";
import type { PcmSource } from "./pcm.ts";
import { Stretcher } from "./stretch.ts";

export interface Output {
  /** Seconds; stands still while it's suspended. */
  readonly now: number;
  start(channels: Float32Array<ArrayBuffer>[], when: number): { stop(): void };
  setVolume(volume: number): void;
  resume(): Promise<void>;
  suspend(): Promise<void>;
  close(): void;
}

/** Calls `tick` again and again until the returned function is called. */
export type Every = (milliseconds: number, tick: () => void) => () => void;

export type EngineState = "paused" | "playing" | "ended";

interface Scheduled {
  readonly when: number;
  readonly until: number;
  readonly from: number;
  readonly to: number;
  stop(): void;
}

const PIECE_SECONDS = 0.25;
/** Timers of pages in the background fire once a second. */
const AHEAD_SECONDS = 1.6;
const TICK_MILLISECONDS = 100;
/** A piece can't start in the past. */
const LEAD_SECONDS = 0.02;
/** More than a piece at another speed looks at beside its own place. */
const REACH_SECONDS = 0.2;

export class Engine {
  onchange: () => void = () => {};
  #state: EngineState = "paused";
  #speed = 1;
  #mix: Mix = "all";
  /** The frame that is played next, or while nothing is scheduled the one where it stands. */
  #frame = 0;
  #pieces: Scheduled[] = [];
  #stretcher: Stretcher | undefined;
  #stopTimer: (() => void) | undefined;
  readonly #source: PcmSource;
  readonly #output: Output;
  readonly #every: Every;

  constructor(source: PcmSource, output: Output, every: Every) {
    this.#source = source;
    this.#output = output;
    this.#every = every;
  }

  /** Seconds; of what is decoded so far. */
  get duration(): number {
    return this.#source.frames / this.#source.sampleRate;
  }

  /** It waits for what isn't decoded yet. */
  get isWaiting(): boolean {
    return this.#state === "playing" && this.#pieces.length === 0;
  }

  get state(): EngineState {
    return this.#state;
  }

  get speed(): number {
    return this.#speed;
  }

  get mix(): Mix {
    return this.#mix;
  }

  /** Seconds from the recording's start. */
  get position(): number {
    return this.#currentFrame() / this.#source.sampleRate;
  }

  play(): void {
    if (this.#state === "playing") return;
    if (this.#state === "ended") this.#frame = 0;
    this.#state = "playing";
    // It waits for a gesture of the user if the browser wants one; the clock stands still so long.
    void this.#output.resume().catch(() => this.pause());
    this.#start();
    this.onchange();
  }

  pause(): void {
    if (this.#state !== "playing") return;
    this.#stop("paused");
  }

  seek(seconds: number): void {
    const frame = Math.round(seconds * this.#source.sampleRate);
    const bounded = Math.max(0, Math.min(this.#source.frames, Number.isFinite(frame) ? frame : 0));
    if (this.#state === "ended") this.#state = "paused";
    this.#restart(bounded);
    this.onchange();
  }

  setSpeed(speed: number): void {
    const frame = this.#currentFrame();
    this.#speed = speed;
    this.#restart(frame);
    this.onchange();
  }

  setMix(mix: Mix): void {
    const frame = this.#currentFrame();
    this.#mix = mix;
    this.#restart(frame);
    this.onchange();
  }

  setVolume(volume: number): void {
    this.#output.setVolume(volume);
  }

  close(): void {
    this.onchange = () => {};
    this.#cancel();
    this.#state = "ended";
    this.#output.close();
  }

  #currentFrame(): number {
    const { now } = this.#output;
    const piece = this.#pieces.find(({ until }) => now < until);
    if (!piece) return this.#frame;
    const part = Math.max(0, (now - piece.when) / (piece.until - piece.when));
    return piece.from + part * (piece.to - piece.from);
  }

  #restart(frame: number): void {
    this.#cancel();
    this.#frame = frame;
    if (this.#state === "playing") this.#start();
  }

  #start(): void {
    this.#stretcher = new Stretcher(this.#source, Math.round(this.#frame), this.#speed);
    this.#stopTimer = this.#every(TICK_MILLISECONDS, () => this.#tick());
    this.#tick();
  }

  #stop(state: EngineState): void {
    const frame = this.#currentFrame();
    this.#cancel();
    this.#frame = frame;
    this.#state = state;
    void this.#output.suspend().catch(() => {});
    this.onchange();
  }

  #cancel(): void {
    this.#stopTimer?.();
    this.#stopTimer = undefined;
    this.#stretcher = undefined;
    for (const piece of this.#pieces) piece.stop();
    this.#pieces = [];
  }

  #tick(): void {
    const { now } = this.#output;
    this.#pieces = this.#pieces.filter(({ until }) => until > now);
    while ((this.#pieces.at(-1)?.until ?? now) < now + AHEAD_SECONDS) {
      if (!this.#isDecoded()) return;
      const piece = this.#stretcher?.next(Math.round(PIECE_SECONDS * this.#source.sampleRate));
      if (!piece) {
        if (this.#pieces.length === 0) this.#stop("ended");
        return;
      }
      const when = this.#pieces.at(-1)?.until ?? now + LEAD_SECONDS;
      const frames = piece.channels[0]?.length ?? 0;
      const { stop } = this.#output.start(mixed(piece.channels, this.#mix), when);
      this.#pieces.push({ when, until: when + frames / this.#source.sampleRate, from: piece.from, to: piece.to, stop });
      this.#frame = piece.to;
    }
  }

  /** The next piece, with what its windows reach for. */
  #isDecoded(): boolean {
    const { decoding, frames, sampleRate } = this.#source;
    const needed = (PIECE_SECONDS * this.#speed + REACH_SECONDS) * sampleRate;
    return decoding === undefined || decoding.isOver || this.#frame + needed <= frames;
  }
}
