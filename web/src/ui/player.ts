// Plays a recording.
import { webAudioOutput } from "../audio/browser.ts";
import { Engine } from "../audio/engine.ts";
import type { Mix } from "../audio/mix.ts";
import type { PcmSource } from "../audio/pcm.ts";
import { computePeaks } from "../audio/peaks.ts";
import type { Cut } from "../decoder/messages.ts";
import { inSlices } from "../text/slices.ts";
import type { Problem } from "../vault/protocol.ts";
import { fill, h, pictureButton } from "./dom.ts";
import { formatPosition, spokenDuration } from "./format.ts";
import { icon } from "./icons.ts";
import { problemView } from "./messages.ts";
import type { Viewer } from "./viewer.ts";
import { LONG_STEP_SECONDS, STEP_SECONDS, Waveform } from "./waveform.ts";

const SPEEDS = [0.5, 0.75, 1, 1.25, 1.5, 1.75, 2, 2.5] as const;
const COLUMNS = 4096;

/** The volume, as the slider says it, and the speed stay while the page is open. */
const chosen = { volume: 1, speed: 1 };

let lastGroup = 0;

export class Player implements Viewer {
  readonly element: HTMLElement;
  readonly fillsHeight = false;
  readonly #engine: Engine;
  readonly #waveform: Waveform;
  readonly #play = pictureButton("Play", icon("play"), () => this.#toggle(), { class: "primary play" });
  readonly #time = h("span", { class: "time" });
  readonly #speed = h("select", { "aria-label": "Speed" }, ...SPEEDS.map((speed) => h("option", { value: speed }, `${speed}×`)));
  readonly #format = h("p", { class: "dim format" });
  readonly #cut = h("div", { role: "alert" });
  readonly #closed = new AbortController();
  readonly #say: (text: string) => void;
  #frame: number | undefined;

