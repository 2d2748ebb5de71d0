// The list of members.
import { shown } from "../text/escapes.ts";
import { ChoosableList } from "./choosable.ts";
import { button, h, type Child } from "./dom.ts";
import { Filters } from "./filters.ts";
import { counted, formatCount, formatSize, formatTime } from "./format.ts";
import { icon, type IconName } from "./icons.ts";
import { filtered, isSameMember, nameParts, sizeOf, sorted, type Column, type Order, type Row } from "./rows.ts";
import type { Session } from "./session.ts";
import { ACCESS, AUTHENTICITY, KINDS } from "./words.ts";

const COLUMNS: readonly { readonly column: Column; readonly title: string }[] = [
  { column: "name", title: "Name" },
  { column: "kind", title: "Kind" },
  { column: "date", title: "Date (UTC)" },
  { column: "size", title: "Size" },
  { column: "state", title: "State" },
  { column: "access", title: "Your key" },
];

/** What stands in a heading where there's no room for its word. */
const HEADINGS: Partial<Record<Column, IconName>> = { kind: "other", state: "check", access: "key" };

const ROW_HEIGHT = 34;

export interface MemberEvents {
  onselect(row: Row): void;
  onopen(row: Row): void;
}

export class Members {
  readonly filters: Filters;
  readonly element: HTMLElement;
  readonly #session: Session;
  readonly #grid: HTMLElement;
  readonly #header = h("div", { class: "row header", role: "row", "aria-rowindex": 1 });
  readonly #count = h("p", { class: "count", role: "status" });
  readonly #empty = h("p", { class: "empty" });
  readonly #list: ChoosableList;
  #order: Order = { column: "name", descending: false };
  #sorted: Row[] = [];
  /** Rows of several archives are in the list: each says its own. */
  #isOfSeveral = false;
  #rows: Row[] = [];

  constructor(session: Session, events: MemberEvents) {
    this.#session = session;
    this.filters = new Filters(() => this.#show());
    const scroller = h("div", { class: "scroller", role: "rowgroup", tabindex: -1 });
    this.#grid = h(
      "div",
      { class: "grid", role: "grid", "aria-label": "Members", "aria-colcount": COLUMNS.length, tabindex: 0 },
      this.#header,
      scroller,
    );
    this.#list = new ChoosableList({
      focus: this.#grid,
      scroller,
      rowHeight: ROW_HEIGHT,
      prefix: "member",
      make: (index) => this.#row(index),
      canBeActive: () => true,
      onactive: (index) => this.#with(index, events.onselect),
      onchoose: (index) => this.#with(index, events.onopen),
    });
    this.#showHeader();
    this.element = h("div", { class: "members" }, this.filters.element, this.#count, this.#grid, this.#empty);
    this.filters.name.addEventListener("keydown", (event) => {
      if (event.key !== "ArrowDown") return;
      event.preventDefault();
      this.focus();
    });
    session.changes.add((change) => {
      if (change.what === "archives") this.filters.setArchives(session.archives);
      if (change.what === "rows") this.#sort();
      if (change.what === "row") this.#list.refreshRow(this.#rows.indexOf(change.row));
      if (change.what === "forgotten") this.filters.clear();
    });
  }

  focus(): void {
    this.#grid.focus();
  }

  #with(index: number, act: (row: Row) => void): void {
    const row = this.#rows[index];
    if (row) act(row);
  }

  #sort(): void {
    this.#sorted = sorted(this.#session.rows, this.#order);
    this.#show();
  }

  #show(): void {
    const before = this.#rows[this.#list.active];
    const filter = this.filters.value;
    this.#isOfSeveral = filter.entry === undefined && this.#session.archives.length > 1;
    this.#rows = filtered(this.#sorted, filter);
    const active = this.#rows.findIndex((row) => isSameMember(row, before));
    this.#list.reset(this.#rows.length, active);
    if (active >= 0) this.#list.reveal(active);
    this.#grid.setAttribute("aria-rowcount", String(this.#rows.length + 1));
    const all = this.#sorted.length;
    this.#count.textContent =
      this.#rows.length === all ? counted(all, "member") : `${formatCount(this.#rows.length)} of ${counted(all, "member")}`;
    this.#empty.hidden = this.#rows.length > 0;
    this.#empty.textContent = all > 0 ? "No member matches. Clear or change the filter." : "";
  }

  #showHeader(): void {
    const cells = COLUMNS.map(({ column, title }, i) => {
      const isOrder = column === this.#order.column;
      const direction = this.#order.descending ? "descending" : "ascending";
      const heading = HEADINGS[column];
      const picture = isOrder && icon(this.#order.descending ? "down" : "up");
      const control = button(title, () => this.#orderBy(column), { class: "plain", title }, heading && h("span", { class: "heading" }, icon(heading)), h("span", { class: "word" }, title), picture);
      return h(
        "div",
        { class: `cell ${column}`, role: "columnheader", "aria-colindex": i + 1, "aria-sort": isOrder ? direction : "none" },
        control,
      );
    });
    this.#header.replaceChildren(...cells);
  }

  #orderBy(column: Column): void {
    this.#order = { column, descending: this.#order.column === column && !this.#order.descending };
    this.#showHeader();
    this.#header.querySelector<HTMLElement>(`.${column} button`)?.focus();
    this.#sort();
  }

  #row(index: number): HTMLElement {
    const row = this.#rows[index];
    if (!row) return h("div");
    const { above, parent, file } = nameParts(row.name);
    const archive = this.#isOfSeveral ? `${shown(row.entry.name)} › ` : "";
    const state = AUTHENTICITY[row.authenticity];
    const access = ACCESS[row.access];
    const kind = KINDS[row.kind];
    const cells: Readonly<Record<Column, Child[]>> = {
      name: [h("span", { class: "above" }, archive + above), h("span", { class: "end" }, h("span", { class: "parent" }, parent), h("span", { class: "file" }, file))],
      kind: pictured(kind.icon, kind.word),
      date: [formatTime(row.member.modified)],
      size: [formatSize(sizeOf(row))],
      state: pictured(state.icon, state.word),
      access: pictured(access.icon, access.word),
    };
    const titles: Partial<Record<Column, string>> = { name: archive + row.name, state: state.sentence, access: access.sentence, kind: kind.word };
    return h(
      "div",
      { class: `row ${row.authenticity.replace(" ", "-")}`, role: "row", "aria-rowindex": index + 2 },
      ...COLUMNS.map(({ column }, i) =>
        h("div", { class: `cell ${column}`, role: "gridcell", "aria-colindex": i + 1, title: titles[column] }, ...cells[column]),
      ),
    );
  }
}

function pictured(name: IconName, word: string): Child[] {
  return [icon(name), h("span", { class: "word" }, word)];
}
