// A list of any length, of which only the rows in view are in the document.
//
// All rows are of one height, which the style of the scroller says (`--row-height`): it may be
// another one in a narrow window.
import { h } from "./dom.ts";
import { ScrollMap } from "./scroll.ts";

const AROUND = 8;

export class VirtualList {
  readonly map = new ScrollMap(1);
  /** The element that scrolls. */
  readonly scroller: HTMLElement;
  readonly #spacer = h("div", { class: "spacer", role: "presentation" });
  readonly #make: (index: number) => HTMLElement;
  readonly #rows = new Map<number, HTMLElement>();
  #count = 0;
  onresize: () => void = () => {};

  constructor(scroller: HTMLElement, make: (index: number) => HTMLElement) {
    this.scroller = scroller;
    this.#make = make;
    scroller.append(this.#spacer);
    scroller.addEventListener("scroll", () => {
      this.map.scrolled(scroller.scrollTop);
      this.#render();
    }, { passive: true });
    new ResizeObserver(() => {
      this.#measure();
      this.onresize();
      this.#render();
    }).observe(scroller);
  }

  get count(): number {
    return this.#count;
  }

  /** All rows are new. */
  reset(count: number): void {
    this.#count = count;
    this.#measure();
    this.map.scrolled(this.scroller.scrollTop);
    this.refresh();
  }

  /** The rows in view are made anew. */
  refresh(): void {
    for (const row of this.#rows.values()) row.remove();
    this.#rows.clear();
    this.#render();
  }

  refreshRow(index: number): void {
    const old = this.#rows.get(index);
    if (!old) return;
    const row = this.#place(this.#make(index), index);
    old.replaceWith(row);
    this.#rows.set(index, row);
  }

  reveal(index: number, where: "nearest" | "middle" = "nearest"): void {
    this.#measure();
    // It isn't shown.
    if (this.scroller.clientHeight === 0) return;
    this.scroller.scrollTop = this.map.reveal(index, where);
    this.#render();
  }

  #measure(): void {
    const { map, scroller } = this;
    const rowHeight = Number.parseFloat(getComputedStyle(scroller).getPropertyValue("--row-height"));
    const first = map.firstInView;
    // What isn't in the document has no style yet.
    const isOther = rowHeight > 0 && rowHeight !== map.rowHeight;
    if (isOther) map.rowHeight = rowHeight;
    map.resize(this.#count, scroller.clientHeight);
    this.#spacer.style.height = `${map.height}px`;
    if (isOther) scroller.scrollTop = map.reveal(first, "top");
  }

  #render(): void {
    const { first, end } = this.map.range(AROUND);
    for (const [index, row] of this.#rows) {
      if (index >= first && index < end) continue;
      row.remove();
      this.#rows.delete(index);
    }
    for (let index = first; index < end; index++) {
      const row = this.#rows.get(index);
      if (row) this.#place(row, index);
      else this.#insert(index);
    }
  }

  /** The document's order is the list's: screen readers go by it. */
  #insert(index: number): void {
    const row = this.#place(this.#make(index), index);
    const after = this.#rows.get(index + 1);
    const before = this.#rows.get(index - 1);
    this.#rows.set(index, row);
    if (before) before.after(row);
    else if (after) after.before(row);
    else if (this.#rows.size === 1) this.#spacer.append(row);
    else this.#insertByOrder(index, row);
  }

  #insertByOrder(index: number, row: HTMLElement): void {
    const next = [...this.#rows.keys()].filter((other) => other > index).sort((a, b) => a - b)[0];
    const follower = next === undefined ? undefined : this.#rows.get(next);
    if (follower) follower.before(row);
    else this.#spacer.append(row);
  }

  #place(row: HTMLElement, index: number): HTMLElement {
    row.style.transform = `translateY(${this.map.placeOf(index)}px)`;
    return row;
  }
}
