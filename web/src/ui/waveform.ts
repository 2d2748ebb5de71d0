// The waveform, which is a slider: the part before the position has the colour of what was played.
import type { Peaks } from "../audio/peaks.ts";
import { h } from "./dom.ts";
import { formatPosition, spokenDuration } from "./format.ts";

/** More lanes than these would be lines. */
const MOST_LANES = 8;
export const STEP_SECONDS = 5;
export const LONG_STEP_SECONDS = 30;

export class Waveform {
  readonly element: HTMLElement;
  peaks: Peaks | undefined;
  readonly #canvas = h("canvas", { "aria-hidden": "true" });
  readonly #hover = h("span", { class: "hover", "aria-hidden": "true" });
  #duration: number;
  readonly #observer: ResizeObserver;
  readonly #scheme = matchMedia("(prefers-color-scheme: dark)");
  #position = 0;
  /** An hour's recording moves by a pixel in some seconds: it isn't drawn anew for less. */
  #drawnPlayhead = -1;
  /** The dimmed channels. */
  heard: "all" | number = "all";

  constructor(duration: number, onseek: (seconds: number) => void) {
    this.#duration = duration;
    this.element = h(
      "div",
      {
        class: "waveform",
        role: "slider",
        tabindex: 0,
        "aria-label": "Position",
        "aria-valuemin": 0,
        "aria-valuemax": Math.max(1, Math.round(duration)),
      },
      this.#canvas,
      this.#hover,
    );
    this.element.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      this.element.setPointerCapture(event.pointerId);
      onseek(this.#secondsAt(event));
    });
    this.element.addEventListener("pointermove", (event) => {
      this.#showHover(event);
      if (this.element.hasPointerCapture(event.pointerId)) onseek(this.#secondsAt(event));
    });
    this.element.addEventListener("keydown", (event) => {
      const target = event.ctrlKey || event.altKey || event.metaKey ? undefined : this.#targetOf(event.key);
      if (target === undefined) return;
      // Else the page would scroll as well.
      event.preventDefault();
      onseek(target);
    });
    this.#observer = new ResizeObserver(() => this.draw());
    this.#observer.observe(this.element);
    this.#scheme.addEventListener("change", this.draw);
    this.moveTo(0);
  }

  /** While a recording is decoded, it gets longer. */
  set duration(seconds: number) {
    this.#duration = seconds;
    this.element.setAttribute("aria-valuemax", String(Math.max(1, Math.round(seconds))));
  }

  close(): void {
    this.#observer.disconnect();
    this.#scheme.removeEventListener("change", this.draw);
  }

  moveTo(seconds: number): void {
    this.#position = seconds;
    const now = Math.floor(seconds);
    if (this.element.getAttribute("aria-valuenow") !== String(now)) {
      this.element.setAttribute("aria-valuenow", String(now));
      this.element.setAttribute("aria-valuetext", `${spokenDuration(seconds)} of ${spokenDuration(this.#duration)}`);
    }
    if (this.#playhead() !== this.#drawnPlayhead) this.draw();
  }

  readonly draw = (): void => {
    const width = Math.round(this.element.clientWidth * devicePixelRatio);
    const height = Math.round(this.element.clientHeight * devicePixelRatio);
    if (width === 0 || height === 0) return;
    if (this.#canvas.width !== width) this.#canvas.width = width;
    if (this.#canvas.height !== height) this.#canvas.height = height;
    const context = this.#canvas.getContext("2d");
    if (!context) return;
    const colours = getComputedStyle(this.element);
    const playhead = (this.#drawnPlayhead = this.#playhead());
    context.clearRect(0, 0, width, height);
    this.#drawLanes(context, width, height, playhead, colours);
    context.fillStyle = colours.getPropertyValue("--playhead");
    context.fillRect(Math.min(width - 2, playhead), 0, Math.max(2, Math.round(devicePixelRatio)), height);
  };

  #drawLanes(context: CanvasRenderingContext2D, width: number, height: number, playhead: number, colours: CSSStyleDeclaration): void {
    const { peaks } = this;
    if (!peaks) return;
    const played = colours.getPropertyValue("--wave-played");
    const coming = colours.getPropertyValue("--wave");
    const lanes = Math.min(MOST_LANES, peaks.lowest.length);
    const known = (peaks.done / peaks.columns) * width;
    for (let lane = 0; lane < lanes; lane++) {
      const middle = ((lane + 0.5) * height) / lanes;
      const reach = height / lanes / 2 - 2;
      context.globalAlpha = this.heard === "all" || this.heard === lane ? 1 : 0.3;
      for (let x = 0; x < known; x++) {
        const [low, high] = extremes(peaks, lane, x, width);
        context.fillStyle = x < playhead ? played : coming;
        context.fillRect(x, middle - high * reach, 1, Math.max(1, (high - low) * reach));
      }
    }
    context.globalAlpha = 1;
  }

  /** Where a key of sliders leads to. Left and right work in the whole page. */
  #targetOf(key: string): number | undefined {
    switch (key) {
      case "ArrowUp":
        return this.#position + STEP_SECONDS;
      case "ArrowDown":
        return this.#position - STEP_SECONDS;
      case "PageUp":
        return this.#position + LONG_STEP_SECONDS;
      case "PageDown":
        return this.#position - LONG_STEP_SECONDS;
      case "Home":
        return 0;
      case "End":
        return this.#duration;
      default:
        return undefined;
    }
  }

  /** In pixels of the canvas. */
  #playhead(): number {
    return Math.round((this.#position / this.#duration) * this.#canvas.width);
  }

  #secondsAt(event: PointerEvent): number {
    const box = this.element.getBoundingClientRect();
    return Math.max(0, Math.min(1, (event.clientX - box.left) / box.width)) * this.#duration;
  }

  #showHover(event: PointerEvent): void {
    const box = this.element.getBoundingClientRect();
    this.#hover.textContent = formatPosition(this.#secondsAt(event));
    this.#hover.style.left = `${Math.max(20, Math.min(box.width - 20, event.clientX - box.left))}px`;
  }
}

function extremes(peaks: Peaks, lane: number, x: number, width: number): readonly [number, number] {
  const first = Math.floor((x / width) * peaks.columns);
  const end = Math.max(first + 1, Math.floor(((x + 1) / width) * peaks.columns));
  let low = 0;
  let high = 0;
  for (let column = first; column < end; column++) {
    low = Math.min(low, peaks.lowest[lane]?.[column] ?? 0);
    high = Math.max(high, peaks.highest[lane]?.[column] ?? 0);
  }
  return [low, high];
}