  constructor(source: PcmSource, say: (text: string) => void) {
    this.#say = say;
    this.#engine = new Engine(source, webAudioOutput(source.sampleRate), (milliseconds, tick) => {
      const timer = setInterval(tick, milliseconds);
      return () => clearInterval(timer);
    });
    this.#waveform = new Waveform(this.#engine.duration, (seconds) => this.#engine.seek(seconds));
    this.#engine.onchange = () => this.#show();
    this.#setSpeed(chosen.speed);
    this.#speed.addEventListener("change", () => this.#setSpeed(Number(this.#speed.value)));
    this.element = h(
      "div",
      { class: "player", role: "group", "aria-label": "Player" },
      this.#waveform.element,
      h("div", { class: "controls" }, this.#play, this.#time, h("span", { class: "gap" }), this.#channels(source), this.#speed, this.#volume()),
      this.#format,
      this.#cut,
    );
    this.#show();
    this.#follow(source);
    if (source.decoding) source.decoding.onchange = () => this.#follow(source);
  }

  get isPlaying(): boolean {
    return this.#engine.state === "playing" && !this.#engine.isWaiting;
  }

  get #isOn(): boolean {
    return this.#engine.state === "playing";
  }

  play(): void {
    this.#engine.play();
  }

  close(): void {
    this.#closed.abort();
    if (this.#frame !== undefined) cancelAnimationFrame(this.#frame);
    this.#waveform.close();
    this.#engine.close();
  }

  key(event: KeyboardEvent): boolean {
    if (event.ctrlKey || event.metaKey) return false;
    const step = event.shiftKey ? LONG_STEP_SECONDS : STEP_SECONDS;
    switch (event.key) {
      case " ":
        this.#toggle();
        return true;
      case "ArrowLeft":
        this.#engine.seek(this.#engine.position - step);
        return true;
      case "ArrowRight":
        this.#engine.seek(this.#engine.position + step);
        return true;
      case "[":
        this.#setSpeed(SPEEDS.filter((speed) => speed < chosen.speed).at(-1) ?? chosen.speed);
        return true;
      case "]":
        this.#setSpeed(SPEEDS.find((speed) => speed > chosen.speed) ?? chosen.speed);
        return true;
      default:
        return false;
    }
  }

  /** A recording grows until it's decoded. */
  #follow(source: PcmSource): void {
    if (this.#closed.signal.aborted) return;
    const { decoding } = source;
    this.#waveform.duration = this.#engine.duration;
    this.#showPosition();
    this.#format.textContent = describe(source);
    if (decoding?.isOver === false) return;
    if (decoding?.cut !== undefined) fill(this.#cut, cutView(source, decoding.cut));
    void this.#drawPeaks(source);
  }

  #toggle(): void {
    if (this.#isOn) this.#engine.pause();
    else this.#engine.play();
  }

  #setSpeed(speed: number): void {
    if (speed !== this.#engine.speed) this.#say(`Speed ${speed}`);
    chosen.speed = speed;
    this.#engine.setSpeed(speed);
    this.#speed.value = String(speed);
  }

  #show(): void {
    const label = this.#isOn ? "Pause" : "Play";
    if (this.#play.title !== label) {
      this.#play.title = label;
      this.#play.setAttribute("aria-label", label);
      fill(this.#play, icon(this.#isOn ? "pause" : "play"));
    }
    this.#showPosition();
    if (this.#isOn && this.#frame === undefined) this.#frame = requestAnimationFrame(this.#animate);
  }

  readonly #animate = (): void => {
    this.#frame = this.#isOn ? requestAnimationFrame(this.#animate) : undefined;
    this.#showPosition();
  };

  #showPosition(): void {
    const text = `${formatPosition(this.#engine.position)} / ${formatPosition(this.#engine.duration)}`;
    if (this.#time.textContent !== text) this.#time.textContent = text;
    this.#waveform.moveTo(this.#engine.position);
  }

  /** In a call of two channels, each side can be heard alone. */
  #channels({ channels }: PcmSource): HTMLElement | undefined {
    if (channels < 2) return undefined;
    const group = `channels-${lastGroup++}`;
    const names = channels === 2 ? ["Left", "Right"] : Array.from({ length: channels }, (_, i) => String(i + 1));
    const choices: [string, Mix][] = [[channels === 2 ? "Both" : "All", "all"], ...names.map((name, i): [string, Mix] => [name, i])];
    return h(
      "fieldset",
      { class: "choice" },
      h("legend", { class: "unseen" }, "Channels"),
      ...choices.map(([name, mix]) => {
        const onchange = () => {
          this.#engine.setMix(mix);
          this.#waveform.heard = mix;
          this.#waveform.draw();
        };
        return h("label", {}, h("input", { type: "radio", name: group, checked: mix === "all", onchange }), h("span", {}, name));
      }),
    );
  }

  #volume(): HTMLElement {
    const input = h("input", { type: "range", min: 0, max: 1, step: 0.05, "aria-label": "Volume" });
    input.value = String(chosen.volume);
    const follow = () => {
      chosen.volume = Number(input.value);
      input.setAttribute("aria-valuetext", `${Math.round(100 * chosen.volume)} %`);
      // Ears hear loudness by its logarithm; the square comes near enough.
      this.#engine.setVolume(chosen.volume ** 2);
    };
    input.addEventListener("input", follow);
    follow();
    return h("span", { class: "volume", title: "Volume" }, icon("volume"), input);
  }

  async #drawPeaks(source: PcmSource): Promise<void> {
    const columns = Math.min(COLUMNS, Math.max(1, source.frames));
    try {
      this.#waveform.peaks = await inSlices(computePeaks(source, columns), this.#closed.signal, (peaks) => {
        this.#waveform.peaks = peaks;
        this.#waveform.draw();
      });
      this.#waveform.draw();
    } catch (error) {
      if (!this.#closed.signal.aborted) throw error;
    }
  }
}

function describe({ codec, sampleRate, channels, frames, decoding }: PcmSource): string {
  const sides = channels === 1 ? "mono" : channels === 2 ? "stereo" : `${channels} channels`;
  const known = `${codec}, ${sampleRate / 1000} kHz, ${sides}, ${spokenDuration(frames / sampleRate)}`;
  return decoding?.isOver === false ? `${known} so far: ${Math.floor(100 * decoding.part)} % is decoded` : known;
}

const CUTS: Readonly<Record<Cut, Problem>> = {
  "too long": { message: "the whole is too long for the page's memory", hint: "save it to hear it all" },
  damaged: { message: "what follows is damaged", hint: "save it, and try another program" },
  changed: { message: "what follows has another sampling rate or number of channels", hint: "save it to hear it all" },
  "another stream": { message: "the file holds another stream of sound", hint: "save it to hear it all" },
};

function cutView({ frames, sampleRate }: PcmSource, cut: Cut): HTMLElement {
  const { message, hint } = CUTS[cut];
  return problemView({ message: `only the first ${spokenDuration(frames / sampleRate)} are played: ${message}`, hint }, "warning");
}
