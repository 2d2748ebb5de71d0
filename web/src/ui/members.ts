// The list of members.
import { ChoosableList } from "./choosable.ts";
import { cutName, END_OF_DIRECTORY } from "./cut.ts";
import { button, h, type Child } from "./dom.ts";
import { Filters } from "./filters.ts";
import { counted, formatCount, formatSize, formatTime } from "./format.ts";
import { icon, type IconName } from "./icons.ts";
import { archiveAmong, filtered, isReversed, isSameMember, nameParts, patternOf, sizeOf, sorted, type Column, type Order, type Row } from "./rows.ts";
import type { Session } from "./session.ts";
import { directoryOf } from "./siblings.ts";
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

/** So many characters stay at the end of a file's name. */
const END_OF_FILE = 14;

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
  readonly #empty = h("p", { class: "empty", role: "status" });
  readonly #list: ChoosableList;
  #order: Order = { column: "name", descending: false };
  #sorted: Row[] = [];
  /** Members of all archives are in the list: each says its own. */
  #isOfAll = false;
  #rows: Row[] = [];
  /** The one that was active last, though a filter may hide it now. */
  #last: Row | undefined;

  constructor(session: Session, events: MemberEvents) {
    this.#session = session;
    this.filters = new Filters(() => this.#show(), () => this.#rows.length > 0 && this.focus());
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
      prefix: "member",
      make: (index) => this.#row(index),
      canBeActive: () => true,
      onactive: (index) =>
        this.#with(index, (row) => {
          this.#last = row;
          events.onselect(row);
        }),
      onchoose: (index) => this.#with(index, events.onopen),
    });
    this.#showHeader();
    this.element = h("div", { class: "members" }, this.filters.element, this.#count, this.#grid, this.#empty);
    session.changes.add((change) => {
      if (change.what === "archives") this.filters.setArchives(session.archives);
      if (change.what === "rows") this.#sort();
      if (change.what === "row") this.#list.refreshRow(this.#rows.indexOf(change.row));
      if (change.what === "forgotten") {
        this.filters.clear();
        this.#last = undefined;
      }
    });
  }

  focus(): void {
    this.#list.focus();
  }

  /** A member that was opened from elsewhere is the active one here, too. */
  select(row: Row): void {
    this.#last = row;
    this.#list.show(this.#placeOf(row));
  }

  /** Called when the list comes into view again: another member may have been opened meanwhile. */
  reveal(): void {
    this.#list.show(this.#list.active);
  }

  /** Leaves the members of a directory in the list. */
  showDirectory(row: Row): void {
    this.filters.showOnly(patternOf(directoryOf(row.name)), row.entry);
    this.#show();
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
    const filter = this.filters.value;
    this.#isOfAll = filter.entry === undefined;
    this.#rows = filtered(this.#sorted, filter);
    const active = this.#placeOf(this.#last);
    this.#list.reset(this.#rows.length, active);
    if (active >= 0) this.#list.reveal(active);
    this.#grid.setAttribute("aria-rowcount", String(this.#rows.length + 1));
    const all = this.#sorted.length;
    this.#count.textContent =
      this.#rows.length === all ? counted(all, "member") : `${formatCount(this.#rows.length)} of ${counted(all, "member")}`;
    const isNone = this.#rows.length === 0;
    this.#grid.classList.toggle("bare", isNone);
    this.#empty.hidden = !isNone;
    this.#empty.textContent = all === 0 || !isNone ? "" : isReversed(filter) ? "The first date is after the second one. Swap them." : "No member matches. Clear or change the filter.";
  }

  #placeOf(wanted: Row | undefined): number {
    return wanted ? this.#rows.findIndex((row) => isSameMember(row, wanted)) : -1;
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
    const { file } = nameParts(row.name);
    const archive = this.#isOfAll ? archiveAmong(this.#session.archives, row.entry) : "";
    const directory = archive + directoryOf(row.name);
    const state = AUTHENTICITY[row.authenticity];
    const access = ACCESS[row.access];
    const kind = KINDS[row.kind];
    const cells: Readonly<Record<Column, Child[]>> = {
      name: [directory !== "" && cutName(directory, "directory", END_OF_DIRECTORY), cutName(file, "file", END_OF_FILE)],
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
        h("div", { class: `cell ${column}`, role: "gridcell", "aria-colindex": i + 1, title: titles[column], "aria-label": column === "name" ? titles.name : undefined }, ...cells[column]),
      ),
    );
  }
}

function pictured(name: IconName, word: string): Child[] {
  return [icon(name), h("span", { class: "word" }, word)];
}
