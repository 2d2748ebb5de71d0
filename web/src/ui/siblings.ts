// The other members of a directory: what else there is of a call, from its transcript to its sound.
import { brief } from "../text/brief.ts";
import { button, fill, h } from "./dom.ts";
import { formatCount } from "./format.ts";
import { icon } from "./icons.ts";
import { isSameMember, nameParts, type Row } from "./rows.ts";
import { KINDS } from "./words.ts";

export const MOST_SIBLINGS = 50;

export interface SiblingEvents {
  onopen(row: Row): void;
  /** All of a directory is wanted, in the list. */
  onshowall(row: Row): void;
}

/** The other members of a member's directory, recordings first. */
export function siblingsOf(row: Row): Row[] {
  // A number that hides a name says nothing of a directory.
  if (isNameless(row)) return [];
  const directory = directoryOf(row.name);
  const others = row.entry.rows.filter(
    (other) => other.name.startsWith(directory) && !other.name.includes("/", directory.length) && !isNameless(other) && !isSameMember(other, row),
  );
  // Without a directory, a whole archive of calls would be next to each of them.
  if (directory === "" && others.length > MOST_SIBLINGS) return [];
  const rank = ({ kind }: Row) => (kind === "audio" ? 0 : 1);
  return others.sort((a, b) => rank(a) - rank(b) || (a.searchedName < b.searchedName ? -1 : 1));
}

export function directoryOf(name: string): string {
  const { above, parent } = nameParts(name);
  return above + parent;
}

const isNameless = ({ member, name }: Row) => member.nameIsHidden && name === member.name;

export class Siblings {
  readonly element = h("nav", { class: "siblings", "aria-label": "Also in this directory" });
  readonly #events: SiblingEvents;

  constructor(events: SiblingEvents) {
    this.#events = events;
    this.show(undefined);
  }

  show(row: Row | undefined): void {
    const siblings = row ? siblingsOf(row) : [];
    this.element.hidden = siblings.length === 0;
    if (!row || siblings.length === 0) return fill(this.element);
    const more = siblings.length - MOST_SIBLINGS;
    fill(
      this.element,
      h("span", { class: "dim" }, "Also in this directory"),
      ...siblings.slice(0, MOST_SIBLINGS).map((sibling) => {
        const { file } = nameParts(sibling.name);
        return button(file, () => this.#events.onopen(sibling), { title: sibling.name, class: "sibling" }, icon(KINDS[sibling.kind].icon), h("span", { class: "name" }, brief(file)));
      }),
      more > 0 && button(`and ${formatCount(more)} more: show them in the list`, () => this.#events.onshowall(row), { class: "plain" }),
    );
  }
}
