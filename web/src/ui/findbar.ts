// Finds words in the text that is shown: the browser's own search sees the rows in view alone.
import { findAll, MOST_MATCHES, type Matches } from "../text/find.ts";
import { inSlices } from "../text/slices.ts";
import { h, pictureButton } from "./dom.ts";
import { formatCount } from "./format.ts";
import { icon } from "./icons.ts";

const NONE: Matches = { starts: [], ends: [], isCut: false };
const DEBOUNCE_MILLISECONDS = 120;

export class FindBar {
  readonly element: HTMLElement;
  readonly #input = h("input", { type: "search", placeholder: "Find in this text", "aria-label": "Find in this text", spellcheck: "false", autocomplete: "off" });
  readonly #count = h("span", { class: "dim", role: "status" });
  readonly #text: string;
  readonly #onchange: () => void;
  #matches = NONE;
  #current = -1;
  #running = new AbortController();

  /** `onchange` shows the current match. */
  constructor(text: string, onchange: () => void) {
    this.#text = text;
    this.#onchange = onchange;
    this.element = h(
      "div",
      { class: "find", role: "search", "aria-label": "Text" },
      this.#input,
      pictureButton("Previous match", icon("up"), () => this.#step(-1)),
      pictureButton("Next match", icon("down"), () => this.#step(1)),
      this.#count,
    );
    let timer: ReturnType<typeof setTimeout> | undefined;
    this.#input.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(() => void this.#find(), DEBOUNCE_MILLISECONDS);
    });
    this.#input.addEventListener("keydown", (event) => {
      if (event.key === "Enter") this.#step(event.shiftKey ? -1 : 1);
    });
  }

  get matches(): Matches {
    return this.#matches;
  }

  get current(): number {
    return this.#current;
  }

  focus(): void {
    this.#input.focus();
    this.#input.select();
  }

  close(): void {
    this.#running.abort();
  }

  #step(direction: 1 | -1): void {
    const count = this.#matches.starts.length;
    if (count === 0) return;
    this.#current = (this.#current + direction + count) % count;
    this.#show();
  }

  async #find(): Promise<void> {
    this.#running.abort();
    this.#running = new AbortController();
    const { signal } = this.#running;
    try {
      const matches = await inSlices(findAll(this.#text, this.#input.value), signal);
      this.#matches = matches;
      this.#current = matches.starts.length > 0 ? 0 : -1;
      this.#show();
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  #show(): void {
    const count = this.#matches.starts.length;
    const all = this.#matches.isCut ? `more than ${formatCount(MOST_MATCHES)}` : formatCount(count);
    this.#count.textContent = this.#input.value === "" ? "" : count === 0 ? "Not found" : `${formatCount(this.#current + 1)} of ${all}`;
    this.#onchange();
  }
}
