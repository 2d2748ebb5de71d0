// Names that are too long for their place. Their ends tell them apart, so those stay, and what is in front of them is cut.
import { brief } from "../text/brief.ts";
import { h } from "./dom.ts";

/** Enough for the directory of a call, which often begins with its time. */
export const END_OF_DIRECTORY = 28;

/** Where the end begins that stays: so many characters, or a little less for whole directories. */
export function endOf(name: string, most: number): number {
  const first = Math.max(0, name.length - most);
  if (first === 0) return 0;
  const slash = name.indexOf("/", first - 1);
  if (slash >= 0 && 2 * (name.length - slash) > most) return slash + 1;
  // Half of a character would be none.
  return /[\udc00-\udfff]/.test(name[first] ?? "") ? first + 1 : first;
}

/** A name of which so many characters at its end stay. Screen readers get it as a whole from what it's in. */
export function cutName(whole: string, className: string, most: number): HTMLElement {
  const name = brief(whole);
  const end = endOf(name, most);
  return h("span", { class: `cut ${className}` }, end > 0 && h("span", { class: "start" }, name.slice(0, end)), h("span", { class: "end" }, name.slice(end)));
}
