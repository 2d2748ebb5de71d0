// Where the rows of a long list are.
//
// Browsers have a highest element. A list that would be higher is scrolled as far as the wheel
// says, and by the part of its height when the scroll bar is dragged.

const HIGHEST = 8_000_000;

export class ScrollMap {
  rowHeight: number;
  /** The pixel of the whole list that is at the upper edge of the view. */
  top = 0;
  #rows = 0;
  #view = 0;
  #scrollTop = 0;

  constructor(rowHeight: number) {
    this.rowHeight = rowHeight;
  }

  resize(rows: number, view: number): void {
    this.#rows = rows;
    this.#view = view;
    this.top = Math.max(0, Math.min(this.top, this.#lastTop));
  }

  /** The height of the element that is scrolled. */
  get height(): number {
    return Math.min(this.#rows * this.rowHeight, HIGHEST);
  }

  scrolled(scrollTop: number): void {
    const moved = scrollTop - this.#scrollTop;
    this.#scrollTop = scrollTop;
    if (!this.#isScaled) this.top = Math.max(0, Math.min(scrollTop, this.#lastTop));
    else if (scrollTop <= 0) this.top = 0;
    else if (scrollTop >= this.#lastScrollTop - 1) this.top = this.#lastTop;
    else if (Math.abs(moved) <= this.#view) this.top = Math.max(0, Math.min(this.top + moved, this.#lastTop));
    else this.top = (scrollTop / this.#lastScrollTop) * this.#lastTop;
  }

  /** Brings a row into view, and returns where the element must be scrolled to. */
  reveal(row: number, where: "nearest" | "middle" | "top"): number {
    const rowTop = row * this.rowHeight;
    const rowBottom = rowTop + this.rowHeight;
    if (where === "top") this.top = rowTop;
    else if (where === "middle") this.top = rowTop - (this.#view - this.rowHeight) / 2;
    else if (rowTop < this.top) this.top = rowTop;
    else if (rowBottom > this.top + this.#view) this.top = rowBottom - this.#view;
    this.top = Math.max(0, Math.min(this.top, this.#lastTop));
    this.#scrollTop = this.#isScaled ? Math.round((this.top / this.#lastTop) * this.#lastScrollTop) : Math.round(this.top);
    return this.#scrollTop;
  }

  /** Where a row is inside of the element that is scrolled. */
  placeOf(row: number): number {
    return row * this.rowHeight - this.top + (this.#isScaled ? this.#scrollTop : this.top);
  }

  /** The rows in view, and some around them. */
  range(around: number): { readonly first: number; readonly end: number } {
    const first = Math.max(0, Math.floor(this.top / this.rowHeight) - around);
    const end = Math.min(this.#rows, Math.ceil((this.top + this.#view) / this.rowHeight) + around);
    return { first, end: Math.max(first, end) };
  }

  /** The first row that is in view as a whole. */
  get firstInView(): number {
    return Math.min(Math.ceil(this.top / this.rowHeight), Math.max(0, this.#rows - 1));
  }

  /** How many rows a page has. */
  get page(): number {
    return Math.max(1, Math.floor(this.#view / this.rowHeight) - 1);
  }

  get #isScaled(): boolean {
    return this.#rows * this.rowHeight > HIGHEST;
  }

  get #lastTop(): number {
    return Math.max(0, this.#rows * this.rowHeight - this.#view);
  }

  get #lastScrollTop(): number {
    return Math.max(1, this.height - this.#view);
  }
}
