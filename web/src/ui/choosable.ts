// A long list with one active row, moved by keys. The focus stays on the list itself.
import { VirtualList } from "./virtual.ts";

export interface Choices {
  /** The element with the focus, which says which row is active. */
  readonly focus: HTMLElement;
  readonly scroller: HTMLElement;
  /** In front of the number in the ids of rows. */
  readonly prefix: string;
  make(index: number): HTMLElement;
  /** Rows that are headings are passed over. */
  canBeActive(index: number): boolean;
  onactive(index: number): void;
  onchoose(index: number): void;
}

export class ChoosableList {
  readonly #list: VirtualList;
  readonly #choices: Choices;
  #active = -1;

  constructor(choices: Choices) {
    this.#choices = choices;
    this.#list = new VirtualList(choices.scroller, (index) => this.#make(index));
    choices.focus.addEventListener("keydown", (event) => this.#key(event));
    // A click brings the focus first, and says itself which row it means.
    choices.focus.addEventListener("focus", () => choices.focus.matches(":focus-visible") && this.#enter());
    choices.scroller.addEventListener("click", (event) => this.#click(event));
  }

  get active(): number {
    return this.#active;
  }

  reset(count: number, active: number): void {
    this.#active = active < count ? active : -1;
    this.#list.reset(count);
    this.#tellActive();
  }

  refreshRow(index: number): void {
    this.#list.refreshRow(index);
  }

  reveal(index: number): void {
    this.#list.reveal(index, "middle");
  }

  /** Gives the list the focus. */
  focus(): void {
    this.#choices.focus.focus();
    this.#enter();
  }

  /** A row is active from now on, or none (-1). */
  show(index: number): void {
    const before = this.#active;
    this.#active = index;
    if (index >= 0) this.#list.reveal(index);
    this.#list.refreshRow(before);
    this.#list.refreshRow(index);
    this.#tellActive();
  }

  activate(index: number): void {
    this.show(index);
    this.#choices.onactive(index);
  }

  /** Whoever comes by the keyboard is on a row at once: on the last one that was active, or on the first in view. */
  #enter(): void {
    if (this.#active >= 0) return this.#list.reveal(this.#active);
    const index = this.#nearest(this.#list.map.firstInView, 1);
    if (index !== undefined) this.activate(index);
  }

  #make(index: number): HTMLElement {
    const row = this.#choices.make(index);
    row.id = `${this.#choices.prefix}-${index}`;
    row.dataset["index"] = String(index);
    row.classList.toggle("active", index === this.#active);
    if (this.#choices.canBeActive(index)) row.setAttribute("aria-selected", String(index === this.#active));
    return row;
  }

  #tellActive(): void {
    const { focus, prefix } = this.#choices;
    if (this.#active < 0) focus.removeAttribute("aria-activedescendant");
    else focus.setAttribute("aria-activedescendant", `${prefix}-${this.#active}`);
  }

  #click(event: MouseEvent): void {
    const row = event.target instanceof Element ? event.target.closest<HTMLElement>("[data-index]") : null;
    const index = Number(row?.dataset["index"] ?? -1);
    if (index < 0 || !this.#choices.canBeActive(index)) return;
    this.activate(index);
    this.#choices.onchoose(index);
  }

  #key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.altKey || event.metaKey || event.target !== this.#choices.focus) return;
    if (event.key === "Enter" && this.#active >= 0) {
      event.preventDefault();
      this.#choices.onchoose(this.#active);
      return;
    }
    const target = this.#targetOf(event.key);
    if (target === undefined) return;
    event.preventDefault();
    const index = this.#nearest(target, target < this.#active ? -1 : 1);
    if (index !== undefined) this.activate(index);
  }

  #targetOf(key: string): number | undefined {
    const last = this.#list.count - 1;
    const bounded = (index: number) => Math.max(0, Math.min(index, last));
    if (last < 0) return undefined;
    switch (key) {
      case "ArrowDown":
        return bounded(this.#active + 1);
      case "ArrowUp":
        return bounded(this.#active - 1);
      case "PageDown":
        return bounded(this.#active + this.#list.map.page);
      case "PageUp":
        return bounded(this.#active - this.#list.map.page);
      case "Home":
        return 0;
      case "End":
        return last;
      default:
        return undefined;
    }
  }

  #nearest(target: number, direction: 1 | -1): number | undefined {
    for (const step of [direction, -direction]) {
      for (let index = target; index >= 0 && index < this.#list.count; index += step) {
        if (this.#choices.canBeActive(index)) return index;
      }
    }
    return undefined;
  }
}
